//! An account with two proxies (RFC 5626): both ways stand, and one goes on when the other is lost.

use std::time::Duration;

use sottovoce::agent::{Account, AccountConfig, AccountFlow, AccountState, Command, Hop, WatchState};
use sottovoce::sip::Transport;
use sottovoce::vocab::Entity;

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const FIRST: &str = "192.168.1.9";
const SECOND: &str = "192.168.1.10";
const MINUTE: Duration = Duration::from_secs(60);

fn with_two(outbound: bool) -> World {
    let mut world = World::new(11, Link::GOOD);
    let mut server = Server::new(FIRST);
    server.beside = format!("{SECOND}:5060").parse().ok();
    server.outbound = outbound;
    world.server = Some(server);
    let mut config = agent("alice", ALICE, "none");
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let beside = Some(Hop { host: SECOND.into(), port: Some(5060), transport: Some(Transport::Udp) });
    let usual = account_at(&config.entity, FIRST);
    config.accounts = vec![AccountConfig { beside, publish: false, ..usual }];
    world.add("alice", config);
    world
}

fn account(world: &World) -> &Account {
    world.nodes[0].agent.accounts().next().unwrap()
}

fn flow(world: &World, at: usize) -> &AccountFlow {
    &account(world).flows[at]
}

fn stands(world: &World, at: usize) -> bool {
    matches!(flow(world, at).state, AccountState::Registered { .. })
}

fn server(world: &mut World) -> &mut Server {
    world.server.as_mut().unwrap()
}

/// Where the newest SUBSCRIBE went.
fn asked_at(world: &mut World) -> String {
    world.ask(0, "sip:bob@example.org", None);
    world.run_for(Duration::from_secs(1));
    let asked = world.wire.overheard.iter().rev().find_map(|parcel| match parcel {
        Parcel::Sip { to, bytes, .. } if bytes.starts_with(b"SUBSCRIBE ") => Some(to.ip().to_string()),
        _ => None,
    });
    asked.unwrap()
}

#[test]
fn both_ways_stand_where_outbound_is_granted() {
    let mut world = with_two(true);
    assert!(world.run_until(MINUTE, |world| stands(world, 0) && stands(world, 1)));
    assert!(flow(&world, 0).outbound && flow(&world, 1).outbound);
    let contacts = server(&mut world).contacts.clone();
    for ((at, contact), (there, number)) in contacts.iter().zip([(FIRST, 1), (SECOND, 2)]) {
        assert_eq!(at.ip().to_string(), there);
        assert!(contact.contains("+sip.instance=") && contact.contains(&format!(";reg-id={number}")), "{contact}");
    }
    assert_eq!(contacts.len(), 2);
    assert_eq!(asked_at(&mut world), FIRST);
}

#[test]
fn requests_take_the_other_way_while_one_is_lost_and_come_back() {
    let mut world = with_two(true);
    assert!(world.run_until(MINUTE, |world| stands(world, 0) && stands(world, 1)));
    server(&mut world).away = format!("{FIRST}:5060").parse().ok();
    // STUN tells within 29 + 40 s, and then REGISTER within 5 + 32 s.
    let lost = |world: &World| matches!(flow(world, 0).state, AccountState::Waiting { .. });
    assert!(world.run_until(2 * MINUTE, lost), "{:?}", account(&world));
    assert!(stands(&world, 1));
    assert!(matches!(account(&world).state, AccountState::Registered { .. }), "{:?}", account(&world));
    assert_eq!(account(&world).address.as_deref(), Some("udp:192.168.1.10:5060"));
    assert_eq!(asked_at(&mut world), SECOND);
    server(&mut world).away = None;
    assert!(world.run_until(4 * MINUTE, |world| stands(world, 0)), "{:?}", account(&world));
    assert_eq!(asked_at(&mut world), FIRST);
    assert!(stands(&world, 1));
}

/// One Contact, and the same on either way: registered twice it would be found twice.
#[test]
fn where_it_is_not_granted_the_second_stands_in_for_the_first_only() {
    let mut world = with_two(false);
    world.run_for(MINUTE);
    assert!(stands(&world, 0));
    assert_eq!(flow(&world, 1).state, AccountState::Idle);
    assert_eq!(server(&mut world).contacts.len(), 1);
    server(&mut world).away = format!("{FIRST}:5060").parse().ok();
    assert!(world.run_until(70 * MINUTE, |world| stands(world, 1)), "{:?}", account(&world));
    assert_eq!(asked_at(&mut world), SECOND);
    server(&mut world).away = None;
    assert!(world.run_until(70 * MINUTE, |world| stands(world, 0)), "{:?}", account(&world));
    assert_eq!(flow(&world, 1).state, AccountState::Idle);
    let taken_back = server(&mut world).registered.iter().any(|(_, expires)| expires == "0");
    assert!(!taken_back, "the registrar would forget the Contact that the first one holds");
}

/// What is known of a broken connection is said at once, and not as if nothing had happened.
#[test]
fn an_account_whose_connection_broke_is_recovering_until_it_is_registered_anew() {
    let mut world = World::new(11, Link { tcp: true, ..Link::GOOD });
    world.server = Some(Server::new(FIRST));
    server(&mut world).subscribes = true;
    let mut config = agent("alice", ALICE, "none");
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let proxy = Hop { host: FIRST.into(), port: Some(5060), transport: Some(Transport::Tcp) };
    config.accounts = vec![AccountConfig { proxy, publish: false, ..account_at(&config.entity, FIRST) }];
    world.add("alice", config);
    assert!(world.run_until(MINUTE, |world| stands(world, 0)), "{:?}", account(&world));
    world.command(0, Command::Watch { peer: "bob@example.org".into() }).unwrap();
    let watch = |world: &World| world.nodes[0].agent.watches().next().unwrap().clone();
    assert!(world.run_until(MINUTE, |world| matches!(watch(world).state, WatchState::Active { .. })));
    assert!(!watch(&world).told, "nothing of Bob has come");
    let heard = account(&world).heard.unwrap();
    world.run_for(MINUTE);

    world.breaks(0, Transport::Tcp, FIRST);
    assert_eq!(account(&world).state, AccountState::Recovering);
    assert_eq!(watch(&world).state, WatchState::Recovering);
    let last_step = |world: &World| watch(world).steps.last().unwrap().1.clone();
    assert_eq!(last_step(&world), "the way there is lost, and it is asked for anew");
    assert!(world.run_until(MINUTE, |world| stands(world, 0)));
    assert!(account(&world).heard.unwrap() > heard, "and the server was heard of");
    assert!(world.run_until(MINUTE, |world| matches!(watch(world).state, WatchState::Active { .. })));
    assert!(last_step(&world).starts_with("it stands again"), "{}", last_step(&world));

    world.breaks(0, Transport::Tcp, FIRST);
    server(&mut world).down = true;
    assert!(world.run_until(2 * MINUTE, |world| matches!(account(world).state, AccountState::Waiting { .. })));
}
