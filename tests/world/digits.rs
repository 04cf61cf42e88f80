//! Keys of a telephone in a call (RFC 4733, and INFO): what comes is what was pressed, whatever the network does, and nobody on the way and no
//! record of ours learns it.

use std::time::Duration;

use sottovoce::agent::{AgentConfig, Command, DigitWay, DtmfWay, Event};
use sottovoce::vocab::{CallId, Digit, Failure};

use crate::common::config::agent;
use crate::common::node::Node;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const ESP: &str = "ipsec esp/transport//require";
/// Nobody would press these by chance.
const PIN: &str = "7396#*ABCD1100";

fn digits(keys: &str) -> Vec<Digit> {
    keys.chars().map(|key| Digit::new(key).unwrap()).collect()
}

fn talking(link: Link, action: &str, dtmf: DtmfWay) -> (World, [CallId; 2]) {
    let end = |name, address| AgentConfig { dtmf, ..agent(name, address, action) };
    World::talking(3, link, [end("alice", "192.168.1.1"), end("bob", "192.168.1.2")])
}

fn press(world: &mut World, node: usize, call: CallId, keys: &str) -> Result<(), Failure> {
    world.command(node, Command::Dial { call, digits: digits(keys), clear: false }).map(drop)
}

fn told(world: &World, node: usize) -> (String, Vec<DigitWay>) {
    let each = world.nodes[node].events.iter().filter_map(|event| match event {
        Event::Digit { digit, by, .. } => Some((digit.key(), *by)),
        _ => None,
    });
    each.unzip()
}

#[test]
fn what_is_pressed_comes_once_each_and_in_order_and_the_sound_goes_on() {
    for link in [Link::GOOD, Link::lossy(10)] {
        for node in [ALICE, BOB] {
            let (mut world, calls) = talking(link, ESP, DtmfWay::Auto);
            press(&mut world, node, calls[node], PIN).unwrap();
            world.run_for(Duration::from_secs(6));
            let (keys, ways) = told(&world, 1 - node);
            assert_eq!(keys, PIN);
            assert!(ways.iter().all(|way| *way == DigitWay::Rtp));
            assert_eq!(told(&world, node).0, "");
            let before = world.the_call(1 - node, calls[1 - node]).counters.received;
            world.run_for(Duration::from_secs(2));
            let call = world.the_call(1 - node, calls[1 - node]);
            assert!(call.counters.received > before + 60, "{call:?}");
            assert!(world.wire.seen.iter().all(|bytes| bytes[0] >> 6 == 3), "nothing in clear");
        }
    }
}

/// The events name the keys; nothing else does, as often as it is looked at.
#[test]
fn no_record_has_them() {
    let (mut world, calls) = talking(Link::GOOD, "none", DtmfWay::Auto);
    press(&mut world, ALICE, calls[ALICE], PIN).unwrap();
    world.run_for(Duration::from_secs(6));
    assert_eq!(told(&world, BOB).0, PIN);
    world.command(ALICE, Command::Hangup { call: None }).unwrap();
    world.run_for(Duration::from_secs(2));
    for (node, call) in calls.into_iter().enumerate() {
        let command = Command::Dial { call, digits: digits(PIN), clear: false };
        let Node { events, store, .. } = &world.nodes[node];
        let shown =
            format!("{command:?} {events:?} {:?} {:?} {:?}", world.the_call(node, call), store.audit, store.calls);
        assert!(shown.contains("[digit]") && !store.calls.is_empty());
        // As one word, or with anything between them.
        let keys = |text: &str| text.split("digit: ").skip(1).all(|rest| rest.starts_with("[digit]"));
        assert!(!shown.contains("7396") && keys(&shown), "{shown}");
    }
}

fn infos(world: &World) -> Vec<String> {
    let texts = world.wire.overheard.iter().filter_map(|parcel| match parcel {
        Parcel::Sip { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Parcel::Media { .. } => None,
    });
    texts.filter(|text| text.starts_with("INFO ")).collect()
}

#[test]
fn by_info_each_follows_the_answer_to_the_one_before() {
    let (mut world, calls) = talking(Link::GOOD, "none", DtmfWay::Info);
    press(&mut world, BOB, calls[BOB], "12").unwrap();
    press(&mut world, BOB, calls[BOB], "2#").unwrap();
    world.run_for(Duration::from_secs(3));
    let (keys, ways) = told(&world, ALICE);
    assert_eq!((keys.as_str(), ways), ("122#", vec![DigitWay::Info; 4]));
    assert_eq!(infos(&world).len(), 4);
    assert!(infos(&world)[0].contains("Signal=1\r\n"));
}

/// Whoever encrypts what he says does not have his PIN read out of INFO.
#[test]
fn by_info_nothing_is_told_of_a_call_that_is_hidden() {
    let (mut world, calls) = talking(Link::GOOD, ESP, DtmfWay::Info);
    let refused = press(&mut world, ALICE, calls[ALICE], PIN).unwrap_err();
    assert_eq!(refused.code, "digits-in-clear");
    world.run_for(Duration::from_secs(2));
    assert!(infos(&world).is_empty());
    let clear = Command::Dial { call: calls[ALICE], digits: digits("5"), clear: true };
    world.command(ALICE, clear).unwrap();
    world.run_for(Duration::from_secs(2));
    assert_eq!((told(&world, BOB).0.as_str(), infos(&world).len()), ("5", 1));
}

#[test]
fn none_go_where_they_cannot() {
    let (mut world, calls) = talking(Link::GOOD, ESP, DtmfWay::Rtp);
    let code = |world: &mut World, keys: &str| press(world, ALICE, calls[ALICE], keys).unwrap_err().code;
    assert_eq!(code(&mut world, ""), "digits-unfit");
    assert_eq!(code(&mut world, &"1".repeat(65)), "digits-unfit");
    press(&mut world, ALICE, calls[ALICE], &"1".repeat(60)).unwrap();
    assert_eq!(code(&mut world, "11111"), "digits-unfit", "the others wait still");
    world.run_for(Duration::from_secs(17));
    assert_eq!(told(&world, BOB).0, "1".repeat(60));
    world.command(BOB, Command::Hold { call: calls[BOB], wanted: true }).unwrap();
    world.run_for(Duration::from_secs(2));
    assert_eq!(code(&mut world, "1"), "call-held");
    world.command(ALICE, Command::Hangup { call: None }).unwrap();
    world.run_for(Duration::from_secs(2));
    assert_eq!(code(&mut world, "1"), "no-such-call");
}
