//! The policy changes while a call runs (PROTOCOL section 7, "Mid-call"): tightened, it goes on under new keys without a gap;
//! discarded, it ends; and whatever comes between, nothing is sent that the other side refuses.

use std::time::Duration;

use sottovoce::agent::{AskState, Call, CallState, Command, Event};
use sottovoce::policy::Suite;
use sottovoce::vocab::{CallId, Failure};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const NONE: &str = "none";
const ESP: &str = "ipsec esp/transport//require";
const BOTH: &str = "ipsec esp/transport//require ah/transport//require";

/// A call under `action` that has run for a second: the world, and what the call is called at both ends.
fn talking(seed: u64, link: Link, action: &str) -> (World, [CallId; 2]) {
    World::talking(seed, link, [agent("alice", "192.168.1.1", action), agent("bob", "192.168.1.2", action)])
}

/// Before every other entry.
fn rule(world: &mut World, node: usize, action: &str) {
    let text = format!("spdadd any any udp -P out {action}; # sv: priority=9");
    world.command(node, Command::PolicyAdd { text }).unwrap();
}

fn bundles(world: &World, calls: [CallId; 2]) -> [&str; 2] {
    [0, 1].map(|node| world.the_call(node, calls[node]).bundle.as_str())
}

/// Packets that a side has sent and the other has not received, those on their way left out.
fn lost(world: &mut World, calls: [CallId; 2]) -> [u64; 2] {
    let counted = |node: usize| &world.the_call(node, calls[node]).counters;
    [(0, 1), (1, 0)].map(|(from, to): (usize, usize)| counted(from).sent.saturating_sub(counted(to).received))
}

fn dropped(call: &Call) -> u64 {
    call.counters.dropped.values().sum()
}

fn failure(call: &Call) -> &Failure {
    let CallState::Failed(failure) = &call.state else { panic!("{call:?}") };
    failure
}

#[test]
fn a_tightened_policy_rekeys_the_call_and_not_a_packet_is_lost() {
    for who in [ALICE, BOB] {
        let (mut world, calls) = talking(1, Link::GOOD, ESP);
        let before = world.wire.overheard.len();
        let since = |world: &World| [0, 1].map(|node| world.the_call(node, calls[node]).protected_since.unwrap());
        let first = since(&world);
        rule(&mut world, who, BOTH);
        world.run_for(3 * SECOND);
        assert_eq!(bundles(&world, calls), ["ah+esp"; 2]);
        let tightened = since(&world);
        assert!(
            first[0] < tightened[0] && first[1] < tightened[1],
            "what protects it began now: {first:?} {tightened:?}"
        );
        let ruled = &world.the_call(who, calls[who]).action;
        assert!(ruled.contains("ah/transport//require"), "what it shows is what rules it now: {ruled}");
        world.run_for(20 * SECOND);
        assert_eq!(since(&world), tightened);
        let offers = world.wire.overheard[before..].iter().filter(|parcel| is_invite(parcel)).count();
        assert_eq!(offers, 1, "and is not offered again");
        assert!(lost(&mut world, calls).iter().all(|lost| *lost <= 1), "on their way: {:?}", lost(&mut world, calls));
        assert_eq!([0, 1].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
    }
}

/// Padding, a tunnel, IPComp: whoever asked for them asked for as long as the call runs.
#[test]
fn a_rekey_keeps_how_protocols_are_laid_around_packets() {
    let ends = "192.168.1.1-192.168.1.2";
    let packed = format!("ipsec ipcomp/transport//use esp/tunnel/{ends}/require; #");
    for (rules, runs, tightened) in [
        (packed.as_str(), "esp/tunnel+ipcomp", "ah+esp/tunnel+ipcomp"),
        ("ipsec esp/transport//require; # sv: tfc=on", "esp+tfc", "ah+esp+tfc"),
    ] {
        for who in [ALICE, BOB] {
            let mut world = World::new(6, Link::GOOD);
            for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2")] {
                world.add(name, agent(name, address, NONE));
            }
            let ask = world.ask(ALICE, "bob@192.168.1.2", Some("approve"));
            let registered = |world: &World| matches!(world.the_ask(ALICE, ask).state, AskState::Registered { .. });
            assert!(world.run_until(MINUTE, registered));
            let text = format!("spdadd any 192.168.1.2 udp -P out {rules}");
            let text =
                if text.ends_with('#') { format!("{text} sv: priority=5") } else { format!("{text} priority=5") };
            world.command(ALICE, Command::PolicyAdd { text }).unwrap();
            let hers = world.call(ALICE, "bob@192.168.1.2", None, 120);
            world.run_for(2 * SECOND);
            let calls = [hers, world.nodes[BOB].agent.calls().last().unwrap().id];
            assert_eq!(bundles(&world, calls), [runs; 2]);
            rule(&mut world, who, BOTH);
            world.run_for(5 * SECOND);
            assert_eq!(bundles(&world, calls), [tightened; 2], "by {who}");
            assert_eq!([0, 1].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
        }
    }
}

fn is_invite(parcel: &Parcel) -> bool {
    matches!(parcel, Parcel::Sip { bytes, .. } if bytes.starts_with(b"INVITE "))
}

/// Whose policy it is does not matter, and from the answer on there is nothing in clear.
#[test]
fn a_clear_call_that_is_to_be_protected_loses_five_packets_at_most() {
    for who in [ALICE, BOB] {
        let (mut world, calls) = talking(2, Link::GOOD, NONE);
        assert_eq!(bundles(&world, calls), ["none"; 2]);
        rule(&mut world, who, ESP);
        world.run_for(2 * SECOND);
        assert_eq!(bundles(&world, calls), ["esp"; 2]);
        assert!(lost(&mut world, calls).iter().all(|lost| *lost <= 5), "{:?}", lost(&mut world, calls));
        let before = world.wire.seen.len();
        world.run_for(2 * SECOND);
        let after = &world.wire.seen[before..];
        assert!(after.len() > 150 && after.iter().all(|bytes| bytes[0] >= 192), "nothing in clear");
    }
}

#[test]
fn a_policy_that_discards_ends_the_call_and_says_why() {
    for who in [ALICE, BOB] {
        let (mut world, calls) = talking(3, Link::GOOD, ESP);
        rule(&mut world, who, "discard");
        world.run_for(SECOND);
        let failure = failure(world.the_call(who, calls[who]));
        assert!(failure.code == "policy-discards" && failure.message.contains("discard"), "{failure}");
        let other = world.the_call(1 - who, calls[1 - who]);
        let CallState::Ended { reason } = &other.state else { panic!("{other:?}") };
        assert!(reason.contains("its policy discards the call"), "{reason}");
    }
}

/// The peer's side wants esp, ours nothing: what runs does not become looser by itself.
#[test]
fn a_loosened_policy_changes_nothing_by_itself() {
    let (mut world, calls) = talking(4, Link::GOOD, ESP);
    rule(&mut world, ALICE, NONE);
    let before = world.wire.seen.len();
    world.run_for(5 * SECOND);
    assert_eq!(bundles(&world, calls), ["esp"; 2]);
    assert!(world.wire.seen[before..].iter().all(|bytes| bytes[0] >= 192));
    assert_eq!([0, 1].map(|node| dropped(world.the_call(node, calls[node]))), [0, 0]);
}

/// What is tightened afterwards starts from what runs: the union of both.
#[test]
fn what_the_other_side_has_tightened_stays_when_ours_asks_for_something_else() {
    let (mut world, calls) = talking(5, Link::GOOD, ESP);
    rule(&mut world, BOB, BOTH);
    world.run_for(3 * SECOND);
    let text = "spdadd any any udp -P out ipsec esp/transport//require; # sv: priority=10 suites=aes-256-gcm";
    world.command(ALICE, Command::PolicyAdd { text: text.into() }).unwrap();
    world.run_for(5 * SECOND);
    assert_eq!(bundles(&world, calls), ["ah+esp"; 2]);
    let suites = [0, 1].map(|node| world.the_call(node, calls[node]).suite.clone().unwrap());
    assert_eq!(suites, ["aes-256-gcm"; 2], "a suite that is not allowed any more is left");
    assert!(lost(&mut world, calls).iter().all(|lost| *lost <= 2));
}

/// Both users tighten in the same moment: their offers meet (491), and one after the other comes through.
#[test]
fn offers_that_meet_both_come_through() {
    for seed in 0..8 {
        let (mut world, calls) = talking(seed, Link::GOOD, ESP);
        rule(&mut world, ALICE, BOTH);
        rule(&mut world, BOB, "ipsec esp/transport//require ah/transport//unique");
        world.run_for(20 * SECOND);
        assert_eq!(bundles(&world, calls), ["ah+esp"; 2], "{seed}");
        assert_eq!(
            [0, 1].map(|node| world.the_call(node, calls[node]).state.clone()),
            [CallState::Active, CallState::Active]
        );
        assert!(lost(&mut world, calls).iter().all(|lost| *lost <= 2), "{seed}: {:?}", lost(&mut world, calls));
    }
}

/// A fifth of all that is sent is lost, the rest comes twice at times and out of order: SIP says it again, and no packet falls to the
/// policy of the other side.
#[test]
fn over_a_bad_network_neither_side_sends_what_the_other_refuses() {
    let mut rekeyed = 0;
    for seed in 0..24 {
        let (mut world, calls) = talking(seed, Link::lossy(20), ESP);
        rule(&mut world, (seed % 2) as usize, BOTH);
        world.run_for(MINUTE);
        let ends = [0, 1].map(|node| world.the_call(node, calls[node]));
        for end in ends {
            let policy = end.counters.dropped.get("policy").copied().unwrap_or(0);
            let unprotected = end.counters.dropped.get("unprotected").copied().unwrap_or(0);
            assert_eq!((policy, unprotected), (0, 0), "{seed}: {end:?}");
        }
        rekeyed += u32::from(bundles(&world, calls) == ["ah+esp"; 2]);
    }
    assert!(rekeyed >= 20, "{rekeyed} of 24");
}

/// Somebody on the way takes the new keys out of the offer: the call ends on the side that must have them.
#[test]
fn a_peer_that_does_not_take_the_new_keys_is_left() {
    let (mut world, calls) = talking(6, Link::GOOD, ESP);
    world.forge_refusals = Some("192.168.1.2".parse().unwrap());
    rule(&mut world, ALICE, BOTH);
    world.run_for(3 * SECOND);
    let failure = failure(world.the_call(ALICE, calls[ALICE]));
    assert!(failure.code == "rekey-refused" && failure.message.contains("488"), "{failure}");
    assert!(world.call_is_over(BOB, calls[BOB]));
}

#[test]
fn a_held_call_is_rekeyed_and_stays_on_hold() {
    let (mut world, calls) = talking(7, Link::GOOD, ESP);
    world.command(ALICE, Command::Hold { call: calls[ALICE], wanted: true }).unwrap();
    world.run_for(2 * SECOND);
    rule(&mut world, BOB, BOTH);
    world.run_for(5 * SECOND);
    assert_eq!(bundles(&world, calls), ["ah+esp"; 2]);
    assert!(world.the_call(ALICE, calls[ALICE]).on_hold && world.the_call(BOB, calls[BOB]).held_by_peer);
    world.command(ALICE, Command::Hold { call: calls[ALICE], wanted: false }).unwrap();
    world.run_for(2 * SECOND);
    let before = world.the_call(BOB, calls[BOB]).counters.received;
    world.run_for(SECOND);
    assert!(world.the_call(BOB, calls[BOB]).counters.received >= before + 45);
}

/// One peer's policy touches nobody else's call.
#[test]
fn a_policy_for_one_peer_leaves_the_calls_with_others_alone() {
    let mut world = World::new(8, Link::GOOD);
    for (name, address) in [("alice", "192.168.1.1"), ("bob", "192.168.1.2"), ("carol", "192.168.1.3")] {
        world.add(name, agent(name, address, ESP));
    }
    let calls = ["bob@192.168.1.2", "carol@192.168.1.3"].map(|peer| world.call(ALICE, peer, Some("approve"), 3600));
    let active = |world: &World| calls.iter().all(|call| world.the_call(ALICE, *call).state == CallState::Active);
    assert!(world.run_until(2 * MINUTE, active));
    world.run_for(SECOND);
    let text = format!("spdadd any 192.168.1.2 udp -P out {BOTH}; # sv: priority=9");
    world.command(ALICE, Command::PolicyAdd { text }).unwrap();
    world.run_for(3 * SECOND);
    let bundles = calls.map(|call| world.the_call(ALICE, call).bundle.clone());
    assert_eq!(bundles, ["ah+esp", "esp"]);
    assert!(calls.iter().all(|call| dropped(world.the_call(ALICE, *call)) == 0));
}

/// One step for the user: an entry for this peer alone, and new keys.
#[test]
fn a_user_tightens_a_running_call_in_one_step() {
    let (mut world, calls) = talking(9, Link::GOOD, NONE);
    let tighten = |world: &mut World, node: usize, rules: Option<&str>| {
        let rules = rules.map(|text| sottovoce::policy::setkey::parse_action(text).unwrap());
        world.command(node, Command::Tighten { call: calls[node], rules })
    };
    let nothing = tighten(&mut world, ALICE, None).unwrap_err();
    assert_eq!(nothing.code, "nothing-to-tighten", "both in the office: none is advised");
    tighten(&mut world, ALICE, Some(ESP)).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(bundles(&world, calls), ["esp"; 2]);
    // Bob was called, and knows nobody: an entry for a stranger alone there is none.
    let stranger = tighten(&mut world, BOB, Some(BOTH)).unwrap_err();
    assert_eq!(stranger.code, "peer-unknown");
    tighten(&mut world, ALICE, Some("ipsec ah/transport//require")).unwrap();
    world.run_for(2 * SECOND);
    assert_eq!(bundles(&world, calls), ["ah+esp"; 2], "what rules already stays");
    let most = tighten(&mut world, ALICE, Some(BOTH)).unwrap_err();
    assert!(most.code == "nothing-to-tighten" && most.next.contains("there is nothing tighter"), "{most}");
    let registered = world.nodes[ALICE].store.registered.last().unwrap();
    assert!(registered.iter().all(|entry| entry.peer.device.is_some()), "{registered:?}");
    assert!(lost(&mut world, calls).iter().all(|lost| *lost <= 5));
}

/// The suites that its entry names, and its padding, are as little the tightening's to drop as its rules.
#[test]
fn what_is_tightened_keeps_its_suites_and_padding() {
    let (mut world, calls) = talking(11, Link::GOOD, ESP);
    let text = format!("spdadd any any udp -P out {ESP}; # sv: priority=9 suites=aes-256-gcm tfc=on");
    world.command(ALICE, Command::PolicyAdd { text }).unwrap();
    world.run_for(3 * SECOND);
    let rules = Some(sottovoce::policy::setkey::parse_action(BOTH).unwrap());
    world.command(ALICE, Command::Tighten { call: calls[ALICE], rules }).unwrap();
    world.run_for(3 * SECOND);
    assert_eq!(bundles(&world, calls), ["ah+esp+tfc"; 2]);
    let registered = world.nodes[ALICE].store.registered.last().unwrap();
    let kept: Vec<_> = registered.iter().map(|entry| (entry.suites.clone(), entry.tfc)).collect();
    assert_eq!(kept, vec![(vec![Suite::Aes256Gcm], Some(true)); 2], "{registered:?}");
}

/// What is wanted while another offer is on its way is offered after it.
#[test]
fn a_hold_and_new_keys_that_are_wanted_in_one_moment_both_come_about() {
    for hold_first in [true, false] {
        let (mut world, calls) = talking(10, Link::GOOD, ESP);
        let hold = |world: &mut World| {
            world.command(ALICE, Command::Hold { call: calls[ALICE], wanted: true }).unwrap();
        };
        if hold_first {
            hold(&mut world);
            rule(&mut world, ALICE, BOTH);
        } else {
            rule(&mut world, ALICE, BOTH);
            hold(&mut world);
        }
        world.run_for(5 * SECOND);
        assert_eq!(bundles(&world, calls), ["ah+esp"; 2], "hold first: {hold_first}");
        let (ours, theirs) = (world.the_call(ALICE, calls[ALICE]), world.the_call(BOB, calls[BOB]));
        assert!(ours.on_hold && theirs.held_by_peer, "hold first: {hold_first}: {ours:?}");
        assert!(!ours.rekeying);
    }
}

/// What an entry that ended left is agreed anew by itself: nobody is advised to hang up.
#[test]
fn a_call_whose_entry_ends_is_said_to_be_agreed_anew() {
    let ends = World::new(0, Link::GOOD).now.wall.as_secs() + 60;
    let mut world = World::new(8, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", ESP));
    world.add("bob", agent("bob", "192.168.1.2", NONE));
    for rule in [format!("none; # sv: priority=9 expires={ends}"), format!("{ESP}; # sv: priority=8")] {
        world.command(ALICE, Command::PolicyAdd { text: format!("spdadd any any udp -P out {rule}") }).unwrap();
    }
    let ask = world.ask(ALICE, "bob@192.168.1.2", Some("approve"));
    let registered = |world: &World| matches!(world.the_ask(ALICE, ask).state, AskState::Registered { .. });
    assert!(world.run_until(MINUTE, registered));
    let hers = world.call(ALICE, "bob@192.168.1.2", None, 120);
    world.run_for(2 * SECOND);
    let calls = [hers, world.nodes[BOB].agent.calls().last().unwrap().id];
    assert_eq!(bundles(&world, calls), ["none"; 2]);
    assert!(world.run_until(MINUTE, |world| bundles(world, calls) == ["esp"; 2]), "{:?}", world.the_call(ALICE, hers));
    let notice = |event: &Event| match event {
        Event::Notice(notice) if notice.message.contains("demands more protection") => Some(notice.clone()),
        _ => None,
    };
    let told: Vec<Failure> = world.nodes[ALICE].events.iter().filter_map(notice).collect();
    assert!(told.iter().all(|notice| notice.code == "agreed-anew" && !notice.next.contains("hang up")), "{told:?}");
    assert_eq!(told.len(), 1, "it is said");
}
