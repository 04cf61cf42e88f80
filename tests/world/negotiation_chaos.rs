//! Both users propose, accept, counter, refuse and take back as it comes, on a network that loses, repeats and reorders, and either
//! agent dies now and then. Whatever they come to: no side sends what the other refuses.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use sottovoce::agent::{AskState, Command, ProposalState, ReviewState, TakeBack};
use sottovoce::policy::{Answer, ReviewKind};
use sottovoce::vocab::ReviewId;

use crate::common::wire::Link;
use crate::common::world::World;
use crate::negotiation::{call, config, friends, name, proposing, ALICE, BOB};

const RULES: [&str; 4] = [
    "none",
    "ipsec ah/transport//require",
    "ipsec esp/transport//require",
    "ipsec esp/transport//require ah/transport//require",
];

/// What happened, for whoever reads a failure.
#[derive(Default)]
struct Told(Vec<String>);

fn bad() -> Link {
    Link { duplication: 20, ..Link::lossy(20) }.without_tcp()
}

/// An open review of this node's, and what is put in it.
fn open(world: &World, node: usize, rng: &mut ChaCha20Rng) -> Option<(ReviewId, ReviewKind)> {
    let waits = |state: &ReviewState| matches!(state, ReviewState::Pending | ReviewState::Declined(_));
    let all: Vec<_> = world.nodes[node].agent.reviews().filter(|open| waits(&open.state)).collect();
    // What a peer would like is answered before what one would like oneself, mostly.
    let of_peer = all
        .iter()
        .position(|open| open.review.kind != ReviewKind::Statement)
        .filter(|_| !rng.next_u32().is_multiple_of(4));
    let at = of_peer.unwrap_or(rng.next_u32() as usize % all.len().max(1));
    all.get(at).map(|open| (open.id, open.review.kind))
}

/// Whether anybody did anything.
fn act(world: &mut World, rng: &mut ChaCha20Rng, told: &mut Told) -> bool {
    let node = [ALICE, BOB][rng.next_u32() as usize % 2];
    let rules = RULES[rng.next_u32() as usize % RULES.len()];
    match rng.next_u32() % 24 {
        0..=3 => {
            let ask = world.ask(node, name(1 - node), None);
            told.0.push(format!("{node} asks"));
            world.run_until(Duration::from_secs(20), |world| world.the_ask(node, ask).state != AskState::Asking);
        }
        4..=16 => {
            let Some((review, kind)) = open(world, node, rng) else { return false };
            let answer = match (kind, rng.next_u32() % 6) {
                (_, 0) => Answer::Refuse,
                (ReviewKind::Counter | ReviewKind::Proposal, 1..=3) | (_, 1) => Answer::Approve,
                _ => proposing(rules),
            };
            told.0.push(format!("{node} answers {review} ({kind:?}) with {answer:?}"));
            let said = world.command(node, Command::AnswerReview { review, answer, by: "test" });
            told.0.extend(said.err().map(|why| format!("  {}: {}", why.code, why.message)));
        }
        17 => {
            let waits = |one: &&sottovoce::agent::Negotiated| one.outgoing && one.state == ProposalState::Waiting;
            let Some(id) = world.nodes[node].agent.proposals().find(waits).map(|one| one.id) else {
                return false;
            };
            told.0.push(format!("{node} takes back {id}"));
            world.command(node, Command::TakeBack(TakeBack::Proposal(id))).unwrap();
        }
        18 => {
            told.0.push(format!("{node} dies"));
            world.restart(node, config(node));
        }
        _ => {
            world.run_for(Duration::from_millis(u64::from(rng.next_u32() % 8000)));
        }
    }
    true
}

/// The judge: packets of a call between them either all pass, or none leaves.
fn judge(world: &mut World, seed: u64, told: &mut Told) {
    world.wire.link = Link::GOOD;
    for node in [ALICE, BOB] {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(world, node)));
        match outcome {
            Ok(outcome) => told.0.push(format!("{node} calls: {outcome:?}")),
            Err(why) => panic!("seed {seed}: {}\n{:?}", told.0.join("\n"), why.downcast_ref::<String>()),
        }
    }
    world.wire.link = bad();
}

#[test]
fn whatever_both_users_do_no_side_sends_what_the_other_refuses() {
    let (mut talked, mut loosened) = (0, 0);
    for seed in 0..16 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut world = friends(400 + seed, bad());
        let mut told = Told::default();
        for step in 0..40 {
            while !act(&mut world, &mut rng, &mut told) {}
            if step % 8 == 7 {
                judge(&mut world, seed, &mut told);
            }
        }
        talked += told.0.iter().filter(|line| line.contains("calls: Ok")).count();
        loosened += told.0.iter().filter(|line| line.contains("Ok(\"none\")") || line.contains("Ok(\"ah\")")).count();
    }
    assert!(talked > 60 && loosened > 20, "{talked} calls went through, {loosened} of them looser than at first");
}
