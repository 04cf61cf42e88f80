//! A server by UDP that falls silent: what is said of its account meanwhile, and what follows when it is heard of again.

use std::time::Duration;

use sottovoce::agent::{
    Account, AccountConfig, AccountState, AgentConfig, Command, Event, Hop, PublicationState, TextRequest, WatchState,
};
use sottovoce::sip::{Candidate, Transport};
use sottovoce::vocab::Entity;

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const SERVER: &str = "192.168.1.9";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Alice alone, with an account there; nothing goes by TCP. `host`: of its proxy.
fn with_account(host: &str) -> World {
    with_account_and(host, Duration::from_millis(500))
}

fn with_account_and(host: &str, t1: Duration) -> World {
    let mut world = World::new(5, Link::GOOD.without_tcp());
    let there = Candidate { address: format!("{SERVER}:5060").parse().unwrap(), transport: Transport::Udp };
    world.dns.insert("example.org".into(), vec![there]);
    world.server = Some(Server::new(SERVER));
    server(&mut world).subscribes = true;
    let mut config = AgentConfig { t1, ..agent("alice", ALICE, "none") };
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let proxy = Hop { host: host.into(), port: None, transport: None };
    config.accounts = vec![AccountConfig { proxy, ..account_at(&config.entity, SERVER) }];
    world.add("alice", config);
    assert!(world.run_until(MINUTE, |world| stands(world) && is_published(world)), "{:?}", account(&world));
    world
}

fn server(world: &mut World) -> &mut Server {
    world.server.as_mut().unwrap()
}

fn account(world: &World) -> &Account {
    world.nodes[0].agent.accounts().next().unwrap()
}

fn stands(world: &World) -> bool {
    matches!(account(world).state, AccountState::Registered { .. })
}

fn waits(world: &World) -> bool {
    matches!(account(world).state, AccountState::Waiting { .. })
}

fn is_published(world: &World) -> bool {
    matches!(account(world).publication, PublicationState::Published { .. })
}

fn write(world: &mut World) {
    let text = TextRequest { peer: "sip:bob@example.org".into(), text: "hello".into(), clear: true, account: None };
    world.command(0, Command::Text(text)).unwrap();
}

fn sent(world: &World, method: &str) -> usize {
    let is = |parcel: &&Parcel| matches!(parcel, Parcel::Sip { bytes, .. } if bytes.starts_with(method.as_bytes()));
    world.wire.overheard.iter().filter(is).count()
}

/// ```text
/// alice                   server
///   | MESSAGE      --> x    32 s: Timer F
///   | REGISTER     --> |    within 5 s, not before 30 s after the last
///   | SUBSCRIBE    --> |    30 s later: is it still there?
///   | PUBLISH      --> |    the same
/// ```
#[test]
fn a_server_that_left_something_unanswered_is_asked_for_all_that_stood_there() {
    let mut world = with_account(SERVER);
    world.command(0, Command::Watch { peer: "bob@example.org".into() }).unwrap();
    let active =
        |world: &World| matches!(world.nodes[0].agent.watches().next().unwrap().state, WatchState::Active { .. });
    assert!(world.run_until(MINUTE, active));
    world.run_for(MINUTE);
    server(&mut world).down = true;
    write(&mut world);
    world.run_for(32 * SECOND);
    server(&mut world).down = false;
    server(&mut world).forget();
    let before = ["REGISTER ", "SUBSCRIBE ", "PUBLISH "].map(|method| sent(&world, method));
    world.run_for(40 * SECOND);
    let after = ["REGISTER ", "SUBSCRIBE ", "PUBLISH "].map(|method| sent(&world, method));
    assert!(before.iter().zip(after).all(|(before, after)| *before < after), "{before:?} {after:?}");
    assert!(server(&mut world).holds_something());
    world.run_for(5 * MINUTE);
    assert_eq!(sent(&world, "SUBSCRIBE "), after[1], "once is enough");
}

/// A REGISTER is given up after 32 s only.
#[test]
fn an_account_whose_server_leaves_register_unanswered_is_not_said_to_stand() {
    let mut world = with_account(SERVER);
    server(&mut world).down = true;
    let asked = sent(&world, "REGISTER ");
    assert!(world.run_until(15 * MINUTE, |world| sent(world, "REGISTER ") > asked));
    assert!(stands(&world));
    world.run_for(4 * SECOND);
    assert_eq!(account(&world).state, AccountState::Recovering);
    assert!(world.run_until(MINUTE, waits));
    world.run_for(60 * MINUTE);
    let told = world.nodes[0].events.iter().filter(|event| matches!(event, Event::Notice(_)));
    let told: Vec<String> = told.map(|event| format!("{event:?}")).filter(|t| t.contains("registrar-silent")).collect();
    assert_eq!(told.len(), 1, "and not at every further try: {told:?}");
}

#[test]
fn no_time_that_is_over_is_said_to_be_that_of_the_next_try() {
    let mut world = with_account(SERVER);
    server(&mut world).down = true;
    write(&mut world);
    let is_over = |world: &World| {
        let Account { state, publication, .. } = account(world);
        let late = |at: &Option<_>| at.is_some_and(|at| at < world.now.wall);
        matches!(state, AccountState::Waiting { again, .. } if late(again))
            || matches!(publication, PublicationState::Waiting { again, .. } if late(again))
    };
    assert!(!world.run_until(90 * MINUTE, is_over), "{:?} at {:?}", account(&world), world.now);
    let trying = |world: &World| {
        let Account { state, publication, .. } = account(world);
        matches!(state, AccountState::Waiting { again: None, .. })
            && matches!(publication, PublicationState::Waiting { .. })
    };
    assert!(world.run_until(60 * MINUTE, trying), "{:?}", account(&world));
}

/// After an hour of silence the next try is up to half an hour away.
#[test]
fn a_server_that_answers_something_else_is_registered_at_soon() {
    for host in [SERVER, "example.org"] {
        let mut world = with_account(host);
        server(&mut world).down = true;
        write(&mut world);
        world.run_for(120 * MINUTE);
        let far = |world: &World| match account(world).state {
            AccountState::Waiting { again: Some(again), .. } => again > world.now.wall.saturating_add(5 * MINUTE),
            _ => false,
        };
        assert!(world.run_until(60 * MINUTE, far), "{host}: {:?}", account(&world));
        server(&mut world).down = false;
        write(&mut world);
        assert!(world.run_until(2 * SECOND, stands), "{host}: {:?}", account(&world));
        assert!(world.run_until(2 * SECOND, is_published), "{host}: {:?}", account(&world));
    }
}

/// It answers everything but REGISTER, each of which is given up after 1.3 s here: only that it is hastened once in 30 s holds it back.
#[test]
fn a_server_that_goes_on_not_to_register_us_is_not_stormed() {
    let mut world = with_account_and(SERVER, Duration::from_millis(20));
    server(&mut world).down = true;
    write(&mut world);
    assert!(world.run_until(15 * MINUTE, waits), "{:?}", account(&world));
    server(&mut world).down = false;
    server(&mut world).deaf = true;
    let before = tries(&world);
    for _ in 0..600 {
        write(&mut world);
        world.run_for(SECOND);
    }
    let tried = tries(&world) - before;
    // And some by the back-off itself.
    assert!((600 / 30 - 2..=600 / 30 + 6).contains(&tried), "{tried}");
    assert!(waits(&world));
}

/// REGISTER transactions, by their branches.
fn tries(world: &World) -> usize {
    let mut branches: Vec<String> = Vec::new();
    for parcel in &world.wire.overheard {
        let Parcel::Sip { bytes, .. } = parcel else { continue };
        let text = String::from_utf8_lossy(bytes);
        let via = text.lines().find(|line| line.starts_with("Via:")).filter(|_| text.starts_with("REGISTER "));
        branches.extend(via.map(str::to_owned));
    }
    branches.sort();
    branches.dedup();
    branches.len()
}
