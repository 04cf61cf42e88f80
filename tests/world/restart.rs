//! What was taken once is not taken again after a restart, and what is new is.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, CallState, Event, UnknownWatchers};
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// Answers whom his user approved, and nobody else.
fn bob() -> AgentConfig {
    let mut config = agent("bob", "192.168.1.2", "none");
    config.unknown_watchers = UnknownWatchers::Block;
    config
}

/// Both have approved each other, and Bob's database is on a disk.
fn friends() -> (World, usize, usize) {
    let mut world = World::new(21, Link::GOOD);
    let alice = world.add("alice", agent("alice", "192.168.1.1", "none"));
    let bob = world.add_on_disk("bob", bob());
    approve(&mut world, bob, "alice@192.168.1.1");
    approve(&mut world, alice, "bob@192.168.1.2");
    world.run_for(MINUTE);
    (world, alice, bob)
}

fn approve(world: &mut World, node: usize, peer: &str) {
    let ask = world.ask(node, peer, Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(node, ask).state);
}

fn call(world: &mut World, alice: usize) -> CallId {
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
    world.run_for(Duration::from_secs(1));
    call
}

/// The last message that began so.
fn overheard(world: &World, start: &str) -> Parcel {
    let begins = |parcel: &&Parcel| matches!(parcel, Parcel::Sip { bytes, .. } if bytes.starts_with(start.as_bytes()));
    world.wire.overheard.iter().rev().find(begins).expect("it was sent").clone()
}

/// Somebody sends it again; says the first line of what Bob answers.
fn replayed(world: &mut World, parcel: Parcel) -> String {
    let before = world.wire.overheard.len() + 1;
    world.wire.send(world.now.mono, parcel);
    assert!(world.run_until(MINUTE, |world| world.wire.overheard.len() > before), "Bob answers");
    let Parcel::Sip { bytes, .. } = &world.wire.overheard[before] else { panic!() };
    String::from_utf8_lossy(bytes).lines().next().unwrap().to_owned()
}

#[test]
fn a_request_that_is_replayed_after_a_restart_is_a_stranger_s() {
    let (mut world, alice, bob_node) = friends();
    let request = overheard(&world, "SUBSCRIBE sip:bob");
    world.restart(bob_node, bob());
    assert!(replayed(&mut world, request).starts_with("SIP/2.0 403"));
    approve(&mut world, alice, "bob@192.168.1.2");
}

#[test]
fn an_offer_that_is_replayed_after_a_restart_does_not_ring() {
    let (mut world, alice, bob_node) = friends();
    call(&mut world, alice);
    let invite = overheard(&world, "INVITE sip:bob");
    world.restart(bob_node, bob());
    assert!(replayed(&mut world, invite).starts_with("SIP/2.0 488"));
    assert_eq!(world.nodes[bob_node].agent.calls().count(), 0);
    let again = call(&mut world, alice);
    assert!(
        matches!(world.the_call(alice, again).state, CallState::Ended { .. }),
        "{:?}",
        world.the_call(alice, again)
    );
    let theirs = world.nodes[bob_node].agent.calls().last().unwrap();
    assert!(theirs.known && theirs.counters.received > 0, "{theirs:?}");
}

/// An answer that comes late must not approve another peer.
#[test]
fn the_number_of_a_review_is_not_given_again_after_a_restart() {
    let (mut world, _, bob_node) = friends();
    world.add("carol", agent("carol", "192.168.1.3", "none"));
    let reviews = |world: &World| world.nodes[bob_node].agent.reviews().map(|review| review.id).collect::<Vec<_>>();
    let before = reviews(&world);
    world.restart(bob_node, bob());
    assert!(reviews(&world).is_empty());
    world.ask(bob_node, "carol@192.168.1.3", None);
    assert!(world.run_until(MINUTE, |world| !reviews(world).is_empty()));
    assert_eq!(reviews(&world)[0].0, before.last().unwrap().0 + 1, "{before:?}");
}

#[test]
fn a_disk_that_keeps_nothing_is_told_of_friends_and_not_of_strangers() {
    let mut world = World::new(22, Link::GOOD);
    let alice = world.add("alice", agent("alice", "192.168.1.1", "none"));
    let bob = world.add("bob", agent("bob", "192.168.1.2", "none"));
    let carol = world.add("carol", agent("carol", "192.168.1.3", "none"));
    approve(&mut world, bob, "alice@192.168.1.1");
    world.nodes[bob].store.full = true;
    for (asker, told) in [(carol, 0), (alice, 2)] {
        world.nodes[bob].events.clear();
        approve(&mut world, asker, "bob@192.168.1.2");
        let notices = world.nodes[bob].events.iter().filter(|event| matches!(event, Event::Notice(_)));
        assert_eq!(notices.count(), told, "the nonce that counts once, and the statement that was given");
    }
}
