//! SRTP and SRTCP (RFC 3711) with AES in counter mode and HMAC-SHA1, with longer keys (RFC 6188), and with AES-GCM (RFC 7714): what
//! ordinary telephones protect media with. Pure.
//!
//! A [`Sender`] seals and a [`Receiver`] opens in place; neither allocates per packet, and neither can send or take anything in clear:
//! there is no null cipher, no packet without authentication, and an SRTCP packet whose E bit is not set is refused. Whence the
//! [`MasterKey`] comes is not known here.
//!
//! ```text
//! SRTP        RTP header | sealed: payload | tag 10 (or 4); with AES-GCM: tag 16
//! SRTCP       RTCP header 8 | sealed: the rest | E and index 4 | tag 10
//! with GCM    RTCP header 8 | sealed: the rest | tag 16 | E and index 4
//! ```
//!
//! Not here: MKI, key derivation rates, unencrypted SRTCP, encrypted header extensions (RFC 6904), AES-192.

mod cipher;
mod derive;
mod index;
mod packet;
mod receiver;
mod sender;
mod suite;
#[cfg(test)]
mod tests;

pub use derive::MasterKey;
pub use receiver::{OpenError, Opened, Receiver};
pub use sender::{SealError, Sender};
pub use suite::CryptoSuite;

/// Octets by which a packet grows at most: the tag of AES-GCM, and the index of SRTCP.
pub const OVERHEAD: usize = 16 + 4;
