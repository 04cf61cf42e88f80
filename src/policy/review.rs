//! The question put to the user, and the only maker of what may be enforced (ARCHITECTURE section 2).

use std::net::IpAddr;

use super::advice::Advice;
use super::guarantee::Tightness;
use super::{Action, Entry, Environment, Origin, Statement};
use crate::vocab::{AgreementKey, Device, Entity, Fingerprint, Generation, VerifyKey, Wall};

/// A peer's statement held against our own entries. Answering it is [`Review::answer`].
#[derive(Clone, Debug)]
pub struct Review {
    pub statement: Statement,
    pub provenance: Provenance,
    pub key_state: KeyState,
    pub surroundings: Surroundings,
    pub own_environment: Environment,
    /// The entries of ours that rule this peer today, out then in.
    pub current: Vec<Entry>,
    /// What approving as it is would register, out then in: the statement's policy, completed to both directions and cut to the two ends.
    pub proposed: Vec<Entry>,
    /// Each selector of the statement that reached beyond the two ends, in words of ours.
    pub cuts: Vec<String>,
    pub differences: Vec<Difference>,
    pub advice: Advice,
    /// The generation that it was made against; a stale one is asked again.
    pub generation: Generation,
}

/// How a statement came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The network source of the NOTIFY, when it came straight from the peer.
    pub observed: Option<IpAddr>,
    pub received: Wall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Never seen: approving pins it.
    New,
    Pinned,
    /// Pinned, and the safety phrase was compared.
    Verified,
    /// Another key is pinned for this entity: everything stops until the user decides.
    Changed {
        pinned: Fingerprint,
    },
}

/// What we know of where the peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surroundings {
    NotAsked,
    Stated(Environment),
    /// Not told; the text is our inference from the two addresses, and says so.
    Withheld {
        inference: String,
    },
}

/// One field in which the peer's policy and ours differ, or agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As `out action`, `in esp level`.
    pub field: String,
    pub ours: String,
    pub theirs: String,
    /// Theirs, held against ours.
    pub relation: Tightness,
}

/// What the user says to a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As it is.
    Approve,
    /// With this action instead, in both directions.
    Rules(Action),
    /// With these entries instead; the peer's scope is set on each, a missing direction is mirrored.
    Edit(Vec<Entry>),
    Refuse,
}

/// What becomes of a review.
#[derive(Clone, Debug)]
pub enum Decision {
    Approved(Approved),
    /// Looser than the peer asked: nothing is approved; negotiation comes first (PROTOCOL section 6).
    Looser {
        fields: Vec<String>,
    },
    Refused,
}

/// The user's answer. Only a review makes one, and nothing but an approved entry reaches the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    entries: Vec<Entry>,
    peer: Option<ApprovedPeer>,
    origin: Origin,
    generation: Generation,
}

/// Whose statement was approved, and the keys that this pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedPeer {
    pub entity: Entity,
    pub device: Device,
    pub signing_key: VerifyKey,
    pub agreement_key: AgreementKey,
}

impl Approved {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// `None` for entries of our own (command, import, configuration).
    pub fn peer(&self) -> Option<&ApprovedPeer> {
        self.peer.as_ref()
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The generation that the review was made against.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Entries that were approved before a restart, as the store kept them. Named in `io/store` only.
    pub fn restore(entries: Vec<Entry>, origin: Origin, generation: Generation) -> Self {
        Self { entries, peer: None, origin, generation }
    }
}
