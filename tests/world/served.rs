//! A peer that is there for one agent alone, whom it knows by its key.

use std::time::Duration;

use sottovoce::agent::{Accepted, AgentConfig, AskState, CallState, Command, TextRequest, TextState};
use sottovoce::keys::Identity;

use crate::common::config::{agent, secret};
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const ALICE: usize = 0;
const CAROL: usize = 1;
const BOB: usize = 2;

fn bob_for_alice() -> AgentConfig {
    let serves = Some(Identity::generate(&secret("alice")).verify_key());
    AgentConfig { serves, ..agent("bob", "192.168.1.2", "none") }
}

fn asked(world: &mut World, node: usize) -> AskState {
    let ask = world.ask(node, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| world.the_ask(node, ask).state != AskState::Asking));
    world.run_for(Duration::from_secs(1));
    world.the_ask(node, ask).state.clone()
}

fn called(world: &mut World, node: usize) -> CallState {
    let call = world.call(node, "bob@192.168.1.2", None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(node, call)));
    world.the_call(node, call).state.clone()
}

/// Carol could, as long as Bob was there for everybody.
#[test]
fn whoever_else_asks_calls_or_writes_is_refused() {
    let mut world = World::new(33, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("carol", agent("carol", "192.168.1.3", "none"));
    world.add_on_disk("bob", agent("bob", "192.168.1.2", "none"));
    for node in [ALICE, CAROL] {
        assert!(matches!(asked(&mut world, node), AskState::Registered { .. }));
        assert!(matches!(called(&mut world, node), CallState::Ended { .. }));
    }
    world.restart(BOB, bob_for_alice());
    assert!(matches!(called(&mut world, ALICE), CallState::Ended { .. }));
    assert!(matches!(asked(&mut world, ALICE), AskState::Registered { .. }));
    let CallState::Failed(failure) = called(&mut world, CAROL) else { panic!("her keys are not his") };
    assert!(failure.message.contains("403"), "{failure:?}");
    let AskState::Failed(failure) = asked(&mut world, CAROL) else { panic!("her keys are not his") };
    assert!(failure.message.contains("403"), "{failure:?}");
    assert_eq!(world.nodes[BOB].agent.calls().count(), 1, "hers left nothing");
    let request = TextRequest { peer: "bob@192.168.1.2".into(), text: "hello".into(), clear: false, account: None };
    let Ok(Accepted::Text(id)) = world.command(CAROL, Command::Text(request)) else { panic!() };
    world.run_for(MINUTE);
    let state = world.nodes[CAROL].agent.text(id).unwrap().state.clone();
    assert!(matches!(state, TextState::Failed(_)), "{state:?}");
}
