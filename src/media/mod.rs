//! One call's sound: codec, RTP, jitter buffer, and the [`Stream`] which composes
//! codec -> rtp -> policy lookup -> ipsec, and back. Pure.

pub mod codec;
pub mod stream;

pub use codec::Codec;
pub use stream::{Counters, Stream, StreamEvent};
