//! `[limits] times`: whoever serves more than one user's telephone takes so many times more, of theirs and of ours.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AnswerMode, AskState, CallRequest, Command};
use sottovoce::vocab::Failure;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);

fn times(limits: usize, config: AgentConfig) -> AgentConfig {
    AgentConfig { limits, answer: AnswerMode::Prompt, ..config }
}

/// To somebody who is not there, and so for a while nothing but open.
fn call(world: &mut World, peer: &str) -> Result<(), Failure> {
    let request = CallRequest {
        intent: Default::default(),
        peer: peer.into(),
        answer: None,
        accept_key: None,
        source: None,
        sink: None,
        duration: None,
        account: None,
    };
    world.command(0, Command::Call(request)).map(|_| ())
}

#[test]
fn our_own_calls_are_so_many_times_more() {
    for (limits, most) in [(1, 32), (2, 64)] {
        let mut world = World::new(5, Link::GOOD);
        world.add("alice", times(limits, agent("alice", "192.168.1.1", "none")));
        for number in 0..most {
            let placed = call(&mut world, &format!("b{number}@192.168.1.77"));
            assert!(placed.is_ok(), "{limits}, {number}: {placed:?}");
        }
        let failure = call(&mut world, "one-more@192.168.1.77").unwrap_err();
        assert_eq!(failure.code, "too-many-calls");
        assert!(failure.message.contains(&format!("{most} calls are open")), "{failure:?}");
    }
}

#[test]
fn calls_of_strangers_are_so_many_times_more() {
    for (limits, most) in [(1, 16), (2, 20)] {
        let mut world = World::new(5, Link::GOOD);
        world.add("bob", times(2, agent("bob", "192.168.1.2", "none")));
        world.add("alice", times(limits, agent("alice", "192.168.1.1", "none")));
        let ask = world.ask(0, "alice@192.168.1.1", Some("approve"));
        assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Registered { .. })));
        for _ in 0..20 {
            call(&mut world, "alice@192.168.1.1").unwrap();
        }
        world.run_for(Duration::from_secs(5));
        assert_eq!(world.nodes[1].agent.calls().count(), most, "{limits}");
    }
}

/// Of calls that are over so many are remembered; one that goes on is not forgotten, however old.
#[test]
fn the_oldest_calls_that_are_over_are_forgotten() {
    const KEPT: usize = 256;
    let mut world = World::new(2, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", "none"));
    world.add("carol", AgentConfig { answer: AnswerMode::Reject, ..agent("carol", "192.168.1.3", "none") });
    let long = world.call(0, "bob@192.168.1.2", Some("approve"), 3600);
    for number in 0..KEPT + 9 {
        let call = world.call(0, "carol@192.168.1.3", (number == 0).then_some("approve"), 1);
        assert!(world.run_until(MINUTE, |world| world.call_is_over(0, call)));
    }
    let remembered: Vec<_> = world.nodes[0].agent.calls().map(|call| call.id).collect();
    assert_eq!((remembered.len(), remembered[0]), (KEPT, long));
    assert_eq!(world.the_call(0, long).state, sottovoce::agent::CallState::Active);
    assert!(remembered[1].0 > long.0 + 9, "{remembered:?}");
}
