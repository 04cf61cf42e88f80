//! Media by TCP, where the entries say so: for where UDP is let through nowhere.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, CallState, Command};
use sottovoce::vocab::{CallId, Failure};

use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::negotiation::{config, name, ALICE, BOB, ESP};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Each has approved what the other asks, and has put an entry for this transport with these rules before it. No UDP of media comes through.
fn world(transports: [&str; 2], rules: &str) -> World {
    let mut world = World::new(44, Link::GOOD);
    for node in [ALICE, BOB] {
        let config = AgentConfig { follows: true, ..config(node) };
        world.add(["alice", "bob"][node], config);
    }
    for node in [ALICE, BOB] {
        world.ask(node, name(1 - node), Some("approve"));
        world.run_for(10 * SECOND);
    }
    for node in [ALICE, BOB] {
        let text = format!("spdadd any any {} -P out {rules}; # sv: priority=5", transports[node]);
        world.command(node, Command::PolicyAdd { text }).unwrap();
    }
    world.run_for(10 * SECOND);
    world.wire.udp_is_blocked = true;
    world
}

fn failure(world: &World, call: CallId) -> Failure {
    match &world.the_call(ALICE, call).state {
        CallState::Failed(failure) => failure.clone(),
        other => panic!("{other:?}"),
    }
}

/// The two halves of a conversation: Alice's call, and Bob's.
fn talking(world: &mut World) -> [CallId; 2] {
    let call = world.call(ALICE, name(BOB), None, 36_000);
    world.run_for(5 * SECOND);
    assert_eq!(world.the_call(ALICE, call).state, CallState::Active);
    [call, world.nodes[BOB].agent.calls().last().unwrap().id]
}

fn received(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).counters.received)
}

/// Descriptions of media, in the order in which they were sent.
fn descriptions(world: &World) -> Vec<String> {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Parcel::Media { .. } => None,
    };
    world.wire.overheard.iter().filter_map(text).filter(|text| text.contains("\r\nm=audio ")).collect()
}

#[test]
fn where_the_entries_say_tcp_the_call_is_heard_though_no_udp_comes_through() {
    let mut world = world(["tcp"; 2], ESP);
    let calls = talking(&mut world);
    assert!(received(&world, calls).iter().all(|received| *received > 100), "{:?}", received(&world, calls));
    let said = descriptions(&world);
    let (offer, answer) = (&said[0], &said[1]);
    assert!(offer.contains(" TCP/RTP/AVP ") && offer.contains("a=setup:actpass\r\na=connection:new\r\n"), "{offer}");
    assert!(answer.contains(" TCP/RTP/AVP ") && answer.contains("a=setup:active\r\na=connection:new\r\n"), "{answer}");
    let media = |node: usize| &world.nodes[node].media[&calls[node]];
    assert_eq!((media(ALICE).connected, media(BOB).connected), (None, Some(media(ALICE).local)));
    assert!([ALICE, BOB].iter().all(|node| world.the_call(*node, calls[*node]).by_tcp), "the user is told");
    assert!(world.wire.seen.iter().all(|packet| packet[0] >= 0xc0), "nothing goes in clear");
    assert!(offer.find("a=candidate").is_none());
}

#[test]
fn where_they_say_udp_it_is_not_heard() {
    let mut world = world(["udp"; 2], ESP);
    let calls = talking(&mut world);
    assert_eq!(received(&world, calls), [0, 0]);
    assert!([ALICE, BOB].iter().all(|node| !world.the_call(*node, calls[*node]).by_tcp));
    assert!(descriptions(&world)[0].contains(" RTP/AVP "));
}

/// A `udp` entry never rules media over TCP, and what no entry lets through is refused.
#[test]
fn who_has_no_entry_for_tcp_refuses_it() {
    let mut world = world(["tcp", "udp"], ESP);
    let call = world.call(ALICE, name(BOB), None, 60);
    world.run_for(5 * SECOND);
    // It is told what the other wants, and asks its user.
    let state = &world.the_call(ALICE, call).state;
    assert!(matches!(state, CallState::Reviewing(_)), "{state:?}");
    assert_eq!((world.nodes[BOB].agent.calls().count(), world.wire.seen.len()), (0, 0));
}

#[test]
fn what_does_not_go_by_tcp_is_refused_with_the_remedy_before_anybody_rings() {
    for rules in ["none", "ipsec ah/transport//require", "ipsec esp/transport//require ah/transport//require"] {
        let mut world = world(["tcp"; 2], rules);
        let call = world.call(ALICE, name(BOB), None, 60);
        world.run_for(5 * SECOND);
        assert_eq!(failure(&world, call).code, "tcp-needs-esp", "{rules}");
        assert_eq!(world.nodes[BOB].agent.calls().count(), 0);
    }
}

#[test]
fn held_and_taken_up_again_it_stays_on_its_connection() {
    let mut world = world(["tcp"; 2], ESP);
    let calls = talking(&mut world);
    for wanted in [true, false] {
        world.command(ALICE, Command::Hold { call: calls[ALICE], wanted }).unwrap();
        world.run_for(5 * SECOND);
    }
    let said = descriptions(&world);
    assert!(said.len() >= 6, "{}", said.len());
    for later in &said[2..] {
        assert!(later.contains(" TCP/RTP/AVP ") && later.contains("a=connection:existing\r\n"), "{later}");
    }
    let before = received(&world, calls);
    world.run_for(5 * SECOND);
    assert!(received(&world, calls).iter().zip(before).all(|(now, before)| *now > before + 200));
}

/// New keys by the same connection.
#[test]
fn a_suite_that_is_named_later_rekeys_it() {
    let mut world = world(["tcp"; 2], ESP);
    let calls = talking(&mut world);
    let text = format!("spdadd any any tcp -P out {ESP}; # sv: priority=9 suites=aes-256-gcm");
    world.command(ALICE, Command::PolicyAdd { text }).unwrap();
    assert!(world
        .run_until(MINUTE, |world| { world.the_call(ALICE, calls[ALICE]).suite.as_deref() == Some("aes-256-gcm") }));
    let before = received(&world, calls);
    world.run_for(15 * SECOND);
    assert!(received(&world, calls).iter().zip(before).all(|(now, before)| *now > before + 700));
}

/// AH guards ports of UDP: nothing would pass any more.
#[test]
fn who_wants_ah_later_ends_it_and_is_told_why() {
    let mut world = world(["tcp"; 2], ESP);
    let calls = talking(&mut world);
    let text = format!("spdadd any any tcp -P out {ESP} ah/transport//require; # sv: priority=9");
    world.command(ALICE, Command::PolicyAdd { text }).unwrap();
    assert!(world.run_until(MINUTE, |world| world.call_is_over(ALICE, calls[ALICE])));
    assert_eq!(failure(&world, calls[ALICE]).code, "tcp-needs-esp");
}

#[test]
fn whoever_moves_ends_it_and_says_why() {
    let mut world = world(["tcp"; 2], ESP);
    let calls = talking(&mut world);
    world.moves(ALICE, "192.168.1.77", "02:00:00:00:00:01");
    world.run_for(2 * SECOND);
    assert_eq!(failure(&world, calls[ALICE]).code, "connection-moved");
}
