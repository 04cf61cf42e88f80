//! Calls as ordinary telephones have them: no statement, no key agreement, SRTP with keys in the session description (RFC 4568).
//! Two of our own stand for them, each with entries that name `srtp`, and a telephone that is written down.

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::{AccountConfig, AgentConfig, AnswerMode, CallResult, CallState, Command, Event, HoldState};
use sottovoce::vocab::{CallId, Entity, Failure};

use crate::common::config::{account, agent};
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const PHONE: &str = "192.168.1.5";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const MUST: &str = "ipsec srtp/transport//require";
const MAY: &str = "ipsec srtp/transport//use";

/// Keys go without TLS, of which there is none in the virtual world.
fn telephone(name: &str, address: &str, action: &str) -> AgentConfig {
    AgentConfig { sdes_without_tls: true, ..agent(name, address, action) }
}

pub fn two(alice: AgentConfig, bob: AgentConfig) -> World {
    let mut world = World::new(4, Link::GOOD);
    world.add("alice", alice);
    world.add("bob", bob);
    world
}

pub fn called(world: &mut World) -> CallId {
    let call = world.call(ALICE, "bob@192.168.1.2", None, 3600);
    let settled = |world: &World| {
        let state = &world.the_call(ALICE, call).state;
        matches!(state, CallState::Active | CallState::Failed(_))
    };
    assert!(world.run_until(MINUTE, settled), "{:?}", world.the_call(ALICE, call));
    world.run_for(3 * SECOND);
    call
}

pub fn failed(world: &World, call: CallId) -> &'static str {
    match &world.the_call(ALICE, call).state {
        CallState::Failed(failure) => failure.code,
        state => panic!("{state:?}"),
    }
}

fn bundles(world: &World, call: CallId) -> [(String, u64); 2] {
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    [(ALICE, call), (BOB, theirs)].map(|(node, call)| {
        let call = world.the_call(node, call);
        assert_eq!(call.counters.dropped.len(), 0, "{call:?}");
        (call.bundle.clone(), call.counters.received)
    })
}

pub fn descriptions(world: &World) -> Vec<String> {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    world.wire.overheard.iter().filter_map(text).filter(|text| text.contains("m=audio")).collect()
}

#[test]
fn what_is_required_is_offered_and_answered_as_rtp_savp_and_both_are_heard() {
    let mut world = two(telephone("alice", "192.168.1.1", MUST), telephone("bob", "192.168.1.2", MUST));
    let call = called(&mut world);
    for (bundle, received) in bundles(&world, call) {
        assert_eq!(bundle, "srtp");
        assert!(received > 100);
    }
    assert_eq!(world.the_call(ALICE, call).suite.as_deref(), Some("AEAD_AES_256_GCM"));
    let said = descriptions(&world);
    assert!(said.len() >= 2);
    assert!(said.iter().all(|text| text.contains("RTP/SAVP") && text.contains("a=crypto:1 AEAD_AES_256_GCM inline:")));
    assert!(said.iter().all(|text| !text.contains("a=x-sv-sa")));
}

/// RFC 8643: RTP/AVP, with keys beside it.
#[test]
fn what_is_wished_for_is_had_where_both_can_and_is_in_clear_else() {
    let mut world = two(telephone("alice", "192.168.1.1", MAY), telephone("bob", "192.168.1.2", MAY));
    let call = called(&mut world);
    assert!(bundles(&world, call).iter().all(|(bundle, received)| bundle == "srtp" && *received > 100));
    assert!(descriptions(&world).iter().all(|text| text.contains("RTP/AVP") && text.contains("a=crypto:1 ")));
    // Bob takes keys over TLS only.
    let mut world = two(telephone("alice", "192.168.1.1", MAY), agent("bob", "192.168.1.2", MAY));
    let call = called(&mut world);
    assert!(bundles(&world, call).iter().all(|(bundle, received)| bundle == "none" && *received > 100));
}

#[test]
fn keys_go_by_tls_alone_unless_the_user_allows_more() {
    let mut world = two(agent("alice", "192.168.1.1", MUST), telephone("bob", "192.168.1.2", MUST));
    let call = called(&mut world);
    assert_eq!(failed(&world, call), "sdes-needs-tls");
    assert_eq!(descriptions(&world), Vec::<String>::new());
    let mut world = two(telephone("alice", "192.168.1.1", MUST), agent("bob", "192.168.1.2", MUST));
    let call = called(&mut world);
    assert_eq!(failed(&world, call), "no-protection");
    assert!(world.nodes[BOB].agent.calls().next().is_none());
    assert!(world.wire.seen.is_empty(), "no media");
}

#[test]
fn who_demands_more_than_a_telephone_has_refuses_it() {
    let esp = "ipsec esp/transport//require";
    let mut world = two(telephone("alice", "192.168.1.1", MUST), telephone("bob", "192.168.1.2", esp));
    let call = called(&mut world);
    assert_eq!(failed(&world, call), "no-protection");
    assert!(world.nodes[BOB].agent.calls().next().is_none());
}

#[test]
fn a_hold_keeps_the_keys() {
    let mut world = two(telephone("alice", "192.168.1.1", MUST), telephone("bob", "192.168.1.2", MUST));
    let call = called(&mut world);
    for (wanted, heard) in [(true, false), (false, true)] {
        world.command(ALICE, Command::Hold { call, wanted }).unwrap();
        let done = |world: &World| world.the_call(ALICE, call).hold.as_ref().unwrap().state == HoldState::Done;
        assert!(world.run_until(MINUTE, done), "{:?}", world.the_call(ALICE, call));
        world.run_for(SECOND);
        let before = bundles(&world, call)[0].1;
        world.run_for(SECOND);
        let [(bundle, after), _] = bundles(&world, call);
        assert_eq!((bundle.as_str(), after > before + 40), ("srtp", heard));
    }
}

fn at(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 5060)
}

fn say(world: &mut World, text: String) {
    let (from, to, bytes) = (at(PHONE), at("192.168.1.1"), text.into_bytes());
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes });
    world.run_for(SECOND);
}

pub fn said_to_phone(world: &World, method: &str) -> Option<String> {
    world.wire.overheard.iter().find_map(|parcel| match parcel {
        Parcel::Sip { bytes, to, .. } if to.ip() == at(PHONE).ip() => {
            String::from_utf8(bytes.clone()).ok().filter(|text| text.starts_with(method))
        }
        _ => None,
    })
}

/// The telephone is asked so, and answers with this status line and this body.
pub fn answers(world: &mut World, method: &str, status: &str, body: &str) -> String {
    assert!(world.run_until(MINUTE, |world| said_to_phone(world, method).is_some()));
    let request = said_to_phone(world, method).unwrap();
    let kept = |line: &&str| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
    let head: Vec<&str> = request.lines().filter(kept).collect();
    let answer = format!(
        "SIP/2.0 {status}\r\n{}\r\nTo: <sip:phone@{PHONE}>;tag=p\r\nContact: <sip:phone@{PHONE}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        head.join("\r\n"),
        body.len()
    );
    say(world, answer);
    request
}

pub fn described(media: &str) -> String {
    format!("v=0\r\no=p 1 1 IN IP4 {PHONE}\r\ns=-\r\nc=IN IP4 {PHONE}\r\nt=0 0\r\nm=audio 6000 {media}")
}

/// Alice calls the telephone, which answers with this media line and these attributes.
fn answered_with(action: &str, media: &str) -> (World, CallId) {
    let mut world = World::new(5, Link::GOOD);
    world.add("alice", telephone("alice", "192.168.1.1", action));
    let call = world.call(ALICE, "phone@192.168.1.5", None, 3600);
    answers(&mut world, "INVITE ", "200 OK", &described(media));
    (world, call)
}

/// What telephones, and proxies before them, say to SUBSCRIBE, and take INVITE all the same.
const UNASKABLE: [&str; 11] = [
    "489 Bad Event",
    "405 Method Not Allowed",
    "481 Call/Transaction Does Not Exist",
    "501 Not Implemented",
    "400 Bad Request",
    "403 Forbidden",
    "404 Not Found",
    "408 Request Timeout",
    "480 Temporarily Unavailable",
    "488 Not Acceptable Here",
    "504 Server Time-out",
];

/// It is asked first; when it refuses to be asked the call goes on, and only where both directions may be in clear.
#[test]
fn a_clear_call_follows_an_ask_that_finds_no_presence() {
    for status in UNASKABLE {
        let mut world = World::new(5, Link::GOOD);
        world.add("alice", agent("alice", "192.168.1.1", "none"));
        let call = world.call(ALICE, "phone@192.168.1.5", None, 3600);
        answers(&mut world, "SUBSCRIBE ", status, "");
        let invite = answers(&mut world, "INVITE ", "200 OK", &described("RTP/AVP 0\r\n"));
        assert!(invite.contains("RTP/AVP 0") && !invite.contains("a=crypto"), "{invite}");
        world.run_for(SECOND);
        let call = world.the_call(ALICE, call);
        assert_eq!((&call.state, call.bundle.as_str()), (&CallState::Active, "none"), "{status}");
        assert!(call.counters.sent > 40);
    }
}

/// There are telephones that do not even refuse SUBSCRIBE: baresip 1.0 without its presence module.
#[test]
fn whoever_may_be_called_in_clear_is_not_waited_for() {
    let called = |action: &str, waited: Duration| {
        let mut world = World::new(5, Link::GOOD);
        world.add("alice", agent("alice", "192.168.1.1", action));
        let began = world.now.mono;
        let call = world.call(ALICE, "phone@192.168.1.5", None, 3600);
        let over = |world: &World| {
            said_to_phone(world, "INVITE ").is_some()
                || matches!(world.the_call(ALICE, call).state, CallState::Failed(_))
        };
        assert!(world.run_until(MINUTE, over));
        assert!(world.now.mono - began < waited);
        (world, call)
    };
    let (mut world, call) = called("none", 5 * SECOND);
    answers(&mut world, "INVITE ", "200 OK", &described("RTP/AVP 0\r\n"));
    let call = world.the_call(ALICE, call);
    assert_eq!((&call.state, call.bundle.as_str()), (&CallState::Active, "none"));
    let (world, call) = called("ipsec esp/transport//use", 33 * SECOND);
    assert_eq!(failed(&world, call), "peer-silent");
}

#[test]
fn no_call_in_clear_follows_an_ask_that_fails_otherwise_or_under_another_entry() {
    let esp = "ipsec esp/transport//require";
    for (action, status, code) in [
        ("none", "603 Decline", "asking-declined"),
        ("none", "600 Busy Everywhere", "asking-declined"),
        ("none", "503 Service Unavailable", "peer-unreachable"),
        (esp, "489 Bad Event", "no-presence"),
        (esp, "404 Not Found", "no-such-peer"),
        ("ipsec esp/transport//use", "489 Bad Event", "no-presence"),
    ] {
        let mut world = World::new(5, Link::GOOD);
        world.add("alice", agent("alice", "192.168.1.1", action));
        let call = world.call(ALICE, "phone@192.168.1.5", None, 3600);
        answers(&mut world, "SUBSCRIBE ", status, "");
        world.run_for(MINUTE);
        assert_eq!(failed(&world, call), code, "{action} {status}");
        assert_eq!(said_to_phone(&world, "INVITE "), None);
    }
}

#[test]
fn an_answer_without_keys_or_with_others_ends_the_call_where_srtp_is_required() {
    let other = "RTP/SAVP 0\r\na=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\r\n";
    for (media, code) in
        [("RTP/AVP 0\r\n", "no-protection"), ("RTP/SAVP 0\r\n", "answer-unusable"), (other, "answer-unusable")]
    {
        let (world, call) = answered_with(MUST, media);
        assert_eq!(failed(&world, call), code, "{media}");
        assert!(world.wire.seen.is_empty(), "no media");
    }
    let (world, call) = answered_with(MAY, "RTP/AVP 0\r\n");
    assert_eq!(
        (&world.the_call(ALICE, call).state, world.the_call(ALICE, call).bundle.as_str()),
        (&CallState::Active, "none")
    );
    let (world, call) = answered_with(MAY, &other.replace("SAVP", "AVP"));
    assert_eq!(failed(&world, call), "answer-unusable");
}

/// An INVITE of the telephone without keys; `number` tells it from others.
fn invite_in_clear(number: u32) -> String {
    invite_of(number, PHONE, "RTP/AVP 0\r\n")
}

/// One whose sound is to go to `there`, as the line of its media says.
fn invite_of(number: u32, there: &str, media: &str) -> String {
    let body = format!("v=0\r\no=p 1 1 IN IP4 {PHONE}\r\ns=-\r\nc=IN IP4 {there}\r\nt=0 0\r\nm=audio 6000 {media}");
    format!(
        "INVITE sip:alice@192.168.1.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PHONE}:5060;branch=z9hG4bKa{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:phone@{PHONE}>;tag=p\r\nTo: <sip:alice@192.168.1.1>\r\nCall-ID: c{number}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:phone@{PHONE}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Nothing rings; our user is told why, once, and finds each call among those that he missed.
#[test]
fn a_telephone_without_what_is_required_is_refused_and_the_user_told() {
    for (demanded, lacks) in
        [(MUST, "none of the srtp"), ("ipsec esp/transport//require", "has no esp/transport//require")]
    {
        let mut world = World::new(6, Link::GOOD);
        let config = telephone("alice", "192.168.1.1", demanded);
        world.add("alice", AgentConfig { answer: AnswerMode::Prompt, ..config });
        let entry =
            Command::PolicyAdd { text: format!("spdadd any any udp -P out {MUST}; # sv: entity=sip:phone@{PHONE}") };
        world.command(ALICE, entry).unwrap();
        world.run_for(SECOND);
        (1..=3).for_each(|number| say(&mut world, invite_in_clear(number)));
        world.run_for(SECOND);
        assert!(world.nodes[ALICE].agent.calls().next().is_none());
        let told = notices(&world);
        assert!(told.len() == 1 && told[0].message.contains(lacks), "{told:?}");
        assert!(told[0].message.contains("an entry names it, and does not count"), "{told:?}");
        assert!(told[0].next.contains("sottovoce policy default"), "{told:?}");
        let missed = &world.nodes[ALICE].store.calls;
        assert_eq!(missed.len(), 3);
        for call in missed {
            assert_eq!((call.result, call.peer.as_str()), (CallResult::Missed, &*format!("sip:phone@{PHONE}")));
            assert!(call.outcome.contains(lacks) && !call.known, "{call:?}");
        }
    }
}

fn notices(world: &World) -> Vec<Failure> {
    let notice = |event: &Event| match event {
        Event::Notice(failure) => Some(failure.clone()),
        _ => None,
    };
    world.nodes[ALICE].events.iter().filter_map(notice).collect()
}

/// Also what cannot be joined: our user hears of each such call, and what to do.
#[test]
fn a_telephone_whose_offer_is_none_for_us_is_refused_and_the_user_told() {
    let dtls = "UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\na=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";
    let marked =
        "RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:4\r\n";
    for (action, there, media, lacks, next) in [
        (MUST, PHONE, "RTP/SAVP 0\r\n", "", "tell who runs it"),
        (MUST, PHONE, marked, "", "tell who runs it"),
        ("none", PHONE, "RTP/AVP 3\r\na=rtpmap:3 GSM/8000\r\n", "codec", "codecs in [audio]"),
        ("none", "192.168.1.77", "RTP/AVP 0\r\n", "another address for its sound", "STUN or ICE"),
        (MUST, PHONE, dtls, "by DTLS alone", "\"dtls\" in keys of [srtp]"),
    ] {
        let mut world = World::new(6, Link::GOOD);
        let config = telephone("alice", "192.168.1.1", action);
        world.add("alice", AgentConfig { answer: AnswerMode::Prompt, ..config });
        say(&mut world, invite_of(1, there, media));
        world.run_for(SECOND);
        assert!(world.nodes[ALICE].agent.calls().next().is_none(), "{media}");
        let told = notices(&world);
        assert_eq!(told.len(), 1, "{media} {told:?}");
        assert!(told[0].message.contains(lacks) && told[0].next.contains(next), "{media} {told:?}");
        let missed: Vec<_> = world.nodes[ALICE].store.calls.iter().map(|call| call.result).collect();
        assert_eq!(missed, [CallResult::Missed], "{media}");
    }
}

/// The way of most calls to telephones: nobody but the proxy says anything, and it says so in its own words.
#[test]
fn a_clear_call_by_a_proxy_follows_an_ask_that_it_refuses() {
    for status in UNASKABLE {
        let mut world = World::new(5, Link::GOOD);
        let entity = Entity::parse("sip:alice@example.org").unwrap();
        let account = AccountConfig { publish: false, ..account(&entity, PHONE) };
        world.add("alice", AgentConfig { accounts: vec![account], ..agent("alice", "192.168.1.1", "none") });
        let call = world.call(ALICE, "+4930120@example.org", None, 3600);
        answers(&mut world, "SUBSCRIBE ", status, "");
        answers(&mut world, "INVITE ", "200 OK", &described("RTP/AVP 0\r\n"));
        world.run_for(SECOND);
        assert_eq!(world.the_call(ALICE, call).state, CallState::Active, "{status}");
    }
}

/// What it answers is told in words for a telephone.
#[test]
fn what_a_telephone_refuses_a_call_with_comes_with_what_helps_there() {
    for (peer, status, code, helps) in [
        ("phone@192.168.1.5", "403 Forbidden", "caller-refused", "takes no calls of yours"),
        ("phone@192.168.1.5", "404 Not Found", "no-such-peer", "check the name"),
        ("192.168.1.5", "404 Not Found", "no-such-peer", "name its user as well"),
    ] {
        let mut world = World::new(5, Link::GOOD);
        world.add("alice", agent("alice", "192.168.1.1", "none"));
        let call = world.call(ALICE, peer, None, 3600);
        answers(&mut world, "SUBSCRIBE ", status, "");
        answers(&mut world, "INVITE ", status, "");
        assert_eq!(failed(&world, call), code, "{peer} {status}");
        let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
        assert!(failure.next.contains(helps) && !failure.next.contains("keys"), "{failure:?}");
    }
}
