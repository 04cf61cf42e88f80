use std::time::Duration;

use super::wire::{body, invite, World, ALICE, BOB};
use crate::sip::endpoint::EndpointEvent;
use crate::sip::{Message, Method};

/// Alice's INVITE with this Expires reaches Bob, who rings.
fn ringing(expires: &str) -> (World, crate::sip::SessionId) {
    let mut world = World::perfect();
    world.mute = [true, true];
    world.at(ALICE, |end, now| end.invite(now, invite()));
    let mut request = world.request(&Method::Invite);
    request.headers_mut().push("Expires", expires).unwrap();
    world.inject(BOB, &request.to_bytes());
    let Some(EndpointEvent::Invited { id, .. }) = world.events[BOB].last().cloned() else { panic!() };
    world.at(BOB, |end, now| end.ring(now, id));
    (world, id)
}

fn final_answers(world: &World) -> Vec<(u64, u16)> {
    let read = |entry: &(u64, usize, String, _)| {
        let status = entry.2.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        (entry.1 == BOB && status >= 200).then_some((entry.0, status))
    };
    world.log.iter().filter_map(read).collect()
}

/// RFC 3261 sections 13.3.1 and 20.19.
#[test]
fn an_invitation_that_expires_is_answered_487() {
    let (mut world, _) = ringing("20");
    world.run_for(Duration::from_secs(21));
    assert_eq!(final_answers(&world).first(), Some(&(20_000, 487)));
    assert!(matches!(world.events[BOB].last(), Some(EndpointEvent::Ended { by_peer: false, .. })));
    let Message::Response(answer) = world.last(BOB, "SIP/2.0 487") else { panic!() };
    assert!(answer.headers().first("To").unwrap().contains("tag="));
}

#[test]
fn what_was_answered_in_time_does_not_expire() {
    let (mut world, id) = ringing("20");
    world.run_for(Duration::from_secs(19));
    world.at(BOB, |end, now| end.answer(now, id, body("answer")));
    world.run_for(Duration::from_secs(10));
    assert!(final_answers(&world).iter().all(|(_, status)| *status == 200));
}

#[test]
fn an_expiry_beyond_our_own_patience_changes_nothing() {
    for expires in ["86400", "180"] {
        let (mut world, _) = ringing(expires);
        world.run_for(Duration::from_secs(200));
        assert_eq!(final_answers(&world).first(), Some(&(180_000, 480)), "{expires}");
    }
}

#[test]
fn one_that_is_over_when_it_comes_is_refused_at_once() {
    let (mut world, _) = ringing("0");
    world.run_for(Duration::from_secs(1));
    assert_eq!(final_answers(&world).first(), Some(&(0, 487)));
}
