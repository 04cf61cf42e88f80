//! UPDATE of the peer within a call that stands (RFC 3311 section 5.2).

use std::time::Duration;

use super::offer::{answered_by_hand, from_bob};
use super::wire::{body, World, ALICE};
use crate::sip::endpoint::EndpointEvent;
use crate::sip::{send, Message, Method, Response, SessionId};

const OFFERS: Option<&str> = Some("hold");

fn update(world: &mut World, number: u32, offer: Option<&str>) {
    let mut theirs = from_bob(world, Method::Update, number);
    if let Some(offer) = offer {
        send::set_body(&mut theirs, &body(offer));
    }
    world.inject(ALICE, &theirs.to_bytes());
}

fn said(world: &World, start: &str) -> Response {
    match world.last(ALICE, start) {
        Message::Response(response) => response,
        other => panic!("{other:?}"),
    }
}

fn offered(world: &World, id: SessionId) -> usize {
    let by =
        |event: &&EndpointEvent| matches!(event, EndpointEvent::Reinvited { id: of, body: Some(_), .. } if *of == id);
    world.events[ALICE].iter().filter(by).count()
}

/// There is no ACK: the answer goes once, and a request that comes again gets it again.
#[test]
fn an_offer_in_an_update_is_answered_once() {
    let (mut world, ours) = answered_by_hand(&[]);
    update(&mut world, 1, OFFERS);
    assert_eq!(offered(&world, ours), 1);
    world.at(ALICE, |end, now| end.answer(now, ours, body("held")));
    let answer = said(&world, "SIP/2.0 200");
    assert_eq!((answer.headers().first("CSeq"), answer.body()), (Some("1 UPDATE"), &body("held").bytes));
    assert!(answer.headers().first("Contact").is_some());
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.times(ALICE, "SIP/2.0 200").len(), 1);
    update(&mut world, 1, OFFERS);
    assert_eq!((world.times(ALICE, "SIP/2.0 200").len(), offered(&world, ours)), (2, 1));
    update(&mut world, 2, OFFERS);
    assert_eq!(offered(&world, ours), 2, "and the next is taken at once");
}

#[test]
fn an_update_before_the_last_one_is_answered_is_put_off() {
    let (mut world, ours) = answered_by_hand(&[]);
    update(&mut world, 1, OFFERS);
    for (number, offer) in [(2, OFFERS), (3, None)] {
        update(&mut world, number, offer);
        assert_eq!(world.times(ALICE, "SIP/2.0 500").len(), number as usize - 1);
        let pause = said(&world, "SIP/2.0 500").headers().first("Retry-After").unwrap().parse::<u32>().unwrap();
        assert!(pause <= 10);
    }
    world.at(ALICE, |end, now| end.answer(now, ours, body("held")));
    update(&mut world, 4, OFFERS);
    assert_eq!(offered(&world, ours), 2);
}

#[test]
fn an_offer_that_meets_ours_is_refused_and_taken_later() {
    let (mut world, ours) = answered_by_hand(&[]);
    world.at(ALICE, |end, now| end.want_offer(now, ours));
    world.at(ALICE, |end, now| end.offer(now, ours, body("ours")));
    update(&mut world, 1, OFFERS);
    assert_eq!((world.times(ALICE, "SIP/2.0 491").len(), offered(&world, ours)), (1, 0));
    world.reply(&Method::Invite, 200, &[]);
    update(&mut world, 2, OFFERS);
    assert_eq!(offered(&world, ours), 1);
}

/// Where the peer is reached, by whoever knows its tags: taken from where the call goes; from elsewhere only with the offer that proved who it is.
#[test]
fn what_somebody_elsewhere_names_is_not_gone_to_with_the_peers_next_offer() {
    const ELSEWHERE: &str = "192.0.2.66:5060";
    let named = |world: &World, number: u32, contact: &str, offer: Option<&str>| {
        let mut theirs = from_bob(world, Method::Update, number);
        send::push(&mut theirs, "Contact", &format!("<sip:bob@{contact}>"));
        if let Some(offer) = offer {
            send::set_body(&mut theirs, &body(offer));
        }
        theirs.to_bytes()
    };
    let goes_to = |proven_elsewhere: bool| {
        let (mut world, ours) = answered_by_hand(&[]);
        let stray = named(&world, 1, ELSEWHERE, None);
        world.inject_from(ALICE, ELSEWHERE.parse().unwrap(), &stray);
        let offer = named(&world, 2, "192.168.1.2:5070", OFFERS);
        let from = if proven_elsewhere {
            "192.168.1.77:5060".parse().unwrap()
        } else {
            super::wire::address(super::wire::BOB)
        };
        world.inject_from(ALICE, from, &offer);
        let stray = named(&world, 3, ELSEWHERE, None);
        world.inject_from(ALICE, ELSEWHERE.parse().unwrap(), &stray);
        world.at(ALICE, |end, _| end.follow(ours));
        world.at(ALICE, |end, now| end.answer(now, ours, body("held")));
        world.at(ALICE, |end, now| end.bye(now, ours, None));
        world.request(&Method::Bye).uri().to_string()
    };
    for proven_elsewhere in [false, true] {
        assert_eq!(goes_to(proven_elsewhere), "sip:bob@192.168.1.2:5070", "{proven_elsewhere}");
    }
}
