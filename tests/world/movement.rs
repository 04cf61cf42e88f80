//! A device moves while it talks (claim 4; ARCHITECTURE section 5): from the office to an address that anybody on the Internet has, and
//! back.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, Call, CallState, Command, Event};
use sottovoce::policy::{Evidence, HardwareAddress, Scope, Verdict};
use sottovoce::vocab::{CallId, Entity};

use crate::common::config::{account, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const OUTSIDE: &str = "133.134.10.10";
const OFFICE: &str = "192.168.1.2";
const GATEWAY: &str = "00:1b:63:84:45:e6";
const OTHER_GATEWAY: &str = "00:1b:63:84:45:e7";
const NONE: &str = "none";
const ESP: &str = "ipsec esp/transport//require";
const BOTH: &str = "ipsec esp/transport//require ah/transport//require";

fn following(name: &str, address: &str, action: &str) -> AgentConfig {
    AgentConfig { follows: true, ..agent(name, address, action) }
}

/// A call between two in the office, under `action`, that has run for a second.
fn talking(seed: u64, link: Link, action: &str) -> (World, [CallId; 2]) {
    World::talking(seed, link, [following("alice", "192.168.1.1", action), following("bob", OFFICE, action)])
}

fn heard(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    [0, 1].map(|node| world.the_call(node, calls[node]).counters.received)
}

/// Until sound goes both ways again: how long that took.
fn gap(world: &mut World, calls: [CallId; 2]) -> Duration {
    let (began, before) = (world.now.mono, heard(world, calls));
    let both = |world: &World| heard(world, calls).iter().zip(before).all(|(now, before)| *now > before + 2);
    assert!(world.run_until(MINUTE, both), "{:?}", [0, 1].map(|node| world.the_call(node, calls[node]).clone()));
    world.now.mono - began
}

fn notices<'a>(world: &'a World, node: usize, code: &str) -> Vec<&'a str> {
    let events = world.nodes[node].events.iter();
    let told = events.filter_map(|event| match event {
        Event::Notice(notice) if notice.code == code => Some(notice.message.as_str()),
        _ => None,
    });
    told.collect()
}

fn dropped(call: &Call) -> u64 {
    call.counters.dropped.values().sum()
}

#[test]
fn the_call_goes_on_from_the_new_address_and_both_users_are_told() {
    for (who, action, bundle) in [(BOB, NONE, "none"), (BOB, ESP, "esp"), (ALICE, ESP, "esp"), (BOB, BOTH, "ah+esp")] {
        let (mut world, calls) = talking(1, Link::GOOD, action);
        world.moves(who, OUTSIDE, GATEWAY);
        let gap = gap(&mut world, calls);
        assert!(gap < Duration::from_millis(300), "{action}: {gap:?}");
        world.run_for(5 * SECOND);
        for node in [ALICE, BOB] {
            let call = world.the_call(node, calls[node]);
            assert_eq!((call.state.clone(), call.bundle.as_str()), (CallState::Active, bundle), "{action}");
            let moved = call.moved.as_ref().unwrap_or_else(|| panic!("{node} was not told"));
            assert_eq!((moved.by_peer, moved.scope), (node != who, Scope::Public));
            assert_eq!(moved.to.to_string(), OUTSIDE);
            assert_eq!(moved.advice.verdict == Verdict::BelowAdvice, action == NONE);
            let told = notices(&world, node, "call-moved");
            assert!(told.len() == 1 && told[0].contains("external") && told[0].contains(OUTSIDE), "{told:?}");
            assert_eq!(dropped(call), 0, "{action}");
        }
        assert_eq!(notices(&world, who, "device-moved").len(), 1);
        let record = world.nodes[who].agent.own_presence();
        assert_eq!(record.address.unwrap().to_string(), OUTSIDE);
        assert_eq!(record.environment.unwrap().scope, Scope::Public);
    }
}

/// Bob has never approved Alice. That she is elsewhere he believes when he has heard her from there under the new keys: so there are some.
#[test]
fn a_stranger_that_moves_is_heard_protected_before_it_hears() {
    let (mut world, calls) = talking(9, Link::GOOD, NONE);
    world.moves(ALICE, OUTSIDE, GATEWAY);
    gap(&mut world, calls);
    world.run_for(2 * SECOND);
    for node in [ALICE, BOB] {
        assert_eq!(world.the_call(node, calls[node]).bundle, "esp");
    }
}

/// FIG. 10 to 13 in the middle of a call: the peer is outside now, the user tightens, the call rekeys.
#[test]
fn the_user_tightens_what_is_too_weak_outside() {
    for (who, mover) in [(ALICE, BOB), (ALICE, ALICE)] {
        let (mut world, calls) = talking(2, Link::GOOD, NONE);
        world.moves(mover, OUTSIDE, GATEWAY);
        gap(&mut world, calls);
        world.command(who, Command::Tighten { call: calls[who], rules: None }).unwrap();
        world.run_for(3 * SECOND);
        for node in [ALICE, BOB] {
            assert_eq!(world.the_call(node, calls[node]).bundle, "esp");
        }
        let before = world.wire.seen.len();
        world.run_for(2 * SECOND);
        assert!(world.wire.seen[before..].iter().all(|bytes| bytes[0] >= 192), "nothing in clear");
        let sent = [0, 1].map(|node| world.the_call(node, calls[node]).counters.sent);
        let received = heard(&world, calls);
        let lost = [sent[0] - received[1], sent[1] - received[0]];
        assert!(lost.iter().all(|lost| *lost <= 5 + 15), "rekey and move: {lost:?}");
    }
}

/// Back in the office less would do. Nothing becomes looser by itself.
#[test]
fn the_way_back_loosens_nothing_by_itself() {
    let (mut world, calls) = talking(3, Link::GOOD, NONE);
    world.moves(BOB, OUTSIDE, OTHER_GATEWAY);
    gap(&mut world, calls);
    world.command(ALICE, Command::Tighten { call: calls[ALICE], rules: None }).unwrap();
    world.run_for(3 * SECOND);
    world.moves(BOB, OFFICE, GATEWAY);
    gap(&mut world, calls);
    world.run_for(5 * SECOND);
    for node in [ALICE, BOB] {
        let call = world.the_call(node, calls[node]);
        assert_eq!((call.bundle.as_str(), call.state.clone()), ("esp", CallState::Active));
        assert_eq!(call.moved.as_ref().unwrap().scope, Scope::Private);
    }
    let advice = &world.the_call(ALICE, calls[ALICE]).moved.as_ref().unwrap().advice;
    assert_eq!(advice.verdict, Verdict::MoreThanNeeded);
}

#[test]
fn over_a_bad_network_the_call_follows_too() {
    let mut slowest = Duration::ZERO;
    for seed in 0..16 {
        let (mut world, calls) = talking(seed, Link::lossy(10), ESP);
        world.moves((seed % 2) as usize, OUTSIDE, GATEWAY);
        slowest = slowest.max(gap(&mut world, calls));
        world.run_for(20 * SECOND);
        for node in [ALICE, BOB] {
            let counters = &world.the_call(node, calls[node]).counters;
            assert_eq!(counters.dropped.get("policy"), None, "{seed}");
        }
    }
    assert!(slowest < 10 * SECOND, "{slowest:?}");
}

/// The cable is out for a moment: nothing moves, and nobody is told anything.
#[test]
fn without_any_address_nothing_moves() {
    let (mut world, calls) = talking(5, Link::GOOD, ESP);
    let network = sottovoce::policy::Network::default();
    let done = sottovoce::agent::Done::NetworkLooked(Box::new(network));
    let now = world.now;
    world.nodes[BOB].agent.handle_done(now, done);
    world.run_for(SECOND);
    world.moves(BOB, OFFICE, GATEWAY);
    gap(&mut world, calls);
    assert!(notices(&world, BOB, "device-moved").is_empty() && world.the_call(BOB, calls[BOB]).moved.is_none());
}

/// Who follows it learns of it before the next ask.
#[test]
fn watchers_and_the_presence_server_learn_the_new_place() {
    let mut world = World::new(6, Link::GOOD);
    world.server = Some(Server::new("192.0.2.10"));
    let name = Entity::parse("sip:bob@example.org").unwrap();
    world.add("alice", following("alice", "192.168.1.1", ESP));
    let bob = AgentConfig { accounts: vec![account(&name, "192.0.2.10")], ..following("bob", OFFICE, ESP) };
    world.add("bob", bob);
    world.ask(ALICE, "bob@192.168.1.2", Some("approve"));
    world.run_for(5 * SECOND);
    world.command(ALICE, Command::Watch { peer: "bob@192.168.1.2".into() }).unwrap();
    world.run_for(20 * SECOND);
    let before = world.wire.overheard.len();
    world.moves(BOB, OUTSIDE, GATEWAY);
    world.run_for(20 * SECOND);
    let record = world.nodes[ALICE].agent.presences().find(|row| row.entity.as_str() == "sip:bob@192.168.1.2");
    let record = record.expect("a row of bob");
    assert_eq!(record.environment.unwrap().scope, Scope::Public);
    assert_eq!(record.contact.raw(), format!("sip:bob@{OUTSIDE}:5060"));
    let said = |start: &str| -> Vec<String> {
        let sip = world.wire.overheard[before..].iter().filter_map(|parcel| match parcel {
            Parcel::Sip { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            Parcel::Media { .. } => None,
        });
        sip.filter(|text| text.starts_with(start)).collect()
    };
    let register = said("REGISTER").into_iter().next().expect("a REGISTER from there");
    let contacts: Vec<&str> = register.lines().filter(|line| line.starts_with("Contact:")).collect();
    assert!(contacts[0].contains(OUTSIDE), "{contacts:?}");
    assert!(contacts[1].contains(OFFICE) && contacts[1].ends_with(";expires=0"), "{contacts:?}");
    assert!(said("PUBLISH").iter().any(|publish| publish.contains(OUTSIDE)), "published anew");
    // And she can call him there.
    let call = world.call(ALICE, "bob@192.168.1.2", None, 60);
    let active = |world: &World| world.the_call(ALICE, call).state == CallState::Active;
    assert!(world.run_until(MINUTE, active), "{:?}", world.the_call(ALICE, call));
}

/// A cafe that uses the office's addresses is no office.
#[test]
fn a_place_is_told_from_another_with_the_same_addresses_by_its_gateway() {
    let mut world = World::new(7, Link::GOOD);
    let mut config = following("bob", OFFICE, ESP);
    config.places[0].gateways = vec![HardwareAddress::parse(GATEWAY).unwrap()];
    world.add("bob", config);
    let judged = |world: &World| {
        let record = world.nodes[0].agent.own_presence();
        (record.place.unwrap().raw().to_owned(), record.environment.unwrap().evidence)
    };
    assert_eq!(judged(&world), ("private network".into(), Evidence::Address), "before anybody has looked");
    world.moves(0, OFFICE, GATEWAY);
    assert_eq!(judged(&world), ("office".into(), Evidence::Network));
    world.moves(0, OFFICE, OTHER_GATEWAY);
    assert_eq!(judged(&world), ("private network".into(), Evidence::Address));
    let rows: Vec<&str> =
        world.nodes[0].store.audit.iter().filter(|row| row.kind == "place").map(|row| row.detail.as_str()).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("office (private, by network)"), "{rows:?}");
}

/// Nobody had answered yet: what rings at the old address cannot be told.
#[test]
fn a_call_that_rings_ends_with_a_reason() {
    let mut world = World::new(8, Link::GOOD);
    world.add("alice", following("alice", "192.168.1.1", ESP));
    let bob = AgentConfig { answer: sottovoce::agent::AnswerMode::Prompt, ..following("bob", OFFICE, ESP) };
    world.add("bob", bob);
    let call = world.call(ALICE, "bob@192.168.1.2", Some("approve"), 60);
    let rings = |world: &World| world.the_call(ALICE, call).state == CallState::Ringing;
    assert!(world.run_until(MINUTE, rings));
    world.moves(ALICE, OUTSIDE, GATEWAY);
    world.run_for(SECOND);
    let CallState::Failed(failure) = &world.the_call(ALICE, call).state else { panic!() };
    assert_eq!(failure.code, "moved-before");
}

/// Alice has called Bob.
fn talking_in_clear(world: &mut World) -> [CallId; 2] {
    let call = world.call(ALICE, "bob@192.168.1.2", Some("approve"), 3600);
    let active = |world: &World| world.the_call(ALICE, call).state == CallState::Active;
    assert!(world.run_until(2 * MINUTE, active), "{:?}", world.the_call(ALICE, call));
    world.run_for(SECOND);
    let calls = [call, world.nodes[BOB].agent.calls().last().unwrap().id];
    assert_eq!([ALICE, BOB].map(|node| world.the_call(node, calls[node]).bundle.clone()), ["none", "none"]);
    calls
}

/// What was approved is for Alice's own address in the office. Out there her default rules, and her offer from there demands that.
#[test]
fn what_our_own_side_demands_out_there_is_offered() {
    let mut world = World::new(11, Link::GOOD);
    world.add("alice", following("alice", "192.168.1.1", ESP));
    world.add("bob", following("bob", OFFICE, NONE));
    for (node, peer) in [(ALICE, "bob@192.168.1.2"), (BOB, "alice@192.168.1.1")] {
        world.ask(node, peer, Some("approve"));
        world.run_for(10 * SECOND);
    }
    let calls = talking_in_clear(&mut world);
    world.moves(ALICE, OUTSIDE, GATEWAY);
    gap(&mut world, calls);
    assert_eq!([ALICE, BOB].map(|node| world.the_call(node, calls[node]).bundle.clone()), ["esp", "esp"]);
}

/// The entry that Alice approved is for Bob's address in the office. Out there her default rules, and the call goes on under it.
#[test]
fn what_the_other_side_demands_out_there_is_added() {
    let mut world = World::new(10, Link::GOOD);
    world.add("alice", following("alice", "192.168.1.1", ESP));
    world.add("bob", following("bob", OFFICE, NONE));
    let calls = talking_in_clear(&mut world);
    world.moves(BOB, OUTSIDE, GATEWAY);
    gap(&mut world, calls);
    assert_eq!([ALICE, BOB].map(|node| world.the_call(node, calls[node]).bundle.clone()), ["esp", "esp"]);
    // What runs is judged, and not what his own entries would let pass.
    let moved = world.the_call(BOB, calls[BOB]).moved.as_ref().unwrap();
    assert_eq!(moved.advice.verdict, Verdict::Enough);
}
