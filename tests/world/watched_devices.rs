//! A peer with several devices, followed by its name at a presence server: each device is put to the user after the answer to the
//! one before, and followed by itself once it is approved.

use std::time::Duration;

use sottovoce::agent::{AccountState, AgentConfig, Command, OpenReview, ReviewState, Watch, WatchState};
use sottovoce::policy::Answer;
use sottovoce::vocab::{Entity, ReviewId};

use crate::common::config::{account, agent};
use crate::common::server::Server;
use crate::common::wire::Link;
use crate::common::world::World;
use crate::device::Keys;

const BOB: &str = "sip:bob@example.org";
const SERVER: &str = "192.168.1.9";
const MINUTE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(601);

fn desk() -> Keys {
    Keys::new("desk", "desk", BOB)
}

/// The desk vouches for it.
fn pocket() -> Keys {
    let keys = Keys::new("pocket", "pocket", BOB);
    let vouch = desk().vouch(&keys.introduction());
    keys.vouched_by(vouch)
}

/// All the tuples in one document, as a presence server writes it.
fn aggregated(documents: &[Vec<u8>]) -> Vec<u8> {
    let texts = documents.iter().map(|document| String::from_utf8(document.clone()).unwrap());
    let all = texts.reduce(|all, next| {
        let tuples = &next[next.find("<tuple").unwrap()..];
        all.replace("</presence>", tuples)
    });
    all.unwrap().into_bytes()
}

fn publish(world: &mut World, devices: &[(&Keys, &str)]) {
    let now = world.now;
    let documents: Vec<_> = devices.iter().map(|(keys, action)| keys.publication(now, "192.168.1.2", action)).collect();
    world.server.as_mut().unwrap().tells = Some(aggregated(&documents));
}

/// Alice is registered, and Bob's devices have published.
fn with(devices: &[(&Keys, &str)]) -> World {
    let mut world = World::new(71, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    let entity = Entity::parse("sip:alice@example.org").unwrap();
    let accounts = vec![account(&entity, SERVER)];
    world.add("alice", AgentConfig { accounts, entity, ..agent("alice", "192.168.1.1", "none") });
    let registered =
        |world: &World| world.nodes[0].agent.accounts().all(|a| matches!(a.state, AccountState::Registered { .. }));
    assert!(world.run_until(MINUTE, registered));
    publish(&mut world, devices);
    watch(&mut world);
    world
}

fn watch(world: &mut World) {
    world.command(0, Command::Watch { peer: "bob@example.org".into() }).unwrap();
    assert!(world.run_until(MINUTE, |world| the_watch(world).told), "{:?}", the_watch(world));
}

fn the_watch(world: &World) -> Watch {
    world.nodes[0].agent.watches().find(|watch| watch.device.is_none()).expect("a watch").clone()
}

fn last_step(world: &World) -> String {
    the_watch(world).steps.last().expect("a step").1.clone()
}

/// Devices that are followed by themselves.
fn followed(world: &World) -> Vec<String> {
    world.nodes[0].agent.watches().filter_map(|watch| watch.device.as_ref().map(ToString::to_string)).collect()
}

/// The devices that wait for an answer.
fn open(world: &World) -> Vec<(ReviewId, String)> {
    let open = |review: &&OpenReview| review.state == ReviewState::Pending;
    let name = |review: &OpenReview| (review.id, review.presence.device.to_string());
    world.nodes[0].agent.reviews().filter(open).map(name).collect()
}

/// Of this device, and of none beside it.
fn the_review_of(world: &World, device: &str) -> ReviewId {
    let open = open(world);
    assert!(open.len() == 1 && open[0].1 == device, "{open:?}, {:?}", the_watch(world).steps);
    open[0].0
}

fn answer(world: &mut World, review: ReviewId, answer: Answer) {
    world.command(0, Command::AnswerReview { review, answer, by: "test" }).unwrap();
    world.run_for(Duration::from_secs(1));
}

#[test]
fn each_device_is_put_after_the_answer_to_the_one_before_and_followed_once_it_is_approved() {
    let (desk, pocket) = (desk(), pocket());
    let mut world = with(&[(&desk, "none"), (&pocket, "none")]);
    let first = the_review_of(&world, "desk");
    assert!(last_step(&world).contains(&format!("`sottovoce review show {first}`")), "{}", last_step(&world));
    assert_eq!(followed(&world), [""; 0]);

    answer(&mut world, first, Answer::Approve);
    let second = the_review_of(&world, "pocket");
    assert_eq!(followed(&world), ["desk"]);
    assert!(last_step(&world).contains(&format!("`sottovoce review show {second}`")), "{}", last_step(&world));

    answer(&mut world, second, Answer::Approve);
    assert_eq!((open(&world), followed(&world)), (Vec::new(), vec!["desk".to_owned(), "pocket".to_owned()]));
    assert_eq!(last_step(&world), format!("review {second} was approved"));
}

#[test]
fn a_device_that_appears_later_is_followed_once_it_is_approved() {
    let (desk, pocket) = (desk(), pocket());
    let mut world = with(&[(&desk, "none")]);
    let first = the_review_of(&world, "desk");
    answer(&mut world, first, Answer::Approve);
    world.run_for(MINUTE);
    publish(&mut world, &[(&desk, "none"), (&pocket, "none")]);
    assert!(world.run_until(61 * MINUTE, |world| open(world).len() == 1), "the refresh tells of it");
    let second = the_review_of(&world, "pocket");
    answer(&mut world, second, Answer::Approve);
    assert_eq!(followed(&world), ["desk", "pocket"]);
}

#[test]
fn the_next_device_is_put_after_a_refusal_too_and_what_was_refused_is_not_put_again() {
    let (desk, pocket) = (desk(), pocket());
    let mut world = with(&[(&desk, "none"), (&pocket, "none")]);
    let first = the_review_of(&world, "desk");
    answer(&mut world, first, Answer::Refuse);
    let second = the_review_of(&world, "pocket");
    answer(&mut world, second, Answer::Refuse);
    world.run_for(3 * 60 * MINUTE);
    assert_eq!((open(&world), followed(&world)), (Vec::new(), Vec::new()));
    let told = the_watch(&world).steps.iter().any(|(_, step)| *step == format!("review {first} was refused (test)"));
    assert!(told, "{:?}", the_watch(&world).steps);
}

#[test]
fn the_next_device_is_put_after_a_review_that_nobody_answered() {
    let (desk, pocket) = (desk(), pocket());
    let mut world = with(&[(&desk, "none"), (&pocket, "none")]);
    the_review_of(&world, "desk");
    world.run_for(PATIENCE);
    the_review_of(&world, "pocket");
}

/// One that nobody vouches for is a changed key by then, and is told of as such.
#[test]
fn a_further_device_that_nobody_vouches_for_is_no_review_once_the_first_is_approved() {
    let (desk, eve) = (desk(), Keys::new("eve", "eve", BOB));
    let mut world = with(&[(&desk, "none"), (&eve, "none")]);
    let (first, device) = open(&world).pop().unwrap();
    answer(&mut world, first, Answer::Approve);
    assert_eq!((open(&world), followed(&world)), (Vec::new(), vec![device]));
    assert!(last_step(&world).contains("THE KEY OF sip:bob@example.org HAS CHANGED"), "{}", last_step(&world));
}

/// What it said anew while its first words waited is not lost with the answer to these.
#[test]
fn what_a_device_says_while_its_review_waits_is_put_after_the_answer() {
    let desk = desk();
    let mut world = with(&[(&desk, "none")]);
    let first = the_review_of(&world, "desk");
    world.command(0, Command::Unwatch { peer: BOB.into() }).unwrap();
    world.run_for(Duration::from_secs(2));
    publish(&mut world, &[(&desk, "discard")]);
    watch(&mut world);
    assert_eq!(the_review_of(&world, "desk"), first);
    answer(&mut world, first, Answer::Refuse);
    assert!(the_review_of(&world, "desk") > first);
}

#[test]
fn a_watch_says_that_its_review_was_answered_and_which_still_waits() {
    let (desk, pocket) = (desk(), pocket());
    let mut world = with(&[(&desk, "none"), (&pocket, "none")]);
    for device in ["desk", "pocket"] {
        let review = the_review_of(&world, device);
        answer(&mut world, review, Answer::Approve);
    }
    assert!(matches!(the_watch(&world).state, WatchState::Active { .. }));
    let waits = the_watch(&world).steps.iter().filter(|(_, step)| step.contains("waits for your answer")).count();
    assert_eq!((waits, last_step(&world).contains("waits")), (2, false), "{:?}", the_watch(&world).steps);
}

/// Nothing of Bob is known at first, and the watch does not say so any more once something is.
#[test]
fn a_watch_whose_peer_publishes_later_says_that_it_stands() {
    let desk = desk();
    let mut world = with(&[(&desk, "none")]);
    let review = the_review_of(&world, "desk");
    answer(&mut world, review, Answer::Approve);
    world.command(0, Command::Unwatch { peer: BOB.into() }).unwrap();
    world.run_for(Duration::from_secs(2));
    world.server.as_mut().unwrap().tells = Some(Vec::new());
    world.command(0, Command::Watch { peer: "bob@example.org".into() }).unwrap();
    let active = |world: &World| matches!(the_watch(world).state, WatchState::Active { .. });
    assert!(world.run_until(MINUTE, active), "{:?}", the_watch(&world));
    assert!(last_step(&world).contains("nothing of it is known yet"), "{}", last_step(&world));
    publish(&mut world, &[(&desk, "none")]);
    assert!(world.run_until(61 * MINUTE, |world| the_watch(world).told));
    assert_eq!(last_step(&world), "it stands, and changes are told from now on");
}

/// More devices than are kept in waiting are named, and how they come to be put.
#[test]
fn devices_beyond_those_that_can_wait_are_not_passed_over_in_silence() {
    let all: Vec<Keys> =
        (0..10).map(|number| Keys::new(&format!("secret{number}"), &format!("d{number}"), BOB)).collect();
    let devices: Vec<(&Keys, &str)> = all.iter().map(|keys| (keys, "none")).collect();
    let world = with(&devices);
    assert_eq!(open(&world).len(), 1);
    let last = last_step(&world);
    assert_eq!(last, "more of its devices wait than are kept: `sottovoce ask sip:bob@example.org` puts them to you");
}

/// The user's own entries change while it waits: the watch names the review that took its place.
#[test]
fn a_watch_names_the_review_that_took_the_place_of_its_own() {
    let (desk, pocket) = (desk(), pocket());
    let mut world = with(&[(&desk, "none"), (&pocket, "none")]);
    let first = the_review_of(&world, "desk");
    let text = "spdadd any any udp -P out ipsec esp/transport//require;".into();
    world.command(0, Command::PolicyAdd { text }).unwrap();
    world.run_for(Duration::from_secs(1));
    let next = the_review_of(&world, "desk");
    assert!(next > first);
    let last = last_step(&world);
    assert!(last.starts_with(&format!("your entries changed since review {first} was put")), "{last}");
    assert!(last.ends_with(&format!("`sottovoce review show {next}`")), "{last}");
    answer(&mut world, next, Answer::Approve);
    the_review_of(&world, "pocket");
}
