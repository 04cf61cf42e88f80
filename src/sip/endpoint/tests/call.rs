use std::time::Duration;

use super::wire::{address, body, invite, World, ALICE, BOB};
use crate::sip::endpoint::EndpointEvent;
use crate::sip::headers::Reason;
use crate::sip::{Endpoint, Message, Refusal, SessionId, Transport};

fn called(world: &mut World) -> (SessionId, SessionId) {
    let id = world.at(ALICE, |end, now| end.invite(now, invite()));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id: theirs, require, body: offer, .. }) = world.events[BOB].last() else {
        panic!()
    };
    assert_eq!((require.as_slice(), offer), (&["x-sv-sa".to_owned()][..], &Some(body("offer"))));
    (id, *theirs)
}

fn connected(world: &mut World) -> (SessionId, SessionId) {
    let (ours, theirs) = called(world);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Confirmed { .. }));
    (ours, theirs)
}

fn idle(world: &World) -> bool {
    world.ends.iter().all(Endpoint::is_idle)
}

/// ```text
/// alice          bob
///   | INVITE ---> |
///   | <----- 180  |
///   | <----- 200  |
///   | ACK ------> |
///   | BYE ------> |
///   | <----- 200  |
/// ```
#[test]
fn a_call_from_invite_to_bye() {
    let mut world = World::perfect();
    let (ours, _) = connected(&mut world);
    let reason = Reason { protocol: "SIP".to_owned(), cause: Some(200), text: Some("enough".to_owned()) };
    world.at(ALICE, |end, now| end.bye(now, ours, Some(reason)));
    world.run_for(Duration::from_secs(1));
    let lines = world.first_lines(ALICE);
    let methods: Vec<_> = lines.iter().map(|l| l.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["INVITE", "ACK", "BYE"]);
    assert!(matches!(world.events[BOB].last(),
        Some(EndpointEvent::Ended { by_peer: true, reason: Some(text), .. }) if text == "enough"));
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Ended { by_peer: false, .. })));
    assert!(idle(&world));
}

#[test]
fn the_callee_hangs_up_too() {
    let mut world = World::perfect();
    let (_, theirs) = connected(&mut world);
    world.at(BOB, |end, now| end.bye(now, theirs, None));
    world.run_for(Duration::from_secs(1));
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Ended { by_peer: true, .. })));
    assert!(idle(&world));
}

/// ```text
/// alice          bob
///   | INVITE ---> |
///   | <----- 180  |
///   | CANCEL ---> |
///   | <-- 200, 487|
///   | ACK ------> |
/// ```
#[test]
fn cancel_waits_for_a_provisional_answer() {
    let mut world = World::perfect();
    let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
    world.at(ALICE, |end, now| end.cancel(now, ours));
    assert_eq!(world.times(ALICE, "CANCEL"), [0; 0]);
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Cancelled { .. }));
    assert_eq!(world.times(ALICE, "CANCEL"), [200], "the 100 comes after 200 ms");
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Rejected { status: 487, .. }));
    world.run_for(Duration::from_secs(1));
    assert!(idle(&world));
}

/// ```text
/// alice              bob
///   | CANCEL  --x-- 200 |   cross
///   | ACK, BYE -------> |
/// ```
#[test]
fn an_answer_that_crosses_the_cancel_gets_ack_and_bye() {
    let mut world = World::perfect();
    let (ours, theirs) = called(&mut world);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::InviteProgress { status: 180, .. }));
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.at(ALICE, |end, now| end.cancel(now, ours));
    world.run_for(Duration::from_secs(1));
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Ended { by_peer: false, .. })));
    assert!(!world.events[ALICE].iter().any(|e| matches!(e, EndpointEvent::Answered { .. })));
    assert!(idle(&world));
}

#[test]
fn a_refusal_brings_warning_and_body() {
    let mut world = World::perfect();
    let (_, theirs) = called(&mut world);
    let mut refusal = Refusal::new(488, "Not Acceptable Here").with("Warning", "399 bob \"needs esp\"");
    refusal.body = Some(body("document"));
    world.at(BOB, |end, now| end.refuse(now, theirs, refusal));
    world.run_for(Duration::from_secs(1));
    let Some(EndpointEvent::Rejected { status: 488, warnings, body: document, .. }) = world.events[ALICE].last() else {
        panic!("{:?}", world.events[ALICE])
    };
    assert_eq!((warnings[0].text.as_str(), document), ("needs esp", &Some(body("document"))));
    assert_eq!(world.times(ALICE, "ACK").len(), 1);
    assert!(idle(&world));
}

/// A 2xx that comes again gets the same ACK; one of another device gets ACK and BYE.
#[test]
fn every_2xx_is_acknowledged() {
    let mut world = World::perfect();
    connected(&mut world);
    let Message::Response(answer) = world.last(BOB, "SIP/2.0 200") else { panic!() };
    let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
    world.inject(ALICE, text.as_bytes());
    assert_eq!(world.times(ALICE, "ACK").len(), 2);
    let acks: Vec<_> = world.sent.iter().filter(|t| t.bytes.starts_with(b"ACK")).collect();
    assert_eq!(acks[0], acks[1]);
    let to = answer.headers().first("To").unwrap();
    let forked = text.replace(to, "<sip:bob@192.168.1.2>;tag=fork");
    world.inject(ALICE, forked.as_bytes());
    world.inject(ALICE, forked.as_bytes());
    assert_eq!((world.times(ALICE, "ACK").len(), world.times(ALICE, "BYE").len()), (4, 1));
}

#[test]
fn a_reinvite_is_told_and_can_be_refused_or_answered() {
    let mut world = World::perfect();
    let (_, theirs) = connected(&mut world);
    let Message::Request(first) = world.last(ALICE, "INVITE") else { panic!() };
    let Message::Request(ack) = world.last(ALICE, "ACK") else { panic!() };
    let to = ack.headers().first("To").unwrap();
    let again = |number: u32| {
        let text = String::from_utf8(first.to_bytes().to_vec()).unwrap();
        let text =
            text.replace(first.headers().first("To").unwrap(), to).replace("z9hG4bK", &format!("z9hG4bK{number}"));
        text.replace("CSeq: 1 ", &format!("CSeq: {number} "))
    };
    world.inject(BOB, again(7).as_bytes());
    assert!(matches!(world.events[BOB].last(), Some(EndpointEvent::Reinvited { body: Some(_), .. })));
    world.inject(BOB, again(8).as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 500").len(), 1, "one at a time");
    world.at(BOB, |end, now| end.refuse(now, theirs, Refusal::new(488, "Not Acceptable Here")));
    let acknowledged = again(7).replace("INVITE sip:", "ACK sip:").replace("7 INVITE", "7 ACK");
    world.inject(BOB, acknowledged.as_bytes());
    world.run_for(Duration::from_secs(40));
    assert_eq!(world.times(BOB, "SIP/2.0 488").len(), 1, "the ACK within the dialog stops Timer G");
    world.inject(BOB, again(9).as_bytes());
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    assert_eq!(world.times(BOB, "SIP/2.0 200").len(), 2);
    world.inject(BOB, again(3).as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 500").len(), 2, "older than what came before");
}

/// RFC 3261 section 18.2.2: a response whose connection is gone goes to a new one, to the address that the request
/// came from and the port of its Via.
#[test]
fn a_response_whose_connection_broke_takes_a_new_one_once() {
    let mut world = World::perfect();
    let mut large = invite();
    large.body = body(&"x".repeat(1300));
    world.at(ALICE, |end, now| end.invite(now, large));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id, .. }) = world.events[BOB].last().cloned() else { panic!() };
    world.mute[BOB] = true;
    world.at(BOB, |end, now| end.refuse(now, id, Refusal::new(480, "Temporarily Unavailable")));
    let lost = world.sent.last().unwrap().clone();
    assert!(lost.connection.is_some() && lost.transport == Transport::Tcp);
    world.at(BOB, |end, now| end.handle_transport_failure(now, &lost, "the peer closed it"));
    let again = world.sent.last().unwrap().clone();
    assert_eq!((&again.bytes, again.connection, again.remote), (&lost.bytes, None, address(ALICE)));
    let sent = world.sent.len();
    world.at(BOB, |end, now| end.handle_transport_failure(now, &again, "connection refused"));
    assert_eq!(world.sent.len(), sent, "nobody is there");
}

#[test]
fn shutdown_ends_what_runs_and_what_rings() {
    let mut world = World::perfect();
    connected(&mut world);
    world.events[BOB].clear();
    called(&mut world);
    world.at(BOB, |end, now| end.shutdown(now));
    world.run_for(Duration::from_secs(2));
    assert!(matches!(
        world.events[ALICE].iter().find(|e| matches!(e, EndpointEvent::Rejected { .. })),
        Some(EndpointEvent::Rejected { status: 480, .. })
    ));
    assert!(idle(&world));
}
