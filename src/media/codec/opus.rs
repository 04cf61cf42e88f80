//! Opus (RFC 6716), by libopus, as RFC 7587 sends it: mono, 48 kHz.

use opus::{Application, Bitrate, Channels};

use super::copy::has_copy;
use super::resilience::Resilience;
use super::{Codec, Tuning};

/// Octets of each millisecond in the largest packet. Speech seldom wants more; a stream that is padded has this many in each.
pub(super) const MAX_PAYLOAD: usize = 6;

/// Of 10. Less is heard where packets are lost: 3.6 instead of 3.8 (PESQ) at 20 %.
const COMPLEXITY: i32 = 8;
/// From 7 on libopus takes the noise of a room for something to be sent until somebody has spoken, and makes it quieter afterwards.
const COMPLEXITY_WITH_PAUSES: i32 = 6;

/// Samples of the longest packet that there is: 120 ms.
const LONGEST: usize = 5760;

/// Samples of the shortest frame: 2.5 ms.
const SHORTEST: usize = 120;

pub(super) struct Encoder {
    encoder: opus::Encoder,
    tuning: Tuning,
    resilience: Resilience,
}

impl Encoder {
    pub(super) fn new(tuning: Tuning) -> Self {
        let resilience = Resilience::default();
        let set = || {
            let mut encoder = opus::Encoder::new(Codec::Opus.rate(), Channels::Mono, Application::Voip)?;
            encoder.set_complexity(if tuning.pauses { COMPLEXITY_WITH_PAUSES } else { COMPLEXITY })?;
            encoder.set_vbr(!tuning.constant_rate)?;
            encoder.set_dtx(tuning.pauses && !tuning.constant_rate)?;
            encoder.set_inband_fec(tuning.redundant)?;
            set_rates(&mut encoder, tuning, (resilience, resilience))?;
            opus::Result::Ok(encoder)
        };
        Self { encoder: set().expect("memory, and settings that libopus knows"), tuning, resilience }
    }

    /// The peer reports so many lost parts of a thousand. Where every packet has one size it stays that.
    pub(super) fn note_loss(&mut self, lost: u16) {
        if self.resilience.note(lost) {
            let sizes = if self.tuning.constant_rate { Resilience::default() } else { self.resilience };
            let set = set_rates(&mut self.encoder, self.tuning, (self.resilience, sizes));
            debug_assert!(set.is_ok(), "libopus knows these settings");
        }
    }

    /// A packet of one octet or two says that nothing is said: libopus has it that it need not be sent.
    pub(super) fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        self.encoder.encode(samples, out).ok().filter(|written| *written > 2).unwrap_or(0)
    }
}

/// What is expected to be lost by the one, how much is sent by the other.
fn set_rates(
    encoder: &mut opus::Encoder,
    tuning: Tuning,
    (losses, sizes): (Resilience, Resilience),
) -> opus::Result<()> {
    let bitrate = tuning.bitrate.unwrap_or(u32::MAX).min(sizes.bitrate());
    encoder.set_bitrate(Bitrate::Bits(bitrate.cast_signed()))?;
    encoder.set_packet_loss_perc(if tuning.redundant { losses.expected() } else { 0 })
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

    pub(super) fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        has_copy(next) && self.0.decode(next, out, true).is_ok()
    }

    /// Makes up whole frames of 2.5 ms, and knows that it did; false where there is room for none.
    pub(super) fn conceal(&mut self, out: &mut [i16]) -> bool {
        let whole = out.len().min(LONGEST) / SHORTEST * SHORTEST;
        whole > 0 && out.get_mut(..whole).is_some_and(|out| self.0.decode(&[], out, false).is_ok())
    }
}
