//! Offers within a call (RFC 3261 section 14).

use std::time::Duration;

use super::wire::{address, body, header, invite, World, ALICE, BOB};
use crate::sip::endpoint::EndpointEvent;
use crate::sip::{send, Method, Request, Response, SessionId};

const SECOND: Duration = Duration::from_secs(1);

/// Calls a telephone that the test answers for by hand.
pub fn answered_by_hand(headers: &[(&str, &str)]) -> (World, SessionId) {
    let mut world = World::perfect();
    world.mute = [true, true];
    let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
    world.reply(&Method::Invite, 200, &[&[("To-tag", "b")], headers].concat());
    (world, ours)
}

fn offer(world: &mut World, id: SessionId, text: &str) {
    world.at(ALICE, |end, now| end.want_offer(now, id));
    assert!(is_due(world), "{:?}", world.events[ALICE]);
    world.at(ALICE, |end, now| end.offer(now, id, body(text)));
}

fn is_due(world: &mut World) -> bool {
    world.events[ALICE].pop_if(|event| matches!(event, EndpointEvent::OfferDue { .. })).is_some()
}

pub fn from_bob(world: &World, method: Method, number: u32) -> Request {
    let ours = world.request(&Method::Ack);
    let mut theirs = Request::new(method.clone(), ours.uri().clone());
    let fields = [
        ("Via", format!("SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bK{number}")),
        ("Max-Forwards", "70".to_owned()),
        ("From", header(&ours, "To")),
        ("To", header(&ours, "From")),
        ("Call-ID", header(&ours, "Call-ID")),
        ("CSeq", format!("{number} {method}")),
    ];
    fields.iter().for_each(|(name, value)| send::push(&mut theirs, name, value));
    theirs
}

#[test]
fn a_new_offer_is_answered_acknowledged_and_refreshed_from_then_on() {
    let (mut world, ours) = answered_by_hand(&[("Session-Expires", "90;refresher=uac")]);
    offer(&mut world, ours, "hold");
    let sent = world.request(&Method::Invite);
    assert_eq!((header(&sent, "CSeq").as_str(), header(&sent, "To").contains("tag=b")), ("2 INVITE", true));
    assert_eq!(header(&sent, "Session-Expires"), "90;refresher=uac");
    assert_eq!(sent.body(), &body("hold").bytes);
    world.reply(&Method::Invite, 200, &[("Session-Expires", "90;refresher=uac")]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferAnswered { id, .. }) if *id == ours));
    assert_eq!(header(&world.request(&Method::Ack), "CSeq"), "2 ACK");
    world.run_for(46 * SECOND);
    let refresh = world.request(&Method::Invite);
    assert_eq!((header(&refresh, "CSeq").as_str(), refresh.body()), ("3 INVITE", &body("hold").bytes));
}

/// RFC 3261 section 14.1; the session, and what refreshes it, stay.
#[test]
fn a_refused_offer_leaves_the_session_as_it_was() {
    let (mut world, ours) = answered_by_hand(&[("Session-Expires", "90;refresher=uac")]);
    offer(&mut world, ours, "hold");
    world.reply(&Method::Invite, 488, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferRefused { status: 488, .. })));
    world.run_for(46 * SECOND);
    assert_eq!(world.request(&Method::Invite).body(), &body("offer").bytes, "the refresh is of what stands");
    world.reply(&Method::Invite, 200, &[("Session-Expires", "90;refresher=uac")]);
    offer(&mut world, ours, "again");
    assert_eq!(world.request(&Method::Invite).body(), &body("again").bytes);
}

/// RFC 3261 sections 12.2.1.2 and 14.1.
#[test]
fn an_offer_that_the_peer_does_not_know_or_does_not_answer_ends_the_call() {
    for status in [Some(481), Some(408), None] {
        let (mut world, ours) = answered_by_hand(&[]);
        offer(&mut world, ours, "hold");
        match status {
            Some(status) => world.reply(&Method::Invite, status, &[]),
            None => world.run_for(33 * SECOND),
        }
        let ended = |event: &EndpointEvent| matches!(event, EndpointEvent::Ended { id, .. } if *id == ours);
        assert!(world.events[ALICE].iter().any(ended), "{status:?}");
        assert_eq!(world.times(ALICE, "BYE").len().min(1), 1, "{status:?}");
    }
}

/// Who began the call waits 2.1 to 4 s, and takes the other's offer meanwhile; what is offered then is asked for anew.
#[test]
fn offers_that_meet_are_told_apart() {
    let (mut world, ours) = answered_by_hand(&[]);
    offer(&mut world, ours, "hold");
    let mut theirs = from_bob(&world, Method::Invite, 1);
    send::set_body(&mut theirs, &body("theirs"));
    send::push(&mut theirs, "Contact", "<sip:bob@192.168.1.2>");
    world.inject(ALICE, &theirs.to_bytes());
    assert!(world.first_lines(ALICE).last().unwrap().starts_with("SIP/2.0 491"));
    world.reply(&Method::Invite, 491, &[]);
    world.run_for(Duration::from_millis(2050));
    assert!(!is_due(&mut world), "not yet");
    world.run_for(2 * SECOND);
    assert!(is_due(&mut world));
    world.at(ALICE, |end, now| end.offer(now, ours, body("hold once more")));
    for _ in 0..5 {
        world.reply(&Method::Invite, 491, &[]);
        world.run_for(4 * SECOND);
        if is_due(&mut world) {
            world.at(ALICE, |end, now| end.offer(now, ours, body("hold once more")));
        }
    }
    assert!(
        matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferRefused { status: 491, .. })),
        "not for ever"
    );
}

/// They cross where a proxy is between: whoever gives way still acknowledges, and asks once more.
#[test]
fn an_answer_to_an_offer_that_was_withdrawn_is_acknowledged_and_the_offer_made_anew() {
    let (mut world, ours) = answered_by_hand(&[]);
    offer(&mut world, ours, "hold");
    world.inject(ALICE, &moved_offer(&world, 1).to_bytes());
    world.at(ALICE, |end, now| end.answer(now, ours, body("answer")));
    for _ in 0..2 {
        world.reply(&Method::Invite, 200, &[("Contact", "<sip:bob@192.168.1.2>")]);
        let ack = world.sent.last().unwrap();
        let text = String::from_utf8_lossy(&ack.bytes).into_owned();
        assert!(text.starts_with("ACK sip:bob@192.168.1.2 ") && text.contains("CSeq: 2 ACK"), "{text}");
        assert_eq!(ack.remote, address(BOB), "where it was answered");
    }
    let answered = |event: &EndpointEvent| matches!(event, EndpointEvent::OfferAnswered { .. });
    assert!(!world.events[ALICE].iter().any(answered), "nobody waits for it");
    world.inject(ALICE, &from_bob(&world, Method::Ack, 1).to_bytes());
    world.run_for(Duration::from_millis(1));
    assert!(is_due(&mut world));
}

/// What comes late, or is a copy with another Contact, takes nothing away.
#[test]
fn an_offer_gives_way_to_nothing_that_is_out_of_order() {
    let (mut world, ours) = answered_by_hand(&[]);
    let mut before = from_bob(&world, Method::Invite, 5);
    send::push(&mut before, "Contact", "<sip:bob@192.168.1.2>");
    world.inject(ALICE, &before.to_bytes());
    world.at(ALICE, |end, now| end.answer(now, ours, body("answer")));
    world.inject(ALICE, &from_bob(&world, Method::Ack, 5).to_bytes());
    offer(&mut world, ours, "hold");
    world.inject(ALICE, &moved_offer(&world, 4).to_bytes());
    assert!(world.first_lines(ALICE).last().unwrap().starts_with("SIP/2.0 500"));
    world.reply(&Method::Invite, 200, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferAnswered { id, .. }) if *id == ours));
}

fn moved_offer(world: &World, number: u32) -> Request {
    let mut theirs = from_bob(world, Method::Invite, number);
    send::set_body(&mut theirs, &body("theirs"));
    send::push(&mut theirs, "Contact", "<sip:bob@192.168.1.9>");
    theirs
}

/// Our ACK of the offer before was lost, and the peer says when to ask again (RFC 3261 section 14.2).
#[test]
fn an_offer_that_comes_too_early_is_made_again_when_the_peer_says() {
    for (pause, again) in [("5", true), ("600", false)] {
        let (mut world, ours) = answered_by_hand(&[]);
        offer(&mut world, ours, "hold");
        world.reply(&Method::Invite, 500, &[("Retry-After", pause)]);
        assert_eq!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferRefused { .. })), !again);
        world.run_for(Duration::from_millis(4900));
        assert!(!is_due(&mut world), "not yet");
        world.run_for(Duration::from_millis(200));
        assert_eq!(is_due(&mut world), again);
    }
}

#[test]
fn an_offer_waits_until_the_peers_is_answered_and_acknowledged() {
    let (mut world, ours) = answered_by_hand(&[]);
    let mut theirs = from_bob(&world, Method::Invite, 1);
    send::set_body(&mut theirs, &body("theirs"));
    send::push(&mut theirs, "Contact", "<sip:bob@192.168.1.2>");
    world.inject(ALICE, &theirs.to_bytes());
    world.at(ALICE, |end, now| end.want_offer(now, ours));
    assert!(!is_due(&mut world));
    world.at(ALICE, |end, now| end.answer(now, ours, body("answer")));
    world.run_for(Duration::from_millis(300));
    assert!(!is_due(&mut world), "the ACK is missing");
    let ack = from_bob(&world, Method::Ack, 1);
    world.inject(ALICE, &ack.to_bytes());
    world.run_for(Duration::from_millis(1));
    assert!(is_due(&mut world));
}

/// Whoever says so without end would otherwise have us ask as fast as the network is.
#[test]
fn a_refresh_that_is_to_come_again_at_once_waits_a_little() {
    let (mut world, _) = answered_by_hand(&[("Session-Expires", "90;refresher=uac")]);
    world.run_for(46 * SECOND);
    for number in 2..5 {
        assert_eq!(header(&world.request(&Method::Invite), "CSeq"), format!("{number} INVITE"));
        world.reply(&Method::Invite, 500, &[("Retry-After", "0")]);
        world.run_for(Duration::from_millis(900));
        assert_eq!(header(&world.request(&Method::Invite), "CSeq"), format!("{number} INVITE"), "not yet");
        world.run_for(Duration::from_millis(200));
    }
}

/// It reaches the screen: a page is cut, as of every other answer.
#[test]
fn a_page_in_the_place_of_a_refusals_phrase_is_cut() {
    let (mut world, ours) = answered_by_hand(&[]);
    offer(&mut world, ours, "hold");
    let refusal = Response::to(&world.request(&Method::Invite), 488, &"x".repeat(5000));
    world.inject(ALICE, &refusal.to_bytes());
    match world.events[ALICE].last() {
        Some(EndpointEvent::OfferRefused { reason, .. }) => assert!(reason.len() < 100, "{}", reason.len()),
        other => panic!("{other:?}"),
    }
}
