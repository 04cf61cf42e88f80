//! Which policy an asker gets (PROTOCOL section 2): what we demand of it, said as it has to see it.

use std::net::IpAddr;

use super::{Probe, Spd};
use crate::policy::{Direction, Entry, Evidence, Guarantee, Level, Prefix, Selector, StatedPolicy};
use crate::vocab::{Device, Entity, PeerText, Wall};

/// Somebody who asks for our policy, or calls.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Whose signature was verified, with its key pinned: names alone are not believed.
    pub verified: Option<(&'a Entity, &'a Device)>,
    pub address: IpAddr,
    /// The address is the network source of the request, which came straight from the asker.
    pub observed: bool,
}

/// Ourselves, where the asker reaches us.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub address: IpAddr,
    /// On what the judgement of our own surroundings stands.
    pub evidence: Evidence,
    pub default_level: Level,
}

impl Spd {
    /// Our own entries for an asker, out then in, each in lookup order, so that what is said is what will rule its packets:
    /// an entry that an earlier one hides is left out. Entries for an address count only when it was observed and our
    /// own surroundings are known by [`Evidence::Network`], for a cafe's 192.168.1.5 must not get the office entry; but
    /// one that only tightens always counts, because packets are looked up by it too.
    pub fn answer_for(&self, asker: &Asker<'_>, asked: &Asked, now: Wall) -> Vec<Entry> {
        [Direction::Out, Direction::In]
            .into_iter()
            .flat_map(|way| self.answer_one_way(asker, asked, way, now))
            .collect()
    }

    fn answer_one_way(&self, asker: &Asker<'_>, asked: &Asked, way: Direction, now: Wall) -> Vec<Entry> {
        let ends = ends(way, asked.address, asker.address);
        let group = self.group_of(asker.verified);
        let speaks = |entry: &&Entry| entry.peer.matches(asker.verified, group) && entry.in_force(now);
        let all: Vec<(Selector, &Entry)> = self
            .speaking(Probe::new(way, ends, asker.verified, group))
            .into_iter()
            .filter(speaks)
            .filter_map(|entry| Some((cut(&entry.selector, ends)?, entry)))
            .collect();
        let known = asked.evidence == Evidence::Network && asker.observed;
        let trusted = |entry: &Entry| known || !is_for_an_address(entry);
        let mut shown: Vec<(&Selector, &Entry)> = Vec::new();
        for (at, (selector, entry)) in all.iter().enumerate() {
            let behind = all.iter().skip(at + 1).filter(|(_, next)| trusted(next));
            let counts = trusted(entry) || tightens((selector, entry), behind, asked.default_level);
            if counts && !shown.iter().any(|(earlier, _)| earlier.covers(selector)) {
                shown.push((selector, entry));
            }
        }
        shown.into_iter().map(|(_, entry)| entry.clone()).collect()
    }
}

/// Whether no packet is better protected by what stands `behind` the entry.
fn tightens<'a>(
    (selector, entry): (&Selector, &Entry),
    behind: impl Iterator<Item = &'a (Selector, &'a Entry)>,
    level: Level,
) -> bool {
    let promised = |entry: &Entry| Guarantee::of(&entry.action, level);
    let ours = promised(entry);
    let met: Vec<&(Selector, &Entry)> = behind.filter(|(other, _)| selector.meets(other)).collect();
    // What nothing behind speaks of would be discarded.
    let spoken_of = met.iter().any(|(other, _)| other.covers(selector));
    ours.discard || (spoken_of && met.iter().all(|(_, next)| ours.at_least_as_tight_as(&promised(next))))
}

fn is_for_an_address(entry: &Entry) -> bool {
    entry.peer.is_everybody() && far_end(entry) != Prefix::Any
}

/// The policies of a statement for an asker, from [`Spd::answer_for`]: our `in` is the asker's `out`. They name the
/// two ends alone, and no level is left to the reader.
pub fn state_policy(entries: &[Entry], own: IpAddr, asker: IpAddr, default_level: Level) -> Vec<StatedPolicy> {
    state(entries, default_level, |entry| cut(&entry.selector, ends(entry.direction, own, asker)))
}

/// The policies of a statement for whoever reads it: those of our entries that rule everybody, with our own end alone.
pub fn publish_policy(entries: &[Entry], own: IpAddr, default_level: Level) -> Vec<StatedPolicy> {
    state(entries, default_level, |entry| {
        let near = if entry.direction == Direction::In { entry.selector.destination } else { entry.selector.source };
        let own = near.contains(own).then(|| Prefix::host(own))?;
        let (source, destination) = match entry.direction {
            Direction::In => (Prefix::Any, own),
            Direction::Out => (own, Prefix::Any),
        };
        (far_end(entry) == Prefix::Any).then(|| Selector { source, destination, ..entry.selector.clone() })
    })
}

fn state(entries: &[Entry], default_level: Level, selector: impl Fn(&Entry) -> Option<Selector>) -> Vec<StatedPolicy> {
    let state = |entry: &Entry| {
        Some(StatedPolicy {
            id: PeerText::default(),
            direction: entry.direction.mirror(),
            action: entry.action.resolved(default_level).stated(),
            selector: selector(entry)?,
            suites: entry.suites.clone(),
            keying: entry.keying,
            expires: entry.expires.map(|end| Wall::from_secs(end.as_secs())),
        })
    };
    let mut stated: Vec<StatedPolicy> = entries.iter().filter_map(state).collect();
    stated.sort_by_key(|policy| policy.direction == Direction::In);
    for (number, policy) in stated.iter_mut().enumerate() {
        policy.id = PeerText::new(format!("p{}", number + 1));
    }
    stated
}

/// Source and destination of packets in `direction` between us and them.
pub(crate) fn ends(direction: Direction, ours: IpAddr, theirs: IpAddr) -> (IpAddr, IpAddr) {
    match direction {
        Direction::In => (theirs, ours),
        Direction::Out => (ours, theirs),
    }
}

/// The part of a selector that lies between two ends; `None` when it has none.
pub(crate) fn cut(selector: &Selector, (source, destination): (IpAddr, IpAddr)) -> Option<Selector> {
    (selector.source.contains(source) && selector.destination.contains(destination)).then(|| Selector {
        source: Prefix::host(source),
        destination: Prefix::host(destination),
        ..selector.clone()
    })
}

fn far_end(entry: &Entry) -> Prefix {
    match entry.direction {
        Direction::In => entry.selector.source,
        Direction::Out => entry.selector.destination,
    }
}
