//! Contacts and groups: names that work wherever a peer is typed, over restarts too.

use std::time::Duration;

use sottovoce::agent::{Accepted, AskState, Command, ContactChange, ContactCommand, GroupChange, GroupCommand};
use sottovoce::policy::{Permission, Relation};
use sottovoce::vocab::Failure;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const BOB: &str = "sip:bob@192.168.1.2";

fn office() -> World {
    let mut world = World::new(71, Link::GOOD);
    world.add_on_disk("alice", agent("alice", "192.168.1.1", "none"));
    world.add_on_disk("bob", agent("bob", "192.168.1.2", "none"));
    world
}

fn add(world: &mut World, name: &str, peer: &str, change: ContactChange) -> Result<Accepted, Failure> {
    world.command(0, Command::Contact(ContactCommand::Add { name: name.into(), peer: peer.into(), change }))
}

fn group(world: &mut World, what: GroupCommand) -> Result<Accepted, Failure> {
    world.command(0, Command::Group(what))
}

fn friend() -> ContactChange {
    let addresses = Some(vec!["bob@example.org".into(), "+4930123456".into()]);
    ContactChange { addresses, group: Some("friend".into()), ..ContactChange::default() }
}

#[test]
fn a_contact_is_asked_and_called_by_its_name_and_by_each_of_its_addresses() {
    let mut world = office();
    add(&mut world, "Bob", BOB, friend()).unwrap();
    for typed in ["bob", "Bob", "bob@example.org", "mailto:bob@example.org", "+49 30 123456", "tel:+4930123456"] {
        let ask = world.ask(0, typed, Some("approve"));
        assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(0, ask).state, AskState::Registered { .. })), "{typed}");
        assert_eq!(world.the_ask(0, ask).target, BOB, "{typed}");
    }
    let call = world.call(0, "BOB", None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(0, call)));
    assert!(world.the_call(0, call).counters.sent > 10, "{:?}", world.the_call(0, call));
}

#[test]
fn contacts_and_groups_survive_a_restart() {
    let mut world = office();
    let work = GroupCommand::Add {
        name: "work".into(),
        relation: Relation::Acquaintance,
        change: GroupChange { watchers: Some(Permission::PolicyOnly), ..GroupChange::default() },
    };
    group(&mut world, work).unwrap();
    add(&mut world, "Bob", BOB, ContactChange { group: Some("work".into()), ..friend() }).unwrap();
    let before: Vec<_> = world.nodes[0].agent.contacts().cloned().collect();
    world.restart(0, agent("alice", "192.168.1.1", "none"));
    let agent = &world.nodes[0].agent;
    assert_eq!(agent.contacts().cloned().collect::<Vec<_>>(), before);
    assert_eq!((before[0].name.as_str(), before[0].addresses.len()), ("Bob", 2));
    let work = agent.groups().find(|group| group.name == "work").expect("the group");
    assert_eq!((work.relation, work.watchers), (Relation::Acquaintance, Permission::PolicyOnly));
}

#[test]
fn a_change_leaves_what_is_not_named_and_another_entity_takes_the_place_of_the_first() {
    let mut world = office();
    add(&mut world, "Bob", BOB, friend()).unwrap();
    let change =
        ContactChange { peer: Some("sip:bob@10.0.0.2".into()), note: Some("moved".into()), ..Default::default() };
    world.command(0, Command::Contact(ContactCommand::Set { contact: "bob".into(), change })).unwrap();
    world.restart(0, agent("alice", "192.168.1.1", "none"));
    let all: Vec<_> = world.nodes[0].agent.contacts().cloned().collect();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].entity.as_str(), all[0].group.as_deref()), ("sip:bob@10.0.0.2", Some("friend")));
    assert_eq!((all[0].note.as_deref(), all[0].addresses.len()), (Some("moved"), 2));
    world.command(0, Command::Contact(ContactCommand::Remove { contact: "sip:bob@10.0.0.2".into() })).unwrap();
    assert_eq!(world.nodes[0].agent.contacts().count(), 0);
}

#[test]
fn a_bare_address_means_whoever_answered_there_and_nobody_before() {
    let mut world = office();
    assert_eq!(add(&mut world, "Bob", "192.168.1.2", friend()).unwrap_err().code, "contact-entity");
    let ask = world.ask(0, "192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Registered { .. })));
    add(&mut world, "Bob", "192.168.1.2", friend()).unwrap();
    assert_eq!(world.nodes[0].agent.contacts().next().unwrap().entity.as_str(), BOB);
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let mut world = office();
    add(&mut world, "Bob", BOB, friend()).unwrap();
    let code = |result: Result<Accepted, Failure>| result.unwrap_err().code;
    for name in ["192.168.1.2", "sip:bob@h", "bob@h", "+4930", "host.example", "", " x", "a\u{7}b"] {
        assert_eq!(code(add(&mut world, name, "sip:c@h", ContactChange::default())), "contact-name", "{name:?}");
    }
    assert_eq!(code(add(&mut world, "BOB", "sip:c@h", ContactChange::default())), "contact-there");
    assert_eq!(code(add(&mut world, "Robert", BOB, ContactChange::default())), "contact-there");
    let nowhere = ContactChange { group: Some("nowhere".into()), ..ContactChange::default() };
    assert_eq!(code(add(&mut world, "Carol", "sip:c@h", nowhere)), "no-such-group");
    let unreadable = ContactChange { addresses: Some(vec!["carol".into()]), ..ContactChange::default() };
    assert_eq!(code(add(&mut world, "Carol", "sip:c@h", unreadable)), "contact-address");
    let set = |name: &str| GroupCommand::Set { name: name.into(), change: GroupChange::default() };
    assert_eq!(code(group(&mut world, set("unknown"))), "group-unknown");
    assert_eq!(code(group(&mut world, set("nowhere"))), "no-such-group");
    assert_eq!(code(group(&mut world, GroupCommand::Remove { name: "friend".into() })), "group-built-in");
    let add_work = || GroupCommand::Add { name: "work".into(), relation: Relation::Friend, change: Default::default() };
    group(&mut world, add_work()).unwrap();
    assert_eq!(code(group(&mut world, add_work())), "group-there");
    let into_work = ContactChange { group: Some("work".into()), ..ContactChange::default() };
    world.command(0, Command::Contact(ContactCommand::Set { contact: "bob".into(), change: into_work })).unwrap();
    assert_eq!(code(group(&mut world, GroupCommand::Remove { name: "work".into() })), "group-in-use");
}

/// Nothing is in force before it is durable.
#[test]
fn a_full_disk_leaves_the_groups_as_they_were() {
    let mut world = World::new(72, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.nodes[0].store.full = true;
    add(&mut world, "Bob", BOB, friend()).unwrap();
    let change = GroupChange { watchers: Some(Permission::Block), ..GroupChange::default() };
    group(&mut world, GroupCommand::Set { name: "friend".into(), change }).unwrap();
    let agent = &world.nodes[0].agent;
    assert_eq!(agent.contacts().count(), 0);
    assert!(agent.groups().all(|group| group.watchers == Permission::Allow));
}
