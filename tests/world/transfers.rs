//! Three agents: Bob transfers his call with Alice to Carol.

use std::time::Duration;

use sottovoce::agent::{
    AnswerMode, AskState, Call, CallState, Command, Event, TransferRequest, TransferState, TransferTo,
};
use sottovoce::policy::Answer;
use sottovoce::vocab::{CallId, Entity, Failure, FailureKind};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;
const HOSTS: [&str; 3] = ["192.168.1.1", "192.168.1.2", "192.168.1.3"];
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const MINUTE: Duration = Duration::from_secs(60);
const ESP: &str = "ipsec esp/transport//require";

/// All three demand protection of everybody, and answer as said.
fn three(answer: AnswerMode) -> World {
    let mut world = World::new(11, Link::GOOD);
    for (name, host) in NAMES.into_iter().zip(HOSTS) {
        let mut config = agent(name, host, ESP);
        config.answer = answer;
        world.add(name, config);
    }
    world
}

fn entity(node: usize) -> String {
    format!("sip:{}@{}", NAMES[node], HOSTS[node])
}

fn approve(world: &mut World, who: usize, whom: usize) {
    let ask = world.ask(who, &entity(whom), Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(who, ask).state, AskState::Registered { .. })));
}

/// The newest call of a node.
fn newest(world: &World, node: usize) -> Call {
    world.nodes[node].agent.calls().last().expect("a call").clone()
}

/// A call that stands, with its number at either end.
fn talking(world: &mut World, caller: usize, callee: usize) -> (CallId, CallId) {
    let ours = world.call(caller, &entity(callee), Some("approve"), 600);
    if !world.run_until(MINUTE, |world| world.the_call(caller, ours).state == CallState::Active) {
        let theirs = newest(world, callee).id;
        world.command(callee, Command::AnswerCall { call: theirs }).unwrap();
    }
    let stands = |world: &World| newest(world, callee).state == CallState::Active;
    assert!(world.run_until(MINUTE, stands), "{:?}", world.the_call(caller, ours));
    (ours, newest(world, callee).id)
}

fn transfer(world: &mut World, call: CallId, to: TransferTo) -> Result<(), Failure> {
    world.command(BOB, Command::Transfer(TransferRequest { call, to })).map(drop)
}

fn to_carol() -> TransferTo {
    TransferTo::Peer("carol@192.168.1.3".into())
}

fn state(world: &World, call: CallId) -> TransferState {
    world.the_call(BOB, call).transfer.clone().expect("a transfer").state
}

fn is_over(state: &TransferState) -> bool {
    matches!(state, TransferState::Done | TransferState::Failed(_))
}

/// Runs until Bob knows what became of it.
fn settled(world: &mut World, call: CallId) -> TransferState {
    assert!(world.run_until(5 * MINUTE, |world| is_over(&state(world, call))), "{:?}", state(world, call));
    world.run_for(Duration::from_secs(2));
    state(world, call)
}

fn sip_to(world: &World, node: usize) -> usize {
    let to = |parcel: &&Parcel| matches!(parcel, Parcel::Sip { to, .. } if to.ip().to_string() == HOSTS[node]);
    world.wire.overheard.iter().filter(to).count()
}

fn clear_on_the_wire(world: &World) -> usize {
    world.wire.seen.iter().filter(|bytes| bytes.first().is_some_and(|octet| octet >> 6 == 2)).count()
}

fn reason(call: &Call) -> &str {
    match &call.state {
        CallState::Ended { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn is_active(world: &World, node: usize) -> bool {
    newest(world, node).state == CallState::Active
}

#[test]
fn who_approved_both_is_transferred_without_a_question() {
    let mut world = three(AnswerMode::Auto);
    approve(&mut world, ALICE, CAROL);
    let (hers, his) = talking(&mut world, ALICE, BOB);
    transfer(&mut world, his, to_carol()).unwrap();
    assert_eq!(settled(&mut world, his), TransferState::Done);
    assert_eq!(reason(world.the_call(BOB, his)), "transferred to sip:carol@192.168.1.3");
    let (old, new) = (world.the_call(ALICE, hers).clone(), newest(&world, ALICE));
    assert_eq!((old.successor, old.wants), (Some(new.id), Some(new.id)));
    assert!(reason(&old).starts_with("the peer hung up"), "{old:?}");
    assert_eq!((new.wanted_by, new.bundle.as_str()), (Some(hers), "esp"));
    world.run_for(Duration::from_secs(5));
    assert!(is_active(&world, ALICE) && is_active(&world, CAROL));
    assert!(newest(&world, CAROL).counters.received > 200, "{:?}", newest(&world, CAROL));
    assert_eq!(clear_on_the_wire(&world), 0, "no packet in clear, to nobody");
    let rows = |node: usize| world.nodes[node].store.audit.iter().filter(|row| row.kind == "transfer").count();
    assert_eq!((rows(ALICE), rows(BOB)), (1, 2));
}

/// Alice has approved nobody but Bob: nothing goes to Carol before she says so, and then the review comes first.
#[test]
fn an_unapproved_target_is_the_users_decision_and_reviewed_as_any_call() {
    let mut world = three(AnswerMode::Auto);
    let (hers, his) = talking(&mut world, ALICE, BOB);
    transfer(&mut world, his, to_carol()).unwrap();
    world.run_for(MINUTE);
    let new = newest(&world, ALICE);
    assert_eq!((&new.state, new.wanted_by), (&CallState::Wanted, Some(hers)));
    assert_eq!((state(&world, his), sip_to(&world, CAROL)), (TransferState::Trying, 0));
    world.command(ALICE, Command::AnswerCall { call: new.id }).unwrap();
    let waits = |world: &World| matches!(newest(world, ALICE).state, CallState::Reviewing(_));
    assert!(world.run_until(MINUTE, waits), "{:?}", newest(&world, ALICE));
    assert_eq!(world.nodes[CAROL].agent.calls().count(), 0, "nothing rings before the answer");
    let CallState::Reviewing(review) = newest(&world, ALICE).state else { panic!() };
    world.command(ALICE, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    assert_eq!(settled(&mut world, his), TransferState::Done);
    assert!(is_active(&world, ALICE) && is_active(&world, CAROL));
    assert_eq!(clear_on_the_wire(&world), 0);
}

/// A stranger does not choose whom Alice talks to, even among those whom she approved.
#[test]
fn a_stranger_who_transfers_is_always_the_users_decision() {
    let mut world = three(AnswerMode::Auto);
    approve(&mut world, ALICE, CAROL);
    let (his, hers) = talking(&mut world, BOB, ALICE);
    assert!(!world.the_call(ALICE, hers).known);
    transfer(&mut world, his, to_carol()).unwrap();
    world.run_for(MINUTE);
    assert_eq!(newest(&world, ALICE).state, CallState::Wanted);
    let wanted = newest(&world, ALICE).id;
    world.command(ALICE, Command::AnswerCall { call: wanted }).unwrap();
    assert_eq!(settled(&mut world, his), TransferState::Done);
}

/// Or he would hear which accounts are Alice's. She does not call herself all the same.
#[test]
fn a_stranger_who_transfers_to_an_account_of_hers_is_answered_as_for_anybody() {
    for target in ["sip:al@secret.example", "sip:nobody@secret.example"] {
        let mut world = three(AnswerMode::Auto);
        let account = crate::common::config::account(&Entity::parse("sip:al@secret.example").unwrap(), "192.168.1.9");
        world.command(ALICE, Command::AddAccount(Box::new(account))).unwrap();
        let (his, hers) = talking(&mut world, BOB, ALICE);
        assert!(!world.the_call(ALICE, hers).known);
        transfer(&mut world, his, TransferTo::Peer(target.into())).unwrap();
        world.run_for(Duration::from_secs(5));
        let wanted = newest(&world, ALICE);
        assert_eq!(wanted.state, CallState::Wanted, "{target}");
        let answered = world.command(ALICE, Command::AnswerCall { call: wanted.id });
        let herself = answered.is_err_and(|failure| failure.code == "that-is-you");
        assert_eq!(herself, target.contains(":al@"));
        assert!(is_over(&settled(&mut world, his)), "{target}");
    }
}

#[test]
fn a_refused_and_an_undecided_transfer_keep_the_call() {
    let mut world = three(AnswerMode::Auto);
    let (hers, his) = talking(&mut world, ALICE, BOB);
    for decided in [true, false] {
        transfer(&mut world, his, to_carol()).unwrap();
        world.run_for(Duration::from_secs(2));
        if decided {
            let wanted = newest(&world, ALICE).id;
            world.command(ALICE, Command::RejectCall { call: wanted }).unwrap();
        }
        let TransferState::Failed(failure) = settled(&mut world, his) else { panic!() };
        assert_eq!((failure.kind, failure.code), (FailureKind::RefusedByUser, "transfer-declined"));
        assert!(failure.message.ends_with("603 Decline; the call is kept"), "{}", failure.message);
        assert!(world.nodes[BOB].events.contains(&Event::Notice(failure)));
        let expected = if decided { "you refused it" } else { "nobody here decided on it" };
        assert_eq!(reason(&newest(&world, ALICE)), expected);
        assert_eq!(world.the_call(ALICE, hers).state, CallState::Active);
        assert_eq!(world.the_call(BOB, his).state, CallState::Active);
    }
    assert_eq!(sip_to(&world, CAROL), 0, "nobody asked her anything");
}

#[test]
fn a_target_that_refuses_or_is_not_there_keeps_the_call() {
    let mut world = three(AnswerMode::Auto);
    approve(&mut world, ALICE, CAROL);
    let (hers, his) = talking(&mut world, ALICE, BOB);
    world.dead = Some(HOSTS[CAROL].parse().unwrap());
    transfer(&mut world, his, to_carol()).unwrap();
    let TransferState::Failed(failure) = settled(&mut world, his) else { panic!() };
    assert_eq!((failure.kind, failure.code), (FailureKind::Unreachable, "target-unreachable"));
    assert_eq!(world.the_call(ALICE, hers).state, CallState::Active);
    world.dead = None;
    let text = "spdadd any any udp -P out discard; # sv: priority=10".to_owned();
    world.command(CAROL, Command::PolicyAdd { text }).unwrap();
    transfer(&mut world, his, to_carol()).unwrap();
    world.run_for(Duration::from_secs(5));
    // What Carol's refusal is about is put to Alice, as after any call.
    if let CallState::Reviewing(review) = newest(&world, ALICE).state {
        world.command(ALICE, Command::AnswerReview { review, answer: Answer::Refuse, by: "test" }).unwrap();
    }
    let TransferState::Failed(failure) = settled(&mut world, his) else { panic!() };
    assert_ne!(failure.kind, FailureKind::Unreachable, "{failure:?}");
    assert_eq!(world.the_call(ALICE, hers).state, CallState::Active);
}

/// RFC 5589 section 7: Bob talks to both, and steps out.
#[test]
fn an_attended_transfer_leaves_one_call_of_three_people() {
    for (answer, held) in [(AnswerMode::Auto, false), (AnswerMode::Prompt, true)] {
        let mut world = three(answer);
        approve(&mut world, ALICE, CAROL);
        approve(&mut world, CAROL, ALICE);
        let (hers, first) = talking(&mut world, ALICE, BOB);
        if held {
            world.command(BOB, Command::Hold { call: first, wanted: true }).unwrap();
            world.run_for(Duration::from_secs(1));
            assert!(world.the_call(BOB, first).on_hold);
        }
        let (second, carols) = talking(&mut world, BOB, CAROL);
        world.command(CAROL, Command::Mute { call: carols, muted: held }).unwrap();
        transfer(&mut world, first, TransferTo::Call(second)).unwrap();
        assert_eq!(settled(&mut world, first), TransferState::Done, "{answer:?}");
        for call in [first, second] {
            assert!(world.call_is_over(BOB, call), "{:?}", world.the_call(BOB, call));
        }
        let (old, new) = (world.the_call(CAROL, carols).clone(), newest(&world, CAROL));
        assert_eq!((old.successor, new.replaces), (Some(new.id), Some(carols)));
        assert_eq!(new.muted, held, "who muted herself is not heard by the next one");
        assert_eq!(reason(&old), format!("call {} took its place", new.id));
        assert!(world.call_is_over(ALICE, hers));
        world.run_for(Duration::from_secs(3));
        assert!(is_active(&world, ALICE) && is_active(&world, CAROL));
        assert_eq!(clear_on_the_wire(&world), 0);
    }
}

/// Carol has not approved Alice: that she knows the tags of Carol's call proves nothing.
#[test]
fn a_stranger_takes_no_place_unless_the_user_answers_it() {
    for answer in [AnswerMode::Auto, AnswerMode::Prompt] {
        let mut world = three(answer);
        approve(&mut world, ALICE, CAROL);
        let (hers, first) = talking(&mut world, ALICE, BOB);
        let (second, carols) = talking(&mut world, BOB, CAROL);
        transfer(&mut world, first, TransferTo::Call(second)).unwrap();
        world.run_for(Duration::from_secs(5));
        assert_eq!(world.the_call(CAROL, carols).state, CallState::Active, "{answer:?}");
        assert_eq!(world.the_call(BOB, second).state, CallState::Active);
        if answer == AnswerMode::Auto {
            assert!(matches!(settled(&mut world, first), TransferState::Failed(_)));
            assert_eq!(world.the_call(ALICE, hers).state, CallState::Active);
            continue;
        }
        let new = newest(&world, CAROL);
        assert_eq!((&new.state, new.replaces), (&CallState::Incoming, Some(carols)));
        world.command(CAROL, Command::AnswerCall { call: new.id }).unwrap();
        assert_eq!(settled(&mut world, first), TransferState::Done);
        assert!(world.call_is_over(CAROL, carols));
    }
}

#[test]
fn what_cannot_be_transferred_is_refused_at_once_and_says_why() {
    let mut world = three(AnswerMode::Auto);
    let (_, his) = talking(&mut world, ALICE, BOB);
    let refused = |world: &mut World, call: CallId, to: TransferTo| transfer(world, call, to).unwrap_err().code;
    let peer = |text: &str| TransferTo::Peer(text.into());
    assert_eq!(refused(&mut world, CallId(99), to_carol()), "no-such-call");
    assert_eq!(refused(&mut world, his, peer("bob@192.168.1.2")), "that-is-you");
    assert_eq!(refused(&mut world, his, peer("alice@192.168.1.1")), "that-is-the-peer");
    assert_eq!(refused(&mut world, his, peer("bob@10.1")), "peer-unreadable");
    assert_eq!(refused(&mut world, his, TransferTo::Call(his)), "that-is-the-peer");
    assert_eq!(refused(&mut world, his, TransferTo::Call(CallId(99))), "no-such-call");
    transfer(&mut world, his, to_carol()).unwrap();
    assert_eq!(refused(&mut world, his, to_carol()), "transfer-under-way");
    world.command(BOB, Command::Hangup { call: Some(his) }).unwrap();
    world.run_for(Duration::from_secs(2));
    assert_eq!(refused(&mut world, his, to_carol()), "no-such-call");
    assert_eq!(state(&world, his), TransferState::Trying, "what was asked is not taken back by hanging up");
    let wanted = newest(&world, ALICE).id;
    world.command(ALICE, Command::RejectCall { call: wanted }).unwrap();
    let TransferState::Failed(failure) = settled(&mut world, his) else { panic!() };
    assert!(failure.message.ends_with("603 Decline"), "{}", failure.message);
}

/// An agent that rejects calls places none for others either.
#[test]
fn who_rejects_calls_is_not_transferred() {
    let mut world = World::new(12, Link::GOOD);
    for (name, host) in NAMES.into_iter().zip(HOSTS) {
        let mut config = agent(name, host, ESP);
        config.answer = if name == "alice" { AnswerMode::Reject } else { AnswerMode::Auto };
        world.add(name, config);
    }
    let (_, his) = talking(&mut world, ALICE, BOB);
    transfer(&mut world, his, to_carol()).unwrap();
    let TransferState::Failed(failure) = settled(&mut world, his) else { panic!() };
    assert_eq!(failure.code, "transfer-declined");
    assert_eq!(world.nodes[ALICE].agent.calls().count(), 1);
}

#[test]
fn somebody_is_named_by_the_e_mail_address_that_the_book_knows() {
    let mut world = three(AnswerMode::Auto);
    approve(&mut world, BOB, CAROL);
    let mail = Some("carol@example.org".to_owned());
    let rename =
        Command::PresenceRename { entity: Entity::parse(&entity(CAROL)).unwrap(), user: None, place: None, mail };
    world.command(BOB, rename).unwrap();
    let (_, bobs) = talking(&mut world, ALICE, BOB);
    let failure = transfer(&mut world, bobs, TransferTo::Peer("+493012345678".into())).unwrap_err();
    assert_eq!(failure.code, "no-phone-account");
    transfer(&mut world, bobs, TransferTo::Peer("mailto:carol@example.org".into())).unwrap();
    assert_eq!(world.the_call(BOB, bobs).transfer.as_ref().unwrap().target, entity(CAROL));
}
