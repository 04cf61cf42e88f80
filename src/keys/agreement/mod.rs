//! The key agreement that rides in offer and answer: `Noise_IK_25519_ChaChaPoly_SHA256`, two messages (PROTOCOL section 7).
//!
//! The caller makes an [`Initiator`] and a first message; the callee reads it with a [`Responder`], decides, and
//! answers; the caller finishes. Each step consumes the one before, so that no state is used twice, and both
//! end with [`Confirmed`]. Nobody is judged here: whether the caller is pinned, what its entry demands and whether
//! the hashes fit is the agent's matter, who reads them from [`Offered`] before it answers.
//!
//! The octets are written down in `docs/protocol.md`, with vectors in `tests/data/keys`.

mod bundles;
mod confirmed;
mod error;
mod initiator;
mod keylog;
mod memory;
mod noise;
mod offered;
mod payload;
mod prologue;
mod responder;
mod schedule;
#[cfg(test)]
mod tests;
mod tlv;

pub use bundles::{Bundles, Spis, TunnelEnds};
pub use confirmed::Confirmed;
pub use error::{AgreementError, ChoiceError, PayloadError};
pub use initiator::{Initiator, OfferInput, PeerKeys};
pub use memory::{EphemeralMemory, Replayed, MAX_AGE, MAX_SKEW};
pub use offered::Offered;
pub use responder::{Choice, Responder, ResponderInput};

/// The longest message that is read or written, in octets: room for an ML-KEM-768 key beside everything else.
pub const MAX_MESSAGE: usize = 4096;
