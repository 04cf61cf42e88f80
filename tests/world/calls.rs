//! Journey two, on a good network: the three embodiments, refusals, and what is on the wire.

use std::time::Duration;

use sottovoce::agent::{
    AgentConfig, AnswerMode, AskRequest, AskState, CallRequest, CallState, Command, Done, Event, Side,
};
use sottovoce::policy::{setkey, Action, Answer, Wanted};
use sottovoce::vocab::{CallId, Failure, FailureKind, ReviewId};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const OUTSIDE: &str = "133.134.10.10";
const MINUTE: Duration = Duration::from_secs(60);
const AH_ESP: &str = "ipsec esp/transport//require ah/transport//require";
const ESP: &str = "ipsec esp/transport//require";

fn two(bob_at: &str, bobs_policy: &str) -> (World, usize, usize) {
    let mut world = World::new(2, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let bob = world.add("bob", agent("bob", bob_at, bobs_policy));
    (world, alice, bob)
}

/// Runs until the call is over; says how it ended.
fn ended(world: &mut World, node: usize, call: CallId) -> CallState {
    assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(node, call)), "{:?}", world.the_call(node, call));
    world.run_for(Duration::from_secs(1));
    world.the_call(node, call).state.clone()
}

/// The first octet of every media datagram: RTP and RTCP in clear begin with version 2.
fn clear_on_the_wire(world: &World) -> usize {
    world.wire.seen.iter().filter(|bytes| bytes.first().is_some_and(|octet| octet >> 6 == 2)).count()
}

fn heard_both_ways(world: &World, alice: usize, bob: usize, seconds: u64) {
    let theirs = world.nodes[bob].agent.calls().last().unwrap();
    let ours = world.nodes[alice].agent.calls().last().unwrap();
    for call in [ours, theirs] {
        let frames = seconds * 50;
        assert!(call.counters.sent >= frames - 5, "{call:?}");
        assert!(call.counters.received >= frames - 5, "{call:?}");
        assert_eq!(call.counters.dropped.values().sum::<u64>(), 0, "{call:?}");
    }
}

fn review_of_call(world: &mut World, node: usize, call: CallId) -> ReviewId {
    let waiting = |world: &World| matches!(world.the_call(node, call).state, CallState::Reviewing(_));
    assert!(world.run_until(MINUTE, waiting), "{:?}", world.the_call(node, call));
    match world.the_call(node, call).state {
        CallState::Reviewing(review) => review,
        _ => unreachable!("just seen"),
    }
}

#[test]
fn first_embodiment_both_in_the_office_without_protection() {
    let (mut world, alice, bob) = two(BOB, "none");
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 3);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    let seen = world.the_call(alice, call);
    assert_eq!((seen.action.as_str(), seen.bundle.as_str()), ("none", "none"));
    heard_both_ways(&world, alice, bob, 3);
    let theirs = world.nodes[bob].store.calls.last().unwrap();
    assert!(!theirs.known && !theirs.outgoing, "Bob has not approved Alice");
    assert!(world.nodes[alice].store.calls.last().unwrap().known, "and she has called");
    assert!(clear_on_the_wire(&world) > 290, "the detector of the other tests can find clear packets");
}

#[test]
fn a_running_call_shows_what_it_has_counted_so_far() {
    let (mut world, alice, bob) = two(BOB, "none");
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 60);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(4));
    assert_eq!(world.the_call(alice, call).state, CallState::Active);
    let events = world.nodes[alice].events.len();
    heard_both_ways(&world, alice, bob, 3);
    let before = world.the_call(alice, call).counters.sent;
    world.run_for(Duration::from_secs(1));
    let after = world.the_call(alice, call).counters.sent;
    assert!((45..=55).contains(&(after - before)), "{before} then {after}");
    assert_eq!(world.nodes[alice].events.len(), events, "counting is no event");
}

#[test]
fn second_embodiment_the_peer_outside_is_tightened_without_negotiation() {
    let (mut world, alice, bob) = two(OUTSIDE, "none");
    let call = world.call(alice, "bob@133.134.10.10", Some(AH_ESP), 3);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "ah+esp");
    assert_eq!(world.nodes[bob].agent.calls().last().unwrap().bundle, "ah+esp");
    heard_both_ways(&world, alice, bob, 3);
    assert_eq!(clear_on_the_wire(&world), 0, "no packet in clear, from the first to the last");
    let place = world.nodes[alice].agent.presences().next().unwrap().place.clone().unwrap();
    assert_eq!(place.raw(), "external");
}

#[test]
fn third_embodiment_a_stale_approval_is_mended_in_one_step() {
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.command(bob, Command::PolicyDefault { text: ESP.into() }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    let review = review_of_call(&mut world, alice, call);
    let open = world.nodes[alice].agent.review(review).unwrap();
    assert_eq!(open.missing, ["esp/transport//require"], "the 488 names the missing rule");
    let rules = open.review.missing_rules();
    let answer = open.review.tightened_to(&rules);
    world.command(alice, Command::AnswerReview { review, answer, by: "test" }).unwrap();
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "esp");
    heard_both_ways(&world, alice, bob, 2);
    assert_eq!(clear_on_the_wire(&world), 0);
}

#[test]
fn an_unapproved_peer_leads_to_ask_and_review_first() {
    let (mut world, alice, _) = two(BOB, ESP);
    let call = world.call(alice, BOB, None, 2);
    let review = review_of_call(&mut world, alice, call);
    assert_eq!(world.nodes[alice].media.len(), 0, "nothing rings before the answer");
    world.command(alice, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "esp");
}

#[test]
fn a_refused_review_ends_the_call() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let call = world.call(alice, BOB, Some("refuse"), 2);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!(failure.kind, FailureKind::RefusedByUser);
    assert_eq!(world.nodes[bob].agent.calls().count(), 0, "it never rang");
}

#[test]
fn discard_refuses_before_ringing() {
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    let text = "spdadd any any udp -P out discard; # sv: priority=10".to_owned();
    world.command(alice, Command::PolicyAdd { text }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByPolicy, "discarded"));
    assert_eq!(world.nodes[bob].agent.calls().count(), 0);
}

#[test]
fn a_prompting_callee_rings_until_its_user_answers_or_rejects() {
    for take in [true, false] {
        let mut world = World::new(3, Link::GOOD);
        let alice = world.add("alice", agent("alice", ALICE, "none"));
        let mut config = agent("bob", BOB, "none");
        config.answer = AnswerMode::Prompt;
        let bob = world.add("bob", config);
        let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 2);
        assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Ringing));
        let theirs = world.nodes[bob].agent.calls().last().unwrap();
        assert_eq!((theirs.state.clone(), theirs.side), (CallState::Incoming, Side::Callee));
        let id = theirs.id;
        let order = if take { Command::AnswerCall { call: id } } else { Command::RejectCall { call: id } };
        world.command(bob, order).unwrap();
        match (ended(&mut world, alice, call), take) {
            (CallState::Ended { .. }, true) => heard_both_ways(&world, alice, bob, 2),
            (CallState::Failed(failure), false) => {
                assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByUser, "declined"));
                assert!(failure.message.contains("603"), "{failure}");
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_callee_that_demands_more_refuses_and_says_what() {
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.command(bob, Command::PolicyDefault { text: AH_ESP.into() }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    let review = review_of_call(&mut world, alice, call);
    assert!(!world.nodes[alice].agent.review(review).unwrap().missing.is_empty());
    world.command(alice, Command::AnswerReview { review, answer: Answer::Refuse, by: "test" }).unwrap();
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!(failure.kind, FailureKind::RefusedByUser);
    assert_eq!(world.nodes[bob].media.len(), 0);
    assert_eq!(world.wire.seen.len(), 0, "not one media packet");
}

#[test]
fn stopping_ends_calls_on_both_sides() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let call = world.call(alice, BOB, Some("approve"), 3600);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(1));
    world.command(bob, Command::Stop).unwrap();
    assert!(world.run_until(MINUTE, |world| world.nodes[bob].events.contains(&Event::Stopped)));
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert!(world.nodes[alice].media.is_empty() && world.nodes[bob].media.is_empty());
}

#[test]
fn a_change_of_policy_rules_the_calls_that_run() {
    let (mut world, alice, _) = two(BOB, "none");
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 3600);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(2));
    let discard = "spdadd any any udp -P out discard; # sv: priority=10";
    world.command(alice, Command::PolicyAdd { text: discard.into() }).unwrap();
    world.run_for(Duration::from_millis(100));
    let before = world.the_call(alice, call).counters.sent;
    assert!(before > 50, "{before}");
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.the_call(alice, call).counters.sent, before, "not one packet more");
}

/// It would be cut off without a BYE.
#[test]
fn an_agent_that_is_stopping_begins_nothing_new() {
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.ask(alice, "192.168.1.99", None);
    world.command(alice, Command::Stop).unwrap();
    let (answer, accept_key, source, sink, duration) = (None, None, None, None, None);
    let call = CallRequest {
        intent: Default::default(),
        peer: BOB.into(),
        answer,
        accept_key,
        source,
        sink,
        duration,
        account: None,
    };
    assert_eq!(world.command(alice, Command::Call(call)).unwrap_err().code, "agent-stops");
    let wanted = Wanted::BOTH;
    let ask = AskRequest {
        intent: Default::default(),
        peer: BOB.into(),
        wanted,
        answer: None,
        accept_key: None,
        account: None,
    };
    assert_eq!(world.command(alice, Command::Ask(ask)).unwrap_err().code, "agent-stops");
    assert_eq!(world.nodes[bob].agent.calls().count(), 0);
}

#[test]
fn hanging_up_while_it_rings_cancels() {
    let mut world = World::new(4, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let mut config = agent("bob", BOB, "none");
    config.answer = AnswerMode::Prompt;
    let bob = world.add("bob", config);
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 2);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Ringing));
    world.command(alice, Command::Hangup { call: Some(call) }).unwrap();
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert!(matches!(world.nodes[bob].agent.calls().last().unwrap().state, CallState::Ended { .. }));
    assert!(world.command(alice, Command::Hangup { call: None }).is_err());
}

#[test]
fn presence_alone_lets_nobody_call() {
    let (mut world, alice, _) = two(BOB, "none");
    let ask = world.ask_for(alice, BOB, None, Wanted { presence: true, policy: false, watchers: false }, None);
    assert!(world.run_until(MINUTE, |world| world.the_ask(alice, ask).state == AskState::PresenceStored));
    let call = world.call(alice, BOB, None, 2);
    review_of_call(&mut world, alice, call);
}

#[test]
fn an_entry_for_one_peer_weakens_nobody_else() {
    let mut world = World::new(5, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, ESP));
    let bob = world.add("bob", agent("bob", BOB, "none"));
    let carol = world.add("carol", agent("carol", "192.168.1.3", "none"));
    let ask = world.ask(alice, BOB, Some("approve"));
    world.run_until(MINUTE, |world| {
        matches!(world.the_ask(alice, ask).state, AskState::Failed(_) | AskState::Registered { .. })
    });
    assert!(
        matches!(world.the_ask(alice, ask).state, AskState::Registered { .. }),
        "{:?}",
        world.the_ask(alice, ask).state
    );
    // Carol asks Alice: she gets Alice's default, not what was approved for Bob.
    let asked = world.ask(carol, ALICE, None);
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(carol, asked).state, AskState::Reviewing(_))));
    let AskState::Reviewing(review) = world.the_ask(carol, asked).state else { panic!() };
    let open = world.nodes[carol].agent.review(review).unwrap();
    assert!(matches!(open.review.proposed[0].action, Action::Ipsec(_)));
    let _ = bob;
}

/// Alice approves what Bob asks; then he changes what his entries say, and she calls.
fn approved_then(bobs_first: &str, bobs_second: Command) -> (World, usize, usize) {
    let (mut world, alice, bob) = two(BOB, bobs_first);
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.command(bob, bobs_second).unwrap();
    (world, alice, bob)
}

#[test]
fn one_step_adds_what_is_missing_to_what_was_approved() {
    let second = Command::PolicyDefault { text: AH_ESP.into() };
    let (mut world, alice, _) = approved_then("ipsec ah/transport//require", second);
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    let review = review_of_call(&mut world, alice, call);
    let open = world.nodes[alice].agent.review(review).unwrap();
    assert_eq!(open.missing, ["esp/transport//require"]);
    let answer = open.review.tightened_to(&open.review.missing_rules());
    world.command(alice, Command::AnswerReview { review, answer, by: "test" }).unwrap();
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "ah+esp");
}

#[test]
fn the_suites_of_both_sides_entries_bind() {
    let only = |suite: &str| format!("spdadd any any udp -P out ipsec esp/transport//require; # sv: suites={suite}");
    let (mut world, alice, bob) = approved_then(ESP, Command::PolicyDefault { text: only("aes-256-gcm") });
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }), "{:?}", world.the_call(alice, call));
    assert_eq!(world.the_call(alice, call).suite.as_deref(), Some("aes-256-gcm"), "of three offered");
    // Alice's entry allows one that Bob's does not.
    let rules = setkey::parse(&only("chacha20-poly1305")).unwrap();
    let ask = world.ask(alice, "bob@192.168.1.2", None);
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Reviewing(_))));
    let AskState::Reviewing(review) = world.the_ask(alice, ask).state else { panic!() };
    let answer = Command::AnswerReview { review, answer: Answer::Edit(rules), by: "test" };
    world.command(alice, answer).unwrap();
    let calls = world.nodes[bob].agent.calls().count();
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    let review = review_of_call(&mut world, alice, call);
    world.command(alice, Command::AnswerReview { review, answer: Answer::Refuse, by: "test" }).unwrap();
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!(failure.code, "review-refused");
    assert_eq!(world.nodes[bob].agent.calls().count(), calls, "it did not even ring");
}

#[test]
fn who_is_asked_answers_with_the_entry_for_the_asker_else_with_its_default() {
    let mut world = World::new(6, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, ESP));
    let bob = world.add("bob", agent("bob", BOB, "none"));
    let carol = world.add("carol", agent("carol", "192.168.1.3", "none"));
    let ask = world.ask(bob, "alice@192.168.1.1", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(bob, ask).state, AskState::Registered { .. })));
    for (asker, told) in [(alice, ESP), (carol, "none")] {
        let ask = world.ask(asker, "bob@192.168.1.2", None);
        assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(asker, ask).state, AskState::Reviewing(_))));
        let AskState::Reviewing(review) = world.the_ask(asker, ask).state else { panic!() };
        let open = world.nodes[asker].agent.review(review).unwrap();
        assert_eq!(open.review.statement.policies[0].action.to_string(), told);
    }
}

#[test]
fn a_forged_refusal_cannot_loosen_what_was_approved() {
    // Alice tightened what Bob asks (none) to esp. Then somebody on the way answers her INVITE with 488.
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some(ESP));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.forge_refusals = Some(world.nodes[bob].ip);
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    ended(&mut world, alice, call);
    let actions: Vec<String> = world.nodes[alice].agent.spd().entries().take(2).map(|e| e.action.to_string()).collect();
    assert_eq!(actions, [ESP, ESP], "{:?}", world.the_call(alice, call));
    assert_eq!(clear_on_the_wire(&world), 0);
}

#[test]
fn an_address_means_the_peer_whose_contact_is_there() {
    let (mut world, alice, _) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    let call = world.call(alice, "192.168.1.2:5999", None, 1);
    world.run_for(Duration::from_secs(1));
    let called = world.the_call(alice, call).entity.as_ref().map(ToString::to_string);
    assert_ne!(called.as_deref(), Some("sip:bob@192.168.1.2"), "another port is another peer");
    let call = world.call(alice, BOB, None, 1);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
}

#[test]
fn a_call_whose_peer_is_gone_ends_and_says_so() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let call = world.call(alice, BOB, Some("approve"), 3600);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(2));
    world.dead = Some(world.nodes[bob].ip);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::Unreachable, "peer-gone"));
    assert!(world.nodes[alice].media.is_empty());
    assert_eq!(reason_of_bye(&world), "SIP;cause=408;text=\"nothing heard\"");
}

/// Why a BYE was sent tells the other user whose fault it is (RFC 3326).
#[test]
fn a_call_that_fails_here_says_so_to_the_peer() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let call = world.call(alice, BOB, Some("approve"), 3600);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    let failure = Failure::new(FailureKind::Failed, "recording-failed", "the disk is full", "x.wav", "free some");
    let now = world.now;
    world.nodes[alice].agent.handle_done(now, Done::StreamFailed { call, failure: failure.clone() });
    assert_eq!(ended(&mut world, alice, call), CallState::Failed(failure));
    assert_eq!(reason_of_bye(&world), "SIP;cause=500;text=\"failed at the other end\"");
    let CallState::Ended { reason } = &world.nodes[bob].agent.calls().last().unwrap().state else { panic!() };
    assert!(reason.contains("failed at the other end"), "{reason}");
}

/// The Reason of the one BYE that was sent.
/// The SIP messages that were sent.
fn messages(world: &World) -> Vec<String> {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Parcel::Media { .. } => None,
    };
    world.wire.overheard.iter().filter_map(text).collect()
}

fn reason_of_bye(world: &World) -> String {
    let bye = messages(world).into_iter().find(|text| text.starts_with("BYE ")).expect("a BYE was sent");
    bye.lines().find_map(|line| line.strip_prefix("Reason: ")).expect("it says why").to_owned()
}

/// The callee tells that nobody came to the telephone; a caller whose callee cannot even tell that stops by itself.
#[test]
fn a_call_that_nobody_answers_ends_on_both_sides_and_says_so() {
    for dead in [false, true] {
        let mut world = World::new(3, Link::GOOD);
        let alice = world.add("alice", agent("alice", ALICE, "none"));
        let mut config = agent("bob", BOB, "none");
        config.answer = AnswerMode::Prompt;
        let bob = world.add("bob", config);
        let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 2);
        assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Ringing));
        let since = world.now.mono;
        if dead {
            world.dead = Some(world.nodes[bob].ip);
        }
        let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
        assert_eq!((failure.kind, failure.code), (FailureKind::Unreachable, "nobody-answered"));
        assert!(world.now.mono - since < 4 * MINUTE, "{:?}", world.now.mono - since);
        if !dead {
            let theirs = world.nodes[bob].agent.calls().last().unwrap();
            assert_eq!(theirs.state, CallState::Ended { reason: "nobody answered".into() });
        }
    }
}

#[test]
fn who_hears_nothing_is_told_soon_and_again_when_it_comes_back() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let call = world.call(alice, BOB, Some("approve"), 3600);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(8));
    assert!(!world.the_call(alice, call).quiet, "all is well");
    world.dead = Some(world.nodes[bob].ip);
    world.run_for(Duration::from_secs(6));
    assert!(world.the_call(alice, call).quiet);
    world.dead = None;
    world.run_for(Duration::from_secs(1));
    assert!(!world.the_call(alice, call).quiet);
    assert_eq!(world.the_call(alice, call).state, CallState::Active);
}

/// Its time being over is no success when the peer was gone by then.
#[test]
fn a_call_whose_peer_went_silent_does_not_end_well() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let call = world.call(alice, BOB, Some("approve"), 12);
    assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active));
    world.run_for(Duration::from_secs(2));
    world.dead = Some(world.nodes[bob].ip);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::Unreachable, "peer-gone"));
}

/// Rules that the user typed are never passed over in silence.
#[test]
fn rules_for_a_call_lead_to_a_review_unless_they_rule_already() {
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    for (answer, bundle, asked) in [("approve", "none", false), (AH_ESP, "ah+esp", true), (AH_ESP, "ah+esp", false)] {
        let call = world.call(alice, "bob@192.168.1.2", Some(answer), 1);
        assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }), "{:?}", world.the_call(alice, call));
        let seen = world.the_call(alice, call);
        assert_eq!((seen.bundle.as_str(), seen.ask.is_some()), (bundle, asked), "{answer}");
    }
    let calls = world.nodes[bob].agent.calls().count();
    let call = world.call(alice, "bob@192.168.1.2", Some("refuse"), 1);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!(failure.code, "review-refused");
    assert_eq!(world.nodes[bob].agent.calls().count(), calls, "who refuses beforehand calls nobody");
}

#[test]
fn nobody_asks_or_calls_himself() {
    let mut world = World::new(2, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    for peer in ["alice@192.168.1.1", "alice@192.168.1.1:5060", ALICE, "192.168.1.1:5060", "[::ffff:192.168.1.1]"] {
        let wanted = Wanted::BOTH;
        let ask = AskRequest {
            intent: Default::default(),
            peer: peer.into(),
            wanted,
            answer: None,
            accept_key: None,
            account: None,
        };
        assert_eq!(world.command(alice, Command::Ask(ask)).unwrap_err().code, "that-is-you", "{peer}");
        let (answer, accept_key, source, sink, duration) = (None, None, None, None, None);
        let call = CallRequest {
            intent: Default::default(),
            peer: peer.into(),
            answer,
            accept_key,
            source,
            sink,
            duration,
            account: None,
        };
        assert_eq!(world.command(alice, Command::Call(call)).unwrap_err().code, "that-is-you", "{peer}");
    }
}

#[test]
fn an_approval_does_not_grow_old_while_nothing_changes() {
    let (mut world, alice, bob) = two(BOB, ESP);
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.run_for(Duration::from_secs(2 * 3600));
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }), "{:?}", world.the_call(alice, call));
    // What changed is asked again, however old.
    world.command(bob, Command::PolicyDefault { text: AH_ESP.into() }).unwrap();
    world.run_for(Duration::from_secs(2 * 3600));
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    review_of_call(&mut world, alice, call);
}

#[test]
fn a_callee_that_discards_the_callers_packets_refuses_the_call() {
    for discard in [
        "spdadd any 192.168.1.1 udp -P out discard;",
        "spdadd 192.168.1.1 any any -P in discard;",
        "spdadd any any udp -P out discard; # sv: priority=10",
    ] {
        let (mut world, alice, bob) = two(BOB, "none");
        let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
        assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
        world.command(bob, Command::PolicyAdd { text: discard.into() }).unwrap();
        let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
        let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!("{discard}") };
        assert_eq!(failure.kind, FailureKind::RefusedByPolicy, "{discard}: {failure:?}");
        assert_eq!(world.nodes[bob].agent.calls().count(), 0, "{discard}: it did not even ring");
    }
}

#[test]
fn a_peer_of_whom_only_the_policy_was_asked_is_called_at_its_signed_contact() {
    let mut world = World::new(2, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let mut config = agent("bob", BOB, "none");
    config.listen.iter_mut().for_each(|listen| listen.address.set_port(5066));
    world.add("bob", config);
    let wanted = Wanted { presence: false, policy: true, watchers: false };
    let ask = world.ask_for(alice, "192.168.1.2:5066", Some("approve"), wanted, None);
    let done = |world: &World| world.the_ask(alice, ask).state != AskState::Asking;
    assert!(world.run_until(MINUTE, done));
    assert!(matches!(world.the_ask(alice, ask).state, AskState::Registered { .. }), "{:?}", world.the_ask(alice, ask));
    let contact = world.nodes[alice].agent.presences().next().unwrap().contact.raw().to_owned();
    assert_eq!(contact, "sip:bob@192.168.1.2:5066");
}

/// Media ports are not known before there is a socket; entries that name them rule from the offer on all the same.
#[test]
fn an_entry_for_media_ports_rules_the_offer() {
    let ports = |action: &str| Command::PolicyAdd {
        text: format!("spdadd any[16384-32767] any[16384-32767] udp -P out {action}; # sv: priority=10"),
    };
    let (mut world, alice, bob) = two(BOB, "none");
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.command(alice, ports(AH_ESP)).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    let state = ended(&mut world, alice, call);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(world.the_call(alice, call).bundle, "ah+esp");
    heard_both_ways(&world, alice, bob, 2);

    let (mut world, alice, _) = two(BOB, "none");
    world.command(alice, ports("discard")).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 2);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByPolicy, "discarded"));
}

#[test]
fn what_the_peer_demands_for_its_media_ports_is_offered_at_once() {
    let (mut world, alice, bob) = two(BOB, "none");
    let text = "spdadd any any[16384-32767] udp -P in ipsec esp/transport//require;".to_owned();
    world.command(bob, Command::PolicyAdd { text }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 2);
    let state = ended(&mut world, alice, call);
    assert!(matches!(state, CallState::Ended { .. }), "{state:?}");
    assert_eq!(world.the_call(alice, call).bundle, "esp");
    assert_eq!(world.nodes[alice].agent.reviews().count(), 1, "no 488 came between");
}

/// One port alone cannot be foreseen: the call ends and says why, and nothing was sent otherwise.
#[test]
fn a_call_whose_ports_have_another_entry_than_it_agreed_for_ends() {
    let (mut world, alice, _) = two(BOB, "none");
    let first = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    ended(&mut world, alice, first);
    let text = "spdadd any any[16386-32767] udp -P out ipsec esp/transport//require; # sv: priority=10".to_owned();
    world.command(alice, Command::PolicyAdd { text }).unwrap();
    world.wire.overheard.clear();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByPolicy, "not-as-agreed"));
    assert_eq!(reason_of_bye(&world), "SIP;cause=488;text=\"not as agreed\"");
    assert_eq!(world.the_call(alice, call).counters.sent, 0);
}

/// On a full disk a call goes on; what there is to remember of it is written when there is room again.
#[test]
fn what_a_full_disk_refused_of_a_call_is_kept_when_there_is_room() {
    let (mut world, alice, _) = two(BOB, "none");
    let first = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    ended(&mut world, alice, first);
    let (calls, rows) = (world.nodes[alice].store.calls.len(), world.nodes[alice].store.audit.len());
    world.nodes[alice].store.full = true;
    for _ in 0..2 {
        let call = world.call(alice, "bob@192.168.1.2", None, 1);
        assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    }
    assert_eq!((world.nodes[alice].store.calls.len(), world.nodes[alice].store.audit.len()), (calls, rows));
    world.nodes[alice].store.full = false;
    let third = world.call(alice, "bob@192.168.1.2", None, 1);
    ended(&mut world, alice, third);
    let kept: Vec<CallId> = world.nodes[alice].store.calls.iter().skip(calls).map(|record| record.call).collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert_eq!(world.nodes[alice].store.audit.len(), rows + 3);
}

/// What strangers caused gives way at once, so that it cannot push out what the user did; a stop is the last chance.
#[test]
fn on_a_full_disk_strangers_take_no_place_and_a_stop_writes_what_waits() {
    let (mut world, alice, bob) = two(BOB, "none");
    world.nodes[bob].store.full = true;
    for _ in 0..2 {
        let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
        assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    }
    let counter = |world: &World, name: &str| {
        world.nodes[bob].agent.metrics().iter().find(|metric| metric.name == name).map_or(0, |metric| metric.value)
    };
    assert!(counter(&world, "strangers_forgotten") >= 2);
    world.nodes[bob].store.full = false;
    assert!(world.nodes[bob].store.audit.is_empty());

    let first = world.call(bob, "alice@192.168.1.1", Some("approve"), 1);
    assert!(matches!(ended(&mut world, bob, first), CallState::Ended { .. }));
    let kept = world.nodes[bob].store.calls.len();
    world.nodes[bob].store.full = true;
    let lost = world.call(bob, "alice@192.168.1.1", None, 1);
    ended(&mut world, bob, lost);
    assert_eq!(world.nodes[bob].store.calls.len(), kept);
    world.nodes[bob].store.full = false;
    world.command(bob, Command::Stop).unwrap();
    assert_eq!(world.nodes[bob].store.calls.len(), kept + 1);
}

/// Where the callee's own port decides, it says so before it answers: nobody's call is put through and dropped. The caller's user is
/// shown what is missing, for as long as he needs to decide, also when it rang there before.
#[test]
fn a_callee_whose_own_port_has_another_entry_refuses_before_it_answers() {
    for answer in [AnswerMode::Auto, AnswerMode::Prompt] {
        let mut world = World::new(2, Link::GOOD);
        let alice = world.add("alice", agent("alice", ALICE, "none"));
        let bob = world.add("bob", AgentConfig { answer, ..agent("bob", BOB, "none") });
        let first = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
        answers(&mut world, bob, answer);
        ended(&mut world, alice, first);
        let text = "spdadd any any[16386-32767] udp -P in ipsec esp/transport//require; # sv: priority=10".to_owned();
        world.command(bob, Command::PolicyAdd { text }).unwrap();
        world.wire.overheard.clear();
        let call = world.call(alice, "bob@192.168.1.2", None, 2);
        answers(&mut world, bob, answer);
        world.run_for(5 * MINUTE);
        let texts = messages(&world);
        let refused =
            |text: &String| text.starts_with("SIP/2.0 488") && text.contains("missing: esp/transport//require");
        assert!(texts.iter().any(refused), "{texts:?}");
        assert_eq!(texts.iter().any(|text| text.starts_with("SIP/2.0 180")), answer == AnswerMode::Prompt);
        assert!(!texts.iter().any(|text| text.starts_with("BYE")));
        let state = &world.the_call(alice, call).state;
        assert!(matches!(state, CallState::Reviewing(_)), "{answer:?}: {state:?}");
    }
}

/// Its user answers what rings.
fn answers(world: &mut World, node: usize, mode: AnswerMode) {
    if mode != AnswerMode::Prompt {
        return;
    }
    let ringing = |world: &World| {
        world.nodes[node].agent.calls().find(|call| call.state == CallState::Incoming).map(|call| call.id)
    };
    assert!(world.run_until(MINUTE, |world| ringing(world).is_some()));
    let call = ringing(world).unwrap();
    world.command(node, Command::AnswerCall { call }).unwrap();
}

/// PROTOCOL section 2: an entry for an address loosens nothing as long as nothing but the address speaks for it.
#[test]
fn an_address_alone_loosens_nothing_for_a_caller() {
    let (mut world, alice, bob) = two(BOB, "ipsec esp/transport//require");
    let text = "spdadd any 192.168.1.1 udp -P out none; spdadd 192.168.1.1 any udp -P in none;".to_owned();
    world.command(bob, Command::PolicyAdd { text }).unwrap();
    let text = "spdadd any any udp -P out none; # sv: priority=10".to_owned();
    world.command(alice, Command::PolicyAdd { text }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 2);
    ended(&mut world, alice, call);
    assert_ne!(world.the_call(alice, call).bundle, "none");
}

/// Nobody is called whose sound would be thrown away here.
#[test]
fn a_caller_whose_policy_discards_what_comes_does_not_call() {
    let (mut world, alice, _) = two(BOB, "none");
    let first = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    ended(&mut world, alice, first);
    let text = "spdadd any any[16386-32767] udp -P in discard; # sv: priority=10".to_owned();
    world.command(alice, Command::PolicyAdd { text }).unwrap();
    world.wire.overheard.clear();
    let call = world.call(alice, "bob@192.168.1.2", None, 2);
    let CallState::Failed(failure) = ended(&mut world, alice, call) else { panic!() };
    assert_eq!(failure.code, "discarded");
    let entry =
        world.nodes[alice].agent.entries().into_iter().find(|entry| entry.action.to_string() == "discard").unwrap();
    let next = format!("`sottovoce policy disable {}`", entry.id);
    assert!(failure.next.contains(&next) && !failure.next.contains("ask"), "{failure}");
    assert!(!messages(&world).iter().any(|text| text.starts_with("INVITE ")));
}
