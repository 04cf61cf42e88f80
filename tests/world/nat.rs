//! Media through a NAT that nobody told the agents of: what does not survive it is said, and what helps does help.

use std::time::Duration;

use sottovoce::agent::{Command, Event};
use sottovoce::policy::Answer;
use sottovoce::vocab::{CallId, FailureKind};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::loosen::rules_of;
use crate::negotiation::{answer_theirs, config, considered, ALICE, BOB, ESP, MINUTE};

const SECOND: Duration = Duration::from_secs(1);
const AH: &str = "ipsec ah/transport//require";
const BOTH: &str = "ipsec esp/transport//require ah/transport//require";
const NAMES: [&str; 2] = ["alice@192.168.1.1", "bob@133.134.10.10"];

/// Alice is behind a NAT, Bob is not; both have approved the rules. Who calls whom, and both calls.
fn talking(rules: &str, caller: usize) -> (World, [CallId; 2]) {
    talking_by(rules, caller, true)
}

fn talking_by(rules: &str, caller: usize, nat: bool) -> (World, [CallId; 2]) {
    let mut world = World::new(40, Link::GOOD);
    world.add("alice", config(ALICE));
    world.add("bob", agent("bob", "133.134.10.10", "none"));
    translate(&mut world, nat);
    for node in [ALICE, BOB] {
        world.ask(node, NAMES[1 - node], Some(rules));
        world.run_for(10 * SECOND);
    }
    let call = world.call(caller, NAMES[1 - caller], None, 36_000);
    world.run_for(2 * SECOND);
    let theirs = world.nodes[1 - caller].agent.calls().last().unwrap().id;
    let calls = if caller == ALICE { [call, theirs] } else { [theirs, call] };
    (world, calls)
}

fn translate(world: &mut World, nat: bool) {
    world.wire.nat = nat.then(|| ("192.168.1.1".parse().unwrap(), "133.134.10.254".parse().unwrap()));
}

fn told<'a>(world: &'a World, node: usize) -> Vec<(FailureKind, &'a str)> {
    let notice = |event: &'a Event| match event {
        Event::Notice(failure) => (failure.code == "spoiled-by-nat").then_some((failure.kind, failure.next.as_str())),
        _ => None,
    };
    world.nodes[node].events.iter().filter_map(notice).collect()
}

fn received(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).counters.received)
}

fn bundles(world: &World, calls: [CallId; 2]) -> [&str; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).bundle.as_str())
}

#[test]
fn esp_comes_through_without_a_word() {
    for caller in [ALICE, BOB] {
        let (mut world, calls) = talking(ESP, caller);
        world.run_for(20 * SECOND);
        assert_eq!([told(&world, ALICE), told(&world, BOB)], [vec![], vec![]]);
        assert!(received(&world, calls).iter().all(|received| *received > 900), "{caller}");
    }
}

/// Who is outside sees packets that it does not believe, who is behind the NAT sees none.
#[test]
fn ah_is_said_to_be_spoiled_at_both_ends_and_esp_alone_helps() {
    for (rules, bundle) in [(BOTH, "ah+esp"), (AH, "ah")] {
        for caller in [ALICE, BOB] {
            let (mut world, calls) = talking(rules, caller);
            let [fact] = told(&world, BOB)[..] else { panic!("{rules} {caller}: {:?}", told(&world, BOB)) };
            assert_eq!(fact.0, FailureKind::Trust);
            assert_eq!(told(&world, ALICE), [], "it may be that he says nothing");
            world.run_for(5 * SECOND);
            let [guess] = told(&world, ALICE)[..] else { panic!("{rules} {caller}") };
            assert_eq!(guess.0, FailureKind::Unreachable);
            world.run_for(5 * SECOND);
            assert_eq!((told(&world, ALICE).len(), told(&world, BOB).len()), (1, 1), "once a call");
            assert!([ALICE, BOB].iter().all(|node| world.the_call(*node, calls[*node]).unheard.is_some()));
            assert_eq!((received(&world, calls), bundles(&world, calls)), ([0, 0], [bundle; 2]));
        }
    }
    let (mut world, calls) = talking(BOTH, ALICE);
    world.run_for(6 * SECOND);
    let advised = format!("`sottovoce relax {} '{ESP}'`", calls[ALICE]);
    assert!(told(&world, ALICE)[0].1.contains(&advised), "{:?}", told(&world, ALICE));
    world.command(ALICE, Command::Relax { call: calls[ALICE], rules: rules_of(ESP), note: None }).unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()));
    answer_theirs(&mut world, BOB, Answer::Approve);
    world.run_for(5 * SECOND);
    assert_eq!(bundles(&world, calls), ["esp"; 2]);
    assert!(received(&world, calls).iter().all(|received| *received > 100));
}

#[test]
fn what_is_in_clear_is_said_to_be_spoiled_and_tightening_helps() {
    let (mut world, calls) = talking("none", ALICE);
    let [fact] = told(&world, BOB)[..] else { panic!("{:?}", told(&world, BOB)) };
    assert_eq!(fact.0, FailureKind::Trust);
    assert!(fact.1.contains(&format!("`sottovoce tighten {} '{ESP}'`", calls[BOB])), "{fact:?}");
    world.run_for(5 * SECOND);
    assert_eq!((told(&world, ALICE).len(), received(&world, calls), bundles(&world, calls)), (1, [0, 0], ["none"; 2]));
    world.command(BOB, Command::Tighten { call: calls[BOB], rules: rules_of(ESP) }).unwrap();
    world.run_for(5 * SECOND);
    assert!([ALICE, BOB].iter().all(|node| world.the_call(*node, calls[*node]).unheard.is_none()));
    assert_eq!(bundles(&world, calls), ["esp"; 2]);
    assert!(received(&world, calls).iter().all(|received| *received > 100), "{:?}", received(&world, calls));
}

/// So many packets that are not Bob's, within a tenth of a second.
fn forge(world: &mut World, call: CallId) {
    let to = world.nodes[ALICE].media[&call].local;
    for number in 0..60u8 {
        let mut bytes = vec![0x80, 0, 0, number];
        bytes.resize(172, 0x55);
        world.wire.send(world.now.mono, Parcel::Media { from: "198.51.100.66:4000".parse().unwrap(), to, bytes });
    }
    world.run_for(SECOND / 10);
}

/// A call that is held is as quiet as one that is spoiled, and anybody can send to it.
#[test]
fn forgeries_tell_of_no_nat_while_the_call_is_held_or_the_peer_is_heard() {
    let (mut world, calls) = talking_by("none", ALICE, false);
    forge(&mut world, calls[ALICE]);
    world.run_for(2 * SECOND);
    world.command(BOB, Command::Hold { call: calls[BOB], wanted: true }).unwrap();
    world.run_for(2 * SECOND);
    assert!(world.the_call(ALICE, calls[ALICE]).held_by_peer);
    for _ in 0..20 {
        forge(&mut world, calls[ALICE]);
        world.run_for(SECOND);
    }
    let counters = &world.the_call(ALICE, calls[ALICE]).counters;
    assert!(counters.dropped.get("source").is_some_and(|dropped| *dropped >= 1000), "{counters:?}");
    assert_eq!(told(&world, ALICE), []);
}

/// What was heard again makes it news again.
#[test]
fn a_nat_that_comes_later_and_once_more_is_told_each_time() {
    let (mut world, _) = talking_by("none", ALICE, false);
    for times in 1..=2 {
        translate(&mut world, true);
        world.run_for(4 * SECOND);
        assert_eq!(told(&world, BOB).len(), times - 1, "a few may be lost");
        world.run_for(3 * SECOND);
        assert_eq!(told(&world, BOB).len(), times);
        translate(&mut world, false);
        world.run_for(2 * SECOND);
    }
}
