//! Who we are, and how two devices agree keys inside offer and answer (PROTOCOL section 7). Pure.
//!
//! An [`Identity`] holds the two secret keys of a device. [`agreement`] is the Noise handshake that rides in the
//! `x-sv-sa` attribute of a session description; what comes out of it is [`Confirmed`], the proof that both
//! sides hold the same keys and the only maker of security associations. [`safety_phrase`] is what two
//! people read to each other. Every octet is written down in `docs/protocol.md`.

pub mod agreement;
mod fields;
pub mod identity;
mod safety;
pub mod sealed;
mod words;

pub use agreement::{AgreementError, Confirmed, EphemeralMemory, Initiator, Responder};
pub use identity::{fingerprint, Identity};
pub use safety::{safety_phrase, Party};
