//! Whoever is not told our place does not learn it from what is proposed to it or answered, and what was agreed without it stands.

use std::time::Duration;

use sottovoce::agent::{Command, ContactChange, ContactCommand, GroupChange, GroupCommand, ProposalState};
use sottovoce::policy::{Answer, Permission, ReviewKind, Scope, Surroundings};

use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::negotiation::{
    answer_theirs, approve, call, config, considered, in_force, last_proposal, name, propose, proposing, ALICE, BOB,
    MINUTE,
};

/// Each has approved the other, which is told of `node` no more than its policy.
fn distant(seed: u64, node: usize) -> World {
    let mut world = World::new(seed, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    world.add_on_disk("bob", config(BOB));
    let peer = name(1 - node);
    approve(&mut world, node, peer);
    let change = ContactChange { group: Some("friend".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "The other".into(), peer: format!("sip:{peer}"), change };
    world.command(node, Command::Contact(add)).unwrap();
    watched_as(&mut world, node, Permission::PolicyOnly);
    approve(&mut world, 1 - node, name(node));
    world
}

fn watched_as(world: &mut World, node: usize, watchers: Permission) {
    let change = GroupChange { watchers: Some(watchers), ..GroupChange::default() };
    world.command(node, Command::Group(GroupCommand::Set { name: "friend".into(), change })).unwrap();
}

/// The documents that this node has sent since, of one kind of statement.
fn said(world: &World, node: usize, purpose: &str) -> Vec<String> {
    let (_, from) = name(node).split_once('@').unwrap();
    let purpose = format!("purpose>{purpose}<");
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { from: sender, bytes, .. } if sender.ip().to_string() == from => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        _ => None,
    };
    world.wire.overheard.iter().filter_map(text).filter(|text| text.contains(&purpose)).collect()
}

fn tells_place(document: &str) -> bool {
    document.contains("office") || document.contains("sv:environment")
}

fn agree(world: &mut World, answer: Answer) {
    propose(world, ALICE, "none").unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()), "it came");
    answer_theirs(world, BOB, answer);
    assert!(world.run_until(MINUTE, |world| last_proposal(world, ALICE).state != ProposalState::Waiting));
}

fn elsewhere(world: &World, node: usize) -> Vec<String> {
    let agent = &world.nodes[node].agent;
    let marked = agent.entries().into_iter().filter(|entry| agent.entry_is_elsewhere(entry));
    marked.map(|entry| format!("{:?}", entry.id)).collect()
}

#[test]
fn a_proposal_does_not_tell_a_place_that_is_withheld() {
    let mut world = distant(91, ALICE);
    propose(&mut world, ALICE, "none").unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()), "it came");
    let sent = said(&world, ALICE, "proposal");
    assert!(!sent.is_empty() && !sent.iter().any(|sent| tells_place(sent)), "{sent:?}");
    let review = considered(&world, BOB).unwrap().review.unwrap();
    let put = &world.nodes[BOB].agent.review(review).unwrap().review;
    assert_eq!(put.kind, ReviewKind::Proposal);
    assert!(matches!(put.surroundings, Surroundings::Withheld { .. }), "{:?}", put.surroundings);
}

#[test]
fn the_answer_to_a_proposal_does_not_tell_it_either_whatever_it_is() {
    for answer in [Answer::Approve, Answer::Refuse, proposing("ipsec ah/transport//require")] {
        let mut world = distant(92, BOB);
        agree(&mut world, answer.clone());
        let sent = said(&world, BOB, "answer");
        assert!(!sent.is_empty() && !sent.iter().any(|sent| tells_place(sent)), "{answer:?}: {sent:?}");
    }
}

#[test]
fn who_may_know_it_is_told_with_both() {
    let mut world = distant(93, ALICE);
    watched_as(&mut world, ALICE, Permission::Allow);
    agree(&mut world, Answer::Approve);
    assert!(said(&world, ALICE, "proposal").iter().all(|sent| tells_place(sent)));
    assert!(said(&world, BOB, "answer").iter().all(|sent| tells_place(sent)));
}

/// The review and the list of what is in force judge by the same place: what was agreed is not condemned as soon as it is used.
#[test]
fn what_was_agreed_is_for_the_place_that_was_known_when_it_was() {
    for told_since in [false, true] {
        let mut world = distant(94, ALICE);
        if told_since {
            watched_as(&mut world, ALICE, Permission::Allow);
        }
        agree(&mut world, Answer::Approve);
        assert_eq!(call(&mut world, ALICE).unwrap(), "none");
        assert_eq!((in_force(&world, ALICE), in_force(&world, BOB)), ("none".into(), "none".into()));
        let theirs = world.nodes[BOB].agent.entries().into_iter().find_map(|entry| entry.place).unwrap().theirs;
        assert_eq!(theirs == Scope::Private, told_since, "{theirs:?}");
        assert_eq!((elsewhere(&world, ALICE), elsewhere(&world, BOB)), (Vec::new(), Vec::new()), "{told_since}");
        world.run_for(Duration::from_secs(1));
        assert_eq!(call(&mut world, BOB).unwrap(), "none");
    }
}
