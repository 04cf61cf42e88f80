//! How much a stranger can make us remember.

use std::net::SocketAddr;
use std::time::Duration;

use super::refused::request;
use super::wire::{address, body, invite, subscribe, World, ALICE, BOB};
use crate::sip::endpoint::{limits, EndpointEvent, Subscribe};
use crate::sip::{Message, NotifyState, Refusal};

/// The `n`th stranger.
fn stranger(n: usize) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, n as u8], 5060))
}

/// A call that Bob's user refuses at once; it is remembered until its ACK comes. Says what Bob answered.
fn refused_call(world: &mut World, from: SocketAddr, number: usize, head: usize) -> u16 {
    world.events[BOB].clear();
    world.inject_from(BOB, from, padded(number, head).as_bytes());
    if let Some(EndpointEvent::Invited { id, .. }) = world.events[BOB].last() {
        let id = *id;
        world.at(BOB, |end, now| end.refuse(now, id, Refusal::new(486, "Busy Here")));
    }
    match Message::parse(&world.sent.last().expect("an answer").bytes) {
        Ok(Message::Response(response)) => response.status(),
        other => panic!("{other:?}"),
    }
}

/// An INVITE with a head of at least so many octets; of exactly so many when it would be shorter.
fn padded(number: usize, head: usize) -> String {
    let plain = request("INVITE", number, "");
    let missing = head.saturating_sub(plain.len() + "X-Pad: \r\n".len());
    match missing {
        0 => plain,
        _ => request("INVITE", number, &format!("X-Pad: {}\r\n", "a".repeat(missing))),
    }
}

fn retry_after(world: &World) -> Option<String> {
    let Ok(Message::Response(response)) = Message::parse(&world.sent.last()?.bytes) else { return None };
    response.headers().first("Retry-After").map(str::to_owned)
}

#[test]
fn a_head_beyond_the_limit_is_513_and_nothing_is_remembered_of_it() {
    let mut world = World::perfect();
    assert_eq!(refused_call(&mut world, stranger(1), 1, limits::HEAD + 1), 513);
    assert!(world.events[BOB].is_empty());
    assert_eq!(world.ends[BOB].transactions.servers(), 0);
    assert_eq!(refused_call(&mut world, stranger(1), 2, limits::HEAD), 486);
    assert_eq!(world.ends[BOB].transactions.servers(), 1);
}

#[test]
fn one_address_has_so_many_transactions_and_others_have_theirs() {
    let mut world = World::perfect();
    for number in 0..limits::SERVER_TRANSACTIONS_PER_ADDRESS {
        assert_eq!(refused_call(&mut world, stranger(1), number, 0), 486, "{number}");
    }
    assert_eq!(refused_call(&mut world, stranger(1), 9_000, 0), 503);
    assert_eq!(retry_after(&world), Some(limits::RETRY_AFTER.to_string()));
    assert_eq!(world.ends[BOB].transactions.servers(), limits::SERVER_TRANSACTIONS_PER_ADDRESS);
    assert_eq!(refused_call(&mut world, stranger(2), 9_001, 0), 486);
    world.run_for(Duration::from_secs(33));
    assert_eq!(refused_call(&mut world, stranger(1), 9_002, 0), 486, "its time is over");
}

#[test]
fn one_address_has_so_many_octets_and_others_have_theirs() {
    let mut world = World::perfect();
    let fits = (0..).take_while(|n| refused_call(&mut world, stranger(1), *n, limits::HEAD) == 486).count();
    assert!(fits < limits::SERVER_TRANSACTIONS_PER_ADDRESS, "{fits}");
    assert_eq!(retry_after(&world), Some(limits::RETRY_AFTER.to_string()));
    let taken = world.ends[BOB].transactions.octets();
    assert!(taken < limits::TRANSACTION_OCTETS_PER_ADDRESS + 4 * limits::HEAD, "{taken}");
    assert_eq!(refused_call(&mut world, stranger(2), 9_001, limits::HEAD), 486);
}

/// Strangers from everywhere, each within its own share.
fn flooded() -> World {
    let mut world = World::perfect();
    let flood = (0..1000).map(|n| refused_call(&mut world, stranger(n / 20), n, limits::HEAD)).collect::<Vec<_>>();
    assert!(flood.starts_with(&[486; 50]) && flood.ends_with(&[503; 50]), "{flood:?}");
    assert_eq!(retry_after(&world), Some(limits::RETRY_AFTER.to_string()));
    world
}

#[test]
fn all_of_them_together_have_so_many_octets() {
    let mut world = flooded();
    let taken = world.ends[BOB].transactions.octets();
    assert!(taken < limits::UNASKED_OCTETS + 4 * limits::HEAD, "{taken}");
    world.run_for(Duration::from_secs(33));
    assert_eq!(refused_call(&mut world, stranger(99), 9_001, limits::HEAD), 486, "their time is over");
}

/// ```text
/// bob            alice
///   | SUBSCRIBE --> |
///   | <----- NOTIFY |
///   | INVITE -----> |
///   | <-------- 200 |
///   | ACK, BYE ---> |
/// ```
#[test]
fn what_we_ask_ourselves_goes_on_in_a_flood() {
    let mut world = flooded();
    let ask = Subscribe { target: super::wire::uri(ALICE), remote: address(ALICE), ..subscribe(0) };
    world.at(BOB, |end, now| end.subscribe(now, ask));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Subscribed { .. }));
    let Some(EndpointEvent::Subscribed { id, .. }) = world.events[ALICE].last() else { panic!() };
    let id = *id;
    let state = NotifyState::Terminated { reason: "timeout".to_owned(), retry_after: None };
    world.at(ALICE, |end, now| {
        end.accept_subscription(now, id, Duration::ZERO);
        end.notify(now, id, state, Some(body("state")));
    });
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Notified { .. }));
    let call = crate::sip::endpoint::Invite { target: super::wire::uri(ALICE), remote: address(ALICE), ..invite() };
    let ours = world.at(BOB, |end, now| end.invite(now, call));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id, .. }) = world.events[ALICE].last() else { panic!() };
    let id = *id;
    world.at(ALICE, |end, now| end.answer(now, id, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Answered { .. }));
    world.at(BOB, |end, now| end.bye(now, ours, None));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Ended { by_peer: true, .. }));
    assert_eq!(refused_call(&mut world, stranger(99), 9_001, 0), 503, "others still wait");
}

/// A dialog is no way around: whoever subscribed cannot send refreshes without end.
#[test]
fn refreshes_are_bounded_too() {
    let mut world = World::perfect();
    world.at(ALICE, |end, now| end.subscribe(now, subscribe(600)));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { .. }));
    let Some(EndpointEvent::Subscribed { id, .. }) = world.events[BOB].last() else { panic!() };
    let id = *id;
    world.at(BOB, |end, now| {
        end.accept_subscription(now, id, Duration::from_secs(600));
        end.notify(now, id, NotifyState::Active, None);
    });
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Notified { .. }));
    let Message::Request(first) = world.last(ALICE, "SUBSCRIBE") else { panic!() };
    let Message::Response(accepted) = world.last(BOB, "SIP/2.0 200") else { panic!() };
    let text = String::from_utf8(first.to_bytes().to_vec()).unwrap();
    let text = text.replace(first.headers().first("To").unwrap(), accepted.headers().first("To").unwrap());
    for number in 2..limits::SERVER_TRANSACTIONS_PER_ADDRESS + 10 {
        let again =
            text.replace("z9hG4bK", &format!("z9hG4bK{number}")).replace("CSeq: 1 ", &format!("CSeq: {number} "));
        world.inject(BOB, again.as_bytes());
        world.at(BOB, |end, now| end.accept_subscription(now, id, Duration::from_secs(600)));
    }
    assert_eq!(world.ends[BOB].transactions.servers(), limits::SERVER_TRANSACTIONS_PER_ADDRESS);
    assert_eq!(world.times(BOB, "SIP/2.0 503").len(), 9);
}
