//! What a user changes of the policy database, and what a peer that agreed to it may rely on.

use std::time::Duration;

use sottovoce::agent::{Accepted, AskState, CallState, Command, ContactChange, ContactCommand, Event};
use sottovoce::policy::{Entry, PeerScope};
use sottovoce::vocab::{EntryId, Failure, Wall};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const BOB: &str = "bob@192.168.1.2";
const BOTH: &str = "ipsec esp/transport//require ah/transport//require";

/// Alice has approved what Bob asks: `asked`. Her database is on a disk.
fn approved(asked: &str) -> (World, usize) {
    let mut world = World::new(5, Link::GOOD);
    let alice = world.add_on_disk("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", asked));
    ask(&mut world, alice);
    (world, alice)
}

fn ask(world: &mut World, alice: usize) {
    let ask = world.ask(alice, BOB, Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(alice, ask).state);
}

fn entries(world: &World, alice: usize) -> Vec<Entry> {
    world.nodes[alice].agent.spd().ordinary().cloned().collect()
}

fn actions(world: &World, alice: usize) -> Vec<String> {
    entries(world, alice).iter().map(|entry| entry.action.to_string()).collect()
}

/// A command that changes the store, until it is durable.
fn change(world: &mut World, alice: usize, what: Command) -> Result<(), Failure> {
    let accepted = world.command(alice, what)?;
    let effect = match accepted {
        Accepted::Storing(effect) | Accepted::Registering { effect: Some(effect), .. } => effect,
        _ => return Ok(()),
    };
    let settled = |event: &Event| match event {
        Event::StoreSettled { effect: of, result } if *of == effect => Some(result.clone()),
        _ => None,
    };
    assert!(world.run_until(MINUTE, |world| world.nodes[alice].events.iter().any(|event| settled(event).is_some())));
    world.nodes[alice].events.iter().find_map(settled).unwrap()
}

fn edit(world: &mut World, alice: usize, text: &str) -> Result<(), Failure> {
    let entry = entries(world, alice)[0].id;
    change(world, alice, Command::PolicyEdit { entry, text: text.to_owned() })
}

#[test]
fn an_edit_may_tighten_what_a_peer_agreed_to_and_may_not_loosen_it() {
    let (mut world, alice) = approved("ipsec esp/transport//require");
    let line = |world: &World| entries(world, alice)[0].to_setkey();
    let with = |text: String, action: &str| text.replace("ipsec esp/transport//require", action);
    let tighter = with(line(&world), BOTH);
    edit(&mut world, alice, &tighter).unwrap();
    assert_eq!(actions(&world, alice), [BOTH, BOTH]);
    assert!(entries(&world, alice).iter().all(|entry| entry.origin.name() == "user"));
    for looser in ["none", "ipsec esp/transport//use", "ipsec ah/transport//require"] {
        for text in [looser.to_owned(), line(&world).replace(BOTH, looser)] {
            let failure = edit(&mut world, alice, &text).unwrap_err();
            assert_eq!(failure.code, "looser-than-asked", "{looser}");
            assert!(failure.message.contains("out udp 192.168.1.1"), "{failure}");
            assert!(failure.next.contains("--propose"), "{failure}");
        }
    }
    let away = line(&world).replace("192.168.1.2/32[any]", "192.168.1.2/32[5000-5999]");
    assert_eq!(
        edit(&mut world, alice, &away).unwrap_err().code,
        "looser-than-asked",
        "other ports fall to the default"
    );
    let anothers = "spdadd 192.168.1.1 192.168.1.2 udp -P out discard; # sv: entity=sip:eve@h";
    assert_eq!(edit(&mut world, alice, anothers).unwrap_err().code, "another-peer", "not even what is tighter");
    let call = world.call(alice, BOB, None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
    assert_eq!(world.the_call(alice, call).bundle, "ah+esp", "the peer serves what is tighter");
}

#[test]
fn what_is_disabled_is_kept_and_the_peer_is_asked_anew() {
    let (mut world, alice) = approved("ipsec esp/transport//require");
    let entry = entries(&world, alice)[1].id;
    change(&mut world, alice, Command::PolicyEnable { entry, enabled: false }).unwrap();
    assert!(entries(&world, alice).iter().all(|entry| entry.disabled), "both directions");
    let call = world.call(alice, BOB, None, 1);
    let asks = |world: &World| matches!(world.the_call(alice, call).state, CallState::Reviewing(_));
    assert!(world.run_until(MINUTE, asks), "{:?}", world.the_call(alice, call).state);
    world.restart(alice, agent("alice", "192.168.1.1", "none"));
    assert!(entries(&world, alice).iter().all(|entry| entry.disabled), "after a restart too");
    change(&mut world, alice, Command::PolicyEnable { entry, enabled: true }).unwrap();
    let call = world.call(alice, BOB, None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
    assert_eq!(world.the_call(alice, call).bundle, "esp");
}

#[test]
fn an_end_takes_effect_by_itself_and_what_a_peer_agreed_to_is_not_prolonged() {
    let (mut world, alice) = approved("ipsec esp/transport//require");
    let entry = entries(&world, alice)[0].id;
    let soon = world.now.wall.saturating_add(Duration::from_secs(30));
    let expire = |at: Option<Wall>| Command::PolicyExpire { entry, at };
    let past = world.now.wall;
    assert_eq!(change(&mut world, alice, expire(Some(past))).unwrap_err().code, "bad-expiry");
    let later = soon.saturating_add(Duration::from_secs(1));
    for own in [Some(soon), Some(later), None, Some(soon)] {
        change(&mut world, alice, expire(own)).unwrap();
        assert!(entries(&world, alice).iter().all(|entry| entry.expires == own), "Bob had agreed to no end");
    }
    world.run_for(MINUTE);
    let call = world.call(alice, BOB, None, 1);
    let asks = |world: &World| matches!(world.the_call(alice, call).state, CallState::Reviewing(_));
    assert!(world.run_until(MINUTE, asks), "{:?}", world.the_call(alice, call).state);
}

/// The end that was agreed on is Bob's word: our own, before it, is ours.
#[test]
fn an_end_of_our_own_is_taken_back_as_far_as_the_one_that_was_agreed_on() {
    let (mut world, alice) = approved("ipsec esp/transport//require");
    let agreed = Wall(world.now.wall.as_secs() * 1000 + 100_000);
    let text = format!(
        "spdadd 192.168.1.1 192.168.1.2 udp -P out ipsec esp/transport//require; # sv: expires={}",
        agreed.as_secs()
    );
    let again = world.ask(alice, BOB, Some(&text));
    let registered = |world: &World| matches!(world.the_ask(alice, again).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(alice, again).state);
    let entry = entries(&world, alice)[0].id;
    assert_eq!(entries(&world, alice)[0].expires, Some(agreed));
    let expire = |at: Option<Wall>| Command::PolicyExpire { entry, at };
    change(&mut world, alice, expire(Some(Wall(agreed.0 - 50_000)))).unwrap();
    world.restart(alice, agent("alice", "192.168.1.1", "none"));
    for off in [None, Some(Wall(agreed.0 + 1000))] {
        let failure = change(&mut world, alice, expire(off)).unwrap_err();
        assert_eq!(failure.code, "looser-than-asked", "nobody has said yes to that");
        assert!(failure.message.contains("put off") && !failure.next.contains("--propose"), "{failure}");
    }
    change(&mut world, alice, expire(Some(agreed))).unwrap();
}

/// What our user tightened by himself he takes back, by every command, and after a restart; and no further than what Bob agreed to.
#[test]
fn what_was_tightened_alone_is_taken_back_as_far_as_what_was_agreed_on() {
    let esp = "ipsec esp/transport//require";
    let (mut world, alice) = approved(esp);
    let scope = entries(&world, alice)[0].peer.clone();
    let discard = "spdadd any any udp -P out discard; # sv: priority=1".to_owned();
    let add = |world: &mut World| {
        change(world, alice, Command::PolicyAddFor { text: discard.clone(), scope: scope.clone() }).unwrap();
        let own = entries(world, alice).into_iter().find(|entry| entry.priority == 1).unwrap();
        own.id
    };
    let undo = |world: &mut World| {
        let what = world.nodes[alice].restoring(None).unwrap();
        change(world, alice, Command::PolicyRestore(what))
    };
    add(&mut world);
    world.restart(alice, agent("alice", "192.168.1.1", "none"));
    undo(&mut world).unwrap();
    let own = add(&mut world);
    change(&mut world, alice, Command::PolicyEnable { entry: own, enabled: false }).unwrap();
    change(&mut world, alice, Command::PolicyEnable { entry: own, enabled: true }).unwrap();
    let none = Command::PolicyEdit { entry: own, text: "none".into() };
    assert_eq!(change(&mut world, alice, none).unwrap_err().code, "looser-than-asked");
    change(&mut world, alice, Command::PolicyEdit { entry: own, text: esp.into() }).unwrap();
    change(&mut world, alice, Command::PolicyRemove { entry: own }).unwrap();
    assert_eq!(actions(&world, alice), [esp; 2]);
    let entry = entries(&world, alice)[0].id;
    change(&mut world, alice, Command::PolicyEnable { entry, enabled: false }).unwrap();
    let beside = Command::PolicyAddFor { text: "spdadd any any udp -P out none;".into(), scope: scope.clone() };
    let failure = change(&mut world, alice, beside).unwrap_err();
    assert_eq!(failure.code, "looser-than-asked", "what Bob agreed to is not got round by disabling it first");
}

/// A plain line or rules alone change what they say, and an entry for a group is for that group still.
#[test]
fn an_edit_widens_nothing_in_passing() {
    let (mut world, alice) = approved("none");
    let add = "spdadd any 10.1.0.0/16 udp -P out discard; # sv: group=friend priority=3 expires=99999999999";
    change(&mut world, alice, Command::PolicyAdd { text: add.into() }).unwrap();
    let own = |world: &World| entries(world, alice).into_iter().filter(|e| e.peer.group.is_some()).collect::<Vec<_>>();
    let entry = own(&world)[0].id;
    change(&mut world, alice, Command::PolicyEnable { entry, enabled: false }).unwrap();
    let before = own(&world);
    let line = "spdadd any 10.2.0.0/16[5000-6000] udp -P out none;".to_owned();
    change(&mut world, alice, Command::PolicyEdit { entry, text: line }).unwrap();
    let after = own(&world);
    assert_eq!(after.len(), 2, "{after:?}");
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((&old.peer, old.priority, old.expires, true), (&new.peer, new.priority, new.expires, new.disabled));
        assert_eq!(new.action.to_string(), "none");
    }
    let alone = Command::PolicyAdd { text: "discard".into() };
    let failure = change(&mut world, alice, alone).unwrap_err();
    assert!(failure.next.contains("--entity"), "{failure}");
    let scope = PeerScope { group: Some("family".into()), ..PeerScope::default() };
    change(&mut world, alice, Command::PolicyAddFor { text: "discard".into(), scope: scope.clone() }).unwrap();
    assert_eq!(own(&world).iter().filter(|entry| entry.peer == scope).count(), 2, "both directions");
}

#[test]
fn the_default_can_be_changed_and_not_taken_away() {
    let (mut world, alice) = approved("none");
    change(&mut world, alice, Command::PolicyDefault { text: "discard".into() }).unwrap();
    let default = world.nodes[alice].agent.spd().default_entries().next().unwrap().id;
    for command in [
        Command::PolicyRemove { entry: default },
        Command::PolicyEnable { entry: default, enabled: false },
        Command::PolicyExpire { entry: default, at: None },
        Command::PolicyEdit { entry: default, text: "spdadd any any any -P out none;".into() },
    ] {
        assert_eq!(change(&mut world, alice, command).unwrap_err().code, "the-default");
    }
    change(&mut world, alice, Command::PolicyDefaultRemove).unwrap();
    let failure = change(&mut world, alice, Command::PolicyDefaultRemove).unwrap_err();
    assert_eq!(failure.code, "the-default", "that of the configuration stays");
    let unknown = change(&mut world, alice, Command::PolicyRemove { entry: EntryId(99) });
    assert_eq!(unknown.unwrap_err().code, "no-such-entry");
}

/// An entry for a group rules its contacts' calls and nobody else's, from the moment when they belong to it.
#[test]
fn an_entry_for_a_group_rules_the_calls_of_its_contacts() {
    let (mut world, alice) = approved("none");
    let scope = PeerScope { group: Some("friend".into()), ..PeerScope::default() };
    let text = "spdadd any any udp -P out discard; # sv: priority=1".to_owned();
    change(&mut world, alice, Command::PolicyAddFor { text: text.clone(), scope: scope.clone() }).unwrap();
    let over = |world: &mut World| {
        let call = world.call(alice, BOB, None, 1);
        assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
        matches!(&world.the_call(alice, call).state, CallState::Failed(failure) if failure.code == "discarded")
    };
    assert!(!over(&mut world));
    let contact = ContactChange { group: Some("friend".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Bob".into(), peer: BOB.into(), change: contact };
    change(&mut world, alice, Command::Contact(add)).unwrap();
    assert!(over(&mut world));
    world.restart(alice, agent("alice", "192.168.1.1", "none"));
    assert!(over(&mut world), "after a restart too");
    let none = ContactChange { group: Some(String::new()), ..ContactChange::default() };
    change(&mut world, alice, Command::Contact(ContactCommand::Set { contact: "Bob".into(), change: none })).unwrap();
    assert!(!over(&mut world));
    let other = Command::PolicyAddFor { text: text.replace("priority", "group=family priority"), scope };
    assert_eq!(change(&mut world, alice, other).unwrap_err().code, "policy-text-unreadable");
}
