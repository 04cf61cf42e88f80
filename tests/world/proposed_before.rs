//! A proposal outlives the process of whoever made it: it is taken up again, and is the same question to the peer.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, Command, Event, Negotiated, ProposalState, ReviewState, TakeBack};
use sottovoce::keys::Identity;
use sottovoce::policy::{Answer, PeerScope, Scope};
use sottovoce::vocab::{Device, Entity};

use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::negotiation::{
    answer_theirs, approve, call, config, considered, friends, in_force, name, pending, propose, proposing, ALICE, BOB,
    ESP, MINUTE,
};

const SECOND: Duration = Duration::from_secs(1);

/// Alice has proposed to have no protection, and Bob's user has the question.
fn waiting(seed: u64) -> World {
    let mut world = friends(seed, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()), "it came");
    world.run_for(SECOND);
    world
}

fn ours(world: &World) -> Option<&Negotiated> {
    world.nodes[ALICE].agent.proposals().last()
}

fn told(world: &World, code: &str) -> usize {
    let is = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == code);
    world.nodes[ALICE].events.iter().filter(is).count()
}

#[test]
fn what_the_peer_is_asked_already_it_is_not_asked_twice() {
    let mut world = waiting(1);
    let before = considered(&world, BOB).unwrap();
    world.restart(ALICE, config(ALICE));
    world.run_for(30 * SECOND);
    let again = ours(&world).expect("it is there again");
    assert_eq!((again.hash, again.state.clone()), (before.hash, ProposalState::Waiting));
    assert_eq!(considered(&world, BOB).unwrap().review, before.review, "the same prompt");
    answer_theirs(&mut world, BOB, Answer::Approve);
    assert!(world.run_until(MINUTE, |world| in_force(world, ALICE) == "none"));
    assert_eq!(told(&world, "proposal-agreed"), 1, "nobody else says it after a restart");
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
    // It is over, and is not taken up again.
    world.restart(ALICE, config(ALICE));
    world.run_for(MINUTE);
    assert!(ours(&world).is_none());
}

#[test]
fn a_yes_of_the_meantime_is_heard() {
    let mut world = waiting(2);
    world.dead = Some("192.168.1.1".parse().unwrap());
    answer_theirs(&mut world, BOB, Answer::Approve);
    world.run_for(SECOND);
    assert_eq!((in_force(&world, ALICE), pending(&world, BOB)), (ESP.into(), Some("none".into())));
    world.restart(ALICE, config(ALICE));
    world.dead = None;
    assert!(world.run_until(2 * MINUTE, |world| in_force(world, ALICE) == "none"), "{:?}", ours(&world));
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
}

#[test]
fn a_no_is_the_end_of_it_over_restarts_too() {
    let mut world = waiting(3);
    world.restart(ALICE, config(ALICE));
    world.run_for(30 * SECOND);
    answer_theirs(&mut world, BOB, Answer::Refuse);
    assert!(world.run_until(MINUTE, |world| ours(world).unwrap().state == ProposalState::Refused));
    world.restart(ALICE, config(ALICE));
    world.run_for(MINUTE);
    assert!(ours(&world).is_none() && considered(&world, BOB).is_none());
    assert_eq!((in_force(&world, ALICE), in_force(&world, BOB)), (ESP.into(), ESP.into()));
}

/// The answer was to what the review showed: to other keys, entries or places our user has given none.
#[test]
fn what_our_user_has_not_seen_is_not_proposed_in_his_name() {
    let other_place = || {
        let mut config = config(ALICE);
        config.places.iter_mut().for_each(|place| place.scope = Scope::Public);
        config
    };
    let untouched = || config(ALICE);
    type Meanwhile = fn(&mut World);
    let tightened: Meanwhile = |world| {
        let text =
            "spdadd any 192.168.1.2 udp -P out ipsec esp/transport//require ah/transport//require; # sv: priority=1";
        let bob = (Entity::parse("sip:bob@192.168.1.2").unwrap(), Device::new("device-of-bob").unwrap());
        let scope = PeerScope { entity: Some(bob.0), device: Some(bob.1), group: None };
        world.command(ALICE, Command::PolicyAddFor { text: text.into(), scope }).unwrap();
    };
    let cases: [(fn() -> AgentConfig, Meanwhile); 2] = [(other_place, |_| {}), (untouched, tightened)];
    for (config, meanwhile) in cases {
        let mut world = waiting(7);
        world.dead = Some("192.168.1.2".parse().unwrap());
        world.restart(ALICE, config());
        assert!(world.run_until(MINUTE, |world| told(world, "proposal-goes-on") == 1));
        meanwhile(&mut world);
        let before = in_force(&world, ALICE);
        world.dead = None;
        assert!(world.run_until(2 * MINUTE, |world| told(world, "proposal-not-resumed") == 1));
        world.run_for(MINUTE);
        assert!(ours(&world).is_none(), "{:?}", ours(&world));
        assert_eq!(world.nodes[ALICE].agent.reviews().filter(|review| review.state == ReviewState::Pending).count(), 1);
        assert_eq!(in_force(&world, ALICE), before);
        world.restart(ALICE, config());
        world.run_for(MINUTE);
        assert_eq!(told(&world, "proposal-goes-on"), 0, "it is forgotten");
    }
}

/// Whoever is at the address by then has the name and the device, and other keys than those that our user saw and never approved.
#[test]
fn keys_that_nobody_saw_are_not_pinned_by_a_proposal_of_before() {
    let mut world = World::new(8, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    world.add_on_disk("bob", config(BOB));
    approve(&mut world, BOB, name(ALICE));
    propose(&mut world, ALICE, "none").unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()));
    world.dead = Some("192.168.1.2".parse().unwrap());
    world.restart(ALICE, config(ALICE));
    let mallory = AgentConfig { identity: Identity::generate(&[9; 64]), ..config(BOB) };
    world.restart(BOB, mallory);
    world.dead = None;
    world.run_for(2 * MINUTE);
    assert_eq!((told(&world, "proposal-not-resumed"), world.nodes[ALICE].agent.pins().count()), (1, 0));
    assert!(ours(&world).is_none());
}

#[test]
fn what_goes_on_can_be_taken_back_before_the_peer_is_there() {
    let mut world = waiting(9);
    world.dead = Some("192.168.1.2".parse().unwrap());
    world.restart(ALICE, config(ALICE));
    world.run_for(SECOND);
    let bob = Entity::parse("sip:bob@192.168.1.2").unwrap();
    world.command(ALICE, Command::TakeBack(TakeBack::Agreed(bob.clone()))).unwrap();
    world.dead = None;
    world.run_for(2 * MINUTE);
    assert!(ours(&world).is_none());
    assert!(world.command(ALICE, Command::TakeBack(TakeBack::Agreed(bob))).is_err());
    world.restart(ALICE, config(ALICE));
    world.run_for(MINUTE);
    assert_eq!(told(&world, "proposal-goes-on"), 0);
}

/// The peer is away when the process begins: it is asked again, for as long as the proposal lives.
#[test]
fn a_peer_that_is_away_is_asked_again_and_in_the_end_no_more() {
    for back in [true, false] {
        let mut world = waiting(4);
        world.dead = Some("192.168.1.2".parse().unwrap());
        world.restart(ALICE, config(ALICE));
        world.run_for(3 * MINUTE);
        assert!(ours(&world).is_none());
        let failed = world.nodes[ALICE].agent.asks().filter(|ask| matches!(ask.state, AskState::Failed(_))).count();
        assert!(failed > 1, "it was asked {failed} times");
        if back {
            world.dead = None;
            assert!(world.run_until(2 * MINUTE, |world| ours(world).is_some()));
        } else {
            world.run_for(10 * MINUTE);
            assert_eq!((ours(&world).is_none(), told(&world, "proposal-expired")), (true, 1));
            world.restart(ALICE, config(ALICE));
            world.run_for(MINUTE);
            assert_eq!(told(&world, "proposal-expired"), 0, "it is forgotten");
        }
    }
}

/// A command without an agent that runs opens the same database, and asks nobody.
#[test]
fn a_command_alone_takes_up_nothing() {
    let mut world = waiting(6);
    let before = world.wire.overheard.len();
    world.restart(ALICE, AgentConfig { stays: false, ..config(ALICE) });
    world.run_for(10 * SECOND);
    assert!(ours(&world).is_none());
    let asked = world.wire.overheard[before..]
        .iter()
        .any(|parcel| matches!(parcel, Parcel::Sip { bytes, .. } if bytes.starts_with(b"SUBSCRIBE sip:bob")));
    assert!(!asked);
    world.restart(ALICE, config(ALICE));
    assert!(world.run_until(MINUTE, |world| ours(world).is_some()), "and the agent does");
}

/// A counter-proposal of before is a review of ours by now; what was proposed is not proposed again.
#[test]
fn what_was_countered_is_not_taken_up() {
    let mut world = waiting(5);
    answer_theirs(&mut world, BOB, proposing("ipsec ah/transport//require"));
    assert!(world.run_until(MINUTE, |world| ours(world).unwrap().state == ProposalState::Countered));
    world.restart(ALICE, config(ALICE));
    world.run_for(MINUTE);
    assert!(ours(&world).is_none() && considered(&world, BOB).is_none());
}
