use std::fmt;
use std::net::SocketAddr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::bundles::{Bundles, Match, Spis};
use super::confirmed::{Confirmed, Outcome};
use super::error::AgreementError;
use super::memory::fresh;
use super::noise::{Handshake, Worked};
use super::offered::Offered;
use super::payload::{First, Second};
use super::prologue::Prologue;
use super::schedule::Role;
use crate::keys::identity::agreement_text;
use crate::keys::Identity;
use crate::policy::Suite;
use crate::vocab::{Device, Digest, Entity, Wall};

/// The callee, holding an authentic offer and about to decide.
pub struct Responder {
    handshake: Handshake,
    offered: Offered,
}

/// Who we are, and which stream of which call is meant.
#[derive(Clone, Copy)]
pub struct ResponderInput<'a> {
    pub identity: &'a Identity,
    /// Our own entity and device, as our statements name them.
    pub entity: &'a Entity,
    pub device: &'a Device,
    pub media_id: &'a str,
    /// [`Confirmed::handshake_hash`] of the agreement before this one in the same call.
    pub previous: Option<Digest>,
}

/// The callee's decision: per direction never less than the caller demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub bundles: Bundles,
    /// One of the offered, when ESP is in a bundle; else `None`.
    pub suite: Option<Suite>,
    /// Under which SPIs we will receive.
    pub spis: Spis,
    /// Where we receive media.
    pub media: SocketAddr,
}

impl Responder {
    /// Reads a first message. Afterwards ask [`EphemeralMemory`](super::EphemeralMemory) whether it came before.
    ///
    /// # Errors
    /// [`AgreementError::Unauthentic`] when it is not for us or was changed, then in this order `Payload`,
    /// `Reflected`, `Signature`, `Clock`.
    pub fn read(input: ResponderInput, message: &[u8], now: Wall) -> Result<Self, AgreementError> {
        Self::read_with(input, message, now, &Worked::default())
    }

    /// The same for one of several names of ours, which have one key: a message does not say for which it is before it is opened. With the
    /// name that it is for, whatever else is wrong with it; `None` is `Unauthentic` for all of them, and costs no more than one name
    /// would: one Diffie-Hellman. The entity of `input` is none of its own.
    pub fn read_by<'a>(
        names: &'a [Entity],
        input: ResponderInput<'_>,
        message: &[u8],
        now: Wall,
    ) -> Option<(&'a Entity, Result<Self, AgreementError>)> {
        let worked = Worked::default();
        names.iter().find_map(|entity| {
            match Self::read_with(ResponderInput { entity, ..input }, message, now, &worked) {
                Err(AgreementError::Unauthentic) => None,
                read => Some((entity, read)),
            }
        })
    }

    fn read_with(
        input: ResponderInput<'_>,
        message: &[u8],
        now: Wall,
        worked: &Worked,
    ) -> Result<Self, AgreementError> {
        let prologue = Prologue {
            callee: input.entity,
            device: input.device,
            signing: &input.identity.verify_key(),
            media_id: input.media_id,
            previous: input.previous,
        };
        let mut handshake = Handshake::responder(input.identity.agreement_secret(), &prologue.octets(), worked)?;
        let payload = handshake.read(message)?;
        let caller = handshake.remote_static().ok_or(AgreementError::Unauthentic)?;
        let first = First::read(&payload, caller)?;
        if caller == input.identity.agreement_key() {
            return Err(AgreementError::Reflected);
        }
        verify(&first)?;
        if !fresh(first.offered.time, now) {
            return Err(AgreementError::Clock);
        }
        Ok(Self { handshake, offered: first.offered })
    }

    pub fn offer(&self) -> &Offered {
        &self.offered
    }

    /// Makes the second message. `seed` becomes the ephemeral secret: 32 fresh random octets.
    ///
    /// # Errors
    /// [`AgreementError::Choice`] when we choose less than the offer demands or what it does not have.
    pub fn answer(mut self, choice: Choice, seed: [u8; 32]) -> Result<(Vec<u8>, Confirmed), AgreementError> {
        let matched = Match {
            demanded: self.offered.bundles,
            initiator: self.offered.spis,
            suites: &self.offered.suites,
            tunnel: self.offered.tunnel,
            chosen: choice.bundles,
            responder: choice.spis,
            suite: choice.suite,
            media: choice.media,
        };
        matched.check()?;
        let Choice { bundles, suite, spis, media } = choice;
        let message = self.handshake.write(&Second { media, bundles, spis, suite }.write(), seed)?;
        let split = self.handshake.split().ok_or(AgreementError::Unauthentic)?;
        let outcome = Outcome {
            role: Role::Responder,
            bundles,
            suite,
            initiator: self.offered.spis,
            responder: spis,
            peer_media: self.offered.media,
        };
        Ok((message, Confirmed::new(split, outcome)))
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("offered", &self.offered).finish_non_exhaustive()
    }
}

/// The caller's signing key must have signed the static key that the handshake authenticated (RFC 8032 section 5.1.7,
/// without small-order keys).
fn verify(first: &First) -> Result<(), AgreementError> {
    let offered = &first.offered;
    let text = agreement_text(&offered.entity, &offered.device, &offered.agreement_key);
    VerifyingKey::from_bytes(&offered.signing_key.0)
        .and_then(|key| key.verify_strict(&text, &Signature::from_bytes(&first.signature.0)))
        .map_err(|_| AgreementError::Signature)
}
