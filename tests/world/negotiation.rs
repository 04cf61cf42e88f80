//! Negotiation of a looser policy (PROTOCOL section 6): both sides' users are asked, and in doubt the tighter policy holds.

use std::time::Duration;

use sottovoce::agent::{
    AgentConfig, AskState, CallState, Command, CounterState, Event, Negotiated, ProposalState, ReviewState, TakeBack,
};
use sottovoce::policy::{setkey, Answer, ApprovalRule, QuietHours, ReviewKind};
use sottovoce::vocab::{Entity, Failure, ReviewId};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::{read_answer, World};

pub const ALICE: usize = 0;
pub const BOB: usize = 1;
pub const MINUTE: Duration = Duration::from_secs(60);
pub const ESP: &str = "ipsec esp/transport//require";
const AH: &str = "ipsec ah/transport//require";

pub fn config(node: usize) -> AgentConfig {
    match node {
        ALICE => agent("alice", "192.168.1.1", ESP),
        _ => agent("bob", "192.168.1.2", ESP),
    }
}

pub fn name(node: usize) -> &'static str {
    ["alice@192.168.1.1", "bob@192.168.1.2"][node]
}

/// Both ask for ESP, and have approved each other; their databases are on disks.
pub fn friends(seed: u64, link: Link) -> World {
    let mut world = World::new(seed, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    world.add_on_disk("bob", config(BOB));
    for (node, peer) in [(ALICE, BOB), (BOB, ALICE)] {
        approve(&mut world, node, name(peer));
    }
    world.run_for(Duration::from_secs(40));
    world.wire.link = link;
    world
}

pub fn approve(world: &mut World, node: usize, peer: &str) {
    let ask = world.ask(node, peer, Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(node, ask).state);
}

pub fn proposing(rules: &str) -> Answer {
    Answer::Propose { answer: Box::new(read_answer(rules)), note: Some("the line is slow".into()) }
}

/// Asks anew, and answers the review by proposing these rules; says which review.
pub fn propose(world: &mut World, node: usize, rules: &str) -> Result<ReviewId, Failure> {
    let review = reviewing(world, node);
    let answer = Command::AnswerReview { review, answer: proposing(rules), by: "test" };
    world.command(node, answer).map(|_| review)
}

fn reviewing(world: &mut World, node: usize) -> ReviewId {
    let ask = world.ask(node, name(1 - node), None);
    let waits = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Reviewing(_));
    assert!(world.run_until(MINUTE, waits), "{:?}", world.the_ask(node, ask).state);
    let AskState::Reviewing(review) = world.the_ask(node, ask).state else { panic!() };
    review
}

/// The proposal of a peer that waits for this node's user.
pub fn considered(world: &World, node: usize) -> Option<Negotiated> {
    let waits = |one: &&Negotiated| !one.outgoing && one.state == ProposalState::Waiting;
    world.nodes[node].agent.proposals().find(waits).cloned()
}

pub fn answer_theirs(world: &mut World, node: usize, answer: Answer) {
    let review = considered(world, node).expect("a proposal waits").review.expect("in a review");
    world.command(node, Command::AnswerReview { review, answer, by: "test" }).unwrap();
}

pub fn last_proposal(world: &World, node: usize) -> Negotiated {
    world.nodes[node].agent.proposals().last().expect("there was one").clone()
}

/// What rules packets to the other, as it is in force.
pub fn in_force(world: &World, node: usize) -> String {
    let agent = &world.nodes[node].agent;
    let peer = Entity::parse(&format!("sip:{}", name(1 - node))).unwrap();
    let own = agent.entries().into_iter().find(|entry| entry.peer.entity.as_ref() == Some(&peer));
    own.map_or("default".into(), |entry| entry.action.to_string())
}

pub fn pending(world: &World, node: usize) -> Option<String> {
    world.nodes[node].agent.pendings().next().map(|pending| pending.entries()[0].action.to_string())
}

/// Places a call and waits until it is over. What was sent came through: no side dropped or kept back a packet.
pub fn call(world: &mut World, node: usize) -> Result<String, String> {
    let call = world.call(node, name(1 - node), None, 1);
    let settled = |world: &World| {
        world.call_is_over(node, call) || matches!(world.the_call(node, call).state, CallState::Reviewing(_))
    };
    assert!(world.run_until(5 * MINUTE, settled), "{:?}", world.the_call(node, call));
    if !world.call_is_over(node, call) {
        world.command(node, Command::Hangup { call: Some(call) }).unwrap();
        return Err("review".into());
    }
    world.run_for(Duration::from_secs(1));
    for side in [ALICE, BOB] {
        for call in world.nodes[side].agent.calls() {
            assert_eq!(call.counters.dropped.values().sum::<u64>(), 0, "node {side}: {call:?}");
        }
    }
    let call = world.the_call(node, call);
    match &call.state {
        CallState::Ended { .. } => {
            assert!(call.counters.sent > 40 && call.counters.received > 40, "{call:?}");
            Ok(call.bundle.clone())
        }
        CallState::Failed(failure) => Err(failure.code.into()),
        other => panic!("{other:?}"),
    }
}

fn until_considered(world: &mut World, node: usize) {
    assert!(world.run_until(MINUTE, |world| considered(world, node).is_some()), "it came");
}

fn until(world: &mut World, node: usize, state: ProposalState) {
    let ended = |world: &World| last_proposal(world, node).state == state;
    assert!(world.run_until(15 * MINUTE, ended), "{:?}", last_proposal(world, node));
}

fn audited(world: &World, node: usize, kind: &str) -> usize {
    world.nodes[node].store.audit.iter().filter(|row| row.kind == kind).count()
}

#[test]
fn what_the_peer_accepts_is_pending_there_until_a_call_bears_it() {
    let mut world = friends(1, Link::GOOD);
    let review = propose(&mut world, ALICE, "none").unwrap();
    assert!(matches!(world.nodes[ALICE].agent.review(review).unwrap().state, ReviewState::Proposed { .. }));
    until_considered(&mut world, BOB);
    let shown = considered(&world, BOB).unwrap();
    assert_eq!(shown.note.as_ref().unwrap().to_string(), "the line is slow");
    let put = world.nodes[BOB].agent.review(shown.review.unwrap()).unwrap();
    assert_eq!(put.review.kind, ReviewKind::Proposal);
    let said: Vec<String> = put.review.differences.iter().map(|d| format!("{} {:?}", d.field, d.relation)).collect();
    assert!(
        said.contains(&"in action Looser".to_owned()) && said.contains(&"out action Looser".to_owned()),
        "{said:?}"
    );
    // Until he has decided nothing has changed on either side.
    assert_eq!((in_force(&world, ALICE), in_force(&world, BOB), pending(&world, BOB)), (ESP.into(), ESP.into(), None));
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    assert!(world.run_until(MINUTE, |world| in_force(world, ALICE) == "none"));
    assert_eq!((in_force(&world, BOB), pending(&world, BOB)), (ESP.into(), Some("none".into())));
    // Bob calls as before, and is understood.
    assert_eq!(call(&mut world, BOB).unwrap(), "esp");
    assert_eq!(pending(&world, BOB), Some("none".into()));
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
    assert_eq!((in_force(&world, BOB), pending(&world, BOB)), ("none".into(), None));
    assert_eq!(call(&mut world, BOB).unwrap(), "none");
    // An hour later the statement that the call names is not remembered any more: what Bob says today is the same.
    world.run_for(130 * MINUTE);
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
}

#[test]
fn what_the_peer_refuses_changes_nothing() {
    let mut world = friends(2, Link::GOOD);
    let review = propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Refuse);
    until(&mut world, ALICE, ProposalState::Refused);
    let ReviewState::Declined(why) = &world.nodes[ALICE].agent.review(review).unwrap().state else { panic!() };
    assert_eq!(why.code, "proposal-refused");
    assert_eq!((in_force(&world, ALICE), in_force(&world, BOB), pending(&world, BOB)), (ESP.into(), ESP.into(), None));
    assert_eq!(call(&mut world, ALICE).unwrap(), "esp");
    // The review is open: what the peer asks can be approved after all.
    let answer = Command::AnswerReview { review, answer: Answer::Approve, by: "test" };
    world.command(ALICE, answer).unwrap();
}

#[test]
fn without_an_answer_in_time_it_is_refused() {
    let mut world = friends(3, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    assert!(world.run_until(15 * MINUTE, |world| last_proposal(world, ALICE).state != ProposalState::Waiting));
    assert!(matches!(last_proposal(&world, ALICE).state, ProposalState::Refused | ProposalState::Expired));
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_none()));
    assert_eq!((in_force(&world, ALICE), pending(&world, BOB)), (ESP.into(), None));
    assert_eq!(call(&mut world, ALICE).unwrap(), "esp");
}

#[test]
fn a_counter_proposal_is_another_review_and_binds_its_author() {
    let mut world = friends(4, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    // What is not the proposal is none of Bob's approvals: he has to say that Alice is to be told.
    let review = considered(&world, BOB).unwrap().review.unwrap();
    let other = Command::AnswerReview { review, answer: read_answer(AH), by: "test" };
    assert_eq!(world.command(BOB, other).unwrap_err().code, "another-policy");
    answer_theirs(&mut world, BOB, proposing(AH));
    until(&mut world, ALICE, ProposalState::Countered);
    let counter = world.nodes[ALICE].agent.reviews().last().unwrap();
    assert_eq!((counter.review.kind, counter.state.clone()), (ReviewKind::Counter, ReviewState::Pending));
    assert_eq!(counter.note.as_ref().unwrap().to_string(), "the line is slow");
    assert_eq!(counter.review.proposed[0].action.to_string(), AH);
    let review = counter.id;
    assert_eq!(
        (in_force(&world, ALICE), in_force(&world, BOB), pending(&world, BOB)),
        (ESP.into(), ESP.into(), Some(AH.into()))
    );
    // Bob, who may not know whether Alice takes it, sends what both demand; she takes it either way.
    assert_eq!(call(&mut world, BOB).unwrap(), "ah+esp");
    assert_eq!(call(&mut world, ALICE).unwrap(), "esp");
    let counter = |world: &World| last_proposal(world, ALICE).counter.unwrap().state;
    assert_eq!(counter(&world), CounterState::Put(review));
    world.command(ALICE, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    assert!(world.run_until(MINUTE, |world| in_force(world, ALICE) == AH));
    assert_eq!(counter(&world), CounterState::Used);
    assert_eq!(call(&mut world, BOB).unwrap(), "ah+esp");
    assert_eq!(call(&mut world, ALICE).unwrap(), "ah");
    assert_eq!(in_force(&world, BOB), AH);
    assert_eq!(call(&mut world, BOB).unwrap(), "ah");
}

#[test]
fn proposals_that_cross_lapse_both() {
    let mut world = friends(5, Link::GOOD);
    let (a, b) = (reviewing(&mut world, ALICE), reviewing(&mut world, BOB));
    for (node, review) in [(ALICE, a), (BOB, b)] {
        world.command(node, Command::AnswerReview { review, answer: proposing("none"), by: "test" }).unwrap();
    }
    for node in [ALICE, BOB] {
        until(&mut world, node, ProposalState::Crossed);
        assert!(considered(&world, node).is_none());
        assert_eq!((in_force(&world, node), pending(&world, node)), (ESP.into(), None));
    }
    assert_eq!(call(&mut world, ALICE).unwrap(), "esp");
    // One of them tries again.
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
}

#[test]
fn the_same_again_is_answered_the_same_and_asks_nobody() {
    let mut world = friends(6, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    assert_eq!(world.nodes[BOB].agent.pendings().count(), 1);
    let prompts = world.nodes[BOB].agent.reviews().count();
    // Alice forgets what she registered, and proposes it again.
    let entry = world.nodes[ALICE].agent.entries()[0].id;
    world.command(ALICE, Command::PolicyRemove { entry }).unwrap();
    propose(&mut world, ALICE, "none").unwrap();
    until(&mut world, ALICE, ProposalState::Accepted);
    assert_eq!(world.nodes[BOB].agent.reviews().count(), prompts, "nobody was asked");
    assert!(world.run_until(MINUTE, |world| in_force(world, ALICE) == "none"));
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
}

#[test]
fn a_peer_cannot_prompt_our_user_as_often_as_it_likes() {
    let mut world = friends(7, Link::GOOD);
    for round in 0..4 {
        propose(&mut world, ALICE, "none").unwrap();
        world.run_for(Duration::from_secs(5));
        match round {
            3 => {
                assert!(considered(&world, BOB).is_none(), "three prompts in ten minutes are enough");
                let trouble = last_proposal(&world, ALICE).trouble.unwrap();
                assert!(trouble.contains("three of a device in ten minutes"), "{trouble}");
                assert!(trouble.contains("tried again in 5"), "{trouble}");
            }
            _ => answer_theirs(&mut world, BOB, Answer::Refuse),
        }
        world.run_for(Duration::from_secs(5));
    }
    // Ten minutes after the first it is put after all.
    assert!(world.run_until(15 * MINUTE, |world| considered(world, BOB).is_some()));
}

#[test]
fn who_is_not_approved_hears_nothing_of_it() {
    let mut world = World::new(8, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    world.add_on_disk("bob", config(BOB));
    approve(&mut world, ALICE, name(BOB));
    propose(&mut world, ALICE, "none").unwrap();
    assert!(world.run_until(MINUTE, |world| matches!(last_proposal(world, ALICE).state, ProposalState::Failed(_))));
    let ProposalState::Failed(why) = last_proposal(&world, ALICE).state else { panic!() };
    assert_eq!(why.code, "proposal-rejected");
    assert!(why.message.contains("403 Forbidden"), "{why:?}");
    assert_eq!(world.nodes[BOB].agent.reviews().count(), 0);
    assert_eq!(in_force(&world, ALICE), ESP);
}

#[test]
fn the_configuration_can_refuse_and_never_accept() {
    let mut world = World::new(9, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    world.add_on_disk("bob", AgentConfig { take_proposals: false, ..config(BOB) });
    approve(&mut world, ALICE, name(BOB));
    approve(&mut world, BOB, name(ALICE));
    propose(&mut world, ALICE, "none").unwrap();
    until(&mut world, ALICE, ProposalState::Refused);
    assert_eq!((world.nodes[BOB].agent.proposals().count(), pending(&world, BOB)), (0, None));
}

/// Each leaves two rows in the audit table, and the table is for what matters.
#[test]
fn who_is_refused_by_the_configuration_cannot_fill_the_audit_table() {
    let mut world = World::new(23, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    let off = || AgentConfig { take_proposals: false, ..config(BOB) };
    world.add("bob", off());
    approve(&mut world, ALICE, name(BOB));
    approve(&mut world, BOB, name(ALICE));
    let rows =
        |world: &World| world.nodes[BOB].store.audit.iter().filter(|row| row.kind.starts_with("proposal")).count();
    for round in 1..=4 {
        propose(&mut world, ALICE, "none").unwrap();
        world.run_for(Duration::from_secs(10));
        assert_eq!(rows(&world), 2 * round.min(3));
    }
}

#[test]
fn either_user_can_take_it_back() {
    let mut world = friends(10, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    let id = last_proposal(&world, ALICE).id;
    world.command(ALICE, Command::TakeBack(TakeBack::Proposal(id))).unwrap();
    assert_eq!(last_proposal(&world, ALICE).state, ProposalState::Cancelled);
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_none()), "Bob's prompt is gone");
    assert_eq!(world.nodes[BOB].agent.pendings().count(), 0);
    // What Bob agreed to is his to take back until it is used.
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    let alice = Entity::parse("sip:alice@192.168.1.1").unwrap();
    world.command(BOB, Command::TakeBack(TakeBack::Agreed(alice))).unwrap();
    assert_eq!((in_force(&world, BOB), pending(&world, BOB)), (ESP.into(), None));
    world.restart(BOB, config(BOB));
    assert_eq!(pending(&world, BOB), None);
}

#[test]
fn a_newer_word_of_our_user_ends_what_he_agreed_to_before() {
    let mut world = friends(11, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    let text = "spdadd any 192.168.1.1 udp -P out ipsec esp/transport//require ah/transport//require; # sv: priority=5";
    world.command(BOB, Command::PolicyAdd { text: text.into() }).unwrap();
    assert!(world.run_until(MINUTE, |world| pending(world, BOB).is_none()));
    // Alice calls with less than Bob wants by now: she is told so, and no packet flows.
    assert_eq!(call(&mut world, ALICE).unwrap_err(), "review");
}

#[test]
fn a_looser_answer_is_refused_unless_the_peer_is_to_be_asked() {
    let mut world = friends(12, Link::GOOD);
    let review = reviewing(&mut world, ALICE);
    let refused = world.command(ALICE, Command::AnswerReview { review, answer: read_answer("none"), by: "test" });
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, "looser-than-asked");
    assert!(refused.next.contains("--propose"), "{refused:?}");
    assert_eq!(world.nodes[ALICE].agent.proposals().count(), 0);
    // What is not looser needs nobody.
    let tighter = proposing("ipsec esp/transport//require ah/transport//require");
    world.command(ALICE, Command::AnswerReview { review, answer: tighter, by: "test" }).unwrap();
    assert!(matches!(world.nodes[ALICE].agent.review(review).unwrap().state, ReviewState::Registered { .. }));
    assert_eq!(world.nodes[ALICE].agent.proposals().count(), 0);
}

#[test]
fn a_call_can_wait_for_the_peers_user() {
    for (answer, bundle) in [(Answer::Approve, Ok("none")), (Answer::Refuse, Err("proposal-refused"))] {
        let mut world = friends(13, Link::GOOD);
        // Whoever names rules for a call is put the peer's policy first.
        let request = sottovoce::agent::CallRequest {
            intent: Default::default(),
            peer: name(BOB).into(),
            answer: Some(proposing("none")),
            accept_key: None,
            source: None,
            sink: None,
            duration: Some(Duration::from_secs(1)),
            account: None,
        };
        world.command(ALICE, Command::Call(request)).unwrap();
        until_considered(&mut world, BOB);
        answer_theirs(&mut world, BOB, answer);
        let call = world.nodes[ALICE].agent.calls().last().unwrap().id;
        assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(ALICE, call)));
        let call = world.the_call(ALICE, call);
        let ended = match &call.state {
            CallState::Ended { .. } => Ok(call.bundle.as_str()),
            CallState::Failed(failure) => Err(failure.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(ended, bundle);
    }
}

/// Whoever took a proposal off the wire and sends it again asks nobody anything.
#[test]
fn a_proposal_that_is_replayed_is_no_proposal() {
    let mut world = friends(14, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Refuse);
    until(&mut world, ALICE, ProposalState::Refused);
    let proposes = |parcel: &&Parcel| {
        matches!(parcel, Parcel::Sip { bytes, .. }
        if bytes.starts_with(b"SUBSCRIBE ") && String::from_utf8_lossy(bytes).contains("<sv:proposal "))
    };
    let Parcel::Sip { stream, from, to, bytes } = world.wire.overheard.iter().rev().find(proposes).unwrap().clone()
    else {
        panic!()
    };
    // Another transaction, so that it is not taken for a retransmission.
    let bytes = String::from_utf8(bytes)
        .unwrap()
        .replace("branch=z9hG4bK", "branch=z9hG4bKx")
        .replace("Call-ID: ", "Call-ID: x");
    let (reviews, before) = (world.nodes[BOB].agent.reviews().count(), world.wire.overheard.len() + 1);
    world.wire.send(world.now.mono, Parcel::Sip { stream, from, to, bytes: bytes.into_bytes() });
    assert!(world.run_until(MINUTE, |world| world.wire.overheard.len() > before));
    let Parcel::Sip { bytes, .. } = &world.wire.overheard[before] else { panic!() };
    assert!(bytes.starts_with(b"SIP/2.0 403"), "{}", String::from_utf8_lossy(bytes));
    assert_eq!(world.nodes[BOB].agent.reviews().count(), reviews);
}

#[test]
fn both_sides_write_down_what_was_said_with_its_hash() {
    let mut world = World::new(15, Link::GOOD);
    world.add("alice", config(ALICE));
    world.add("bob", config(BOB));
    approve(&mut world, ALICE, name(BOB));
    approve(&mut world, BOB, name(ALICE));
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
    let hash = last_proposal(&world, ALICE).hash.to_string();
    for (node, kinds) in
        [(ALICE, &["proposed", "proposal-answered"][..]), (BOB, &["proposal", "proposal-decided", "agreed"])]
    {
        for kind in kinds {
            assert!(audited(&world, node, kind) > 0, "{kind}");
            let mut rows = world.nodes[node].store.audit.iter().filter(|row| row.kind == *kind);
            assert!(rows.any(|row| row.detail.contains(&hash)), "{kind}");
        }
    }
    let told = |event: &Event| matches!(event, Event::Notice(notice) if notice.code == "proposal-came");
    assert!(world.nodes[BOB].events.iter().any(told));
    assert!(setkey::parse(&last_proposal(&world, BOB).entries[0].to_setkey()).is_ok());
}

/// What is agreed is used once that is durable, and not before: a full disk leaves the tighter policy in force.
#[test]
fn what_the_disk_does_not_take_is_not_used() {
    let mut world = World::new(16, Link::GOOD);
    world.add("alice", config(ALICE));
    world.add("bob", config(BOB));
    approve(&mut world, ALICE, name(BOB));
    approve(&mut world, BOB, name(ALICE));
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    world.nodes[BOB].store.full = true;
    answer_theirs(&mut world, BOB, Answer::Approve);
    world.run_for(MINUTE);
    assert_eq!((last_proposal(&world, ALICE).state, pending(&world, BOB)), (ProposalState::Waiting, None));
    world.nodes[BOB].store.full = false;
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    world.nodes[BOB].store.full = true;
    assert_eq!(call(&mut world, ALICE).unwrap_err(), "review");
    assert_eq!((in_force(&world, BOB), pending(&world, BOB)), (ESP.into(), Some("none".into())));
    world.nodes[BOB].store.full = false;
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
}

/// A call that runs while its policy is negotiated goes on under what was agreed, and so does it when another one uses that.
#[test]
fn a_call_that_runs_meanwhile_is_not_disturbed() {
    let mut world = friends(17, Link::GOOD);
    let running = world.call(ALICE, name(BOB), None, 600);
    world.run_for(Duration::from_secs(2));
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    world.run_for(Duration::from_secs(2));
    // Looks at the counters of all calls, on both sides.
    assert_eq!(call(&mut world, ALICE).unwrap(), "none");
    assert_eq!(in_force(&world, BOB), "none");
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.the_call(ALICE, running).bundle, "none");
    world.command(ALICE, Command::Hangup { call: Some(running) }).unwrap();
    world.run_for(Duration::from_secs(2));
    assert_eq!(call(&mut world, BOB).unwrap(), "none");
}

/// Bob's yes did not arrive, and he has taken it back when the proposal comes again: it is a question again.
#[test]
fn a_yes_that_was_taken_back_is_not_said_again() {
    let mut world = friends(18, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    world.run_for(Duration::from_secs(1));
    world.dead = Some("192.168.1.1".parse().unwrap());
    answer_theirs(&mut world, BOB, Answer::Approve);
    world.run_for(Duration::from_secs(40));
    assert_eq!(
        (last_proposal(&world, ALICE).state, pending(&world, BOB)),
        (ProposalState::Waiting, Some("none".into()))
    );
    let alice = Entity::parse("sip:alice@192.168.1.1").unwrap();
    world.command(BOB, Command::TakeBack(TakeBack::Agreed(alice))).unwrap();
    world.dead = None;
    assert!(world.run_until(5 * MINUTE, |world| considered(world, BOB).is_some()), "it is put again");
    assert_eq!((last_proposal(&world, ALICE).state, in_force(&world, ALICE)), (ProposalState::Waiting, ESP.into()));
}

/// What was agreed is neither looser nor tighter than what a call has that runs: its new offer is the one that puts in force what was
/// pending.
#[test]
fn a_call_that_runs_is_rekeyed_to_what_was_agreed() {
    let mut world = friends(19, Link::GOOD);
    let running = world.call(ALICE, name(BOB), None, 600);
    world.run_for(Duration::from_secs(2));
    propose(&mut world, ALICE, AH).unwrap();
    until_considered(&mut world, BOB);
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    world.run_for(Duration::from_secs(15));
    assert_eq!((in_force(&world, ALICE), in_force(&world, BOB)), (AH.into(), AH.into()));
    assert_eq!(world.the_call(ALICE, running).bundle, "ah");
    assert_eq!(call(&mut world, BOB).unwrap(), "ah");
}

/// Whatever a rule says: what is looser is our user's to agree to.
#[test]
fn no_rule_accepts_a_proposal() {
    let mut world = World::new(20, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    let mut bob = config(BOB);
    bob.prompts.approvals = vec![ApprovalRule {
        name: "everything".into(),
        groups: Vec::new(),
        relations: Vec::new(),
        ours: Vec::new(),
        theirs: Vec::new(),
        least: setkey::parse_action("none").unwrap(),
        new_keys: true,
    }];
    world.add_on_disk("bob", bob);
    approve(&mut world, ALICE, name(BOB));
    world.ask(BOB, name(ALICE), None);
    world.run_for(Duration::from_secs(40));
    assert_eq!(in_force(&world, BOB), ESP, "the rule approves what is a statement");
    for rules in ["none", AH] {
        propose(&mut world, ALICE, rules).unwrap();
        until_considered(&mut world, BOB);
        world.run_for(Duration::from_secs(5));
        let review = considered(&world, BOB).unwrap().review.unwrap();
        let open = world.nodes[BOB].agent.review(review).unwrap();
        assert_eq!((open.state.clone(), open.rule.clone(), pending(&world, BOB)), (ReviewState::Pending, None, None));
        answer_theirs(&mut world, BOB, Answer::Refuse);
        world.run_for(Duration::from_secs(5));
    }
}

/// Nobody is woken for less protection: it waits, and is told of when the quiet hours end.
#[test]
fn in_quiet_hours_a_proposal_waits_without_a_word() {
    let mut world = World::new(21, Link::GOOD);
    world.add_on_disk("alice", config(ALICE));
    let mut bob = config(BOB);
    // The world begins at midnight.
    bob.prompts.quiet = Some(QuietHours { from: 2, to: 6, zone: jiff::tz::TimeZone::UTC });
    world.add_on_disk("bob", bob);
    approve(&mut world, ALICE, name(BOB));
    approve(&mut world, BOB, name(ALICE));
    let told = |world: &World, code: &str| {
        let is = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == code);
        world.nodes[BOB].events.iter().filter(is).count()
    };
    world.run_for(2 * MINUTE);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    world.run_for(Duration::from_secs(30));
    assert_eq!((told(&world, "proposal-came"), told(&world, "quiet-over")), (0, 0));
    world.run_for(4 * MINUTE);
    assert_eq!((told(&world, "proposal-came"), told(&world, "quiet-over")), (0, 1));
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    // And by day it is told at once.
    propose(&mut world, ALICE, AH).unwrap();
    until_considered(&mut world, BOB);
    assert_eq!(told(&world, "proposal-came"), 1);
}

/// `docs/limits.md`: a seventeenth is put off, and put when there is room.
#[test]
fn no_more_than_sixteen_proposals_wait_for_our_user() {
    const NAMES: [&str; 17] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"];
    let mut world = World::new(22, Link::GOOD);
    let boss = world.add("boss", agent("boss", "192.168.1.200", ESP));
    let address = |node: usize| format!("192.168.1.{}", 100 + node);
    for (at, name) in NAMES.iter().enumerate() {
        let node = world.add(name, agent(name, &address(at + 1), ESP));
        approve(&mut world, node, "boss@192.168.1.200");
        approve(&mut world, boss, &format!("{name}@{}", address(at + 1)));
    }
    for node in 1..=NAMES.len() {
        let ask = world.ask(node, "boss@192.168.1.200", None);
        let waits = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Reviewing(_));
        assert!(world.run_until(MINUTE, waits));
        let AskState::Reviewing(review) = world.the_ask(node, ask).state else { panic!() };
        world.command(node, Command::AnswerReview { review, answer: proposing("none"), by: "test" }).unwrap();
        world.run_for(Duration::from_secs(1));
    }
    let waiting = |world: &World| world.nodes[boss].agent.proposals().filter(|one| one.state.is_open()).count();
    world.run_for(Duration::from_secs(10));
    assert_eq!(waiting(&world), 16);
    assert_eq!(last_proposal(&world, NAMES.len()).state, ProposalState::Waiting, "it is put off, and not refused");
    answer_theirs(&mut world, boss, Answer::Refuse);
    assert!(world.run_until(2 * MINUTE, |world| waiting(world) == 16), "the seventeenth is put");
}

/// Who waits for a user whose agent has died learns it within two minutes, and that it lives again.
#[test]
fn the_proposer_learns_that_the_peer_is_not_heard() {
    let mut world = friends(23, Link::GOOD);
    let review = propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    world.run_for(Duration::from_secs(1));
    world.dead = Some("192.168.1.2".parse().unwrap());
    let troubled = |world: &World| last_proposal(world, ALICE).trouble.is_some();
    assert!(world.run_until(2 * MINUTE, troubled), "{:?}", last_proposal(&world, ALICE));
    assert_eq!(last_proposal(&world, ALICE).state, ProposalState::Waiting);
    let ask = world.nodes[ALICE].agent.asks().find(|ask| ask.review == Some(review)).unwrap();
    assert!(
        ask.steps.iter().any(|(_, step)| step.contains("does not answer the proposal; tried again in 4 s")),
        "{:?}",
        ask.steps
    );
    world.dead = None;
    assert!(world.run_until(3 * MINUTE, |world| !troubled(world)), "{:?}", last_proposal(&world, ALICE));
    answer_theirs(&mut world, BOB, Answer::Approve);
    until(&mut world, ALICE, ProposalState::Accepted);
    assert_eq!(last_proposal(&world, ALICE).trouble, None);
}

#[test]
fn who_is_asked_hears_that_the_proposal_was_taken_back() {
    let mut world = friends(24, Link::GOOD);
    propose(&mut world, ALICE, "none").unwrap();
    until_considered(&mut world, BOB);
    let proposal = last_proposal(&world, ALICE).id;
    world.command(ALICE, Command::TakeBack(TakeBack::Proposal(proposal))).unwrap();
    assert!(world.run_until(MINUTE, |world| considered(world, BOB).is_none()));
    let told = |event: &Event| matches!(event, Event::Notice(notice) if notice.code == "proposal-taken-back");
    assert_eq!(world.nodes[BOB].events.iter().filter(|event| told(event)).count(), 1);
}
