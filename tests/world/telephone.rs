//! An ordinary telephone calls Bob: INVITE without an offer (RFC 3261 sections 13.2.1 and 14.1), hold (RFC 3264 section 8.4),
//! and who hangs up when.

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::{AgentConfig, AnswerMode, AskState, Call, CallState, Command, Event};
use sottovoce::sip::{Message, Request, Response};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

pub const BOB: &str = "192.168.1.2";
pub const PHONE: &str = "192.168.1.5";
const MINUTE: Duration = Duration::from_secs(60);
const ESP: &str = "ipsec esp/transport//require";

fn at(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 5060)
}

/// Bob, whose default is `action`, and nobody else.
fn bob(action: &str) -> World {
    let mut world = World::new(9, Link::GOOD);
    world.add("bob", agent("bob", BOB, action));
    world
}

pub fn say(world: &mut World, text: &str) {
    let bytes = text.as_bytes().to_vec();
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from: at(PHONE), to: at(BOB), bytes });
    world.run_for(Duration::from_millis(100));
}

fn sdp(version: u32, address: &str, direction: &str) -> String {
    format!(
        "v=0\r\no=phone 1 {version} IN IP4 {PHONE}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
    )
}

pub fn usual() -> String {
    sdp(1, PHONE, "sendrecv")
}

/// A request of the telephone's one call; `to` is empty or the tag that Bob gave.
pub fn request(method: &str, number: u32, to: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:bob@{BOB} SIP/2.0\r\nVia: SIP/2.0/UDP {PHONE}:5060;branch=z9hG4bK{method}{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:phone@{PHONE}>;tag=p\r\nTo: <sip:bob@{BOB}>{to}\r\nCall-ID: c\r\n\
         CSeq: {number} {method}\r\nContact: <sip:phone@{PHONE}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn said_by_bob(world: &World) -> Vec<Message> {
    let parcels = world.wire.overheard.iter();
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { from, bytes, .. } if from.ip() == at(BOB).ip() => Message::parse(bytes).ok(),
        _ => None,
    };
    parcels.filter_map(read).collect()
}

/// The last answer to an INVITE with this status.
pub fn answer(world: &World, status: u16) -> Response {
    let answers = said_by_bob(world).into_iter().filter_map(|message| match message {
        Message::Response(response) if response.status() == status && is_of_invite(&response) => Some(response),
        _ => None,
    });
    answers.last().unwrap_or_else(|| panic!("no {status}: {:?}", said_by_bob(world)))
}

fn is_of_invite(response: &Response) -> bool {
    response.headers().first("CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"))
}

pub fn tag(world: &World) -> String {
    let answer = answer(world, 200);
    let to = answer.headers().first("To").unwrap();
    format!(";tag={}", to.rsplit_once(";tag=").unwrap().1)
}

pub fn body(answer: &Response) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

fn bye(world: &World) -> Option<Request> {
    said_by_bob(world).into_iter().find_map(|message| match message {
        Message::Request(request) if request.method().as_str() == "BYE" => Some(request),
        _ => None,
    })
}

pub fn the_call(world: &World) -> &Call {
    world.nodes[0].agent.calls().last().unwrap()
}

fn sent_in(world: &mut World, seconds: u64) -> usize {
    let before = world.wire.seen.len();
    world.run_for(Duration::from_secs(seconds));
    // RTCP has 200 to 207 where RTP has its marker and payload type.
    world.wire.seen[before..].iter().filter(|bytes| !(200..=207).contains(&bytes[1])).count()
}

/// A call with an offer in the INVITE.
pub fn talking(world: &mut World) -> String {
    say(world, &request("INVITE", 1, "", &usual()));
    let tag = tag(world);
    say(world, &request("ACK", 1, &tag, ""));
    assert_eq!(the_call(world).state, CallState::Active);
    tag
}

#[test]
fn an_invite_without_an_offer_gets_ours_and_the_ack_answers() {
    let mut world = bob("none");
    say(&mut world, &request("INVITE", 1, "", ""));
    let offer = body(&answer(&world, 200));
    assert!(offer.contains("m=audio 20002 RTP/AVP 0 8") && !offer.contains("x-sv-sa"), "{offer}");
    assert_eq!(sent_in(&mut world, 1), 0, "nobody has said where to");
    let tag = tag(&world);
    say(&mut world, &request("ACK", 1, &tag, &usual()));
    assert_eq!(the_call(&world).state, CallState::Active);
    assert!(sent_in(&mut world, 1) > 45);
    assert!(world.wire.seen.iter().all(|bytes| bytes[0] >> 6 == 2));
}

#[test]
fn an_answer_that_is_missing_or_leads_elsewhere_ends_the_call() {
    let elsewhere = sdp(1, "192.168.1.99", "sendrecv");
    let unknown = usual().replace("RTP/AVP 0", "RTP/AVP 3").replace("rtpmap:0 PCMU", "rtpmap:3 GSM");
    for answer in ["", &elsewhere, &unknown, "v=nonsense"] {
        let mut world = bob("none");
        say(&mut world, &request("INVITE", 1, "", ""));
        let tag = tag(&world);
        say(&mut world, &request("ACK", 1, &tag, answer));
        let bye = bye(&world).expect("it is hung up");
        assert!(bye.headers().first("Reason").unwrap().starts_with("SIP;cause=488"), "{bye:?}");
        world.run_for(MINUTE);
        let CallState::Failed(failure) = &the_call(&world).state else { panic!("{answer}: {:?}", the_call(&world)) };
        assert_eq!(failure.code, "answer-unusable");
        let said =
            "the call with sip:phone@192.168.1.5 was ended: its telephone let yours say how sound is to be sent, and ";
        assert!(failure.message.starts_with(said), "{failure}");
        assert!(failure.next.starts_with("call back"), "{failure:?}");
        assert!(world.wire.seen.is_empty(), "nothing was sent");
    }
}

#[test]
fn where_media_must_be_protected_such_a_call_does_not_ring() {
    let mut world = bob(ESP);
    say(&mut world, &request("INVITE", 1, "", ""));
    let refused = answer(&world, 488);
    assert!(refused.headers().first("Warning").unwrap().contains("missing: esp/transport//require"));
    assert_eq!(world.nodes[0].agent.calls().count(), 0);
}

#[test]
fn who_has_approved_keys_must_use_them_without_an_offer_too() {
    let mut world = bob("none");
    world.add("phone", agent("phone", PHONE, "none"));
    let ask = world.ask(0, "phone@192.168.1.5", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Registered { .. })));
    say(&mut world, &request("INVITE", 1, "", ""));
    answer(&world, 488);
    let told = |event: &Event| matches!(event, Event::Notice(failure) if failure.code == "downgrade");
    assert!(world.nodes[0].events.iter().any(told));
}

#[test]
fn a_reinvite_without_an_offer_gets_the_session_as_it_is() {
    for (answered, goes_on) in [
        (usual(), true),
        (sdp(2, PHONE, "sendonly"), true),
        (String::new(), false),
        (sdp(2, "192.168.1.99", "sendrecv"), false),
    ] {
        let mut world = bob("none");
        let tag = talking(&mut world);
        let before = body(&answer(&world, 200));
        say(&mut world, &request("INVITE", 2, &tag, ""));
        assert_eq!(body(&answer(&world, 200)), before);
        say(&mut world, &request("ACK", 2, &tag, &answered));
        assert_eq!(bye(&world).is_none(), goes_on, "{answered}");
        assert_eq!(the_call(&world).state == CallState::Active, goes_on);
        let held = answered.contains("sendonly");
        assert_eq!(
            (the_call(&world).held_by_peer, sent_in(&mut world, 2) > 90),
            (held, goes_on && !held),
            "{answered}"
        );
    }
}

#[test]
fn a_call_on_hold_is_silent_until_it_is_taken_up() {
    for (held, mirrored) in [
        (sdp(2, PHONE, "sendonly"), "a=recvonly"),
        (sdp(2, PHONE, "inactive"), "a=inactive"),
        (sdp(2, "0.0.0.0", "sendonly"), "a=recvonly"),
        (sdp(2, "0.0.0.0", "sendrecv"), "m=audio"),
    ] {
        let mut world = bob("none");
        let tag = talking(&mut world);
        let first = body(&answer(&world, 200));
        say(&mut world, &request("INVITE", 2, &tag, &held));
        let answered = body(&answer(&world, 200));
        assert!(answered.contains(mirrored), "{held}{answered}");
        let origin = |text: &str| text.lines().nth(1).unwrap().to_owned();
        assert_eq!(origin(&answered), origin(&first).replace(" 1 IN", " 2 IN"), "the same session, and newer");
        say(&mut world, &request("ACK", 2, &tag, ""));
        assert_eq!(sent_in(&mut world, 40), 0, "{held}");
        assert_eq!(the_call(&world).state, CallState::Active, "who holds is not gone");
        say(&mut world, &request("INVITE", 3, &tag, &sdp(3, PHONE, "sendrecv")));
        assert!(!body(&answer(&world, 200)).contains("a=recvonly"));
        say(&mut world, &request("ACK", 3, &tag, ""));
        assert!(sent_in(&mut world, 2) > 90, "{held}");
    }
}

/// Or his call would keep its place for ever.
#[test]
fn a_stranger_who_holds_a_call_and_is_silent_is_given_up_after_five_minutes() {
    let mut world = bob("none");
    let tag = talking(&mut world);
    say(&mut world, &request("INVITE", 2, &tag, &sdp(2, PHONE, "inactive")));
    say(&mut world, &request("ACK", 2, &tag, ""));
    world.run_for(Duration::from_secs(290));
    assert_eq!(the_call(&world).state, CallState::Active);
    world.run_for(Duration::from_secs(20));
    let CallState::Failed(failure) = &the_call(&world).state else { panic!("{:?}", the_call(&world).state) };
    assert_eq!(failure.code, "peer-gone");
}

#[test]
fn hold_is_no_way_to_aim_the_sound_elsewhere() {
    let mut world = bob("none");
    let tag = talking(&mut world);
    say(&mut world, &request("INVITE", 2, &tag, &sdp(2, "0.0.0.0", "inactive")));
    say(&mut world, &request("ACK", 2, &tag, ""));
    say(&mut world, &request("INVITE", 3, &tag, &sdp(3, "192.168.1.99", "sendrecv")));
    answer(&world, 488);
    assert_eq!(sent_in(&mut world, 2), 0, "it is still held");
}

#[test]
fn a_telephone_that_wants_no_sound_yet_gets_none() {
    let mut world = bob("none");
    say(&mut world, &request("INVITE", 1, "", &sdp(1, PHONE, "sendonly")));
    assert!(body(&answer(&world, 200)).contains("a=recvonly"));
    let tag = tag(&world);
    say(&mut world, &request("ACK", 1, &tag, ""));
    assert_eq!(the_call(&world).state, CallState::Active);
    assert_eq!(sent_in(&mut world, 2), 0);
}

/// RFC 3261 section 11.2: OPTIONS is answered as a call would be.
#[test]
fn who_asks_for_abilities_learns_whether_a_call_would_be_taken() {
    for (answer, status) in [(AnswerMode::Auto, 200), (AnswerMode::Prompt, 200), (AnswerMode::Reject, 603)] {
        let mut world = World::new(9, Link::GOOD);
        world.add("bob", AgentConfig { answer, ..agent("bob", BOB, "none") });
        say(&mut world, &request("OPTIONS", 1, "", ""));
        let Some(Message::Response(options)) = said_by_bob(&world).pop() else { panic!() };
        assert_eq!(options.status(), status);
        for name in ["Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"] {
            assert!(options.headers().first(name).is_some(), "{name}");
        }
        if answer != AnswerMode::Prompt {
            say(&mut world, &request("INVITE", 2, "", &usual()));
            self::answer(&world, status);
        }
    }
}

/// RFC 3891 section 3: Bob calls somebody who rings, and the telephone picks up for them.
#[test]
fn a_call_of_ours_that_rings_is_taken_by_who_picks_up_for_the_callee() {
    let mut world = World::new(9, Link::GOOD);
    for (name, ip) in [("bob", BOB), ("alice", "192.168.1.1")] {
        world.add(name, AgentConfig { answer: AnswerMode::Prompt, ..agent(name, ip, "none") });
    }
    let call = world.call(0, "alice@192.168.1.1", Some("approve"), 60);
    assert!(world.run_until(MINUTE, |world| world.the_call(0, call).state == CallState::Ringing));
    let rings = world.wire.overheard.iter().rev().find_map(|parcel| match parcel {
        Parcel::Sip { bytes, .. } if bytes.starts_with(b"SIP/2.0 180") => Message::parse(bytes).ok(),
        _ => None,
    });
    let Some(Message::Response(rings)) = rings else { panic!() };
    let header = |name: &str| rings.headers().first(name).unwrap().to_owned();
    let tag = |name: &str| header(name).rsplit_once(";tag=").unwrap().1.to_owned();
    let replaces = |from_tag: &str| {
        format!(
            "Contact: <sip:phone@{PHONE}>\r\nReplaces: {};to-tag={};from-tag={from_tag}",
            header("Call-ID"),
            tag("From")
        )
    };
    let pick_up = |from_tag: &str, number| {
        request("INVITE", number, "", &usual()).replace(&format!("Contact: <sip:phone@{PHONE}>"), &replaces(from_tag))
    };
    say(&mut world, &pick_up("other", 7).replace("Call-ID: c", "Call-ID: d"));
    answer(&world, 481);
    say(&mut world, &pick_up(&tag("To"), 1));
    assert_eq!((the_call(&world).state.clone(), the_call(&world).replaces), (CallState::Incoming, Some(call)));
    let new = the_call(&world).id;
    world.command(0, Command::AnswerCall { call: new }).unwrap();
    world.run_for(Duration::from_millis(100));
    let taken = self::tag(&world);
    say(&mut world, &request("ACK", 1, &taken, ""));
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.the_call(0, new).state, CallState::Active);
    let CallState::Ended { reason } = &world.the_call(0, call).state else { panic!() };
    assert!(reason.contains("took its place"), "{reason}");
    let theirs = &world.nodes[1].agent.calls().last().unwrap().state;
    let CallState::Ended { reason } = theirs else { panic!("it rings no more: {theirs:?}") };
    assert!(reason.contains("Call completed elsewhere"), "{reason}");
    let cancel = said_by_bob(&world).into_iter().find_map(|message| match message {
        Message::Request(request) if request.method().as_str() == "CANCEL" => Some(request),
        _ => None,
    });
    assert!(cancel.unwrap().headers().first("Reason").unwrap().starts_with("SIP;cause=200;"));
}

/// Nobody is called for strangers; the user is told, and not for each of many.
#[test]
fn who_refers_outside_of_a_call_is_refused_and_shown() {
    let mut world = bob("none");
    let told = |world: &World| {
        let notices = world.nodes[0].events.iter().filter_map(|event| match event {
            Event::Notice(failure) if failure.code == "referred-outside" => Some(failure.clone()),
            _ => None,
        });
        notices.collect::<Vec<_>>()
    };
    for number in 1..5 {
        let to = "Refer-To: <sip:carol@192.0.2.7>\r\nContent-Length";
        say(&mut world, &request("REFER", number, "", "").replace("Content-Length", to));
    }
    let refused = said_by_bob(&world);
    let refused = refused.iter().filter(|message| matches!(message, Message::Response(r) if r.status() == 403));
    assert_eq!(refused.count(), 4);
    assert_eq!(told(&world).len(), 1);
    assert!(told(&world)[0].message.contains("sip:carol@192.0.2.7"), "{}", told(&world)[0]);
    world.run_for(MINUTE);
    say(&mut world, &request("REFER", 9, "", ""));
    assert_eq!(told(&world).len(), 2);
    assert_eq!(world.nodes[0].agent.calls().count(), 0);
}

/// The 200 is on its way when Bob's user hangs up: BYE waits for the ACK (RFC 3261 section 15), and no sound begins by it.
#[test]
fn hanging_up_before_the_ack_comes_stays_hung_up() {
    let mut world = bob("none");
    say(&mut world, &request("INVITE", 1, "", &usual()));
    world.command(0, Command::Hangup { call: None }).unwrap();
    let tag = tag(&world);
    say(&mut world, &request("ACK", 1, &tag, ""));
    assert!(bye(&world).is_some());
    world.run_for(Duration::from_secs(1));
    assert!(matches!(the_call(&world).state, CallState::Ended { .. }), "{:?}", the_call(&world));
    assert!(world.wire.seen.is_empty());
}

/// Alice's agent as it would hold the call: the same attribute, another direction.
fn hold_protected(world: &mut World, invite: &Request, number: u32, direction: &str) {
    let tag = tag(world);
    let description = String::from_utf8(invite.body().to_vec()).unwrap();
    let description = description.replace(" 1 IN", &format!(" {number} IN")) + direction;
    for (method, body) in [("INVITE", description.as_str()), ("ACK", "")] {
        let mut request = invite.clone();
        request.set_body("application/sdp", body.as_bytes().to_vec()).unwrap();
        let to = format!("{}{tag}", invite.headers().first("To").unwrap());
        let head = String::from_utf8(request.to_bytes().to_vec()).unwrap();
        let text = head
            .replacen("INVITE ", &format!("{method} "), 1)
            .replace("CSeq: 1 INVITE", &format!("CSeq: {number} {method}"))
            .replace("z9hG4bK", &format!("z9hG4bK{number}{method}"))
            .replace(&format!("To: {}", invite.headers().first("To").unwrap()), &format!("To: {to}"));
        let bytes = text.into_bytes();
        let from = SocketAddr::new("192.168.1.1".parse().unwrap(), 5060);
        world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to: at(BOB), bytes });
        world.run_for(Duration::from_millis(100));
    }
}

#[test]
fn a_protected_call_that_is_held_goes_on_under_the_same_keys() {
    let mut world = World::new(9, Link::GOOD);
    world.add("bob", agent("bob", BOB, ESP));
    let alice = world.add("alice", agent("alice", "192.168.1.1", ESP));
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 60);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(1));
    let agreed = |answer: &Response| body(answer).lines().find(|line| line.contains("x-sv-sa")).map(str::to_owned);
    let first = agreed(&answer(&world, 200)).unwrap();
    let invite = world.wire.overheard.iter().find_map(|parcel| match parcel {
        Parcel::Sip { bytes, .. } => match Message::parse(bytes) {
            Ok(Message::Request(request)) if request.method().as_str() == "INVITE" => Some(request),
            _ => None,
        },
        Parcel::Media { .. } => None,
    });
    let invite = invite.unwrap();
    hold_protected(&mut world, &invite, 20, "a=sendonly\r\n");
    assert_eq!(agreed(&answer(&world, 200)), Some(first.clone()));
    assert!(body(&answer(&world, 200)).contains("a=recvonly"));
    let before = the_call(&world).counters.sent;
    world.run_for(Duration::from_secs(5));
    assert_eq!(the_call(&world).counters.sent, before, "Bob is silent");
    hold_protected(&mut world, &invite, 21, "a=sendrecv\r\n");
    world.run_for(Duration::from_secs(2));
    assert!(the_call(&world).counters.sent > before + 90);
    let heard = world.the_call(alice, call).counters.clone();
    assert_eq!(heard.dropped.values().sum::<u64>(), 0, "{heard:?}");
    assert!(world.wire.seen.iter().all(|bytes| bytes[0] >> 6 == 3), "nothing in clear");
    // Without the attribute it is somebody on the way who would like to have it out.
    let mut stripped = invite.clone();
    let clear: String = String::from_utf8(invite.body().to_vec())
        .unwrap()
        .lines()
        .filter(|line| !line.contains("x-sv-sa"))
        .fold(String::new(), |text, line| text + line + "\r\n");
    stripped.set_body("application/sdp", clear.into_bytes()).unwrap();
    for number in [22, 23] {
        hold_protected(&mut world, &stripped, number, "a=sendonly\r\n");
    }
    answer(&world, 488);
    let told = |event: &&Event| matches!(event, Event::Notice(failure) if failure.code == "downgrade");
    assert_eq!(world.nodes[0].events.iter().filter(told).count(), 1, "the user is told, once");
}
