use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::policy::setkey::{parse, write};
use crate::policy::strategies;
use crate::policy::{Evidence, Level, Ports, Prefix};

fn compile(entries: &str, default: &str) -> Spd {
    Spd::compile(Generation(3), parse(entries).unwrap(), parse(default).unwrap())
}

fn flow<'a>(direction: Direction, source: &str, destination: &str) -> Flow<'a> {
    let [source, destination] = [source, destination].map(|end| end.parse().unwrap());
    Flow { source, destination, upper: Upper::Udp, direction, peer: None }
}

fn out<'a>() -> Flow<'a> {
    flow(Direction::Out, "192.168.1.1:5004", "192.168.1.2:5006")
}

fn bob() -> (Entity, Device) {
    (Entity::parse("sip:bob@192.168.1.2").unwrap(), Device::new("d1").unwrap())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn asked(evidence: Evidence) -> Asked {
    Asked { address: ip("192.168.1.1"), evidence, default_level: Level::Require }
}

const ESP: &str = "spdadd any any udp -P out ipsec esp/transport//require;";

#[test]
fn without_a_default_everything_is_discarded() {
    let spd = compile("", "");
    for direction in [Direction::In, Direction::Out] {
        let flow = Flow { direction, ..out() };
        assert_eq!(spd.lookup(&flow, Wall(0)).entry.action, Action::Discard);
    }
}

#[test]
fn a_default_of_one_direction_rules_both_and_what_it_does_not_cover_is_discarded() {
    let spd = compile("", ESP);
    for direction in [Direction::In, Direction::Out] {
        let ruling = spd.lookup(&Flow { direction, ..out() }, Wall(0));
        assert_eq!(
            (ruling.entry.action.to_string().as_str(), ruling.why),
            ("ipsec esp/transport//require", Why::Default)
        );
    }
    let ruling = spd.lookup(&Flow { upper: Upper::Tcp, ..out() }, Wall(0));
    assert_eq!((&ruling.entry.action, ruling.why), (&Action::Discard, Why::Floor));
}

#[test]
fn the_default_neither_expires_nor_belongs_to_anybody() {
    let spd = compile("", "spdadd any any udp -P out none; # sv: entity=sip:eve@h expires=1");
    assert_eq!(spd.lookup(&out(), Wall(9000)).why, Why::Default);
}

#[test]
fn each_criterion_outweighs_those_behind_it() {
    let (entity, device) = bob();
    let flow = Flow { peer: Some((&entity, &device)), ..out() };
    let ladder = [
        "spdadd any any any -P out none; # sv: created=9 note=younger",
        "spdadd any any any -P out none; # sv: created=8 note=older",
        "spdadd any any udp -P out none; # sv: created=9 note=protocol",
        "spdadd any any[5000-6000] any -P out none; # sv: created=9 note=ports",
        "spdadd any 192.168.1.0/24 any -P out none; # sv: created=9 note=destination",
        "spdadd 192.168.0.0/16 any any -P out none; # sv: created=9 note=source",
        "spdadd any any any -P out none; # sv: created=9 note=group group=friends",
        "spdadd any any any -P out none; # sv: created=9 note=entity entity=sip:bob@192.168.1.2",
        "spdadd any any any -P out none; # sv: created=9 note=device device=d1",
        "spdadd any any any -P out none; # sv: created=9 note=priority priority=1",
    ];
    for end in 1..=ladder.len() {
        let spd = compile(&ladder[..end].join("\n"), ESP).with_groups(groups(&entity, "friends"));
        let expected = parse(ladder[end - 1]).unwrap().remove(0);
        assert_eq!(spd.lookup(&flow, Wall(0)).entry, &expected);
    }
}

#[test]
fn an_entry_of_somebody_matches_nobody_else() {
    let (entity, device) = bob();
    let spd = compile("spdadd any any any -P out none; # sv: entity=sip:bob@192.168.1.2 device=d1", ESP);
    let (other, eve) = (Device::new("d2").unwrap(), Entity::parse("sip:eve@192.168.1.2").unwrap());
    let why = |peer| spd.lookup(&Flow { peer, ..out() }, Wall(0)).why;
    assert_eq!(why(Some((&entity, &device))), Why::First);
    assert_eq!(why(None), Why::Default);
    assert_eq!(why(Some((&entity, &other))), Why::Default);
    assert_eq!(why(Some((&eve, &device))), Why::Default);
    assert_eq!(spd.entries_of(&entity, &device).count(), 1);
}

#[test]
fn an_entry_for_a_group_rules_the_streams_of_its_contacts_alone() {
    let (entity, device) = bob();
    let spd = compile("spdadd any any any -P out none; # sv: group=friends", ESP);
    let why = |spd: &Spd, peer| spd.lookup(&Flow { peer, ..out() }, Wall(0)).why;
    for peer in [None, Some((&entity, &device))] {
        assert_eq!(why(&spd, peer), Why::Default, "nobody is anybody's contact");
    }
    let spd = spd.with_groups(groups(&entity, "friends"));
    assert_eq!(why(&spd, Some((&entity, &device))), Why::First);
    assert_eq!(why(&spd, None), Why::Default);
    let spd = spd.with_groups(groups(&entity, "family"));
    assert_eq!(why(&spd, Some((&entity, &device))), Why::Default);
}

fn groups(who: &Entity, group: &str) -> Arc<Groups> {
    Arc::new(Groups::new([(who.clone(), group.to_owned())].into()))
}

#[test]
fn a_disabled_entry_rules_nothing_and_is_told_of() {
    let spd = compile("spdadd any any any -P out discard; # sv: id=e7 disabled", ESP);
    let ruling = spd.lookup(&out(), Wall(0));
    assert_eq!(ruling.why, Why::Default);
    assert!(ruling.explain().ends_with("entry e7 would match, but it is disabled\n"), "{}", ruling.explain());
    assert_eq!(spd.ordinary_len(), 1);
}

#[test]
fn an_entry_expires_and_a_mapped_address_is_the_ipv4_one() {
    let spd = compile("spdadd 192.168.1.1 any any -P out none; # sv: expires=2", ESP);
    let mapped = flow(Direction::Out, "[::ffff:192.168.1.1]:1", "[::ffff:192.168.1.2]:1");
    assert_eq!(spd.lookup(&mapped, Wall(1999)).why, Why::First);
    assert_eq!(spd.lookup(&mapped, Wall(2000)).why, Why::Default);
}

#[test]
fn a_ruling_explains_itself() {
    let text = "spdadd any 192.168.1.2 any -P out none; # sv: id=e2 origin=import
        spdadd any any any -P out discard; # sv: id=e3
        spdadd any any any -P out none; # sv: id=e4 priority=5 expires=1";
    let explained = compile(text, ESP).lookup(&out(), Wall(5000)).explain();
    assert_eq!(
        explained,
        "out udp 192.168.1.1[5004] -> 192.168.1.2[5006]: none\n\
         Entry e2 rules, it comes from import:\n  \
         spdadd 0.0.0.0/0[any] 192.168.1.2/32[any] any -P out none; # sv: id=e2 origin=import\n\
         it won over entry e3 because it has the narrower destination\n\
         it won over the default, which rules only what nothing else does\n\
         entry e4 would match, but it has expired\n"
    );
}

#[test]
fn a_packet_between_us_and_a_peer_with_an_entry_is_taken_for_its_own() {
    let text = "spdadd 192.168.1.1 192.168.1.2 udp -P out none; # sv: entity=sip:bob@192.168.1.2 device=d1";
    let (entity, device) = bob();
    let spd = compile(text, ESP);
    let peer = spd.peer_of(&out(), Wall(0));
    assert_eq!(peer, Some((&entity, &device)));
    assert_eq!(spd.lookup(&out(), Wall(0)).why, Why::Default);
    let ruling = spd.lookup(&Flow { peer, ..out() }, Wall(0));
    assert_eq!(ruling.why, Why::First);
    assert!(ruling
        .explain()
        .starts_with("out udp 192.168.1.1[5004] -> 192.168.1.2[5006] of a call with sip:bob@192.168.1.2: none\n"));
    assert_eq!(spd.peer_of(&Flow { direction: Direction::In, ..out() }, Wall(0)), None);
}

/// The rule of PROTOCOL section 2 said again, slowly: of all that match, no other comes before the chosen one.
fn dull_lookup<'a>(entries: &'a [Entry], groups: &Groups, flow: &Flow<'_>, now: Wall) -> Option<&'a Entry> {
    let len = |prefix: &Prefix| match prefix {
        Prefix::Any => 0,
        Prefix::Net { len, .. } => i64::from(*len),
    };
    let width = |ports: &Ports| (0..=u16::MAX).filter(|port| ports.contains(*port)).count() as i64;
    let rank = |e: &Entry| {
        [
            -i64::from(e.priority),
            -i64::from(e.peer.device.is_some()),
            -i64::from(e.peer.entity.is_some()),
            -i64::from(e.peer.group.is_some()),
            -len(&e.selector.source),
            -len(&e.selector.destination),
            width(&e.selector.source_ports),
            width(&e.selector.destination_ports),
            i64::from(e.selector.upper == Upper::Any),
            e.created.0 as i64,
            e.id.0 as i64,
        ]
    };
    let matches = |e: &&Entry| {
        let peer = |e: &Entry| match flow.peer {
            None => e.peer.entity.is_none() && e.peer.device.is_none(),
            Some((entity, device)) => {
                [None, Some(entity)].contains(&e.peer.entity.as_ref())
                    && [None, Some(device)].contains(&e.peer.device.as_ref())
            }
        };
        e.direction == flow.direction
            && (e.selector.upper == Upper::Any || e.selector.upper == flow.upper)
            && e.selector.source.contains(flow.source.ip())
            && e.selector.destination.contains(flow.destination.ip())
            && e.selector.source_ports.contains(flow.source.port())
            && e.selector.destination_ports.contains(flow.destination.port())
            && e.peer
                .group
                .as_deref()
                .is_none_or(|group| flow.peer.and_then(|(e, _)| groups.group_of(e)) == Some(group))
            && peer(e)
            && !e.disabled
            && e.expires.is_none_or(|end| end > now)
    };
    entries.iter().filter(matches).min_by_key(|e| rank(e))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Compiled at once, or one change after the other: every packet is ruled as the dull model says.
    #[test]
    fn lookup_finds_what_the_dull_model_finds(
        entries in vec(strategies::entry(), 0..24),
        later in vec((strategies::entry(), 0..24u64), 0..8),
        groups in strategies::groups(),
        ends in ((strategies::address(), strategies::port()), (strategies::address(), strategies::port())),
        (upper, direction) in (strategies::upper(), strategies::direction()),
        peer in option::of((strategies::entity(), strategies::device())),
        now in (0..4000u64).prop_map(Wall),
    ) {
        let mut all: Vec<Entry> = (1..).zip(entries).map(|(id, entry)| Entry { id: EntryId(id), ..entry }).collect();
        let peer = peer.as_ref().map(|(entity, device)| (entity, device));
        let flow = Flow { source: ends.0.into(), destination: ends.1.into(), upper, direction, peer };
        let mut spd = Spd::compile(Generation(1), all.clone(), Vec::new()).with_groups(Arc::new(groups.clone()));
        for (entry, id) in later {
            let ruling = spd.lookup(&flow, now);
            match dull_lookup(&all, &groups, &flow, now) {
                Some(expected) => prop_assert_eq!(ruling.entry, expected),
                None => prop_assert_eq!(ruling.why, Why::Default),
            }
            ruling.explain();
            // An entry of that number is changed, a new one comes, and the one after is taken away.
            let entry = Entry { id: EntryId(id + 1), ..entry };
            all.retain(|other| ![id + 1, id + 2].contains(&other.id.0));
            all.push(entry.clone());
            spd = spd.changed(Generation(2), &[EntryId(id + 2)], vec![entry.clone()]);
            prop_assert_eq!(spd.entry(entry.id), Some(&entry));
            prop_assert_eq!(spd.entry(EntryId(id + 2)), None);
            prop_assert!(spd.twin_of(&entry).is_some_and(|twin| twin.rule_text() == entry.rule_text()));
            let sorted = Spd::compile(Generation(2), all.clone(), Vec::new());
            prop_assert!(spd.ordinary().eq(sorted.ordinary()));
            if let Some((entity, device)) = peer {
                let theirs = |e: &&Entry| (e.peer.entity.as_ref(), e.peer.device.as_ref()) == (Some(entity), Some(device));
                prop_assert!(spd.entries_of(entity, device).eq(sorted.ordinary().filter(theirs)));
            }
        }
    }
}

#[test]
fn after_many_changes_all_is_compiled_anew() {
    let entry = |id: u64| {
        let text = format!("spdadd 10.0.{}.{} any udp -P in none; # sv: id=e{id}", id / 256, id % 256);
        parse(&text).unwrap().remove(0)
    };
    let mut spd = Spd::compile(Generation(1), (1..=1000).map(entry).collect(), Vec::new());
    for id in 1001..=3000 {
        spd = spd.changed(Generation(id), &[EntryId(id - 1000)], vec![entry(id)]);
    }
    assert_eq!(spd.ordinary_len(), 1000);
    assert!(spd.changed.len() + spd.gone.len() <= 1024 && spd.base.len() >= 1000);
    assert!(spd.ordinary().map(|entry| entry.id.0).eq(2001..=3000));
    let flow = flow(Direction::In, "10.0.10.0:1", "10.9.9.9:1");
    assert_eq!(spd.lookup(&flow, Wall(0)).entry.id, EntryId(2560));
}

#[test]
fn an_asker_gets_the_entry_of_its_device_then_entity_then_address_then_the_default() {
    let (entity, device) = bob();
    let address = "spdadd 192.168.1.2 any any -P in none; # sv: id=e1";
    let by_entity = "spdadd any any any -P in ipsec ah/transport//use; # sv: id=e2 entity=sip:bob@192.168.1.2";
    let by_device =
        "spdadd any any any -P in ipsec ah/transport//require; # sv: id=e3 device=d1 entity=sip:bob@192.168.1.2";
    let ask = |text: &str, verified, observed, evidence| {
        let asker = Asker { verified, address: ip("192.168.1.2"), observed };
        let all = compile(text, ESP).answer_for(&asker, &asked(evidence), Wall(0));
        assert_eq!(all.iter().filter(|entry| entry.direction == Direction::Out).count(), 1, "the default's out");
        all.into_iter().filter(|entry| entry.direction == Direction::In).map(|entry| entry.id.0).collect::<Vec<_>>()
    };
    let (known, seen) = (Some((&entity, &device)), true);
    let all = [address, by_entity, by_device].join("\n");
    assert_eq!(ask(&all, known, seen, Evidence::Network), [3]);
    assert_eq!(ask(&[address, by_entity].join("\n"), known, seen, Evidence::Network), [2]);
    assert_eq!(ask(&all, None, seen, Evidence::Network), [1]);
    assert_eq!(ask(&all, None, seen, Evidence::Address), [0], "a cafe's 192.168.1.2");
    assert_eq!(ask(&all, None, false, Evidence::Network), [0], "not observed");
    assert_eq!(ask("spdadd any any any -P in discard; # sv: id=e9", None, false, Evidence::Address), [9]);
}

/// An asker is told what its packets are looked up by: priority first, and whatever only tightens.
#[test]
fn what_is_said_to_an_asker_is_what_rules_its_packets() {
    let (entity, device) = bob();
    let of_bob =
        "spdadd any any any -P in ipsec ah/transport//require; # sv: id=e1 device=d1 entity=sip:bob@192.168.1.2";
    let asker = Asker { verified: Some((&entity, &device)), address: ip("192.168.1.2"), observed: true };
    let flow = Flow { peer: asker.verified, ..flow(Direction::In, "192.168.1.2:5006", "192.168.1.1:5004") };
    for (other, first) in [
        ("spdadd any any udp -P in discard; # sv: id=e2 priority=10", 2),
        ("spdadd 192.168.1.2 any any -P in discard; # sv: id=e2", 1),
        ("spdadd any any any -P in ipsec esp/transport//require ah/transport//require; # sv: id=e2 priority=1", 2),
    ] {
        let spd = compile(&[of_bob, other].join("\n"), ESP);
        let said = spd.answer_for(&asker, &asked(Evidence::Address), Wall(0));
        let said = said.iter().find(|entry| entry.direction == Direction::In).unwrap();
        assert_eq!((said.id.0, spd.lookup(&flow, Wall(0)).entry.id.0), (first, first), "{other}");
    }
    let stranger = Asker { verified: None, ..asker };
    for (entry, first) in [
        ("spdadd 192.168.1.2 any any -P in discard; # sv: id=e3", 3),
        ("spdadd 192.168.1.2 any udp -P in ipsec esp/transport//require ah/transport//require; # sv: id=e3", 3),
        ("spdadd 192.168.1.2 any udp -P in ipsec ah/transport//require; # sv: id=e3", 0),
        ("spdadd 192.168.1.2 any udp -P in none; # sv: id=e3", 0),
    ] {
        let said = compile(entry, ESP).answer_for(&stranger, &asked(Evidence::Address), Wall(0));
        let said = said.iter().find(|entry| entry.direction == Direction::In).unwrap();
        assert_eq!(said.id.0, first, "{entry}");
    }
}

#[test]
fn what_we_demand_is_said_as_the_asker_sees_it() {
    let ours =
        parse("spdadd any 192.168.1.0/24[5004] udp -P in ipsec esp/transport//default; # sv: suites=aes-128-gcm")
            .unwrap();
    let stated = state_policy(&both_directions(ours), ip("192.168.1.2"), ip("192.168.1.1"), Level::Use);
    assert_eq!(stated.iter().map(|policy| policy.id.raw()).collect::<Vec<_>>(), ["p1", "p2"]);
    let lines: Vec<Entry> = stated
        .into_iter()
        .map(|p| Entry { suites: p.suites, ..Entry::new(p.selector, p.direction, p.action) })
        .collect();
    assert_eq!(
        write(&lines),
        "spdadd 192.168.1.1/32[any] 192.168.1.2/32[5004] udp -P out ipsec esp/transport//use; # sv: suites=aes-128-gcm\n\
         spdadd 192.168.1.2/32[5004] 192.168.1.1/32[any] udp -P in ipsec esp/transport//use; # sv: suites=aes-128-gcm\n"
    );
}

#[test]
fn what_is_published_is_for_everybody_and_names_our_own_end_alone() {
    let text = "spdadd any any udp -P in ipsec esp/transport//default;
        spdadd any 192.168.1.2[5004] udp -P out none;
        spdadd any 192.168.1.3 udp -P in none;
        spdadd 192.168.1.0/24 any udp -P in none;";
    let stated = publish_policy(&parse(text).unwrap(), ip("192.168.1.2"), Level::Require);
    let lines: Vec<Entry> = stated.into_iter().map(|p| Entry::new(p.selector, p.direction, p.action)).collect();
    assert_eq!(write(&lines), "spdadd 0.0.0.0/0[any] 192.168.1.2/32[any] udp -P out ipsec esp/transport//require;\n");
}

#[test]
fn entries_that_an_earlier_one_hides_are_not_said() {
    let text = "spdadd any any udp -P in none; # sv: id=e1 priority=9
        spdadd 192.168.1.2 any udp -P in discard; # sv: id=e2";
    let asker = Asker { verified: None, address: ip("192.168.1.2"), observed: true };
    let all = compile(text, ESP).answer_for(&asker, &asked(Evidence::Network), Wall(0));
    assert_eq!(
        all.iter().filter(|entry| entry.direction == Direction::In).map(|entry| entry.id.0).collect::<Vec<_>>(),
        [1]
    );
}
