//! G.722: 7 kHz of speech at 64 kbit/s (ITU-T G.722, mode 1). Two sub-bands, each coded by adaptive differential PCM: the lower
//! with six bits, the upper with two, so that two samples at 16 kHz make one octet.
//!
//! Names and steps are those of the recommendation's sections 5 and 6.2. Not here: modes 2 and 3, which no SIP telephone uses.

mod band;
mod filter;
mod tables;

use band::Band;
use filter::{Analysis, Synthesis};

/// Makes one octet of two samples.
#[derive(Clone, Debug)]
pub struct Encoder {
    analysis: Analysis,
    lower: Band,
    upper: Band,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { analysis: Analysis::new(), lower: Band::lower(), upper: Band::upper() }
    }
}

impl Encoder {
    /// One octet for each pair of samples; how many were written. What is longer of the two is left as it is.
    pub fn encode(&mut self, samples: &[i16], octets: &mut [u8]) -> usize {
        let mut written = 0;
        for (octet, pair) in octets.iter_mut().zip(samples.chunks_exact(2)) {
            let &[first, second] = pair else { break };
            let (low, high) = self.analysis.split(first, second);
            *octet = self.upper.code_high(high) << 6 | self.lower.code_low(low);
            written += 1;
        }
        written
    }
}

/// Makes two samples of one octet.
#[derive(Clone, Debug)]
pub struct Decoder {
    synthesis: Synthesis,
    lower: Band,
    upper: Band,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { synthesis: Synthesis::new(), lower: Band::lower(), upper: Band::upper() }
    }
}

impl Decoder {
    /// Two samples for each octet; how many were written. What is longer of the two is left as it is.
    pub fn decode(&mut self, octets: &[u8], samples: &mut [i16]) -> usize {
        let mut written = 0;
        for (octet, pair) in octets.iter().zip(samples.chunks_exact_mut(2)) {
            let low = self.lower.signal_low(octet & 0x3f);
            let high = self.upper.signal_high(octet >> 6);
            pair.copy_from_slice(&self.synthesis.join(low, high));
            written += pair.len();
        }
        written
    }
}

#[cfg(test)]
mod tests;
