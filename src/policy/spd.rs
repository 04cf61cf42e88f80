//! The compiled lookup snapshot (RFC 4301 section 4.4.1; PROTOCOL section 2, "Lookup").

mod asker;
mod beside;
mod change;
mod explain;
mod hash;
mod layer;
pub(super) mod order;
mod overruled;
mod remembered;
mod shape;
mod table;
mod transport;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::entry::both_directions;
use super::{Action, Direction, Entry, Groups, PeerScope, Pending, Selector, Upper};
use crate::vocab::{Device, Entity, EntryId, Generation, Wall};

pub(crate) use asker::{cut, ends};
pub use asker::{publish_policy, state_policy, Asked, Asker};
pub use beside::Beside;
use layer::Layer;
pub use order::Criterion;
use order::Place;
pub use remembered::{Enclosing, Remembered, Seen};
use shape::Probe;

/// Approved entries compiled for lookup: immutable, numbered by generation. A packet is looked up by one hash for each
/// combination of priority, named peer and prefix lengths that there is, so that it takes as long among a million entries
/// as among ten; those for the same peer and prefixes, which differ in ports or protocol, are tried one after the other.
#[derive(Clone, Debug)]
pub struct Spd {
    generation: Generation,
    base: Arc<Layer>,
    /// What was changed since the base was compiled: compiling all again would take too long for one entry.
    changed: Arc<Layer>,
    /// Those of the base that are no more, or are in `changed`.
    gone: Arc<BTreeSet<EntryId>>,
    default: Arc<Layer>,
    /// Discards what not even the default covers, out and in.
    floor: Arc<[Entry; 2]>,
    groups: Arc<Groups>,
    /// What our user agreed to and the peer has not used yet: at most one for each device.
    pending: Arc<Vec<Pending>>,
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
    pub fn compile(generation: Generation, entries: Vec<Entry>, default: Vec<Entry>) -> Self {
        Self::of_shared(generation, entries.into_iter().map(Arc::new).collect(), default)
    }

    /// The same from entries that others hold too.
    pub fn of_shared(generation: Generation, entries: Vec<Arc<Entry>>, default: Vec<Entry>) -> Self {
        let floor = [Direction::Out, Direction::In].map(|way| Entry::new(Selector::ANY, way, Action::Discard));
        Self {
            generation,
            base: Arc::new(Layer::new(entries)),
            changed: Arc::new(Layer::new(Vec::new())),
            gone: Arc::default(),
            default: Arc::new(default_layer(default, &floor)),
            floor: Arc::new(floor),
            groups: Arc::default(),
            pending: Arc::default(),
        }
    }

    pub fn with_pending(self, pending: Vec<Pending>) -> Self {
        Self { pending: Arc::new(pending), ..self }
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

    /// Entries that are not the default's, disabled and expired ones too.
    pub fn ordinary_len(&self) -> usize {
        self.base.len().saturating_sub(self.gone.len()) + self.changed.len()
    }

    /// Those in lookup order.
    pub fn ordinary(&self) -> impl Iterator<Item = &Entry> {
        let base = self.base.entries().iter().map(Arc::as_ref).filter(|entry| self.stays(entry));
        merged(base, self.changed.entries().iter().map(Arc::as_ref))
    }

    /// The default for everybody else.
    pub fn default_entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.default.entries().iter().map(Arc::as_ref)
    }

    /// In lookup order, the default last.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.ordinary().chain(self.default_entries())
    }

    /// The entry with this number, the default's too.
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        let of_base = || self.base.numbered(id).filter(|entry| self.stays(entry));
        self.changed.numbered(id).or_else(of_base).or_else(|| self.default.numbered(id))
    }

    fn stays(&self, entry: &Entry) -> bool {
        self.gone.is_empty() || !self.gone.contains(&entry.id)
    }

    /// The entry that rules a packet: there always is one. Does not allocate.
    #[inline]
    pub fn lookup<'a>(&'a self, flow: &Flow<'a>, now: Wall) -> Ruling<'a> {
        let group = self.group_of(flow.peer);
        let probe = Probe::new(flow.direction, (flow.source.ip(), flow.destination.ip()), flow.peer, group);
        let rules = |entry: &&Entry| flow.ruled_by(entry, group, now);
        let (entry, why) = match self.candidates(probe, rules) {
            (Some(base), Some(changed)) if Place::of(changed) < Place::of(base) => (changed, Why::First),
            (Some(entry), _) | (None, Some(entry)) => (entry, Why::First),
            (None, None) => match self.default.candidates(probe).find(rules) {
                Some(entry) => (entry, Why::Default),
                None => (self.floor_of(flow.direction), Why::Floor),
            },
        };
        Ruling { entry, why, spd: self, flow: *flow, now }
    }

    /// The first in each layer.
    fn candidates<'a>(
        &'a self,
        probe: Probe,
        rules: impl Fn(&&'a Entry) -> bool,
    ) -> (Option<&'a Entry>, Option<&'a Entry>) {
        let base = self.base.candidates(probe).find(|entry| rules(entry) && self.stays(entry));
        let changed = if self.changed.len() == 0 { None } else { self.changed.candidates(probe).find(&rules) };
        (base, changed)
    }

    /// The entries that speak of packets between two ends, in lookup order, the default's last; by chance a few others too.
    fn speaking(&self, probe: Probe) -> Vec<&Entry> {
        let base = self.base.candidates(probe).filter(|entry| self.stays(entry));
        merged(base, self.changed.candidates(probe)).chain(self.default.candidates(probe)).collect()
    }

    /// What of it speaks of packets between two ends, ours first, as a database of its own: what no ordinary entry speaks of passes there
    /// in clear, for the default says nothing of this peer.
    pub fn between(&self, peer: Option<(&Entity, &Device)>, (ours, theirs): (IpAddr, IpAddr)) -> Self {
        let group = self.group_of(peer);
        let probe = |way| Probe::new(way, ends(way, ours, theirs), peer, group);
        let of = |way| self.speaking(probe(way)).into_iter().filter(|entry| self.is_ordinary(entry)).cloned();
        let entries = [Direction::Out, Direction::In].into_iter().flat_map(of).collect();
        let open = vec![Entry::new(Selector::ANY, Direction::Out, Action::None)];
        Self::compile(self.generation, entries, open).with_groups(Arc::clone(&self.groups))
    }

    fn floor_of(&self, direction: Direction) -> &Entry {
        let [out, inward] = self.floor.as_ref();
        if direction == Direction::Out {
            out
        } else {
            inward
        }
    }

    /// The contact group of a stream's peer, where an entry is for one.
    pub(super) fn group_of(&self, peer: Option<(&Entity, &Device)>) -> Option<&str> {
        let asked = self.base.has_groups || self.changed.has_groups;
        peer.filter(|_| asked).and_then(|(entity, _)| self.groups.group_of(entity))
    }

    /// The peer whose own entry is the first in lookup order that speaks of such packets; `None` when the first speaks of
    /// everybody's. For questions about a packet whose stream is not known; walks over all entries.
    pub fn peer_of<'a>(&'a self, flow: &Flow<'_>, now: Wall) -> Option<(&'a Entity, &'a Device)> {
        let speaks =
            |entry: &&Entry| entry.direction == flow.direction && entry.selector.matches(flow) && entry.in_force(now);
        let first = self.entries().find(speaks)?;
        first.peer.entity.as_ref().zip(first.peer.device.as_ref())
    }

    /// Ordinary entries that name this device of this entity, in lookup order: what a new approval replaces.
    pub fn entries_of<'a>(&'a self, entity: &'a Entity, device: &'a Device) -> impl Iterator<Item = &'a Entry> {
        let base = self.base.of_peer(entity, device).filter(|entry| self.stays(entry));
        merged(base, self.changed.of_peer(entity, device))
    }

    /// An ordinary entry that rules the same packets in the same way.
    pub fn twin_of(&self, entry: &Entry) -> Option<&Entry> {
        let (rules, probe) = (entry.rule_text(), Probe::of(entry));
        self.speaking(probe).into_iter().find(|other| self.is_ordinary(other) && other.rule_text() == rules)
    }

    /// The ordinary entry that was registered together with this one, for packets the other way.
    pub fn other_direction_of(&self, entry: &Entry) -> Option<&Entry> {
        let back = self.speaking(Probe::of(&entry.mirror()));
        let others = back.into_iter().filter(|other| self.is_ordinary(other) && other.is_other_direction_of(entry));
        // Of several for the same packets, the one that demands the same: several lines may come at one time.
        others.min_by_key(|other| other.action != entry.action.mirror())
    }

    fn is_ordinary(&self, entry: &Entry) -> bool {
        !self.default_entries().any(|default| std::ptr::eq(default, entry))
    }
}

/// Whether, their age apart, an entry stands before another in lookup order.
pub(super) fn looked_at_before(one: &Entry, other: &Entry) -> bool {
    order::decide(one, other).is_some_and(|(criterion, order)| criterion != Criterion::Age && order.is_lt())
}

/// Two lists in lookup order, as one.
fn merged<'a>(
    a: impl Iterator<Item = &'a Entry>,
    b: impl Iterator<Item = &'a Entry>,
) -> impl Iterator<Item = &'a Entry> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(first), Some(second)) if Place::of(second) < Place::of(first) => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

fn default_layer(default: Vec<Entry>, floor: &[Entry; 2]) -> Layer {
    let forever = |entry: Entry| Entry { peer: PeerScope::default(), expires: None, disabled: false, ..entry };
    let mut default: Vec<Entry> = both_directions(default).into_iter().map(forever).collect();
    if default.is_empty() {
        default.extend(floor.clone());
    }
    Layer::new(default.into_iter().map(Arc::new).collect())
}

impl Flow<'_> {
    pub(super) fn ruled_by(&self, entry: &Entry, group: Option<&str>, now: Wall) -> bool {
        entry.direction == self.direction
            && entry.selector.matches(self)
            && entry.peer.matches(self.peer, group)
            && entry.in_force(now)
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
    /// An entry that names somebody rules only streams of a peer that is known to be that one, `group` being its
    /// contact group.
    pub fn matches(&self, peer: Option<(&Entity, &Device)>, group: Option<&str>) -> bool {
        let (entity, device) = peer.unzip();
        self.entity.as_ref().is_none_or(|ours| Some(ours) == entity)
            && self.device.as_ref().is_none_or(|ours| Some(ours) == device)
            && self.group.as_deref().is_none_or(|ours| Some(ours) == group)
    }

    pub fn is_everybody(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
