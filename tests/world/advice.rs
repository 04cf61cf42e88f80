//! What an ask or call is for, who the peer is, and where both are: the advice, and entries that were approved for another place.

use std::time::Duration;

use sottovoce::agent::{
    Accepted, AgentConfig, AskRequest, AskState, CallRequest, CallState, Command, ContactChange, ContactCommand, Event,
    ReviewState,
};
use sottovoce::policy::{Aim, Answer, Content, Intent, Relation, Verdict, Wanted};
use sottovoce::vocab::{AskId, CallId};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const BOB: &str = "sip:bob@192.168.1.2";

fn office() -> World {
    let mut world = World::new(91, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", "none"));
    world
}

fn approve(world: &mut World) {
    let ask = world.ask(0, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(0, ask).state, AskState::Registered { .. })));
}

fn befriend(world: &mut World) {
    let change = ContactChange { group: Some("friend".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Bob".into(), peer: BOB.into(), change };
    world.command(0, Command::Contact(add)).unwrap();
}

fn confidential() -> Intent {
    Intent { purpose: Some(Aim::Business), content: Some(Content::Confidential) }
}

fn ask(world: &mut World, intent: Intent) -> AskId {
    let wanted = Wanted::BOTH;
    let request = AskRequest { peer: BOB.into(), wanted, answer: None, accept_key: None, intent, account: None };
    let Ok(Accepted::Ask(id)) = world.command(0, Command::Ask(request)) else { panic!() };
    assert!(world.run_until(MINUTE, |world| world.the_ask(0, id).state != AskState::Asking));
    id
}

fn call(world: &mut World, intent: Intent) -> CallId {
    let request = CallRequest {
        peer: BOB.into(),
        answer: None,
        accept_key: None,
        source: None,
        sink: None,
        duration: Some(SECOND),
        intent,
        account: None,
    };
    let Ok(Accepted::Call(id)) = world.command(0, Command::Call(request)) else { panic!() };
    id
}

fn reviewed(world: &World, id: AskId) -> sottovoce::policy::Review {
    let AskState::Reviewing(review) = world.the_ask(0, id).state else { panic!("{:?}", world.the_ask(0, id).state) };
    world.nodes[0].agent.review(review).unwrap().review.clone()
}

fn moves(world: &mut World, node: usize, place: &str) {
    world.command(node, Command::PresenceSet { user: None, place: Some(place.into()) }).unwrap();
}

fn notices(world: &World, code: &str) -> usize {
    let is = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == code);
    world.nodes[0].events.iter().filter(is).count()
}

#[test]
fn what_was_said_beforehand_and_the_group_stand_in_the_review_and_in_the_audit_table() {
    let mut world = office();
    befriend(&mut world);
    let first = ask(&mut world, confidential());
    let review = reviewed(&world, first);
    assert_eq!(review.circumstances.relation, Relation::Unknown, "no key of his is approved yet");
    assert_eq!(
        (review.advice.least.to_string().as_str(), review.advice.verdict),
        ("ipsec esp/transport//require", Verdict::BelowAdvice)
    );
    let AskState::Reviewing(id) = world.the_ask(0, first).state else { panic!() };
    world.command(0, Command::AnswerReview { review: id, answer: Answer::Approve, by: "test" }).unwrap();
    let row = world.nodes[0].store.audit.iter().find(|row| row.kind == "approved").unwrap();
    assert!(row.detail.contains("purpose business, content confidential"), "{row:?}");
    let secret = Intent { purpose: None, content: Some(Content::Confidential) };
    let second = ask(&mut world, secret);
    let review = reviewed(&world, second);
    assert_eq!(review.circumstances.relation, Relation::Friend);
    assert_eq!(review.advice.least.to_string(), "ipsec esp/transport//use", "a friend on the same network");
    let third = ask(&mut world, Intent::default());
    assert_eq!(reviewed(&world, third).advice.verdict, Verdict::Enough);
}

/// Its user can say that it is in the street.
fn with_street(name: &str, address: &str) -> AgentConfig {
    let mut config = agent(name, address, "none");
    let mut street = config.places[0].clone();
    street.name = "street".into();
    street.scope = sottovoce::policy::Scope::Public;
    street.networks.clear();
    config.places.push(street);
    config
}

/// Both were in the office when "none" was approved; Bob has gone outside since, and tells so.
#[test]
fn an_entry_approved_for_another_place_is_reviewed_before_the_next_call() {
    for mover in [0, 1] {
        let mut world = World::new(92, Link::GOOD);
        for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2")] {
            world.add(name, with_street(name, address));
        }
        approve(&mut world);
        world.command(0, Command::Watch { peer: BOB.into() }).unwrap();
        world.run_for(10 * SECOND);
        let id = call(&mut world, Intent::default());
        assert!(world.run_until(MINUTE, |world| world.call_is_over(0, id)));
        assert_eq!(notices(&world, "another-place"), 0);
        moves(&mut world, mover, "street");
        world.run_for(10 * SECOND);
        assert_eq!(notices(&world, "another-place"), 1, "{mover}");
        let agent = &world.nodes[0].agent;
        let marked = agent.entries().iter().filter(|entry| agent.entry_is_elsewhere(entry)).count();
        assert_eq!(marked, 2, "out and in");
        let id = call(&mut world, Intent::default());
        assert!(world.run_until(MINUTE, |world| matches!(world.the_call(0, id).state, CallState::Reviewing(_))));
        let CallState::Reviewing(review) = world.the_call(0, id).state else { panic!() };
        let rules = sottovoce::policy::setkey::parse_action("ipsec esp/transport//require").unwrap();
        world.command(0, Command::AnswerReview { review, answer: Answer::Rules(rules), by: "test" }).unwrap();
        assert!(world.run_until(MINUTE, |world| world.call_is_over(0, id)));
        assert_eq!(world.the_call(0, id).bundle, "esp", "{:?}", world.the_call(0, id));
        assert!(matches!(world.nodes[0].agent.review(review).unwrap().state, ReviewState::Registered { .. }));
        let id = call(&mut world, Intent::default());
        assert!(world.run_until(MINUTE, |world| world.call_is_over(0, id)), "it is strong enough: no review");
    }
}

/// What a tunnel to a gateway gives ends there: it is not what is advised between the two.
#[test]
fn a_tunnel_to_a_gateway_is_too_weak_for_another_place() {
    for (rules, marked) in [
        ("ipsec esp/tunnel/192.168.1.1-192.168.1.9/require", 2),
        ("ipsec esp/tunnel/192.168.1.1-192.168.1.2/require", 0),
    ] {
        let mut world = World::new(95, Link::GOOD);
        for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2"), ("gw", "192.168.1.9")] {
            world.add(name, with_street(name, address));
        }
        for (peer, answer) in [("gw@192.168.1.9", "approve"), (BOB, rules)] {
            let id = world.ask(0, peer, Some(answer));
            let registered = |world: &World| matches!(world.the_ask(0, id).state, AskState::Registered { .. });
            assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(0, id));
        }
        moves(&mut world, 0, "street");
        world.run_for(10 * SECOND);
        let agent = &world.nodes[0].agent;
        let bobs =
            |entry: &sottovoce::policy::Entry| entry.peer.entity.as_ref().is_some_and(|e| e.as_str().contains("bob"));
        let found = agent.entries().iter().filter(|entry| bobs(entry) && agent.entry_is_elsewhere(entry)).count();
        assert_eq!(found, marked, "{rules}");
    }
}

/// A machine that answers by itself lets its user decide then; a call that brings what is advised is answered.
#[test]
fn a_call_that_comes_under_an_entry_for_another_place_waits_for_the_user() {
    for (rules, answered) in [("none", false), ("ipsec esp/transport//require", true)] {
        let mut world = World::new(94, Link::GOOD);
        for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2")] {
            world.add(name, with_street(name, address));
        }
        approve(&mut world);
        moves(&mut world, 0, "street");
        world.run_for(10 * SECOND);
        let bobs = world.call(1, "alice@192.168.1.1", Some(rules), 1);
        if answered {
            assert!(world.run_until(MINUTE, |world| world.call_is_over(1, bobs)), "{:?}", world.the_call(1, bobs));
            assert_eq!(world.the_call(1, bobs).bundle, "esp");
            continue;
        }
        let rings = |world: &World| matches!(world.the_call(1, bobs).state, CallState::Ringing);
        assert!(world.run_until(MINUTE, rings), "{:?}", world.the_call(1, bobs));
        assert_eq!(notices(&world, "another-place"), 2, "of the entry, and of this call");
        let hers = world.nodes[0].agent.calls().last().unwrap().id;
        world.command(0, Command::AnswerCall { call: hers }).unwrap();
        assert!(world.run_until(MINUTE, |world| world.call_is_over(1, bobs)));
        assert!(world.the_call(1, bobs).counters.received > 40, "as she decided: {:?}", world.the_call(1, bobs));
    }
}

/// Nothing is asked again where both come to a safer place, or the entry is strong enough wherever they are.
#[test]
fn who_moves_with_an_entry_that_is_strong_enough_is_not_asked() {
    let mut world = World::new(93, Link::GOOD);
    let mut config = agent("alice", "192.168.1.1", "ipsec esp/transport//require");
    config.places[0].scope = sottovoce::policy::Scope::Private;
    world.add("alice", config);
    world.add("bob", agent("bob", "192.168.1.2", "ipsec esp/transport//require"));
    approve(&mut world);
    moves(&mut world, 0, "train");
    let id = call(&mut world, confidential());
    assert!(world.run_until(MINUTE, |world| world.call_is_over(0, id)));
    assert_eq!((world.the_call(0, id).bundle.as_str(), notices(&world, "another-place")), ("esp", 0));
}
