//! Whatever is lost, repeated, forgotten or crossed, and whoever dies at whatever step: no side sends a packet that the other
//! refuses, and in doubt the tighter policy holds.
//!
//! The judge is the real pipeline: whole agents place calls in both directions at every step, and every packet that leaves one's
//! egress must pass the other's ingress ([`negotiation::call`] counts what is dropped on either side).

use std::time::Duration;

use sottovoce::agent::{Command, ProposalState};
use sottovoce::policy::Answer;

use crate::common::node::Dies;
use crate::common::wire::Link;
use crate::common::world::World;
use crate::negotiation::{
    answer_theirs, call, config, considered, friends, in_force, last_proposal, pending, propose, proposing, ALICE, BOB,
    ESP, MINUTE,
};

const AH: &str = "ipsec ah/transport//require";

/// What Bob's user says as soon as he is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Accepts,
    Counters,
    Refuses,
}

/// At no moment may one side have come to looser rules in a way that the other could not follow.
fn hold(world: &World, what: &str) {
    let (alice, bob) = (in_force(world, ALICE), in_force(world, BOB));
    if alice != ESP && !world.nodes[ALICE].dead && !world.nodes[BOB].dead {
        assert!(bob == alice || pending(world, BOB).as_deref() == Some(&alice), "{what}: Alice has {alice}, Bob {bob}");
    }
    if bob != ESP && !world.nodes[BOB].dead && !world.nodes[ALICE].dead {
        assert_eq!(alice, bob, "{what}: Bob sends what Alice has not agreed to");
    }
}

/// Both users do what they do; one step of the world.
fn go_on(world: &mut World, says: Says, what: &str) -> bool {
    let goes = world.step();
    hold(world, what);
    // A user is slower than the network: what was sent before his answer has arrived.
    let quiet = world.wire.next_arrival().is_none();
    if quiet && !world.nodes[BOB].dead && considered(world, BOB).is_some() {
        let answer = match says {
            Says::Accepts => Answer::Approve,
            Says::Counters => proposing(AH),
            Says::Refuses => Answer::Refuse,
        };
        answer_theirs(world, BOB, answer);
        hold(world, what);
    }
    if !world.nodes[ALICE].dead {
        let counter = world.nodes[ALICE].agent.reviews().find(|open| {
            open.state == sottovoce::agent::ReviewState::Pending
                && open.review.kind == sottovoce::policy::ReviewKind::Counter
        });
        if let Some(review) = counter.map(|open| open.id) {
            world.command(ALICE, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
            hold(world, what);
        }
    }
    goes
}

fn settled(world: &World) -> bool {
    world.nodes[ALICE].agent.proposals().all(|one| one.state != ProposalState::Waiting)
}

/// Until Alice's proposal has its end, and a while longer.
fn to_the_end(world: &mut World, says: Says, what: &str) {
    let end = world.now.mono + 15 * MINUTE;
    while !settled(world) && world.now.mono < end && go_on(world, says, what) {}
    let end = world.now.mono + 2 * MINUTE;
    while world.now.mono < end && go_on(world, says, what) {}
}

/// Calls both ways: each goes through under rules that both hold, or no packet of it flows.
fn calls(world: &mut World, what: &str) {
    for node in [ALICE, BOB] {
        let outcome = call(world, node);
        hold(world, what);
        assert!(matches!(outcome.as_deref(), Ok("none" | "esp" | "ah" | "ah+esp")), "{what}: {outcome:?}");
    }
}

fn died(world: &mut World, what: &str) {
    for node in [ALICE, BOB] {
        if world.nodes[node].dead {
            world.restart(node, config(node));
            hold(world, what);
        }
    }
}

/// How it ends when nobody dies: the agreed rules on both sides, after Alice's first call.
fn agreed(says: Says) -> &'static str {
    match says {
        Says::Accepts => "none",
        Says::Counters => AH,
        Says::Refuses => ESP,
    }
}

#[test]
fn either_side_may_die_at_any_moment() {
    for says in [Says::Accepts, Says::Counters, Says::Refuses] {
        for victim in [ALICE, BOB] {
            for steps in 0.. {
                let what = format!("{says:?}, {victim} dies after {steps} steps");
                let mut world = friends(100, Link::GOOD);
                propose(&mut world, ALICE, "none").unwrap();
                let mut done = 0;
                while done < steps && !(settled(&world) && done > 12) {
                    go_on(&mut world, says, &what);
                    done += 1;
                }
                world.restart(victim, config(victim));
                hold(&world, &what);
                calls(&mut world, &what);
                to_the_end(&mut world, says, &what);
                calls(&mut world, &what);
                if done < steps {
                    assert_eq!(
                        (in_force(&world, ALICE), in_force(&world, BOB)),
                        (agreed(says).into(), agreed(says).into()),
                        "{what}"
                    );
                    break;
                }
            }
        }
    }
}

/// The moments that no message marks: the store has written, or has not, and nothing more happens in that process.
#[test]
fn either_side_may_die_at_any_operation_of_its_store() {
    for says in [Says::Accepts, Says::Counters, Says::Refuses] {
        for victim in [ALICE, BOB] {
            for (at, durable) in (0..).flat_map(|at| [(at, false), (at, true)]) {
                let what = format!("{says:?}, {victim} dies at operation {at}, durable: {durable}");
                let mut world = friends(101, Link::GOOD);
                let before = world.nodes[victim].stored;
                world.nodes[victim].dies = Some(Dies { at: before + at, durable });
                let proposed = propose_or_die(&mut world);
                if proposed {
                    to_the_end(&mut world, says, &what);
                }
                let died_of_it = world.nodes[victim].dead;
                died(&mut world, &what);
                world.nodes[victim].dies = None;
                calls(&mut world, &what);
                to_the_end(&mut world, says, &what);
                calls(&mut world, &what);
                if !died_of_it {
                    assert_eq!(in_force(&world, ALICE), agreed(says), "{what}");
                    break;
                }
            }
        }
    }
}

fn propose_or_die(world: &mut World) -> bool {
    let ask = world.ask(ALICE, crate::negotiation::name(BOB), None);
    let reviewing = |world: &World| matches!(world.the_ask(ALICE, ask).state, sottovoce::agent::AskState::Reviewing(_));
    let either = |world: &World| world.nodes.iter().any(|node| node.dead) || reviewing(world);
    world.run_until(MINUTE, either);
    let review = match world.the_ask(ALICE, ask).state {
        sottovoce::agent::AskState::Reviewing(review) if !world.nodes[ALICE].dead => review,
        _ => return false,
    };
    world.command(ALICE, Command::AnswerReview { review, answer: proposing("none"), by: "test" }).is_ok()
}

/// Datagrams only, lost, repeated and out of order: in the end the same on both sides, and every call goes through.
#[test]
fn whatever_is_lost_repeated_or_late_leaves_both_sides_of_one_mind() {
    let mut reached = 0;
    for seed in 0..12 {
        for says in [Says::Accepts, Says::Counters, Says::Refuses] {
            let what = format!("seed {seed}, {says:?}");
            let mut world = friends(200 + seed, Link { duplication: 20, ..Link::lossy(25) }.without_tcp());
            let proposed = propose_when_possible(&mut world);
            to_the_end(&mut world, says, &what);
            world.wire.link = Link::GOOD;
            world.run_for(MINUTE);
            calls(&mut world, &what);
            reached += usize::from(proposed && in_force(&world, ALICE) == agreed(says));
        }
    }
    assert!(reached > 24, "most come to their end all the same: {reached} of 36");
}

fn propose_when_possible(world: &mut World) -> bool {
    for _ in 0..8 {
        let ask = world.ask(ALICE, crate::negotiation::name(BOB), None);
        let over = |world: &World| world.the_ask(ALICE, ask).state != sottovoce::agent::AskState::Asking;
        world.run_until(2 * MINUTE, over);
        if let sottovoce::agent::AskState::Reviewing(review) = world.the_ask(ALICE, ask).state {
            let answer = Command::AnswerReview { review, answer: proposing("none"), by: "test" };
            return world.command(ALICE, answer).is_ok();
        }
    }
    false
}

/// Bob proposes at each step of Alice's proposal: who crosses lapses, who does not is told to answer first.
#[test]
fn proposals_may_cross_at_any_moment() {
    for steps in 0..16 {
        let what = format!("crossing after {steps} steps");
        let mut world = friends(300, Link::GOOD);
        let ask = world.ask(BOB, crate::negotiation::name(ALICE), None);
        let waits = |world: &World| matches!(world.the_ask(BOB, ask).state, sottovoce::agent::AskState::Reviewing(_));
        assert!(world.run_until(MINUTE, waits));
        let sottovoce::agent::AskState::Reviewing(review) = world.the_ask(BOB, ask).state else { panic!() };
        propose(&mut world, ALICE, "none").unwrap();
        for _ in 0..steps {
            world.step();
            hold(&world, &what);
        }
        let crossed = world.command(BOB, Command::AnswerReview { review, answer: proposing(AH), by: "test" });
        match crossed {
            Ok(_) => {
                world.run_until(Duration::from_secs(20), settled);
                assert_eq!(last_proposal(&world, ALICE).state, ProposalState::Crossed, "{what}");
                assert_eq!((in_force(&world, ALICE), in_force(&world, BOB)), (ESP.into(), ESP.into()), "{what}");
            }
            Err(failure) => assert_eq!(failure.code, "proposal-waits", "{what}"),
        }
        calls(&mut world, &what);
        assert!(world.nodes.iter().all(|node| node.agent.pendings().count() == 0), "{what}");
    }
}
