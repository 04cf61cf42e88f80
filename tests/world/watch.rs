//! Following a peer: what changes there is told, and what it says is judged as the answer to an ask.

use std::time::Duration;

use sottovoce::agent::{AccountState, AgentConfig, AskState, Command, Event, ReviewState, UnknownWatchers, WatchState};
use sottovoce::policy::Answer;
use sottovoce::presence::PresenceRecord;
use sottovoce::vocab::Entity;

use crate::common::config::{account, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const BOB: &str = "sip:bob@192.168.1.2";

fn alice() -> AgentConfig {
    agent("alice", "192.168.1.1", "none")
}

fn bob() -> AgentConfig {
    agent("bob", "192.168.1.2", "none")
}

/// Alice has approved Bob, and follows him.
fn following(unknown: UnknownWatchers) -> World {
    let mut world = World::new(31, Link::GOOD);
    world.add_on_disk("alice", alice());
    world.add_on_disk("bob", AgentConfig { unknown_watchers: unknown, ..bob() });
    approve(&mut world, 0, BOB);
    watch(&mut world);
    world
}

fn approve(world: &mut World, node: usize, peer: &str) {
    let ask = world.ask(node, peer, Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(node, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered), "{:?}", world.the_ask(node, ask).state);
}

fn watch(world: &mut World) {
    world.command(0, Command::Watch { peer: "bob@192.168.1.2".into() }).unwrap();
    assert!(world.run_until(MINUTE, is_active), "{:?}", state(world));
}

fn state(world: &World) -> WatchState {
    world.nodes[0].agent.watches().next().expect("a watch").state.clone()
}

fn is_active(world: &World) -> bool {
    matches!(state(world), WatchState::Active { .. })
}

fn steps(world: &World) -> Vec<String> {
    let watch = world.nodes[0].agent.watches().next().expect("a watch");
    watch.steps.iter().map(|(_, step)| step.clone()).collect()
}

fn last_step(world: &World) -> String {
    steps(world).pop().unwrap_or_default()
}

fn row(world: &World) -> PresenceRecord {
    let mut rows = world.nodes[0].agent.presences().filter(|row| row.entity.as_str() == BOB);
    rows.next().expect("Bob's row").clone()
}

fn place(world: &World) -> String {
    row(world).place.map(|place| place.raw().to_owned()).unwrap_or_default()
}

fn move_to(world: &mut World, place: &str) {
    world.command(1, Command::PresenceSet { user: None, place: Some(place.into()) }).unwrap();
}

fn open_reviews(world: &World) -> usize {
    world.nodes[0].agent.reviews().filter(|review| review.state == ReviewState::Pending).count()
}

/// Requests of this method on the wire so far.
fn sent(world: &World, method: &str) -> usize {
    let is = |parcel: &&Parcel| matches!(parcel, Parcel::Sip { bytes, .. } if bytes.starts_with(method.as_bytes()));
    world.wire.overheard.iter().filter(is).count()
}

#[test]
fn a_peer_that_moves_is_shown_where_it_is_and_nobody_is_asked() {
    let mut world = following(UnknownWatchers::Place);
    assert_eq!((place(&world).as_str(), open_reviews(&world)), ("office", 0));
    assert_eq!(world.nodes[1].agent.followers().len(), 1);
    move_to(&mut world, "cafe");
    assert!(world.run_until(MINUTE, |world| place(world) == "cafe"));
    assert_eq!(open_reviews(&world), 0, "a place is no policy");
    let told = last_step(&world);
    assert!(told.contains("it is at cafe") && told.contains("before: office"), "{told}");
    let newer = row(&world).version;
    assert!(newer > world.nodes[0].agent.pins().next().unwrap().last_published);
    assert_eq!(world.nodes[0].agent.pins().next().unwrap().last_version, newer, "older ones are refused from now on");
}

#[test]
fn changes_are_paced_and_the_newest_wins() {
    let mut world = following(UnknownWatchers::Place);
    world.run_for(MINUTE);
    let before = sent(&world, "NOTIFY ");
    for place in ["one", "two", "three", "four"] {
        move_to(&mut world, place);
        world.run_for(Duration::from_millis(500));
    }
    world.run_for(MINUTE);
    assert_eq!(place(&world), "four");
    assert!(sent(&world, "NOTIFY ") - before <= 3, "one at once, one after five seconds");
}

#[test]
fn another_policy_is_a_review_and_is_not_enforced_before_its_answer() {
    let mut world = following(UnknownWatchers::Place);
    let before = world.nodes[0].agent.spd().generation();
    world.command(1, Command::PolicyDefault { text: "ipsec esp/transport//require".into() }).unwrap();
    assert!(world.run_until(Duration::from_secs(2), |world| open_reviews(world) == 1), "what tightens is told at once");
    assert!(last_step(&world).contains("its policy has changed: `sottovoce review show"), "{}", last_step(&world));
    assert_eq!(world.nodes[0].agent.spd().generation(), before);
    world.run_for(3 * MINUTE);
    assert_eq!(open_reviews(&world), 1, "one is enough");
    let review = world.nodes[0].agent.reviews().last().unwrap().id;
    world.command(0, Command::AnswerReview { review, answer: Answer::Approve, by: "test" }).unwrap();
    world.run_for(3 * HOUR);
    assert_eq!(open_reviews(&world), 0, "what was approved is not asked again at each refresh");
}

#[test]
fn a_subscription_is_refreshed_for_as_long_as_it_is_wanted() {
    let mut world = following(UnknownWatchers::Place);
    world.run_for(10 * HOUR);
    assert!(is_active(&world));
    assert!(row(&world).expires > world.now.wall, "each refresh brings a statement that lives");
    assert_eq!(world.nodes[1].agent.followers().len(), 1);
    move_to(&mut world, "cafe");
    assert!(world.run_until(MINUTE, |world| place(world) == "cafe"));
    let subscribes = sent(&world, "SUBSCRIBE ");
    assert!((10..20).contains(&subscribes), "one an hour: {subscribes}");
    world.command(0, Command::Unwatch { peer: BOB.into() }).unwrap();
    world.run_for(MINUTE);
    assert_eq!((world.nodes[0].agent.watches().count(), world.nodes[1].agent.followers().len()), (0, 0));
    move_to(&mut world, "hotel");
    world.run_for(MINUTE);
    assert_eq!(place(&world), "cafe", "he is not followed any more");
}

#[test]
fn whom_the_user_follows_is_followed_after_a_restart() {
    let mut world = following(UnknownWatchers::Place);
    world.restart(0, alice());
    assert!(world.run_until(MINUTE, is_active), "{:?}", state(&world));
    move_to(&mut world, "cafe");
    assert!(world.run_until(MINUTE, |world| place(world) == "cafe"));
    assert_eq!(open_reviews(&world), 0, "what was approved before is not asked again");
}

/// The notifier has lost the subscription: 481 to the refresh begins another one. At once each time, because what stood for hours
/// did not fail.
#[test]
fn a_peer_that_was_restarted_is_followed_again() {
    let mut world = following(UnknownWatchers::Place);
    for place_of_bob in ["cafe", "train", "home"] {
        world.restart(1, bob());
        move_to(&mut world, place_of_bob);
        assert!(world.run_until(2 * HOUR, |world| place(world) == place_of_bob), "{:?}", steps(&world));
        world.run_for(MINUTE);
    }
    let steps = steps(&world);
    let at_once = |step: &&String| step.contains("has lost the subscription; it is tried again at once");
    assert_eq!(steps.iter().filter(at_once).count(), 3, "{steps:?}");
}

#[test]
fn a_peer_that_is_away_is_tried_later_and_later_and_found_again() {
    let mut world = following(UnknownWatchers::Place);
    world.dead = Some("192.168.1.2".parse().unwrap());
    assert!(
        world.run_until(2 * HOUR, |world| matches!(state(world), WatchState::Waiting { .. })),
        "{:?}",
        state(&world)
    );
    let before = sent(&world, "SUBSCRIBE ");
    world.run_for(6 * HOUR);
    let tries = sent(&world, "SUBSCRIBE ") - before;
    assert!(tries < 600, "each try is repeated for 32 s: {tries}");
    world.dead = None;
    assert!(world.run_until(HOUR, is_active), "half an hour at most: {:?}", state(&world));
}

/// Bob lets nobody know but whom he has approved: once he has, Alice is told to come again, and is told everything.
#[test]
fn who_waits_for_an_answer_is_told_once_it_is_approved() {
    let mut world = World::new(33, Link::GOOD);
    world.add_on_disk("alice", alice());
    world.add_on_disk("bob", AgentConfig { unknown_watchers: UnknownWatchers::Ask, ..bob() });
    world.command(0, Command::Watch { peer: "bob@192.168.1.2".into() }).unwrap();
    assert!(world.run_until(MINUTE, |world| state(world) == WatchState::Pending), "{:?}", state(&world));
    let followers = world.nodes[1].agent.followers();
    assert_eq!((followers.len(), followers[0].who.clone()), (1, None));
    assert_eq!(world.nodes[0].agent.presences().count(), 0);
    approve(&mut world, 1, "alice@192.168.1.1");
    assert!(world.run_until(MINUTE, |world| open_reviews(world) == 1), "{:?}", steps(&world));
    assert_eq!(place(&world), "office");
    assert!(
        steps(&world).iter().any(|step| step.contains("deactivated; it is tried again at once")),
        "{:?}",
        steps(&world)
    );
    assert_eq!(world.nodes[1].agent.followers()[0].who.as_deref(), Some("sip:alice@192.168.1.1"));
}

#[test]
fn who_is_blocked_is_told_so_and_does_not_come_back_by_itself() {
    let mut world = World::new(34, Link::GOOD);
    world.add_on_disk("alice", alice());
    world.add_on_disk("bob", AgentConfig { unknown_watchers: UnknownWatchers::Block, ..bob() });
    world.command(0, Command::Watch { peer: BOB.into() }).unwrap();
    let refused = |world: &World| matches!(state(world), WatchState::Refused(_));
    assert!(world.run_until(MINUTE, refused), "{:?}", state(&world));
    let before = sent(&world, "SUBSCRIBE ");
    world.run_for(3 * HOUR);
    assert_eq!(sent(&world, "SUBSCRIBE "), before);
    approve(&mut world, 1, "alice@192.168.1.1");
    world.command(0, Command::Watch { peer: BOB.into() }).unwrap();
    assert!(world.run_until(MINUTE, is_active), "the user can: {:?}", state(&world));
}

/// Another agent answers at Bob's address, with keys of its own.
#[test]
fn a_changed_key_is_told_once_and_changes_nothing() {
    let mut world = following(UnknownWatchers::Place);
    let known = row(&world);
    world.nodes.remove(1);
    let mut eve = agent("bob", "192.168.1.2", "none");
    eve.identity = agent("eve", "192.168.1.2", "none").identity;
    world.add_on_disk("eve", eve);
    world.nodes[0].events.clear();
    world.run_for(5 * HOUR);
    assert_eq!((row(&world), open_reviews(&world)), (known, 0));
    let changed = |event: &&Event| matches!(event, Event::Notice(failure) if failure.code == "key-changed");
    assert_eq!(world.nodes[0].events.iter().filter(changed).count(), 1);
}

/// Its server knows nobody of that name: nothing stands, and the user is told what to look at.
#[test]
fn a_name_that_the_server_does_not_know_is_asked_for_and_never_said_to_stand() {
    let mut world = World::new(35, Link::GOOD);
    world.server = Some(Server::new("192.168.1.9"));
    let entity = Entity::parse("sip:alice@example.org").unwrap();
    world.add("alice", AgentConfig { accounts: vec![account(&entity, "192.168.1.9")], entity, ..alice() });
    let registered = |world: &World| {
        let mut accounts = world.nodes[0].agent.accounts();
        accounts.all(|account| matches!(account.state, AccountState::Registered { .. }))
    };
    assert!(world.run_until(MINUTE, registered));
    world.command(0, Command::Watch { peer: "bobb@example.org".into() }).unwrap();
    assert_eq!(state(&world), WatchState::Subscribing, "nobody has answered");
    let waits = |world: &World| matches!(state(world), WatchState::Waiting { .. });
    assert!(world.run_until(MINUTE, waits), "{:?}", state(&world));
    assert!(last_step(&world).contains("404 Not Here; check its name; it is tried again in"), "{:?}", steps(&world));
    assert!(!steps(&world).iter().any(|step| step.contains("stands")), "{:?}", steps(&world));
}

/// Agents that one server refuses at one moment do not ask it again at one moment: after 15 to 30 s.
#[test]
fn watches_that_one_server_refuses_together_begin_again_at_different_times() {
    let wait = |seed: u64| {
        let mut world = World::new(seed, Link::GOOD);
        let mut server = Server::new("192.168.1.9");
        server.unavailable = true;
        world.server = Some(server);
        world.add("alice", alice());
        world.command(0, Command::Watch { peer: "bob@192.168.1.9".into() }).unwrap();
        assert!(
            world.run_until(MINUTE, |world| matches!(state(world), WatchState::Waiting { .. })),
            "{:?}",
            state(&world)
        );
        let WatchState::Waiting { again, .. } = state(&world) else { unreachable!("just seen") };
        again.0 - world.now.wall.0
    };
    let waits: Vec<_> = (0..40).map(wait).collect();
    let (first, last) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!(first >= 15_000 && last <= 30_000 && last - first > 7_500, "{waits:?}");
}
