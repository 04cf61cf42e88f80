//! Telephones whose server fails them all at one moment do not come back at one moment.

use std::collections::BTreeSet;
use std::time::Duration;

use super::publish::publication;
use super::wire::{address, Link, World, ALICE, BOB};
use crate::sip::endpoint::{EndpointEvent, Register};
use crate::sip::headers::NameAddr;
use crate::sip::{Method, Transport, Uri};

/// How many telephones there are, each with randomness of its own.
const MANY: u16 = 40;

/// One of them asks a registrar at Bob's address, where the test answers by hand.
fn registering(seed: u16) -> World {
    let mut world = World::new(seed, Link::default());
    world.mute = [true, true];
    let what = Register {
        aor: NameAddr::new(Uri::parse("sip:alice@b.example").unwrap()),
        registrar: Uri::parse("sip:b.example;transport=tcp").unwrap(),
        remote: address(BOB),
        domain: None,
        login: None,
        expires: Duration::from_secs(600),
        number: 1,
    };
    world.at(ALICE, |end, now| end.register(now, what));
    world
}

/// Milliseconds until each comes again, all within the range and no more than a few at one of them.
fn spread(waits: &[u64], least: u64, most: u64) {
    assert!(waits.iter().all(|wait| (least..=most).contains(wait)), "{waits:?}");
    let (first, last) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(last - first > (most - least) / 2, "over the range: {waits:?}");
    assert!(waits.iter().collect::<BTreeSet<_>>().len() > usize::from(MANY) * 9 / 10, "{waits:?}");
}

#[test]
fn those_whom_a_server_refuses_together_wait_for_different_times() {
    let wait = |seed: u16| {
        let mut world = registering(seed);
        world.reply(&Method::Register, 503, &[]);
        let Some(EndpointEvent::RegistrationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
        again.as_millis() as u64
    };
    spread(&(0..MANY).map(wait).collect::<Vec<_>>(), 15_000, 30_000);
}

#[test]
fn what_a_server_does_not_take_of_many_is_published_again_at_different_times() {
    let wait = |seed: u16| {
        let mut world = World::new(seed, Link::default());
        world.mute = [true, true];
        world.at(ALICE, |end, now| end.publish(now, publication()));
        world.reply(&Method::Publish, 503, &[]);
        let Some(EndpointEvent::PublicationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
        again.as_millis() as u64
    };
    spread(&(0..MANY).map(wait).collect::<Vec<_>>(), 15_000, 30_000);
}

#[test]
fn those_whose_connections_break_together_register_anew_at_different_times() {
    let wait = |seed: u16| {
        let mut world = registering(seed);
        world.reply(&Method::Register, 200, &[]);
        world.run_for(Duration::from_secs(100));
        let (broke, before) = (world.now.0.as_millis() as u64, world.times(ALICE, "REGISTER").len());
        world.at(ALICE, |end, now| end.handle_connection_ended(now, Transport::Tcp, address(BOB)));
        world.run_for(Duration::from_secs(10));
        world.times(ALICE, "REGISTER")[before] - broke
    };
    spread(&(0..MANY).map(wait).collect::<Vec<_>>(), 1000, 5000);
}
