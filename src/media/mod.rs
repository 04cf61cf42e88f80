//! One call's sound: codec, RTP, jitter buffer, and the [`Stream`] which composes
//! codec -> rtp -> policy lookup -> ipsec, and back. Pure.
//!
//! [`Egress`] and [`Ingress`] are the two doors of a stream: nothing leaves but through the first, which asks the
//! policy, and nothing is heard but through the second, which asks it again.

mod clear;
pub mod codec;
mod counters;
mod egress;
mod ingress;
mod jitter;
mod reports;
mod rtp;
mod sequence;
mod spd_view;
pub mod stream;

pub use codec::Codec;
pub use counters::Counters;
pub use egress::{Egress, Withheld};
pub use ingress::{Arrival, Ingress};
pub use stream::{Datagram, Stream, StreamConfig, StreamEvent};

#[cfg(test)]
mod tests;
