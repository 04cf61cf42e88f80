//! Session descriptions (RFC 8866) and offer/answer (RFC 3264) for one audio stream. Pure.
//!
//! [`SessionDescription::parse`] keeps every line of a peer's description, whether understood or not;
//! [`RemoteAudio::of`] says where and how that peer receives. [`offer`] and [`answer`] write ours. The key agreement
//! rides in [`SvSa`] attributes: octets here, meaning in `keys`.
//!
//! Not here: more than one stream of ours, names instead of addresses, bundling. What it says for ICE is text here, meaning in `ice`.

mod attribute;
mod comfort_noise;
mod crypto;
mod description;
mod dtls;
mod format;
mod ice;
mod inspect;
mod offer_answer;
mod opus;
mod parse;
mod remote;
mod sv_sa;
mod tcp;
mod telephone_event;

pub use attribute::{Attribute, MediaDirection};
pub use crypto::{Crypto, CryptoError};
pub use description::{Connection, Line, MediaDescription, Origin, SessionDescription};
pub use dtls::{CertificateHash, Dtls, Keying, Setup};
pub use format::{AudioFormat, NumberedFormat};
pub use ice::Ice;
pub use inspect::{inspect, Inspection};
pub use offer_answer::{
    accepted, answer, note_mismatch, offer, renewed, reoffer, AnswerError, AnswerInput, OfferInput, Ours,
};
pub use opus::OpusWishes;
pub use parse::ParseError;
pub use remote::{MediaError, Profile, RemoteAudio, PACKET_TIMES, PTIME};
pub use sv_sa::{SvSa, SvSaError};
pub use tcp::{by_tcp, opened_from_there, TcpConnection};
pub use telephone_event::TelephoneEvent;
