//! Trust on first use: the first approval pins, and a changed key stops everything until the user decides.

use std::time::Duration;

use sottovoce::agent::{Accepted, AskState, CallRequest, CallState, Command};
use sottovoce::keys::Identity;
use sottovoce::policy::{Answer, KeyState, Wanted};
use sottovoce::vocab::{AskId, CallId, Failure, FailureKind, Fingerprint, ReviewId};

use crate::common::config::{agent, secret};
use crate::common::node::Node;
use crate::common::wire::Link;
use crate::common::world::World;

const ESP: &str = "ipsec esp/transport//require";
const BOTH: Wanted = Wanted::BOTH;
const MINUTE: Duration = Duration::from_secs(60);
/// Bob's place among the nodes.
const BOB: usize = 1;

/// Alice has approved Bob; then another Bob, with other keys, sits at his address.
fn replaced() -> (World, usize, Fingerprint) {
    replaced_after("approve")
}

fn replaced_after(answer: &str) -> (World, usize, Fingerprint) {
    let (mut world, alice) = approved(answer);
    let print = replace_bob(&mut world);
    (world, alice, print)
}

/// Alice has approved Bob, who asks for no protection.
fn approved(answer: &str) -> (World, usize) {
    let mut world = World::new(7, Link::GOOD);
    let alice = world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", "none"));
    let first = world.ask(alice, "bob@192.168.1.2", Some(answer));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, first).state, AskState::Registered { .. })));
    (world, alice)
}

/// The same device at the same address, with other keys.
fn replace_bob(world: &mut World) -> Fingerprint {
    let mut config = agent("bob", "192.168.1.2", "none");
    config.identity = Identity::generate(&secret("mallory"));
    let print = config.identity.fingerprint();
    world.nodes[BOB] = Node::new("bob", config, 99, world.now);
    print
}

fn pins(world: &World, node: usize) -> Vec<Fingerprint> {
    world.nodes[node].agent.pins().map(|pin| pin.fingerprint).collect()
}

fn call_accepting(world: &mut World, node: usize, key: Fingerprint, answer: Option<Answer>) -> CallId {
    let request = CallRequest {
        intent: Default::default(),
        peer: "bob@192.168.1.2".into(),
        answer,
        accept_key: Some(key),
        source: None,
        sink: None,
        duration: Some(Duration::from_secs(1)),
        account: None,
    };
    match world.command(node, Command::Call(request)) {
        Ok(Accepted::Call(id)) => id,
        other => panic!("{other:?}"),
    }
}

/// The review that the call waits for, if it is not the one before.
fn reviewing(world: &mut World, node: usize, call: CallId, before: Option<ReviewId>) -> ReviewId {
    let waiting = |world: &World| match world.the_call(node, call).state {
        CallState::Reviewing(review) => Some(review).filter(|review| Some(*review) != before),
        _ => None,
    };
    assert!(world.run_until(MINUTE, |world| waiting(world).is_some()), "{:?}", world.the_call(node, call));
    waiting(world).unwrap()
}

fn key_state(world: &World, node: usize, review: ReviewId) -> KeyState {
    world.nodes[node].agent.review(review).unwrap().review.key_state
}

fn approve(world: &mut World, node: usize, review: ReviewId) {
    world.command(node, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
}

fn ended_well(world: &mut World, node: usize, call: CallId) {
    assert!(world.run_until(MINUTE, |world| world.call_is_over(node, call)), "{:?}", world.the_call(node, call));
    let state = &world.the_call(node, call).state;
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
}

fn failure(world: &mut World, node: usize, ask: AskId) -> Failure {
    assert!(world.run_until(MINUTE, |world| world.the_ask(node, ask).state != AskState::Asking));
    match &world.the_ask(node, ask).state {
        AskState::Failed(failure) => failure.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_key_stops_asking_and_names_both_fingerprints() {
    let (mut world, alice, new) = replaced();
    let old = world.nodes[alice].agent.pins().next().unwrap().fingerprint;
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    let failure = failure(&mut world, alice, ask);
    assert_eq!((failure.kind, failure.code), (FailureKind::Trust, "key-changed"));
    assert!(failure.message.contains(&old.to_string()) && failure.message.contains(&new.to_string()));
    assert_eq!(world.nodes[alice].store.registered.len(), 1, "nothing more was registered");
    assert!(world.nodes[alice].store.audit.iter().any(|row| row.kind == "key-changed"));
}

#[test]
fn a_call_to_a_changed_key_does_not_come_about() {
    let (mut world, alice, _) = replaced();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
    let CallState::Failed(failure) = &world.the_call(alice, call).state else { panic!() };
    assert_eq!(failure.kind, FailureKind::Trust, "{failure:?}");
    assert!(world.wire.seen.is_empty());
}

#[test]
fn who_asks_and_calls_with_a_changed_key_is_a_stranger_and_is_told_and_audited() {
    let (mut world, alice, new) = replaced();
    let mallory = 1;
    let call = world.call(mallory, "alice@192.168.1.1", Some("approve"), 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(mallory, call)));
    assert!(matches!(world.the_call(mallory, call).state, CallState::Failed(_)));
    let rows = world.nodes[alice].store.audit.iter().filter(|row| row.kind == "key-changed");
    let rows: Vec<&str> = rows.map(|row| row.detail.as_str()).collect();
    assert_eq!(rows.len(), 2, "one for the request, one for the call");
    assert!(rows.iter().all(|detail| detail.contains(&new.to_string())));
    assert_eq!(world.nodes[alice].agent.calls().count(), 0, "nothing rang");
}

#[test]
fn only_the_new_fingerprint_itself_overrides() {
    let (mut world, alice, new) = replaced();
    let wrong = Fingerprint([7; 32]);
    let ask = world.ask_for(alice, "bob@192.168.1.2", Some("approve"), BOTH, Some(wrong));
    assert_eq!(failure(&mut world, alice, ask).code, "key-changed");
    let ask = world.ask_for(alice, "bob@192.168.1.2", Some("approve"), BOTH, Some(new));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    assert_eq!(pins(&world, alice), [new], "the old key is let go");
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
    assert!(matches!(world.the_call(alice, call).state, CallState::Ended { .. }));
}

#[test]
fn an_accepted_key_is_put_to_the_user_as_changed_with_the_one_that_it_replaces() {
    let (mut world, alice, new) = replaced();
    let old = pins(&world, alice)[0];
    let ask = world.ask_for(alice, "bob@192.168.1.2", None, BOTH, Some(new));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Reviewing(_))));
    let AskState::Reviewing(review) = world.the_ask(alice, ask).state else { unreachable!("just seen") };
    assert_eq!(key_state(&world, alice, review), KeyState::Accepted { pinned: old });
    assert_eq!(pins(&world, alice), [old], "nothing changes before the answer");
    approve(&mut world, alice, review);
    assert_eq!(pins(&world, alice), [new]);
    let approved = world.nodes[alice].store.audit.iter().rev().find(|row| row.kind == "approved").unwrap();
    for print in [old, new] {
        assert!(approved.detail.contains(&print.to_string()), "{approved:?}");
    }
    let ask = world.ask(alice, "bob@192.168.1.2", None);
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Reviewing(_))));
    let AskState::Reviewing(review) = world.the_ask(alice, ask).state else { unreachable!("just seen") };
    assert_eq!(key_state(&world, alice, review), KeyState::Pinned);
}

#[test]
fn a_call_that_accepts_a_key_is_mended_after_a_488_under_that_key() {
    let (mut world, alice, new) = replaced();
    let old = pins(&world, alice)[0];
    let call = call_accepting(&mut world, alice, new, None);
    let first = reviewing(&mut world, alice, call, None);
    assert_eq!(key_state(&world, alice, first), KeyState::Accepted { pinned: old });
    world.command(BOB, Command::PolicyDefault { text: ESP.into() }).unwrap();
    approve(&mut world, alice, first);
    let second = reviewing(&mut world, alice, call, Some(first));
    assert_eq!(key_state(&world, alice, second), KeyState::Pinned);
    assert_eq!(world.nodes[alice].agent.review(second).unwrap().missing, ["esp/transport//require"]);
    approve(&mut world, alice, second);
    ended_well(&mut world, alice, call);
    assert_eq!((pins(&world, alice), world.the_call(alice, call).bundle.as_str()), (vec![new], "esp"));
}

/// Bob's key changes between the asking and the call: his new agent cannot read the offer, and refuses without a word.
#[test]
fn a_key_that_was_accepted_beforehand_counts_also_when_the_call_is_the_first_to_meet_it() {
    for (accepts, ends) in [(true, "ended"), (false, "key-changed")] {
        let (mut world, alice) = approved("approve");
        let old = pins(&world, alice)[0];
        let new = Identity::generate(&secret("mallory")).fingerprint();
        let key = if accepts { new } else { Fingerprint([7; 32]) };
        let call = call_accepting(&mut world, alice, key, None);
        let first = reviewing(&mut world, alice, call, None);
        assert_eq!(key_state(&world, alice, first), KeyState::Pinned);
        assert_eq!(replace_bob(&mut world), new);
        approve(&mut world, alice, first);
        if !accepts {
            assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
            let CallState::Failed(failure) = &world.the_call(alice, call).state else { panic!() };
            assert_eq!((failure.code, pins(&world, alice)), (ends, vec![old]));
            continue;
        }
        let second = reviewing(&mut world, alice, call, Some(first));
        assert_eq!(key_state(&world, alice, second), KeyState::Accepted { pinned: old });
        approve(&mut world, alice, second);
        ended_well(&mut world, alice, call);
        assert_eq!(pins(&world, alice), [new]);
    }
}

/// An answer that was given beforehand does not drop what was demanded of the key before.
#[test]
fn a_call_that_accepts_a_key_loosens_nothing_by_it() {
    let (mut world, alice, new) = replaced_after(ESP);
    let call = call_accepting(&mut world, alice, new, Some(Answer::Approve));
    ended_well(&mut world, alice, call);
    assert_eq!((pins(&world, alice), world.the_call(alice, call).bundle.as_str()), (vec![new], "esp"));
}

#[test]
fn a_new_device_of_a_pinned_entity_counts_as_a_changed_key() {
    let (mut world, alice, _) = replaced();
    let mut config = agent("bob", "192.168.1.2", "none");
    config.identity = Identity::generate(&secret("phone"));
    config.device = sottovoce::vocab::Device::new("another-device").unwrap();
    world.nodes[1] = Node::new("bob", config, 98, world.now);
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert_eq!(failure(&mut world, alice, ask).code, "key-changed");
}

#[test]
fn the_safety_phrase_is_the_same_on_both_screens() {
    let mut world = World::new(8, Link::GOOD);
    let alice = world.add("alice", agent("alice", "192.168.1.1", "none"));
    let bob = world.add("bob", agent("bob", "192.168.1.2", "none"));
    for (one, peer) in [(alice, "bob@192.168.1.2"), (bob, "alice@192.168.1.1")] {
        let ask = world.ask(one, peer, Some("approve"));
        assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(one, ask).state, AskState::Registered { .. })));
    }
    let phrase = |node: usize| {
        let agent = &world.nodes[node].agent;
        agent.safety_phrase(agent.pins().next().unwrap())
    };
    assert_eq!(phrase(alice), phrase(bob));
    assert!(phrase(alice).len() >= 14);
    let entity = world.nodes[bob].agent.config().entity.clone();
    world.command(alice, Command::Verified { entity: entity.clone() }).unwrap();
    let pin = world.nodes[alice].agent.pins().next().unwrap();
    assert!(pin.verified);
    let row = world.nodes[alice].store.audit.last().unwrap();
    assert_eq!((row.kind, row.subject.as_str()), ("key-verified", entity.as_str()));
    assert!(row.detail.contains(&pin.fingerprint.to_string()), "{}", row.detail);
}

#[test]
fn strangers_do_not_learn_the_place_and_approved_peers_do() {
    use sottovoce::agent::UnknownWatchers;
    let mut world = World::new(9, Link::GOOD);
    let nodes = [("alice", "192.168.1.1"), ("bob", "192.168.1.2")].map(|(name, address)| {
        let mut config = agent(name, address, "none");
        config.unknown_watchers = UnknownWatchers::Policy;
        world.add(name, config)
    });
    let ask = |world: &mut World, node: usize, peer: &str| {
        let ask = world.ask(node, peer, Some("approve"));
        assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(node, ask).state, AskState::Registered { .. })));
        world.the_ask(node, ask).presence.clone().unwrap().place
    };
    assert_eq!(ask(&mut world, nodes[0], "bob@192.168.1.2"), None, "Bob does not know Alice");
    let told = ask(&mut world, nodes[1], "alice@192.168.1.1");
    assert_eq!(told.as_ref().map(|place| place.raw()), Some("office"), "Alice has approved Bob");
}

/// Two reviews of one entity are open at once, with different keys: the first approval decides what the second one is.
#[test]
fn a_review_that_was_new_is_a_changed_key_once_another_was_approved() {
    let mut world = World::new(11, Link::GOOD);
    let alice = world.add("alice", agent("alice", "192.168.1.1", "none"));
    let bob = world.add("bob", agent("bob", "192.168.1.2", "none"));
    let review = |world: &mut World| {
        let ask = world.ask(alice, "bob@192.168.1.2", None);
        assert!(world.run_until(MINUTE, |world| world.the_ask(alice, ask).state != AskState::Asking));
        match world.the_ask(alice, ask).state {
            AskState::Reviewing(review) => review,
            ref other => panic!("{other:?}"),
        }
    };
    let first = review(&mut world);
    let mut config = agent("bob", "192.168.1.2", "none");
    config.identity = Identity::generate(&secret("mallory"));
    config.device = sottovoce::vocab::Device::new("another-device").unwrap();
    world.nodes[bob] = Node::new("bob", config, 97, world.now);
    let second = review(&mut world);
    let approve = |review| Command::AnswerReview { review, answer: Answer::Approve, by: "test" };
    world.command(alice, approve(first)).unwrap();
    let failure = world.command(alice, approve(second)).unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Trust, "key-changed"));
    assert_eq!(world.nodes[alice].agent.pins().count(), 1);
    assert_eq!(world.nodes[alice].store.registered.len(), 1);
    assert!(world.nodes[alice].store.audit.iter().any(|row| row.kind == "key-changed"));
}
