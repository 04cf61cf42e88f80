use std::time::Duration;

use super::wire::{address, body, invite, uri, World, ALICE, BOB};
use crate::sip::headers::Replaces;
use crate::sip::{EndpointEvent, Invite, Message, SessionId};

fn invited(world: &mut World, what: Invite) -> (SessionId, SessionId, Option<SessionId>) {
    let ours = world.at(ALICE, |end, now| end.invite(now, what));
    world.events[BOB].clear();
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id, replaces, .. }) = world.events[BOB].last().cloned() else { panic!() };
    (ours, id, replaces)
}

fn connected(world: &mut World) -> (SessionId, SessionId) {
    let (ours, theirs, _) = invited(world, invite());
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Confirmed { .. }));
    (ours, theirs)
}

/// The answer to an INVITE with this Replaces.
fn refused(world: &mut World, replaces: Replaces) -> u16 {
    let id = world.at(ALICE, |end, now| end.invite(now, Invite { replaces: Some(replaces), ..invite() }));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Rejected { id: rejected, .. } if *rejected == id));
    match world.events[ALICE].last() {
        Some(EndpointEvent::Rejected { status, .. }) => *status,
        other => panic!("{other:?}"),
    }
}

/// RFC 3891 section 3: both tags and the Call-ID, as the one sees them who is asked.
#[test]
fn a_call_that_stands_is_found_and_no_other() {
    let mut world = World::perfect();
    let (ours, theirs) = connected(&mut world);
    let named = world.ends[ALICE].replaces(ours).unwrap();
    assert_eq!(
        world.ends[BOB].replaces(theirs).map(|r| (r.to_tag, r.from_tag)),
        Some((named.from_tag.clone(), named.to_tag.clone()))
    );
    let (_, _, replaces) = invited(&mut world, Invite { replaces: Some(named.clone()), ..invite() });
    assert_eq!(replaces, Some(theirs));
    let Message::Request(sent) = world.last(ALICE, "INVITE") else { panic!() };
    assert_eq!(sent.headers().all("Require"), ["x-sv-sa", "replaces"]);
    for wrong in [
        Replaces { call_id: "nobody".to_owned(), ..named.clone() },
        Replaces { to_tag: named.from_tag.clone(), from_tag: named.to_tag.clone(), ..named.clone() },
        Replaces { from_tag: "0".to_owned(), ..named.clone() },
    ] {
        assert_eq!(refused(&mut world, wrong), 481);
    }
    assert_eq!(refused(&mut world, Replaces { early_only: true, ..named }), 486);
}

#[test]
fn one_that_rings_or_ends_is_not_replaced() {
    let mut world = World::perfect();
    let (_, ringing, _) = invited(&mut world, invite());
    assert_eq!(world.ends[BOB].replaces(ringing), None);
    let (ours, theirs) = connected(&mut world);
    let named = world.ends[ALICE].replaces(ours).unwrap();
    let early =
        Replaces { to_tag: world.ends[BOB].sessions.get(&ringing).unwrap().dialog.local_tag.clone(), ..named.clone() };
    assert_eq!(refused(&mut world, early), 481);
    world.mute[BOB] = true;
    world.at(BOB, |end, now| end.bye(now, theirs, None));
    world.mute[BOB] = false;
    assert_eq!(refused(&mut world, named), 603, "it is on its way out");
}

/// RFC 3891 section 3: whoever we called rings, and somebody else picks up for it.
#[test]
fn one_of_ours_that_rings_there_is_replaced_and_not_once_it_is_given_up() {
    let mut world = World::perfect();
    let (ours, theirs, _) = invited(&mut world, invite());
    let invite_sent = world.request(&crate::sip::Method::Invite);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_for(Duration::from_secs(1));
    let tags = |end: &crate::sip::endpoint::Endpoint, id| end.sessions.get(&id).unwrap().dialog.local_tag.clone();
    let (hers, his) = (tags(&world.ends[ALICE], ours), tags(&world.ends[BOB], theirs));
    let call_id = invite_sent.headers().first("Call-ID").unwrap().to_owned();
    let named = Replaces { early_only: true, ..Replaces::new(&call_id, &hers, &his) };
    // Bob's end invites Alice's, for somebody who picks up.
    let pick_up = |world: &mut World, named: Replaces| {
        world.events[ALICE].clear();
        world.at(BOB, |end, now| {
            end.invite(now, Invite { replaces: Some(named), target: uri(ALICE), remote: address(ALICE), ..invite() })
        });
        world.run_for(Duration::from_secs(1));
        world.events[ALICE].iter().rev().find_map(|event| match event {
            EndpointEvent::Invited { replaces, .. } => Some(*replaces),
            _ => None,
        })
    };
    assert_eq!(pick_up(&mut world, named.clone()), Some(Some(ours)));
    assert_eq!(pick_up(&mut world, Replaces { from_tag: "other".to_owned(), ..named.clone() }), None);
    assert!(world.times(ALICE, "SIP/2.0 481").len() == 1);
    world.at(ALICE, |end, now| end.cancel(now, ours));
    assert_eq!(pick_up(&mut world, named), None, "it was given up");
}

#[test]
fn replaces_stands_in_a_new_invite_and_once() {
    let mut world = World::perfect();
    let (ours, _) = connected(&mut world);
    let named = world.ends[ALICE].replaces(ours).unwrap();
    let bye = world.at(ALICE, |end, now| {
        end.bye(now, ours, None);
        now
    });
    let bye = (bye, world.request(&crate::sip::Method::Bye)).1;
    let mut wrong = bye.clone();
    wrong.headers_mut().push("Replaces", &named).unwrap();
    world.mute[ALICE] = true;
    world.inject(BOB, String::from_utf8_lossy(&wrong.to_bytes()).replace("z9hG4bK", "z9hG4bKx").as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 400").len(), 1);
    let Message::Request(mut twice) = world.last(ALICE, "INVITE") else { panic!() };
    twice.headers_mut().push("Replaces", &named).unwrap();
    twice.headers_mut().push("Replaces", &named).unwrap();
    let twice = String::from_utf8_lossy(&twice.to_bytes()).replace("z9hG4bK", "z9hG4bKy");
    world.inject(BOB, twice.replace("Call-ID: ", "Call-ID: other").as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 400").len(), 2);
    world.run_for(Duration::from_secs(1));
}
