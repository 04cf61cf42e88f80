//! The compiled lookup snapshot (RFC 4301 section 4.4.1; PROTOCOL section 2, "Lookup").

mod asker;
mod explain;
pub(super) mod order;

use std::net::SocketAddr;

use super::entry::both_directions;
use super::{Action, Direction, Entry, PeerScope, Pending, Selector, Upper};
use crate::vocab::{Device, Entity, Generation, Wall};

pub(crate) use asker::{cut, ends};
pub use asker::{publish_policy, state_policy, Asked, Asker};
pub use order::Criterion;

/// Approved entries compiled for lookup: immutable, numbered by generation.
#[derive(Clone, Debug)]
pub struct Spd {
    generation: Generation,
    /// In lookup order, the default's behind all others.
    entries: Vec<Entry>,
    /// How many of them are not the default's.
    ordinary: usize,
    /// Discards what not even the default covers, out and in.
    floor: [Entry; 2],
    /// What our user agreed to and the peer has not used yet: at most one for each device.
    pending: Vec<Pending>,
}

/// What a packet is looked up by.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub upper: Upper,
    pub direction: Direction,
    /// The stream's peer, when it is known.
    pub peer: Option<(&'a Entity, &'a Device)>,
}

/// The entry that rules a packet.
#[derive(Clone, Copy, Debug)]
pub struct Ruling<'a> {
    pub entry: &'a Entry,
    pub why: Why,
    spd: &'a Spd,
    flow: Flow<'a>,
    now: Wall,
}

/// On what ground an entry rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// No ordinary entry matches; the default does.
    Default,
    /// It is the first in lookup order that matches.
    First,
    /// Not even the default speaks of such packets: they are discarded.
    Floor,
}

impl Spd {
    /// `default` speaks for everybody else, whatever peer it names, and does not expire. Of one direction, it is mirrored;
    /// what it does not cover is discarded, and so is everything when it is empty.
    pub fn compile(generation: Generation, mut entries: Vec<Entry>, default: Vec<Entry>) -> Self {
        let forever = |entry: Entry| Entry { peer: PeerScope::default(), expires: None, ..entry };
        let mut default: Vec<Entry> = both_directions(default).into_iter().map(forever).collect();
        let floor = [Direction::Out, Direction::In].map(|way| Entry::new(Selector::ANY, way, Action::Discard));
        if default.is_empty() {
            default.extend(floor.clone());
        }
        let ordinary = entries.len();
        entries.sort_by(order::compare);
        default.sort_by(order::compare);
        entries.append(&mut default);
        Self { generation, entries, ordinary, floor, pending: Vec::new() }
    }

    pub fn with_pending(self, pending: Vec<Pending>) -> Self {
        Self { pending, ..self }
    }

    /// What is agreed on beside `ruling`, which [`Spd::lookup`] found for the same packet: it may arrive under that as well, and
    /// must be sent under both (PROTOCOL section 6).
    pub fn pending_beside(&self, ruling: &Entry, flow: &Flow<'_>, now: Wall) -> Option<&Entry> {
        let (entity, device) = flow.peer?;
        self.pending.iter().find(|pending| pending.is_of(entity, device))?.beside(ruling, flow, now)
    }

    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// In lookup order, the default last.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The default for everybody else.
    pub fn default_entries(&self) -> &[Entry] {
        self.entries.get(self.ordinary..).unwrap_or_default()
    }

    /// The entry that rules a packet: there always is one. Does not allocate.
    pub fn lookup<'a>(&'a self, flow: &Flow<'a>, now: Wall) -> Ruling<'a> {
        let found = self.entries.iter().position(|entry| flow.ruled_by(entry, now));
        let [out, inward] = &self.floor;
        let floor = if flow.direction == Direction::Out { out } else { inward };
        let (entry, why) = match found.and_then(|at| Some((at, self.entries.get(at)?))) {
            Some((at, entry)) if at < self.ordinary => (entry, Why::First),
            Some((_, entry)) => (entry, Why::Default),
            None => (floor, Why::Floor),
        };
        Ruling { entry, why, spd: self, flow: *flow, now }
    }

    /// The peer whose own entry is the first in lookup order that speaks of such packets; `None` when the first speaks of
    /// everybody's. For questions about a packet whose stream is not known.
    pub fn peer_of<'a>(&'a self, flow: &Flow<'_>, now: Wall) -> Option<(&'a Entity, &'a Device)> {
        let speaks =
            |entry: &&Entry| entry.direction == flow.direction && entry.selector.matches(flow) && !entry.expired(now);
        let first = self.entries.iter().find(speaks)?;
        first.peer.entity.as_ref().zip(first.peer.device.as_ref())
    }

    /// Ordinary entries that name this device of this entity, in lookup order: what a new approval replaces.
    pub fn entries_of<'a>(&'a self, entity: &'a Entity, device: &'a Device) -> impl Iterator<Item = &'a Entry> {
        let scoped =
            |entry: &&Entry| entry.peer.entity.as_ref() == Some(entity) && entry.peer.device.as_ref() == Some(device);
        self.entries.iter().take(self.ordinary).filter(scoped)
    }
}

impl Flow<'_> {
    pub(super) fn ruled_by(&self, entry: &Entry, now: Wall) -> bool {
        entry.direction == self.direction
            && entry.selector.matches(self)
            && entry.peer.matches(self.peer)
            && !entry.expired(now)
    }
}

impl Selector {
    /// True when the packet's addresses, ports and protocol are among ours.
    pub fn matches(&self, flow: &Flow<'_>) -> bool {
        self.upper.covers(flow.upper)
            && self.source_ports.contains(flow.source.port())
            && self.destination_ports.contains(flow.destination.port())
            && self.source.contains(flow.source.ip())
            && self.destination.contains(flow.destination.ip())
    }
}

impl PeerScope {
    /// An entry that names somebody rules only streams of a peer that is known to be that one. There
    /// are no contact groups yet, so nobody belongs to one.
    pub fn matches(&self, peer: Option<(&Entity, &Device)>) -> bool {
        let (entity, device) = peer.unzip();
        self.group.is_none()
            && self.entity.as_ref().is_none_or(|ours| Some(ours) == entity)
            && self.device.as_ref().is_none_or(|ours| Some(ours) == device)
    }

    pub fn is_everybody(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests;
