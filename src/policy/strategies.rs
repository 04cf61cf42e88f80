//! Generated policies for the property tests of this room.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::vocab::{Device, Entity, EntryId, Wall};

pub fn level() -> impl Strategy<Value = Level> {
    select(Level::ALL.to_vec())
}

/// Transport mode.
pub fn action() -> impl Strategy<Value = Action> {
    action_of(&Protocol::IPSEC)
}

/// With `srtp` too.
pub fn action_of_any() -> impl Strategy<Value = Action> {
    action_of(&Protocol::ALL)
}

fn action_of(protocols: &[Protocol]) -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Discard),
        Just(Action::None),
        (subsequence(protocols.to_vec(), 1..=protocols.len()), vec(level(), 4)).prop_filter_map(
            "ipcomp alone",
            |(some, levels)| {
                Action::ipsec(
                    some.into_iter().zip(levels).map(|(protocol, level)| Rule::transport(protocol, level)).collect(),
                )
                .ok()
            }
        )
    ]
}

/// The same rules, any of them as a tunnel between these two.
pub fn framed_action(source: IpAddr, destination: IpAddr) -> impl Strategy<Value = Action> {
    let tunnel = move |(rule, tunnel): (&Rule, bool)| {
        let mode = if tunnel { Mode::Tunnel { source, destination } } else { Mode::Transport };
        Rule { mode, ..rule.clone() }
    };
    (action(), any::<[bool; 3]>()).prop_map(move |(action, tunnels)| match action {
        Action::Ipsec(rules) => Action::Ipsec(rules.iter().zip(tunnels).map(tunnel).collect()),
        plain => plain,
    })
}

/// Few addresses, so that selectors meet.
pub fn address() -> impl Strategy<Value = IpAddr> {
    select(vec!["192.168.1.1", "192.168.1.2", "192.168.2.1", "133.134.10.10", "2001:db8::1", "2001:db8:1::2"])
        .prop_map(|text| text.parse().unwrap())
}

pub fn prefix() -> impl Strategy<Value = Prefix> {
    (address(), 0..=128u8).prop_map(|(address, len)| Prefix::new(address, len).unwrap_or(Prefix::host(address)))
}

pub fn port() -> impl Strategy<Value = u16> {
    select(vec![0, 1, 5004, 5005, 5060, 65535])
}

pub fn ports() -> impl Strategy<Value = Ports> {
    prop_oneof![Just(Ports::Any), (port(), port()).prop_map(|(a, b)| Ports::Range { first: a.min(b), last: a.max(b) })]
}

pub fn upper() -> impl Strategy<Value = Upper> {
    select(Upper::ALL.to_vec())
}

pub fn direction() -> impl Strategy<Value = Direction> {
    select(vec![Direction::In, Direction::Out])
}

pub fn selector() -> impl Strategy<Value = Selector> {
    (prefix(), ports(), prefix(), ports(), upper()).prop_map(
        |(source, source_ports, destination, destination_ports, upper)| Selector {
            source,
            source_ports,
            destination,
            destination_ports,
            upper,
        },
    )
}

pub fn entity() -> impl Strategy<Value = Entity> {
    select(vec!["sip:bob@192.168.1.2", "sip:eve@example.com"]).prop_map(|text| Entity::parse(text).unwrap())
}

pub fn device() -> impl Strategy<Value = Device> {
    select(vec!["d1", "d2"]).prop_map(|text| Device::new(text).unwrap())
}

pub fn group() -> impl Strategy<Value = String> {
    prop_oneof![Just("friends".to_owned()), Just("family".to_owned()), ".{0,8}"]
}

/// Where the entities of [`entity`] belong.
pub fn groups() -> impl Strategy<Value = Groups> {
    vec((entity(), select(vec!["friends", "family"])), 0..3)
        .prop_map(|all| Groups::new(all.into_iter().map(|(who, group)| (who, group.to_owned())).collect()))
}

fn peer() -> impl Strategy<Value = PeerScope> {
    (option::of(entity()), option::of(device()), option::weighted(0.2, group()))
        .prop_map(|(entity, device, group)| PeerScope { entity, device, group })
}

fn place() -> impl Strategy<Value = PlaceCondition> {
    (select(Scope::ALL.to_vec()), select(Scope::ALL.to_vec()))
        .prop_map(|(ours, theirs)| PlaceCondition { ours, theirs })
}

/// Every field, ties in priority and age included.
pub fn entry() -> impl Strategy<Value = Entry> {
    let ours = (
        subsequence(Suite::ALL.to_vec(), 0..=3).prop_shuffle(),
        -1..=1i32,
        peer(),
        option::of(place()),
        option::of(any::<bool>()),
    );
    let kept = (
        (option::of((0..4000u64).prop_map(Wall)), proptest::bool::weighted(0.1)),
        select(Origin::ALL.to_vec()),
        option::of(".{0,12}"),
        (0..3u64).prop_map(Wall),
        (0..9u64).prop_map(EntryId),
    );
    (selector(), direction(), action(), ours, kept).prop_map(|(selector, direction, action, ours, kept)| {
        let ((suites, priority, peer, place, tfc), ((expires, disabled), origin, note, created, id)) = (ours, kept);
        Entry {
            id,
            suites,
            tfc,
            priority,
            peer,
            place,
            expires,
            disabled,
            origin,
            note,
            created,
            ..Entry::new(selector, direction, action)
        }
    })
}
