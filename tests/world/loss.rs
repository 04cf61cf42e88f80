//! Journey one and two at 20 % loss, with delay, duplication and reordering, over a thousand seeds, half of them without
//! TCP so that every message of SIP can be lost: every run ends in a defined state, what was registered is what was
//! approved, and under require nothing clear is on the wire.

use std::time::Duration;

use sottovoce::agent::{AskState, CallState};
use sottovoce::policy::Entry;
use sottovoce::vocab::FailureKind;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const SEEDS: u64 = 1000;

#[test]
fn a_thousand_lossy_worlds_ask_review_approve_and_call() {
    let outcomes: Vec<(Outcome, u32)> = std::thread::scope(|scope| {
        let half = |from: u64| scope.spawn(move || (from..SEEDS).step_by(2).map(run).collect::<Vec<_>>());
        let halves = [half(0), half(1)];
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    let talked = outcomes.iter().filter(|(outcome, _)| *outcome == Outcome::Talked).count();
    let lost: u32 = outcomes.iter().map(|(_, lost)| lost).sum();
    assert_eq!(outcomes.len() as u64, SEEDS);
    assert!(u64::from(lost) > SEEDS, "only {lost} SIP messages were lost");
    assert!(talked * 100 >= outcomes.len() * 97, "only {talked} of {} calls came about", outcomes.len());
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The network was too bad, and the user was told.
    Told,
    Talked,
    /// No ACK came to Bob in time.
    Unacknowledged,
}

/// How it ended, and how many SIP messages were lost on the way.
fn run(seed: u64) -> (Outcome, u32) {
    let link = Link::lossy(20);
    let mut world = World::new(seed, if seed.is_multiple_of(2) { link } else { link.without_tcp() });
    let outcome = live(seed, &mut world);
    (outcome, world.wire.lost)
}

fn live(seed: u64, world: &mut World) -> Outcome {
    let alice = world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", "ipsec esp/transport//require"));
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    let asked = |world: &World| !matches!(world.the_ask(alice, ask).state, AskState::Asking);
    assert!(world.run_until(Duration::from_secs(120), asked), "seed {seed}: {:?}", world.the_ask(alice, ask));
    match &world.the_ask(alice, ask).state {
        AskState::Registered { .. } => {
            let agent = &world.nodes[alice].agent;
            let review = agent.review(world.the_ask(alice, ask).review.unwrap()).unwrap();
            let rules = |entries: &[Entry]| entries.iter().map(Entry::rule_text).collect::<Vec<_>>();
            let registered: Vec<_> = world.nodes[alice].store.registered.iter().map(|entries| rules(entries)).collect();
            assert_eq!(registered, [rules(&review.review.proposed)], "seed {seed}: what was approved, and no more");
        }
        AskState::Failed(failure) => {
            assert_eq!(failure.kind, FailureKind::Unreachable, "seed {seed}: {failure:?}");
            assert!(world.nodes[alice].store.registered.is_empty(), "seed {seed}");
            return Outcome::Told;
        }
        other => panic!("seed {seed}: {other:?}"),
    }
    // Alice is a stranger to Bob, whose sound begins when an ACK came: as long as the 200 is sent again.
    let call = world.call(alice, "bob@192.168.1.2", None, 8);
    let over = |world: &World| world.call_is_over(alice, call);
    assert!(world.run_until(Duration::from_secs(200), over), "seed {seed}: {:?}", world.the_call(alice, call));
    let clear = world.wire.seen.iter().filter(|bytes| bytes.first().is_some_and(|octet| octet >> 6 == 2)).count();
    assert_eq!(clear, 0, "seed {seed}: clear packets under require");
    match &world.the_call(alice, call).state {
        CallState::Ended { .. } => {
            let heard = world.the_call(alice, call).counters.received;
            let set_up = world.nodes[1].agent.calls().last().and_then(|call| call.setup);
            let unacknowledged = set_up.is_none_or(|after| after > Duration::from_secs(7));
            assert!(heard > 15 || unacknowledged, "seed {seed}: {heard} packets heard");
            if heard > 15 {
                Outcome::Talked
            } else {
                Outcome::Unacknowledged
            }
        }
        CallState::Failed(failure) => {
            assert_eq!(failure.kind, FailureKind::Unreachable, "seed {seed}: {failure:?}");
            Outcome::Told
        }
        other => panic!("seed {seed}: {other:?}"),
    }
}
