//! Quiet that the user asks for: nothing rings until its end, or until he wants to be disturbed again, over a restart too.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AnswerMode, CallState, Command, Event, UnknownWatchers};
use sottovoce::vocab::Wall;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const BOB: &str = "bob@192.168.1.2";

fn bob() -> AgentConfig {
    AgentConfig { answer: AnswerMode::Prompt, ..agent("bob", "192.168.1.2", "none") }
}

fn world_with(bob: AgentConfig) -> World {
    let mut world = World::new(104, Link::GOOD);
    world.add_on_disk("alice", agent("alice", "192.168.1.1", "none"));
    world.add_on_disk("bob", bob);
    world
}

fn world() -> World {
    world_with(bob())
}

/// From now on for so long.
fn quiet(world: &mut World, time: Option<Duration>) {
    let until = time.map(|time| world.now.wall.saturating_add(time));
    world.command(1, Command::DoNotDisturb { until }).unwrap();
    world.run_for(SECOND);
}

/// Whether a call to Bob rings there.
fn rings(world: &mut World) -> bool {
    let id = world.call(0, BOB, Some("approve"), 5);
    let is_incoming = |world: &World| world.nodes[1].agent.calls().any(|call| call.state == CallState::Incoming);
    world.run_until(MINUTE, |world| world.call_is_over(0, id) || is_incoming(world));
    let rang = is_incoming(world);
    world.command(0, Command::Hangup { call: Some(id) }).ok();
    world.run_for(SECOND);
    rang
}

#[test]
fn nothing_rings_until_the_time_is_over_or_the_user_ends_it() {
    let mut world = world();
    assert!(rings(&mut world));
    quiet(&mut world, Some(HOUR));
    assert!(!rings(&mut world));
    quiet(&mut world, None);
    assert!(rings(&mut world));
    quiet(&mut world, Some(HOUR));
    world.run_for(HOUR);
    assert!(rings(&mut world));
}

#[test]
fn it_is_kept_over_a_restart() {
    let mut world = world();
    quiet(&mut world, Some(HOUR));
    world.restart(1, bob());
    world.run_for(SECOND);
    assert!(world.nodes[1].agent.do_not_disturb(world.now.wall).is_some());
    assert!(!rings(&mut world));
    quiet(&mut world, None);
    world.restart(1, bob());
    world.run_for(SECOND);
    assert!(world.nodes[1].agent.do_not_disturb(world.now.wall).is_none());
}

#[test]
fn who_ends_it_early_is_told_then_of_what_waits() {
    let mut world = world_with(AgentConfig { unknown_watchers: UnknownWatchers::Ask, ..bob() });
    quiet(&mut world, Some(2 * HOUR));
    world.command(0, Command::Watch { peer: BOB.into() }).unwrap();
    world.run_for(MINUTE);
    let told = |world: &World, code: &str| {
        let is = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == code);
        world.nodes[1].events.iter().filter(is).count()
    };
    assert_eq!((told(&world, "stranger-asks"), told(&world, "quiet-over")), (0, 0));
    quiet(&mut world, None);
    assert_eq!(told(&world, "quiet-over"), 1);
    world.run_for(3 * HOUR);
    assert_eq!(told(&world, "quiet-over"), 1, "once");
}

#[test]
fn nobody_is_unreachable_for_years_by_a_slip() {
    let mut world = world();
    let until = Some(Wall(u64::MAX));
    let refused = world.command(1, Command::DoNotDisturb { until }).unwrap_err();
    assert_eq!(refused.code, "dnd-too-long");
    assert!(rings(&mut world));
}
