//! Early media (RFC 3261 section 13.2.1): a callee is heard before it picks up, under the same law as when it has.

use std::net::IpAddr;
use std::time::Duration;

use sottovoce::agent::{AskState, CallState, Command, Event};
use sottovoce::sip::{Message, Response};
use sottovoce::vocab::{CallId, Failure, FailureKind};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::{Early, World};

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const ESP: &str = "ipsec esp/transport//require";

fn bob_at() -> IpAddr {
    "192.168.1.2".parse().unwrap()
}

/// Alice calls Bob, who has approved her too, and whose answer comes early.
fn calling(seed: u64, policy: &str, reliable: bool, edit: fn(&str) -> String) -> (World, CallId) {
    calling_by(seed, policy, reliable, edit, Link::GOOD)
}

/// The same, by a network that is bad from the call on.
fn calling_by(seed: u64, policy: &str, reliable: bool, edit: fn(&str) -> String, link: Link) -> (World, CallId) {
    let mut world = World::new(seed, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", policy));
    world.add("bob", agent("bob", "192.168.1.2", policy));
    for (node, peer) in [(ALICE, "bob@192.168.1.2"), (BOB, "alice@192.168.1.1")] {
        let ask = world.ask(node, peer, Some("approve"));
        let registered = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Registered { .. });
        assert!(world.run_until(MINUTE, registered));
    }
    world.wire.link = link;
    world.early = Some(Early { callee: bob_at(), reliable, edit });
    let call = world.call(ALICE, "bob@192.168.1.2", None, 3600);
    world.run_for(SECOND * 2);
    (world, call)
}

fn as_it_is(body: &str) -> String {
    body.to_owned()
}

fn without_keys(body: &str) -> String {
    body.lines().filter(|line| !line.starts_with("a=x-sv-sa")).map(|line| format!("{line}\r\n")).collect()
}

fn counted(world: &World, call: CallId) -> (u64, u64) {
    let counters = &world.the_call(ALICE, call).counters;
    (counters.sent, counters.received)
}

fn unheard(world: &World) -> Vec<&Failure> {
    let told = |event: &'_ Event| matches!(event, Event::Notice(failure) if failure.code == "early-media-unheard");
    let notices = world.nodes[ALICE].events.iter().filter(|event| told(event));
    notices.map(|event| if let Event::Notice(failure) = event { failure } else { unreachable!() }).collect()
}

/// The provisional answer that came early was acknowledged.
fn is_pracked(world: &World) -> bool {
    let rack = format!("RAck: {} ", world.last_rseq() + 1);
    let is_prack = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => bytes.starts_with(b"PRACK") && String::from_utf8_lossy(bytes).contains(&rack),
        Parcel::Media { .. } => false,
    };
    world.wire.overheard.iter().any(is_prack)
}

/// The user picks up: the next 200 that Bob repeats is let through.
fn picked_up(world: &mut World, call: CallId) {
    world.early = None;
    let settled =
        |world: &World| world.the_call(ALICE, call).state == CallState::Active || world.call_is_over(ALICE, call);
    assert!(world.run_until(MINUTE, settled), "{:?}", world.the_call(ALICE, call));
}

#[test]
fn a_callee_is_heard_before_it_picks_up_and_hears_nothing_of_us() {
    for reliable in [false, true] {
        let (mut world, call) = calling(1, ESP, reliable, as_it_is);
        let seen = world.the_call(ALICE, call);
        assert!(matches!(seen.state, CallState::Inviting | CallState::Ringing), "{:?}", seen.state);
        assert_eq!((seen.early, seen.bundle.as_str(), seen.setup), (true, "esp", None));
        let (sent, received) = counted(&world, call);
        assert!(sent == 0 && received > 80, "{sent} {received}");
        assert_eq!(is_pracked(&world), reliable);
        picked_up(&mut world, call);
        assert_eq!(world.the_call(ALICE, call).state, CallState::Active);
        let before = counted(&world, call);
        world.run_for(2 * SECOND);
        let after = counted(&world, call);
        assert!(after.0 >= before.0 + 95 && after.1 >= before.1 + 95, "{before:?} {after:?}");
        let theirs = &world.nodes[BOB].agent.calls().last().unwrap().counters;
        assert!(theirs.received >= 95 && theirs.dropped.is_empty(), "the same keys, and each number once: {theirs:?}");
        assert!(world.the_call(ALICE, call).counters.dropped.is_empty());
        assert!(!world.the_call(ALICE, call).early && unheard(&world).is_empty());
        assert!(world.wire.seen.iter().all(|bytes| bytes[0] >> 6 == 3), "nothing in clear");
    }
}

/// Somebody on the way takes the keys out of what comes early, or puts other ones in: that is not played, and spoils nothing.
#[test]
fn what_cannot_be_opened_early_is_passed_over_with_a_reason_and_the_call_goes_on() {
    let elsewhere = |body: &str| body.replace("a=x-sv-sa:1 device-of-bob ", "a=x-sv-sa:1 device-of-bob QUJD");
    let edits: [fn(&str) -> String; 4] = [without_keys, elsewhere, |_| "v=0\r\n".into(), |_| "garbage".into()];
    for policy in ["none", ESP] {
        for edit in edits {
            let (mut world, call) = calling(2, policy, false, edit);
            let seen = world.the_call(ALICE, call);
            assert!(!seen.early && !world.call_is_over(ALICE, call), "{seen:?}");
            assert_eq!(counted(&world, call), (0, 0), "{policy}");
            let told = unheard(&world);
            assert_eq!(told.len(), 1, "once: {told:?}");
            assert!(told[0].next.contains("the call goes on"), "{}", told[0]);
            picked_up(&mut world, call);
            assert_eq!(world.the_call(ALICE, call).state, CallState::Active, "{policy}");
            world.run_for(SECOND);
            assert!(counted(&world, call).1 > 40);
        }
    }
}

/// Another phone rings too and answers in clear, or somebody on the way does; then the device itself is heard.
#[test]
fn what_was_passed_over_spoils_nothing_that_comes_after_it() {
    let (mut world, call) = calling(7, ESP, false, without_keys);
    assert!(!world.the_call(ALICE, call).early && unheard(&world).len() == 1);
    world.early = Some(Early { callee: bob_at(), reliable: false, edit: as_it_is });
    assert!(world.run_until(MINUTE, |world| world.the_call(ALICE, call).early), "{:?}", world.the_call(ALICE, call));
    picked_up(&mut world, call);
    assert_eq!(world.the_call(ALICE, call).state, CallState::Active);
    world.run_for(2 * SECOND);
    assert!(counted(&world, call).0 > 80);
}

/// Each look costs a Diffie-Hellman, and anybody on the way can send such answers. The 200 repeats what was not looked at.
#[test]
fn eight_answers_are_looked_at_before_the_call_is_answered() {
    let (mut world, call) = calling(8, ESP, false, without_keys);
    // Bob's 200 comes eight times within 20 s (RFC 3261 section 13.3.1.4).
    world.run_for(19 * SECOND);
    world.early = Some(Early { callee: bob_at(), reliable: false, edit: as_it_is });
    world.run_for(5 * SECOND);
    assert!(!world.the_call(ALICE, call).early && unheard(&world).len() == 1);
    picked_up(&mut world, call);
    assert_eq!(world.the_call(ALICE, call).state, CallState::Active);
}

/// A proxy has let it be heard and sends the call elsewhere after all.
#[test]
fn what_was_heard_falls_silent_while_the_call_goes_on_elsewhere() {
    let (mut world, call) = calling(9, ESP, false, as_it_is);
    assert!(world.the_call(ALICE, call).early);
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } if bytes.starts_with(b"INVITE ") => Message::parse(bytes).ok(),
        _ => None,
    };
    let Some(Message::Request(invite)) = world.wire.overheard.iter().rev().find_map(read) else { panic!() };
    let mut moved = Response::to(&invite, 302, "Moved Temporarily");
    moved.headers_mut().push("Contact", "<sip:bob@192.168.1.3>").unwrap();
    let (from, to) = ("192.168.1.2:5060".parse().unwrap(), "192.168.1.1:5060".parse().unwrap());
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: moved.to_bytes().to_vec() });
    world.run_for(SECOND);
    let received = counted(&world, call).1;
    world.run_for(2 * SECOND);
    let seen = world.the_call(ALICE, call);
    assert!(seen.state == CallState::Inviting && !seen.early, "{seen:?}");
    assert_eq!(counted(&world, call).1, received);
    assert!(world.nodes[ALICE].media.values().all(|media| media.stream.is_none()), "its keys are erased");
}

#[test]
fn early_media_survives_a_lossy_network() {
    for seed in 0..20 {
        let (mut world, call) = calling_by(seed, ESP, seed % 2 == 0, as_it_is, Link::lossy(20));
        world.run_for(4 * SECOND);
        picked_up(&mut world, call);
        assert_eq!(world.the_call(ALICE, call).state, CallState::Active, "seed {seed}");
        world.run_for(2 * SECOND);
        let (sent, received) = counted(&world, call);
        assert!(sent > 80 && received > 60, "seed {seed}: {sent} {received}");
        assert!(world.wire.seen.iter().all(|bytes| bytes[0] >> 6 == 3), "seed {seed}: nothing in clear");
    }
}

#[test]
fn what_was_said_early_is_what_picks_up_or_the_call_ends() {
    for (edit, code, kind) in [
        (without_keys as fn(&str) -> String, "downgrade", FailureKind::Trust),
        (|body| body.replace("c=IN IP4 192.168.1.2", "c=IN IP4 192.168.1.99"), "answer-unusable", FailureKind::Failed),
        (
            |body| body.replace("a=x-sv-sa:1 device-of-bob ", "a=x-sv-sa:1 device-of-bob QUJD"),
            "no-key-agreement",
            FailureKind::Trust,
        ),
    ] {
        let (mut world, call) = calling(3, ESP, false, as_it_is);
        assert!(world.the_call(ALICE, call).early);
        world.forge_answers = Some(Early { callee: bob_at(), reliable: false, edit });
        picked_up(&mut world, call);
        world.run_for(SECOND);
        let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!("{code}") };
        assert_eq!((failure.code, failure.kind), (code, kind), "{failure}");
        assert!(world.nodes[ALICE].media.is_empty() && !world.the_call(ALICE, call).early);
        assert_eq!(counted(&world, call).0, 0, "not one packet of ours");
    }
}

#[test]
fn who_picks_up_and_holds_at_once_is_shown_as_holding() {
    let (mut world, call) = calling(10, ESP, false, as_it_is);
    let holding = |body: &str| format!("{body}a=sendonly\r\n");
    world.forge_answers = Some(Early { callee: bob_at(), reliable: false, edit: holding });
    picked_up(&mut world, call);
    assert!(world.the_call(ALICE, call).held_by_peer);
    let sent = counted(&world, call).0;
    world.run_for(2 * SECOND);
    assert_eq!(counted(&world, call).0, sent, "it wants no sound");
}

/// The device answers in one dialog, and another phone takes the call: what was heard falls silent (RFC 3261 section 13.2.2.4).
#[test]
fn who_takes_the_call_in_another_dialog_has_to_have_the_keys() {
    let (mut world, call) = calling(4, ESP, false, as_it_is);
    assert!(world.the_call(ALICE, call).early);
    world.forge_answers = Some(Early { callee: bob_at(), reliable: false, edit: without_keys });
    world.other_tag = true;
    picked_up(&mut world, call);
    world.run_for(SECOND);
    let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
    assert_eq!(failure.code, "downgrade");
    assert!(world.nodes[ALICE].media.is_empty());
}

#[test]
fn hanging_up_and_stopping_before_it_picks_up_close_what_was_heard() {
    let orders: [fn(CallId) -> Command; 2] = [|call| Command::Hangup { call: Some(call) }, |_| Command::Stop];
    for order in orders {
        let (mut world, call) = calling(5, ESP, true, as_it_is);
        assert!(world.the_call(ALICE, call).early);
        world.command(ALICE, order(call)).unwrap();
        world.run_for(SECOND);
        assert!(world.nodes[ALICE].media.is_empty());
        assert!(world.run_until(MINUTE, |world| world.call_is_over(ALICE, call)));
        assert!(matches!(world.the_call(ALICE, call).state, CallState::Ended { .. }));
        assert_eq!(counted(&world, call).0, 0);
    }
}

/// A policy that changed since the INVITE went out rules early media as it rules the call.
#[test]
fn early_media_that_the_policy_forbids_is_not_heard() {
    let (mut world, call) = calling(6, "none", false, as_it_is);
    assert!(world.the_call(ALICE, call).early);
    let received = counted(&world, call).1;
    let text = "spdadd any any udp -P in discard; # sv: priority=10".to_owned();
    world.command(ALICE, Command::PolicyAdd { text }).unwrap();
    world.run_for(SECOND);
    assert!(counted(&world, call).1 <= received + 2);
}
