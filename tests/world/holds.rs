//! Our user holds a call and takes it up again (RFC 3264 section 8.4): what is heard, what is on the wire, and what becomes of it
//! when the peer does the same, refuses, or is gone.

use std::time::Duration;

use sottovoce::agent::{Call, CallState, Command, Event, HoldState};
use sottovoce::sip::{Message, Request, Response};
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const ESP: &str = "ipsec esp/transport//require";

/// A protected call that has run for a second: the world, and what the call is called at both ends.
fn talking(seed: u64, link: Link) -> (World, [CallId; 2]) {
    World::talking(seed, link, [agent("alice", "192.168.1.1", ESP), agent("bob", "192.168.1.2", ESP)])
}

fn hold(world: &mut World, node: usize, call: CallId, wanted: bool) {
    world.command(node, Command::Hold { call, wanted }).unwrap();
}

/// Runs until the peer has answered to a hold of this node.
fn settled(world: &mut World, node: usize, call: CallId) -> HoldState {
    let state = |world: &World| world.the_call(node, call).hold.clone().unwrap().state;
    assert!(world.run_until(MINUTE, |world| state(world) != HoldState::Asking), "{:?}", world.the_call(node, call));
    state(world)
}

fn holds(call: &Call) -> (bool, bool) {
    (call.on_hold, call.held_by_peer)
}

/// Voice packets that this node sends, and hears, in so many seconds.
fn voice(world: &mut World, node: usize, call: CallId, seconds: u64) -> (u64, u64) {
    let counted = |world: &World| {
        let counters = &world.the_call(node, call).counters;
        (counters.sent, counters.received)
    };
    let before = counted(world);
    world.run_for(Duration::from_secs(seconds));
    let after = counted(world);
    (after.0 - before.0, after.1 - before.1)
}

fn nothing_in_clear(world: &World) {
    assert!(world.wire.seen.iter().all(|bytes| bytes[0] >> 6 == 3), "nothing in clear");
}

fn attributes(world: &World) -> Vec<String> {
    let mut found: Vec<String> = world
        .wire
        .overheard
        .iter()
        .filter_map(|parcel| match parcel {
            Parcel::Sip { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            Parcel::Media { .. } => None,
        })
        .filter(|text| text.contains("application/sdp"))
        .flat_map(|text| {
            text.lines().filter(|line| line.starts_with("a=x-sv-sa")).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_call_on_hold_is_silent_both_ways_and_goes_on_under_the_same_keys() {
    for holder in [ALICE, BOB] {
        let (mut world, calls) = talking(1, Link::GOOD);
        let (call, other, peer) = (calls[holder], calls[1 - holder], 1 - holder);
        let agreed = attributes(&world);
        hold(&mut world, holder, call, true);
        assert_eq!(settled(&mut world, holder, call), HoldState::Done);
        world.run_for(SECOND);
        assert_eq!(holds(world.the_call(holder, call)), (true, false));
        assert_eq!(holds(world.the_call(peer, other)), (false, true));
        assert_eq!(voice(&mut world, holder, call, 60), (0, 0));
        assert_eq!(voice(&mut world, peer, other, 1), (0, 0));
        assert!(!world.the_call(holder, call).quiet && !world.the_call(peer, other).quiet);
        hold(&mut world, holder, call, false);
        assert_eq!(settled(&mut world, holder, call), HoldState::Done);
        world.run_for(SECOND);
        assert_eq!(
            (holds(world.the_call(holder, call)), holds(world.the_call(peer, other))),
            ((false, false), (false, false))
        );
        let (sent, heard) = voice(&mut world, holder, call, 2);
        assert!(sent >= 95 && heard >= 95, "{sent} {heard}");
        assert_eq!(world.the_call(holder, call).counters.dropped.values().sum::<u64>(), 0);
        assert_eq!(attributes(&world), agreed, "no new keys");
        nothing_in_clear(&world);
    }
}

/// Silence comes before the peer agrees; and a peer that does not agree hears us again.
#[test]
fn a_refused_hold_leaves_the_call_as_it_was_and_says_so() {
    let (mut world, [call, _]) = talking(2, Link::GOOD);
    world.forge_refusals = Some("192.168.1.2".parse().unwrap());
    hold(&mut world, ALICE, call, true);
    let before = world.wire.seen.len();
    world.run_for(Duration::from_millis(15));
    let HoldState::Failed(failure) = settled(&mut world, ALICE, call) else { panic!() };
    assert!(failure.code == "hold-refused" && failure.message.contains("488"), "{failure}");
    assert!(failure.next.contains(&format!("sottovoce hangup {call}")), "{failure}");
    let told = |event: &&Event| matches!(event, Event::Notice(notice) if *notice == failure);
    assert_eq!(world.nodes[ALICE].events.iter().filter(told).count(), 1);
    assert_eq!(holds(world.the_call(ALICE, call)), (false, false));
    let (sent, heard) = voice(&mut world, ALICE, call, 2);
    assert!(sent >= 95 && heard >= 95, "{sent} {heard}");
    assert!(world.wire.seen.len() > before);
    hold(&mut world, ALICE, call, true);
    assert_eq!(settled(&mut world, ALICE, call), HoldState::Done, "it can be tried again");
}

#[test]
fn both_sides_can_hold_and_each_ends_its_own() {
    let (mut world, [call, theirs]) = talking(3, Link::GOOD);
    hold(&mut world, ALICE, call, true);
    assert_eq!(settled(&mut world, ALICE, call), HoldState::Done);
    world.run_for(SECOND);
    hold(&mut world, BOB, theirs, true);
    assert_eq!(settled(&mut world, BOB, theirs), HoldState::Done);
    world.run_for(SECOND);
    assert_eq!((holds(world.the_call(ALICE, call)), holds(world.the_call(BOB, theirs))), ((true, true), (true, true)));
    assert!(last_invite(&world).contains("a=inactive"), "RFC 3264 section 8.4");
    hold(&mut world, ALICE, call, false);
    assert_eq!(settled(&mut world, ALICE, call), HoldState::Done);
    world.run_for(SECOND);
    assert_eq!(
        (holds(world.the_call(ALICE, call)), holds(world.the_call(BOB, theirs))),
        ((false, true), (true, false))
    );
    assert_eq!(voice(&mut world, ALICE, call, 5), (0, 0), "Bob still holds");
    hold(&mut world, BOB, theirs, false);
    assert_eq!(settled(&mut world, BOB, theirs), HoldState::Done);
    world.run_for(SECOND);
    let (sent, heard) = voice(&mut world, ALICE, call, 2);
    assert!(sent >= 95 && heard >= 95, "{sent} {heard}");
}

fn last_invite(world: &World) -> String {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } if bytes.starts_with(b"INVITE") => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    };
    world.wire.overheard.iter().rev().find_map(text).unwrap()
}

/// Glare (RFC 3261 section 14.1): both are answered 491, and the caller waits longer.
#[test]
fn two_who_hold_at_the_same_moment_both_hold_in_the_end() {
    for seed in 0..20 {
        let (mut world, [call, theirs]) = talking(seed, Link::GOOD);
        hold(&mut world, ALICE, call, true);
        hold(&mut world, BOB, theirs, true);
        assert_eq!(settled(&mut world, ALICE, call), HoldState::Done, "seed {seed}");
        assert_eq!(settled(&mut world, BOB, theirs), HoldState::Done, "seed {seed}");
        world.run_for(SECOND);
        let both = (holds(world.the_call(ALICE, call)), holds(world.the_call(BOB, theirs)));
        assert_eq!(both, ((true, true), (true, true)), "seed {seed}");
        let glares = responses(&world).iter().filter(|response| response.status() == 491).count();
        assert!(glares >= 2, "seed {seed}: {glares}");
    }
}

fn responses(world: &World) -> Vec<Response> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => match Message::parse(bytes) {
            Ok(Message::Response(response)) => Some(response),
            _ => None,
        },
        Parcel::Media { .. } => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

#[test]
fn holds_survive_a_lossy_network() {
    for seed in 0..20 {
        let link = Link::lossy(20);
        let link = if seed % 2 == 0 { link } else { link.without_tcp() };
        let (mut world, [call, theirs]) = talking(seed, Link::GOOD);
        world.wire.link = link;
        for wanted in [true, false, true] {
            hold(&mut world, ALICE, call, wanted);
            assert_eq!(settled(&mut world, ALICE, call), HoldState::Done, "seed {seed}");
            world.run_for(40 * SECOND);
            assert_eq!(holds(world.the_call(ALICE, call)), (wanted, false), "seed {seed}");
            assert_eq!(holds(world.the_call(BOB, theirs)), (false, wanted), "seed {seed}");
        }
        nothing_in_clear(&world);
    }
}

/// The ACK of the one may be lost when the next comes: the peer says when to come again.
#[test]
fn holds_that_follow_each_other_at_once_survive_a_lossy_network() {
    for seed in 0..15 {
        let (mut world, [call, theirs]) = talking(seed, Link::GOOD);
        world.wire.link = Link::lossy(20).without_tcp();
        for wanted in [true, false, true, false, true] {
            hold(&mut world, ALICE, call, wanted);
            assert_eq!(settled(&mut world, ALICE, call), HoldState::Done, "seed {seed}");
        }
        world.run_for(40 * SECOND);
        assert_eq!(holds(world.the_call(ALICE, call)), (true, false), "seed {seed}");
        assert_eq!(holds(world.the_call(BOB, theirs)), (false, true), "seed {seed}");
        nothing_in_clear(&world);
    }
}

#[test]
fn a_hold_that_is_not_answered_ends_the_call() {
    let (mut world, [call, _]) = talking(5, Link::GOOD);
    world.dead = Some("192.168.1.2".parse().unwrap());
    hold(&mut world, ALICE, call, true);
    let HoldState::Failed(failure) = settled(&mut world, ALICE, call) else { panic!() };
    assert_eq!(failure.code, "call-over", "{failure}");
    assert!(world.run_until(MINUTE, |world| world.call_is_over(ALICE, call)));
    assert!(world.nodes[ALICE].media.is_empty());
}

/// Somebody on the way answers the hold in Bob's name, and would like to have the keys out, or the sound elsewhere.
#[test]
fn an_answer_to_a_hold_that_loosens_the_call_ends_it() {
    let strip =
        |text: &str| text.lines().filter(|line| !line.starts_with("a=x-sv-sa")).collect::<Vec<_>>().join("\r\n");
    let aim = |text: &str| text.replace("c=IN IP4 192.168.1.2", "c=IN IP4 192.168.1.99");
    for (edit, code) in [(strip as fn(&str) -> String, "downgrade"), (aim, "answer-unusable")] {
        let (mut world, [call, _]) = talking(6, Link::GOOD);
        let offered = responses(&world).into_iter().rev().find(|r| r.status() == 200 && !r.body().is_empty()).unwrap();
        world.dead = Some("192.168.1.2".parse().unwrap());
        hold(&mut world, ALICE, call, true);
        let invite = request(&last_invite(&world));
        let mut forged = Response::to(&invite, 200, "OK");
        let said = edit(std::str::from_utf8(offered.body()).unwrap()) + "\r\n";
        forged.set_body("application/sdp", said.trim_start().as_bytes().to_vec()).unwrap();
        world.dead = None;
        let (from, to) = ("192.168.1.2:5060".parse().unwrap(), "192.168.1.1:5060".parse().unwrap());
        world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: forged.to_bytes().to_vec() });
        world.run_until(MINUTE, |world| world.call_is_over(ALICE, call));
        let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!("{code}") };
        assert_eq!(failure.code, code, "{failure}");
        nothing_in_clear(&world);
    }
}

fn request(text: &str) -> Request {
    match Message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_held_says_so() {
    let (mut world, [call, _]) = talking(7, Link::GOOD);
    let failure = world.command(ALICE, Command::Hold { call: CallId(99), wanted: true }).unwrap_err();
    assert_eq!(failure.code, "no-such-call");
    hold(&mut world, ALICE, call, false);
    assert_eq!(world.the_call(ALICE, call).hold.clone().unwrap().state, HoldState::Done, "it is not held");
    hold(&mut world, ALICE, call, true);
    let again = world.command(ALICE, Command::Hold { call, wanted: false }).unwrap_err();
    assert_eq!(again.code, "hold-under-way");
}

/// RFC 4028: what refreshes a call on hold does not end the hold, whoever refreshes.
#[test]
fn a_call_stays_on_hold_over_its_refreshes() {
    for holder in [ALICE, BOB] {
        let (mut world, calls) = talking(8, Link::GOOD);
        hold(&mut world, holder, calls[holder], true);
        assert_eq!(settled(&mut world, holder, calls[holder]), HoldState::Done);
        let before = world.wire.overheard.len();
        world.run_for(40 * MINUTE);
        assert!(world.wire.overheard.len() > before, "it was refreshed");
        assert_eq!(holds(world.the_call(holder, calls[holder])), (true, false));
        assert_eq!(holds(world.the_call(1 - holder, calls[1 - holder])), (false, true));
        assert_eq!(voice(&mut world, holder, calls[holder], 5), (0, 0));
    }
}
