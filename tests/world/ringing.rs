//! What our user hears of calls that do not stand yet, and when that ends.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AnswerMode, AudioSink, Command, Done, Event, Outlet, SoundDevice};
use sottovoce::media::Signal;
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn hears(config: AgentConfig) -> AgentConfig {
    AgentConfig { answer: AnswerMode::Prompt, audio_sink: AudioSink::Device(SoundDevice::Default), ..config }
}

fn world() -> World {
    let mut world = World::new(578, Link::GOOD);
    for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2"), ("carol", "192.168.1.3")] {
        world.add(name, hears(agent(name, address, "none")));
    }
    world
}

fn calls(world: &mut World, from: usize, peer: &str) -> CallId {
    let call = world.call(from, peer, Some("approve"), 3600);
    world.run_for(3 * SECOND);
    call
}

fn newest(world: &World, node: usize) -> CallId {
    world.nodes[node].agent.calls().last().unwrap().id
}

#[test]
fn a_ring_that_nobody_hears_is_told_with_another_place_to_ring() {
    let mut world = world();
    for (device, told, next) in [
        (SoundDevice::Named("head set".to_owned()), "the sound output 'head set'", "devices use --ring default"),
        (SoundDevice::Default, "the default sound output", "start PulseAudio or PipeWire"),
    ] {
        let why = "there is no such\u{1b} device".to_owned();
        let bob = &mut world.nodes[BOB];
        bob.agent.handle_done(world.now, Done::RingSilent { device, why });
        bob.drain(world.now);
        let Some(Event::Notice(notice)) = bob.events.last() else { panic!("{:?}", bob.events) };
        assert!(notice.message.contains(told) && !notice.message.contains('\u{1b}'), "{notice:?}");
        assert!(notice.code == "ring-silent" && notice.next.contains(next), "{notice:?}");
    }
}

#[test]
fn it_rings_at_both_ends_until_somebody_picks_up_or_gives_up() {
    let mut world = world();
    let ours = calls(&mut world, ALICE, "bob@192.168.1.2");
    assert_eq!(world.nodes[ALICE].signals, [Some(Signal::RingBack)]);
    assert_eq!(world.nodes[BOB].signals, [Some(Signal::Ring)]);
    let theirs = newest(&world, BOB);
    world.command(BOB, Command::AnswerCall { call: theirs }).unwrap();
    world.run_for(SECOND);
    assert_eq!(world.nodes[ALICE].signals, [Some(Signal::RingBack), None]);
    assert_eq!(world.nodes[BOB].signals, [Some(Signal::Ring), None]);
    world.command(ALICE, Command::Hangup { call: Some(ours) }).unwrap();
    world.run_for(SECOND);
    let again = calls(&mut world, ALICE, "bob@192.168.1.2");
    world.command(ALICE, Command::Hangup { call: Some(again) }).unwrap();
    world.run_for(SECOND);
    assert_eq!(world.nodes[BOB].signals, [Some(Signal::Ring), None, Some(Signal::Ring), None]);
    assert_eq!(world.nodes[ALICE].signals.len(), 4);
}

#[test]
fn who_talks_hears_that_another_waits() {
    let mut world = world();
    calls(&mut world, ALICE, "bob@192.168.1.2");
    let first = newest(&world, BOB);
    world.command(BOB, Command::AnswerCall { call: first }).unwrap();
    world.run_for(SECOND);
    calls(&mut world, CAROL, "bob@192.168.1.2");
    assert_eq!(world.nodes[BOB].signals[2..], [Some(Signal::Waiting)]);
    world.command(BOB, Command::Hangup { call: Some(first) }).unwrap();
    world.run_for(SECOND);
    assert_eq!(world.nodes[BOB].signals[3..], [Some(Signal::Ring)], "the first is over, the second still rings");
    let second = newest(&world, BOB);
    world.command(BOB, Command::RejectCall { call: second }).unwrap();
    world.run_for(SECOND);
    assert_eq!(world.nodes[BOB].signals[4..], [None]);
}

#[test]
fn nothing_rings_that_is_answered_at_once_nor_where_there_is_no_bell() {
    let mut world = World::new(579, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", AgentConfig { answer: AnswerMode::Auto, ..hears(agent("bob", "192.168.1.2", "none")) });
    world.add("carol", AgentConfig { ring: Some(Outlet::None), ..hears(agent("carol", "192.168.1.3", "none")) });
    for peer in ["bob@192.168.1.2", "carol@192.168.1.3"] {
        calls(&mut world, ALICE, peer);
    }
    assert!(world.nodes.iter().all(|node| node.signals.is_empty()));
}
