//! Opus (RFC 6716), by libopus, as RFC 7587 sends it: mono, 48 kHz.

use opus::{Application, Bitrate, Channels};

use super::{Codec, Tuning};

/// Octets of each millisecond in the largest packet. At [`BITRATE`] speech has 105 in 20 ms at most; a stream that is padded has this many in each.
pub(super) const MAX_PAYLOAD: usize = 6;

/// Bit/s: full-band speech (RFC 7587 section 3.1.1 names 28 to 40 kbit/s).
const BITRATE: u32 = 32_000;

/// Of 10. The next five cost half as much again and are not heard at this bit rate.
const COMPLEXITY: i32 = 5;

/// Percent of packets that are taken to be lost, so that what a packet carries of the one before is worth its octets.
const LOSS: i32 = 10;

/// Samples of the longest packet that there is: 120 ms.
const LONGEST: usize = 5760;

pub(super) struct Encoder(opus::Encoder);

impl Encoder {
    pub(super) fn new(tuning: Tuning) -> Self {
        let set = || {
            let mut encoder = opus::Encoder::new(Codec::Opus.rate(), Channels::Mono, Application::Voip)?;
            let bitrate = tuning.bitrate.unwrap_or(BITRATE).min(BITRATE);
            encoder.set_bitrate(Bitrate::Bits(bitrate.cast_signed()))?;
            encoder.set_complexity(COMPLEXITY)?;
            encoder.set_vbr(!tuning.constant_rate)?;
            encoder.set_dtx(tuning.quiet && !tuning.constant_rate)?;
            encoder.set_inband_fec(tuning.redundant)?;
            encoder.set_packet_loss_perc(if tuning.redundant { LOSS } else { 0 })?;
            opus::Result::Ok(encoder)
        };
        Self(set().expect("memory, and settings that libopus knows"))
    }

    /// A packet of one octet or two says that nothing is said: it need not be sent (RFC 7587 section 3.1.3).
    pub(super) fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        self.0.encode(samples, out).ok().filter(|written| *written > 2).unwrap_or(0)
    }
}

pub(super) struct Decoder(opus::Decoder);

impl Decoder {
    pub(super) fn new() -> Self {
        Self(opus::Decoder::new(Codec::Opus.rate(), Channels::Mono).expect("memory, and a rate that libopus knows"))
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let len = out.len().min(LONGEST);
        match out.get_mut(..len) {
            // Of nothing libopus would make up something.
            Some(out) if !payload.is_empty() => self.0.decode(payload, out, false).unwrap_or(0),
            _ => 0,
        }
    }

    pub(super) fn samples(&self, payload: &[u8]) -> usize {
        self.0.get_nb_samples(payload).unwrap_or(0)
    }

    /// Where `next` carries nothing of the packet before, libopus conceals it: that is no worse than what others would put there.
    pub(super) fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        !next.is_empty() && self.0.decode(next, out, true).is_ok()
    }

    pub(super) fn conceal(&mut self, out: &mut [i16]) -> bool {
        self.0.decode(&[], out, false).is_ok()
    }
}
