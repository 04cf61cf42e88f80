//! A call that comes while our user has one, and calls that are answered without asking him.

use std::time::Duration;

use sottovoce::agent::{
    AgentConfig, AnswerMode, Answering, Call, CallResult, CallState, CallWaiting, Command, ContactChange,
    ContactCommand,
};
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

/// Bob is asked about calls; what else rules them is `answering`.
fn world(answering: Answering) -> World {
    let mut world = World::new(577, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    let bob = agent("bob", "192.168.1.2", "none");
    world.add("bob", AgentConfig { answer: AnswerMode::Prompt, answering, ..bob });
    world.add("carol", agent("carol", "192.168.1.3", "none"));
    world
}

fn newest(world: &World) -> Option<&Call> {
    world.nodes[BOB].agent.calls().last()
}

/// Somebody calls Bob: the call there, and here, once it rings or is over.
fn calls_bob(world: &mut World, from: usize) -> [CallId; 2] {
    let before = newest(world).map(|call| call.id);
    let ours = world.call(from, "bob@192.168.1.2", Some("approve"), 3600);
    let came = |world: &World| newest(world).map(|call| call.id) > before;
    assert!(world.run_until(MINUTE, came), "{:?}", world.the_call(from, ours));
    world.run_for(SECOND);
    [ours, newest(world).unwrap().id]
}

/// Alice and Bob talk, and Carol calls him.
fn second_call(answering: Answering) -> (World, [CallId; 2], [CallId; 2]) {
    let mut world = world(answering);
    let first = calls_bob(&mut world, ALICE);
    world.command(BOB, Command::AnswerCall { call: first[1] }).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(world.the_call(BOB, first[1]).state, CallState::Active);
    let second = calls_bob(&mut world, CAROL);
    (world, first, second)
}

#[test]
fn a_second_call_rings_and_names_the_first_which_goes_on() {
    let (mut world, first, second) = second_call(Answering::default());
    let waiting = world.the_call(BOB, second[1]);
    assert_eq!((&waiting.state, waiting.behind), (&CallState::Incoming, Some(first[1])));
    assert_eq!(world.the_call(BOB, first[1]).behind, None);
    let heard = world.the_call(ALICE, first[0]).counters.received;
    // Nobody does anything.
    world.run_for(30 * SECOND);
    assert!(world.the_call(ALICE, first[0]).counters.received >= heard + 29 * 50);
    world.command(CAROL, Command::Hangup { call: Some(second[0]) }).unwrap();
    world.run_for(SECOND);
    assert_eq!(world.nodes[BOB].store.calls.last().unwrap().result, CallResult::Missed);
    assert_eq!(world.the_call(BOB, first[1]).state, CallState::Active);
}

#[test]
fn who_answers_it_holds_the_first_and_takes_that_up_again_later() {
    let (mut world, first, second) = second_call(Answering::default());
    world.command(BOB, Command::AnswerCall { call: second[1] }).unwrap();
    world.run_for(2 * SECOND);
    let on_hold = |world: &World| [first, second].map(|[_, call]| world.the_call(BOB, call).on_hold);
    assert_eq!(world.the_call(BOB, second[1]).state, CallState::Active);
    assert_eq!(on_hold(&world), [true, false]);
    assert!(world.the_call(ALICE, first[0]).held_by_peer);
    let heard = world.the_call(ALICE, first[0]).counters.received;
    world.run_for(5 * SECOND);
    assert_eq!(world.the_call(ALICE, first[0]).counters.received, heard, "nothing of the second is heard in the first");
    world.command(BOB, Command::Hangup { call: Some(second[1]) }).unwrap();
    world.command(BOB, Command::Hold { call: first[1], wanted: false }).unwrap();
    world.run_for(5 * SECOND);
    assert!(world.the_call(ALICE, first[0]).counters.received > heard + 150);
}

#[test]
fn who_goes_back_to_the_first_holds_the_second_unless_all_three_talk() {
    let (mut world, first, second) = second_call(Answering::default());
    let on_hold = |world: &World| [first, second].map(|[_, call]| world.the_call(BOB, call).on_hold);
    world.command(BOB, Command::AnswerCall { call: second[1] }).unwrap();
    world.run_for(2 * SECOND);
    world.command(BOB, Command::Hold { call: first[1], wanted: false }).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(on_hold(&world), [false, true]);
    world.command(BOB, Command::Confer { calls: [first[1], second[1]] }).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(on_hold(&world), [false, false]);
    world.command(BOB, Command::Hold { call: first[1], wanted: false }).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(on_hold(&world), [false, false], "it was not held: all three talk on");
}

#[test]
fn who_rejects_it_says_that_he_is_busy_and_talks_on() {
    let (mut world, first, second) = second_call(Answering::default());
    world.command(BOB, Command::RejectCall { call: second[1] }).unwrap();
    world.run_for(2 * SECOND);
    assert!(told(&world, second[0]).contains("486"), "{}", told(&world, second[0]));
    assert_eq!(world.nodes[BOB].store.calls.last().unwrap().result, CallResult::Refused);
    let call = world.the_call(BOB, first[1]);
    assert_eq!((&call.state, call.on_hold), (&CallState::Active, false));
}

#[test]
fn who_wants_no_second_call_is_busy_and_finds_it_among_those_he_missed() {
    let busy = || Answering { waiting: CallWaiting::Busy, ..Answering::default() };
    let (mut world, first, second) = second_call(busy());
    assert!(told(&world, second[0]).contains("486"), "{}", told(&world, second[0]));
    let kept = world.nodes[BOB].store.calls.last().unwrap();
    assert_eq!((kept.result, kept.outcome.as_str()), (CallResult::Missed, "you were busy: call c1 runs"));
    world.command(BOB, Command::Hangup { call: Some(first[1]) }).unwrap();
    world.run_for(SECOND);
    let [_, third] = calls_bob(&mut world, CAROL);
    assert_eq!(world.the_call(BOB, third).state, CallState::Incoming, "when nobody talks it rings");
}

/// Why Carol's call came to nothing.
fn told(world: &World, call: CallId) -> String {
    match &world.the_call(CAROL, call).state {
        CallState::Failed(failure) => failure.message.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_contact_of_a_group_is_answered_by_itself_where_its_keys_prove_it_and_nobody_talks() {
    let by_group = Answering { groups: vec!["friend".into()], ..Answering::default() };
    let by_name = Answering { contacts: vec!["alice".into()], ..Answering::default() };
    for answering in [by_group, by_name] {
        let mut world = world(answering);
        let change = ContactChange { group: Some("friend".into()), ..ContactChange::default() };
        let peer = "sip:alice@192.168.1.1".into();
        let add = ContactCommand::Add { name: "Alice".into(), peer, change };
        world.command(BOB, Command::Contact(add)).unwrap();
        world.run_for(SECOND);
        let state = |world: &World, call| world.the_call(BOB, call).state.clone();
        let [ours, unproven] = calls_bob(&mut world, ALICE);
        assert_eq!(state(&world, unproven), CallState::Incoming, "Bob has not approved her keys");
        world.command(ALICE, Command::Hangup { call: Some(ours) }).unwrap();
        let ask = world.ask(BOB, "alice", Some("approve"));
        let registered = |world: &World| world.the_ask(BOB, ask).review.is_some();
        assert!(world.run_until(MINUTE, registered));
        world.run_for(SECOND);
        let [ours, by_itself] = calls_bob(&mut world, ALICE);
        assert_eq!(state(&world, by_itself), CallState::Active);
        world.command(ALICE, Command::Hangup { call: Some(ours) }).unwrap();
        world.run_for(SECOND);
        let [_, carols] = calls_bob(&mut world, CAROL);
        assert_eq!(state(&world, carols), CallState::Incoming, "no contact");
        world.command(BOB, Command::AnswerCall { call: carols }).unwrap();
        world.run_for(SECOND);
        let [_, second] = calls_bob(&mut world, ALICE);
        assert_eq!(state(&world, second), CallState::Incoming, "Bob talks");
        world.command(BOB, Command::Hangup { call: None }).unwrap();
        let until = Some(world.now.wall.saturating_add(MINUTE));
        world.command(BOB, Command::DoNotDisturb { until }).unwrap();
        world.run_for(SECOND);
        let [_, quiet] = calls_bob(&mut world, ALICE);
        assert!(matches!(state(&world, quiet), CallState::Ended { .. }), "it is quiet");
    }
}
