//! Agents with accounts of other names than their own: what goes by an account's proxy bears the account's name, in From, in the
//! statement and in the key agreement, with one key for all names.

use std::time::Duration;

use sottovoce::agent::{
    Accepted, AccountConfig, AgentConfig, AskState, CallState, Command, PublicationState, TextRequest, TextState,
};
use sottovoce::sip::{Message, Request};
use sottovoce::vocab::Entity;

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const SERVER: &str = "192.168.1.9";
const MINUTE: Duration = Duration::from_secs(60);
const ESP: &str = "ipsec esp/transport//require";

fn entity(text: &str) -> Entity {
    Entity::parse(text).unwrap()
}

/// Where an ordinary presence client is. An account whose proxy is there tells its name to it.
const PHONE: &str = "192.168.1.5";

/// An agent `sip:NAME@ADDRESS` with the account `sip:account@example.org`, whose proxy is at `proxy`.
fn named(name: &str, address: &str, account: &str, proxy: &str) -> AgentConfig {
    let account = account_at(&entity(&format!("sip:{account}@example.org")), proxy);
    AgentConfig { accounts: vec![account], ..agent(name, address, ESP) }
}

/// Alice is al and Bob is bo at example.org, and what each sends there goes to the other.
fn both() -> World {
    let mut world = World::new(4, Link::GOOD);
    world.add("alice", named("alice", ALICE, "al", BOB));
    world.add("bob", named("bob", BOB, "bo", ALICE));
    world
}

fn approve(world: &mut World, node: usize, peer: &str) {
    let ask = world.ask(node, peer, Some("approve"));
    let registered =
        |world: &World| matches!(world.nodes[node].agent.ask(ask).unwrap().state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.nodes[node].agent.ask(ask));
}

/// What came from this address, of this method, outside of a dialog.
fn sent(world: &World, from: &str, method: &str) -> Vec<Request> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { from: at, bytes, .. } if at.ip().to_string() == from => match Message::parse(bytes) {
            Ok(Message::Request(request)) if request.method().as_str() == method => Some(request),
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

fn from_of(request: &Request) -> &str {
    let from = request.headers().first("From").unwrap();
    from.split(['<', '>']).nth(1).unwrap()
}

/// An ordinary presence client asks Bob for `to`.
fn subscribes(world: &mut World, to: &str, seconds: u32) {
    let request = format!(
        "SUBSCRIBE sip:bob@{BOB} SIP/2.0\r\nVia: SIP/2.0/UDP {PHONE}:5060;branch=z9hG4bKw\r\nMax-Forwards: 70\r\n\
         From: <sip:phone@{PHONE}>;tag=p\r\nTo: <{to}>\r\nCall-ID: w\r\nCSeq: 1 SUBSCRIBE\r\nExpires: {seconds}\r\n\
         Event: presence\r\nContact: <sip:phone@{PHONE}>\r\nContent-Length: 0\r\n\r\n"
    );
    let [from, to] = [PHONE, BOB].map(|address| format!("{address}:5060").parse().unwrap());
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: request.into_bytes() });
    world.run_for(Duration::from_secs(1));
}

#[test]
fn who_is_asked_by_an_account_is_told_the_name_of_the_account() {
    let mut world = both();
    approve(&mut world, 0, "bo@example.org");
    let asked = sent(&world, ALICE, "SUBSCRIBE");
    assert!(!asked.is_empty() && asked.iter().all(|one| from_of(one) == "sip:al@example.org"), "{asked:?}");
    let known: Vec<&str> = world.nodes[0].agent.pins().map(|pin| pin.entity.as_str()).collect();
    assert_eq!(known, ["sip:bo@example.org"], "Bob says of himself what he was asked as");
    let review = world.nodes[0].agent.reviews().next().unwrap();
    assert_eq!(review.ours, Some(entity("sip:al@example.org")));

    approve(&mut world, 1, "al@example.org");
    let mine = world.nodes[0].agent.pins().next().unwrap().clone();
    let theirs = world.nodes[1].agent.pins().next().unwrap().clone();
    assert_eq!(theirs.entity.as_str(), "sip:al@example.org");
    let phrases = [world.nodes[0].agent.safety_phrase(&mine), world.nodes[1].agent.safety_phrase(&theirs)];
    assert_eq!(phrases[0], phrases[1], "the same words on both screens");
}

#[test]
fn who_is_asked_by_address_knows_the_agents_own_name_and_the_same_key() {
    let mut world = both();
    approve(&mut world, 0, BOB);
    approve(&mut world, 0, "bo@example.org");
    let asked: Vec<String> = sent(&world, ALICE, "SUBSCRIBE").iter().map(|one| from_of(one).to_owned()).collect();
    assert_eq!(asked, ["sip:alice@192.168.1.1", "sip:al@example.org"]);
    let pins: Vec<_> = world.nodes[0].agent.pins().map(|pin| (pin.entity.to_string(), pin.signing_key)).collect();
    assert_eq!(pins.len(), 2);
    assert_eq!(pins[0].1, pins[1].1, "one device, one key, two names: {pins:?}");
    let ours: Vec<bool> = world.nodes[0].agent.reviews().map(|review| review.ours.is_some()).collect();
    assert_eq!(ours, [false, true]);
}

#[test]
fn a_call_by_an_account_is_one_between_its_names_in_from_and_in_the_key_agreement() {
    let mut world = both();
    approve(&mut world, 0, "bo@example.org");
    approve(&mut world, 1, "al@example.org");
    let call = world.call(0, "bo@example.org", None, 3);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(0, call)), "{:?}", world.the_call(0, call));
    assert!(matches!(world.the_call(0, call).state, CallState::Ended { .. }), "{:?}", world.the_call(0, call).state);
    assert!(world.the_call(0, call).counters.received > 50, "{:?}", world.the_call(0, call).counters);
    let theirs = world.nodes[1].agent.calls().next().unwrap();
    assert_eq!(theirs.entity, Some(entity("sip:al@example.org")));
    assert!(theirs.known, "Bob approved that name");
    assert_eq!(theirs.bundle, "esp");
    let invites = sent(&world, ALICE, "INVITE");
    assert!(!invites.is_empty() && invites.iter().all(|one| from_of(one) == "sip:al@example.org"), "{invites:?}");
}

/// The check of From stays: who writes another name there than in the agreement is refused.
#[test]
fn a_call_whose_from_was_changed_to_the_callers_other_name_is_refused() {
    let mut world = both();
    approve(&mut world, 0, "bo@example.org");
    world.renames = Some(("sip:al@example.org".into(), "sip:alice@192.168.1.1".into()));
    let call = world.call(0, "bo@example.org", None, 3);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(0, call)));
    let CallState::Failed(failure) = &world.the_call(0, call).state else { panic!() };
    assert_eq!(failure.code, "caller-refused", "{failure:?}");
    assert!(world.nodes[1].agent.calls().next().is_none());
}

#[test]
fn a_text_by_an_account_bears_its_name() {
    let mut world = both();
    let text = TextRequest { peer: "bo@example.org".into(), text: "hello".into(), clear: true, account: None };
    let Ok(Accepted::Text(id)) = world.command(0, Command::Text(text)) else { panic!() };
    let arrived = |world: &World| world.nodes[0].agent.text(id).unwrap().state == TextState::Delivered;
    assert!(world.run_until(MINUTE, arrived));
    let came = world.nodes[1].agent.texts().next().unwrap();
    assert_eq!(came.peer, "sip:al@example.org");
}

#[test]
fn an_account_of_another_name_publishes_a_statement_of_that_name() {
    let mut world = World::new(1, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    world.add("alice", named("alice", ALICE, "al", SERVER));
    let published = |world: &World| {
        let account = world.nodes[0].agent.accounts().next().unwrap();
        matches!(account.publication, PublicationState::Published { .. })
    };
    assert!(world.run_until(MINUTE, published));
    let document = &world.server.as_ref().unwrap().published.last().unwrap().1;
    let signed = document.tuples[0].signed.clone().unwrap().unwrap();
    let statement = signed.verify().unwrap();
    assert_eq!((document.entity.as_str(), statement.entity.as_str()), ("sip:al@example.org", "sip:al@example.org"));
}

/// One word for each name: an older device vouches by that of an account, and the statement of that name bears it.
#[test]
fn a_device_vouches_for_another_by_the_name_of_their_account() {
    let mut world = World::new(4, Link::GOOD);
    world.add("desk", named("desk", "192.168.1.3", "al", SERVER));
    world.add("pocket", named("pocket", ALICE, "al", BOB));
    world.add("bob", named("bob", BOB, "bo", ALICE));
    let new = world.nodes[1].agent.introduction();
    let mut word = |account: Option<Entity>| {
        let Ok(Accepted::Vouched(vouch)) = world.command(0, Command::Vouch { new: new.clone(), account }) else {
            panic!()
        };
        vouch
    };
    let (own, by_account) = (word(None), word(Some(entity("sip:al@example.org"))));
    let misfit = world.command(1, Command::TakeVouch { vouch: own, account: None }).map(drop).unwrap_err();
    assert_eq!(misfit.code, "vouch-misfit", "they have no other name in common");
    world.command(1, Command::TakeVouch { vouch: by_account, account: None }).unwrap();
    let taken: Vec<&str> = world.nodes[1].agent.vouches().map(|(name, _)| name.as_str()).collect();
    assert_eq!(taken, ["sip:al@example.org"]);

    for (peer, vouched) in [("al@example.org", true), (ALICE, false)] {
        let ask = world.ask(2, peer, None);
        assert!(world.run_until(MINUTE, |world| world.nodes[2].agent.ask(ask).unwrap().review.is_some()));
        let review = world.nodes[2].agent.reviews().last().unwrap();
        assert_eq!(review.review.statement.signed_by.is_some(), vouched, "{peer}");
    }
}

/// What it publishes first bears the word: to whoever approved the older device it never is one with a changed key.
#[test]
fn a_word_is_taken_before_the_account_is_there_that_it_is_for() {
    let mut world = World::new(4, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    world.add("desk", named("desk", "192.168.1.3", "al", PHONE));
    let pocket = named("pocket", ALICE, "al", SERVER);
    let account = pocket.accounts[0].clone();
    world.add("pocket", AgentConfig { accounts: Vec::new(), ..pocket });
    let al = entity("sip:al@example.org");
    let new = world.nodes[1].agent.introduction();
    let Ok(Accepted::Vouched(vouch)) = world.command(0, Command::Vouch { new, account: Some(al.clone()) }) else {
        panic!()
    };
    let misfit = world.command(1, Command::TakeVouch { vouch, account: None }).map(drop).unwrap_err();
    assert!(misfit.code == "vouch-misfit" && misfit.next.contains("before that account is added"), "{misfit}");
    let other = Some(entity("sip:bo@example.org"));
    let misfit = world.command(1, Command::TakeVouch { vouch, account: other }).map(drop).unwrap_err();
    assert_eq!(misfit.code, "vouch-misfit", "it is for one name");
    world.command(1, Command::TakeVouch { vouch, account: Some(al) }).unwrap();
    world.command(1, Command::AddAccount(Box::new(account))).unwrap();
    let published = |world: &World| !world.server.as_ref().unwrap().published.is_empty();
    assert!(world.run_until(MINUTE, published));
    let document = &world.server.as_ref().unwrap().published.first().unwrap().1;
    let statement = document.tuples[0].signed.clone().unwrap().unwrap();
    assert!(statement.verify().unwrap().signed_by.is_some());
}

/// Nobody is told of a name that is ours no more.
#[test]
fn who_follows_a_removed_account_is_let_go() {
    let mut world = World::new(4, Link::GOOD);
    let bob = named("bob", BOB, "bo", PHONE);
    let account = bob.accounts[0].clone();
    world.add("bob", AgentConfig { accounts: Vec::new(), ..bob });
    world.command(0, Command::AddAccount(Box::new(account))).unwrap();
    subscribes(&mut world, "sip:bo@example.org", 600);
    assert_eq!(world.nodes[0].agent.followers().len(), 1);
    world.command(0, Command::RemoveAccount { entity: entity("sip:bo@example.org") }).unwrap();
    assert!(world.nodes[0].agent.followers().is_empty());
}

/// `sips:` is a way to somebody, and no other name.
#[test]
fn an_account_by_sips_is_the_name_of_sip() {
    let mut world = World::new(4, Link::GOOD);
    let mut config = named("alice", ALICE, "al", BOB);
    config.accounts[0].entity = entity("sips:al@example.org");
    world.add("alice", config);
    world.add("bob", named("bob", BOB, "bo", ALICE));
    world.ask(0, "bo@example.org", None);
    world.run_for(MINUTE);
    let asked = sent(&world, ALICE, "SUBSCRIBE");
    assert!(!asked.is_empty() && asked.iter().all(|one| from_of(one) == "sip:al@example.org"), "{asked:?}");
}

/// Of whom an ordinary presence client is told that asks Bob for `to`; `proxy` is that of his account.
fn told_of(to: &str, proxy: &str) -> String {
    let mut world = World::new(4, Link::GOOD);
    world.add("bob", named("bob", BOB, "bo", proxy));
    subscribes(&mut world, to, 0);
    let told = sent(&world, BOB, "NOTIFY");
    let document = sottovoce::presence::read(told[0].body()).unwrap();
    let signed = document.tuples[0].signed.clone().unwrap().unwrap();
    signed.verify().unwrap().entity.to_string()
}

/// An ordinary presence client has no document of ours in its SUBSCRIBE: To says whom it means.
#[test]
fn an_ordinary_watcher_by_the_proxy_is_told_of_the_name_that_it_asks_for() {
    for (to, about) in [("sip:bo@example.org", "sip:bo@example.org"), ("sip:192.168.1.2", "sip:bob@192.168.1.2")] {
        assert_eq!(told_of(to, PHONE), about);
    }
}

/// Or he would ask for everybody whom this device might belong to.
#[test]
fn a_stranger_who_guesses_the_accounts_name_hears_the_agents_own_as_for_any_other() {
    for to in ["sip:bo@example.org", "sip:somebody@example.org"] {
        assert_eq!(told_of(to, SERVER), "sip:bob@192.168.1.2");
    }
}

/// Where the proxy is reached by TLS, what comes from its address by UDP is not proven to be its.
#[test]
fn who_has_the_address_of_the_proxy_alone_hears_the_agents_own_name() {
    assert_eq!(told_of("sip:bo@example.org", &format!("tls:{PHONE}:5061")), "sip:bob@192.168.1.2");
}

/// The same for those who sign: their request is for somebody who is not here, whether he is or not.
#[test]
fn a_stranger_who_guesses_the_accounts_name_and_signs_is_refused_as_for_any_other() {
    for account in ["bo", "somebody"] {
        let mut world = World::new(4, Link::GOOD);
        world.add("alice", named("alice", ALICE, "al", BOB));
        world.add("bob", named("bob", BOB, account, SERVER));
        let ask = world.ask(0, "bo@example.org", Some("approve"));
        let over = |world: &World| matches!(world.nodes[0].agent.ask(ask).unwrap().state, AskState::Failed(_));
        assert!(world.run_until(MINUTE, over), "{:?}", world.nodes[0].agent.ask(ask));
        let AskState::Failed(failure) = &world.nodes[0].agent.ask(ask).unwrap().state else { unreachable!() };
        assert!(failure.message.contains("404"), "{failure:?}");
    }
}

/// A call tells no more than an ask: whose keys are not approved hears what he hears of a name that is nobody's.
#[test]
fn a_stranger_who_calls_by_the_accounts_name_past_its_proxy_is_refused() {
    for known in [false, true] {
        let mut world = World::new(4, Link::GOOD);
        world.add("alice", named("alice", ALICE, "al", BOB));
        let bob = named("bob", BOB, "bo", ALICE);
        let account = bob.accounts[0].clone();
        world.add("bob", AgentConfig { accounts: Vec::new(), ..bob });
        world.command(1, Command::AddAccount(Box::new(account))).unwrap();
        approve(&mut world, 0, "bo@example.org");
        if known {
            approve(&mut world, 1, "al@example.org");
        }
        let name = entity("sip:bo@example.org");
        world.command(1, Command::RemoveAccount { entity: name.clone() }).unwrap();
        world.run_for(MINUTE);
        world.command(1, Command::AddAccount(Box::new(account_at(&name, SERVER)))).unwrap();
        let call = world.call(0, "bo@example.org", None, 2);
        assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(0, call)), "{:?}", world.the_call(0, call));
        let refused = world.wire.overheard.iter().any(|parcel| match parcel {
            Parcel::Sip { bytes, .. } => {
                let text = String::from_utf8_lossy(bytes);
                text.starts_with("SIP/2.0 488") && text.contains("the key agreement cannot be used")
            }
            _ => false,
        });
        assert_eq!(refused, !known);
        assert_eq!(world.the_call(0, call).counters.received > 0, known, "{:?}", world.the_call(0, call));
    }
}

#[test]
fn nobody_asks_himself_by_the_name_of_an_account() {
    let mut world = both();
    let request = sottovoce::agent::AskRequest {
        intent: Default::default(),
        peer: "al@example.org".into(),
        wanted: sottovoce::policy::Wanted::BOTH,
        answer: None,
        accept_key: None,
        account: None,
    };
    let refused = world.command(0, Command::Ask(request)).map(drop).unwrap_err();
    assert_eq!(refused.code, "that-is-you");
}

/// One server of two domains: which of them an account is of decides.
#[test]
fn each_account_speaks_for_its_own_domain() {
    let mut world = World::new(4, Link::GOOD);
    let mut config = named("alice", ALICE, "al", BOB);
    config.accounts.push(AccountConfig { ..account_at(&entity("sip:ali@other.example"), BOB) });
    world.add("alice", config);
    world.add("bob", agent("bob", BOB, ESP));
    world.ask(0, "bo@other.example", None);
    world.ask(0, "bo@example.org", None);
    world.ask(0, BOB, None);
    world.run_for(MINUTE);
    let mut asked: Vec<String> = sent(&world, ALICE, "SUBSCRIBE").iter().map(|one| from_of(one).to_owned()).collect();
    asked.dedup();
    assert_eq!(asked, ["sip:ali@other.example", "sip:al@example.org", "sip:alice@192.168.1.1"]);
}
