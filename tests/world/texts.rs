//! Short texts: in clear, and so only where that is allowed.

use std::time::Duration;

use sottovoce::agent::{Accepted, Command, TextMessage, TextRequest, TextState, UnknownWatchers};
use sottovoce::sip::{Candidate, Transport};
use sottovoce::vocab::{Entity, Failure, FailureKind, TextId};

use crate::common::config::{account, agent};
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// Alice, whose default is `action`, and Bob.
fn two(action: &str, watchers: UnknownWatchers) -> World {
    let mut world = World::new(3, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", action));
    let mut bob = agent("bob", "192.168.1.2", "none");
    bob.unknown_watchers = watchers;
    world.add("bob", bob);
    world
}

fn write(world: &mut World, text: &str, clear: bool) -> Result<TextId, Failure> {
    let request = TextRequest { peer: "bob@192.168.1.2".into(), text: text.into(), clear, account: None };
    world.command(0, Command::Text(request)).map(|accepted| match accepted {
        Accepted::Text(id) => id,
        other => panic!("{other:?}"),
    })
}

fn settled(world: &mut World, id: TextId) -> TextMessage {
    let done = |world: &World| world.nodes[0].agent.text(id).unwrap().state != TextState::Sending;
    assert!(world.run_until(MINUTE, done));
    world.nodes[0].agent.text(id).unwrap().clone()
}

#[test]
fn a_text_arrives_and_is_shown_harmlessly() {
    let mut world = two("none", UnknownWatchers::Policy);
    let id = write(&mut world, "Grüße\u{1b}[2J", false).unwrap();
    assert_eq!(settled(&mut world, id).state, TextState::Delivered);
    let texts: Vec<&TextMessage> = world.nodes[1].agent.texts().collect();
    let [text] = texts[..] else { panic!("{texts:?}") };
    assert_eq!((text.state.clone(), text.peer.as_str()), (TextState::Received, "sip:alice@192.168.1.1"));
    assert!(text.text.starts_with("Grüße") && !text.text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn where_calls_must_be_encrypted_no_text_goes_in_clear_unless_the_user_says_so() {
    let mut world = two("ipsec esp/transport//require", UnknownWatchers::Policy);
    let failure = write(&mut world, "secret", false).unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByPolicy, "text-in-clear"));
    world.run_for(MINUTE);
    assert!(world.wire.overheard.is_empty(), "nothing was sent");
    let id = write(&mut world, "not so secret", true).unwrap();
    assert_eq!(settled(&mut world, id).state, TextState::Delivered);
}

#[test]
fn an_entry_for_the_peer_counts_and_not_the_default() {
    let mut world = two("ipsec esp/transport//require", UnknownWatchers::Policy);
    let ask = world.ask(0, "bob@192.168.1.2", Some("none"));
    world.run_for(MINUTE);
    let registered = matches!(world.the_ask(0, ask).state, sottovoce::agent::AskState::Registered { .. });
    assert!(registered, "{:?}", world.the_ask(0, ask));
    let id = write(&mut world, "hello", false).unwrap();
    assert_eq!(settled(&mut world, id).state, TextState::Delivered);
}

/// What rules the packets of a call rules a text, by whatever name the peer is written to.
#[test]
fn an_entry_for_the_address_and_one_for_a_device_there_count_too() {
    for line in ["ipsec esp/transport//require", "discard"] {
        let mut world = two("none", UnknownWatchers::Policy);
        let text = format!("spdadd 192.168.1.1 192.168.1.2 udp -P out {line};");
        world.command(0, Command::PolicyAdd { text }).unwrap();
        world.run_for(MINUTE);
        assert_eq!(write(&mut world, "secret", false).unwrap_err().code, "text-in-clear", "{line}");
    }
    let mut world = two("none", UnknownWatchers::Policy);
    let ask = world.ask(0, "bob@192.168.1.2", Some("ipsec esp/transport//require"));
    world.run_for(MINUTE);
    assert!(matches!(world.the_ask(0, ask).state, sottovoce::agent::AskState::Registered { .. }));
    for peer in ["bob@192.168.1.2", "192.168.1.2", "bob@192.168.1.2:5060", "somebody@192.168.1.2"] {
        let request = TextRequest { peer: peer.into(), text: "secret".into(), clear: false, account: None };
        let failure = world.command(0, Command::Text(request)).unwrap_err();
        assert_eq!(failure.code, "text-in-clear", "{peer}");
    }
}

/// A telephone, of which no keys are approved: a text is looked up as a call to it is.
#[test]
fn an_entry_for_a_telephone_rules_texts_to_it_as_it_rules_calls() {
    let (esp, srtp) = ("ipsec esp/transport//require", "ipsec srtp/transport//require");
    let written = |world: &mut World, peer: &str| {
        let request = TextRequest { peer: peer.into(), text: "secret".into(), clear: false, account: None };
        world.command(0, Command::Text(request)).map_err(|failure| failure.code)
    };
    for action in [esp, srtp, "discard"] {
        let mut world = two("none", UnknownWatchers::Policy);
        let text = format!("spdadd any any udp -P out {action}; # sv: entity=sip:tel@192.168.1.5");
        world.command(0, Command::PolicyAdd { text }).unwrap();
        world.run_for(MINUTE);
        for peer in ["tel@192.168.1.5", "192.168.1.5"] {
            assert_eq!(written(&mut world, peer).unwrap_err(), "text-in-clear", "{action}: {peer}");
        }
        assert!(world.wire.overheard.is_empty(), "nothing was sent");
        assert!(written(&mut world, "other@192.168.1.5").is_ok(), "{action}");
    }
    let mut world = two(srtp, UnknownWatchers::Policy);
    assert_eq!(written(&mut world, "tel@192.168.1.5").unwrap_err(), "text-in-clear");
    for action in ["none", "ipsec srtp/transport//use"] {
        let text = format!("spdadd any any udp -P out {action}; # sv: entity=sip:tel@192.168.1.5");
        world.command(0, Command::PolicyAdd { text }).unwrap();
        world.run_for(MINUTE);
        assert!(written(&mut world, "tel@192.168.1.5").is_ok(), "{action}");
    }
}

/// By the proxy of an account nothing tells where the telephone is but its name.
#[test]
fn an_entry_for_a_telephone_rules_texts_that_go_by_a_proxy() {
    let mut world = World::new(3, Link::GOOD);
    let entity = Entity::parse("sip:alice@example.org").unwrap();
    let mut alice = agent("alice", "192.168.1.1", "none");
    alice.accounts = vec![account(&entity, "192.168.1.9")];
    world.add("alice", alice);
    let text = "spdadd any any udp -P out ipsec srtp/transport//require; # sv: entity=sip:tel@example.org".into();
    world.command(0, Command::PolicyAdd { text }).unwrap();
    world.run_for(MINUTE);
    for (peer, refused) in [("tel@example.org", true), ("other@example.org", false)] {
        let request = TextRequest { peer: peer.into(), text: "secret".into(), clear: false, account: None };
        let failure = world.command(0, Command::Text(request)).err().map(|failure| failure.code);
        assert_eq!(failure, refused.then_some("text-in-clear"), "{peer}");
    }
}

#[test]
fn a_text_to_a_name_goes_where_the_name_is() {
    let mut world = two("none", UnknownWatchers::Policy);
    let there = Candidate { address: "192.168.1.2:5060".parse().unwrap(), transport: Transport::Tcp };
    world.dns.insert("bob.example".into(), vec![there]);
    world.nodes[0].dns = world.dns.clone();
    for (peer, state) in [("bob@bob.example", Ok(())), ("bob@nowhere.example", Err("no-address"))] {
        let request = TextRequest { peer: peer.into(), text: "hello".into(), clear: false, account: None };
        let Ok(Accepted::Text(id)) = world.command(0, Command::Text(request)) else { panic!() };
        let found = match settled(&mut world, id).state {
            TextState::Delivered => Ok(()),
            TextState::Failed(failure) => Err(failure.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, state, "{peer}");
    }
}

/// Of several accounts the user has to know which one to look at.
#[test]
fn a_text_that_a_dead_proxy_swallowed_names_the_account_that_it_went_by() {
    let mut world = World::new(3, Link::GOOD);
    let mut alice = agent("alice", "192.168.1.1", "none");
    let entity = Entity::parse("sip:alice@example.org").unwrap();
    alice.accounts = vec![account(&entity, "192.168.1.9")];
    world.add("alice", alice);
    let request = TextRequest { peer: "bob@example.org".into(), text: "hello".into(), clear: false, account: None };
    let Ok(Accepted::Text(id)) = world.command(0, Command::Text(request)) else { panic!() };
    let TextState::Failed(failure) = settled(&mut world, id).state else { panic!() };
    assert_eq!(failure.code, "peer-silent");
    assert!(failure.next.contains("your account sip:alice@example.org"), "{failure:?}");
}

#[test]
fn who_blocks_strangers_takes_no_texts() {
    let mut world = two("none", UnknownWatchers::Block);
    let id = write(&mut world, "hello", false).unwrap();
    let TextState::Failed(failure) = settled(&mut world, id).state else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByUser, "text-rejected"));
    assert_eq!(world.nodes[1].agent.texts().count(), 0);
}

#[test]
fn nobody_fills_the_screen_with_texts() {
    let mut world = two("none", UnknownWatchers::Policy);
    for number in 0..30 {
        let id = write(&mut world, "again", false).unwrap();
        let arrived = settled(&mut world, id).state == TextState::Delivered;
        assert_eq!(arrived, number < 20, "{number}");
    }
    world.run_for(MINUTE);
    let id = write(&mut world, "later", false).unwrap();
    assert_eq!(settled(&mut world, id).state, TextState::Delivered);
}

#[test]
fn an_empty_text_and_one_that_is_too_long_are_refused() {
    let mut world = two("none", UnknownWatchers::Policy);
    for text in [String::new(), "x".repeat(4097)] {
        assert_eq!(write(&mut world, &text, false).unwrap_err().code, "text-length");
    }
}
