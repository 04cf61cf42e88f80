//! Calls as ordinary telephones have them, with keys by DTLS (RFC 5763): two of our own stand for them.

use std::sync::Arc;
use std::time::Duration;

use sottovoce::agent::{AgentConfig, CallResult, CallState, Command, HoldState, SrtpKeying};
use sottovoce::ipsec::Kind;
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::{Early, World};

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const MUST: &str = "ipsec srtp/transport//require";
const MAY: &str = "ipsec srtp/transport//use";

/// Nothing goes by TLS in the virtual world: keys in messages only where that is allowed.
fn telephone(name: &str, address: &str, action: &str, keys: &[SrtpKeying]) -> AgentConfig {
    AgentConfig {
        sdes_without_tls: true,
        srtp_keys: keys.to_vec(),
        dtls: sottovoce::io::dtls_identity().map(Arc::new),
        ..agent(name, address, action)
    }
}

const DTLS: &[SrtpKeying] = &[SrtpKeying::Dtls];
const SDES: &[SrtpKeying] = &[SrtpKeying::Sdes];
const BOTH: &[SrtpKeying] = &SrtpKeying::ALL;

fn two(action: &str, alice: &[SrtpKeying], bob: &[SrtpKeying], link: Link) -> World {
    let mut world = World::new(4, link);
    world.add("alice", telephone("alice", "192.168.1.1", action, alice));
    world.add("bob", telephone("bob", "192.168.1.2", action, bob));
    world
}

fn called(world: &mut World) -> CallId {
    let call = world.call(ALICE, "bob@192.168.1.2", None, 3600);
    let settled = |world: &World| matches!(world.the_call(ALICE, call).state, CallState::Active | CallState::Failed(_));
    assert!(world.run_until(MINUTE, settled), "{:?}", world.the_call(ALICE, call));
    world.run_for(5 * SECOND);
    call
}

/// The suite of both, when both have heard each other.
fn suite(world: &World, call: CallId) -> String {
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    let [alice, bob] = [(ALICE, call), (BOB, theirs)].map(|(node, call)| {
        let call = world.the_call(node, call);
        assert_eq!(call.bundle, "srtp", "{call:?}");
        assert!(call.counters.received > 100, "{call:?}");
        call.suite.clone().unwrap()
    });
    assert_eq!(alice, bob);
    alice
}

fn descriptions(world: &World) -> Vec<String> {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    world.wire.overheard.iter().filter_map(text).filter(|text| text.contains("m=audio")).collect()
}

const BY_DTLS: &str = "DTLS-SRTP AEAD_AES_256_GCM";

#[test]
fn keys_are_agreed_on_before_anything_is_said_and_stand_in_no_message() {
    let mut world = two(MUST, DTLS, DTLS, Link::GOOD);
    let call = called(&mut world);
    assert_eq!(suite(&world, call), BY_DTLS);
    for text in descriptions(&world) {
        assert!(text.contains("UDP/TLS/RTP/SAVP") && text.contains("a=fingerprint:sha-256 "), "{text}");
        assert!(!text.contains("inline:"), "{text}");
    }
    let kinds: Vec<Kind> = world.wire.seen.iter().map(|seen| Kind::of(seen)).collect();
    let last = kinds.iter().rposition(|kind| *kind == Kind::Dtls).unwrap();
    let sound = kinds[..last].iter().filter(|kind| **kind == Kind::Rtp).count();
    // Whoever ends the handshake speaks at once, and the last words may be under way.
    assert!(sound <= 2, "{:?}", &kinds[..=last]);
}

#[test]
fn whichever_way_both_have_is_gone() {
    for (alice, bob, expected, answered) in [
        (BOTH, BOTH, BY_DTLS, "a=setup:active"),
        (BOTH, DTLS, BY_DTLS, "a=setup:active"),
        (BOTH, SDES, "AEAD_AES_256_GCM", "inline:"),
        (SDES, BOTH, "AEAD_AES_256_GCM", "inline:"),
        (DTLS, BOTH, BY_DTLS, "a=setup:active"),
    ] {
        for action in [MUST, MAY] {
            let mut world = two(action, alice, bob, Link::GOOD);
            let call = called(&mut world);
            assert_eq!(suite(&world, call), expected, "{alice:?} {bob:?} {action}");
            let said = descriptions(&world);
            assert!(said.last().unwrap().contains(answered), "{said:?}");
        }
    }
}

#[test]
fn without_a_way_in_common_there_is_no_call_or_one_in_clear() {
    let mut world = two(MUST, DTLS, SDES, Link::GOOD);
    let call = called(&mut world);
    let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
    assert_eq!(failure.code, "no-protection");
    assert!(world.wire.seen.is_empty());
    let mut world = two(MAY, DTLS, SDES, Link::GOOD);
    let call = called(&mut world);
    assert_eq!(world.the_call(ALICE, call).bundle, "none");
}

/// Whoever stands between has no certificate that is named, and can name none without changing messages.
#[test]
fn another_certificate_than_the_one_that_is_named_ends_the_call_and_nothing_was_said() {
    let mut world = two(MUST, DTLS, DTLS, Link::GOOD);
    let edit = |body: &str| {
        let at = body.find("sha-256 ").unwrap() + 8;
        let other = if body[at..].starts_with("00") { "01" } else { "00" };
        format!("{}{other}{}", &body[..at], &body[at + 2..])
    };
    world.forge_answers = Some(Early { callee: "192.168.1.2".parse().unwrap(), reliable: false, edit });
    let began = world.now.mono;
    let call = world.call(ALICE, "bob@192.168.1.2", None, 3600);
    let over = |world: &World| matches!(world.the_call(ALICE, call).state, CallState::Failed(_));
    assert!(world.run_until(MINUTE, over) && world.now.mono - began < 3 * SECOND, "it is told in time");
    let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
    assert_eq!(failure.code, "dtls-failed");
    assert!(failure.message.contains("somebody may stand between you"), "{}", failure.message);
    assert!(failure.next.contains("do not trust this line"), "{}", failure.next);
    world.run_for(SECOND);
    for kept in [0, 1].map(|node| world.nodes[node].store.calls.last().unwrap()) {
        assert_eq!((kept.result, kept.answered), (CallResult::Failed, None), "nobody could talk: {kept:?}");
    }
    assert!(world.wire.seen.iter().all(|seen| Kind::of(seen) == Kind::Dtls));
}

/// A record in clear.
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let head = [kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, body.len() as u8];
    [&head, body].concat()
}

/// Whoever hears all, and can write anybody's address, says in the name of either side that all is over, and what is nothing.
#[test]
fn what_is_forged_in_clear_does_not_keep_a_call_from_coming_about() {
    let alert = record(21, &[2, 40]);
    let mut world = two(MUST, DTLS, DTLS, Link::GOOD);
    let call = world.call(ALICE, "bob@192.168.1.2", None, 3600);
    let handshakes = |world: &World| world.wire.seen.iter().filter(|seen| Kind::of(seen) == Kind::Dtls).count();
    let keyed =
        |world: &World, node: usize| world.nodes[node].agent.calls().last().unwrap().suite.as_deref() == Some(BY_DTLS);
    let (mut seen, mut forged) = (0, 0);
    let began = world.now.mono;
    while !(world.nodes[BOB].agent.calls().last().is_some() && keyed(&world, ALICE) && keyed(&world, BOB)) {
        assert!(world.step() && world.now.mono - began < 10 * SECOND, "{:?}", world.the_call(ALICE, call));
        if handshakes(&world) == seen {
            continue;
        }
        let [one, two] = [ALICE, BOB].map(|node| world.nodes[node].media.values().next().unwrap().local);
        for (from, to) in [(one, two), (two, one)] {
            for kind in [1, 2, 3, 11, 12, 13, 14, 15, 16, 20] {
                for sequence in 0..8 {
                    let nothing = record(22, &[kind, 0, 0, 1, 0, sequence, 0, 0, 0, 0, 0, 1, 0xff]);
                    world.wire.send(world.now.mono, Parcel::Media { from, to, bytes: nothing });
                }
            }
            world.wire.send(world.now.mono, Parcel::Media { from, to, bytes: alert.clone() });
            forged += 1;
        }
        seen = handshakes(&world);
    }
    assert!(forged >= 6, "{forged}");
    world.run_for(5 * SECOND);
    assert_eq!(suite(&world, call), BY_DTLS);
}

#[test]
fn a_hold_keeps_the_keys() {
    let mut world = two(MUST, DTLS, DTLS, Link::GOOD);
    let call = called(&mut world);
    for (wanted, heard) in [(true, false), (false, true)] {
        world.command(ALICE, Command::Hold { call, wanted }).unwrap();
        let done = |world: &World| world.the_call(ALICE, call).hold.as_ref().unwrap().state == HoldState::Done;
        assert!(world.run_until(MINUTE, done), "{:?}", world.the_call(ALICE, call));
        world.run_for(SECOND);
        let before = world.the_call(ALICE, call).counters.received;
        world.run_for(SECOND);
        assert_eq!(world.the_call(ALICE, call).counters.received > before + 40, heard);
    }
    assert_eq!(suite(&world, call), BY_DTLS);
    // There are telephones that answer another offer without any certificate.
    let offers: Vec<String> = descriptions(&world).into_iter().filter(|text| text.starts_with("INVITE ")).collect();
    assert!(offers.len() == 3 && offers.iter().all(|text| text.contains("a=setup:actpass")), "{offers:?}");
}

/// There are telephones that say within the call that the other side begins, and mean no other handshake.
#[test]
fn the_same_certificate_in_another_part_goes_on_as_before() {
    let mut world = two(MUST, DTLS, DTLS, Link::GOOD);
    let call = called(&mut world);
    let handshakes = |world: &World| world.wire.seen.iter().filter(|seen| Kind::of(seen) == Kind::Dtls).count();
    let before = handshakes(&world);
    let edit = |body: &str| body.replace("a=setup:active", "a=setup:passive");
    world.forge_answers = Some(Early { callee: "192.168.1.2".parse().unwrap(), reliable: false, edit });
    for wanted in [true, false] {
        world.command(ALICE, Command::Hold { call, wanted }).unwrap();
        let done = |world: &World| world.the_call(ALICE, call).hold.as_ref().unwrap().state == HoldState::Done;
        assert!(world.run_until(MINUTE, done), "{:?}", world.the_call(ALICE, call));
    }
    assert!(descriptions(&world).last().unwrap().contains("a=setup:active"), "it is changed on the way");
    let received = world.the_call(ALICE, call).counters.received;
    world.run_for(2 * SECOND);
    assert!(world.the_call(ALICE, call).counters.received > received + 90);
    assert_eq!(handshakes(&world), before);
}

#[test]
fn packets_that_are_lost_are_said_again() {
    for seed in 0..5 {
        let mut world = World::new(seed, Link::lossy(20));
        world.add("alice", telephone("alice", "192.168.1.1", MUST, DTLS));
        world.add("bob", telephone("bob", "192.168.1.2", MUST, DTLS));
        let call = world.call(ALICE, "bob@192.168.1.2", None, 3600);
        let keyed = |world: &World| world.the_call(ALICE, call).suite.as_deref() == Some(BY_DTLS);
        assert!(world.run_until(MINUTE, keyed), "{:?}", world.the_call(ALICE, call));
        world.run_for(5 * SECOND);
        assert!(world.the_call(ALICE, call).counters.received > 100);
    }
}
