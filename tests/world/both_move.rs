//! Both sides of a call go to other addresses in the same moment: each offers to where nobody is. Where one can be found out by its
//! account the call goes on; else it ends, and says why.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, Call, CallState};
use sottovoce::vocab::{CallId, Entity};

use crate::common::config::{account, agent};
use crate::common::server::Server;
use crate::common::wire::Link;
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const SERVER: &str = "192.0.2.10";
const OUTSIDE: [&str; 2] = ["133.134.10.9", "133.134.10.10"];
const GATEWAY: &str = "00:1b:63:84:45:e6";
const ESP: &str = "ipsec esp/transport//require";

/// A call between two who are registered, or not, and have approved each other.
fn talking(seed: u64, registered: [bool; 2], link: Link) -> (World, [CallId; 2]) {
    let mut world = World::new(seed, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    world.server.as_mut().unwrap().presents = true;
    for (node, name, address) in [(ALICE, "alice", "192.168.1.1"), (BOB, "bob", "192.168.1.2")] {
        let own = AgentConfig { follows: true, ..agent(name, address, ESP) };
        let entity = Entity::parse(&format!("sip:{name}@example.org")).unwrap();
        let config = match registered[node] {
            true => AgentConfig { accounts: vec![account(&entity, SERVER)], entity, ..own },
            false => own,
        };
        world.add(name, config);
    }
    world.run_for(5 * SECOND);
    let names = [ALICE, BOB].map(|node| match registered[node] {
        true => ["alice@example.org", "bob@example.org"][node],
        false => ["alice@192.168.1.1", "bob@192.168.1.2"][node],
    });
    let call = world.call(ALICE, names[BOB], Some("approve"), 36_000);
    let is_active = |call: &Call| call.state == CallState::Active;
    let active = |world: &World| {
        is_active(world.the_call(ALICE, call)) && world.nodes[BOB].agent.calls().last().is_some_and(is_active)
    };
    assert!(world.run_until(2 * MINUTE, active), "{:?}", world.the_call(ALICE, call));
    // And he approves her while they talk: it is the next call that is of somebody known.
    let ask = world.ask(BOB, names[ALICE], Some("approve"));
    let approved = |world: &World| matches!(world.the_ask(BOB, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, approved), "{:?}", world.the_ask(BOB, ask).state);
    world.command(ALICE, sottovoce::agent::Command::Hangup { call: None }).unwrap();
    world.run_for(SECOND);
    let call = world.call(ALICE, names[BOB], None, 36_000);
    let active = |world: &World| {
        is_active(world.the_call(ALICE, call)) && world.nodes[BOB].agent.calls().last().is_some_and(is_active)
    };
    assert!(world.run_until(MINUTE, active), "{:?}", world.the_call(ALICE, call));
    world.run_for(SECOND);
    world.wire.link = link;
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    (world, [call, theirs])
}

fn both_move(world: &mut World) {
    for node in [ALICE, BOB] {
        world.moves(node, OUTSIDE[node], GATEWAY);
    }
}

fn heard(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).counters.received)
}

/// Until sound goes both ways again; `None` when a side has ended it.
fn found(world: &mut World, calls: [CallId; 2]) -> Option<Duration> {
    let (began, before) = (world.now.mono, heard(world, calls));
    let over = |world: &World| [ALICE, BOB].iter().any(|node| world.call_is_over(*node, calls[*node]));
    let again = |world: &World| heard(world, calls).iter().zip(before).all(|(now, before)| *now > before + 50);
    assert!(world.run_until(2 * MINUTE, |world| over(world) || again(world)));
    (!over(world)).then(|| world.now.mono - began)
}

#[test]
fn they_find_each_other_by_their_server() {
    for seed in 0..4 {
        let (mut world, calls) = talking(seed, [true, true], Link::GOOD);
        both_move(&mut world);
        let gap = found(&mut world, calls);
        assert!(gap.is_some_and(|gap| gap < 20 * SECOND), "{seed}: {gap:?} {:?}", world.the_call(ALICE, calls[ALICE]));
        world.run_for(10 * SECOND);
        for node in [ALICE, BOB] {
            let call = world.the_call(node, calls[node]);
            assert_eq!((call.state.clone(), call.bundle.as_str()), (CallState::Active, "esp"));
            assert_eq!(call.counters.dropped.get("policy"), None);
        }
    }
}

/// Of one of them nobody can tell where he is: the other is found by him.
#[test]
fn one_that_can_be_found_is_enough() {
    for hidden in ["sip:alice@example.org", "sip:bob@example.org"] {
        let (mut world, calls) = talking(5, [true, true], Link::GOOD);
        world.server.as_mut().unwrap().hides = Some(hidden.into());
        both_move(&mut world);
        let gap = found(&mut world, calls);
        assert!(gap.is_some_and(|gap| gap < 25 * SECOND), "{hidden}: {gap:?}");
    }
}

#[test]
fn without_a_server_it_ends_with_that_reason() {
    let (mut world, calls) = talking(6, [false, false], Link::GOOD);
    both_move(&mut world);
    assert_eq!(found(&mut world, calls), None);
    world.run_for(5 * SECOND);
    for node in [ALICE, BOB] {
        let CallState::Failed(failure) = &world.the_call(node, calls[node]).state else {
            panic!("{:?}", world.the_call(node, calls[node]))
        };
        assert_eq!(failure.code, "lost-each-other");
        assert!(failure.message.contains("in the same moment"), "{failure}");
    }
}

/// One after the other, while the first is not answered yet.
#[test]
fn a_move_while_the_peer_moves_is_no_other_case() {
    for delay in [5, 15, 25, 60] {
        let (mut world, calls) = talking(7, [true, true], Link::GOOD);
        world.moves(BOB, OUTSIDE[BOB], GATEWAY);
        world.run_for(Duration::from_millis(delay));
        world.moves(ALICE, OUTSIDE[ALICE], GATEWAY);
        let gap = found(&mut world, calls);
        assert!(gap.is_some_and(|gap| gap < 20 * SECOND), "{delay}: {gap:?}");
    }
}
