//! Who follows a device is told to the other devices of its user, and to nobody else (RFC 3857).
//!
//! ```text
//! device                     Alice                        Bob, a telephone
//!   | SUBSCRIBE presence.winfo |                               |
//!   |------------------------->|                               |
//!   |        200, NOTIFY (0)   |                               |
//!   |<-------------------------|        SUBSCRIBE presence     |
//!   |                          |<------------------------------|
//!   |        NOTIFY (1)        |                               |
//!   |<-------------------------|                               |
//! ```

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, Command, UnknownWatchers, WatchState};
use sottovoce::policy::Wanted;
use sottovoce::sip::EndCause;
use sottovoce::vocab::Entity;

use crate::common::config::{account, agent};
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::device::{answers, read, Device, Keys};

pub const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
pub const PHONE: &str = "192.168.1.5";
pub const LAPTOP: &str = "192.168.1.7";
pub const NAME: &str = "sip:alice@192.168.1.1";
const BY_ACCOUNT: &str = "sip:al@example.org";
pub const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn alice() -> AgentConfig {
    agent("alice", ALICE, "none")
}

pub fn alone() -> World {
    let mut world = World::new(51, Link::GOOD);
    world.add("alice", alice());
    world
}

/// Alice has approved Bob, who follows her.
fn followed() -> World {
    let mut world = friends();
    follow(&mut world);
    world
}

/// Alice and Bob have approved each other.
fn friends() -> World {
    let mut world = alone();
    world.add("bob", agent("bob", BOB, "none"));
    for (node, peer) in [(0, "bob@192.168.1.2"), (1, "alice@192.168.1.1")] {
        let ask = world.ask(node, peer, Some("approve"));
        assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(node, ask).state, AskState::Registered { .. })));
    }
    world
}

fn follow(world: &mut World) {
    world.command(1, Command::Watch { peer: NAME.into() }).unwrap();
    let follows = |world: &World| {
        world.nodes[1].agent.watches().next().is_some_and(|watch| matches!(watch.state, WatchState::Active { .. }))
    };
    assert!(world.run_until(MINUTE, follows));
}

/// With the agent's own key.
pub fn own() -> Keys {
    Keys::new("alice", "laptop", NAME)
}

pub fn laptop() -> Device {
    Device::at(LAPTOP, NAME, 0)
}

/// An ordinary presence client follows Alice, and answers no NOTIFY.
fn telephone(world: &mut World, number: u32, expires: u32, to: &str) {
    telephone_at(world, PHONE, number, expires, to);
}

pub fn telephone_at(world: &mut World, address: &str, number: u32, expires: u32, to: &str) {
    let request = format!(
        "SUBSCRIBE sip:alice@{ALICE} SIP/2.0\r\nVia: SIP/2.0/UDP {address}:5060;branch=z9hG4bKp{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:president@example.com>;tag=p{number}\r\nTo: <{to}>\r\nCall-ID: p{number}\r\n\
         CSeq: 1 SUBSCRIBE\r\nExpires: {expires}\r\nEvent: presence\r\nContact: <sip:president@{address}>\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let [from, to] = [address, ALICE].map(|address| format!("{address}:5060").parse().unwrap());
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: request.into_bytes() });
}

fn lists(device: &Device) -> Vec<(u32, Vec<String>)> {
    device.lists.iter().map(|list| read(list)).collect()
}

pub fn newest(device: &Device) -> (u32, Vec<String>) {
    lists(device).pop().expect("a list")
}

const BOB_FOLLOWS: &str = "active subscribe sip:bob@192.168.1.2";
const PHONE_FOLLOWS: &str = "active subscribe sip:192.168.1.5 [unknown, seen there]";

#[test]
fn another_device_of_the_user_is_told_who_follows_who_comes_and_who_goes() {
    let mut world = followed();
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    let id = device.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    assert_eq!(lists(&device), [(0, vec![BOB_FOLLOWS.to_owned()])], "{:?}", device.ends);
    assert_eq!(world.nodes[0].agent.followers().len(), 1, "who asks that follows nobody");
    let name = Command::PresenceRename {
        entity: Entity::parse("sip:bob@192.168.1.2").unwrap(),
        user: Some("my <Bob>".into()),
        place: None,
        mail: None,
    };
    world.command(0, name).unwrap();

    telephone(&mut world, 1, 600, NAME);
    device.run(&mut world, 6 * SECOND);
    let named = "active subscribe sip:bob@192.168.1.2 [my &lt;Bob&gt;]";
    assert_eq!(newest(&device), (1, vec![named.to_owned(), PHONE_FOLLOWS.to_owned()]), "who is proven comes first");
    assert!(!device.lists[1].contains("president"), "what a stranger says of himself is not told");

    world.command(1, Command::Unwatch { peer: NAME.into() }).unwrap();
    device.run(&mut world, 6 * SECOND);
    let left = "terminated timeout sip:bob@192.168.1.2 [my &lt;Bob&gt;]";
    assert_eq!(newest(&device), (2, vec![PHONE_FOLLOWS.to_owned(), left.to_owned()]));

    device.refresh(&mut world, id);
    assert_eq!(newest(&device), (3, vec![PHONE_FOLLOWS.to_owned()]), "who left is told once");
    device.unsubscribe(&mut world, id);
    assert_eq!(newest(&device), (4, vec![PHONE_FOLLOWS.to_owned()]));
    assert_eq!(device.ends, [EndCause::Unsubscribed]);
    telephone(&mut world, 2, 600, NAME);
    device.run(&mut world, MINUTE);
    assert_eq!(device.lists.len(), 5, "nothing comes afterwards");
}

#[test]
fn one_subscription_has_one_id_in_every_list_and_no_other_has_it() {
    let mut world = followed();
    let (mut one, mut other) = (laptop(), Device::at("192.168.1.8", NAME, 1));
    let ids = |list: &str| -> Vec<String> {
        list.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let body = own().request(world.now, NAME, 1);
    one.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    telephone(&mut world, 1, 600, NAME);
    one.run(&mut world, 6 * SECOND);
    let body = own().request(world.now, NAME, 2);
    other.subscribe(&mut world, (NAME, ALICE), 0, Some(body));
    let (first, second, third) = (ids(&one.lists[0]), ids(&one.lists[1]), ids(&other.lists[0]));
    assert_eq!(second, third, "to whomever it is told");
    assert_eq!((first.len(), second.len(), &first[0]), (1, 2, &second[0]));
    assert_ne!(second[0], second[1]);
    assert!(second.iter().all(|id| id.len() == 16), "{second:?}");
    assert_eq!(read(&other.lists[0]).0, 0, "each subscription counts for itself");
    let ended = |cause: &EndCause| matches!(cause, EndCause::Terminated { .. } | EndCause::Unsubscribed);
    assert!(other.ends.iter().all(ended) && other.ends.len() == 1, "{:?}", other.ends);
}

#[test]
fn lists_are_paced_and_never_skip_a_number_though_the_device_sleeps() {
    let mut world = alone();
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    device.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    for number in 0..4 {
        telephone(&mut world, number, 600, NAME);
        device.run(&mut world, SECOND / 2);
    }
    device.run(&mut world, 5 * SECOND);
    assert_eq!(device.lists.len(), 2, "four came within five seconds: one list");
    assert_eq!((newest(&device).0, newest(&device).1.len()), (1, 4));

    // One NOTIFY is under way, and the newest waits.
    device.asleep = true;
    for number in 4..7 {
        telephone(&mut world, number, 600, NAME);
        device.run(&mut world, 11 * SECOND / 2);
    }
    device.asleep = false;
    device.run(&mut world, 3 * SECOND);
    let sizes: Vec<(u32, usize)> = lists(&device).into_iter().map(|(version, rows)| (version, rows.len())).collect();
    assert_eq!(sizes, [(0, 0), (1, 4), (2, 5), (3, 7)]);
}

/// Strangers who were there before push nobody out, and a farewell in a list that was never sent stands in the next one.
#[test]
fn a_farewell_is_not_lost_with_the_list_that_it_stood_in() {
    let mut world = friends();
    telephone(&mut world, 1, 600, NAME);
    world.run_for(SECOND);
    follow(&mut world);
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    device.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    assert_eq!(newest(&device).1, [BOB_FOLLOWS, PHONE_FOLLOWS]);
    device.asleep = true;
    telephone(&mut world, 2, 600, NAME);
    device.run(&mut world, 6 * SECOND);
    world.command(1, Command::Unwatch { peer: NAME.into() }).unwrap();
    device.run(&mut world, 6 * SECOND);
    telephone(&mut world, 3, 600, NAME);
    device.run(&mut world, 6 * SECOND);
    device.asleep = false;
    device.run(&mut world, 2 * SECOND);
    let left = "terminated timeout sip:bob@192.168.1.2";
    assert_eq!(
        (device.lists.len(), newest(&device)),
        (3, (2, [&[PHONE_FOLLOWS; 3][..], &[left]].concat().iter().map(ToString::to_string).collect()))
    );
}

/// Approval makes a peer, and no device of the user: unless it was approved under a name that is the user's.
#[test]
fn who_is_approved_is_told_nothing_but_for_his_own_name() {
    let mut world = friends();
    let bob = Keys::new("bob", "device-of-bob", "sip:bob@192.168.1.2");
    let told = |world: &mut World, name: &str, nonce: u8| {
        let mut device = Device::at(LAPTOP, NAME, nonce);
        let body = bob.request(world.now, name, nonce);
        device.subscribe(world, (name, ALICE), 600, Some(body));
        device.lists.len()
    };
    assert_eq!(told(&mut world, NAME, 1), 0);
    let account = account(&Entity::parse("sip:bob@192.168.1.2").unwrap(), "192.168.1.9");
    world.command(0, Command::AddAccount(Box::new(account))).unwrap();
    assert_eq!(told(&mut world, "sip:bob@192.168.1.2", 2), 1);
    let other = Keys::new("thief", "device-of-bob", "sip:bob@192.168.1.2");
    let other = other.clone().vouched_by(Keys::new("alice", "x", "sip:bob@192.168.1.2").vouch(&other.introduction()));
    let mut device = Device::at(LAPTOP, NAME, 3);
    let body = other.request(world.now, "sip:bob@192.168.1.2", 3);
    device.subscribe(&mut world, ("sip:bob@192.168.1.2", ALICE), 600, Some(body));
    assert!(device.lists.is_empty(), "other keys than those that were approved");
}

#[test]
fn whoever_proves_no_key_of_the_user_gets_one_and_the_same_403() {
    let mut world = World::new(52, Link::GOOD);
    let account = account(&Entity::parse(BY_ACCOUNT).unwrap(), "192.168.1.9");
    world.add("alice", AgentConfig { accounts: vec![account], ..alice() });
    let now = world.now;
    let stranger = Keys::new("mallory", "laptop", NAME);
    let vouches_for_itself = stranger.clone().vouched_by(stranger.vouch(&stranger.introduction()));
    let own_word_for_another = {
        let desk = Keys::new("desk", "desk", NAME);
        stranger.clone().vouched_by(Keys::new("alice", "x", NAME).vouch(&desk.introduction()))
    };
    let stale = Keys::request(
        &own(),
        sottovoce::vocab::Now { wall: sottovoce::vocab::Wall(now.wall.0 - 600_000), ..now },
        NAME,
        9,
    );
    let mut forged = own().request(now, NAME, 8);
    forged.bytes = String::from_utf8(forged.bytes.to_vec()).unwrap().replace("laptop", "table1").into_bytes().into();
    let garbage = |content_type: &str| sottovoce::sip::Body { content_type: content_type.into(), bytes: "<x".into() };
    let of_another_name = {
        let work = Keys::new("work", "work", BY_ACCOUNT);
        work.clone().vouched_by(Keys::new("alice", "x", BY_ACCOUNT).vouch(&work.introduction()))
    };
    let requests = [
        (NAME, None),
        (NAME, Some(of_another_name.request(now, NAME, 10))),
        (NAME, Some(own().request_for(Wanted::BOTH, now, NAME, 11))),
        (NAME, Some(garbage("application/pidf+xml"))),
        (NAME, Some(garbage("text/plain"))),
        (NAME, Some(stranger.request(now, NAME, 1))),
        (BY_ACCOUNT, Some(stranger.request(now, BY_ACCOUNT, 2))),
        (NAME, Some(stranger.request(now, "sip:nobody@example.org", 3))),
        (NAME, Some(Keys::new("mallory", "laptop", "sip:mallory@m").request(now, NAME, 4))),
        (NAME, Some(vouches_for_itself.request(now, NAME, 5))),
        (NAME, Some(own_word_for_another.request(now, NAME, 6))),
        (NAME, Some(own().request(now, "sip:192.168.1.1", 7))),
        (NAME, Some(own().request(now, "sip:bob@192.168.1.2", 7))),
        (NAME, Some(forged)),
        (NAME, Some(stale)),
    ];
    let count = requests.len();
    for (number, (to, body)) in (0..).zip(requests) {
        let mut device = Device::at(LAPTOP, NAME, number);
        device.subscribe(&mut world, (to, ALICE), 600, body);
        assert!(matches!(device.ends[..], [EndCause::Rejected { status: 403, .. }]), "{:?}", device.ends);
        assert!(device.lists.is_empty());
    }
    let answers = answers(&world, LAPTOP);
    assert!(answers.len() == count && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let notices = world.nodes[0].events.iter().filter(|event| matches!(event, sottovoce::agent::Event::Notice(_)));
    assert_eq!(notices.count(), 0, "nor can they fill the screen");
    let mut device = Device::at(LAPTOP, BY_ACCOUNT, 99);
    device.subscribe(&mut world, (BY_ACCOUNT, ALICE), 600, Some(of_another_name.request(now, BY_ACCOUNT, 12)));
    assert_eq!(device.lists.len(), 1, "for its own name it is one");
}

/// A name may have several devices: whoever means one says so, and nobody can bring it to another.
#[test]
fn a_request_for_one_device_is_for_no_other() {
    for (nonce, device, lists) in [(1, "device-of-alice", 1), (2, "device-of-bob", 0)] {
        let mut world = alone();
        let mut laptop = laptop();
        let body = own().request(world.now, device, nonce);
        laptop.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
        assert_eq!(laptop.lists.len(), lists, "{device}");
    }
}

#[test]
fn a_request_counts_once() {
    let mut world = alone();
    let body = own().request(world.now, NAME, 1);
    let mut device = laptop();
    device.subscribe(&mut world, (NAME, ALICE), 600, Some(body.clone()));
    assert_eq!(device.lists.len(), 1);
    let mut thief = Device::at("192.168.1.66", NAME, 1);
    thief.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    assert!(matches!(thief.ends[..], [EndCause::Rejected { status: 403, .. }]), "{:?}", thief.ends);
}

#[test]
fn devices_are_known_by_the_words_that_the_user_carried_between_them() {
    let mut world = alone();
    let desk = Keys::new("desk", "desk", NAME);
    let tablet =
        Keys::new("tablet", "tablet", NAME).vouched_by(desk.vouch(&Keys::new("tablet", "tablet", NAME).introduction()));
    let told = |world: &mut World, keys: &Keys, nonce: u8| {
        let mut device = Device::at(LAPTOP, NAME, nonce);
        let body = keys.request(world.now, NAME, nonce);
        device.subscribe(world, (NAME, ALICE), 600, Some(body));
        device
    };
    for (keys, nonce) in [(&desk, 6), (&tablet, 7)] {
        assert!(told(&mut world, keys, nonce).lists.is_empty(), "nothing was carried yet");
    }
    // The user has this device vouch for his telephone.
    let telephone = Keys::new("telephone", "telephone", NAME);
    let word = Command::Vouch { new: telephone.introduction(), account: None };
    let Ok(sottovoce::agent::Accepted::Vouched(word)) = world.command(0, word) else { panic!() };
    assert!(told(&mut world, &telephone, 2).lists.is_empty(), "it has to show that word");
    assert_eq!(told(&mut world, &telephone.clone().vouched_by(word), 3).lists.len(), 1);
    // And his desk for this device.
    let word = desk.vouch(&world.nodes[0].agent.introduction());
    world.command(0, Command::TakeVouch { vouch: word, account: None }).unwrap();
    let mut at_desk = told(&mut world, &desk, 4);
    assert_eq!(at_desk.lists.len(), 1);
    assert_eq!(told(&mut world, &tablet, 5).lists.len(), 1, "the desk vouched for both");
    // Another word takes the place of the desk's: it is known no more.
    let word = Keys::new("server", "server", NAME).vouch(&world.nodes[0].agent.introduction());
    world.command(0, Command::TakeVouch { vouch: word, account: None }).unwrap();
    at_desk.run(&mut world, SECOND);
    assert!(
        matches!(&at_desk.ends[..], [EndCause::Terminated { reason: Some(why), .. }] if why == "rejected"),
        "{:?}",
        at_desk.ends
    );
}

/// Each of our names has watchers of its own, and they go with it.
#[test]
fn the_watchers_of_an_account_are_told_apart_until_it_is_gone() {
    let mut world = alone();
    let account = account(&Entity::parse(BY_ACCOUNT).unwrap(), PHONE);
    world.command(0, Command::AddAccount(Box::new(account))).unwrap();
    world.run_for(SECOND);
    telephone(&mut world, 1, 600, BY_ACCOUNT);
    telephone(&mut world, 2, 600, NAME);
    world.run_for(SECOND);
    let (mut by_account, mut by_name) = (laptop(), Device::at("192.168.1.8", NAME, 1));
    let body = own().request(world.now, BY_ACCOUNT, 1);
    by_account.subscribe(&mut world, (BY_ACCOUNT, ALICE), 600, Some(body));
    let body = own().request(world.now, NAME, 2);
    by_name.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    for (device, name) in [(&by_account, BY_ACCOUNT), (&by_name, NAME)] {
        assert_eq!(newest(device).1.len(), 1);
        assert!(device.lists[0].contains(&format!("resource=\"{name}\"")), "{}", device.lists[0]);
    }
    world.command(0, Command::RemoveAccount { entity: Entity::parse(BY_ACCOUNT).unwrap() }).unwrap();
    by_account.run(&mut world, SECOND);
    assert!(
        matches!(&by_account.ends[..], [EndCause::Terminated { reason: Some(why), .. }] if why == "noresource"),
        "{:?}",
        by_account.ends
    );
}

/// Bob waits for Alice's answer; once she approves him he comes again with a proof.
#[test]
fn who_waits_for_the_user_is_told_as_pending() {
    let mut world = World::new(53, Link::GOOD);
    world.add("alice", AgentConfig { unknown_watchers: UnknownWatchers::Ask, ..alice() });
    world.add("bob", agent("bob", BOB, "none"));
    world.command(1, Command::Watch { peer: NAME.into() }).unwrap();
    world.run_for(2 * SECOND);
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    device.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    assert_eq!(newest(&device).1, ["pending subscribe sip:192.168.1.2 [unknown, seen there]"]);
    let ask = world.ask(0, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(0, ask).state, AskState::Registered { .. })));
    device.run(&mut world, 12 * SECOND);
    let all: Vec<String> = lists(&device).into_iter().skip(1).flat_map(|(_, rows)| rows).collect();
    let deactivated = "terminated deactivated sip:192.168.1.2 [unknown, seen there]";
    assert_eq!(all, [BOB_FOLLOWS, deactivated]);
    telephone(&mut world, 1, 600, NAME);
    device.run(&mut world, 6 * SECOND);
    world.dead = Some(PHONE.parse().unwrap());
    world.command(0, Command::PresenceSet { user: None, place: Some("cafe".into()) }).unwrap();
    device.run(&mut world, 700 * SECOND);
    let rows: Vec<String> = lists(&device).into_iter().flat_map(|(_, rows)| rows).collect();
    assert!(rows.contains(&"terminated giveup sip:192.168.1.5 [unknown, seen there]".to_owned()), "{rows:?}");
}

#[test]
fn a_device_that_does_not_come_back_is_forgotten() {
    let mut world = alone();
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    device.subscribe(&mut world, (NAME, ALICE), 60, Some(body));
    assert_eq!(device.lists.len(), 1);
    device.asleep = true;
    device.run(&mut world, 120 * SECOND);
    telephone(&mut world, 1, 600, NAME);
    device.run(&mut world, MINUTE);
    let notified = |parcel: &&Parcel| match parcel {
        Parcel::Sip { to, bytes, .. } => to.ip().to_string() == LAPTOP && bytes.starts_with(b"NOTIFY"),
        Parcel::Media { .. } => false,
    };
    let notified: Vec<&Parcel> = world.wire.overheard.iter().filter(notified).collect();
    let Some(Parcel::Sip { bytes, .. }) = notified.last() else { panic!() };
    assert!(String::from_utf8_lossy(bytes).contains("terminated;reason=timeout"));
}
