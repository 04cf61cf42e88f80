//! A proposal outlives the process of whoever made it: it is taken up again, and is the same question to the peer.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, Event, Negotiated, ProposalState};
use sottovoce::policy::Answer;

use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::negotiation::{
    answer_theirs, call, config, considered, friends, in_force, pending, propose, proposing, ALICE, BOB, ESP, MINUTE,
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
