//! Several addresses of one name (RFC 3263 section 4.3).

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::{AccountConfig, AccountState, AgentConfig, AskState, CallState, Command, Event, Hop};
use sottovoce::sip::{Candidate, Message, Request, Response, Transport};
use sottovoce::vocab::{AskId, Entity};

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const NOBODY: &str = "192.168.1.77";
const SERVER: &str = "192.168.1.9";
const MINUTE: Duration = Duration::from_secs(60);

fn at(transport: Transport, ip: &str) -> Candidate {
    Candidate { address: format!("{ip}:5060").parse().unwrap(), transport }
}

/// Bob under a name that DNS has at these places.
fn bob_at(places: &[Candidate]) -> (World, usize, usize) {
    let mut world = World::new(3, Link::GOOD);
    world.dns.insert("bob.example".into(), places.to_vec());
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let config = agent("bob", BOB, "none");
    let bob = world.add("bob", AgentConfig { entity: Entity::parse("sip:bob@bob.example").unwrap(), ..config });
    (world, alice, bob)
}

fn asked(world: &mut World, node: usize) -> (AskId, AskState) {
    let id = world.ask(node, "bob@bob.example", Some("approve"));
    let open = |world: &World| matches!(world.the_ask(node, id).state, AskState::Asking | AskState::Reviewing(_));
    assert!(world.run_until(3 * MINUTE, |world| !open(world)), "{:?}", world.the_ask(node, id));
    (id, world.the_ask(node, id).state.clone())
}

/// Where requests of this method went, and whether on a stream; each place once.
fn sent(world: &World, method: &str) -> Vec<String> {
    let mut all = Vec::new();
    for parcel in &world.wire.overheard {
        let Parcel::Sip { stream, to, bytes, .. } = parcel else { continue };
        let place = format!("{}{}", if stream.is_some() { "stream " } else { "" }, to.ip());
        if bytes.starts_with(method.as_bytes()) && !all.contains(&place) {
            all.push(place);
        }
    }
    all
}

/// What is too long for a datagram goes on a stream first.
fn sent_anyhow(world: &World, method: &str) -> Vec<String> {
    let mut all: Vec<String> =
        sent(world, method).iter().map(|to| to.trim_start_matches("stream ").to_owned()).collect();
    all.dedup();
    all
}

#[test]
fn a_peer_that_is_silent_at_one_address_is_asked_at_the_next() {
    let (mut world, alice, _) = bob_at(&[at(Transport::Udp, NOBODY), at(Transport::Udp, BOB)]);
    let began = world.now.mono;
    let (id, state) = asked(&mut world, alice);
    assert!(matches!(state, AskState::Registered { .. }), "{state:?}");
    assert_eq!(sent_anyhow(&world, "SUBSCRIBE "), [NOBODY, BOB]);
    let took = (world.now.mono - began).as_secs();
    assert!((31..34).contains(&took), "Timer F, and no longer: {took} s");
    let steps: Vec<&str> = world.the_ask(alice, id).steps.iter().map(|(_, step)| step.as_str()).collect();
    assert!(steps.iter().any(|step| step.contains("another address is tried after 32 s")), "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("did not answer; there is another address")), "{steps:?}");
    assert_eq!(world.nodes[alice].located.len(), 1);
}

/// What goes by TCP for its size alone goes by UDP when there is no TCP (RFC 3261 section 18.1.1); this does not.
#[test]
fn the_transport_is_the_one_that_dns_names() {
    let (mut world, alice, _) = bob_at(&[at(Transport::Tcp, BOB)]);
    world.wire.link = Link::GOOD.without_tcp();
    let (_, state) = asked(&mut world, alice);
    assert!(matches!(state, AskState::Failed(failure) if failure.code == "peer-unreachable"));
    assert!(sent(&world, "SUBSCRIBE ").is_empty(), "{:?}", sent(&world, "SUBSCRIBE "));
    world.nodes[alice].dns.insert("bob.example".into(), vec![at(Transport::Tcp, BOB), at(Transport::Udp, BOB)]);
    let (_, state) = asked(&mut world, alice);
    assert!(matches!(state, AskState::Registered { .. }), "{state:?}");
    assert_eq!(sent(&world, "SUBSCRIBE "), [BOB]);
}

#[test]
fn a_server_that_is_unavailable_is_passed_over_and_one_that_says_no_is_not() {
    for (unavailable, places, registered) in [(true, &[SERVER, BOB][..], true), (false, &[SERVER], false)] {
        let (mut world, alice, _) = bob_at(&[at(Transport::Udp, SERVER), at(Transport::Udp, BOB)]);
        world.server = Some(Server::new(SERVER));
        world.server.as_mut().unwrap().unavailable = unavailable;
        let (_, state) = asked(&mut world, alice);
        assert_eq!(matches!(state, AskState::Registered { .. }), registered, "{state:?}");
        assert_eq!(sent_anyhow(&world, "SUBSCRIBE "), places);
    }
}

#[test]
fn when_nobody_is_anywhere_the_last_failure_is_told() {
    let (mut world, alice, _) = bob_at(&[at(Transport::Udp, NOBODY), at(Transport::Udp, "192.168.1.78")]);
    let (_, state) = asked(&mut world, alice);
    let AskState::Failed(failure) = state else { panic!("{state:?}") };
    assert_eq!(failure.code, "peer-silent");
    assert_eq!(sent_anyhow(&world, "SUBSCRIBE "), [NOBODY, "192.168.1.78"]);
}

/// Without a presence there is no contact either: the entity is what is called.
#[test]
fn a_call_by_name_goes_to_the_next_address_with_an_offer_of_its_own() {
    let (mut world, alice, bob) = bob_at(&[at(Transport::Udp, BOB)]);
    let (_, state) = asked(&mut world, alice);
    assert!(matches!(state, AskState::Registered { .. }), "{state:?}");
    world.command(alice, Command::PresenceRemove { entity: Entity::parse("sip:bob@bob.example").unwrap() }).unwrap();
    let places = vec![at(Transport::Udp, NOBODY), at(Transport::Udp, BOB)];
    world.nodes[alice].dns.insert("bob.example".into(), places);
    let call = world.call(alice, "bob@bob.example", None, 2);
    assert!(world.run_until(3 * MINUTE, |world| world.call_is_over(alice, call)), "{:?}", world.the_call(alice, call));
    let state = &world.the_call(alice, call).state;
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(sent_anyhow(&world, "INVITE "), [NOBODY, BOB]);
    assert_eq!(world.nodes[bob].agent.calls().count(), 1);
}

/// Somebody rings there already: what he refuses then is refused, and nobody else is rung for it.
#[test]
fn a_call_that_rang_at_one_address_is_not_tried_at_the_next() {
    const PHONE: &str = "192.168.1.5";
    let (mut world, alice, bob) = bob_at(&[at(Transport::Udp, BOB)]);
    let (_, state) = asked(&mut world, alice);
    assert!(matches!(state, AskState::Registered { .. }), "{state:?}");
    world.command(alice, Command::PresenceRemove { entity: Entity::parse("sip:bob@bob.example").unwrap() }).unwrap();
    // A telephone that takes datagrams.
    world.wire.link = Link::GOOD.without_tcp();
    for rings in [true, false] {
        let places = vec![at(Transport::Udp, PHONE), at(Transport::Udp, BOB)];
        world.nodes[alice].dns.insert("bob.example".into(), places);
        let call = world.call(alice, "bob@bob.example", None, 2);
        assert!(world.run_until(MINUTE, |world| last_invite(world, PHONE).is_some()));
        let invite = last_invite(&world, PHONE).unwrap();
        let before = world.wire.overheard.len();
        for status in [180, 503].into_iter().skip(usize::from(!rings)) {
            let mut response = Response::to(&invite, status, "As It Is");
            let to = format!("{};tag=phone", invite.headers().first("To").unwrap());
            response.headers_mut().set("To", to).unwrap();
            let [from, to] = [PHONE, ALICE].map(|ip| SocketAddr::new(ip.parse().unwrap(), 5060));
            world
                .wire
                .send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: response.to_bytes().to_vec() });
            world.run_for(Duration::from_millis(100));
        }
        assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
        let failed = matches!(world.the_call(alice, call).state, CallState::Failed(_));
        assert_eq!(failed, rings, "{:?}", world.the_call(alice, call).state);
        world.wire.overheard.drain(..before);
        assert_eq!(sent(&world, "INVITE ").contains(&BOB.to_owned()), !rings);
        world.wire.overheard.clear();
    }
    assert_eq!(world.nodes[bob].agent.calls().count(), 1);
}

/// The newest that went there, by UDP.
fn last_invite(world: &World, to: &str) -> Option<Request> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { stream: None, to: at, bytes, .. } if at.ip().to_string() == to => match Message::parse(bytes) {
            Ok(Message::Request(request)) if request.method().as_str() == "INVITE" => Some(request),
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().rev().find_map(read)
}

/// Alice alone, with an account whose proxy is left to DNS.
fn with_account(places: &[Candidate]) -> World {
    let mut world = World::new(4, Link::GOOD);
    world.dns.insert("example.org".into(), places.to_vec());
    world.server = Some(Server::new(SERVER));
    let mut config = agent("alice", ALICE, "none");
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let proxy = Hop { host: "example.org".into(), port: None, transport: None };
    config.accounts = vec![AccountConfig { proxy, ..account_at(&config.entity, SERVER) }];
    world.add("alice", config);
    world
}

fn state(world: &World) -> &AccountState {
    &world.nodes[0].agent.accounts().next().unwrap().state
}

fn is_registered(world: &World) -> bool {
    matches!(state(world), AccountState::Registered { .. })
}

#[test]
fn an_account_registers_at_the_next_server_before_it_waits_and_publishes_there() {
    let mut world = with_account(&[at(Transport::Udp, NOBODY), at(Transport::Tcp, SERVER)]);
    assert!(world.run_until(34 * MINUTE / 60, is_registered), "{:?}", state(&world));
    let account = world.nodes[0].agent.accounts().next().unwrap();
    assert_eq!(account.address.as_deref(), Some("tcp:192.168.1.9:5060"));
    assert_eq!(account.proxy, "example.org");
    world.run_for(MINUTE);
    let there = [format!("stream {SERVER}")];
    assert_eq!(
        (sent(&world, "REGISTER "), sent(&world, "PUBLISH ")),
        (vec![NOBODY.into(), there[0].clone()], there.into())
    );
    let notices = world.nodes[0].events.iter().filter(|event| matches!(event, Event::Notice(_))).count();
    assert_eq!(notices, 0, "it did not fail");
}

#[test]
fn when_every_server_failed_the_account_waits_and_then_looks_for_them_anew() {
    let mut world = with_account(&[at(Transport::Udp, SERVER)]);
    assert!(world.run_until(MINUTE, is_registered));
    world.server.as_mut().unwrap().down = true;
    let waits = |world: &World| matches!(state(world), AccountState::Waiting { .. });
    assert!(world.run_until(90 * MINUTE, waits), "{:?}", state(&world));
    assert_eq!(world.nodes[0].located.len(), 1);
    // Others have taken over.
    world.nodes[0]
        .dns
        .insert("example.org".into(), vec![at(Transport::Udp, NOBODY), at(Transport::Udp, "192.168.1.10")]);
    world.server = Some(Server::new("192.168.1.10"));
    assert!(world.run_until(3 * MINUTE, is_registered), "{:?}", state(&world));
    assert_eq!(world.nodes[0].located.len(), 2);
    world.run_for(60 * MINUTE);
    assert_eq!(sent(&world, "PUBLISH ").last().unwrap().trim_start_matches("stream "), "192.168.1.10");
}

#[test]
fn the_wait_grows_while_no_server_of_the_name_answers() {
    let mut world = with_account(&[at(Transport::Udp, NOBODY), at(Transport::Udp, "192.168.1.78")]);
    world.run_for(60 * MINUTE);
    // Each round takes 64 s and then waits 15 to 30 s, 30 to 60 s, ...: never fast, never for good.
    let rounds = world.nodes[0].located.len();
    assert!((5..15).contains(&rounds), "{rounds}");
    assert_eq!(world.nodes[0].located[0].transport, None);
}
