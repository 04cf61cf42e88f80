//! The opposite move (claim 4): outside a call was tightened, and back in the office it has more than needed. Both users are told, and
//! offered to relax: by a proposal that the other user decides, and never by itself.

use std::time::Duration;

use sottovoce::agent::{
    Accepted, AgentConfig, AskState, CallState, Command, Event, Negotiated, ProposalState, ReviewState,
};
use sottovoce::policy::{setkey, Answer, HardwareAddress, Scope, Verdict};
use sottovoce::vocab::{AskId, CallId, Failure};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const OFFICE: [&str; 2] = ["192.168.1.1", "192.168.1.2"];
const OUTSIDE: &str = "133.134.10.10";
const GATEWAY: &str = "00:1b:63:84:45:e6";
const NONE: &str = "none";
const ESP: &str = "ipsec esp/transport//require";

fn following(name: &str, address: &str) -> AgentConfig {
    AgentConfig { follows: true, ..agent(name, address, NONE) }
}

/// Both in the office, who ask each other for nothing and have approved that; they talk in clear.
fn talking(seed: u64) -> (World, [CallId; 2]) {
    let mut world = World::new(seed, Link::GOOD);
    world.add("alice", following("alice", OFFICE[ALICE]));
    world.add("bob", following("bob", OFFICE[BOB]));
    for (node, peer) in [(ALICE, "bob@192.168.1.2"), (BOB, "alice@192.168.1.1")] {
        let ask = world.ask(node, peer, Some("approve"));
        let registered = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Registered { .. });
        assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(node, ask).state);
    }
    let call = world.call(ALICE, "bob@192.168.1.2", None, 36_000);
    let active = |world: &World| {
        let theirs = world.nodes[BOB].agent.calls().last();
        world.the_call(ALICE, call).state == CallState::Active && theirs.is_some_and(|c| c.state == CallState::Active)
    };
    assert!(world.run_until(MINUTE, active));
    world.run_for(SECOND);
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    (world, [call, theirs])
}

/// One of them goes out, these tighten, and he comes back. What was dropped by then: a packet in clear that was to go out just when the
/// call was tightened.
fn there_and_back(world: &mut World, calls: [CallId; 2], mover: usize, who: &[usize]) -> [u64; 2] {
    world.moves(mover, OUTSIDE, GATEWAY);
    world.run_for(3 * SECOND);
    for node in who {
        world.command(*node, Command::Tighten { call: calls[*node], rules: parsed(ESP) }).unwrap();
        world.run_for(3 * SECOND);
    }
    assert_eq!(bundles(world, calls), ["esp"; 2]);
    world.moves(mover, OFFICE[mover], GATEWAY);
    world.run_for(6 * SECOND);
    assert_eq!(bundles(world, calls), ["esp"; 2], "nothing by itself");
    let dropped = dropped(world, calls);
    assert!(dropped.iter().all(|dropped| *dropped <= 2), "{dropped:?}");
    dropped
}

fn dropped(world: &World, calls: [CallId; 2]) -> [u64; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).counters.dropped.values().sum())
}

fn parsed(rules: &str) -> Option<sottovoce::policy::Action> {
    Some(setkey::parse_action(rules).unwrap())
}

fn bundles(world: &World, calls: [CallId; 2]) -> [&str; 2] {
    [ALICE, BOB].map(|node| world.the_call(node, calls[node]).bundle.as_str())
}

fn relax(world: &mut World, node: usize, call: CallId, rules: Option<&str>) -> Result<AskId, Failure> {
    let command = Command::Relax { call, rules: rules.and_then(parsed), note: Some("back again".into()) };
    world.command(node, command).map(|accepted| match accepted {
        Accepted::Ask(ask) => ask,
        other => panic!("{other:?}"),
    })
}

fn considered(world: &World, node: usize) -> Option<Negotiated> {
    let waits = |one: &&Negotiated| !one.outgoing && one.state == ProposalState::Waiting;
    world.nodes[node].agent.proposals().find(waits).cloned()
}

fn answer(world: &mut World, node: usize, answer: Answer) {
    let review = considered(world, node).expect("a proposal").review.unwrap();
    world.command(node, Command::AnswerReview { review, answer, by: "test" }).unwrap();
}

fn unharmed(world: &World, calls: [CallId; 2], before: [u64; 2]) {
    assert!([ALICE, BOB].iter().all(|node| world.the_call(*node, calls[*node]).state == CallState::Active));
    assert_eq!(dropped(world, calls), before);
}

#[test]
fn back_in_the_office_both_are_offered_to_relax_and_the_other_user_decides() {
    for (mover, who) in [(ALICE, ALICE), (ALICE, BOB), (BOB, ALICE), (BOB, BOB)] {
        let (mut world, calls) = talking(1);
        let before = there_and_back(&mut world, calls, mover, &[ALICE, BOB]);
        for node in [ALICE, BOB] {
            let moved = world.the_call(node, calls[node]).moved.as_ref().unwrap();
            assert_eq!((moved.scope, moved.advice.verdict), (Scope::Private, Verdict::MoreThanNeeded));
            let last = world.nodes[node].events.iter().rev().find_map(|event| match event {
                Event::Notice(notice) if notice.code == "call-moved" => Some(notice),
                _ => None,
            });
            let told = last.expect("a notice");
            assert!(told.message.contains("a private address"), "{told}");
            let command = format!("`sottovoce relax {}`", calls[node]);
            assert!(told.next.contains("more than needed") && told.next.contains(&command), "{told}");
        }
        let seen = world.wire.seen.len();
        let ask = relax(&mut world, who, calls[who], None).unwrap();
        assert!(world.run_until(MINUTE, |world| considered(world, 1 - who).is_some()), "{mover} {who}");
        world.run_for(5 * SECOND);
        assert_eq!(bundles(&world, calls), ["esp"; 2], "until the other user has decided");
        assert!(world.wire.seen[seen..].iter().all(|bytes| bytes[0] >= 192));
        answer(&mut world, 1 - who, Answer::Approve);
        world.run_for(5 * SECOND);
        assert!(matches!(world.the_ask(who, ask).state, AskState::Registered { .. }));
        assert_eq!(bundles(&world, calls), ["none"; 2], "{mover} {who}");
        world.run_for(10 * SECOND);
        unharmed(&world, calls, before);
        // And out there it is tightened by the entries of there, as before.
        world.moves(mover, OUTSIDE, GATEWAY);
        world.run_for(5 * SECOND);
        let below = world.the_call(who, calls[who]).moved.as_ref().unwrap().advice.verdict;
        assert_eq!(below, Verdict::BelowAdvice);
    }
}

/// The gateway by which a network is told from others with its addresses is heard of after the move: what is said then is judged anew.
#[test]
fn what_is_known_of_the_place_later_is_said_later() {
    let mut world = World::new(7, Link::GOOD);
    for (name, address) in [("alice", OFFICE[ALICE]), ("bob", OFFICE[BOB])] {
        let mut config = AgentConfig { follows: true, ..agent(name, address, ESP) };
        config.places[0].gateways = vec![HardwareAddress::parse(GATEWAY).unwrap()];
        let node = world.add(name, config);
        world.moves(node, address, GATEWAY);
    }
    let call = world.call(ALICE, "bob@192.168.1.2", Some("approve"), 36_000);
    let active = |world: &World| world.the_call(ALICE, call).state == CallState::Active;
    assert!(world.run_until(MINUTE, active));
    world.run_for(SECOND);
    let theirs = world.nodes[BOB].agent.calls().last().unwrap().id;
    let calls = [call, theirs];
    world.moves(ALICE, OUTSIDE, GATEWAY);
    world.run_for(3 * SECOND);
    let verdict = |world: &World| world.the_call(ALICE, calls[ALICE]).moved.as_ref().unwrap().advice.verdict;
    assert_eq!(verdict(&world), Verdict::Enough);
    world.moves(ALICE, OFFICE[ALICE], "");
    world.run_for(3 * SECOND);
    assert_eq!(verdict(&world), Verdict::Enough, "a private network, as any");
    world.moves(ALICE, OFFICE[ALICE], GATEWAY);
    world.run_for(SECOND);
    assert_eq!(verdict(&world), Verdict::MoreThanNeeded, "the office");
    let told = world.nodes[ALICE].events.iter().filter(|event| match event {
        Event::Notice(notice) => notice.code == "call-moved",
        _ => false,
    });
    assert_eq!(told.count(), 3);
}

#[test]
fn what_the_other_user_refuses_stays() {
    let (mut world, calls) = talking(2);
    let before = there_and_back(&mut world, calls, ALICE, &[ALICE, BOB]);
    let ask = relax(&mut world, ALICE, calls[ALICE], Some(NONE)).unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()));
    answer(&mut world, BOB, Answer::Refuse);
    world.run_for(5 * SECOND);
    let AskState::Failed(why) = &world.the_ask(ALICE, ask).state else { panic!() };
    assert_eq!(why.code, "proposal-refused");
    assert_eq!(bundles(&world, calls), ["esp"; 2]);
    unharmed(&world, calls, before);
}

/// It was Alice alone who wanted more: Bob asks for nothing still, so there is nothing that he would have to be asked.
#[test]
fn what_only_our_own_user_wanted_the_peer_need_not_allow() {
    let (mut world, calls) = talking(3);
    let before = there_and_back(&mut world, calls, ALICE, &[ALICE]);
    let ask = relax(&mut world, ALICE, calls[ALICE], None).unwrap();
    world.run_for(5 * SECOND);
    assert!(matches!(world.the_ask(ALICE, ask).state, AskState::Registered { .. }));
    assert_eq!((bundles(&world, calls), world.nodes[BOB].agent.proposals().count()), (["none"; 2], 0));
    unharmed(&world, calls, before);
}

/// It was Bob alone: his entries decide, whoever asks for what.
#[test]
fn what_the_peer_wanted_is_not_undone_without_him() {
    let (mut world, calls) = talking(4);
    let before = there_and_back(&mut world, calls, BOB, &[BOB]);
    // Alice's own entries have none already, and an approval of hers changes nothing.
    let review = world.ask(ALICE, "bob@192.168.1.2", Some(NONE));
    world.run_for(5 * SECOND);
    assert!(matches!(world.the_ask(ALICE, review).state, AskState::Failed(_)));
    assert_eq!(bundles(&world, calls), ["esp"; 2]);
    relax(&mut world, ALICE, calls[ALICE], None).unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_some()));
    assert!(world.nodes[ALICE].agent.reviews().any(|open| matches!(open.state, ReviewState::Proposed { .. })));
    answer(&mut world, BOB, Answer::Approve);
    world.run_for(5 * SECOND);
    assert_eq!(bundles(&world, calls), ["none"; 2]);
    unharmed(&world, calls, before);
}

#[test]
fn what_cannot_be_relaxed_is_refused_at_once() {
    let (mut world, calls) = talking(5);
    let nothing = relax(&mut world, ALICE, calls[ALICE], None).unwrap_err();
    assert_eq!(nothing.code, "nothing-to-relax");
    assert_eq!(relax(&mut world, ALICE, calls[ALICE], Some(ESP)).unwrap_err().code, "nothing-to-relax");
    assert!(relax(&mut world, ALICE, CallId(99), None).is_err());
    let (mut world, calls) =
        World::talking(6, Link::GOOD, [agent("alice", OFFICE[ALICE], ESP), agent("bob", OFFICE[BOB], ESP)]);
    let stranger = relax(&mut world, BOB, calls[BOB], Some(NONE)).unwrap_err();
    assert_eq!(stranger.code, "peer-unknown", "Bob has approved nobody");
    world.command(ALICE, Command::Hangup { call: None }).unwrap();
    world.run_for(SECOND);
    assert!(relax(&mut world, ALICE, calls[ALICE], Some(NONE)).is_err());
}
