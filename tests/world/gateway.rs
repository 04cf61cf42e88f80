//! A telephone, a gateway and a peer (item 831): the tunnel ends at the gateway, and the peer is as he ever was.

use std::time::Duration;

use sottovoce::agent::{
    AgentConfig, AnswerMode, AskState, CallState, Command, Event, GatewayConfig, Side, TransferRequest, TransferTo,
};
use sottovoce::policy::{setkey, Direction, Prefix};
use sottovoce::vocab::{CallId, Entity, Failure};

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const GATEWAY: &str = "133.134.10.1";
const BOB: &str = "133.134.10.10";
const MINUTE: Duration = Duration::from_secs(60);
const TO_GATEWAY: &str = "ipsec esp/tunnel/192.168.1.1-133.134.10.1/require";

fn gateway(name: &str) -> AgentConfig {
    let config = GatewayConfig {
        users: vec![Entity::parse("sip:alice@192.168.1.1").unwrap()],
        destinations: vec![Prefix::new("133.134.10.0".parse().unwrap(), 24).unwrap()],
        ports: sottovoce::media::PORTS,
        rate: 250,
        tunnels: 2,
    };
    AgentConfig { gateway: Some(config), ..agent(name, GATEWAY, "none") }
}

struct Three {
    world: World,
    alice: usize,
    gateway: usize,
    bob: usize,
}

/// Alice has approved the gateway and Bob, and they have approved her.
fn three(gateways: AgentConfig, bobs: &str) -> Three {
    let mut world = World::new(31, Link::GOOD);
    let alice = world.add("alice", AgentConfig { follows: true, ..agent("alice", ALICE, "none") });
    let gateway = world.add("gw", gateways);
    let bob = world.add("bob", agent("bob", BOB, bobs));
    for (asks, peer) in [(alice, "gw@133.134.10.1"), (gateway, "alice@192.168.1.1"), (bob, "alice@192.168.1.1")] {
        let ask = world.ask(asks, peer, Some("approve"));
        let registered = |world: &World| matches!(world.the_ask(asks, ask).state, AskState::Registered { .. });
        assert!(world.run_until(MINUTE, registered));
    }
    world.run_for(Duration::from_secs(2));
    world.wire.seen.clear();
    Three { world, alice, gateway, bob }
}

impl Three {
    fn call(&mut self, rules: &str, seconds: u64) -> CallId {
        self.world.call(self.alice, "bob@133.134.10.10", Some(rules), seconds)
    }

    fn ended(&mut self, call: CallId) -> CallState {
        let alice = self.alice;
        assert!(self.world.run_until(5 * MINUTE, |world| world.call_is_over(alice, call)));
        self.world.run_for(Duration::from_secs(2));
        self.world.the_call(alice, call).state.clone()
    }

    fn failed(&mut self, call: CallId) -> Failure {
        match self.ended(call) {
            CallState::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    fn last(&self, node: usize) -> &sottovoce::agent::Call {
        self.world.nodes[node].agent.calls().last().unwrap()
    }
}

#[test]
fn a_call_goes_by_the_gateway_and_the_peer_sees_nobody_else() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 5);
    let how = three.ended(call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    let (alice, gateway, bob) = (three.alice, three.gateway, three.bob);
    let talked = three.world.the_call(alice, call).clone();
    assert_eq!((talked.bundle.as_str(), talked.counters.dropped.is_empty()), ("esp/tunnel", true), "{talked:?}");
    assert!(talked.counters.received >= 245 && talked.through.is_some());
    let his = three.last(bob).clone();
    assert!(his.counters.received >= 245 && his.counters.dropped.is_empty(), "{his:?}");
    let between = three.last(gateway).clone();
    assert_eq!(between.forwards, Some(BOB.parse().unwrap()));
    assert_eq!(between.counters.dropped.len(), 0, "{between:?}");
    assert!(between.counters.received >= 490 / 2 && between.counters.sent >= 245);
    let tunnel = three.world.nodes[alice].agent.calls().find(|other| other.carries == Some(call)).unwrap();
    assert!(matches!(&tunnel.state, CallState::Ended { reason } if reason.contains("which it carried")), "{tunnel:?}");
    // Half of what went over the wire is in the tunnel, the other half is what Bob asked for: clear.
    let (sealed, clear): (Vec<_>, Vec<_>) = three.world.wire.seen.iter().partition(|bytes| bytes[0] >= 192);
    assert!(sealed.len().abs_diff(clear.len()) <= 10, "{} and {}", sealed.len(), clear.len());
}

/// What the entry demands beyond the tunnel is between the telephone and its peer.
#[test]
fn what_is_behind_the_tunnel_is_protected_from_end_to_end() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(&format!("{TO_GATEWAY} ah/transport//require"), 2);
    let how = three.ended(call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    let talked = three.world.the_call(three.alice, call).clone();
    assert_eq!((talked.bundle.as_str(), talked.counters.dropped.is_empty()), ("ah+esp/tunnel", true), "{talked:?}");
    assert_eq!(three.last(three.bob).bundle, "ah");
    assert!(three.last(three.bob).counters.received >= 95 && talked.counters.received >= 95);
    assert!(three.world.wire.seen.iter().all(|bytes| bytes[0] >= 192), "nothing in clear on either leg");
}

#[test]
fn a_gateway_refuses_whom_it_does_not_serve_and_says_why() {
    let with = |change: fn(&mut GatewayConfig)| {
        let mut config = gateway("gw");
        change(config.gateway.as_mut().unwrap());
        config
    };
    let elsewhere = || vec![Prefix::new("10.0.0.0".parse().unwrap(), 8).unwrap()];
    let strict = AgentConfig {
        default_policy: setkey::parse("spdadd any 133.134.10.10 udp -P out ipsec esp/transport//require; spdadd any any udp -P out none; spdadd any any udp -P in none;").unwrap(),
        ..gateway("gw")
    };
    for (config, why) in [
        (AgentConfig { gateway: None, ..gateway("gw") }, "this is no gateway"),
        (with(|gateway| gateway.users.clear()), "you are no user of this gateway"),
        (
            AgentConfig {
                gateway: with(|_| ()).gateway.map(|g| GatewayConfig { destinations: elsewhere(), ..g }),
                ..gateway("gw")
            },
            "does not lead to 133.134.10.10",
        ),
        (with(|gateway| gateway.tunnels = 0), "has no tunnel left"),
        (strict, "lets nothing through to 133.134.10.10"),
    ] {
        let mut three = three(config, "none");
        let call = three.call(TO_GATEWAY, 2);
        let failure = three.failed(call);
        assert!(failure.message.contains(why), "{why}: {failure:?}");
        assert!(failure.message.contains("no tunnel to the gateway sip:gw@133.134.10.1"), "{failure:?}");
        assert_eq!(three.world.wire.seen.len(), 0, "nothing was sent");
        let told = three.world.nodes[three.gateway]
            .events
            .iter()
            .filter(|event| matches!(event, Event::Notice(notice) if notice.code == "tunnel-refused"))
            .count();
        assert_eq!(told, usize::from(why != "this is no gateway"), "whoever runs it learns of it");
        let called = three.world.nodes[three.bob].agent.calls().any(|call| call.side == Side::Callee);
        assert!(!called, "Bob was called");
    }
}

/// The audit table is never shortened: who comes again and again is one row, and one notice, in ten minutes.
#[test]
fn whom_a_gateway_refuses_again_is_no_news() {
    let mut config = gateway("gw");
    config.gateway.as_mut().unwrap().users.clear();
    let mut three = three(config, "none");
    let told = |world: &World| {
        let refused = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == "tunnel-refused");
        let rows = world.nodes[1].store.audit.iter().filter(|row| row.kind == "tunnel-refused").count();
        (world.nodes[1].events.iter().filter(refused).count(), rows)
    };
    let began = three.world.now.mono;
    for _ in 0..3 {
        let call = three.call(TO_GATEWAY, 2);
        assert!(three.failed(call).message.contains("you are no user of this gateway"));
    }
    assert!(three.world.now.mono - began < 5 * MINUTE);
    assert_eq!(told(&three.world), (1, 1));
    three.world.run_for(10 * MINUTE);
    let call = three.call(TO_GATEWAY, 2);
    three.failed(call);
    assert_eq!(told(&three.world), (2, 2));
}

#[test]
fn without_an_approved_gateway_there_nobody_is_called() {
    let mut world = World::new(32, Link::GOOD);
    let alice = world.add("alice", agent("alice", ALICE, "none"));
    world.add("gw", gateway("gw"));
    world.add("bob", agent("bob", BOB, "none"));
    let call = world.call(alice, "bob@133.134.10.10", Some(TO_GATEWAY), 2);
    assert!(world.run_until(MINUTE, |world| world.call_is_over(alice, call)));
    let CallState::Failed(failure) = world.the_call(alice, call).state.clone() else { panic!() };
    assert!(failure.message.contains("nor at a gateway that you approved"), "{failure:?}");
}

/// One call is nothing without the other.
#[test]
fn when_the_gateway_goes_the_call_goes() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 60);
    three.world.run_for(Duration::from_secs(3));
    assert_eq!(three.world.the_call(three.alice, call).state, CallState::Active);
    let tunnel = three.world.the_call(three.alice, call).through.unwrap();
    let held = three.world.command(three.alice, Command::Hold { call: tunnel, wanted: true }).unwrap_err();
    assert!(held.next.contains(&format!("name call {call}")), "{held:?}");
    let theirs = three.last(three.gateway).id;
    three.world.command(three.gateway, Command::Hangup { call: Some(theirs) }).unwrap();
    let failure = three.failed(call);
    assert_eq!(failure.code, "tunnel-lost", "{failure:?}");
    let sent = three.world.wire.seen.len();
    three.world.run_for(Duration::from_secs(2));
    assert_eq!(three.world.wire.seen.len(), sent, "nothing goes past it");
}

/// Nobody waits without knowing for whom.
#[test]
fn a_gateway_that_is_away_is_named() {
    let mut three = three(gateway("gw"), "none");
    three.world.dead = Some(GATEWAY.parse().unwrap());
    let call = three.call(TO_GATEWAY, 2);
    let waits = |world: &World| world.the_call(0, call).through.is_some();
    assert!(three.world.run_until(MINUTE, waits), "while it is called");
    assert_eq!(three.world.the_call(three.alice, call).state, CallState::Inviting);
    let failure = three.failed(call);
    assert_eq!(failure.code, "peer-silent");
    assert!(failure.message.contains("no tunnel to the gateway sip:gw@133.134.10.1"), "{failure:?}");
}

/// Bob calls: Alice answers by way of the gateway, because her entries say so.
#[test]
fn a_call_that_comes_is_answered_by_way_of_the_gateway() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 2);
    three.ended(call);
    three.world.wire.seen.clear();
    let (alice, bob) = (three.alice, three.bob);
    let call = three.world.call(bob, "alice@192.168.1.1", Some("approve"), 3);
    assert!(three.world.run_until(2 * MINUTE, |world| world.call_is_over(bob, call)));
    three.world.run_for(Duration::from_secs(1));
    let how = three.world.the_call(bob, call).clone();
    assert!(matches!(how.state, CallState::Ended { .. }) && how.counters.received >= 140, "{how:?}");
    let answered =
        three.world.nodes[alice].agent.calls().find(|call| call.through.is_some() && call.counters.received > 0);
    assert_eq!(answered.map(|call| call.bundle.as_str()), Some("esp/tunnel"));
    let sealed = three.world.wire.seen.iter().filter(|bytes| bytes[0] >= 192).count();
    assert!(sealed >= 280, "{sealed} of {}", three.world.wire.seen.len());
}

/// The tunnel stays, and what is agreed within it changes.
#[test]
fn a_call_in_a_tunnel_is_tightened_while_it_runs() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 8);
    three.world.run_for(Duration::from_secs(3));
    let rules = setkey::parse_action(&format!("{TO_GATEWAY} ah/transport//require")).ok();
    three.world.command(three.alice, Command::Tighten { call, rules }).unwrap();
    let how = three.ended(call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    let talked = three.world.the_call(three.alice, call).clone();
    // What has to be protected by now waits until it is, as in clear.
    assert!(talked.bundle == "ah+esp/tunnel" && talked.counters.dropped.values().sum::<u64>() <= 5, "{talked:?}");
    assert_eq!(three.last(three.bob).bundle, "ah");
    assert!(talked.counters.received >= 390 && three.last(three.bob).counters.received >= 390, "{talked:?}");
}

/// Its entry names the address that she had.
#[test]
fn whoever_moves_loses_the_call_and_is_told_what_to_write() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 60);
    three.world.run_for(Duration::from_secs(3));
    three.world.moves(three.alice, "133.134.10.77", "02:00:00:00:00:09");
    let failure = three.failed(call);
    assert_eq!(failure.code, "tunnel-moved", "{failure:?}");
}

/// The operator's entries rule what goes through, whenever he writes them.
#[test]
fn a_gateway_whose_policy_changes_lets_nothing_more_through() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 10);
    three.world.run_for(Duration::from_secs(3));
    let text = "spdadd any 133.134.10.10 udp -P out discard; # sv: priority=5".to_owned();
    three.world.command(three.gateway, Command::PolicyAdd { text }).unwrap();
    three.ended(call);
    let between = three.last(three.gateway).clone();
    assert!(between.counters.dropped.get("policy").is_some_and(|dropped| *dropped >= 300), "{between:?}");
    assert!(three.last(three.bob).counters.received <= 160, "{:?}", three.last(three.bob));
}

/// Whom the operator approves while the tunnel runs has entries that rule in it from then on.
#[test]
fn whom_a_gateway_learns_of_within_a_call_its_entries_rule_at_once() {
    let mut three = three(gateway("gw"), "none");
    let call = three.call(TO_GATEWAY, 10);
    three.world.run_for(Duration::from_secs(3));
    let ask = three.world.ask(three.gateway, "bob@133.134.10.10", Some("ipsec esp/transport//require"));
    let registered = |world: &World| matches!(world.the_ask(1, ask).state, AskState::Registered { .. });
    assert!(three.world.run_until(Duration::from_secs(2), registered), "{:?}", three.world.the_ask(1, ask).state);
    three.ended(call);
    let between = three.last(three.gateway).clone();
    assert!(between.counters.dropped.get("policy").is_some_and(|dropped| *dropped >= 400), "{between:?}");
    assert!(three.last(three.bob).counters.received <= 260, "{:?}", three.last(three.bob));
}

/// A change of the policy for Bob, by hand, until it is stored.
fn edits(three: &mut Three, action: &str) -> Result<(), Failure> {
    let alice = three.alice;
    let bob = Entity::parse("sip:bob@133.134.10.10").unwrap();
    let his = three.world.nodes[alice].agent.entries().into_iter();
    let his =
        his.filter(|entry| entry.direction == Direction::Out).find(|entry| entry.peer.entity.as_ref() == Some(&bob));
    let his = his.expect("an entry for Bob");
    let text = his.to_setkey().replace(&his.action.to_string(), action);
    three.world.command(alice, Command::PolicyEdit { entry: his.id, text })?;
    three.world.run_for(Duration::from_secs(2));
    Ok(())
}

/// The gateway opens the tunnel, so that it gives Bob nothing of what he agreed to, and takes nothing from him.
#[test]
fn an_edit_that_ends_the_protection_at_a_gateway_is_looser() {
    let esp = "ipsec esp/transport//require";
    let mut his = three(gateway("gw"), "none");
    let call = his.call(esp, 1);
    let how = his.ended(call);
    assert!(matches!(how, CallState::Ended { .. }), "{how:?}");
    assert_eq!(edits(&mut his, TO_GATEWAY).unwrap_err().code, "looser-than-asked");
    for taken in [format!("{TO_GATEWAY} ah/transport//require"), "none".to_owned()] {
        assert_eq!(edits(&mut his, &taken).unwrap_err().code, "looser-than-asked", "{taken}");
    }
    let mut free = three(gateway("gw"), "none");
    let call = free.call(TO_GATEWAY, 1);
    free.ended(call);
    edits(&mut free, "none").unwrap();
    edits(&mut free, TO_GATEWAY).unwrap();
}

/// Entries that change, or end, while the call runs: what does not tunnel to the gateway any more is for the call itself to keep, and what
/// cannot be kept ends it. Nothing goes on in clear behind the gateway.
#[test]
fn behind_the_gateway_nothing_is_in_clear_that_the_entries_protect_by_now() {
    for bobs in ["none", "discard"] {
        let mut three = three(gateway("gw"), "none");
        let call = three.call(TO_GATEWAY, 60);
        three.world.run_for(Duration::from_secs(3));
        three.world.wire.seen.clear();
        if bobs == "discard" {
            // He does not answer any more.
            three.world.dead = Some(BOB.parse().unwrap());
        }
        let text = "spdadd any any udp -P out ipsec esp/transport//require; # sv: priority=9".to_owned();
        three.world.command(three.alice, Command::PolicyAdd { text }).unwrap();
        three.world.run_for(Duration::from_millis(500));
        three.world.wire.seen.clear();
        three.world.run_for(Duration::from_secs(5));
        let clear = three.world.wire.seen.iter().filter(|bytes| bytes[0] < 192).count();
        let his = if bobs == "none" { 0 } else { clear };
        assert_eq!(clear, his, "{bobs}");
        if bobs == "none" {
            assert_eq!(three.world.the_call(three.alice, call).state, CallState::Active);
            assert_eq!(three.last(three.bob).bundle, "esp");
        }
        let sent = three.world.the_call(three.alice, call).counters.clone();
        assert!(bobs == "none" || sent.dropped.contains_key("unprotected"), "{sent:?}");
    }
}

#[test]
fn an_entry_that_ends_within_a_call_is_followed_by_the_next() {
    let mut three = three(
        AgentConfig {
            default_policy: setkey::parse("spdadd any any udp -P out none; spdadd any any udp -P in none;").unwrap(),
            ..gateway("gw")
        },
        "none",
    );
    let (alice, bob) = (three.alice, three.bob);
    let call = three.call(TO_GATEWAY, 30);
    three.world.run_for(Duration::from_secs(3));
    let ends = three.world.now.wall.0 / 1000 + 5;
    let served = (TO_GATEWAY, format!("priority=9 expires={ends}"));
    for (rules, option) in [served, ("ipsec esp/transport//require", "priority=8".to_owned())] {
        let text = format!("spdadd any any udp -P out {rules}; # sv: {option}");
        three.world.command(alice, Command::PolicyAdd { text }).unwrap();
    }
    three.world.run_for(Duration::from_secs(2));
    assert_eq!(three.last(bob).bundle, "none", "the tunnel serves it");
    three.world.run_for(Duration::from_secs(6));
    assert_eq!(three.last(bob).bundle, "esp", "and then it is for the call");
    three.world.wire.seen.clear();
    three.world.run_for(Duration::from_secs(2));
    assert!(three.world.wire.seen.iter().all(|bytes| bytes[0] >= 192));
    assert_eq!(three.world.the_call(alice, call).state, CallState::Active);
}

/// It rang for nobody: nothing is called by way of it, and its user does not hold it for ever. Whoever tries is a modified agent.
#[test]
fn nobody_is_called_by_way_of_a_tunnel() {
    let mut three = three(AgentConfig { answer: AnswerMode::Prompt, ..gateway("gw") }, "none");
    let call = three.call(TO_GATEWAY, 20);
    three.world.run_for(Duration::from_secs(3));
    let tunnel = three.world.the_call(three.alice, call).through.unwrap();
    let theirs = three.last(three.gateway).id;
    let to = || TransferTo::Peer("sip:bob@133.134.10.10".into());
    for (node, call) in [(three.alice, tunnel), (three.gateway, theirs)] {
        let refused = three.world.command(node, Command::Transfer(TransferRequest { call, to: to() })).unwrap_err();
        assert_eq!(refused.code, "call-is-tunnel");
    }
    let calls = |world: &World, node: usize| world.nodes[node].agent.calls().count();
    let before = [three.alice, three.gateway].map(|node| calls(&three.world, node));
    let accepted = said(&three.world, |text| {
        text.starts_with("SIP/2.0 200") && text.contains(" INVITE\r\n") && text.contains("gw@133.134.10.1")
    });
    let header = |name: &str| {
        let line = accepted.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {accepted}")).to_owned()
    };
    let (hers, its, id) = (header("From: "), header("To: "), header("Call-ID: "));
    for (from, to, [there, here]) in [(&hers, &its, [GATEWAY, ALICE]), (&its, &hers, [ALICE, GATEWAY])] {
        let lines = [
            format!("REFER sip:x@{there}:5060 SIP/2.0"),
            format!("Via: SIP/2.0/UDP {here}:5060;branch=z9hG4bK{here}"),
            "Max-Forwards: 70".to_owned(),
            format!("From: {from}"),
            format!("To: {to}"),
            format!("Call-ID: {id}"),
            "CSeq: 77 REFER".to_owned(),
            format!("Contact: <sip:x@{here}:5060>"),
            "Refer-To: <sip:bob@133.134.10.10>".to_owned(),
            "Content-Length: 0".to_owned(),
        ];
        let refer = lines.join("\r\n") + "\r\n\r\n";
        let (from, to) = (format!("{here}:5060").parse().unwrap(), format!("{there}:5060").parse().unwrap());
        let parcel = Parcel::Sip { stream: None, from, to, bytes: refer.into_bytes() };
        three.world.wire.send(three.world.now.mono, parcel);
        three.world.run_for(Duration::from_secs(1));
        let answer =
            said(&three.world, |text| text.contains(&format!("branch=z9hG4bK{here}")) && text.starts_with("SIP/2.0"));
        assert!(answer.starts_with("SIP/2.0 403"), "{answer}");
    }
    assert_eq!([three.alice, three.gateway].map(|node| calls(&three.world, node)), before);
}

/// The last SIP message that is so.
fn said(world: &World, is_so: impl Fn(&str) -> bool) -> String {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Parcel::Media { .. } => None,
    };
    world.wire.overheard.iter().rev().filter_map(text).find(|text| is_so(text)).expect("it was said")
}
