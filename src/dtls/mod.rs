//! DTLS 1.2 (RFC 6347) as far as it makes keys for SRTP (RFC 5764): one handshake, no data, no resumption. What ordinary telephones agree
//! on keys with that do not write them into their messages. Pure.
//!
//! Each side shows a certificate that it made itself, and proves that it has its key; whose it is, says the fingerprint in the session
//! description (RFC 8122). Whoever only reads those messages does not learn the keys; whoever changes them can stand between.
//!
//! A [`Handshake`] takes datagrams and gives datagrams, under a clock that it is told; it sends a flight again after 1, 2, 4 ... seconds
//! (RFC 6347 section 4.2.4) and gives up after [`PATIENCE`]. Its one result is [`SrtpKeys`] or a [`DtlsError`].
//!
//! Spoken: ECDHE with X25519 or P-256, AES-GCM, certificates of the other side with ECDSA (P-256, P-384) or RSA of 2048 bits or more, ours
//! with P-256. Both sides have to extend the master secret (RFC 7627). Not spoken: DTLS 1.0 and 1.3, RSA key transport, CBC, sessions,
//! renegotiation, cookies that we would ask for (a handshake belongs to a call that both sides have agreed on).

mod assembly;
mod certificate;
mod client;
mod exchange;
mod flight;
mod handshake;
mod hello;
mod identity;
mod message;
mod record;
mod schedule;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use certificate::CertificateFingerprint;
pub use handshake::{DtlsError, Handshake, Role, SrtpKeys, PATIENCE, SEED_LEN};
pub use identity::{Identity, Sign};
