//! Two calls put together, and calls that are recorded: what the user may do when, and how it ends.

use std::time::Duration;

use sottovoce::agent::{CallRecording, CallState, Command, Done, Event};
use sottovoce::vocab::{CallId, Failure, FailureKind};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Alice talks with Bob and with Carol.
fn talking() -> (World, [CallId; 2]) {
    let mut world = World::new(811, Link::GOOD);
    for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2"), ("carol", "192.168.1.3")] {
        world.add(name, agent(name, address, "none"));
    }
    let calls = ["bob@192.168.1.2", "carol@192.168.1.3"].map(|peer| {
        let call = world.call(0, peer, Some("approve"), 3600);
        assert!(world.run_until(MINUTE, |world| world.the_call(0, call).state == CallState::Active));
        call
    });
    world.run_for(SECOND);
    (world, calls)
}

fn conference(world: &World, calls: [CallId; 2]) -> [Option<CallId>; 2] {
    calls.map(|call| world.the_call(0, call).conference)
}

#[test]
fn two_calls_are_put_together_until_one_ends_and_the_other_goes_on() {
    let (mut world, [first, second]) = talking();
    let calls = [first, second];
    world.command(0, Command::Confer { calls }).unwrap();
    assert_eq!(conference(&world, calls), [Some(second), Some(first)]);
    assert_eq!(world.nodes[0].bridged, [calls]);
    assert_eq!(world.command(0, Command::Confer { calls }).unwrap_err().code, "conference-full");
    world.command(1, Command::Hangup { call: None }).unwrap();
    world.run_for(SECOND);
    assert_eq!(conference(&world, calls), [None, None]);
    assert!(world.nodes[0].bridged.is_empty());
    assert_eq!(world.the_call(0, second).state, CallState::Active);
}

#[test]
fn who_is_held_is_taken_up_for_it_and_who_holds_one_ends_it() {
    let (mut world, [first, second]) = talking();
    world.command(0, Command::Hold { call: first, wanted: true }).unwrap();
    world.run_for(SECOND);
    world.command(0, Command::Confer { calls: [first, second] }).unwrap();
    world.run_for(SECOND);
    assert!(!world.the_call(0, first).on_hold);
    world.command(0, Command::Hold { call: second, wanted: true }).unwrap();
    world.run_for(SECOND);
    assert_eq!(conference(&world, [first, second]), [None, None]);
    assert!(world.nodes[0].bridged.is_empty());
    let held = [first, second].map(|call| world.the_call(0, call).on_hold);
    assert_eq!(held, [false, true]);
}

#[test]
fn what_is_no_two_calls_that_stand_is_no_conference() {
    let (mut world, [first, second]) = talking();
    let mut code = |calls| world.command(0, Command::Confer { calls }).unwrap_err().code;
    assert_eq!(code([first, first]), "same-call");
    assert_eq!(code([first, CallId(99)]), "no-such-call");
    world.command(0, Command::Hangup { call: Some(second) }).unwrap();
    world.run_for(SECOND);
    assert_eq!(world.command(0, Command::Confer { calls: [first, second] }).unwrap_err().code, "no-such-call");
    assert!(world.nodes[0].bridged.is_empty());
}

#[test]
fn a_call_is_recorded_until_the_user_ends_it_or_it_fails_and_goes_on() {
    let (mut world, [first, second]) = talking();
    let recording = || CallRecording { file: "/tmp/a\u{1b}.wav".into(), mixed: false, consent_tone: true };
    let record = |call| Command::Record { call, recording: recording() };
    world.command(0, record(first)).unwrap();
    assert_eq!(world.the_call(0, first).recording.as_deref(), Some("/tmp/a\\u{1b}.wav"));
    for call in [first, second] {
        assert_eq!(world.command(0, record(call)).unwrap_err().code, "recorded-already", "one file for each");
    }
    world.command(0, Command::StopRecording { call: first }).unwrap();
    assert_eq!(world.the_call(0, first).recording, None);
    assert_eq!(world.command(0, Command::StopRecording { call: first }).unwrap_err().code, "not-recorded");
    world.command(0, record(second)).unwrap();
    let failure = Some(Failure::new(FailureKind::Failed, "recording-failed", "no space left", "a.wav", "free some"));
    let now = world.now;
    world.nodes[0].agent.handle_done(now, Done::RecordingEnded { call: second, failure });
    world.run_for(SECOND);
    let told = |event: &Event| matches!(event, Event::Notice(notice) if notice.code == "recording-ended");
    assert_eq!(world.nodes[0].events.iter().filter(|event| told(event)).count(), 1);
    let call = world.the_call(0, second);
    assert_eq!((&call.state, &call.recording), (&CallState::Active, &None));
    assert_eq!(world.nodes[0].recordings.len(), 2);
}
