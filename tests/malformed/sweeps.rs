//! Every truncation and every octet flipped, of each kind of message that carries something of worth.

use std::time::Duration;

use sottovoce::agent::{AskState, CallState};
use sottovoce::vocab::{CallId, Generation};

use crate::bench::{Bench, Letter, ALICE, BOB};

/// More than any of these may hold after a sweep of several thousand messages (PROTOCOL has tighter ones a kind).
const BOUND: usize = 1100;

/// Every prefix, and every octet with one of its bits flipped, another bit each time.
pub fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let prefixes = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    let flips = (0..bytes.len()).map(|at| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        flipped
    });
    prefixes.chain(flips)
}

fn is_bounded(bench: &Bench) {
    for node in &bench.nodes {
        assert!(node.agent.reviews().count() <= BOUND, "{}: reviews", node.ip);
        assert!(node.agent.calls().count() <= BOUND, "{}: calls", node.ip);
        assert!(node.agent.asks().count() <= BOUND, "{}: asks", node.ip);
        assert!(node.agent.presences().count() <= BOUND, "{}: presences", node.ip);
    }
}

fn nothing_is_registered(bench: &Bench, who: usize) {
    let node = &bench.nodes[who];
    assert!(node.store.registered.is_empty(), "{} registered something", node.ip);
    assert_eq!(node.agent.spd().generation(), Generation(0));
    assert_eq!(node.agent.pins().count(), 0);
}

/// All damage to one agent, one after the other.
fn sweep(bench: &mut Bench, letter: &Letter) {
    for bytes in damaged(&letter.bytes) {
        bench.deliver(letter, &bytes);
        bench.flying.clear();
    }
    is_bounded(bench);
}

#[test]
fn a_damaged_subscribe_registers_nothing_and_the_next_one_is_answered() {
    let mut bench = Bench::new("none");
    bench.ask();
    let subscribe = bench.hold("SUBSCRIBE");
    sweep(&mut bench, &subscribe);
    nothing_is_registered(&bench, BOB);
    bench.now.mono.0 += Duration::from_secs(3600);
    bench.now.wall = bench.now.wall.saturating_add(Duration::from_secs(3600));
    bench.nodes[BOB].agent.handle_timeout(bench.now);
    let id = bench.ask();
    bench.settle();
    let state = &bench.nodes[ALICE].agent.ask(id).unwrap().state;
    assert!(matches!(state, AskState::Reviewing(_)), "{state:?}");
}

#[test]
fn a_damaged_notify_shows_the_user_nothing_that_the_peer_did_not_sign() {
    let mut bench = Bench::new("ipsec esp/transport//require");
    let id = bench.ask();
    let notify = bench.hold("NOTIFY");
    bench.deliver(&notify, &notify.bytes);
    let truth = shown(&bench, id).expect("the whole one is reviewed");
    let mut reviewed = 0;
    for bytes in damaged(&notify.bytes) {
        let mut bench = Bench::new("ipsec esp/transport//require");
        let id = bench.ask();
        let held = bench.hold("NOTIFY");
        bench.deliver(&held, &bytes);
        nothing_is_registered(&bench, ALICE);
        if let Some(shown) = shown(&bench, id) {
            assert_eq!(shown, truth, "{}", String::from_utf8_lossy(&bytes));
            reviewed += 1;
        }
    }
    assert!(reviewed > 0, "a flip in a branch or a tag of the path does no harm");
}

/// What the review of an ask puts to the user.
fn shown(bench: &Bench, id: sottovoce::vocab::AskId) -> Option<String> {
    let agent = &bench.nodes[ALICE].agent;
    let AskState::Reviewing(review) = agent.ask(id)?.state else { return None };
    let open = agent.review(review)?;
    Some(format!("{:?} {:?} {:?}", open.review.proposed, open.review.statement, open.presence.place))
}

#[test]
fn a_damaged_invite_is_no_call_with_anybody_else() {
    let mut bench = Bench::new("ipsec esp/transport//require");
    bench.call();
    let invite = bench.hold("INVITE");
    sweep(&mut bench, &invite);
    nothing_is_registered(&bench, BOB);
    let secured = bench.nodes[BOB].media.values().filter(|media| media.stream.is_some()).count();
    assert!(secured <= 1, "the key agreement of one offer is taken once: {secured}");
    for call in bench.nodes[BOB].agent.calls() {
        assert!(call.bundle.is_empty() || call.bundle == "esp", "{}", call.bundle);
    }
}

/// A call as far as the callee's 200, which the caller has not seen yet.
fn answered() -> (Bench, Letter, CallId) {
    let mut bench = Bench::new("ipsec esp/transport//require");
    let id = bench.call();
    let invite = bench.hold("INVITE");
    bench.deliver(&invite, &invite.bytes);
    while let Some(at) = bench.flying.iter().position(|letter| letter.to == ALICE) {
        let letter = bench.flying.remove(at);
        if letter.is("SIP/2.0 200") {
            return (bench, letter, id);
        }
        bench.deliver(&letter, &letter.bytes);
    }
    panic!("the call is not answered");
}

#[test]
fn a_damaged_answer_never_makes_a_call_without_its_protection() {
    let (_, whole, _) = answered();
    let mut active = 0;
    for bytes in damaged(&whole.bytes) {
        let (mut bench, answer, id) = answered();
        bench.deliver(&answer, &bytes);
        let call = bench.nodes[ALICE].agent.call(id).unwrap();
        if call.state == CallState::Active {
            assert_eq!(call.bundle, "esp", "{}", String::from_utf8_lossy(&bytes));
            active += 1;
        }
    }
    assert!(active > 0, "a flip in the reason phrase does no harm");
}
