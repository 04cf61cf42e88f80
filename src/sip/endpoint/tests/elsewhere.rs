//! Whoever reads a call's messages on their way knows its tags and branches, and writes from elsewhere in the peer's name.

use std::time::Duration;

use super::offer::{answered_by_hand, from_bob};
use super::wire::{body, invite, World, ALICE};
use crate::sip::endpoint::EndpointEvent;
use crate::sip::{send, Method, Response};

const ELSEWHERE: ([u8; 4], u16) = ([192, 0, 2, 66], 5060);

/// Answers Alice's newest request of this method from elsewhere.
fn forge(world: &mut World, method: &Method, status: u16) {
    let mut response = Response::to(&world.request(method), status, "Whatever");
    send::add_to_tag(&mut response, "forged");
    send::push_to(&mut response, "Contact", "<sip:bob@192.0.2.66>");
    send::set_response_body(&mut response, &body("forged"));
    world.inject_from(ALICE, ELSEWHERE.into(), &response.to_bytes());
}

#[test]
fn no_answer_from_elsewhere_is_the_peers() {
    for status in [180, 200, 302, 401, 486] {
        let mut world = World::perfect();
        world.mute = [true, true];
        let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
        let (sent, told) = (world.sent.len(), world.events[ALICE].len());
        forge(&mut world, &Method::Invite, status);
        assert_eq!((world.sent.len(), world.events[ALICE].len()), (sent, told), "{status}");
        world.reply(&Method::Invite, 200, &[("To-tag", "b")]);
        assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Answered { id, .. }) if *id == ours));
        let sent = world.sent.len();
        forge(&mut world, &Method::Invite, 200);
        assert_eq!(world.sent.len(), sent, "nor is it another branch of the call");
    }
}

#[test]
fn nor_one_to_an_offer_within_the_call() {
    let (mut world, ours) = answered_by_hand(&[]);
    world.at(ALICE, |end, now| end.want_offer(now, ours));
    world.at(ALICE, |end, now| end.offer(now, ours, body("hold")));
    forge(&mut world, &Method::Invite, 200);
    assert!(!world.events[ALICE].iter().any(|event| matches!(event, EndpointEvent::OfferAnswered { .. })));
    world.reply(&Method::Invite, 200, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferAnswered { id, .. }) if *id == ours));
    world.at(ALICE, |end, now| end.bye(now, ours, None));
    assert!(!world.request(&Method::Bye).uri().as_str().contains("192.0.2.66"));
}

/// Else the peer's own would be refused from then on, and the call would stand when the peer is gone.
#[test]
fn a_request_from_elsewhere_leaves_no_number_and_refreshes_nothing() {
    let talking = || {
        let (mut world, _) = answered_by_hand(&[("Session-Expires", "90;refresher=uas")]);
        let mut forged = from_bob(&world, Method::Update, i32::MAX as u32);
        send::push(&mut forged, "Session-Expires", "4000;refresher=uas");
        world.inject_from(ALICE, ELSEWHERE.into(), &forged.to_bytes());
        assert_eq!(world.times(ALICE, "SIP/2.0 403").len(), 1);
        world
    };
    let ended = |world: &World, by: bool| {
        let is = |event: &EndpointEvent| matches!(event, EndpointEvent::Ended { by_peer, .. } if *by_peer == by);
        world.events[ALICE].iter().any(is)
    };
    let mut world = talking();
    let theirs = from_bob(&world, Method::Bye, 7);
    world.inject(ALICE, &theirs.to_bytes());
    assert!(ended(&world, true));
    let mut world = talking();
    world.run_for(Duration::from_secs(100));
    assert!(ended(&world, false), "nobody has refreshed it");
}
