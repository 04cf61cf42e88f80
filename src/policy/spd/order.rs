use std::cmp::Ordering;
use std::fmt;

use crate::policy::{Entry, Upper};

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

/// Less is looked at first.
pub(in crate::policy) fn compare(a: &Entry, b: &Entry) -> Ordering {
    decide(a, b).map_or(Ordering::Equal, |(_, order)| order)
}

/// The first criterion that tells two entries apart, and which of them it puts first.
pub(super) fn decide(a: &Entry, b: &Entry) -> Option<(Criterion, Ordering)> {
    let named = |a: bool, b: bool| b.cmp(&a);
    let specific = |a: u8, b: u8| b.cmp(&a);
    let (s, t) = (&a.selector, &b.selector);
    let ports = (s.source_ports.width(), s.destination_ports.width());
    [
        (Criterion::Priority, b.priority.cmp(&a.priority)),
        (Criterion::Device, named(a.peer.device.is_some(), b.peer.device.is_some())),
        (Criterion::Entity, named(a.peer.entity.is_some(), b.peer.entity.is_some())),
        (Criterion::Group, named(a.peer.group.is_some(), b.peer.group.is_some())),
        (Criterion::Source, specific(s.source.specificity(), t.source.specificity())),
        (Criterion::Destination, specific(s.destination.specificity(), t.destination.specificity())),
        (Criterion::Ports, ports.cmp(&(t.source_ports.width(), t.destination_ports.width()))),
        (Criterion::Protocol, named(s.upper != Upper::Any, t.upper != Upper::Any)),
        (Criterion::Age, (a.created, a.id).cmp(&(b.created, b.id))),
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
