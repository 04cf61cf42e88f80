//! From a peer's statement that comes in to the review that stands ready: parsed, its signature verified, held against our entries,
//! advised on. By the policies that the statement has. Run `cargo bench --bench review`.
#![allow(clippy::disallowed_methods)] // the real clock, around what is measured and not in it

#[path = "../tests/common/mod.rs"]
#[expect(dead_code, reason = "what the scenarios share, and a measure needs little of")]
mod common;

use std::collections::VecDeque;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sottovoce::agent::{AgentConfig, AskRequest, Command};
use sottovoce::policy::{both_directions, setkey, Review, ReviewInput, Wanted};
use sottovoce::presence::{self, Signed};
use sottovoce::sip::{ConnectionId, Message, Received, Transmit, Transport};
use sottovoce::vocab::{Mono, Now, Wall};

use common::config::agent;
use common::node::Node;

const ESP: &str = "ipsec esp/transport//require";
const NOW: Now = Now { mono: Mono(Duration::from_secs(1)), wall: Wall(1_800_000_000_000) };

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 3 } else { 200 };
    println!("at the median of {rounds}, in us; a statement has at most {} policies", Review::MAX_POLICIES);
    println!(
        "{:>8} {:>8}  {:>8} {:>8} {:>8}  {:>8}",
        "policies", "octets", "parse", "verify", "compare", "NOTIFY to review ready"
    );
    for policies in [2, 16, Review::MAX_POLICIES] {
        measure(policies, rounds);
    }
}

fn measure(policies: usize, rounds: usize) {
    let (mut parse, mut verify, mut compare, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut octets = 0;
    for seed in 0..rounds as u64 {
        let Answered { document, input, took } = ask(policies, seed);
        octets = document.len();
        whole.push(took);
        let read = timed(&mut parse, || statement_of(&document));
        timed(&mut verify, || read.verify().map(|_| ()).expect("a signature"));
        let review = timed(&mut compare, || Review::new(input).expect("a review"));
        assert_eq!((review.statement.policies.len(), review.proposed.len()), (policies, policies));
    }
    let [parse, verify, compare, whole] = [parse, verify, compare, whole].map(median);
    println!("{policies:>8} {octets:>8}  {parse:>8.0} {verify:>8.0} {compare:>8.0}  {whole:>8.0}");
}

fn timed<T>(all: &mut Vec<Duration>, what: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = black_box(what());
    all.push(begun.elapsed());
    result
}

fn median(mut all: Vec<Duration>) -> f64 {
    all.sort_unstable();
    all[all.len() / 2].as_secs_f64() * 1e6
}

/// The statement in a document.
fn statement_of(document: &[u8]) -> Signed {
    let document = presence::read(document).expect("a document");
    document.tuples.into_iter().find_map(|tuple| tuple.signed).expect("a statement").expect("that is readable")
}

/// What an ask brought, and how long the asker's agent took for the NOTIFY.
struct Answered {
    document: Vec<u8>,
    input: ReviewInput,
    took: Duration,
}

/// Alice asks Bob, who has never heard of her, and whose policy has so many entries.
fn ask(policies: usize, seed: u64) -> Answered {
    let mut alice = Node::new("alice", agent("alice", "192.168.1.1", ESP), seed, NOW);
    let mut bob = Node::new("bob", bob(policies), seed, NOW);
    let request = AskRequest {
        intent: Default::default(),
        peer: "bob@192.168.1.2".into(),
        wanted: Wanted::BOTH,
        answer: None,
        accept_key: None,
        account: None,
    };
    alice.agent.command(NOW, Command::Ask(request)).expect("an ask");
    let mut line: VecDeque<(bool, Transmit)> = alice.drain(NOW).into_iter().map(|what| (true, what)).collect();
    bob.drain(NOW);
    while let Some((to_bob, what)) = line.pop_front() {
        let node = if to_bob { &mut bob } else { &mut alice };
        let begun = Instant::now();
        node.agent.handle_message(NOW, received(to_bob, &what), &what.bytes);
        let took = begun.elapsed();
        let more = node.drain(NOW);
        line.extend(more.into_iter().map(|what| (!to_bob, what)));
        if let Some(open) = alice.agent.reviews().last() {
            let Ok(Message::Request(notify)) = Message::parse(&what.bytes) else { panic!("a review without NOTIFY") };
            let review = open.review.clone();
            let document = notify.body().to_vec();
            return Answered { document, input: input_of(&review), took };
        }
    }
    panic!("Bob did not answer");
}

/// What a review was made of.
fn input_of(review: &Review) -> ReviewInput {
    let (own_address, peer_address) = review.ends();
    ReviewInput {
        kind: review.kind,
        statement: review.statement.clone(),
        provenance: review.provenance,
        key_state: review.key_state,
        wanted_presence: true,
        circumstances: review.circumstances,
        own_environment: review.own_environment,
        own_address,
        peer_address,
        gateways: Vec::new(),
        current: review.current.clone(),
        by_tcp: Vec::new(),
        generation: review.generation,
        default_level: review.default_level(),
    }
}

/// Each port has rules of its own; both directions are told.
fn bob(policies: usize) -> AgentConfig {
    let line = |at: usize| {
        let rules = if at.is_multiple_of(2) { ESP } else { "ipsec esp/transport//require ah/transport//require" };
        format!("spdadd any any[{}] udp -P out {rules};\n", 16_384 + 2 * at)
    };
    let text: String = (0..policies / 2).map(line).collect();
    let default_policy = both_directions(setkey::parse(&text).expect("a policy"));
    AgentConfig { default_policy, ..agent("bob", "192.168.1.2", ESP) }
}

fn received(to_bob: bool, what: &Transmit) -> Received {
    let own = SocketAddr::from(([192, 168, 1, if to_bob { 1 } else { 2 }], 5060));
    let connection = (what.transport == Transport::Tcp).then_some(ConnectionId(1));
    Received { transport: what.transport, local: what.remote, remote: own, connection }
}
