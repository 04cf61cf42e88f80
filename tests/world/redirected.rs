//! Redirections (RFC 3261 section 8.1.3.4): they say where somebody is, and never who.

use std::time::Duration;

use sottovoce::agent::{
    Accepted, AccountConfig, AccountState, AgentConfig, AskState, CallState, Command, Hop, TextRequest, TextState,
};
use sottovoce::sip::{Candidate, Message, Request, Transport};
use sottovoce::vocab::{CallId, Entity, FailureKind};

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const AWAY: &str = "133.134.10.10";
const MINUTE: Duration = Duration::from_secs(60);
const ESP: &str = "ipsec esp/transport//require";

/// Alice, whose default is `action`, has approved what Bob asks, which is nothing.
fn approved(action: &str) -> World {
    approved_by(action, "none")
}

fn approved_by(action: &str, bobs: &str) -> World {
    let mut world = World::new(7, Link::GOOD);
    let there = Candidate { address: "133.134.10.10:5060".parse().unwrap(), transport: Transport::Udp };
    world.dns.insert("elsewhere.example".into(), vec![there]);
    let alice = world.add("alice", agent("alice", ALICE, action));
    world.add_on_disk("bob", agent("bob", BOB, bobs));
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world
}

fn moves(world: &mut World, to: &str) {
    world.moved.insert(BOB.parse().unwrap(), to.to_owned());
}

/// Bob's own device, with his keys and what it remembers, is elsewhere now.
fn bob_is_away(world: &mut World) -> usize {
    bob_is_away_with(world, "none")
}

fn bob_is_away_with(world: &mut World, action: &str) -> usize {
    let entity = Entity::parse("sip:bob@192.168.1.2").unwrap();
    let config = AgentConfig { entity, ..agent("bob", AWAY, action) };
    moves(world, "<sip:bob@133.134.10.10>");
    match world.nodes.len() {
        1 => world.add("bob", config),
        _ => {
            world.restart(1, config);
            1
        }
    }
}

fn called(world: &mut World) -> (CallId, CallState) {
    let call = world.call(0, "bob@192.168.1.2", None, 2);
    assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(0, call)), "{:?}", world.the_call(0, call));
    world.run_for(Duration::from_secs(1));
    (call, world.the_call(0, call).state.clone())
}

fn failure_of(state: CallState) -> (FailureKind, &'static str) {
    let CallState::Failed(failure) = state else { panic!("{state:?}") };
    (failure.kind, failure.code)
}

fn requests(world: &World, method: &str) -> Vec<Request> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } if bytes.starts_with(method.as_bytes()) => match Message::parse(bytes) {
            Ok(Message::Request(request)) => Some(request),
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

fn header(request: &Request, name: &str) -> String {
    request.headers().first(name).unwrap_or_default().to_owned()
}

fn clear_on_the_wire(world: &World) -> usize {
    world.wire.seen.iter().filter(|bytes| bytes.first().is_some_and(|octet| octet >> 6 == 2)).count()
}

#[test]
fn a_call_follows_the_device_that_was_approved() {
    let mut world = approved("none");
    let away = bob_is_away(&mut world);
    let (call, state) = called(&mut world);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert!(world.the_call(0, call).counters.received > 90);
    assert_eq!(world.nodes[away].agent.calls().count(), 1);
    let invites = requests(&world, "INVITE ");
    let [first, second] = &invites[..] else { panic!("{invites:?}") };
    for name in ["From", "To", "Call-ID"] {
        assert_eq!(header(first, name), header(second, name));
    }
    assert_eq!((header(first, "CSeq"), header(second, "CSeq")), ("1 INVITE".into(), "2 INVITE".into()));
    assert_ne!(header(first, "Via"), header(second, "Via"));
    assert_ne!(first.body(), second.body(), "what was offered elsewhere is not offered twice");
    assert!(world.nodes[0].store.audit.iter().any(|row| row.kind == "redirected" && row.detail.contains(AWAY)));
}

#[test]
fn whoever_is_there_must_hold_the_keys_of_the_approved_device() {
    let mut world = approved("none");
    let mallory = world.add("mallory", agent("mallory", AWAY, "none"));
    moves(&mut world, "<sip:bob@133.134.10.10>");
    let (_, state) = called(&mut world);
    let (kind, _) = failure_of(state);
    assert_ne!(kind, FailureKind::RefusedByUser);
    assert_eq!(world.nodes[mallory].agent.calls().count(), 0, "she cannot read the offer");
    assert!(world.wire.seen.is_empty(), "and hears nothing");
}

#[test]
fn what_rules_packets_to_the_other_place_holds_too() {
    // In the office Bob needs no protection. Elsewhere Alice demands it of everybody.
    let mut world = approved(ESP);
    bob_is_away(&mut world);
    let (call, state) = called(&mut world);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(world.the_call(0, call).bundle, "esp");
    assert_eq!(clear_on_the_wire(&world), 0);
}

#[test]
fn a_looser_place_loosens_nothing() {
    let mut world = approved_by("none", ESP);
    bob_is_away_with(&mut world, ESP);
    let (call, state) = called(&mut world);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(world.the_call(0, call).bundle, "esp");
    assert_eq!(clear_on_the_wire(&world), 0);
}

#[test]
fn a_place_to_which_packets_are_discarded_is_not_called() {
    let mut world = approved("none");
    let away = bob_is_away(&mut world);
    let text = "spdadd any 133.134.10.10/32 udp -P out discard; # sv: priority=10".to_owned();
    world.command(0, Command::PolicyAdd { text }).unwrap();
    let (_, state) = called(&mut world);
    assert_eq!(failure_of(state), (FailureKind::RefusedByPolicy, "discarded"));
    assert_eq!(world.nodes[away].agent.calls().count(), 0);
}

#[test]
fn circles_and_chains_end_with_a_reason() {
    let mut world = approved("none");
    moves(&mut world, "<sip:bob@192.168.1.2:5060>, <sip:bob@192.168.1.2:5060>");
    let (_, state) = called(&mut world);
    assert_eq!(failure_of(state), (FailureKind::Unreachable, "redirected-in-a-circle"));
    for step in 20..30 {
        let there = format!("192.168.1.{step}").parse().unwrap();
        world.moved.insert(there, format!("<sip:bob@192.168.1.{}>", step + 1));
    }
    moves(&mut world, "<sip:bob@192.168.1.20>");
    let before = requests(&world, "INVITE ").len();
    let (_, state) = called(&mut world);
    assert_eq!(failure_of(state), (FailureKind::Unreachable, "redirected-too-often"));
    assert_eq!(requests(&world, "INVITE ").len() - before, 6, "the first, and five that follow");
    moves(&mut world, "<tel:+493012345>");
    let (_, state) = called(&mut world);
    assert_eq!(failure_of(state), (FailureKind::Unreachable, "redirected-nowhere"));
}

#[test]
fn the_next_contact_is_tried_where_one_does_not_answer() {
    let mut world = approved("none");
    let away = bob_is_away(&mut world);
    moves(&mut world, "<sip:bob@133.134.10.10>;q=0.2, <sip:bob@192.168.1.77>;q=0.9");
    let (_, state) = called(&mut world);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(world.nodes[away].agent.calls().count(), 1);
    let mut numbers: Vec<_> = requests(&world, "INVITE ").iter().map(|one| header(one, "CSeq")).collect();
    numbers.dedup();
    assert_eq!(numbers, ["1 INVITE", "2 INVITE", "3 INVITE"]);
}

#[test]
fn a_place_by_name_is_looked_up() {
    let mut world = approved("none");
    let away = bob_is_away(&mut world);
    moves(&mut world, "<sip:bob@elsewhere.example>");
    let (_, state) = called(&mut world);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(world.nodes[away].agent.calls().count(), 1);
}

#[test]
fn who_is_asked_elsewhere_answers_as_the_peer_that_was_named_or_not_at_all() {
    let mut world = World::new(7, Link::GOOD);
    world.add("alice", agent("alice", ALICE, "none"));
    bob_is_away(&mut world);
    let ask = world.ask(0, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Registered { .. })));
    assert!(world.the_ask(0, ask).steps.iter().any(|(_, step)| step.contains("sent on to sip:bob@133.134.10.10")));

    let mut world = World::new(7, Link::GOOD);
    world.add("alice", agent("alice", ALICE, "none"));
    world.add("mallory", agent("mallory", AWAY, "none"));
    moves(&mut world, "<sip:mallory@133.134.10.10>");
    let ask = world.ask(0, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Failed(_))));
}

#[test]
fn a_text_is_sent_on_only_where_it_may_be_read() {
    for allowed in [true, false] {
        let mut world = World::new(7, Link::GOOD);
        world.add("alice", agent("alice", ALICE, "none"));
        let away = bob_is_away(&mut world);
        if !allowed {
            let text = format!("spdadd any 133.134.10.10/32 udp -P out {ESP}; # sv: priority=10");
            world.command(0, Command::PolicyAdd { text }).unwrap();
        }
        let request = TextRequest { peer: "bob@192.168.1.2".into(), text: "hello".into(), clear: false, account: None };
        let Ok(Accepted::Text(id)) = world.command(0, Command::Text(request)) else { panic!() };
        let done = |world: &World| world.nodes[0].agent.text(id).unwrap().state != TextState::Sending;
        assert!(world.run_until(MINUTE, done));
        assert_eq!(world.nodes[away].agent.texts().count(), usize::from(allowed));
        match &world.nodes[0].agent.text(id).unwrap().state {
            TextState::Delivered if allowed => {}
            TextState::Failed(failure) if !allowed => assert_eq!(failure.code, "text-in-clear"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_registrar_sends_an_account_to_another() {
    let mut world = World::new(7, Link::GOOD);
    world.server = Some(Server::new("192.168.1.9"));
    world.moved.insert("192.168.1.8".parse().unwrap(), "<sip:192.168.1.9>".to_owned());
    let mut config = agent("alice", ALICE, "none");
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let proxy = Hop { host: "192.168.1.8".into(), port: Some(5060), transport: Some(Transport::Udp) };
    config.accounts = vec![AccountConfig { proxy, ..account_at(&config.entity, "192.168.1.8") }];
    world.add("alice", config);
    let account = |world: &World| world.nodes[0].agent.accounts().next().unwrap().clone();
    let registered = |world: &World| matches!(account(world).state, AccountState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", account(&world));
    assert_eq!(account(&world).address.as_deref(), Some("udp:192.168.1.9:5060"));
    let sent = requests(&world, "REGISTER ");
    assert_eq!(header(&sent[0], "Call-ID"), header(&sent[1], "Call-ID"));
    assert_eq!(header(&sent[1], "CSeq"), "2 REGISTER");

    // When the other is gone, it begins where the user said.
    world.server.as_mut().unwrap().down = true;
    world.run_for(120 * MINUTE);
    let again = requests(&world, "REGISTER ");
    let first = again.iter().filter(|one| header(one, "Route").is_empty() && one.uri().as_str() == "sip:example.org");
    assert!(first.count() > 1, "{}", again.len());
}

/// A name that DNS does not know is no place: the account is tried again where the user said.
#[test]
fn a_registrar_that_sends_an_account_nowhere_is_asked_again() {
    let mut world = World::new(7, Link::GOOD);
    world.moved.insert("192.168.1.8".parse().unwrap(), "<sip:nowhere.example.org>".to_owned());
    let mut config = agent("alice", ALICE, "none");
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let proxy = Hop { host: "192.168.1.8".into(), port: Some(5060), transport: Some(Transport::Udp) };
    config.accounts = vec![AccountConfig { proxy, ..account_at(&config.entity, "192.168.1.8") }];
    world.add("alice", config);
    let state = |world: &World| world.nodes[0].agent.accounts().next().unwrap().state.clone();
    assert!(
        world.run_until(MINUTE, |world| matches!(state(world), AccountState::Waiting { .. })),
        "{:?}",
        state(&world)
    );
    world.moved.clear();
    world.server = Some(Server::new("192.168.1.8"));
    let registered = |world: &World| matches!(state(world), AccountState::Registered { .. });
    assert!(world.run_until(5 * MINUTE, registered), "{:?}", state(&world));
}

/// The first of two places is silent. Whoever hung up meanwhile is not connected to the second one.
#[test]
fn a_call_that_was_hung_up_goes_nowhere_else() {
    let mut world = approved("none");
    let away = bob_is_away(&mut world);
    moves(&mut world, "<sip:bob@133.134.10.99>;q=1, <sip:bob@133.134.10.10>;q=0.5");
    let call = world.call(0, "bob@192.168.1.2", None, 2);
    world.run_for(Duration::from_secs(5));
    assert!(!world.call_is_over(0, call));
    world.command(0, Command::Hangup { call: Some(call) }).unwrap();
    world.run_for(2 * MINUTE);
    assert!(matches!(world.the_call(0, call).state, CallState::Ended { .. }), "{:?}", world.the_call(0, call));
    assert_eq!(world.nodes[away].agent.calls().count(), 0);
}
