//! An agent with an account: what it registers and publishes over time.

use std::time::Duration;

use sottovoce::agent::{Account, AccountConfig, AccountState, Command, PublicationState, UnknownWatchers};
use sottovoce::policy::{Purpose, Statement};
use sottovoce::vocab::Mono;

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::Link;
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const SERVER: &str = "192.168.1.9";
const ENTITY: &str = "sip:alice@192.168.1.1";
const MINUTE: Duration = Duration::from_secs(60);

/// Alice alone with her server.
fn with_account(action: &str, watchers: UnknownWatchers, seconds: u64) -> World {
    let mut world = World::new(1, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    let mut config = agent("alice", ALICE, action);
    config.unknown_watchers = watchers;
    let expires = Duration::from_secs(seconds);
    config.accounts = vec![AccountConfig { expires, ..account_at(&config.entity, SERVER) }];
    world.add("alice", config);
    world
}

fn account(world: &World) -> &Account {
    world.nodes[0].agent.accounts().next().unwrap()
}

fn is_published(world: &World) -> bool {
    matches!(account(world).publication, PublicationState::Published { .. })
}

fn server(world: &mut World) -> &mut Server {
    world.server.as_mut().unwrap()
}

/// When each statement was published, and the newest.
fn published(world: &World) -> (Vec<Mono>, Statement) {
    let all = &world.server.as_ref().unwrap().published;
    let signed = all.last().unwrap().1.tuples[0].signed.clone().unwrap().unwrap();
    assert_eq!(all.last().unwrap().1.entity.as_str(), ENTITY);
    (all.iter().map(|(at, _)| *at).collect(), signed.verify().unwrap().clone())
}

fn place(world: &mut World, place: &str) {
    world.command(0, Command::PresenceSet { user: None, place: Some(place.into()) }).unwrap();
}

fn said_place(statement: &Statement) -> &str {
    statement.person.as_ref().unwrap().place.as_ref().unwrap().raw()
}

#[test]
fn what_is_published_follows_every_five_seconds_and_at_once_when_it_tightens() {
    let mut world = with_account("none", UnknownWatchers::Place, 3600);
    assert!(world.run_until(MINUTE, is_published));
    let (first, statement) = published(&world);
    assert_eq!((statement.purpose, said_place(&statement)), (Purpose::Publish, "office"));
    assert_eq!(statement.policies.len(), 2, "{:?}", statement.policies);
    place(&mut world, "cafe");
    world.run_for(Duration::from_secs(1));
    place(&mut world, "train");
    world.run_for(MINUTE);
    let (times, statement) = published(&world);
    assert_eq!((times.len(), said_place(&statement)), (2, "train"), "what came between is never sent");
    let pause = times[1] - first[0];
    assert!((5..6).contains(&pause.as_secs()), "{pause:?}");
    // The statement before is a minute old; this one is not.
    place(&mut world, "home");
    let text = "spdadd any any udp -P out ipsec esp/transport//require;";
    world.command(0, Command::PolicyDefault { text: text.into() }).unwrap();
    world.run_for(Duration::from_secs(1));
    let (times, statement) = published(&world);
    assert_eq!(times.len(), 4);
    assert_eq!(statement.policies[0].action.to_string(), "ipsec esp/transport//require");
    // Looser waits.
    world.command(0, Command::PolicyDefaultRemove).unwrap();
    world.run_for(Duration::from_secs(1));
    assert_eq!(published(&world).0.len(), 4);
    world.run_for(Duration::from_secs(5));
    let (times, statement) = published(&world);
    assert_eq!((times.len(), statement.policies[0].action.to_string().as_str()), (5, "none"));
}

#[test]
fn strangers_find_no_more_at_the_server_than_they_would_be_told() {
    let mut world = with_account("none", UnknownWatchers::Policy, 3600);
    assert!(world.run_until(MINUTE, is_published));
    let (_, statement) = published(&world);
    assert_eq!((statement.person, statement.environment), (None, None));
    for watchers in [UnknownWatchers::Ask, UnknownWatchers::Block] {
        let mut world = with_account("none", watchers, 3600);
        assert!(world.run_until(MINUTE, |world| matches!(account(world).state, AccountState::Registered { .. })));
        place(&mut world, "cafe");
        world.run_for(MINUTE);
        assert!(matches!(account(&world).publication, PublicationState::Withheld(_)));
        assert!(world.server.as_ref().unwrap().published.is_empty());
    }
}

#[test]
fn a_statement_is_said_anew_before_it_runs_out() {
    let mut world = with_account("none", UnknownWatchers::Place, 600);
    world.run_for(4 * 60 * MINUTE);
    let (times, statement) = published(&world);
    assert_eq!(times.len(), 8, "one in half an hour; what is refreshed between carries no body");
    assert!(statement.expires > world.now.wall);
}

#[test]
fn a_server_that_was_away_gets_everything_again_and_is_not_stormed() {
    let mut world = with_account("none", UnknownWatchers::Place, 300);
    assert!(world.run_until(MINUTE, is_published));
    server(&mut world).down = true;
    world.run_for(60 * MINUTE);
    let down = account(&world).clone();
    assert!(matches!(down.state, AccountState::Waiting { .. }), "{:?}", down.state);
    assert!(matches!(down.publication, PublicationState::Waiting { .. }), "{:?}", down.publication);
    let before = server(&mut world).registered.len();
    assert!(before < 3, "it heard nothing while it was away");
    server(&mut world).down = false;
    server(&mut world).forget();
    assert!(world.run_until(60 * MINUTE, |world| {
        is_published(world) && matches!(account(world).state, AccountState::Registered { .. })
    }));
    assert!(server(&mut world).holds_something());
    let told = published(&world).0.len();
    world.run_for(MINUTE);
    assert_eq!(published(&world).0.len(), told, "once is enough");
    world.command(0, Command::Stop).unwrap();
    world.run_for(MINUTE);
    assert!(!server(&mut world).holds_something(), "it is taken back at the end");
    assert_eq!(server(&mut world).registered.last().unwrap().1, "0");
}
