//! Ordinary telephones whose media goes by TCP (RFC 4145, 4571), where the entries say so: by SRTP, or in clear where that may be.

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::{AgentConfig, CallState, Command};
use sottovoce::policy::{both_directions, setkey};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::srtp::{answers, called, described, failed, said_to_phone, two};
use crate::telephone::{answer, body, request, say, tag, the_call, usual, BOB, PHONE};

const MUST: &str = "ipsec srtp/transport//require";
const SECOND: Duration = Duration::from_secs(1);

/// Of this default, in both directions.
fn with(name: &str, address: &str, upper: &str, action: &str) -> AgentConfig {
    let entries = setkey::parse(&format!("spdadd any any {upper} -P out {action};")).unwrap();
    AgentConfig { sdes_without_tls: true, default_policy: both_directions(entries), ..agent(name, address, action) }
}

#[test]
fn srtp_goes_by_tcp_and_is_heard_though_no_udp_comes_through() {
    let both = [("alice", "192.168.1.1"), ("bob", "192.168.1.2")].map(|(name, at)| with(name, at, "tcp", MUST));
    let [alice, bob] = both;
    let mut world = two(alice, bob);
    world.wire.udp_is_blocked = true;
    let call = called(&mut world);
    let theirs = world.nodes[1].agent.calls().last().unwrap();
    for call in [world.the_call(0, call), theirs] {
        assert_eq!((call.bundle.as_str(), call.by_tcp, call.counters.dropped.len()), ("srtp", true, 0), "{call:?}");
        assert!(call.counters.received > 100);
    }
    let said = crate::srtp::descriptions(&world);
    assert!(said.len() >= 2 && said.iter().all(|text| text.contains(" TCP/RTP/SAVP ") && text.contains("a=crypto:1 ")));
    assert!(said[0].contains("a=setup:actpass\r\na=connection:new\r\n"), "{}", said[0]);
    assert!(said[1].contains("a=setup:active\r\na=connection:new\r\n"), "{}", said[1]);
    assert!(said.iter().all(|text| !text.contains("a=fingerprint")), "a handshake would be another connection's");
    for (wanted, more) in [(true, false), (false, true)] {
        world.command(0, Command::Hold { call, wanted }).unwrap();
        world.run_for(2 * SECOND);
        let before = world.the_call(0, call).counters.received;
        world.run_for(SECOND);
        assert_eq!(world.the_call(0, call).counters.received > before + 40, more);
    }
    assert!(crate::srtp::descriptions(&world).last().unwrap().contains("a=connection:existing"));
}

/// The call of a telephone that answered so.
fn answered(action: &str, media: &str) -> (World, sottovoce::vocab::CallId, String) {
    let mut world = World::new(5, Link::GOOD);
    world.add("alice", with("alice", "192.168.1.1", "tcp", action));
    let call = world.call(0, "phone@192.168.1.5", None, 3600);
    if action == "none" {
        answers(&mut world, "SUBSCRIBE ", "489 Bad Event", "");
    }
    let invite = answers(&mut world, "INVITE ", "200 OK", &described(media));
    world.run_for(SECOND);
    (world, call, invite)
}

#[test]
fn in_clear_where_that_may_be_we_connect_to_where_the_telephone_waits() {
    let (world, call, invite) = answered("none", "TCP/RTP/AVP 0\r\na=setup:passive\r\na=connection:new\r\n");
    assert!(invite.contains(" TCP/RTP/AVP ") && invite.contains("a=setup:actpass\r\n"), "{invite}");
    let media = &world.nodes[0].media[&call];
    let there: SocketAddr = format!("{PHONE}:6000").parse().unwrap();
    assert_eq!((media.by_tcp, media.connected), (true, Some(there)));
    let call = world.the_call(0, call);
    assert_eq!((&call.state, call.bundle.as_str(), call.by_tcp), (&CallState::Active, "none", true));
    assert!(call.counters.sent > 40);
}

#[test]
fn an_answer_that_is_another_than_was_offered_ends_the_call_and_nothing_goes_out() {
    for (action, media) in [
        ("none", "RTP/AVP 0\r\n"),
        ("none", "TCP/RTP/AVP 0\r\na=setup:holdconn\r\n"),
        ("none", "TCP/RTP/AVP 0\r\na=setup:passive\r\na=connection:existing\r\n"),
        (MUST, "TCP/RTP/AVP 0\r\na=setup:passive\r\n"),
        (MUST, "TCP/RTP/SAVP 0\r\na=setup:passive\r\n"),
    ] {
        let (world, call, _) = answered(action, media);
        assert!(matches!(world.the_call(0, call).state, CallState::Failed(_)), "{media}");
        assert!(world.wire.seen.is_empty() && !failed(&world, call).is_empty(), "{media}");
        assert!(said_to_phone(&world, "BYE ").is_some(), "{media}");
    }
}

fn offering(profile: &str, lines: &str) -> String {
    usual().replace("6000 RTP/AVP", &format!("9 {profile}")) + lines
}

/// Bob, whom the telephone calls with this offer.
fn bob(upper: &str, action: &str, offer: &str) -> World {
    let mut world = World::new(9, Link::GOOD);
    world.add("bob", with("bob", BOB, upper, action));
    say(&mut world, &request("INVITE", 1, "", offer));
    world
}

const ACTIVE: &str = "a=setup:active\r\na=connection:new\r\n";

#[test]
fn a_telephone_that_calls_opens_the_connection_and_is_heard_by_it() {
    let mut world = bob("any", "none", &offering("TCP/RTP/AVP", ACTIVE));
    let said = body(&answer(&world, 200));
    assert!(said.contains(" TCP/RTP/AVP 0\r\n") && said.contains("a=setup:passive\r\na=connection:new\r\n"), "{said}");
    let tag = tag(&world);
    say(&mut world, &request("ACK", 1, &tag, ""));
    let call = the_call(&world);
    assert_eq!((&call.state, call.by_tcp, call.bundle.as_str()), (&CallState::Active, true, "none"));
    let call = call.id;
    let media = &world.nodes[0].media[&call];
    assert_eq!((media.by_tcp, media.connected), (true, None));
    let (from, to) = (format!("{PHONE}:9").parse().unwrap(), media.local);
    for n in 0..50u8 {
        let bytes = [&[0x80, 0, 0, n, 0, 0, n, 0, 1, 2, 3, 4][..], &[0xff; 160]].concat();
        world.wire.send(world.now.mono, Parcel::Media { from, to, bytes });
        world.run_for(Duration::from_millis(20));
    }
    let counters = &world.the_call(0, call).counters;
    assert!(counters.received == 50 && counters.sent > 40 && counters.dropped.is_empty(), "{counters:?}");
    // It holds the call on the connection that there is, and cannot be elsewhere.
    let again = |lines: &str, media: &str| {
        let offer = offering("TCP/RTP/AVP", lines).replace("o=phone 1 1", "o=phone 1 2").replace("m=audio 9", media);
        offer.replace("connection:new", "connection:existing")
    };
    say(&mut world, &request("INVITE", 2, &tag, &again(ACTIVE, "m=audio 7000")));
    assert_eq!(answer(&world, 488).headers().first("CSeq"), Some("2 INVITE"));
    say(&mut world, &request("ACK", 2, &tag, ""));
    say(
        &mut world,
        &request(
            "INVITE",
            3,
            &tag,
            &again(&format!("{ACTIVE}a=sendonly\r\n"), "m=audio 9").replace("a=sendrecv\r\n", ""),
        ),
    );
    assert!(body(&answer(&world, 200)).contains("a=setup:passive\r\na=connection:existing\r\n"));
    assert!(the_call(&world).held_by_peer);
}

#[test]
fn who_has_no_entry_for_tcp_or_demands_keys_refuses_it() {
    for (upper, action, offer) in [
        ("udp", "none", offering("TCP/RTP/AVP", ACTIVE)),
        ("any", MUST, offering("TCP/RTP/AVP", ACTIVE)),
        ("any", MUST, offering("TCP/RTP/SAVP", ACTIVE)),
        ("any", "ipsec esp/transport//require", offering("TCP/RTP/AVP", ACTIVE)),
        ("any", "none", offering("TCP/RTP/AVP", "a=setup:active\r\na=connection:existing\r\n")),
        ("any", "none", offering("TCP/RTP/AVP", "a=setup:holdconn\r\n")),
    ] {
        let world = bob(upper, action, &offer);
        answer(&world, 488);
        assert!(
            world.nodes[0].agent.calls().next().is_none() && world.wire.seen.is_empty(),
            "{upper} {action} {offer}"
        );
    }
}
