use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::bundles::{check_forward, check_offer, Bundles, Match, Spis, TunnelEnds};
use super::confirmed::{Confirmed, Outcome};
use super::error::AgreementError;
use super::noise::Handshake;
use super::offered::Offered;
use super::payload::{First, Second};
use super::prologue::Prologue;
use super::schedule::Role;
use crate::keys::Identity;
use crate::policy::Suite;
use crate::vocab::{AgreementKey, Device, Digest, Entity, VerifyKey, Wall};

/// The caller, waiting for the answer.
pub struct Initiator {
    handshake: Handshake,
    bundles: Bundles,
    spis: Spis,
    suites: Vec<Suite>,
    tunnel: Option<TunnelEnds>,
}

/// Everything that a first message says.
pub struct OfferInput<'a> {
    pub identity: &'a Identity,
    /// Our own entity and device, as our statements name them.
    pub entity: &'a Entity,
    pub device: &'a Device,
    pub peer: &'a PeerKeys,
    /// Names the media stream, the same on both sides: its position in the session description, `0`.
    pub media_id: &'a str,
    /// [`Confirmed::handshake_hash`] of the agreement before this one in the same call.
    pub previous: Option<Digest>,
    pub time: Wall,
    /// Where we receive media.
    pub media: SocketAddr,
    /// What we demand; the callee may add, never take away.
    pub bundles: Bundles,
    /// What we can do, the favourite first.
    pub suites: Vec<Suite>,
    /// Under which SPIs we will receive; also says which protocols we can do.
    pub spis: Spis,
    /// Hash of the approved entry.
    pub entry: Digest,
    /// Hash of the callee's statement as we saw it.
    pub statement: Option<Digest>,
    pub ah_nat: bool,
    /// Where the tunnels of the bundles end, if they have any: each at the media address of its side.
    pub tunnel: Option<TunnelEnds>,
    /// The callee is a gateway: what is in the tunnels, which both directions have, is for somebody there.
    pub forward: Option<IpAddr>,
}

/// The callee, from the statement that our user approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerKeys {
    pub entity: Entity,
    pub device: Device,
    pub signing: VerifyKey,
    pub agreement: AgreementKey,
}

/// Whoever made the offer, for an offer the other way.
impl From<&Offered> for PeerKeys {
    fn from(offered: &Offered) -> Self {
        let Offered { entity, device, signing_key, agreement_key, .. } = offered;
        let (entity, device) = (entity.clone(), device.clone());
        Self { entity, device, signing: *signing_key, agreement: *agreement_key }
    }
}

impl Initiator {
    /// Makes the first message. `seed` becomes the ephemeral secret: 32 fresh random octets for every offer.
    ///
    /// # Errors
    /// [`AgreementError::Choice`] when the offer demands what it has no SPI or suite for,
    /// [`AgreementError::Unauthentic`] when the callee's key is no key.
    pub fn offer(input: OfferInput, seed: [u8; 32]) -> Result<(Self, Vec<u8>), AgreementError> {
        check_offer(input.bundles, input.spis, &input.suites, (input.tunnel, input.media))?;
        check_forward(input.bundles, input.forward)?;
        let prologue = Prologue {
            callee: &input.peer.entity,
            device: &input.peer.device,
            signing: &input.peer.signing,
            media_id: input.media_id,
            previous: input.previous,
        };
        let secret = input.identity.agreement_secret();
        let mut handshake = Handshake::initiator(secret, &input.peer.agreement, &prologue.octets())?;
        let first = first_payload(input);
        let message = handshake.write(&first.write(), seed)?;
        let Offered { bundles, spis, suites, tunnel, .. } = first.offered;
        Ok((Self { handshake, bundles, spis, suites, tunnel }, message))
    }

    /// Reads the callee's message and holds its choice against the offer.
    pub fn finish(mut self, answer: &[u8]) -> Result<Confirmed, AgreementError> {
        self.read(answer)
    }

    /// The same of a message that may be somebody else's: another can be read after one that is not authentic, and none after one
    /// that is. So no message makes the same keys twice.
    pub fn read(&mut self, answer: &[u8]) -> Result<Confirmed, AgreementError> {
        let second = Second::read(&self.handshake.read(answer)?)?;
        let matched = Match {
            demanded: self.bundles,
            initiator: self.spis,
            suites: &self.suites,
            tunnel: self.tunnel,
            chosen: second.bundles,
            responder: second.spis,
            suite: second.suite,
            media: second.media,
        };
        matched.check()?;
        let split = self.handshake.split().ok_or(AgreementError::Unauthentic)?;
        Ok(Confirmed::new(
            split,
            Outcome {
                role: Role::Initiator,
                bundles: second.bundles,
                suite: second.suite,
                initiator: self.spis,
                responder: second.spis,
                peer_media: second.media,
            },
        ))
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Initiator").field("bundles", &self.bundles).finish_non_exhaustive()
    }
}

fn first_payload(input: OfferInput) -> First {
    let offered = Offered {
        time: input.time,
        entity: input.entity.clone(),
        device: input.device.clone(),
        signing_key: input.identity.verify_key(),
        agreement_key: input.identity.agreement_key(),
        media: input.media,
        bundles: input.bundles,
        suites: input.suites,
        spis: input.spis,
        entry: input.entry,
        statement: input.statement,
        ah_nat: input.ah_nat,
        tunnel: input.tunnel,
        forward: input.forward,
    };
    First { offered, signature: input.identity.sign_agreement(input.entity, input.device) }
}
