//! What our user accepted and the peer has not used yet (PROTOCOL section 6).

use super::spd::{order, Flow};
use super::{Approved, Entry, StatedPolicy};
use crate::vocab::{Device, Digest, Entity, Wall};

/// An agreed entry that waits for an offer that bears its hash. Until then packets may arrive under it, and are sent under what
/// it is to replace. Only an [`Approved`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    entity: Entity,
    device: Device,
    /// In lookup order.
    entries: Vec<Entry>,
    terms: Terms,
}

/// What a pending entry was agreed on, and against what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// That an offer has to bear.
    pub hash: Digest,
    /// Of the proposal that it answers.
    pub proposal: Digest,
    /// [`Entry::digest`] of those that ruled the peer when it was agreed. What any other entry rules it does not loosen.
    pub against: Vec<Digest>,
    pub since: Wall,
}

impl Pending {
    /// `None` for entries that are not one device's.
    pub fn of(approved: &Approved, terms: Terms) -> Option<Self> {
        let mut entries = approved.entries().to_vec();
        let first = entries.first()?.peer.clone();
        let (entity, device) = first.entity.clone().zip(first.device.clone())?;
        if entries.iter().any(|entry| entry.peer != first) {
            return None;
        }
        entries.sort_by(order::compare);
        Some(Self { entity, device, entries, terms })
    }

    pub fn entity(&self) -> &Entity {
        &self.entity
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    pub fn is_of(&self, entity: &Entity, device: &Device) -> bool {
        (&self.entity, &self.device) == (entity, device)
    }

    /// Every entry of it has run out.
    pub fn expired(&self, now: Wall) -> bool {
        self.entries.iter().all(|entry| entry.expired(now))
    }

    /// The entry that a packet may arrive under as well, when `ruling` is what rules it.
    pub fn beside(&self, ruling: &Entry, flow: &Flow<'_>, now: Wall) -> Option<&Entry> {
        let found = self.entries.iter().find(|entry| flow.ruled_by(entry, None, now))?;
        self.terms.against.contains(&ruling.digest()).then_some(found)
    }
}

/// An approved entry as both sides of an offer hash it: what rules packets, and nothing that only its keeper knows. `theirs`
/// turns entries of ours into what the peer sees.
pub fn agreed_terms(entries: &[Entry], theirs: bool, default_level: super::Level) -> Vec<StatedPolicy> {
    let state = |entry: &Entry| StatedPolicy {
        id: Default::default(),
        direction: if theirs { entry.direction.mirror() } else { entry.direction },
        action: entry.action.resolved(default_level),
        selector: entry.selector.clone(),
        suites: entry.suites.clone(),
        keying: entry.keying,
        expires: entry.expires.map(|end| Wall::from_secs(end.as_secs())),
    };
    let mut stated: Vec<StatedPolicy> = entries.iter().map(state).collect();
    stated.sort_by_key(|policy| policy.direction == super::Direction::In);
    for (number, policy) in stated.iter_mut().enumerate() {
        policy.id = crate::vocab::PeerText::new(format!("p{}", number + 1));
    }
    stated
}
