//! What entries that differ in names and addresses alone have in common.

use std::net::IpAddr;

use super::hash;
use super::order::{Place, Reach};
use crate::policy::{Direction, Entry, Prefix};
use crate::vocab::{Device, Entity};

/// Priority, which of device, entity and group an entry names, and the lengths of its prefixes. Entries of one shape whose names
/// and prefixes are a packet's are found by one hash. Shapes are ordered as their entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    reach: Reach,
    source: Mask,
    destination: Mask,
    device: bool,
    entity: bool,
    group: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mask {
    Any,
    V4(u32),
    V6(u128),
}

/// Packets between two ends as the tables are asked for them; names are hashed once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub direction: Direction,
    source: IpAddr,
    destination: IpAddr,
    entity: Option<u64>,
    device: Option<u64>,
    group: Option<u64>,
}

impl Probe {
    pub fn new(
        direction: Direction,
        (source, destination): (IpAddr, IpAddr),
        peer: Option<(&Entity, &Device)>,
        group: Option<&str>,
    ) -> Self {
        Self {
            direction,
            source: source.to_canonical(),
            destination: destination.to_canonical(),
            entity: peer.map(|(entity, _)| hash::text(entity.as_str())),
            device: peer.map(|(_, device)| hash::text(device.as_str())),
            group: group.map(hash::text),
        }
    }

    /// What finds the entries of `entry`'s own names and prefixes.
    pub fn of(entry: &Entry) -> Self {
        let first = |prefix| match prefix {
            Prefix::Any => IpAddr::from([0, 0, 0, 0]),
            Prefix::Net { address, .. } => address,
        };
        Self {
            direction: entry.direction,
            source: first(entry.selector.source),
            destination: first(entry.selector.destination),
            entity: entry.peer.entity.as_ref().map(|entity| hash::text(entity.as_str())),
            device: entry.peer.device.as_ref().map(|device| hash::text(device.as_str())),
            group: entry.peer.group.as_deref().map(hash::text),
        }
    }
}

impl Shape {
    pub fn of(entry: &Entry) -> Self {
        let (selector, peer) = (&entry.selector, &entry.peer);
        Self {
            reach: Place::of(entry).reach,
            source: Mask::of(selector.source),
            destination: Mask::of(selector.destination),
            device: peer.device.is_some(),
            entity: peer.entity.is_some(),
            group: peer.group.is_some(),
        }
    }

    /// `None`: no entry of this shape speaks of such packets.
    pub fn hash(&self, probe: &Probe) -> Option<u64> {
        let mut state = 0;
        for (named, name) in [(self.entity, probe.entity), (self.device, probe.device), (self.group, probe.group)] {
            if named {
                state = hash::mix(state, name?);
            }
        }
        state = hash::number(state, self.source.apply(probe.source)?);
        Some(hash::number(state, self.destination.apply(probe.destination)?))
    }
}

impl Mask {
    fn of(prefix: Prefix) -> Self {
        match prefix {
            Prefix::Any => Self::Any,
            Prefix::Net { address: IpAddr::V4(_), len } => {
                Self::V4(u32::MAX.checked_shl(32 - u32::from(len.min(32))).unwrap_or(0))
            }
            Prefix::Net { address: IpAddr::V6(_), len } => {
                Self::V6(u128::MAX.checked_shl(128 - u32::from(len.min(128))).unwrap_or(0))
            }
        }
    }

    fn apply(self, address: IpAddr) -> Option<u128> {
        match (self, address) {
            (Self::Any, _) => Some(0),
            (Self::V4(mask), IpAddr::V4(address)) => Some((u32::from(address) & mask).into()),
            (Self::V6(mask), IpAddr::V6(address)) => Some(u128::from(address) & mask),
            _ => None,
        }
    }
}
