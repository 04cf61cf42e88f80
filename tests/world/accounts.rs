//! What an account's password is used for, and what no more.

use std::time::Duration;

use sottovoce::agent::{
    Account, AccountConfig, AccountState, AgentConfig, AskState, Command, PublicationState, ServerWatchersState,
    TextRequest, WatchState,
};
use sottovoce::sip::{Candidate, Message, Request, Transport};
use sottovoce::vocab::{Entity, Redacted};

use crate::common::config::{account as account_at, agent};
use crate::common::server::{is_proven, Server};
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const SERVER: &str = "192.168.1.9";
const ELSEWHERE: &str = "192.168.1.10";
const BOBS: &str = "192.168.1.7";
const ENTITY: &str = "sip:alice@example.org";
const MINUTE: Duration = Duration::from_secs(60);

fn entity() -> Entity {
    Entity::parse(ENTITY).unwrap()
}

fn account_of() -> AccountConfig {
    AccountConfig { password: Some(Redacted("secret".into())), ..account_at(&entity(), SERVER) }
}

fn alice(accounts: Vec<AccountConfig>) -> AgentConfig {
    AgentConfig { entity: entity(), accounts, ..agent("alice", ALICE, "none") }
}

fn at(address: &str) -> Candidate {
    Candidate { address: format!("{address}:5060").parse().unwrap(), transport: Transport::Udp }
}

/// A server that wants everything proven.
fn with_server() -> World {
    let mut world = World::new(3, Link::GOOD);
    let mut server = Server::new(SERVER);
    (server.challenges, server.subscribes) = (true, true);
    world.server = Some(server);
    world.dns.insert("example.org".into(), vec![at(BOBS)]);
    world
}

fn add(world: &mut World, config: AccountConfig) {
    world.command(0, Command::AddAccount(Box::new(config))).unwrap();
}

fn remove(world: &mut World) {
    world.command(0, Command::RemoveAccount { entity: entity() }).unwrap();
}

fn watch(world: &mut World, peer: &str) {
    world.command(0, Command::Watch { peer: peer.into() }).unwrap();
}

fn watch_state(world: &World) -> WatchState {
    world.nodes[0].agent.watches().next().unwrap().state.clone()
}

fn account(world: &World) -> &Account {
    world.nodes[0].agent.accounts().next().unwrap()
}

/// Registered, published, and its server is asked who follows that.
fn stands(world: &World) -> bool {
    matches!(account(world).state, AccountState::Registered { .. })
        && matches!(account(world).publication, PublicationState::Published { .. })
        && !world.nodes[0].agent.server_watchers().is_empty()
}

/// What was sent, and where to.
fn sent(world: &World, since: usize) -> Vec<(String, Request)> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { from, to, bytes, .. } if from.ip().to_string() == ALICE => match Message::parse(bytes) {
            Ok(Message::Request(request)) => Some((to.ip().to_string(), request)),
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().skip(since).filter_map(read).collect()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers().first(name).unwrap_or_default()
}

fn methods_to(world: &World, address: &str) -> Vec<String> {
    let all = sent(world, 0).into_iter().filter(|(to, _)| to == address);
    let mut methods: Vec<String> = all.map(|(_, request)| request.method().to_string()).collect();
    methods.sort();
    methods.dedup();
    methods
}

#[test]
fn the_password_of_a_removed_account_only_takes_back_what_stands() {
    let mut world = with_server();
    world.add("alice", alice(Vec::new()));
    add(&mut world, account_of());
    assert!(world.run_until(MINUTE, stands), "{:?}", account(&world));
    watch(&mut world, "bob@example.org");
    assert!(world.run_until(MINUTE, |world| matches!(watch_state(world), WatchState::Active { .. })));

    let ask = world.ask(0, "sip:carol@example.org", None);
    let text = TextRequest { peer: "sip:carol@example.org".into(), text: "hello".into(), clear: true, account: None };
    world.command(0, Command::Text(text)).unwrap();
    let before = world.wire.overheard.len();
    remove(&mut world);
    world.run_for(3 * 60 * MINUTE);

    let after = sent(&world, before);
    let proven: Vec<String> = after
        .iter()
        .filter(|(_, request)| is_proven(request) && header(request, "Expires") != "0")
        .map(|(to, request)| format!("{} {} to {to}", request.method(), request.uri()))
        .collect();
    assert!(proven.is_empty(), "{proven:?}");
    let is_end = |request: &Request| header(request, "Expires") == "0" && header(request, "Event") == "presence.winfo";
    assert!(after.iter().any(|(_, request)| is_end(request)), "its server is told that nobody asks for watchers");
    assert!(world.nodes[0].agent.server_watchers().is_empty());
    assert!(matches!(world.the_ask(0, ask).state, AskState::Failed(_)));
    let by_itself = |(to, request): &(String, Request)| to == BOBS && request.method().to_string() == "SUBSCRIBE";
    assert!(after.iter().any(by_itself), "Bob is followed where DNS says");

    add(&mut world, account_of());
    assert!(world.run_until(5 * MINUTE, stands), "{:?}", account(&world));
}

#[test]
fn a_watch_does_not_wait_for_an_account_that_was_removed() {
    let mut world = with_server();
    world.server.as_mut().unwrap().down = true;
    world.add("alice", alice(Vec::new()));
    add(&mut world, account_of());
    watch(&mut world, "carol@example.org");
    world.run_for(MINUTE / 60);
    assert_eq!(watch_state(&world), WatchState::NoServer);
    remove(&mut world);
    let goes_on = |world: &World| methods_to(world, BOBS).contains(&"SUBSCRIBE".to_owned());
    assert!(world.run_until(MINUTE, goes_on), "{:?}", watch_state(&world));
}

#[test]
fn who_corrects_the_proxy_of_an_account_does_not_wait_for_the_one_that_never_answered() {
    let mut world = with_server();
    world.add("alice", alice(Vec::new()));
    add(&mut world, AccountConfig { password: Some(Redacted("secret".into())), ..account_at(&entity(), ELSEWHERE) });
    world.run_for(MINUTE / 60);
    remove(&mut world);
    add(&mut world, account_of());
    let registered = |world: &World| matches!(account(world).state, AccountState::Registered { .. });
    assert!(world.run_until(MINUTE / 30, registered), "{:?}", account(&world));
}

fn sent_on(to: &str, challenges: bool) -> World {
    let mut world = with_server();
    world.dns.insert("evil.example".into(), vec![at(ELSEWHERE)]);
    world.dns.insert("sip2.example.org".into(), vec![at(ELSEWHERE)]);
    let beside = at(ELSEWHERE).address;
    let server = world.server.as_mut().unwrap();
    (server.beside, server.registers_at, server.challenges) = (Some(beside), Some(to.into()), challenges);
    world.add("alice", alice(vec![account_of()]));
    world
}

#[test]
fn a_registrar_sends_on_the_registration_and_nothing_else() {
    let mut world = sent_on("<sip:evil.example>", false);
    assert!(world.run_until(MINUTE, stands), "{:?}", account(&world));
    watch(&mut world, "bob@example.org");
    world.ask(0, "sip:carol@example.org", None);
    world.run_for(2 * 60 * MINUTE);
    assert_eq!(methods_to(&world, ELSEWHERE), ["REGISTER"]);
    for method in ["PUBLISH", "SUBSCRIBE"] {
        assert!(methods_to(&world, SERVER).contains(&method.to_owned()), "{method}");
    }
}

#[test]
fn the_password_is_not_for_whoever_a_registrar_names() {
    for to in ["<sip:evil.example>", "<sip:example.org.evil.example>", "<sip:evilexample.org>", "<sip:192.168.1.10>"] {
        let mut world = sent_on(to, true);
        world.nodes[0].dns.insert("example.org.evil.example".into(), vec![at(ELSEWHERE)]);
        world.nodes[0].dns.insert("evilexample.org".into(), vec![at(ELSEWHERE)]);
        assert!(world.run_until(MINUTE, |world| matches!(account(world).state, AccountState::Refused(_))), "{to}");
        let AccountState::Refused(failure) = &account(&world).state else { panic!() };
        assert_eq!(failure.code, "registration-sent-away");
        let there: Vec<_> = sent(&world, 0).into_iter().filter(|(to, _)| to == ELSEWHERE).collect();
        assert!(!there.is_empty() && there.iter().all(|(_, request)| !is_proven(request)), "{to}");
    }
}

#[test]
fn another_registrar_of_the_same_domain_gets_it() {
    let mut world = sent_on("<sip:sip2.example.org>", true);
    assert!(world.run_until(MINUTE, |world| matches!(account(world).state, AccountState::Registered { .. })));
    assert_eq!(methods_to(&world, ELSEWHERE), ["REGISTER"]);
}

#[test]
fn numbers_and_e_mail_addresses_are_watched() {
    let mut world = with_server();
    world.add("alice", alice(vec![account_of()]));
    assert!(world.run_until(MINUTE, stands));
    for peer in ["mailto:bob@example.org", "+493012345678"] {
        watch(&mut world, peer);
    }
    let mut watched: Vec<String> = world.nodes[0].agent.watches().map(|watch| watch.peer.to_string()).collect();
    watched.sort();
    assert_eq!(watched, ["sip:+493012345678@example.org;user=phone", "sip:bob@example.org"]);
    let active =
        |world: &World| world.nodes[0].agent.watches().all(|watch| matches!(watch.state, WatchState::Active { .. }));
    assert!(world.run_until(MINUTE, active));
    for peer in ["bob@example.org", "tel:+49-30-12345678"] {
        world.command(0, Command::Unwatch { peer: peer.into() }).unwrap();
    }
    assert_eq!(world.nodes[0].agent.watches().count(), 0);
}

#[test]
fn a_watched_number_is_watched_again_after_a_restart() {
    let mut world = with_server();
    world.add_on_disk("alice", alice(vec![account_of()]));
    world.run_for(MINUTE / 60);
    watch(&mut world, "+493012345678");
    world.restart(0, alice(vec![account_of()]));
    let active =
        |world: &World| world.nodes[0].agent.watches().any(|watch| matches!(watch.state, WatchState::Active { .. }));
    assert!(world.run_until(MINUTE, active));
    let last = sent(&world, 0).into_iter().rev().find(|(_, r)| header(r, "Event") == "presence").unwrap();
    assert_eq!(last.1.uri().as_str(), "sip:+493012345678@example.org;user=phone");
}

#[test]
fn an_added_account_is_not_told_to_change_a_configuration() {
    let mut world = with_server();
    world.server.as_mut().unwrap().subscribes = false;
    world.add("alice", alice(Vec::new()));
    add(&mut world, account_of());
    assert!(world.run_until(MINUTE, stands));
    world.run_for(MINUTE / 60);
    let told = world.nodes[0].agent.server_watchers().remove(0);
    let (ServerWatchersState::Waiting(failure) | ServerWatchersState::Refused(failure)) = told.state else { panic!() };
    assert!(!failure.next.contains("[[account]]"), "{failure:?}");
}
