//! One call's sound: codec, RTP, playout, and the [`Stream`] which composes
//! codec -> rtp -> policy lookup -> ipsec, and back. Pure.
//!
//! [`Egress`] and [`Ingress`] are the two doors of a stream: nothing leaves but through the first, which asks the
//! policy, and nothing is heard but through the second, which asks it again.

use std::ops::RangeInclusive;

mod acoustics;
mod associations;
mod clear;
pub mod codec;
mod comfort;
mod counters;
pub mod digits;
mod discretion;
mod e_model;
mod egress;
mod formats;
mod forwarder;
mod g722;
mod generation;
mod generations;
mod held;
mod ingress;
mod keying;
mod level;
mod mixing;
mod packetizer;
mod playout;
mod quality;
mod rekeying;
mod reports;
mod rtp;
mod sequence;
mod signal;
mod spd_view;
pub mod stream;
mod treatment;
mod trial;
mod tunnel;

pub use acoustics::Acoustics;
pub use associations::Associations;
pub use codec::{Codec, Decoder, Encoder, Tuning, FRAMES_A_SECOND, MAX_FRAME};
pub use counters::Counters;
pub use egress::{Egress, Withheld};
pub use formats::Formats;
pub use forwarder::{Forwarder, ForwarderConfig, Known};
pub use generations::{OVERLAP, OVERLAP_HEARD};
pub use held::Held;
pub use ingress::{Arrival, Ingress};
pub use level::{amplify, Gain, Gains, Level, Levels, Meter};
pub use mixing::{mix, ConsentTone};
pub use quality::{Far, Quality};
pub use rekeying::{Following, FreshSender, Rekeying};
pub use signal::{Signal, Sounding};
pub use stream::{Datagram, Stream, StreamConfig, StreamEvent};
pub use treatment::{SoundEnd, Treatment, TreatmentWish};
pub use trial::{Trial, TrialResult};
pub use tunnel::Tunnel;

/// The UDP ports that our media uses, even ones only (RFC 3550 section 11). Until its own is known, a peer is taken to do
/// the same.
pub const PORTS: RangeInclusive<u16> = 16_384..=32_767;

#[cfg(test)]
mod tests;
