use std::time::Duration;

use super::wire::{body, header, invite, World, ALICE, BOB};
use crate::sip::endpoint::{Endpoint, EndpointEvent};
use crate::sip::{send, HeaderName, Message, Method, Request, Response, SessionId};

const SECOND: Duration = Duration::from_secs(1);

fn connected(world: &mut World) -> (SessionId, SessionId) {
    let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id: theirs, .. }) = world.events[BOB].last() else { panic!() };
    let theirs = *theirs;
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Confirmed { .. }));
    (ours, theirs)
}

fn is_over(world: &World, side: usize) -> bool {
    world.events[side].iter().any(|event| matches!(event, EndpointEvent::Ended { .. }))
}

fn last_response(world: &World, side: usize, start: &str) -> Response {
    match world.last(side, start) {
        Message::Response(response) => response,
        Message::Request(_) => panic!("a request"),
    }
}

/// Alice's newest request of this method is answered by hand within the dialog.
fn reply(world: &mut World, method: &Method, status: u16, headers: &[(&str, &str)]) {
    world.reply(method, status, headers);
}

/// ```text
/// alice                              bob
///   | INVITE, Session-Expires: 1800 --> |
///   | <----------- 200, refresher=uac   |
///   |          (half of 1800 s)         |
///   | UPDATE -------------------------> |
///   | <--------------------------- 200  |
/// ```
#[test]
fn a_long_call_is_refreshed_by_who_began_it() {
    let mut world = World::perfect();
    connected(&mut world);
    let answer = last_response(&world, BOB, "SIP/2.0 200");
    assert_eq!(answer.headers().first("Session-Expires"), Some("1800;refresher=uac"));
    assert_eq!(answer.headers().first("Require"), Some("timer"));
    world.run_for(Duration::from_secs(4 * 3600 + 10));
    let refreshes = world.times(ALICE, "UPDATE");
    assert_eq!(refreshes.len(), 16);
    assert!((900_000..901_000).contains(&refreshes[0]), "{refreshes:?}");
    assert!(!is_over(&world, ALICE) && !is_over(&world, BOB));
    assert!(world.request(&Method::Update).body().is_empty());
}

#[test]
fn a_call_whose_other_end_is_gone_is_given_up_on_both_sides() {
    let mut world = World::perfect();
    connected(&mut world);
    world.mute = [true, true];
    world.run_for(Duration::from_secs(1700));
    assert!(is_over(&world, ALICE), "her refresh was not answered");
    assert!(!is_over(&world, BOB));
    world.run_for(100 * SECOND);
    assert!(is_over(&world, BOB), "nobody refreshed");
    let byes = world.times(BOB, "BYE");
    assert!((1_768_000..1_769_000).contains(&byes[0]), "32 s before the end: {byes:?}");
    world.run_for(100 * SECOND);
    assert!(world.ends.iter().all(Endpoint::is_idle));
}

/// Calls a telephone that the test answers for by hand, and which lets Alice refresh every 90 s.
fn answered_by_hand(allow: &str) -> World {
    let mut world = World::perfect();
    world.mute = [true, true];
    world.at(ALICE, |end, now| end.invite(now, invite()));
    let granted = [("To-tag", "b"), ("Session-Expires", "90;refresher=uac"), ("Allow", allow)];
    reply(&mut world, &Method::Invite, 200, &granted);
    assert_eq!(header(&world.request(&Method::Ack), "CSeq"), "1 ACK");
    world
}

/// RFC 4028 section 7.4; the 200 that comes again gets its own ACK again.
#[test]
fn who_does_not_know_update_gets_the_invite_again() {
    let mut world = answered_by_hand("INVITE, ACK, BYE");
    world.run_for(46 * SECOND);
    let again = world.request(&Method::Invite);
    assert_eq!((header(&again, "CSeq").as_str(), again.body()), ("2 INVITE", &body("offer").bytes));
    assert_eq!(header(&again, "Session-Expires"), "90;refresher=uac");
    for times in 1..3 {
        reply(&mut world, &Method::Invite, 200, &[("Session-Expires", "90;refresher=uac")]);
        assert_eq!(world.times(ALICE, "ACK").len(), 1 + times);
        assert_eq!(header(&world.request(&Method::Ack), "CSeq"), "2 ACK");
    }
    assert!(!is_over(&world, ALICE));
}

fn updates(world: &World) -> usize {
    let mut numbers: Vec<String> = world.sent.iter().filter_map(|sent| update_number(&sent.bytes)).collect();
    numbers.dedup();
    numbers.len()
}

fn update_number(bytes: &[u8]) -> Option<String> {
    match Message::parse(bytes) {
        Ok(Message::Request(request)) if *request.method() == Method::Update => Some(header(&request, "CSeq")),
        _ => None,
    }
}

/// RFC 3261 section 14.1: who began the call waits 2.1 to 4 s.
#[test]
fn two_requests_that_meet_are_told_apart() {
    let mut world = answered_by_hand("INVITE, UPDATE");
    world.run_for(46 * SECOND);
    assert_eq!(updates(&world), 1);
    let theirs = from_bob(&world, Method::Update, 1);
    world.inject(ALICE, &theirs.to_bytes());
    assert!(world.first_lines(ALICE).last().unwrap().starts_with("SIP/2.0 491"));
    reply(&mut world, &Method::Update, 491, &[]);
    world.run_for(2 * SECOND);
    assert_eq!(updates(&world), 1);
    let mut theirs = from_bob(&world, Method::Update, 2);
    send::push(&mut theirs, "Session-Expires", "90;refresher=uas");
    world.inject(ALICE, &theirs.to_bytes());
    assert!(world.first_lines(ALICE).last().unwrap().starts_with("SIP/2.0 200"), "while ours waits theirs is served");
    world.run_for(3 * SECOND);
    assert_eq!(updates(&world), 2);
}

/// A request of Bob's within the dialog that the test answered.
fn from_bob(world: &World, method: Method, number: u32) -> Request {
    let ours = world.request(&Method::Ack);
    let mut theirs = Request::new(method.clone(), ours.uri().clone());
    let from = header(&ours, "To");
    let fields = [
        ("Via", format!("SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bK{number}")),
        ("Max-Forwards", "70".to_owned()),
        ("From", from),
        ("To", header(&ours, "From")),
        ("Call-ID", header(&ours, "Call-ID")),
        ("CSeq", format!("{number} {method}")),
    ];
    fields.iter().for_each(|(name, value)| send::push(&mut theirs, name, value));
    theirs
}

#[test]
fn a_refresh_that_the_peer_does_not_know_ends_the_call() {
    let mut world = answered_by_hand("INVITE, UPDATE");
    world.run_for(46 * SECOND);
    reply(&mut world, &Method::Update, 481, &[]);
    assert!(is_over(&world, ALICE));
    assert!(header(&world.request(&Method::Bye), "Reason").contains("cause=408"));
}

#[test]
fn a_session_that_is_too_brief_is_made_longer() {
    let mut world = World::perfect();
    world.mute = [true, true];
    world.at(ALICE, |end, now| end.invite(now, invite()));
    reply(&mut world, &Method::Invite, 422, &[("Min-SE", "3600")]);
    let again = world.request(&Method::Invite);
    assert_eq!((header(&again, "Session-Expires").as_str(), header(&again, "Min-SE").as_str()), ("3600", "3600"));
    assert_eq!(header(&again, "CSeq"), "2 INVITE");
    reply(&mut world, &Method::Invite, 422, &[("Min-SE", "7200")]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Rejected { status: 422, .. })), "once is enough");
    // And what we are asked for.
    let mut brief = again.clone();
    brief.headers_mut().set(HeaderName::SESSION_EXPIRES, "60").unwrap();
    brief.headers_mut().set(HeaderName::SUPPORTED, "timer").unwrap();
    world.inject(BOB, &brief.to_bytes());
    let refused = last_response(&world, BOB, "SIP/2.0 422");
    assert_eq!(refused.headers().first("Min-SE"), Some("90"));
    assert!(world.events[BOB].is_empty());
}
