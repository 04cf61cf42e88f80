//! Two endpoints joined by a virtual wire: seeded loss, delay, duplication, reordering; a clock that jumps to the next deadline.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use crate::sip::endpoint::{Endpoint, EndpointConfig, EndpointEvent, Invite, Limits, Subscribe};
use crate::sip::headers::NameAddr;
use crate::sip::{
    send, Body, ConnectionId, EventPackages, Message, Method, Received, Request, Response, Transmit, Transport, Uri,
};
use crate::vocab::{Mono, Now};

pub const ALICE: usize = 0;
pub const BOB: usize = 1;

/// How the wire behaves. All zero is a wire that delivers at once and in order.
#[derive(Clone, Copy, Default)]
pub struct Link {
    pub loss_percent: u32,
    pub duplicate_percent: u32,
    /// Every packet takes up to this long, so packets overtake each other.
    pub delay: Duration,
    /// Streams cannot be opened.
    pub no_tcp: bool,
}

pub struct World {
    pub now: Mono,
    pub ends: [Endpoint; 2],
    pub events: [Vec<EndpointEvent>; 2],
    /// Everything that was sent: when (ms), by whom, first line, transport.
    pub log: Vec<(u64, usize, String, Transport)>,
    pub sent: Vec<Transmit>,
    pub link: Link,
    /// Nothing that this side sends arrives.
    pub mute: [bool; 2],
    rng: ChaCha20Rng,
    flying: BTreeMap<(Mono, u64), (usize, Transmit)>,
    serial: u64,
}

fn key(seed: u16, whose: u8) -> [u8; 32] {
    let mut key = [whose; 32];
    key[..2].copy_from_slice(&seed.to_be_bytes());
    key
}

pub fn header(request: &Request, name: &str) -> String {
    request.headers().first(name).unwrap_or_default().to_owned()
}

pub fn address(side: usize) -> SocketAddr {
    SocketAddr::from(([192, 168, 1, side as u8 + 1], 5060))
}

pub fn uri(side: usize) -> Uri {
    Uri::parse(format!("sip:{}@{}", ["alice", "bob"][side], address(side))).unwrap()
}

pub fn config(side: usize) -> EndpointConfig {
    EndpointConfig {
        aor: NameAddr::new(uri(side)).with_display(["Alice", "Bob"][side]),
        contact: uri(side),
        instance: Some(format!("urn:x-test:{side}")),
        user_agent: "test".to_owned(),
        t1: Duration::from_millis(500),
        supported: ["x-sv-sa", "timer", "replaces", "norefersub"].map(str::to_owned).to_vec(),
        accept: vec!["application/sdp".to_owned()],
        events: EventPackages::new([("presence", "application/pidf+xml")]),
        listen: [Transport::Udp, Transport::Tcp].map(|transport| (transport, address(side))).to_vec(),
        limits: Limits::default(),
    }
}

impl World {
    pub fn new(seed: u16, link: Link) -> Self {
        let end = |side: usize| Endpoint::new(config(side), key(seed, side as u8));
        Self {
            now: Mono::default(),
            ends: [end(ALICE), end(BOB)],
            events: [Vec::new(), Vec::new()],
            log: Vec::new(),
            sent: Vec::new(),
            link,
            mute: [false; 2],
            rng: ChaCha20Rng::from_seed(key(seed, 9)),
            flying: BTreeMap::new(),
            serial: 0,
        }
    }

    pub fn perfect() -> Self {
        Self::new(1, Link::default())
    }

    pub fn now(&self) -> Now {
        Now { mono: self.now, ..Now::default() }
    }

    /// Does something at one end, and puts on the wire what comes of it.
    pub fn at<T>(&mut self, side: usize, act: impl FnOnce(&mut Endpoint, Now) -> T) -> T {
        let now = self.now();
        let outcome = act(&mut self.ends[side], now);
        self.drain(side);
        outcome
    }

    /// The bytes reach `side`, from the other one's address.
    pub fn inject(&mut self, side: usize, bytes: &[u8]) {
        self.inject_from(side, address(1 - side), bytes);
    }

    /// The bytes reach `side` from anywhere.
    pub fn inject_from(&mut self, side: usize, remote: SocketAddr, bytes: &[u8]) {
        let from = Received { transport: Transport::Udp, local: address(side), remote, connection: None };
        self.at(side, |end, now| end.handle_message(now, from, bytes));
    }

    /// The newest request of this method that either end sent.
    pub fn request(&self, method: &Method) -> Request {
        let request = |transmit: &Transmit| match Message::parse(&transmit.bytes) {
            Ok(Message::Request(request)) if request.method() == method => Some(request),
            _ => None,
        };
        self.sent.iter().rev().find_map(request).expect("no such request was sent")
    }

    /// Where the newest request of this method went.
    fn asked(&self, method: &Method) -> SocketAddr {
        let is = |transmit: &&Transmit| matches!(Message::parse(&transmit.bytes), Ok(Message::Request(request)) if request.method() == method);
        self.sent.iter().rev().find(is).expect("no such request was sent").remote
    }

    /// Alice's newest request of this method is answered by hand, from where it went.
    pub fn reply(&mut self, method: &Method, status: u16, headers: &[(&str, &str)]) {
        let mut response = Response::to(&self.request(method), status, "Whatever");
        for (name, value) in headers {
            match *name {
                "To-tag" => send::add_to_tag(&mut response, value),
                name => response.headers_mut().push(name, *value).unwrap(),
            }
        }
        self.inject_from(ALICE, self.asked(method), &response.to_bytes());
    }

    /// The newest request of this method is answered by hand, from the address of `side`.
    pub fn reply_by(&mut self, side: usize, method: &Method, status: u16) {
        let response = Response::to(&self.request(method), status, "Whatever");
        self.inject(1 - side, &response.to_bytes());
    }

    /// Runs until nothing more happens, or `until`.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.next().filter(|at| *at <= end) {
            self.now = next.max(self.now);
            self.step();
        }
        self.now = end;
    }

    /// Runs until the event appears at `side`; fails after ten virtual minutes.
    pub fn run_until(&mut self, side: usize, mut wanted: impl FnMut(&EndpointEvent) -> bool) {
        let end = self.now + Duration::from_secs(600);
        while !self.events[side].iter().any(&mut wanted) {
            let next = self.next().filter(|at| *at <= end).expect("the event never came");
            self.now = next.max(self.now);
            self.step();
        }
    }

    pub fn first_lines(&self, side: usize) -> Vec<String> {
        self.log.iter().filter(|entry| entry.1 == side).map(|entry| entry.2.clone()).collect()
    }

    /// When `side` sent messages whose first line starts so, in milliseconds.
    pub fn times(&self, side: usize, start: &str) -> Vec<u64> {
        self.log.iter().filter(|e| e.1 == side && e.2.starts_with(start)).map(|e| e.0).collect()
    }

    /// The last message of `side` whose first line starts so.
    pub fn last(&self, side: usize, start: &str) -> Message {
        let at = self.log.iter().rposition(|e| e.1 == side && e.2.starts_with(start)).expect("was sent");
        Message::parse(&self.sent[at].bytes).unwrap()
    }

    fn next(&self) -> Option<Mono> {
        let timers = self.ends.iter().filter_map(|end| end.poll_timeout().map(|d| d.at));
        timers.chain(self.flying.keys().next().map(|(at, _)| *at)).min()
    }

    fn step(&mut self) {
        while let Some(entry) = self.flying.first_entry().filter(|e| e.key().0 <= self.now) {
            let (from, transmit) = entry.remove();
            self.deliver(from, transmit);
        }
        for side in [ALICE, BOB] {
            self.at(side, |end, now| end.handle_timeout(now));
        }
    }

    fn deliver(&mut self, from: usize, transmit: Transmit) {
        let stream = transmit.transport.is_reliable();
        if stream && self.link.no_tcp {
            return self.at(from, |end, now| end.handle_transport_failure(now, &transmit, "connection refused"));
        }
        let received = Received {
            transport: transmit.transport,
            local: address(1 - from),
            remote: address(from),
            connection: stream.then_some(ConnectionId(1)),
        };
        self.at(1 - from, |end, now| end.handle_message(now, received, &transmit.bytes));
    }

    fn drain(&mut self, side: usize) {
        while let Some(transmit) = self.ends[side].poll_transmit() {
            let line = String::from_utf8_lossy(&transmit.bytes).lines().next().unwrap_or("").to_owned();
            self.log.push((self.now.0.as_millis() as u64, side, line, transmit.transport));
            self.sent.push(transmit.clone());
            self.launch(side, transmit);
        }
        while let Some(event) = self.ends[side].poll_event() {
            self.events[side].push(event);
        }
    }

    fn launch(&mut self, side: usize, transmit: Transmit) {
        let reliable = transmit.transport.is_reliable();
        if self.mute[side] || !reliable && self.chance(self.link.loss_percent) {
            return;
        }
        let copies = 1 + u32::from(!reliable && self.chance(self.link.duplicate_percent));
        for _ in 0..copies {
            let delay = self.rng.next_u64() % (self.link.delay.as_millis() as u64 + 1);
            self.serial += 1;
            let at = self.now + Duration::from_millis(delay);
            self.flying.insert((at, self.serial), (side, transmit.clone()));
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.next_u32() % 100 < percent
    }
}

pub fn body(text: &str) -> Body {
    Body::new("application/sdp", text.as_bytes().to_vec())
}

pub fn subscribe(seconds: u64) -> Subscribe {
    Subscribe {
        target: uri(BOB),
        remote: address(BOB),
        domain: None,
        tcp: false,
        event: "presence".to_owned(),
        expires: Duration::from_secs(seconds),
        accept: vec!["application/pidf+xml".to_owned()],
        body: Some(body("request")),
        from: None,
        login: None,
        resumes: None,
    }
}

pub fn invite() -> Invite {
    Invite {
        target: uri(BOB),
        remote: address(BOB),
        domain: None,
        tcp: false,
        require: vec!["x-sv-sa".to_owned()],
        accept: vec!["application/sdp".to_owned(), "application/pidf+xml".to_owned()],
        body: body("offer"),
        replaces: None,
        referred_by: None,
        from: None,
        login: None,
        resumes: None,
    }
}
