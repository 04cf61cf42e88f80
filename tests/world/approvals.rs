//! Reviews that a rule approves without asking, and quiet hours.

use std::time::Duration;

use sottovoce::agent::{
    AgentConfig, AnswerMode, AskState, CallState, Command, ContactChange, ContactCommand, Event, FollowerState,
    GroupChange, GroupCommand, OpenReview, ReviewState, UnknownWatchers,
};
use sottovoce::policy::{setkey, Action, ApprovalRule, PeerScope, QuietHours, Scope, Wanted};
use sottovoce::vocab::Entity;

use crate::common::config::agent;
use crate::common::node::Dies;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const ALICE: &str = "sip:alice@192.168.1.1";
const BOB: &str = "sip:bob@192.168.1.2";
const ESP: &str = "ipsec esp/transport//require";

fn rules(text: &str) -> Action {
    setkey::parse_action(text).unwrap()
}

fn rule(least: &str) -> ApprovalRule {
    ApprovalRule {
        name: "office".into(),
        groups: Vec::new(),
        relations: Vec::new(),
        ours: vec![Scope::Private],
        theirs: vec![Scope::Private],
        least: rules(least),
        new_keys: true,
    }
}

/// Alice has this rule; Bob asks for `action`.
fn ruled(rule: ApprovalRule, action: &str) -> World {
    let mut world = World::new(101, Link::GOOD);
    let mut alice = agent("alice", "192.168.1.1", "none");
    alice.prompts.approvals = vec![rule];
    world.add("alice", alice);
    world.add("bob", agent("bob", "192.168.1.2", action));
    world
}

fn asked(world: &mut World, wanted: Wanted) -> OpenReview {
    let id = world.ask_for(0, BOB, None, wanted, None);
    let settled = |world: &World| world.the_ask(0, id).state != AskState::Asking;
    assert!(world.run_until(MINUTE, settled), "{:?}", world.the_ask(0, id));
    let review = world.the_ask(0, id).review.expect("a review");
    world.nodes[0].agent.review(review).unwrap().clone()
}

fn is_approved(open: &OpenReview) -> bool {
    matches!(open.state, ReviewState::Registered { .. })
}

#[test]
fn what_is_at_least_as_tight_is_approved_and_the_rule_is_named() {
    let mut world = ruled(rule(ESP), ESP);
    let open = asked(&mut world, Wanted::BOTH);
    assert!(is_approved(&open), "{:?}", open.state);
    assert_eq!(open.rule.as_deref(), Some("\"office\""));
    let row = world.nodes[0].store.audit.iter().find(|row| row.kind == "approved").unwrap();
    assert!(row.detail.contains("answered by rule \"office\""), "{row:?}");
    assert_eq!(world.nodes[0].agent.pins().count(), 1);
}

#[test]
fn what_is_looser_is_asked() {
    for action in ["none", "ipsec esp/transport//use", "ipsec ah/transport//require"] {
        let open = asked(&mut ruled(rule(ESP), action), Wanted::BOTH);
        assert_eq!((open.state, open.rule), (ReviewState::Pending, None), "{action}");
    }
}

#[test]
fn only_policy_asked_is_never_approved_by_a_rule() {
    let everywhere = ApprovalRule { ours: Vec::new(), theirs: Vec::new(), ..rule("none") };
    let mut world = ruled(everywhere, ESP);
    let open = asked(&mut world, Wanted { presence: false, policy: true, watchers: false });
    assert_eq!(open.state, ReviewState::Pending);
}

/// The peer withholds where it is: no rule may take its word for what it does not say.
#[test]
fn surroundings_that_are_withheld_are_asked() {
    let everywhere = ApprovalRule { ours: Vec::new(), theirs: Vec::new(), ..rule("none") };
    let mut world = ruled(everywhere, ESP);
    world.nodes.remove(1);
    world.add("bob", AgentConfig { unknown_watchers: UnknownWatchers::Policy, ..agent("bob", "192.168.1.2", ESP) });
    assert_eq!(asked(&mut world, Wanted::BOTH).state, ReviewState::Pending);
}

#[test]
fn new_keys_are_pinned_by_a_rule_only_where_it_says_so_and_changed_ones_never() {
    let mut world = ruled(ApprovalRule { new_keys: false, ..rule(ESP) }, ESP);
    assert_eq!(asked(&mut world, Wanted::BOTH).state, ReviewState::Pending);
    let mut world = ruled(rule(ESP), ESP);
    assert!(is_approved(&asked(&mut world, Wanted::BOTH)));
    world.nodes.remove(1);
    let mut eve = agent("bob", "192.168.1.2", ESP);
    eve.identity = agent("eve", "192.168.1.2", ESP).identity;
    let print = eve.identity.fingerprint();
    world.add("eve", eve);
    let id = world.ask_for(0, BOB, None, Wanted::BOTH, Some(print));
    assert!(world.run_until(MINUTE, |world| world.the_ask(0, id).state != AskState::Asking));
    assert!(matches!(world.the_ask(0, id).state, AskState::Reviewing(_)), "{:?}", world.the_ask(0, id).state);
}

/// In the office "none" is enough, and the user approved more: no rule takes that back.
#[test]
fn what_the_user_approved_before_is_never_loosened_by_a_rule() {
    let mut world = ruled(rule("none"), "none");
    let ask = world.ask(0, BOB, Some(ESP));
    assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(0, ask).state, AskState::Registered { .. })));
    assert_eq!(asked(&mut world, Wanted::BOTH).state, ReviewState::Pending);
}

#[test]
fn a_group_approves_what_its_members_ask_once_their_keys_are_pinned() {
    let mut world = World::new(102, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", ESP));
    let change = ContactChange { group: Some("friend".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Bob".into(), peer: BOB.into(), change };
    world.command(0, Command::Contact(add)).unwrap();
    let change = GroupChange { approve: Some(Some(rules(ESP))), ..GroupChange::default() };
    world.command(0, Command::Group(GroupCommand::Set { name: "friend".into(), change })).unwrap();
    assert_eq!(asked(&mut world, Wanted::BOTH).state, ReviewState::Pending, "a name proves nothing");
    let ask = world.ask(0, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(0, ask).state, AskState::Registered { .. })));
    let open = asked(&mut world, Wanted::BOTH);
    assert!(is_approved(&open), "{:?}", open.state);
    assert_eq!(open.rule.as_deref(), Some("of group friend"));
}

/// Alice has pinned Bob's keys, keeps nothing for his device, and has `own` for everybody, Bob's name or his group.
fn pinned_only(own: &str, scope: PeerScope) -> World {
    let mut world = World::new(104, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", agent("bob", "192.168.1.2", ESP));
    let change = ContactChange { group: Some("friend".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Bob".into(), peer: BOB.into(), change };
    world.command(0, Command::Contact(add)).unwrap();
    let change = GroupChange { approve: Some(Some(rules(ESP))), ..GroupChange::default() };
    world.command(0, Command::Group(GroupCommand::Set { name: "friend".into(), change })).unwrap();
    let ask = world.ask(0, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(0, ask).state, AskState::Registered { .. })));
    let entry = world.nodes[0].agent.entries()[0].id;
    world.command(0, Command::PolicyRemove { entry }).unwrap();
    world.run_for(SECOND);
    world.command(0, Command::PolicyAddFor { text: own.into(), scope }).unwrap();
    world.run_for(SECOND);
    world
}

#[test]
fn what_the_user_says_for_an_entity_a_group_or_an_address_is_never_loosened_by_a_rule() {
    let entity = || PeerScope { entity: Entity::parse(BOB).ok(), ..PeerScope::default() };
    let group = || PeerScope { group: Some("friend".into()), ..PeerScope::default() };
    let both = "ipsec esp/transport//require ah/transport//require";
    for (own, scope, asks) in [
        (format!("spdadd any any udp -P out {both};"), entity(), true),
        (format!("spdadd any any udp -P out {both};"), group(), true),
        (format!("spdadd any 192.168.1.2 udp -P out {both};"), PeerScope::default(), true),
        (format!("spdadd any 192.168.1.2[5004] udp -P out {both};"), PeerScope::default(), true),
        ("spdadd any any udp -P out discard;".to_owned(), entity(), true),
        ("spdadd any any udp -P out ipsec esp/transport//use;".to_owned(), entity(), false),
        (format!("spdadd any any udp -P out {both}; # sv: priority=7"), entity(), false),
        (format!("spdadd any 192.168.1.3 udp -P out {both};"), PeerScope::default(), false),
    ] {
        let open = asked(&mut pinned_only(&own, scope), Wanted::BOTH);
        let expected = if asks { None } else { Some("of group friend") };
        assert_eq!((open.rule.as_deref(), is_approved(&open)), (expected, !asks), "{own}");
    }
}

/// Nobody is told to answer what a rule answers.
#[test]
fn an_ask_that_a_rule_answers_never_waits_for_its_user() {
    // The store is slow: what it has not said yet is seen at each of its answers.
    let mut registers = false;
    for at in 0..4 {
        let mut world = ruled(rule(ESP), ESP);
        world.nodes[0].dies = Some(Dies { at, durable: false });
        let id = world.ask_for(0, BOB, None, Wanted::BOTH, None);
        world.run_for(MINUTE);
        let open = world.the_ask(0, id).review.and_then(|review| world.nodes[0].agent.review(review));
        registers |= open.is_some_and(|open| open.state == ReviewState::Storing);
        let waits = matches!(world.the_ask(0, id).state, AskState::Reviewing(_));
        assert!(!waits, "{at}: {:?}", world.the_ask(0, id));
    }
    assert!(registers);
}

/// The world begins at midnight; it is quiet until seven.
fn asleep() -> AgentConfig {
    let mut bob = AgentConfig { answer: AnswerMode::Prompt, ..agent("bob", "192.168.1.2", "none") };
    bob.prompts.quiet = Some(QuietHours { from: 22 * 60, to: 7 * 60, zone: jiff::tz::TimeZone::UTC });
    bob
}

fn night() -> World {
    let mut world = World::new(103, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", "none"));
    world.add("bob", asleep());
    world
}

fn befriend(world: &mut World, group: &str) {
    let ask = world.ask(1, ALICE, Some("approve"));
    assert!(world.run_until(MINUTE, |w| matches!(w.the_ask(1, ask).state, AskState::Registered { .. })));
    let change = ContactChange { group: Some(group.into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Alice".into(), peer: ALICE.into(), change };
    world.command(1, Command::Contact(add)).unwrap();
}

fn rings(world: &World) -> bool {
    world.nodes[1].agent.calls().any(|call| call.state == CallState::Incoming)
}

#[test]
fn a_call_in_quiet_hours_does_not_ring_unless_its_group_does() {
    for (group, through) in [("friend", false), ("family", true)] {
        let mut world = night();
        befriend(&mut world, group);
        let id = world.call(0, BOB, Some("approve"), 5);
        let over = |world: &World| world.call_is_over(0, id) || rings(world);
        assert!(world.run_until(MINUTE, over), "{:?}", world.the_call(0, id));
        assert_eq!(rings(&world), through, "{group}");
        let refused = world.wire.overheard.iter().any(|parcel| match parcel {
            Parcel::Sip { bytes, .. } => {
                let text = String::from_utf8_lossy(bytes);
                text.starts_with("SIP/2.0 480 ") && text.contains("Retry-After: 2")
            }
            Parcel::Media { .. } => false,
        });
        assert_eq!(refused, !through, "{group}: seven hours are 25200 seconds");
        if let CallState::Failed(failure) = &world.the_call(0, id).state {
            assert!(failure.next.contains("it can be reached again in 6 h 59 min"), "{failure}");
        }
        assert_eq!(matches!(world.the_call(0, id).state, CallState::Failed(_)), !through);
    }
}

#[test]
fn by_day_it_rings() {
    let mut world = night();
    world.run_for(8 * HOUR);
    befriend(&mut world, "friend");
    let id = world.call(0, BOB, Some("approve"), 5);
    assert!(world.run_until(MINUTE, rings), "{:?}", world.the_call(0, id));
}

#[test]
fn a_watcher_of_the_night_waits_unheard_and_is_told_of_in_the_morning() {
    let mut world = night();
    world.nodes.remove(1);
    world.add("bob", AgentConfig { unknown_watchers: UnknownWatchers::Ask, ..asleep() });
    world.command(0, Command::Watch { peer: BOB.into() }).unwrap();
    world.run_for(2 * SECOND);
    let heard = |world: &World, code: &str| {
        let is = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == code);
        world.nodes[1].events.iter().filter(is).count()
    };
    assert_eq!(
        (world.nodes[1].agent.followers()[0].state, heard(&world, "stranger-asks")),
        (FollowerState::Pending, 0)
    );
    world.run_for(6 * HOUR);
    assert_eq!((world.nodes[1].agent.followers().len(), heard(&world, "quiet-over")), (1, 0), "its time has not begun");
    world.run_for(HOUR + MINUTE);
    assert_eq!((heard(&world, "quiet-over"), world.nodes[1].agent.followers().len()), (1, 1));
    let given_up = |world: &World| {
        let gave_up = |parcel: &Parcel| matches!(parcel, Parcel::Sip { bytes, .. } if String::from_utf8_lossy(bytes).contains("reason=giveup"));
        world.wire.overheard.iter().any(gave_up)
    };
    assert!(!given_up(&world));
    world.run_for(11 * MINUTE);
    assert!(given_up(&world), "ten minutes after seven");
}

/// Only our own user is told why somebody whose group rings did not.
#[test]
fn who_did_not_ring_for_want_of_an_approved_key_is_said_here_and_not_to_him() {
    let mut world = night();
    let change = ContactChange { group: Some("family".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Alice".into(), peer: ALICE.into(), change };
    world.command(1, Command::Contact(add)).unwrap();
    let id = world.call(0, BOB, Some("approve"), 5);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(0, id)), "{:?}", world.the_call(0, id));
    let here = world.nodes[1].agent.calls().last().unwrap();
    let CallState::Ended { reason } = &here.state else { panic!("{here:?}") };
    assert!(reason.contains("family in your contacts, but its key is not approved"), "{reason}");
    let said = world.wire.overheard.iter().any(|parcel| match parcel {
        Parcel::Sip { bytes, .. } => String::from_utf8_lossy(bytes).contains("family"),
        Parcel::Media { .. } => false,
    });
    assert!(!said, "not on the wire");
}
