//! Which policy an asker gets (PROTOCOL section 2): what we demand of it, said as it has to see it.

use std::net::IpAddr;

use super::Spd;
use crate::policy::{Direction, Entry, Evidence, Level, Prefix, Selector, StatedPolicy};
use crate::vocab::{Device, Entity, PeerText, Wall};

/// Somebody who asks for our policy.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Whose signature was verified, with its key pinned: names alone are not believed.
    pub verified: Option<(&'a Entity, &'a Device)>,
    /// The network source of the request, when it came straight from the asker.
    pub observed: Option<IpAddr>,
}

/// The grounds on which an entry may be an asker's, the strongest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    Device,
    Entity,
    Address,
    Default,
}

impl Spd {
    /// Our own entries for an asker at `address`, out then in, each in lookup order: those for its verified device, else its
    /// entity, else its address, else the default. Entries for an address count only when it was observed and our own
    /// surroundings are known by [`Evidence::Network`]: a cafe's 192.168.1.5 must not get the office entry.
    pub fn answer_for(
        &self,
        asker: &Asker<'_>,
        address: IpAddr,
        own: IpAddr,
        evidence: Evidence,
        now: Wall,
    ) -> Vec<Entry> {
        let known = evidence == Evidence::Network
            && asker.observed.map(|seen| seen.to_canonical()) == Some(address.to_canonical());
        let mut answer = Vec::new();
        for direction in [Direction::Out, Direction::In] {
            let ends = ends(direction, own, address);
            let mine = |entry: &&Entry| {
                entry.direction == direction
                    && entry.peer.matches(asker.verified)
                    && !entry.expired(now)
                    && cut(&entry.selector, ends).is_some()
            };
            let ordinary = self.entries.iter().take(self.ordinary);
            let all: Vec<(Ground, &Entry)> = ordinary
                .filter(mine)
                .map(|entry| (Ground::of(entry), entry))
                .filter(|(ground, entry)| *ground != Ground::Address || known || far_end(entry) == Prefix::Any)
                .chain(self.default_entries().iter().filter(mine).map(|entry| (Ground::Default, entry)))
                .collect();
            answer.extend(strongest(&all));
        }
        answer
    }
}

impl Ground {
    const ALL: [Self; 4] = [Self::Device, Self::Entity, Self::Address, Self::Default];

    fn of(entry: &Entry) -> Self {
        match (&entry.peer.device, &entry.peer.entity) {
            (Some(_), _) => Self::Device,
            (None, Some(_)) => Self::Entity,
            (None, None) => Self::Address,
        }
    }
}

/// The entries of the first ground that has any, without those that an earlier one hides.
fn strongest(all: &[(Ground, &Entry)]) -> Vec<Entry> {
    let ground = Ground::ALL.into_iter().find(|ground| all.iter().any(|(other, _)| other == ground));
    let mut shown: Vec<Entry> = Vec::new();
    for (_, entry) in all.iter().filter(|(other, _)| Some(*other) == ground) {
        if !shown.iter().any(|earlier| earlier.selector.covers(&entry.selector)) {
            shown.push((*entry).clone());
        }
    }
    shown
}

/// The policies of a statement for an asker, from [`Spd::answer_for`]: our `in` is the asker's `out`. They name the
/// two ends alone, and no level is left to the reader.
pub fn state_policy(entries: &[Entry], own: IpAddr, asker: IpAddr, default_level: Level) -> Vec<StatedPolicy> {
    let state = |entry: &Entry| {
        Some(StatedPolicy {
            id: PeerText::default(),
            direction: entry.direction.mirror(),
            action: entry.action.resolved(default_level),
            selector: cut(&entry.selector, ends(entry.direction, own, asker))?,
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
