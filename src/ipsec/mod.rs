//! Differs from RFC 4303 and RFC 3948: ESP runs in user space, in UDP, on the media port itself (no port 4500, no
//! non-ESP marker: an SPI's first octet of 192 to 255 tells it from RTP, RTCP and STUN), and AH runs in UDP beside it.
//!
//! Transport and tunnel mode (PROTOCOL section 8), IPComp inside of both. What goes out is sealed in place in a [`PacketBuffer`], what comes in is
//! opened in place in its datagram; nothing here allocates per packet, reads a clock or knows a policy. [`Protection`]
//! is made of keys in the room `keys` and owned by exactly one stream, split into its two directions.
//!
//! ```text
//! ESP       SPI 4 | sequence 4 | IV 8 = sequence, 64 bits | sealed: inner UDP 8, data, padding 1 2 3.., pad length, 17 | ICV 16
//! AH        SPI copy 4 | next header 1 = 17, 50, .. , 5, 0 0 | SPI 4 | sequence 4 | ICV 16 | inner UDP 8, data; or an ESP packet
//! tunnel    an IPv4 header 20 or an IPv6 header 40 before what would stand there; the next header before it is 4 or 41
//! IPComp    next header 1 | 0 | CPI 2 = 2 | raw DEFLATE of what would stand there; the next header before it is 108
//! ```
//!
//! Not here: extended sequence numbers.

mod aead;
mod ah;
mod bundle;
mod demux;
mod drop_reason;
mod esp;
mod framed;
mod icv;
mod inner;
mod ipcomp;
mod packet_buffer;
mod path;
mod replay;
mod sa;
mod udp;

pub use aead::Backend;
pub use bundle::{Inbound, Opened, Outbound, Protection, SealError};
pub use demux::Kind;
pub use drop_reason::DropReason;
pub use framed::{frame, FrameError, FrameReader, StreamFraming, MOST as MOST_FRAMED, STREAM_PREFIX};
pub use packet_buffer::PacketBuffer;
pub use path::Path;
pub use replay::ReplayWindow;
pub use sa::{AhKey, DirectionKeys, EspKey, KeyError};

#[cfg(test)]
mod tests;
