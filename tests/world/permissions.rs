//! What each watcher is told: by its group, by an answer, and at once when either changes.

use std::time::Duration;

use sottovoce::agent::{
    AgentConfig, AskState, Command, ContactChange, ContactCommand, Event, Follower, FollowerState, GroupChange,
    GroupCommand, UnknownWatchers, WatchState, WatcherCommand,
};
use sottovoce::policy::{Permission, Surroundings};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const ALICE: &str = "sip:alice@192.168.1.1";
const BOB: &str = "sip:bob@192.168.1.2";

fn bob(unknown: UnknownWatchers) -> AgentConfig {
    AgentConfig { unknown_watchers: unknown, ..agent("bob", "192.168.1.2", "none") }
}

fn two(unknown: UnknownWatchers) -> World {
    let mut world = World::new(81, Link::GOOD);
    world.add_on_disk("alice", agent("alice", "192.168.1.1", "none"));
    world.add_on_disk("bob", bob(unknown));
    world
}

/// Bob has approved Alice, who is in this group of his, and follows him.
fn followed(group: &str) -> World {
    let mut world = two(UnknownWatchers::Policy);
    approve(&mut world, 1, ALICE);
    let change = ContactChange { group: Some(group.into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Alice".into(), peer: ALICE.into(), change };
    world.command(1, Command::Contact(add)).unwrap();
    watch(&mut world);
    world
}

fn approve(world: &mut World, node: usize, peer: &str) {
    let ask = world.ask(node, peer, Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(node, ask).state);
}

fn watch(world: &mut World) {
    world.command(0, Command::Watch { peer: BOB.into() }).unwrap();
    world.run_for(2 * SECOND);
}

fn set(world: &mut World, group: &str, watchers: Permission) {
    let change = GroupChange { watchers: Some(watchers), ..GroupChange::default() };
    world.command(1, Command::Group(GroupCommand::Set { name: group.into(), change })).unwrap();
}

fn decide(world: &mut World, whom: &str, permission: Permission) {
    let what = WatcherCommand::Decide { whom: whom.into(), permission };
    world.command(1, Command::Watchers(what)).unwrap_or_else(|failure| panic!("{whom}: {failure:?}"));
}

fn state(world: &World) -> WatchState {
    world.nodes[0].agent.watches().next().expect("a watch").state.clone()
}

fn follower(world: &World) -> Follower {
    world.nodes[1].agent.followers().into_iter().next().expect("a follower")
}

/// Where Bob is, as Alice knows.
fn place(world: &World) -> Option<String> {
    let mut rows = world.nodes[0].agent.presences().filter(|row| row.entity.as_str() == BOB);
    rows.next()?.place.as_ref().map(|place| place.raw().to_owned())
}

/// The bodies of what Bob has sent to Alice so far.
fn told(world: &World) -> Vec<String> {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { from, bytes, .. } if from.ip().to_string() == "192.168.1.2" && bytes.starts_with(b"NOTIFY ") => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        _ => None,
    };
    world.wire.overheard.iter().filter_map(text).collect()
}

#[test]
fn the_group_of_a_watcher_says_what_it_is_told_and_a_change_takes_effect_at_once() {
    let mut world = followed("friend");
    assert_eq!((place(&world).as_deref(), follower(&world).told), (Some("office"), Some(Permission::Allow)));
    let shown = follower(&world);
    assert_eq!((shown.contact.as_deref(), shown.group.as_deref()), (Some("Alice"), Some("friend")));
    let before = told(&world).len();
    set(&mut world, "friend", Permission::PolicyOnly);
    world.run_for(SECOND);
    let news = told(&world).split_off(before);
    assert_eq!(news.len(), 1, "at once, and once");
    assert!(news[0].contains("sv:policy") && !news[0].contains("office"), "{}", news[0]);
    assert!(!news[0].contains("sv:environment"), "{}", news[0]);
    set(&mut world, "friend", Permission::PoliteBlock);
    world.run_for(SECOND);
    let last = told(&world).pop().unwrap();
    assert!(last.contains("<basic>closed</basic>") && !last.contains("sv:policy"), "{last}");
    assert!(last.contains("Subscription-State: active"), "it does not learn that it is blocked: {last}");
    set(&mut world, "friend", Permission::Block);
    world.run_for(SECOND);
    let last = told(&world).pop().unwrap();
    assert!(last.contains("terminated;reason=rejected"), "{last}");
    assert!(matches!(state(&world), WatchState::Refused(_)), "{:?}", state(&world));
    assert_eq!(world.nodes[1].agent.followers().len(), 0);
}

#[test]
fn another_group_is_another_permission_too() {
    let mut world = followed("friend");
    set(&mut world, "acquaintance", Permission::PolicyOnly);
    let before = told(&world).len();
    let change = ContactChange { group: Some("acquaintance".into()), ..ContactChange::default() };
    world.command(1, Command::Contact(ContactCommand::Set { contact: "alice".into(), change })).unwrap();
    world.run_for(SECOND);
    assert_eq!(told(&world).len(), before + 1);
    assert_eq!(follower(&world).told, Some(Permission::PolicyOnly));
}

/// Alice is asked for by name only: that she holds her keys is not proven to Bob, who has approved none.
#[test]
fn a_name_alone_gets_nothing_of_its_group() {
    let mut world = two(UnknownWatchers::Policy);
    let change = ContactChange { group: Some("family".into()), ..ContactChange::default() };
    let add = ContactCommand::Add { name: "Alice".into(), peer: ALICE.into(), change };
    world.command(1, Command::Contact(add)).unwrap();
    watch(&mut world);
    assert_eq!(place(&world), None);
    let shown = follower(&world);
    assert_eq!((shown.who, shown.group, shown.told), (None, None, Some(Permission::PolicyOnly)));
    assert_eq!(shown.claims.as_deref(), Some(ALICE));
}

#[test]
fn a_watcher_of_a_group_that_asks_waits_and_the_answer_decides() {
    for (permission, tells_place) in [(Permission::Allow, true), (Permission::PolicyOnly, false)] {
        let mut world = two(UnknownWatchers::Ask);
        watch(&mut world);
        assert_eq!(state(&world), WatchState::Pending);
        let waits = follower(&world);
        let id = waits.id.expect("a number").to_string();
        assert_eq!((waits.state, waits.told, waits.until.is_some()), (FollowerState::Pending, None, true));
        decide(&mut world, &id, permission);
        world.run_for(5 * SECOND);
        assert!(matches!(state(&world), WatchState::Active { .. }), "{:?}", state(&world));
        assert_eq!(place(&world).is_some(), tells_place, "{permission}");
        assert_eq!(follower(&world).told, Some(permission));
        world.restart(1, bob(UnknownWatchers::Ask));
        assert_eq!(world.nodes[1].agent.watcher_rules().next().map(|rule| rule.permission), Some(permission));
    }
}

#[test]
fn a_watcher_that_is_blocked_is_told_so_and_an_answer_taken_back_counts_no_more() {
    let mut world = two(UnknownWatchers::Ask);
    watch(&mut world);
    let id = follower(&world).id.unwrap().to_string();
    decide(&mut world, &id, Permission::Block);
    world.run_for(SECOND);
    assert!(matches!(state(&world), WatchState::Refused(_)), "{:?}", state(&world));
    let last = told(&world).pop().unwrap();
    assert!(last.contains("terminated;reason=rejected"), "{last}");
    let rule = world.nodes[1].agent.watcher_rules().next().unwrap().clone();
    let forget = WatcherCommand::Forget { whom: rule.watcher[..8].into() };
    world.command(1, Command::Watchers(forget)).unwrap();
    assert_eq!(world.nodes[1].agent.watcher_rules().count(), 0);
    watch(&mut world);
    assert_eq!(state(&world), WatchState::Pending);
}

#[test]
fn nobody_who_answers_in_time_is_a_refusal() {
    let mut world = two(UnknownWatchers::Ask);
    world.nodes.remove(1);
    let mut config = bob(UnknownWatchers::Ask);
    config.prompts.watcher_limit = MINUTE;
    world.add_on_disk("bob", config);
    watch(&mut world);
    assert_eq!(follower(&world).state, FollowerState::Pending);
    world.run_for(2 * MINUTE);
    assert!(told(&world).iter().any(|told| told.contains("terminated;reason=giveup")), "{:?}", told(&world).pop());
}

/// It asks once: nobody is there any more when the answer comes, and it counts for the next time.
#[test]
fn who_asked_once_can_be_answered_until_the_time_is_over() {
    let mut world = two(UnknownWatchers::Ask);
    let ask = world.ask(0, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Failed(_))));
    let waits = follower(&world);
    assert_eq!((waits.state, waits.claims.as_deref()), (FollowerState::Waiting, Some(ALICE)));
    let said = |event: &&Event| matches!(event, Event::Notice(notice) if notice.next.contains("watchers allow w1"));
    assert_eq!(world.nodes[1].events.iter().filter(said).count(), 1);
    decide(&mut world, &waits.id.unwrap().to_string(), Permission::Allow);
    assert_eq!(world.nodes[1].agent.followers().len(), 0);
    let ask = world.ask(0, BOB, Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Registered { .. })));
    assert_eq!(place(&world).as_deref(), Some("office"));
    let ask = world.ask(0, BOB, None);
    world.run_for(SECOND);
    world.run_for(Duration::from_secs(700));
    assert_eq!(world.the_ask(0, ask).state, AskState::Refused);
}

#[test]
fn an_answer_about_a_contact_holds_for_its_keys_before_it_comes() {
    let mut world = two(UnknownWatchers::Policy);
    approve(&mut world, 1, ALICE);
    decide(&mut world, "alice@192.168.1.1", Permission::PolicyOnly);
    watch(&mut world);
    assert_eq!((place(&world), follower(&world).told), (None, Some(Permission::PolicyOnly)));
    let failure = world
        .command(1, Command::Watchers(WatcherCommand::Decide { whom: "carol".into(), permission: Permission::Allow }))
        .unwrap_err();
    assert_eq!(failure.code, "no-such-watcher");
}

/// What Bob asks Alice with says where he is only as her group in his address book allows.
#[test]
fn our_own_place_in_what_we_ask_follows_the_same_rule() {
    for (permission, tells) in [(Permission::Allow, true), (Permission::PolicyOnly, false), (Permission::Block, false)]
    {
        let mut world = followed("friend");
        set(&mut world, "friend", permission);
        let before = world.wire.overheard.len();
        approve(&mut world, 1, ALICE);
        let asked = world.wire.overheard[before..].iter().find_map(|parcel| match parcel {
            Parcel::Sip { bytes, .. } if bytes.starts_with(b"SUBSCRIBE sip:alice") => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => None,
        });
        assert_eq!(asked.expect("a request").contains("<sv:place>office</sv:place>"), tells, "{permission}");
    }
}

/// Who is blocked from watching is not barred from a call that his approved policy allows.
#[test]
fn a_blocked_watcher_still_calls_under_what_was_approved() {
    let mut world = two(UnknownWatchers::Policy);
    approve(&mut world, 1, ALICE);
    approve(&mut world, 0, BOB);
    decide(&mut world, ALICE, Permission::Block);
    world.run_for(Duration::from_secs(2 * 3600));
    let call = world.call(0, BOB, None, 1);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(0, call)));
    assert!(world.the_call(0, call).counters.received > 10, "{:?}", world.the_call(0, call));
    let ask = world.ask(0, BOB, None);
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(0, ask).state, AskState::Failed(_))));
    assert!(world.nodes[0].agent.reviews().all(|r| !matches!(r.review.surroundings, Surroundings::Withheld { .. })));
}

/// By its number our user knows it, so it has the same when it comes back to prove itself.
#[test]
fn a_follower_that_is_asked_anew_keeps_its_number() {
    let mut world = two(UnknownWatchers::Ask);
    watch(&mut world);
    let id = follower(&world).id.unwrap();
    decide(&mut world, &id.to_string(), Permission::Allow);
    world.run_for(SECOND);
    world.command(1, Command::Watchers(WatcherCommand::Forget { whom: id.to_string() })).unwrap();
    assert_eq!(world.nodes[1].agent.followers().len(), 0, "it has to ask anew");
    world.run_for(MINUTE);
    assert_eq!((follower(&world).id, follower(&world).state), (Some(id), FollowerState::Pending));
    decide(&mut world, &id.to_string(), Permission::Block);
    world.run_for(SECOND);
    assert_eq!(world.nodes[1].agent.followers().len(), 0);
    world.command(1, Command::Watchers(WatcherCommand::Forget { whom: id.to_string() })).unwrap();
}
