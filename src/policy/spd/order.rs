use std::cmp::{Ordering, Reverse};
use std::fmt;

use crate::policy::{Entry, Upper};
use crate::vocab::{EntryId, Wall};

/// What decides between two entries that both match, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Criterion {
    Priority,
    Device,
    Entity,
    Group,
    Source,
    Destination,
    Ports,
    Protocol,
    Age,
}

/// Where an entry stands in lookup order: less is looked at first. The fields are the criteria, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub reach: Reach,
    /// How many source ports, how many destination ports.
    ports: (u32, u32),
    any_protocol: bool,
    age: (Wall, EntryId),
}

/// The criteria that say which packets an entry can speak of at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reach {
    priority: Reverse<i32>,
    any_device: bool,
    any_entity: bool,
    any_group: bool,
    /// Lengths of the prefixes.
    source: Reverse<u8>,
    destination: Reverse<u8>,
}

impl Place {
    pub fn of(entry: &Entry) -> Self {
        let Entry { selector, peer, .. } = entry;
        Self {
            reach: Reach {
                priority: Reverse(entry.priority),
                any_device: peer.device.is_none(),
                any_entity: peer.entity.is_none(),
                any_group: peer.group.is_none(),
                source: Reverse(selector.source.specificity()),
                destination: Reverse(selector.destination.specificity()),
            },
            ports: (selector.source_ports.width(), selector.destination_ports.width()),
            any_protocol: selector.upper == Upper::Any,
            age: (entry.created, entry.id),
        }
    }
}

/// Less is looked at first.
pub(in crate::policy) fn compare(a: &Entry, b: &Entry) -> Ordering {
    Place::of(a).cmp(&Place::of(b))
}

/// The first criterion that tells two entries apart, and which of them it puts first.
pub(super) fn decide(a: &Entry, b: &Entry) -> Option<(Criterion, Ordering)> {
    let (a, b) = (Place::of(a), Place::of(b));
    let (s, t) = (&a.reach, &b.reach);
    [
        (Criterion::Priority, s.priority.cmp(&t.priority)),
        (Criterion::Device, s.any_device.cmp(&t.any_device)),
        (Criterion::Entity, s.any_entity.cmp(&t.any_entity)),
        (Criterion::Group, s.any_group.cmp(&t.any_group)),
        (Criterion::Source, s.source.cmp(&t.source)),
        (Criterion::Destination, s.destination.cmp(&t.destination)),
        (Criterion::Ports, a.ports.cmp(&b.ports)),
        (Criterion::Protocol, a.any_protocol.cmp(&b.any_protocol)),
        (Criterion::Age, a.age.cmp(&b.age)),
    ]
    .into_iter()
    .find(|(_, order)| order.is_ne())
}

/// Completes the sentence "it won because it ...".
impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Age => "is older",
            Self::Destination => "has the narrower destination",
            Self::Device => "names the device",
            Self::Entity => "names the entity",
            Self::Group => "names the contact group",
            Self::Ports => "has the narrower ports",
            Self::Priority => "has the higher priority",
            Self::Protocol => "names the protocol",
            Self::Source => "has the narrower source",
        })
    }
}
