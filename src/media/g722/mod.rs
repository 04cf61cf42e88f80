//! G.722: 7 kHz of speech at 64 kbit/s (ITU-T G.722, mode 1). Two sub-bands, each coded by adaptive differential PCM: the lower
//! with six bits, the upper with two, so that two samples at 16 kHz make one octet.
//!
//! Names and steps are those of the recommendation's sections 5 and 6.2. Not here: modes 2 and 3, which no SIP telephone uses.

mod band;
mod filter;
mod tables;

use band::Band;
use filter::{Analysis, Synthesis};

/// Samples by which a decoder's sound lags behind the sound that its state is of: that of both filters, of 24 coefficients each.
pub const LAG: usize = 22;

/// Samples after a hole in which the predictors still find their way: 4 ms.
pub const UNSURE: usize = 64;

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

    /// Its filter knows these samples, nothing more.
    fn take_in(&mut self, samples: &[i16]) {
        for pair in samples.chunks_exact(2) {
            if let &[first, second] = pair {
                self.analysis.split(first, second);
            }
        }
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

    /// Octets did not come. Sender and receiver learn from them alike, and would go on apart: so it learns from what they may have sounded
    /// like, coded anew (as ITU-T G.722 Appendix III does). The first [`LAG`] samples of `made` belong to what it knows already.
    pub fn miss(&mut self, made: &[i16]) {
        let mut encoder = Encoder { analysis: Analysis::new(), lower: self.lower.clone(), upper: self.upper.clone() };
        let (known, missed) = made.split_at(LAG.min(made.len()));
        let (mut octet, mut heard) = ([0], [0; 2]);
        encoder.take_in(known);
        for pair in missed.chunks_exact(2) {
            encoder.encode(pair, &mut octet);
            self.decode(&octet, &mut heard);
        }
    }
}

#[cfg(test)]
mod tests;
