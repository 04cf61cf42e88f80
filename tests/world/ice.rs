//! What is said of ways through NATs in a call's descriptions: when, by whom, and that both begin their checks with the same words.

use std::time::Duration;

use sottovoce::agent::{Command, IceUse, NatConfig};
use sottovoce::ice::Start;
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;
use crate::negotiation::{config, ALICE, BOB, ESP};

const SECOND: Duration = Duration::from_secs(1);
const NAMES: [&str; 2] = ["alice@192.168.1.1", "bob@133.134.10.10"];

/// Alice, who has so much to do with ICE, calls Bob, who has so much.
fn talking(uses: [IceUse; 2], rules: &str) -> (World, [CallId; 2]) {
    let mut world = World::new(41, Link::GOOD);
    let stun = vec!["192.0.2.1:3478".to_owned()];
    let [alice, bob] = uses.map(|ice| NatConfig { ice, stun: stun.clone(), turn: None });
    let mut at_alice = config(ALICE);
    at_alice.nat = alice;
    at_alice.follows = true;
    let mut at_bob = agent("bob", "133.134.10.10", "none");
    at_bob.nat = bob;
    world.add("alice", at_alice);
    world.add("bob", at_bob);
    for node in [ALICE, BOB] {
        world.ask(node, NAMES[1 - node], Some(rules));
        world.run_for(10 * SECOND);
    }
    let call = world.call(ALICE, NAMES[BOB], None, 36_000);
    world.run_for(2 * SECOND);
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    (world, [call, theirs])
}

/// What each was told to begin with last.
fn starts(world: &World, calls: [CallId; 2]) -> [Option<Start>; 2] {
    [ALICE, BOB].map(|node| world.nodes[node].ice.get(&calls[node]).cloned().flatten())
}

/// What one has for its own the other has for his, and one of them decides.
fn assert_agree(world: &World, calls: [CallId; 2]) -> [Start; 2] {
    let [Some(alice), Some(bob)] = starts(world, calls) else { panic!("{:?}", starts(world, calls)) };
    let said = |start: &Start| (start.theirs.user.clone(), start.theirs.password.clone());
    let meant = |start: &Start| (start.ours.user.clone(), start.ours.password.clone());
    assert_eq!((said(&alice), said(&bob)), (meant(&bob), meant(&alice)));
    assert!(alice.controlling != bob.controlling);
    [alice, bob]
}

fn received(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).counters.received)
}

#[test]
fn a_server_of_stun_and_a_nat_on_the_way_have_it_offered_and_it_is_answered() {
    for uses in [[IceUse::Auto; 2], [IceUse::On; 2], [IceUse::On, IceUse::Auto]] {
        let (world, calls) = talking(uses, ESP);
        let [alice, bob] = assert_agree(&world, calls);
        assert!(alice.controlling);
        assert_eq!((alice.theirs.candidates.len(), bob.theirs.candidates.len()), (1, 1));
        let there = |node: usize| world.nodes[node].media[&calls[node]].local;
        assert_eq!((alice.described, bob.described), (there(BOB), there(ALICE)));
        assert!(received(&world, calls).iter().all(|received| *received > 20));
    }
}

#[test]
fn where_it_is_off_at_either_end_the_call_is_as_before() {
    for uses in [[IceUse::Off, IceUse::On], [IceUse::On, IceUse::Off]] {
        let (world, calls) = talking(uses, ESP);
        assert_eq!(starts(&world, calls), [None, None]);
        assert!(received(&world, calls).iter().all(|received| *received > 20));
    }
}

/// AH guards the addresses that were described.
#[test]
fn with_ah_there_are_no_checks() {
    let (world, calls) = talking([IceUse::On; 2], "ipsec ah/transport//require");
    assert_eq!(starts(&world, calls), [None, None]);
    assert!(received(&world, calls).iter().all(|received| *received > 20));
}

#[test]
fn hold_lets_the_checks_go_on_and_a_move_begins_them_anew() {
    let (mut world, calls) = talking([IceUse::On; 2], ESP);
    let before = assert_agree(&world, calls);
    for wanted in [true, false] {
        world.command(BOB, Command::Hold { call: calls[BOB], wanted }).unwrap();
        world.run_for(2 * SECOND);
        assert_eq!(assert_agree(&world, calls), before);
    }
    world.moves(ALICE, "10.0.0.7", "02:00:00:00:00:07");
    world.run_for(20 * SECOND);
    let after = assert_agree(&world, calls);
    for node in [ALICE, BOB] {
        assert_ne!(after[node].ours, before[node].ours, "both have new words (RFC 8445 section 9)");
    }
    assert_eq!(after[BOB].described.ip().to_string(), "10.0.0.7");
}
