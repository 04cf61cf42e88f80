//! Journey one, on a good network.

use std::time::Duration;

use sottovoce::agent::{AskState, Command, Event, ReviewState, UnknownWatchers};
use sottovoce::policy::{Action, Answer, Direction, KeyState, Surroundings, Wanted};
use sottovoce::vocab::{AskId, FailureKind, ReviewId};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const MINUTE: Duration = Duration::from_secs(60);

/// Alice and Bob in the office; Bob's default is `action`.
fn office(action: &str) -> (World, usize, usize) {
    let mut world = World::new(1, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let bob = world.add("bob", agent("bob", BOB, action));
    (world, alice, bob)
}

fn settled(world: &World, node: usize, id: AskId) -> bool {
    world.the_ask(node, id).state != AskState::Asking
}

fn reviewing(world: &mut World, node: usize, id: AskId) -> ReviewId {
    assert!(world.run_until(MINUTE, |world| settled(world, node, id)), "{:?}", world.the_ask(node, id));
    match &world.the_ask(node, id).state {
        AskState::Reviewing(review) => *review,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_peer_is_asked_by_name_and_its_policy_is_put_to_the_user() {
    let (mut world, alice, _) = office("ipsec esp/transport//require");
    let id = world.ask(alice, "sip:bob@192.168.1.2", None);
    let review = reviewing(&mut world, alice, id);
    let open = world.nodes[alice].agent.review(review).unwrap();
    assert_eq!(open.review.key_state, KeyState::New);
    assert!(matches!(open.review.surroundings, Surroundings::Stated(_)));
    assert_eq!(open.presence.place.as_ref().map(|place| place.raw()), Some("office"));
    assert_eq!(open.presence.user.as_ref().map(|user| user.raw()), Some("bob"));
    let directions: Vec<Direction> = open.review.proposed.iter().map(|entry| entry.direction).collect();
    assert_eq!(directions, [Direction::Out, Direction::In]);
    assert_eq!(open.review.proposed[0].action.to_string(), "ipsec esp/transport//require");
    assert!(world.nodes[alice].store.registered.is_empty(), "nothing is registered before the answer");
}

#[test]
fn a_bare_address_is_enough() {
    let (mut world, alice, _) = office("none");
    let id = world.ask(alice, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |world| settled(world, alice, id)));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, id).state, AskState::Registered { .. })));
}

#[test]
fn somebody_else_than_who_is_at_the_address_is_not_found() {
    let (mut world, alice, _) = office("none");
    let id = world.ask(alice, "carol@192.168.1.2", None);
    assert!(world.run_until(MINUTE, |world| settled(world, alice, id)));
    let AskState::Failed(failure) = &world.the_ask(alice, id).state else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::Unreachable, "no-such-peer"), "{failure:?}");
    assert!(failure.message.contains("404") && failure.next.contains("by the address alone"), "{failure:?}");
}

#[test]
fn approval_registers_both_directions_and_pins_the_key() {
    let (mut world, alice, bob) = office("none");
    let id = world.ask(alice, "bob@192.168.1.2", None);
    let review = reviewing(&mut world, alice, id);
    world.command(alice, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    assert!(matches!(world.the_ask(alice, id).state, AskState::Registered { .. }));
    let registered = &world.nodes[alice].store.registered;
    assert_eq!(registered.len(), 1);
    assert_eq!(registered[0].len(), 2, "out and in");
    assert!(registered[0].iter().all(|entry| entry.action == Action::None && entry.peer.entity.is_some()));
    let pin = world.nodes[alice].agent.pins().next().unwrap().clone();
    assert_eq!(pin.fingerprint, world.nodes[bob].agent.config().identity.fingerprint());
    let audit: Vec<&str> = world.nodes[alice].store.audit.iter().map(|row| row.kind).collect();
    assert_eq!(audit, ["statement", "approved"]);
    assert!(world.nodes[alice].store.audit[0].detail.ends_with(": out none; in none"), "what was said is told");
}

#[test]
fn presence_alone_is_shown_and_stored() {
    let (mut world, alice, _) = office("none");
    let id = world.ask_for(alice, BOB, None, Wanted { presence: true, policy: false, watchers: false }, None);
    assert!(world.run_until(MINUTE, |world| settled(world, alice, id)));
    assert_eq!(world.the_ask(alice, id).state, AskState::PresenceStored);
    assert_eq!(world.nodes[alice].agent.presences().count(), 1);
    assert_eq!(world.nodes[alice].agent.reviews().count(), 0);
}

#[test]
fn policy_alone_is_reviewed_with_surroundings_not_asked() {
    let (mut world, alice, _) = office("none");
    let id = world.ask_for(alice, BOB, None, Wanted { presence: false, policy: true, watchers: false }, None);
    let review = reviewing(&mut world, alice, id);
    let open = world.nodes[alice].agent.review(review).unwrap();
    assert_eq!(open.review.surroundings, Surroundings::NotAsked);
    assert_eq!(world.nodes[alice].agent.presences().count(), 0);
}

#[test]
fn a_looser_answer_is_refused_and_changes_nothing() {
    let (mut world, alice, _) = office("ipsec esp/transport//require");
    let id = world.ask(alice, BOB, None);
    let review = reviewing(&mut world, alice, id);
    let answer = Answer::Rules(Action::None);
    let failure = world.command(alice, Command::AnswerReview { review, answer, by: "test" }).unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByPolicy, "looser-than-asked"));
    assert!(failure.message.contains("esp") || failure.message.contains("action"), "{}", failure.message);
    assert!(world.nodes[alice].store.registered.is_empty());
    let open = world.nodes[alice].agent.review(review).unwrap();
    assert!(matches!(open.state, ReviewState::Looser { .. }), "{:?}", open.state);
    world.command(alice, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    assert_eq!(world.nodes[alice].store.registered.len(), 1, "another answer is still taken");
}

#[test]
fn the_first_answer_wins() {
    let (mut world, alice, _) = office("none");
    let id = world.ask(alice, BOB, None);
    let review = reviewing(&mut world, alice, id);
    world.command(alice, Command::AnswerReview { review, answer: Answer::Refuse, by: "test" }).unwrap();
    assert_eq!(world.the_ask(alice, id).state, AskState::Refused);
    let late = Command::AnswerReview { review, answer: Answer::Approve, by: "test" };
    assert_eq!(world.command(alice, late).unwrap_err().code, "review-closed");
    assert!(world.nodes[alice].store.registered.is_empty());
}

#[test]
fn a_review_without_an_answer_is_refused_in_the_end() {
    let (mut world, alice, _) = office("none");
    let id = world.ask(alice, BOB, None);
    reviewing(&mut world, alice, id);
    world.run_until(Duration::from_secs(700), |world| world.the_ask(alice, id).state == AskState::Refused);
    assert_eq!(world.the_ask(alice, id).state, AskState::Refused);
}

#[test]
fn a_full_disk_leaves_the_old_policy_in_force() {
    let (mut world, alice, _) = office("none");
    let id = world.ask(alice, BOB, None);
    let review = reviewing(&mut world, alice, id);
    let before = world.nodes[alice].agent.spd().generation();
    world.nodes[alice].store.full = true;
    world.command(alice, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    let AskState::Failed(failure) = &world.the_ask(alice, id).state else { panic!() };
    assert_eq!(failure.code, "disk-full");
    assert_eq!(world.nodes[alice].agent.spd().generation(), before);
    assert_eq!(world.nodes[alice].agent.pins().count(), 0);
}

#[test]
fn silence_is_told_after_32_seconds() {
    let (mut world, alice, _) = office("none");
    world.dead = Some(BOB.parse().unwrap());
    let begun = world.now.mono;
    let id = world.ask(alice, BOB, None);
    assert!(world.run_until(MINUTE, |world| settled(world, alice, id)));
    let AskState::Failed(failure) = &world.the_ask(alice, id).state else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::Unreachable, "peer-silent"));
    assert_eq!((world.now.mono - begun).as_secs(), 32);
    assert!(world.the_ask(alice, id).steps.len() > 2, "progress is shown");
}

#[test]
fn an_ask_can_be_cancelled() {
    let (mut world, alice, _) = office("none");
    world.dead = Some(BOB.parse().unwrap());
    let id = world.ask(alice, BOB, None);
    world.run_for(Duration::from_secs(3));
    world.command(alice, Command::CancelAsk { ask: id }).unwrap();
    assert_eq!(world.the_ask(alice, id).state, AskState::Cancelled);
    assert_eq!(world.command(alice, Command::CancelAsk { ask: id }).unwrap_err().code, "no-such-ask");
}

/// Bob tells strangers as `unknown` says.
fn asked_by_a_stranger(unknown: UnknownWatchers, policy: bool) -> (World, AskId) {
    let mut world = World::new(3, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let mut config = agent("bob", BOB, "none");
    config.unknown_watchers = unknown;
    world.add("bob", config);
    let wanted = Wanted { presence: true, policy, watchers: false };
    let id = world.ask_for(alice, "bob@192.168.1.2", Some("approve"), wanted, None);
    assert!(world.run_until(MINUTE, |world| settled(world, alice, id)));
    (world, id)
}

#[test]
fn strangers_learn_what_the_configuration_lets_them_and_nothing_more() {
    for (unknown, code) in [(UnknownWatchers::Block, "asking-refused"), (UnknownWatchers::Ask, "answer-withheld")] {
        let (world, id) = asked_by_a_stranger(unknown, true);
        let AskState::Failed(failure) = &world.the_ask(0, id).state else { panic!("{unknown:?}") };
        assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByUser, code));
        assert_eq!(world.nodes[0].agent.presences().count(), 0, "{unknown:?}");
        let told =
            world.nodes[1].events.iter().any(|event| matches!(event, Event::Notice(n) if n.code == "stranger-asks"));
        assert_eq!(told, unknown == UnknownWatchers::Ask, "the user hears of one that waits");
    }
    for (unknown, place) in [(UnknownWatchers::Policy, None), (UnknownWatchers::Place, Some("office"))] {
        let (world, id) = asked_by_a_stranger(unknown, false);
        let row = world.the_ask(0, id).presence.clone().unwrap();
        assert_eq!(row.place.as_ref().map(|place| place.raw()), place, "{unknown:?}");
    }
}

/// The entries change between question and answer: the question is put anew, and the old one cannot be answered.
#[test]
fn an_answer_to_a_review_that_the_entries_have_overtaken_is_not_taken() {
    let (mut world, alice, _) = office("none");
    let id = world.ask(alice, BOB, None);
    let review = reviewing(&mut world, alice, id);
    let text = "spdadd any 192.168.1.2 udp -P out ipsec ah/transport//require;".to_owned();
    world.command(alice, Command::PolicyAdd { text }).unwrap();
    let late = Command::AnswerReview { review, answer: Answer::Approve, by: "test" };
    assert_eq!(world.command(alice, late).unwrap_err().code, "review-stale");
    assert_eq!(world.nodes[alice].agent.review(review).unwrap().state, ReviewState::Stale);
    let AskState::Reviewing(next) = world.the_ask(alice, id).state else { panic!() };
    assert_ne!(next, review);
    let current = world.nodes[alice].agent.review(next).unwrap().review.current[0].action.to_string();
    assert_eq!(current, "ipsec ah/transport//require");
    world.command(alice, Command::AnswerReview { review: next, answer: Answer::Approve, by: "test" }).unwrap();
    assert!(matches!(world.the_ask(alice, id).state, AskState::Registered { .. }));
}

/// What was said earlier does not come back as the newest, and no ask leaves a question of its own behind.
#[test]
fn a_newer_statement_takes_the_place_of_the_older_question() {
    let (mut world, alice, bob) = office("ipsec ah/transport//require");
    let first = world.ask(alice, BOB, None);
    let old = reviewing(&mut world, alice, first);
    let default = "ipsec esp/transport//require ah/transport//require".to_owned();
    world.command(bob, Command::PolicyDefault { text: default }).unwrap();
    let second = world.ask(alice, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, second).state, AskState::Registered { .. })));
    let open = |world: &World| world.nodes[alice].agent.reviews().filter(|r| r.state == ReviewState::Pending).count();
    assert_eq!(
        open(&world),
        0,
        "{:?}",
        world.nodes[alice].agent.reviews().map(|r| (r.id, &r.state)).collect::<Vec<_>>()
    );
    let late = Command::AnswerReview { review: old, answer: Answer::Approve, by: "test" };
    let failure = world.command(alice, late).unwrap_err();
    assert_eq!(failure.code, "review-stale");
    assert!(failure.message.contains("said something newer"), "{failure:?}");
    assert!(matches!(world.the_ask(alice, first).state, AskState::Registered { .. }), "whoever waited has the answer");
    assert_eq!(world.nodes[alice].store.registered.len(), 1);
}

/// Of three, the first leads to the third at once.
#[test]
fn a_question_that_was_overtaken_twice_leads_to_the_newest() {
    let (mut world, alice, _) = office("ipsec ah/transport//require");
    let reviews = [0; 3].map(|_| {
        let ask = world.ask(alice, BOB, None);
        reviewing(&mut world, alice, ask)
    });
    for review in &reviews[..2] {
        let late = Command::AnswerReview { review: *review, answer: Answer::Approve, by: "test" };
        let failure = world.command(alice, late).unwrap_err();
        assert!(failure.next.contains(&format!("look at review {},", reviews[2])), "{failure:?}");
    }
}

#[test]
fn asks_for_one_device_share_the_newest_question() {
    let (mut world, alice, _) = office("ipsec ah/transport//require");
    let first = world.ask(alice, BOB, None);
    let old = reviewing(&mut world, alice, first);
    let second = world.ask(alice, BOB, None);
    let new = reviewing(&mut world, alice, second);
    assert_eq!(world.the_ask(alice, first).state, AskState::Reviewing(new));
    assert_eq!(world.nodes[alice].agent.review(old).unwrap().state, ReviewState::Stale);
    world.command(alice, Command::CancelAsk { ask: second }).unwrap();
    assert_eq!(world.nodes[alice].agent.review(new).unwrap().state, ReviewState::Pending, "the first still waits");
    world.command(alice, Command::AnswerReview { review: new, answer: Answer::Approve, by: "test" }).unwrap();
    assert!(matches!(world.the_ask(alice, first).state, AskState::Registered { .. }));
}
