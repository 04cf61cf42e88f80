//! Whole agreements between two made-up devices.

mod handshake;
mod hostile;
mod keylog;
mod vectors;

use std::net::SocketAddr;

use super::*;
use crate::keys::Identity;
use crate::policy::{Bundle, Suite};
use crate::vocab::{Device, Digest, Entity, Spi, Wall};

pub(super) const NONE: Bundle = Bundle::NONE;
pub(super) const ESP: Bundle = Bundle::ESP;
pub(super) const BOTH: Bundle = Bundle::AH_ESP;

/// 2023-11-14T22:13:20Z.
pub(super) const NOW: Wall = Wall(1_700_000_000_000);

pub(super) struct Agent {
    pub(super) identity: Identity,
    pub(super) entity: Entity,
    pub(super) device: Device,
    pub(super) media: SocketAddr,
}

impl Agent {
    /// Secrets are the octets `first`, `first + 1`, ...
    pub(super) fn new(entity: &str, device: &str, media: &str, first: u8) -> Self {
        Self {
            identity: Identity::from_bytes(&std::array::from_fn(|i| first.wrapping_add(i as u8))),
            entity: Entity::parse(entity).unwrap(),
            device: Device::new(device).unwrap(),
            media: media.parse().unwrap(),
        }
    }

    pub(super) fn alice() -> Self {
        Self::new("sip:alice@192.168.1.1", "alice-desk", "192.168.1.1:20000", 0x00)
    }

    pub(super) fn bob() -> Self {
        Self::new("sip:bob@192.168.1.2", "bob-desk", "192.168.1.2:30000", 0x40)
    }

    pub(super) fn peer(&self) -> PeerKeys {
        PeerKeys {
            entity: self.entity.clone(),
            device: self.device.clone(),
            signing: self.identity.verify_key(),
            agreement: self.identity.agreement_key(),
        }
    }

    pub(super) fn offer_input<'a>(&'a self, peer: &'a PeerKeys, bundle: Bundle) -> OfferInput<'a> {
        OfferInput {
            identity: &self.identity,
            entity: &self.entity,
            device: &self.device,
            peer,
            media_id: "0",
            previous: None,
            time: NOW,
            media: self.media,
            bundles: both(bundle),
            suites: Suite::ALL.to_vec(),
            spis: spis(0xc000_0001),
            entry: Digest([0xe1; 32]),
            statement: Some(Digest([0x5a; 32])),
            ah_nat: false,
            tunnel: bundle.framing.has_tunnel().then(ends),
            forward: None,
        }
    }

    pub(super) fn read(&self, message: &[u8]) -> Result<Responder, AgreementError> {
        Responder::read(self.responder_input(), message, NOW)
    }

    pub(super) fn responder_input(&self) -> ResponderInput<'_> {
        ResponderInput {
            identity: &self.identity,
            entity: &self.entity,
            device: &self.device,
            media_id: "0",
            previous: None,
        }
    }

    pub(super) fn choice(&self, bundle: Bundle, suite: Suite) -> Choice {
        let suite = bundle.esp.then_some(suite);
        Choice { bundles: both(bundle), suite, spis: spis(0xd000_0001), media: self.media }
    }
}

pub(super) fn both(bundle: Bundle) -> Bundles {
    Bundles { to_responder: bundle, to_initiator: bundle }
}

pub(super) fn spis(first: u32) -> Spis {
    Spis { esp: Spi::new(first), ah: Spi::new(first + 1) }
}

/// The ends of a tunnel between the two.
pub(super) fn ends() -> TunnelEnds {
    TunnelEnds { initiator: Agent::alice().media.ip(), responder: Agent::bob().media.ip() }
}

/// Alice calls Bob: offer, choice, and what both hold.
pub(super) fn agree(bundle: Bundle, suite: Suite) -> (Confirmed, Confirmed) {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = bob.peer();
    let (initiator, offer) = Initiator::offer(alice.offer_input(&peer, bundle), [0x11; 32]).unwrap();
    let (answer, theirs) = bob.read(&offer).unwrap().answer(bob.choice(bundle, suite), [0x22; 32]).unwrap();
    (initiator.finish(&answer).unwrap(), theirs)
}
