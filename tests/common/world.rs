//! Agents on a wire. Nothing sleeps: the clock jumps to whatever happens next.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::{Accepted, AgentConfig, Ask, AskRequest, Call, CallRequest, CallState, Command, Done};
use sottovoce::media::{FRAMES_A_SECOND, MAX_FRAME};
use sottovoce::policy::{setkey, Answer, Gateway, HardwareAddress, Interface, InterfaceKind, Network, Wanted};
use sottovoce::sip::{Candidate, Received, Transmit, Transport};
use sottovoce::vocab::{AskId, CallId, Failure, Fingerprint, Mono, Now, Wall};

use super::node::Node;
use super::server::Server;
use super::wire::{arrived_by, Link, Parcel, Wire, SECURE};

/// When the virtual world begins: 2026-01-01T00:00:00Z.
const GENESIS: Wall = Wall(1_767_225_600_000);

/// Steps after which a world that does not come to rest is broken.
const MAX_STEPS: u32 = 200_000;

/// A callee that lets itself be heard first: its 200 comes as a 183, until this is taken back.
#[derive(Clone, Copy)]
pub struct Early {
    pub callee: std::net::IpAddr,
    /// With RSeq, which makes them reliable (RFC 3262).
    pub reliable: bool,
    /// What somebody on the way makes of its session description.
    pub edit: fn(&str) -> String,
}

impl Early {
    /// `rseq`: of the provisional answer before.
    fn of(self, from: SocketAddr, bytes: &[u8], rseq: u32) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix("SIP/2.0 200 OK\r\n")?;
        let (head, body) = text.split_once("\r\n\r\n").filter(|_| from.ip() == self.callee)?;
        if !head.contains(" INVITE") || body.is_empty() {
            return None;
        }
        let rseq = format!("Require: 100rel\r\nRSeq: {}\r\n", rseq + 1);
        let rseq = if self.reliable { rseq } else { String::new() };
        let others = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
        let head: String = others.map(|line| format!("{line}\r\n")).collect();
        let body = (self.edit)(body);
        let length = body.len();
        Some(format!("SIP/2.0 183 Session Progress\r\n{rseq}{head}Content-Length: {length}\r\n\r\n{body}").into_bytes())
    }
}

pub struct World {
    pub now: Now,
    pub wire: Wire,
    pub nodes: Vec<Node>,
    seed: u64,
    /// Stream connections by their two ends, the opener's first.
    streams: BTreeMap<u64, (SocketAddr, SocketAddr)>,
    /// Next moment at which every stream sends a frame.
    frame: Option<Mono>,
    sample: u32,
    /// Nobody says anything.
    pub still: bool,
    /// Nothing comes from this address, and nothing arrives there.
    pub dead: Option<std::net::IpAddr>,
    /// Somebody before this address answers every first INVITE to it with an empty 488.
    pub forge_refusals: Option<std::net::IpAddr>,
    /// What this callee answers is heard before it picks up.
    pub early: Option<Early>,
    /// Somebody behind this callee changes the session descriptions of its answers so.
    pub forge_answers: Option<Early>,
    /// And their tags, as if another had answered.
    pub other_tag: bool,
    /// Somebody before this address wants a password of every INVITE to it, as proxies do.
    pub challenges: Option<std::net::IpAddr>,
    /// Whoever is asked at these addresses says 302 and this Contact.
    pub moved: BTreeMap<std::net::IpAddr, String>,
    /// Somebody on the way writes the second name for the first into From of every INVITE.
    pub renames: Option<(String, String)>,
    pub server: Option<Server>,
    /// What DNS tells those who are added.
    pub dns: BTreeMap<String, Vec<Candidate>>,
}

impl World {
    pub fn new(seed: u64, link: Link) -> Self {
        let now = Now { mono: Mono(Duration::from_secs(1)), wall: GENESIS };
        let wire = Wire::new(seed, link);
        Self {
            now,
            wire,
            nodes: Vec::new(),
            seed,
            streams: BTreeMap::new(),
            frame: None,
            sample: 0,
            still: false,
            dead: None,
            forge_refusals: None,
            early: None,
            forge_answers: None,
            other_tag: false,
            challenges: None,
            moved: BTreeMap::new(),
            renames: None,
            server: None,
            dns: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, name: &'static str, config: AgentConfig) -> usize {
        self.nodes.push(Node::new(name, config, self.seed, self.now));
        let node = self.nodes.len() - 1;
        self.nodes[node].dns = self.dns.clone();
        self.flush(node);
        node
    }

    /// With a real store, so that it can be restarted.
    pub fn add_on_disk(&mut self, name: &'static str, config: AgentConfig) -> usize {
        self.nodes.push(Node::on_disk(name, config, self.seed, self.now));
        self.nodes.len() - 1
    }

    /// A node's process ends without a word, and begins anew.
    pub fn restart(&mut self, node: usize, config: AgentConfig) {
        let old = self.nodes.remove(node);
        self.nodes.insert(node, old.restart("again", config, self.seed, self.now));
    }

    pub fn command(&mut self, node: usize, what: Command) -> Result<Accepted, Failure> {
        let accepted = self.nodes[node].agent.command(self.now, what);
        self.flush(node);
        accepted
    }

    pub fn ask(&mut self, node: usize, peer: &str, answer: Option<&str>) -> AskId {
        self.ask_for(node, peer, answer, Wanted::BOTH, None)
    }

    pub fn ask_for(
        &mut self,
        node: usize,
        peer: &str,
        answer: Option<&str>,
        wanted: Wanted,
        accept_key: Option<Fingerprint>,
    ) -> AskId {
        let request = AskRequest {
            intent: Default::default(),
            peer: peer.into(),
            wanted,
            answer: answer.map(read_answer),
            accept_key,
            account: None,
        };
        match self.command(node, Command::Ask(request)) {
            Ok(Accepted::Ask(id)) => id,
            other => panic!("ask was {other:?}"),
        }
    }

    pub fn call(&mut self, node: usize, peer: &str, answer: Option<&str>, seconds: u64) -> CallId {
        let request = CallRequest {
            intent: Default::default(),
            peer: peer.into(),
            answer: answer.map(read_answer),
            accept_key: None,
            source: None,
            sink: None,
            duration: Some(Duration::from_secs(seconds)),
            account: None,
        };
        match self.command(node, Command::Call(request)) {
            Ok(Accepted::Call(id)) => id,
            other => panic!("call was {other:?}"),
        }
    }

    /// Alice has called Bob, in the office both, and they have talked for a second: what the call is called at both ends.
    pub fn talking(seed: u64, link: Link, [alice, bob]: [AgentConfig; 2]) -> (Self, [CallId; 2]) {
        let mut world = Self::new(seed, link);
        world.add("alice", alice);
        world.add("bob", bob);
        let call = world.call(0, "bob@192.168.1.2", Some("approve"), 3600);
        let is_active = |call: &Call| call.state == CallState::Active;
        let active = |world: &Self| {
            is_active(world.the_call(0, call)) && world.nodes[1].agent.calls().last().is_some_and(is_active)
        };
        assert!(world.run_until(Duration::from_secs(120), active), "{:?}", world.the_call(0, call));
        world.run_for(Duration::from_secs(1));
        let theirs = world.nodes[1].agent.calls().last().unwrap().id;
        (world, [call, theirs])
    }

    pub fn the_ask(&self, node: usize, id: AskId) -> &Ask {
        self.nodes[node].agent.ask(id).unwrap()
    }

    pub fn the_call(&self, node: usize, id: CallId) -> &Call {
        self.nodes[node].agent.call(id).unwrap()
    }

    pub fn call_is_over(&self, node: usize, id: CallId) -> bool {
        matches!(self.the_call(node, id).state, CallState::Ended { .. } | CallState::Failed(_))
    }

    /// The node's only interface has this address from now on, and what went to the other is lost.
    pub fn moves(&mut self, node: usize, address: &str, gateway: &str) {
        let address: std::net::IpAddr = address.parse().unwrap();
        let gateway = Gateway { address: None, hardware: HardwareAddress::parse(gateway), metric: 100 };
        let kind = InterfaceKind::Attached;
        let interface = Interface { name: "wlan0".into(), kind, addresses: vec![address], gateways: vec![gateway] };
        self.streams.clear();
        let network = Network { interfaces: vec![interface] };
        self.nodes[node].agent.handle_done(self.now, Done::NetworkLooked(Box::new(network)));
        self.flush(node);
    }

    /// The connections that a node opened there break.
    pub fn breaks(&mut self, node: usize, transport: Transport, address: &str) {
        let remote = SocketAddr::new(address.parse().unwrap(), 5060);
        self.streams.retain(|_, ends| ends.1 != remote);
        self.nodes[node].agent.handle_connection_ended(self.now, transport, remote);
        self.flush(node);
    }

    /// Runs until `done` holds; says whether it did before the world came to rest or `limit` passed.
    pub fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.mono + limit;
        for _ in 0..MAX_STEPS {
            if done(self) {
                return true;
            }
            let Some(next) = self.next_moment().filter(|next| *next <= end) else { return done(self) };
            self.jump(next);
            self.happen();
        }
        panic!("the world does not come to rest");
    }

    /// The next moment at which anything happens, and what does.
    pub fn step(&mut self) -> bool {
        let Some(next) = self.next_moment() else { return false };
        self.jump(next);
        self.happen();
        true
    }

    /// Runs for so long, whatever happens.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now.mono + span;
        self.run_until(span, |_| false);
        self.jump(end);
    }

    fn next_moment(&self) -> Option<Mono> {
        let alive = self.nodes.iter().filter(|node| !node.dead);
        let timeouts = alive.filter_map(|node| node.agent.poll_timeout()).map(|deadline| deadline.at);
        timeouts.chain(self.wire.next_arrival()).chain(self.frame).min()
    }

    fn jump(&mut self, to: Mono) {
        let span = to - self.now.mono;
        self.now = Now { mono: self.now.mono.max(to), wall: self.now.wall.saturating_add(span) };
    }

    fn happen(&mut self) {
        while let Some(parcel) = self.wire.arrive(self.now.mono) {
            self.deliver(parcel);
        }
        for node in 0..self.nodes.len() {
            if !self.nodes[node].dead
                && self.nodes[node].agent.poll_timeout().is_some_and(|deadline| deadline.at <= self.now.mono)
            {
                self.nodes[node].agent.handle_timeout(self.now);
                self.flush(node);
            }
        }
        if self.frame.is_some_and(|at| at <= self.now.mono) {
            self.talk();
        }
    }

    /// Both wait for media by TCP, and one of them has opened the connection.
    fn are_connected(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let all = || self.nodes.iter().flat_map(|node| node.media.values()).filter(|media| media.by_tcp);
        let at = |local: SocketAddr| all().find(|media| media.local == local);
        let ends = at(from).zip(at(to));
        ends.is_some_and(|(one, other)| one.connected == Some(to) || other.connected == Some(from))
    }

    fn deliver(&mut self, parcel: Parcel) {
        let (Parcel::Media { from, .. } | Parcel::Sip { from, .. }) = &parcel;
        if self.dead == Some(from.ip()) {
            return;
        }
        match parcel {
            Parcel::Media { from, to, mut bytes } => {
                let Some((from, to)) = self.wire.translated(from, to) else { return };
                let Some(node) = self.node_at(to) else { return };
                if self.wire.udp_is_blocked && !self.are_connected(from, to) {
                    return;
                }
                let media = self.nodes[node].media.values_mut().find(|media| media.local == to);
                if let Some((there, bytes)) = media.and_then(|media| media.receive(self.now, from, &mut bytes)) {
                    self.wire.send(self.now.mono, Parcel::Media { from: to, to: there, bytes });
                }
                self.drain_streams(node);
            }
            Parcel::Sip { stream, from, to, bytes } => {
                let bytes = self.renamed(bytes);
                if self.forge_refusals == Some(to.ip()) && bytes.starts_with(b"INVITE ") {
                    return self.refuse_in_his_name(stream, from, to, &bytes);
                }
                if self.challenges == Some(to.ip()) && bytes.starts_with(b"INVITE ") {
                    return self.challenge(stream, from, to, &bytes);
                }
                if let Some(contact) = self.moved.get(&to.ip()).cloned() {
                    return self.send_on(stream, from, to, (&bytes, &contact));
                }
                if let Some(server) = self.server.as_mut().filter(|server| server.is_at(to)) {
                    let answer = server.answer(self.now.mono, stream, (from, to), &bytes);
                    return answer.into_iter().for_each(|answer| self.wire.send(self.now.mono, answer));
                }
                let early = self.early.and_then(|early| early.of(from, &bytes, self.last_rseq()));
                let bytes = early.or_else(|| self.forged(from, &bytes)).unwrap_or(bytes);
                let Some(node) = self.node_at(to) else { return };
                let (transport, connection) = arrived_by(stream);
                let received = Received { transport, local: to, remote: from, connection };
                self.nodes[node].agent.handle_message(self.now, received, &bytes);
                self.flush(node);
            }
        }
    }

    /// The number of the newest reliable provisional answer.
    pub fn last_rseq(&self) -> u32 {
        let number = |parcel: &Parcel| match parcel {
            Parcel::Sip { bytes, .. } => {
                let text = String::from_utf8_lossy(bytes);
                text.lines().find_map(|line| line.strip_prefix("RSeq: ")?.parse().ok())
            }
            Parcel::Media { .. } => None,
        };
        self.wire.overheard.iter().rev().find_map(number).unwrap_or(0)
    }

    fn forged(&self, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
        let forged = self.forge_answers?.of(from, bytes, 0)?;
        let text = String::from_utf8(forged).ok()?.replace("183 Session Progress", "200 OK");
        let lines = text.split_inclusive("\n");
        let other = |line: &str| match self.other_tag && line.starts_with("To:") {
            true => line.replace(";tag=", ";tag=x"),
            false => line.to_owned(),
        };
        let text: String = lines.map(other).collect();
        Some(text.into_bytes())
    }

    fn renamed(&self, bytes: Vec<u8>) -> Vec<u8> {
        let Some((name, other)) = self.renames.as_ref().filter(|_| bytes.starts_with(b"INVITE ")) else { return bytes };
        let text = String::from_utf8(bytes).unwrap();
        let line = text.lines().find(|line| line.starts_with("From: ")).unwrap();
        text.replacen(line, &line.replace(name, other), 1).into_bytes()
    }

    fn refuse_in_his_name(&mut self, stream: Option<u64>, caller: SocketAddr, callee: SocketAddr, invite: &[u8]) {
        let Ok(sottovoce::sip::Message::Request(request)) = sottovoce::sip::Message::parse(invite) else { return };
        let bytes = sottovoce::sip::Response::to(&request, 488, "Not Acceptable Here").to_bytes().to_vec();
        self.forge_refusals = None;
        self.wire.send(self.now.mono, Parcel::Sip { stream, from: callee, to: caller, bytes });
    }

    fn challenge(&mut self, stream: Option<u64>, caller: SocketAddr, callee: SocketAddr, invite: &[u8]) {
        let Ok(sottovoce::sip::Message::Request(request)) = sottovoce::sip::Message::parse(invite) else { return };
        let mut response = sottovoce::sip::Response::to(&request, 407, "Proxy Authentication Required");
        let asks = "Digest realm=\"example.org\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
        response.headers_mut().push("Proxy-Authenticate", asks).unwrap();
        let bytes = response.to_bytes().to_vec();
        self.wire.send(self.now.mono, Parcel::Sip { stream, from: callee, to: caller, bytes });
    }

    fn send_on(&mut self, stream: Option<u64>, from: SocketAddr, to: SocketAddr, (bytes, contact): (&[u8], &str)) {
        let Ok(sottovoce::sip::Message::Request(request)) = sottovoce::sip::Message::parse(bytes) else { return };
        if *request.method() == sottovoce::sip::Method::Ack {
            return;
        }
        let mut response = sottovoce::sip::Response::to(&request, 302, "Moved Temporarily");
        response.headers_mut().push("Contact", contact).unwrap();
        let bytes = response.to_bytes().to_vec();
        self.wire.send(self.now.mono, Parcel::Sip { stream, from: to, to: from, bytes });
    }

    fn node_at(&self, address: SocketAddr) -> Option<usize> {
        let alive = self.dead != Some(address.ip());
        self.nodes.iter().position(|node| alive && !node.dead && node.ip == address.ip())
    }

    /// Puts on the wire what a node wants to send.
    fn flush(&mut self, node: usize) {
        let transmits = self.nodes[node].drain(self.now);
        for transmit in transmits {
            if transmit.transport.is_reliable() && !self.wire.link.tcp {
                self.nodes[node].agent.handle_transport_failure(self.now, &transmit, "connection refused");
                self.flush(node);
            } else {
                self.transmit(node, transmit);
            }
        }
        let talking = self.nodes.iter().any(|node| node.media.values().any(|media| media.stream.is_some()));
        self.frame = match (talking, self.frame) {
            (true, None) => Some(self.now.mono + Duration::from_millis(20)),
            (true, frame) => frame,
            (false, _) => None,
        };
    }

    fn transmit(&mut self, node: usize, transmit: Transmit) {
        let from = SocketAddr::new(self.nodes[node].ip, 5060);
        let bytes = transmit.bytes.to_vec();
        let parcel = match transmit.transport {
            by @ (Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss) => {
                let known = transmit.connection.filter(|id| self.streams.contains_key(&id.0)).map(|id| id.0);
                let id = known.unwrap_or_else(|| self.open_stream(by, from, transmit.remote));
                let (opener, accepter) = self.streams[&id];
                let to = if opener.ip() == from.ip() { accepter } else { opener };
                let from = if opener.ip() == from.ip() { opener } else { accepter };
                Parcel::Sip { stream: Some(id), from, to, bytes }
            }
            Transport::Udp => Parcel::Sip { stream: None, from, to: transmit.remote, bytes },
        };
        self.wire.send(self.now.mono, parcel);
    }

    fn open_stream(&mut self, by: Transport, from: SocketAddr, to: SocketAddr) -> u64 {
        let secure = if by == Transport::Tls { SECURE } else { 0 };
        let same = |(id, ends): &(&u64, &(SocketAddr, SocketAddr))| {
            ends.0.ip() == from.ip() && ends.1 == to && *id & SECURE == secure
        };
        if let Some((id, _)) = self.streams.iter().find(same) {
            return *id;
        }
        let number = self.streams.len() as u64 + 1;
        self.streams.insert(number | secure, (SocketAddr::new(from.ip(), 40_000 + number as u16), to));
        number | secure
    }

    /// Every stream sends one frame of a tone, and what is due of RTCP.
    fn talk(&mut self) {
        self.sample += 8000 / FRAMES_A_SECOND;
        let at = self.sample;
        let strength = if self.still { 0.0 } else { 8000.0 };
        let frame: [i16; MAX_FRAME] =
            std::array::from_fn(|i| (strength * ((at + i as u32) as f64 * 0.35).sin()) as i16);
        let mut heard = [0; MAX_FRAME];
        for node in &mut self.nodes {
            let ip = node.ip;
            // From an address that the machine lost nothing goes out.
            for media in node.media.values_mut().filter(|media| media.local.ip() == ip) {
                let Some(stream) = media.stream.as_mut() else { continue };
                let len = (stream.rate() / FRAMES_A_SECOND) as usize;
                let mut sound = stream.send(self.now, &frame[..len]);
                while let Some(datagram) = sound {
                    let parcel = Parcel::Media { from: media.local, to: datagram.to, bytes: datagram.bytes.to_vec() };
                    self.wire.send(self.now.mono, parcel);
                    sound = stream.poll_sound(self.now);
                }
                while let Some((to, bytes)) = stream.poll_handshake(self.now) {
                    self.wire.send(self.now.mono, Parcel::Media { from: media.local, to, bytes });
                }
                while let Some(datagram) = stream.poll_rtcp(self.now) {
                    let parcel = Parcel::Media { from: media.local, to: datagram.to, bytes: datagram.bytes.to_vec() };
                    self.wire.send(self.now.mono, parcel);
                }
                stream.play(self.now, &mut heard[..len]);
            }
        }
        self.frame = Some(self.now.mono + Duration::from_millis(20));
        (0..self.nodes.len()).for_each(|node| self.drain_streams(node));
    }

    fn drain_streams(&mut self, node: usize) {
        let mut happened = Vec::new();
        for (call, media) in &mut self.nodes[node].media {
            if let Some(forwarder) = &media.forwarder {
                happened.push(Done::Counted {
                    call: *call,
                    counters: forwarder.counters().clone(),
                    levels: Default::default(),
                });
            }
            let Some(stream) = media.stream.as_mut() else { continue };
            while let Some(event) = stream.poll_event() {
                happened.push(Done::StreamEvent { call: *call, event, counters: stream.counters().clone() });
            }
            happened.push(Done::Counted {
                call: *call,
                counters: stream.counters().clone(),
                levels: Default::default(),
            });
        }
        for done in happened {
            self.nodes[node].agent.handle_done(self.now, done);
        }
        self.flush(node);
    }
}

/// `approve`, `refuse`, whole entries, or rules.
pub fn read_answer(text: &str) -> Answer {
    match text {
        "approve" => Answer::Approve,
        "refuse" => Answer::Refuse,
        lines if lines.starts_with("spdadd") => Answer::Edit(setkey::parse(lines).unwrap()),
        rules => Answer::Rules(setkey::parse_action(rules).unwrap()),
    }
}
