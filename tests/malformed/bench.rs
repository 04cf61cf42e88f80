//! Two agents side by side whose messages are carried by hand, so that one can be held, damaged and delivered.

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::{Accepted, AgentConfig, AskRequest, CallRequest, Command};
use sottovoce::policy::Wanted;
use sottovoce::sip::{ConnectionId, Received, Transmit, Transport};
use sottovoce::vocab::{AskId, CallId, Mono, Now, Wall};

use crate::common::config::agent;
use crate::common::node::Node;
use crate::common::world::read_answer;

pub const ALICE: usize = 0;
pub const BOB: usize = 1;

pub struct Bench {
    pub nodes: [Node; 2],
    pub now: Now,
    /// Not yet delivered, the oldest first: to whom, how it arrives, what.
    pub flying: Vec<Letter>,
}

#[derive(Clone)]
pub struct Letter {
    pub to: usize,
    pub from: Received,
    pub bytes: Vec<u8>,
}

impl Letter {
    pub fn is(&self, start: &str) -> bool {
        self.bytes.starts_with(start.as_bytes())
    }
}

impl Bench {
    /// Always the same: every octet of every message comes again.
    pub fn new(bobs_action: &str) -> Self {
        Self::with(agent("bob", "192.168.1.2", bobs_action))
    }

    /// With another than bob at bob's address.
    pub fn with(bob: AgentConfig) -> Self {
        Self::between(agent("alice", "192.168.1.1", "none"), 7, bob)
    }

    /// With another than alice, at an address of its own.
    pub fn of_stranger(number: u8) -> Self {
        let name = format!("stranger{number}");
        Self::between(
            agent(&name, &format!("192.168.2.{number}"), "none"),
            number.into(),
            agent("bob", "192.168.1.2", "none"),
        )
    }

    fn between(alice: AgentConfig, seed: u64, bob: AgentConfig) -> Self {
        let now = Now { mono: Mono(Duration::from_secs(1)), wall: Wall(1_767_225_600_000) };
        let alice = Node::new("alice", alice, seed, now);
        let bob = Node::new("bob", bob, 7, now);
        Self { nodes: [alice, bob], now, flying: Vec::new() }
    }

    pub fn ask(&mut self) -> AskId {
        self.ask_for("bob@192.168.1.2")
    }

    pub fn ask_for(&mut self, peer: &str) -> AskId {
        let wanted = Wanted::BOTH;
        let request = AskRequest {
            intent: Default::default(),
            peer: peer.into(),
            wanted,
            answer: None,
            accept_key: None,
            account: None,
        };
        let accepted = self.nodes[ALICE].agent.command(self.now, Command::Ask(request)).unwrap();
        self.collect(ALICE);
        let Accepted::Ask(id) = accepted else { panic!("{accepted:?}") };
        id
    }

    /// Calls after a whole ask that was approved on the way.
    pub fn call(&mut self) -> CallId {
        let request = CallRequest {
            intent: Default::default(),
            peer: "bob@192.168.1.2".into(),
            answer: Some(read_answer("approve")),
            accept_key: None,
            source: None,
            sink: None,
            duration: None,
            account: None,
        };
        let accepted = self.nodes[ALICE].agent.command(self.now, Command::Call(request)).unwrap();
        self.collect(ALICE);
        let Accepted::Call(id) = accepted else { panic!("{accepted:?}") };
        id
    }

    /// Delivers until a message that begins with `start` is next to be delivered; takes it.
    pub fn hold(&mut self, start: &str) -> Letter {
        for _ in 0..100 {
            if let Some(at) = self.flying.iter().position(|letter| letter.is(start)) {
                return self.flying.remove(at);
            }
            assert!(!self.flying.is_empty(), "nothing begins with {start}");
            self.step();
        }
        panic!("they do not come to rest");
    }

    pub fn settle(&mut self) {
        for _ in 0..100 {
            if self.flying.is_empty() {
                return;
            }
            self.step();
        }
        panic!("they do not come to rest");
    }

    fn step(&mut self) {
        let letter = self.flying.remove(0);
        self.deliver(&letter, &letter.bytes.clone());
    }

    pub fn deliver(&mut self, letter: &Letter, bytes: &[u8]) {
        self.nodes[letter.to].agent.handle_message(self.now, letter.from, bytes);
        self.collect(letter.to);
    }

    pub fn collect(&mut self, from: usize) {
        let transmits = self.nodes[from].drain(self.now);
        let ip = self.nodes[from].ip;
        for transmit in transmits {
            let to = self.nodes.iter().position(|node| node.ip == transmit.remote.ip());
            let Some(to) = to else { continue };
            self.flying.push(Letter { to, from: arrival(ip, &transmit), bytes: transmit.bytes.to_vec() });
        }
    }
}

/// One TCP connection, with its own port at the opener's end, is enough for both ways.
fn arrival(ip: std::net::IpAddr, transmit: &Transmit) -> Received {
    let connection = (transmit.transport == Transport::Tcp).then_some(ConnectionId(1));
    Received {
        transport: transmit.transport,
        local: SocketAddr::new(transmit.remote.ip(), 5060),
        remote: SocketAddr::new(ip, if connection.is_some() && transmit.connection.is_none() { 40_000 } else { 5060 }),
        connection,
    }
}
