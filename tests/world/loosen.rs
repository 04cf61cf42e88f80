//! Both users agree to less while they talk (PROTOCOL sections 6 and 7): the running call goes on with that, and whatever is lost,
//! forgotten or taken back on the way, neither side sends a packet that the other refuses, and in doubt it stays as it was.

use std::time::Duration;

use sottovoce::agent::{Call, CallState, Command, Event, TakeBack};
use sottovoce::policy::Answer;
use sottovoce::vocab::{CallId, Entity};

use crate::common::config::agent;
use crate::common::node::Dies;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::negotiation::{
    answer_theirs, call, config, considered, friends, in_force, name, pending, propose, proposing, ALICE, BOB, ESP,
    MINUTE,
};

const SECOND: Duration = Duration::from_secs(1);
const AH: &str = "ipsec ah/transport//require";
const BOTH: &str = "ipsec esp/transport//require ah/transport//require";

/// Both have approved each other, and talk under ESP: Alice has called.
fn talking(seed: u64) -> (World, [CallId; 2]) {
    let mut world = friends(seed, Link::GOOD);
    let call = world.call(ALICE, name(BOB), None, 36_000);
    let active = |world: &World| {
        let theirs = world.nodes[BOB].agent.calls().last();
        world.the_call(ALICE, call).state == CallState::Active && theirs.is_some_and(|c| c.state == CallState::Active)
    };
    assert!(world.run_until(MINUTE, active), "{:?}", world.the_call(ALICE, call));
    world.run_for(SECOND);
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    assert_eq!(bundles(&world, [call, theirs]), ["esp"; 2]);
    (world, [call, theirs])
}

fn bundles(world: &World, calls: [CallId; 2]) -> [&str; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).bundle.as_str())
}

fn until_considered(world: &mut World, node: usize) {
    assert!(world.run_until(5 * MINUTE, |world| considered(world, node).is_some()), "it came");
}

fn dropped(call: &Call) -> u64 {
    call.counters.dropped.values().sum()
}

/// Packets of sound that a side has sent and the other has not received, those on their way left in.
fn lost(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    let counted = |node: usize| &world.the_call(node, calls[node]).counters;
    [(ALICE, BOB), (BOB, ALICE)].map(|(from, to)| counted(from).sent.saturating_sub(counted(to).received))
}

fn offers(world: &World, since: usize) -> usize {
    let is_invite = |parcel: &&Parcel| matches!(parcel, Parcel::Sip { bytes, .. } if bytes.starts_with(b"INVITE "));
    world.wire.overheard[since..].iter().filter(is_invite).count()
}

fn in_clear(world: &World, since: usize) -> usize {
    world.wire.seen[since..].iter().filter(|bytes| bytes[0] < 192).count()
}

#[test]
fn what_the_peer_accepts_loosens_the_running_call_on_both_sides() {
    for (who, rules, bundle) in [(ALICE, "none", "none"), (BOB, "none", "none"), (ALICE, AH, "ah"), (BOB, AH, "ah")] {
        let (mut world, calls) = talking(1);
        propose(&mut world, who, rules).unwrap();
        until_considered(&mut world, 1 - who);
        world.run_for(5 * SECOND);
        let (before, seen) = (world.wire.overheard.len(), world.wire.seen.len());
        assert_eq!(bundles(&world, calls), ["esp"; 2], "until he has decided nothing changes");
        answer_theirs(&mut world, 1 - who, Answer::Approve);
        world.run_for(3 * SECOND);
        assert_eq!(bundles(&world, calls), [bundle; 2], "{who} {rules}");
        assert_eq!([ALICE, BOB].map(|node| in_force(&world, node)), [rules; 2]);
        assert_eq!(pending(&world, 1 - who), None, "it is used");
        world.run_for(20 * SECOND);
        assert_eq!(offers(&world, before), 1, "and is not offered again");
        assert!(lost(&world, calls).iter().all(|lost| *lost <= 1), "on their way: {:?}", lost(&world, calls));
        assert_eq!([ALICE, BOB].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
        assert_eq!(in_clear(&world, seen) > 1000, bundle == "none");
        // What is tightened again afterwards starts from there.
        world.command(1 - who, Command::Tighten { call: calls[1 - who], rules: rules_of(ESP) }).unwrap();
        world.run_for(3 * SECOND);
        let again = if bundle == "none" { "esp" } else { "ah+esp" };
        assert_eq!(bundles(&world, calls), [again; 2]);
    }
}

pub fn rules_of(text: &str) -> Option<sottovoce::policy::Action> {
    Some(sottovoce::policy::setkey::parse_action(text).unwrap())
}

#[test]
fn what_the_peer_refuses_leaves_the_call_as_it_is() {
    let (mut world, calls) = talking(2);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    let (before, seen) = (world.wire.overheard.len(), world.wire.seen.len());
    answer_theirs(&mut world, BOB, Answer::Refuse);
    world.run_for(10 * SECOND);
    assert_eq!((bundles(&world, calls), offers(&world, before), in_clear(&world, seen)), (["esp"; 2], 0, 0));
}

/// Bob would take something else, and Alice takes that.
#[test]
fn a_counter_proposal_that_is_approved_loosens_the_call_too() {
    let (mut world, calls) = talking(3);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, proposing(AH));
    world.run_for(3 * SECOND);
    assert_eq!(bundles(&world, calls), ["esp"; 2], "Alice has not agreed to that yet");
    let review = world.nodes[ALICE].agent.reviews().last().unwrap().id;
    world.command(ALICE, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    world.run_for(3 * SECOND);
    assert_eq!(bundles(&world, calls), ["ah"; 2]);
    assert_eq!([ALICE, BOB].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
}

/// An offer of less without an agreement gets what the entries of whoever answers demand, and not less.
#[test]
fn what_is_taken_back_before_it_is_used_stays_tight() {
    let (mut world, calls) = talking(4);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    let seen = world.wire.seen.len();
    answer_theirs(&mut world, BOB, Answer::Approve);
    let alice = Entity::parse("sip:alice@192.168.1.1").unwrap();
    world.command(BOB, Command::TakeBack(TakeBack::Agreed(alice))).unwrap();
    let before = world.wire.overheard.len();
    world.run_for(10 * SECOND);
    assert_eq!((in_force(&world, ALICE), in_force(&world, BOB)), ("none".into(), ESP.into()));
    assert_eq!((offers(&world, before), bundles(&world, calls), in_clear(&world, seen)), (1, ["esp"; 2], 0));
    assert_eq!([ALICE, BOB].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
}

/// One is private and one is not, so a NAT stands between, and changes the address that packets in clear would have to come from.
#[test]
fn across_a_nat_what_is_sealed_stays_so() {
    for who in [ALICE, BOB] {
        let mut world = World::new(12, Link::GOOD);
        world.add("alice", config(ALICE));
        world.add("bob", agent("bob", "133.134.10.10", ESP));
        let names = ["alice@192.168.1.1", "bob@133.134.10.10"];
        for node in [ALICE, BOB] {
            world.ask(node, names[1 - node], Some("approve"));
            world.run_for(10 * SECOND);
        }
        let call = world.call(ALICE, names[BOB], None, 36_000);
        world.run_for(5 * SECOND);
        let calls = [call, world.nodes[BOB].agent.calls().last().unwrap().id];
        assert_eq!(bundles(&world, calls), ["esp"; 2]);
        let relax = Command::Relax { call: calls[who], rules: rules_of("none"), note: None };
        world.command(who, relax).unwrap();
        until_considered(&mut world, 1 - who);
        answer_theirs(&mut world, 1 - who, Answer::Approve);
        world.run_for(30 * SECOND);
        assert_eq!(bundles(&world, calls), ["esp"; 2], "{who}");
        assert_eq!([ALICE, BOB].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
        assert!(lost(&world, calls).iter().all(|lost| *lost <= 2));
    }
}

/// Somebody on the way refuses the offer: what runs is more than Alice demands, so the call goes on.
#[test]
fn a_refused_offer_of_less_ends_nothing() {
    let (mut world, calls) = talking(5);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    world.forge_refusals = Some("192.168.1.2".parse().unwrap());
    answer_theirs(&mut world, BOB, Answer::Approve);
    world.run_for(10 * SECOND);
    let call = world.the_call(ALICE, calls[ALICE]);
    assert_eq!((call.state.clone(), bundles(&world, calls), call.rekeying), (CallState::Active, ["esp"; 2], false));
    let told = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == "not-loosened");
    assert_eq!(world.nodes[ALICE].events.iter().filter(told).count(), 1);
    assert_eq!(self::pending(&world, BOB), Some("none".into()), "and the next call may use it");
}

/// The accepter tightens in the moment in which the proposer loosens.
#[test]
fn the_tighter_of_two_wishes_that_meet_holds() {
    for seed in 0..6 {
        let (mut world, calls) = talking(20 + seed);
        propose(&mut world, ALICE, "none").unwrap();
        until_considered(&mut world, BOB);
        answer_theirs(&mut world, BOB, Answer::Approve);
        world.run_for(Duration::from_millis(5 * seed));
        world.command(BOB, Command::Tighten { call: calls[BOB], rules: rules_of(BOTH) }).unwrap();
        world.run_for(30 * SECOND);
        assert_eq!(bundles(&world, calls), ["ah+esp"; 2], "{seed}");
        assert!(lost(&world, calls).iter().all(|lost| *lost <= 2), "{seed}: {:?}", lost(&world, calls));
        // Under keys of before the last but one, of which there is one packet on its way at most.
        for node in [ALICE, BOB] {
            let mut all = world.the_call(node, calls[node]).counters.dropped.clone();
            all.retain(|reason, many| *reason != "unknown-spi" || *many > 1);
            assert!(all.is_empty(), "{seed}: {all:?}");
        }
    }
}

#[test]
fn a_held_call_is_loosened_and_stays_on_hold() {
    let (mut world, calls) = talking(7);
    world.command(ALICE, Command::Hold { call: calls[ALICE], wanted: true }).unwrap();
    world.run_for(2 * SECOND);
    propose(&mut world, BOB, "none").unwrap();
    until_considered(&mut world, ALICE);
    answer_theirs(&mut world, ALICE, Answer::Approve);
    world.run_for(10 * SECOND);
    assert_eq!(bundles(&world, calls), ["none"; 2]);
    assert!(world.the_call(ALICE, calls[ALICE]).on_hold);
    world.command(ALICE, Command::Hold { call: calls[ALICE], wanted: false }).unwrap();
    world.run_for(20 * SECOND);
    assert_eq!([ALICE, BOB].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
    assert!(lost(&world, calls).iter().all(|lost| *lost <= 1));
}

/// What was agreed while a call is being set up rules that call as well.
#[test]
fn a_call_that_stands_in_that_moment_is_loosened_when_it_does() {
    for delay in [0, 10, 20, 30, 40, 60] {
        let mut world = friends(8, Link::GOOD);
        propose(&mut world, ALICE, "none").unwrap();
        until_considered(&mut world, BOB);
        answer_theirs(&mut world, BOB, Answer::Approve);
        world.run_for(Duration::from_millis(delay));
        let call = world.call(ALICE, name(BOB), None, 36_000);
        world.run_for(10 * SECOND);
        let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
        assert_eq!(bundles(&world, [call, theirs]), ["none"; 2], "{delay} ms");
        assert_eq!(dropped(world.the_call(ALICE, call)) + dropped(world.the_call(BOB, theirs)), 0);
    }
}

/// A fifth is lost, the rest comes twice at times and out of order.
#[test]
fn over_a_bad_network_no_packet_falls_to_the_policy_of_the_other_side() {
    let (mut loosened, mut tight) = (0, 0);
    for seed in 0..24 {
        let (mut world, calls) = talking(100 + seed);
        world.wire.link = Link::lossy(20).without_tcp();
        let who = (seed % 2) as usize;
        let rules = if seed % 3 == 0 { AH } else { "none" };
        propose(&mut world, who, rules).unwrap();
        until_considered(&mut world, 1 - who);
        answer_theirs(&mut world, 1 - who, Answer::Approve);
        world.run_for(MINUTE);
        for node in [ALICE, BOB] {
            let call = world.the_call(node, calls[node]);
            // A packet in clear that came before its time would be `policy`, one that stays here `unprotected`.
            for reason in ["policy", "unprotected", "forbidden", "source"] {
                assert_eq!(call.counters.dropped.get(reason), None, "{seed}: {call:?}");
            }
        }
        match bundles(&world, calls) {
            ["esp", "esp"] => tight += 1,
            [a, b] if a == b => loosened += 1,
            // One side has ended it, because nothing of SIP came through for so long.
            _ => assert!([ALICE, BOB].into_iter().any(|node| world.call_is_over(node, calls[node])), "{seed}"),
        }
    }
    assert!(loosened >= 18, "{loosened} loosened, {tight} as they were");
}

/// Either side's process ends after any of the messages; what it comes to is the next calls' matter.
#[test]
fn either_side_may_die_at_any_message() {
    for victim in [ALICE, BOB] {
        for messages in 0..16 {
            let what = format!("{victim} dies after {messages} messages");
            let (mut world, calls) = talking(200);
            propose(&mut world, ALICE, "none").unwrap();
            until_considered(&mut world, BOB);
            answer_theirs(&mut world, BOB, Answer::Approve);
            let (seen, before) = (world.wire.seen.len(), world.wire.overheard.len());
            world.run_until(10 * SECOND, |world| world.wire.overheard.len() >= before + messages);
            let answered = bundles(&world, calls)[BOB] == "none";
            let clear = in_clear(&world, seen);
            world.restart(victim, config(victim));
            let survivor = 1 - victim;
            world.run_until(3 * MINUTE, |world| world.call_is_over(survivor, calls[survivor]));
            assert!(world.call_is_over(survivor, calls[survivor]), "{what}");
            let call_of = world.the_call(survivor, calls[survivor]);
            assert_eq!(call_of.counters.dropped.get("policy"), None, "{what}: {call_of:?}");
            assert!(answered || clear == 0 && in_clear(&world, seen) == 0, "{what}: clear before both had agreed");
            for node in [ALICE, BOB] {
                let outcome = call(&mut world, node);
                assert!(matches!(outcome.as_deref(), Ok("none" | "esp")), "{what}: {outcome:?}");
            }
        }
    }
}

/// Bob's disk takes what was agreed, and he dies before or after that: his answer was not sent, so nothing is loosened.
#[test]
fn whoever_dies_before_it_is_durable_has_answered_nothing() {
    for durable in [false, true] {
        let (mut world, calls) = talking(9);
        propose(&mut world, ALICE, "none").unwrap();
        until_considered(&mut world, BOB);
        answer_theirs(&mut world, BOB, Answer::Approve);
        let seen = world.wire.seen.len();
        let registered = world.run_until(MINUTE, |world| in_force(world, ALICE) == "none");
        assert!(registered && pending(&world, BOB).is_some());
        world.nodes[BOB].dies = Some(Dies { at: world.nodes[BOB].stored, durable });
        assert!(world.run_until(MINUTE, |world| world.nodes[BOB].dead), "at the offer");
        world.restart(BOB, config(BOB));
        assert!(world.run_until(3 * MINUTE, |world| world.call_is_over(ALICE, calls[ALICE])));
        assert_eq!(in_clear(&world, seen), 0);
        assert_eq!(call(&mut world, ALICE).unwrap(), "none", "a new call uses it");
    }
}
