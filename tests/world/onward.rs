//! What comes after a redirection, or a refusal: the next place, the next address, or words that say what was tried.

use std::time::Duration;

use sottovoce::agent::{
    Accepted, AccountConfig, AccountState, AgentConfig, AskState, CallState, Command, TextRequest, TextState,
    WatchState,
};
use sottovoce::sip::{Candidate, Transport};
use sottovoce::vocab::{CallId, Entity, Failure, Redacted};

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel, SECURE};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const FIRST: &str = "192.168.1.20";
const NOBODY: &str = "192.168.1.77";
const SERVER: &str = "192.168.1.9";
const MINUTE: Duration = Duration::from_secs(60);

fn at(ip: &str) -> Candidate {
    Candidate { address: format!("{ip}:5060").parse().unwrap(), transport: Transport::Udp }
}

/// Alice has approved Bob under a name, and knows no contact of his: the name is what is called.
fn approved_by_name() -> World {
    let mut world = World::new(3, Link::GOOD);
    named(&mut world, &[BOB]);
    world.add("alice", agent("alice", ALICE, "none"));
    let entity = Entity::parse("sip:bob@bob.example").unwrap();
    world.add("bob", AgentConfig { entity: entity.clone(), ..agent("bob", BOB, "none") });
    approve(&mut world, "bob@bob.example");
    world.command(0, Command::PresenceRemove { entity }).unwrap();
    world
}

fn approve(world: &mut World, peer: &str) {
    let ask = world.ask(0, peer, Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(0, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(0, ask));
}

/// From now on Bob's name is at these places.
fn named(world: &mut World, places: &[&str]) {
    let places: Vec<Candidate> = places.iter().map(|ip| at(ip)).collect();
    world.dns.insert("bob.example".into(), places.clone());
    if let Some(alice) = world.nodes.first_mut() {
        alice.dns.insert("bob.example".into(), places);
    }
}

fn moves(world: &mut World, from: &str, contact: &str) {
    world.moved.insert(from.parse().unwrap(), contact.to_owned());
}

fn over(world: &mut World, call: CallId) -> CallState {
    assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(0, call)), "{:?}", world.the_call(0, call));
    world.the_call(0, call).state.clone()
}

fn called(world: &mut World, peer: &str) -> CallState {
    let call = world.call(0, peer, None, 2);
    over(world, call)
}

fn failed(state: CallState) -> Failure {
    let CallState::Failed(failure) = state else { panic!("{state:?}") };
    failure
}

fn written(world: &mut World, peer: &str) -> TextState {
    let request = TextRequest { peer: peer.into(), text: "hello".into(), clear: false, account: None };
    let Ok(Accepted::Text(id)) = world.command(0, Command::Text(request)) else { panic!() };
    let done = |world: &World| world.nodes[0].agent.text(id).unwrap().state != TextState::Sending;
    assert!(world.run_until(5 * MINUTE, done));
    world.nodes[0].agent.text(id).unwrap().state.clone()
}

/// Every request of this method: whither, whether by TLS, and its octets.
fn sent(world: &World, method: &str) -> Vec<(String, bool, String)> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { stream, to, bytes, .. } if bytes.starts_with(method.as_bytes()) => {
            let secure = stream.is_some_and(|stream| stream & SECURE != 0);
            Some((to.ip().to_string(), secure, String::from_utf8_lossy(bytes).into_owned()))
        }
        _ => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

fn places(world: &World, method: &str) -> Vec<String> {
    let mut places: Vec<String> = sent(world, method).into_iter().map(|(to, ..)| to).collect();
    places.dedup();
    places
}

/// The other addresses of the name are those of the place that was asked, and not of the one that it names.
#[test]
fn a_place_that_fails_does_not_lead_to_the_next_address_of_the_name() {
    let mut world = approved_by_name();
    named(&mut world, &[FIRST, BOB]);
    moves(&mut world, FIRST, "<sip:bob@192.168.1.77>");
    let failure = failed(called(&mut world, "bob@bob.example"));
    assert_eq!(failure.code, "peer-silent");
    assert_eq!(places(&world, "INVITE "), [FIRST, NOBODY]);
    let tried = "SIP at udp:192.168.1.20:5060, udp:192.168.1.77:5060";
    assert!(failure.message.ends_with(tried), "{}", failure.message);
}

/// Alice has approved Bob at his address, is registered with a password, and calls him, who is said to be elsewhere. There it is
/// refused, so that he is asked again and called again.
fn refused_elsewhere(elsewhere: &str, refuses: &str) -> (World, CallId) {
    let mut world = World::new(7, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    let mut config = agent("alice", ALICE, "none");
    config.entity = Entity::parse("sip:alice@example.org").unwrap();
    let password = Some(Redacted("secret".to_owned()));
    config.accounts = vec![AccountConfig { password, ..account_at(&config.entity, SERVER) }];
    world.add("alice", config);
    world.add("bob", agent("bob", BOB, "none"));
    let registered = |world: &World| {
        let account = world.nodes[0].agent.accounts().next().unwrap();
        matches!(account.state, AccountState::Registered { .. })
    };
    assert!(world.run_until(MINUTE, registered));
    approve(&mut world, "bob@192.168.1.2");
    moves(&mut world, BOB, elsewhere);
    world.forge_refusals = Some(refuses.parse().unwrap());
    let call = world.call(0, "bob@192.168.1.2", Some("approve"), 2);
    assert!(world.run_until(MINUTE, |world| world.forge_refusals.is_none()), "{:?}", world.the_call(0, call));
    world.moved.clear();
    (world, call)
}

#[test]
fn who_is_called_again_after_a_review_is_called_as_for_the_first_time() {
    let (mut world, call) = refused_elsewhere("<sip:bob@133.134.10.10;transport=tls>", "133.134.10.10");
    let state = over(&mut world, call);
    let invites = sent(&world, "INVITE ");
    assert!(invites.iter().any(|(to, tls, _)| to == "133.134.10.10" && *tls), "{invites:?}");
    assert!(!invites.iter().any(|(to, tls, _)| to == BOB && *tls), "by TLS to where his contact says UDP");
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
}

#[test]
fn the_peer_itself_gets_no_password_of_ours_after_a_proxy_has_refused() {
    let (mut world, call) = refused_elsewhere("<sip:bob@example.org>", SERVER);
    world.challenges = Some(BOB.parse().unwrap());
    let failure = failed(over(&mut world, call));
    assert_eq!(failure.code, "not-authenticated");
    let to_bob: Vec<String> =
        sent(&world, "INVITE ").into_iter().filter(|(to, ..)| to == BOB).map(|one| one.2).collect();
    assert!(to_bob.len() > 1, "he was called again");
    assert!(!to_bob.iter().any(|text| text.contains("Authorization:")), "{to_bob:?}");
}

const TRIED: &str = "; tried: the contact book (nobody there has this e-mail address), SIP at udp:";

#[test]
fn who_is_named_by_an_e_mail_address_is_told_what_was_tried_wherever_it_ends() {
    let tried = |failure: Failure, code: &str| {
        assert_eq!(failure.code, code);
        assert_eq!(failure.message.matches("; tried: ").count(), 1, "{}", failure.message);
        assert!(failure.message.contains(TRIED), "{}", failure.message);
    };
    let mut world = approved_by_name();
    named(&mut world, &[FIRST]);
    moves(&mut world, FIRST, "<tel:+493012345>");
    tried(failed(called(&mut world, "bob@bob.example")), "redirected-nowhere");
    let ask = world.ask(0, "bob@bob.example", None);
    let ended = |world: &World| !matches!(world.the_ask(0, ask).state, AskState::Asking);
    assert!(world.run_until(MINUTE, ended));
    let AskState::Failed(failure) = world.the_ask(0, ask).state.clone() else { panic!() };
    tried(failure, "redirected-nowhere");
    let TextState::Failed(failure) = written(&mut world, "bob@bob.example") else { panic!() };
    tried(failure, "redirected-nowhere");

    world.moved.clear();
    world.challenges = Some(FIRST.parse().unwrap());
    tried(failed(called(&mut world, "bob@bob.example")), "not-authenticated");
    let TextState::Failed(failure) = written(&mut world, "bob@bob.example") else { panic!() };
    tried(failure, "peer-silent");

    // A stranger's call is an ask first, which nobody answers, and then one in clear: it is said once.
    tried(failed(called(&mut world, "nobody@bob.example")), "not-authenticated");
}

#[test]
fn what_our_own_policy_refuses_was_tried_nowhere() {
    let mut world = approved_by_name();
    let text = "spdadd any 192.168.1.2/32 udp -P out discard; # sv: priority=10".to_owned();
    world.command(0, Command::PolicyAdd { text }).unwrap();
    let TextState::Failed(failure) = written(&mut world, "bob@bob.example") else { panic!() };
    assert_eq!(failure.code, "text-in-clear");
    assert!(!failure.message.contains("tried"), "{}", failure.message);
}

#[test]
fn a_text_goes_to_the_next_address_and_to_one_of_our_own_family_first() {
    let mut world = approved_by_name();
    named(&mut world, &[NOBODY, BOB]);
    assert_eq!(written(&mut world, "bob@bob.example"), TextState::Delivered);
    assert_eq!(places(&world, "MESSAGE "), [NOBODY, BOB]);

    let mut world = approved_by_name();
    named(&mut world, &["[2001:db8::2]", BOB]);
    assert_eq!(written(&mut world, "bob@bob.example"), TextState::Delivered);
    assert_eq!(places(&world, "MESSAGE "), [BOB]);
}

/// What was allowed at the first address may not be at the second.
#[test]
fn a_text_goes_to_the_next_address_only_where_it_may_be_read() {
    let mut world = approved_by_name();
    named(&mut world, &[NOBODY, "192.168.1.78"]);
    let text = "spdadd any 192.168.1.78/32 udp -P out ipsec esp/transport//require; # sv: priority=10".to_owned();
    world.command(0, Command::PolicyAdd { text }).unwrap();
    let TextState::Failed(failure) = written(&mut world, "stranger@bob.example") else { panic!() };
    assert_eq!(failure.code, "text-in-clear");
    assert_eq!(places(&world, "MESSAGE "), [NOBODY]);
}

/// Followed is who was approved, at the place that is known for it (`docs/protocol.md`, section 4).
#[test]
fn a_watch_is_not_sent_on_and_says_so() {
    let mut world = World::new(3, Link::GOOD);
    world.add("alice", agent("alice", ALICE, "none"));
    moves(&mut world, BOB, "<sip:bob@133.134.10.10>");
    world.command(0, Command::Watch { peer: "bob@192.168.1.2".into() }).unwrap();
    let waits = |world: &World| {
        let watch = world.nodes[0].agent.watches().next().expect("a watch");
        matches!(watch.state, WatchState::Waiting { .. })
    };
    assert!(world.run_until(MINUTE, waits));
    let watch = world.nodes[0].agent.watches().next().expect("a watch").clone();
    let WatchState::Waiting { failure, .. } = watch.state else { panic!() };
    assert!(failure.message.contains("answered 302 Moved Temporarily, so it is elsewhere"), "{failure:?}");
    assert!(failure.message.contains("is not followed there"), "{failure:?}");
    assert_eq!(places(&world, "SUBSCRIBE "), [BOB]);
    let told = watch.steps.iter().any(|(_, step)| step.contains("it is not followed there; it is tried again in"));
    assert!(told, "{:?}", watch.steps);
}
