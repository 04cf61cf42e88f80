//! Every rule through the whole pipeline: modes, IPComp, padding, levels, ports, directions, priorities.

use std::collections::BTreeSet;
use std::time::Duration;

use sottovoce::agent::{AgentConfig, AskState, CallState, Command};
use sottovoce::policy::{both_directions, setkey, Answer};
use sottovoce::vocab::{CallId, Entity, Failure};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const BOB: &str = "192.168.1.2";
const MINUTE: Duration = Duration::from_secs(60);

fn two(bobs: AgentConfig) -> (World, usize, usize) {
    let mut world = World::new(11, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    let bob = world.add("bob", bobs);
    (world, alice, bob)
}

fn ended(world: &mut World, node: usize, call: CallId) -> CallState {
    assert!(world.run_until(5 * MINUTE, |world| world.call_is_over(node, call)), "{:?}", world.the_call(node, call));
    world.run_for(Duration::from_secs(1));
    world.the_call(node, call).state.clone()
}

fn failed(world: &mut World, node: usize, call: CallId) -> Failure {
    match ended(world, node, call) {
        CallState::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// Whoever received it had all of it, in every direction.
fn heard_both_ways(world: &World, nodes: [usize; 2], seconds: u64) {
    for node in nodes {
        let call = world.nodes[node].agent.calls().last().unwrap();
        assert!(call.counters.received >= seconds * 50 - 5, "{call:?}");
        assert!(call.counters.dropped.is_empty(), "{call:?}");
    }
}

/// What a call of a second under these rules of Alice's is, and the sizes of its packets.
fn called_with(rules: &str) -> (String, BTreeSet<usize>) {
    let (mut world, alice, bob) = two(agent("bob", BOB, "none"));
    let call = world.call(alice, "bob@192.168.1.2", Some(rules), 1);
    let how = ended(&mut world, alice, call);
    assert!(matches!(how, CallState::Ended { .. }), "{rules}: {how:?}");
    heard_both_ways(&world, [alice, bob], 1);
    let bundle = world.the_call(alice, call).bundle.clone();
    assert_eq!(world.nodes[bob].agent.calls().last().unwrap().bundle, bundle, "both ways the same");
    let first = |bytes: &Vec<u8>| bytes.first().copied().unwrap_or_default();
    assert!(world.wire.seen.iter().all(|bytes| first(bytes) >= 192), "{rules}: no packet in clear");
    (bundle, world.wire.seen.iter().map(Vec::len).collect())
}

/// RTP 172 and its inner UDP header in ESP 34 and 2 of padding, in AH 32; 20 for each inner IPv4 header.
#[test]
fn every_mode_carries_a_call() {
    let ends = "192.168.1.1-192.168.1.2";
    for (rules, bundle, size) in [
        ("ipsec esp/tunnel/ENDS/require", "esp/tunnel", 172 + 44 + 20),
        ("ipsec ah/tunnel/ENDS/require", "ah/tunnel", 172 + 40 + 20),
        ("ipsec esp/tunnel/ENDS/require ah/transport//require", "ah+esp/tunnel", 172 + 76 + 20),
        ("ipsec esp/transport//require ah/tunnel/ENDS/require", "ah/tunnel+esp", 172 + 76 + 20),
        ("ipsec esp/tunnel/ENDS/require ah/tunnel/ENDS/require", "ah/tunnel+esp/tunnel", 172 + 76 + 40),
    ] {
        let (agreed, sizes) = called_with(&rules.replace("ENDS", ends));
        assert_eq!(agreed, bundle);
        assert!(sizes.contains(&size) && sizes.iter().all(|len| *len <= size), "{bundle}: {sizes:?}");
    }
}

/// A tone in G.711 repeats itself, and so becomes shorter; whatever does not goes whole.
#[test]
fn ipcomp_makes_packets_shorter_in_either_mode() {
    let ends = "192.168.1.1-192.168.1.2";
    for (rules, bundle, whole) in [
        ("ipsec ipcomp/transport//use esp/transport//require", "esp+ipcomp", 172 + 44),
        ("ipsec ipcomp/transport//use esp/tunnel/ENDS/require", "esp/tunnel+ipcomp", 172 + 64),
        ("ipsec ipcomp/tunnel/ENDS/use esp/transport//require", "esp+ipcomp/tunnel", 172 + 64),
        ("ipsec ipcomp/transport//require ah/transport//require", "ah+ipcomp", 172 + 40),
    ] {
        let (agreed, sizes) = called_with(&rules.replace("ENDS", ends));
        assert_eq!(agreed, bundle);
        let longest = *sizes.last().unwrap();
        assert!(longest < whole, "{bundle}: {sizes:?} are all shorter than {whole}");
    }
}

/// As [`agent`] makes one for an IPv4 address.
fn ipv6(name: &str, address: &str) -> AgentConfig {
    let mut config = agent(name, "192.168.1.77", "none");
    let ip = address.parse().unwrap();
    config.entity = Entity::parse(&format!("sip:{name}@[{address}]")).unwrap();
    config.media_address = ip;
    config.listen.iter_mut().for_each(|listen| listen.address.set_ip(ip));
    config
}

#[test]
fn a_tunnel_over_ipv6() {
    let mut world = World::new(12, Link::GOOD);
    let alice = world.add("alice", ipv6("alice", "2001:db8::1"));
    let bob = world.add("bob", ipv6("bob", "2001:db8::2"));
    let rules = "ipsec esp/tunnel/2001:db8::1-2001:db8::2/require";
    let call = world.call(alice, "bob@[2001:db8::2]", Some(rules), 1);
    let how = ended(&mut world, alice, call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    heard_both_ways(&world, [alice, bob], 1);
    let longest = world.wire.seen.iter().map(Vec::len).max();
    assert_eq!((world.the_call(alice, call).bundle.as_str(), longest), ("esp/tunnel", Some(172 + 44 + 40)));
}

/// What Bob asks for is what Alice approves: the ends of his tunnels are said as she sees them.
#[test]
fn a_callee_asks_for_a_tunnel_in_its_statement() {
    let bobs = agent("bob", BOB, "ipsec esp/tunnel/192.168.1.2-192.168.1.1/require");
    let (mut world, alice, bob) = two(bobs);
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    let how = ended(&mut world, alice, call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    let seen = world.the_call(alice, call);
    assert_eq!(
        (seen.bundle.as_str(), seen.action.as_str()),
        ("esp/tunnel", "ipsec esp/tunnel/192.168.1.1-192.168.1.2/require")
    );
    heard_both_ways(&world, [alice, bob], 1);
}

/// The mode is no strength: Bob asks for a tunnel, Alice gives as much in transport mode.
#[test]
fn transport_mode_is_as_good_as_a_tunnel() {
    let bobs = agent("bob", BOB, "ipsec esp/tunnel/192.168.1.2-192.168.1.1/require");
    let (mut world, alice, bob) = two(bobs);
    let call = world.call(alice, "bob@192.168.1.2", Some("ipsec esp/transport//require"), 1);
    let how = ended(&mut world, alice, call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    assert_eq!(world.the_call(alice, call).bundle, "esp");
    heard_both_ways(&world, [alice, bob], 1);
}

#[test]
fn a_tunnel_to_somewhere_else_is_refused_and_says_what_to_write() {
    let (mut world, alice, bob) = two(agent("bob", BOB, "none"));
    let elsewhere = "ipsec esp/tunnel/192.168.1.1-133.134.10.1/require";
    let call = world.call(alice, "bob@192.168.1.2", Some(elsewhere), 1);
    let failure = failed(&mut world, alice, call);
    assert!(failure.message.contains("nor at a gateway that you approved"), "{failure}");
    assert!(failure.next.contains("esp/tunnel/192.168.1.1-192.168.1.2/require"), "{failure}");
    // Approved in transport mode; then an entry of Alice's own for everybody at that address comes first.
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    let text = format!("spdadd any 192.168.1.2 udp -P out {elsewhere}; # sv: priority=5");
    world.command(alice, Command::PolicyAdd { text }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    let failure = failed(&mut world, alice, call);
    assert_eq!(failure.code, "tunnel-elsewhere");
    assert!(failure.next.contains("esp/tunnel/192.168.1.1-192.168.1.2/require"), "{failure}");
    assert!(failure.next.contains("sottovoce ask sip:NAME@133.134.10.1"), "{failure}");
    assert_eq!(world.nodes[bob].agent.calls().count(), 0, "it never rang");
}

/// A rule of the callee's own that ends elsewhere lets nobody in either.
#[test]
fn a_callee_whose_own_tunnel_ends_elsewhere_refuses() {
    let bobs = agent("bob", BOB, "none");
    let (mut world, alice, bob) = two(bobs);
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    let text = "spdadd any 192.168.1.1 udp -P out ipsec esp/tunnel/192.168.1.2-10.0.0.1/use; # sv: priority=5";
    world.command(bob, Command::PolicyAdd { text: text.into() }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    let asked_again = |world: &World| matches!(world.the_call(alice, call).state, CallState::Reviewing(_));
    assert!(world.run_until(MINUTE, asked_again), "{:?}", world.the_call(alice, call));
    let theirs = world.nodes[bob].agent.calls().last().unwrap();
    let CallState::Failed(failure) = &theirs.state else { panic!("{theirs:?}") };
    assert_eq!(failure.code, "tunnel-elsewhere");
    assert!(failure.next.contains("esp/tunnel/192.168.1.2-192.168.1.1/use"), "{failure}");
    assert_eq!(world.wire.seen.len(), 0, "not one packet");
}

/// One size for everything that the stream sends, reports too; wanted by either side.
#[test]
fn padding_makes_all_packets_one_size() {
    let padded = "spdadd any any udp -P out ipsec esp/transport//require; # sv: tfc=on";
    let (mut world, alice, bob) = two(agent("bob", BOB, "none"));
    let ask = world.ask(alice, "bob@192.168.1.2", None);
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Reviewing(_))));
    let AskState::Reviewing(review) = world.the_ask(alice, ask).state else { panic!() };
    let answer = Answer::Edit(setkey::parse(padded).unwrap());
    world.command(alice, Command::AnswerReview { review, answer, by: "test" }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 20);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "esp+tfc");
    let reports: u64 =
        [alice, bob].map(|node| world.nodes[node].agent.calls().last().unwrap().counters.rtcp_sent).iter().sum();
    assert!(reports > 2, "{reports}");
    let sizes: BTreeSet<usize> = world.wire.seen.iter().map(Vec::len).collect();
    assert_eq!(sizes, BTreeSet::from([172 + 44]));
}

#[test]
fn the_callee_adds_the_padding_that_its_own_entries_want() {
    let mut bobs = agent("bob", BOB, "none");
    let text = "spdadd any any udp -P out ipsec esp/transport//require; # sv: tfc=on";
    bobs.default_policy = both_directions(setkey::parse(text).unwrap());
    let (mut world, alice, bob) = two(bobs);
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "esp+tfc");
    heard_both_ways(&world, [alice, bob], 1);
}

/// `default` is the reader's own level, `unique` as `require`, `use` serves where it can.
#[test]
fn every_level_serves_a_call() {
    for level in ["default", "use", "require", "unique"] {
        let (bundle, _) = called_with(&format!("ipsec esp/transport//{level} ah/transport//{level}"));
        assert_eq!(bundle, "ah+esp", "{level}");
    }
}

/// `unique`: an SA that no other entry shares. Each stream owns its SAs, so no two calls share one, and neither do two directions.
#[test]
fn no_two_streams_share_an_association() {
    let mut world = World::new(13, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    world.add("bob", agent("bob", BOB, "ipsec esp/transport//unique ah/transport//unique"));
    world.add("carol", agent("carol", "192.168.1.3", "ipsec esp/transport//unique"));
    let peers = ["bob@192.168.1.2", "carol@192.168.1.3", "bob@192.168.1.2"];
    let calls = peers.map(|peer| {
        let call = world.call(alice, peer, Some("approve"), 3600);
        assert!(world.run_until(MINUTE, |world| world.the_call(alice, call).state == CallState::Active), "{peer}");
        call
    });
    world.run_for(Duration::from_secs(2));
    for call in calls {
        let counters = &world.the_call(alice, call).counters;
        assert!(counters.received > 90 && counters.dropped.is_empty(), "{counters:?}");
    }
    let keys: Vec<serde_json::Value> =
        world.nodes[alice].keylog.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let each = |field: &str| keys.iter().map(|key| key[field].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!(
        (keys.len(), each("spi"), each("key")),
        (10, 10, 10),
        "two of AH and ESP to Bob, one of ESP to Carol, twice"
    );
}

/// Different rules out and in, as Bob asks for them.
#[test]
fn each_direction_has_its_own_bundle() {
    let mut bobs = agent("bob", BOB, "none");
    let text = "spdadd any any udp -P out ipsec esp/transport//require ah/transport//require; \
                spdadd any any udp -P in ipsec esp/transport//require;";
    bobs.default_policy = setkey::parse(text).unwrap();
    let (mut world, alice, bob) = two(bobs);
    let call = world.call(alice, "bob@192.168.1.2", Some("approve"), 1);
    assert!(matches!(ended(&mut world, alice, call), CallState::Ended { .. }));
    assert_eq!(world.the_call(alice, call).bundle, "esp", "what Alice sends is what Bob wants to get");
    assert_eq!(world.nodes[bob].agent.calls().last().unwrap().bundle, "ah+esp");
    heard_both_ways(&world, [alice, bob], 1);
    let sizes: BTreeSet<usize> = world.wire.seen.iter().map(Vec::len).filter(|len| *len > 200).collect();
    assert_eq!(sizes, BTreeSet::from([172 + 44, 172 + 76]));
}

/// How a call under the default `none` goes when Alice has this entry too.
fn beside(entry: &str) -> Result<String, Failure> {
    let (mut world, alice, bob) = two(agent("bob", BOB, "none"));
    let ask = world.ask(alice, "bob@192.168.1.2", Some("approve"));
    assert!(world.run_until(MINUTE, |world| matches!(world.the_ask(alice, ask).state, AskState::Registered { .. })));
    world.command(alice, Command::PolicyAdd { text: entry.to_owned() }).unwrap();
    let call = world.call(alice, "bob@192.168.1.2", None, 1);
    match ended(&mut world, alice, call) {
        CallState::Failed(failure) => Err(failure),
        _ => {
            heard_both_ways(&world, [alice, bob], 1);
            Ok(world.the_call(alice, call).bundle.clone())
        }
    }
}

#[test]
fn the_entry_that_fits_the_packets_rules_them() {
    let rules = "ipsec esp/transport//require";
    for (entry, bundle) in [
        (format!("spdadd any any udp -P out {rules}; # sv: priority=1"), "esp"),
        (format!("spdadd any any any -P out {rules}; # sv: priority=1"), "esp"),
        ("spdadd any any tcp -P out discard; # sv: priority=1".to_owned(), "none"),
        (format!("spdadd any 192.168.1.0/24 udp -P out {rules}; # sv: priority=1"), "esp"),
        (format!("spdadd any 192.168.2.0/24 udp -P out {rules}; # sv: priority=1"), "none"),
        (format!("spdadd any[16384-32767] any[16384-32767] udp -P out {rules}; # sv: priority=1"), "esp"),
        (format!("spdadd any any[5000-5999] udp -P out {rules}; # sv: priority=1"), "none"),
        (format!("spdadd any any[5000] udp -P out {rules}; # sv: priority=1"), "none"),
        (format!("spdadd any any udp -P out {rules}; # sv: priority=-1"), "none"),
    ] {
        assert_eq!(beside(&entry).unwrap(), bundle, "{entry}");
    }
    let refused = beside("spdadd any any udp -P out discard; # sv: priority=1").unwrap_err();
    assert_eq!(refused.code, "discarded");
}

#[test]
fn of_several_entries_for_a_peer_the_highest_priority_counts() {
    let two = |high: &str, low: &str| {
        format!("spdadd any 192.168.1.2 udp -P out {high}; # sv: priority=7\nspdadd any 192.168.1.2 udp -P out {low}; # sv: priority=3\n")
    };
    let (esp, ah) = ("ipsec esp/transport//require", "ipsec ah/transport//require");
    assert_eq!(beside(&two(esp, ah)).unwrap(), "esp");
    assert_eq!(beside(&two(ah, esp)).unwrap(), "ah");
    assert_eq!(beside(&two("none", esp)).unwrap(), "none");
    assert_eq!(beside(&two("discard", esp)).unwrap_err().code, "discarded");
}
