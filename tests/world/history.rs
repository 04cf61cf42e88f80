//! What the history says became of a call, on both sides.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AnswerMode, CallRecord, CallResult, CallState, Command};
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const BOB: &str = "bob@192.168.1.2";

/// Alice, and Bob who answers so.
fn world(answer: AnswerMode) -> World {
    let mut world = World::new(331, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", AgentConfig { answer, ..agent("bob", "192.168.1.2", "none") });
    world
}

fn ringing(world: &mut World) -> (CallId, CallId) {
    let ours = world.call(0, BOB, Some("approve"), 5);
    let rings = |world: &World| world.nodes[1].agent.calls().any(|call| call.state == CallState::Incoming);
    assert!(world.run_until(MINUTE, rings));
    world.run_for(SECOND);
    (ours, world.nodes[1].agent.calls().last().unwrap().id)
}

/// What both sides keep of the only call, once it is over.
fn kept(world: &mut World, ours: CallId) -> [CallRecord; 2] {
    assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(0, ours)));
    world.run_for(SECOND);
    [0, 1].map(|node| world.nodes[node].store.calls.last().cloned().unwrap())
}

/// Who answers, or rejects, what talks already did not mistype the number.
#[test]
fn a_call_that_talks_is_answered_and_rejected_by_nobody() {
    let mut world = world(AnswerMode::Auto);
    let ours = world.call(0, BOB, Some("approve"), 5);
    assert!(world.run_until(MINUTE, |world| world.the_call(0, ours).state == CallState::Active));
    world.run_for(SECOND);
    let theirs = world.nodes[1].agent.calls().last().unwrap().id;
    for (node, call) in [(0, ours), (1, theirs)] {
        for what in [Command::AnswerCall { call }, Command::RejectCall { call }] {
            let refused = world.command(node, what).unwrap_err();
            assert_eq!(refused.code, "not-ringing");
            assert!(refused.message.contains("it runs already"), "{refused:?}");
        }
        assert_eq!(world.command(node, Command::AnswerCall { call: CallId(99) }).unwrap_err().code, "no-such-call");
    }
}

#[test]
fn a_call_that_was_talked_in_is_answered_and_has_its_time() {
    let mut world = world(AnswerMode::Auto);
    let ours = world.call(0, BOB, Some("approve"), 5);
    for record in kept(&mut world, ours) {
        assert_eq!(record.result, CallResult::Answered);
        let talked = record.ended.since(record.answered.unwrap());
        assert!(talked >= 5 * SECOND && talked < 6 * SECOND, "{talked:?}");
    }
}

#[test]
fn who_gives_up_has_nobody_answer_and_the_other_missed_it() {
    let mut world = world(AnswerMode::Prompt);
    let (ours, _) = ringing(&mut world);
    world.command(0, Command::Hangup { call: Some(ours) }).unwrap();
    let [alices, bobs] = kept(&mut world, ours);
    assert_eq!((alices.result, bobs.result), (CallResult::Unanswered, CallResult::Missed));
    assert_eq!((alices.answered, bobs.answered), (None, None));
}

#[test]
fn what_rings_until_its_end_is_missed() {
    let mut world = world(AnswerMode::Prompt);
    let (ours, _) = ringing(&mut world);
    let [alices, bobs] = kept(&mut world, ours);
    assert_eq!((alices.result, bobs.result), (CallResult::Unanswered, CallResult::Missed));
}

#[test]
fn a_call_that_the_user_did_not_want_is_refused_and_not_missed() {
    for hangs_up in [false, true] {
        let mut world = world(AnswerMode::Prompt);
        let (ours, theirs) = ringing(&mut world);
        let no = if hangs_up { Command::Hangup { call: Some(theirs) } } else { Command::RejectCall { call: theirs } };
        world.command(1, no).unwrap();
        let [_, bobs] = kept(&mut world, ours);
        assert_eq!(bobs.result, CallResult::Refused);
    }
    let mut world = world(AnswerMode::Reject);
    let ours = world.call(0, BOB, Some("approve"), 5);
    let [alices, bobs] = kept(&mut world, ours);
    assert_eq!((alices.result, bobs.result), (CallResult::Refused, CallResult::Refused));
}

#[test]
fn a_call_in_quiet_hours_is_missed() {
    let mut world = world(AnswerMode::Prompt);
    let until = Some(world.now.wall.saturating_add(MINUTE));
    world.command(1, Command::DoNotDisturb { until }).unwrap();
    world.run_for(SECOND);
    let ours = world.call(0, BOB, Some("approve"), 5);
    assert_eq!(kept(&mut world, ours)[1].result, CallResult::Missed);
}
