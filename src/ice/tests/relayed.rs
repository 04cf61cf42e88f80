//! Two sides behind NATs that give each destination another port: only a server of TURN leads from one to the other.

use super::*;
use crate::ice::relay::Relay;
use crate::ice::turn::fake::{account, Sent, Server, PASSWORD};
use crate::ice::turn::{ALLOCATE, CHANNEL_BIND, REFRESH};

/// The way between a relay and its server alone.
struct Line {
    relay: Relay,
    server: Server,
    now: Mono,
}

const HERE: &str = "192.0.2.9:4000";

impl Line {
    fn new(password: &str) -> Self {
        let server = Server::new(SERVER);
        let rng = ChaCha20Rng::from_seed([9; 32]);
        Self {
            relay: Relay::new(server.address, account(password), rng, Mono::default()),
            server,
            now: Mono::default(),
        }
    }

    /// What is due goes there, and the answers come back.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = self.now + STEP;
            let mut out = std::collections::VecDeque::new();
            self.relay.handle_timeout(self.now, &mut out);
            for Transmit { to, bytes } in out {
                for (from, _, octets) in self.server.handle(HERE.parse().unwrap(), to, &bytes) {
                    self.relay.unwrap(self.now, from, &octets);
                }
            }
        }
    }
}

#[test]
fn it_says_who_we_are_when_it_is_asked_and_has_an_address() {
    let mut line = Line::new(PASSWORD);
    line.run(STEP * 4);
    assert_eq!(line.relay.relayed(), "198.51.100.20:49152".parse().ok());
    assert_eq!(line.server.answered, [(ALLOCATE, 401), (ALLOCATE, 0)]);
    assert_eq!(line.relay.take_failure(), None);
}

#[test]
fn it_asks_again_for_the_address_and_the_channels_before_they_are_given_up() {
    let mut line = Line::new(PASSWORD);
    line.run(STEP * 4);
    line.relay.open(line.now, "203.0.113.7:9".parse().unwrap());
    line.relay.open(line.now, "203.0.113.7:9".parse().unwrap());
    line.run(STEP * 4);
    line.server.answered.clear();
    line.run(Duration::from_secs(250));
    line.server.renew_nonce();
    line.run(Duration::from_secs(250));
    let asked = |method| line.server.answered.iter().filter(|answered| answered.0 == method).count();
    assert_eq!((asked(CHANNEL_BIND), asked(REFRESH)), (2, 2), "{:?}", line.server.answered);
    assert!(line.server.answered.contains(&(REFRESH, 438)) && line.server.answered.contains(&(REFRESH, 0)));
    assert!(line.relay.wrap("203.0.113.7:9".parse().unwrap(), b"voice").is_some());
}

#[test]
fn the_address_is_given_back_at_the_end() {
    let mut line = Line::new(PASSWORD);
    line.run(STEP * 4);
    assert_eq!(line.server.clients(), 1);
    let Transmit { to, bytes } = line.relay.release().unwrap();
    line.server.handle(HERE.parse().unwrap(), to, &bytes);
    assert_eq!((line.server.clients(), line.relay.relayed(), line.relay.release()), (0, None, None));
}

/// The port was another call's, which crashed.
#[test]
fn what_an_older_call_of_the_port_has_left_is_given_back_first() {
    let mut line = Line::new(PASSWORD);
    line.run(STEP * 4);
    line.relay = Relay::new(line.server.address, account(PASSWORD), ChaCha20Rng::from_seed([8; 32]), line.now);
    line.run(STEP * 8);
    assert_eq!(line.relay.relayed(), "198.51.100.20:49153".parse().ok(), "{:?}", line.server.answered);
}

#[test]
fn every_refusal_says_what_to_do() {
    for (code, name) in [(486, "relay-quota"), (508, "relay-full"), (403, "relay-refused"), (442, "relay-refused")] {
        let mut line = Line::new(PASSWORD);
        line.server.refuses = Some(code);
        line.run(STEP * 10);
        let failure = line.relay.take_failure().unwrap();
        assert!(failure.code == name && failure.message.contains("turn.example.org:3478"), "{failure:?}");
        assert!(line.relay.is_over() && line.relay.relayed().is_none() && line.relay.next().is_none());
    }
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again() {
    let mut line = Line::new("closed sesame");
    line.run(Duration::from_secs(20));
    assert_eq!(line.relay.take_failure().unwrap().code, "relay-password");
    assert_eq!(line.server.answered, [(ALLOCATE, 401), (ALLOCATE, 401)]);
}

#[test]
fn a_silent_server_is_told_after_four_requests() {
    let mut line = Line::new(PASSWORD);
    let mut out = std::collections::VecDeque::new();
    for ms in (0..10_000).step_by(10) {
        line.relay.handle_timeout(Mono(Duration::from_millis(ms)), &mut out);
    }
    assert_eq!((out.len(), line.relay.take_failure().unwrap().code), (4, "relay-silent"));
}

/// Neither by somebody who guesses, nor by one who sees the request and has not the password.
#[test]
fn an_answer_without_proof_moves_nothing() {
    let mut line = Line::new(PASSWORD);
    let mut out = std::collections::VecDeque::new();
    for _ in 0..2 {
        line.now = line.now + STEP;
        line.relay.handle_timeout(line.now, &mut out);
        let Transmit { to, bytes } = out.pop_back().unwrap();
        let (from, _, octets) = line.server.handle(HERE.parse().unwrap(), to, &bytes).remove(0);
        if octets[0] == 1 && octets[1] == 3 {
            for at in 0..octets.len() {
                let mut changed = octets.clone();
                changed[at] ^= 1;
                line.relay.unwrap(line.now, from, &changed);
                line.relay.unwrap(line.now, from, &octets[..at]);
                assert_eq!(line.relay.relayed(), None, "octet {at}");
            }
            line.relay.unwrap(line.now, "203.0.113.1:3478".parse().unwrap(), &octets);
            assert_eq!(line.relay.relayed(), None, "of another address");
        }
        line.relay.unwrap(line.now, from, &octets);
    }
    assert!(line.relay.relayed().is_some());
}

/// One behind a NAT that gives each destination another port, and lets in only what answers.
struct Hidden {
    traversal: Traversal,
    outside: std::net::IpAddr,
    /// To where something went, by which port.
    opened: Vec<(SocketAddr, u16)>,
}

struct Symmetric {
    now: Now,
    sides: [Hidden; 2],
    server: Server,
    /// What arrived, and was media: whose, and from where it counts.
    heard: Vec<(usize, SocketAddr, Vec<u8>)>,
}

const INSIDE: [&str; 2] = ["192.168.1.1:16384", "192.168.2.1:16384"];
const OUTSIDE: [&str; 2] = ["203.0.113.1", "203.0.113.2"];

impl Symmetric {
    fn started(turn: Option<RelayAccount>) -> Self {
        let server = Server::new(SERVER);
        let servers = Servers { stun: Vec::new(), turn: turn.as_ref().map(|_| server.address) };
        let sides = [0, 1].map(|index| {
            let seed = index as u8 + 1;
            let gathering =
                Gathering { credentials: credentials(seed), stun: Vec::new(), turn: turn.clone(), seed: [seed; 32] };
            let begins = (any_instant(), Mono::default());
            let traversal = Traversal::gather(gathering, INSIDE[index].parse().unwrap(), &servers, begins);
            Hidden { traversal, outside: OUTSIDE[index].parse().unwrap(), opened: Vec::new() }
        });
        let mut net = Self { now: now(0), sides, server, heard: Vec::new() };
        net.run(Duration::from_millis(50));
        let said = [0, 1].map(|index| net.sides[index].traversal.ours().unwrap());
        for index in 0..2 {
            let (ours, theirs) = (&said[index], said[1 - index].clone());
            let ours = Credentials { user: ours.user.clone(), password: ours.password.clone() };
            let described = INSIDE[1 - index].parse().unwrap();
            let start = Start { ours, theirs, controlling: index == 0, described };
            net.sides[index].traversal.start(net.now, &start, |_| true);
        }
        net
    }

    fn run(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while self.now.mono < end {
            self.now.mono = self.now.mono + STEP;
            for index in 0..2 {
                let traversal = &mut self.sides[index].traversal;
                traversal.handle_timeout(self.now);
                if traversal.wants_rule() {
                    traversal.rule(|_| true);
                }
                while let Some(Transmit { to, bytes }) = self.sides[index].traversal.poll_transmit(|_| true) {
                    self.send(index, to, bytes);
                }
            }
        }
    }

    fn send(&mut self, index: usize, to: SocketAddr, bytes: Vec<u8>) {
        let side = &mut self.sides[index];
        let known = side.opened.iter().find(|(opened, _)| *opened == to).map(|(_, port)| *port);
        let port = known.unwrap_or_else(|| {
            let port = 30_000 + side.opened.len() as u16;
            side.opened.push((to, port));
            port
        });
        let from = SocketAddr::new(side.outside, port);
        self.deliver((from, to, bytes));
    }

    fn deliver(&mut self, (from, to, octets): Sent) {
        if to.ip() == self.server.address.ip() {
            let sent = self.server.handle(from, to, &octets);
            sent.into_iter().for_each(|sent| self.deliver(sent));
            return;
        }
        let Some(index) = self.sides.iter().position(|side| side.outside == to.ip()) else { return };
        let side = &mut self.sides[index];
        if side.opened.contains(&(from, to.port())) {
            let mut octets = octets;
            if let Heard::Media(from, len) = side.traversal.receive(self.now, from, &mut octets) {
                octets.truncate(len);
                self.heard.push((index, from, octets));
            }
        }
    }

    fn ways(&self) -> [Way; 2] {
        [0, 1].map(|side| self.sides[side].traversal.way())
    }
}

fn turn() -> Option<RelayAccount> {
    Some(account(PASSWORD))
}

#[test]
fn between_two_symmetric_nats_only_the_relay_leads_to_the_peer() {
    let mut without = Symmetric::started(None);
    without.run(Duration::from_secs(10));
    assert_eq!(without.ways(), [Way::AsDescribed; 2]);
    let mut net = Symmetric::started(turn());
    net.run(Duration::from_secs(3));
    assert!(net.ways().iter().any(|way| matches!(way, Way::ByRelay(_))), "{:?}", net.ways());
    for (index, inside) in INSIDE.into_iter().enumerate() {
        let packet = [0xc0, 0, 0, index as u8, 1, 2, 3];
        let (to, octets) = match net.ways()[index] {
            Way::ByRelay(peer) => {
                net.sides[index].traversal.by_relay(peer, &packet).map(|(to, octets)| (to, octets.to_vec())).unwrap()
            }
            Way::To(peer) => (peer, packet.to_vec()),
            other => panic!("{other:?}"),
        };
        net.send(index, to, octets);
        let described = inside.parse().unwrap();
        assert_eq!(net.heard.pop(), Some((1 - index, described, packet.to_vec())));
    }
}

#[test]
fn consent_and_channels_last_for_the_call_and_the_server_is_told_its_end() {
    let mut net = Symmetric::started(turn());
    net.run(Duration::from_secs(3));
    let ways = net.ways();
    net.run(Duration::from_secs(1500));
    assert_eq!(net.ways(), ways);
    assert_eq!(net.server.clients(), 2);
    for index in 0..2 {
        let Transmit { to, bytes } = net.sides[index].traversal.release().unwrap();
        net.send(index, to, bytes);
    }
    assert_eq!(net.server.clients(), 0);
}

/// An entry that discards what goes to the network of the server holds for packets that are relayed there.
#[test]
fn nothing_goes_by_a_server_to_which_the_policy_lets_nothing_go() {
    let mut net = Symmetric::started(turn());
    net.run(Duration::from_secs(3));
    let server = net.server.address;
    for index in 0..2 {
        let traversal = &mut net.sides[index].traversal;
        let by_relay = matches!(traversal.way(), Way::ByRelay(_));
        traversal.rule(|peer| peer != server);
        assert_eq!(traversal.way() == Way::AsDescribed, by_relay);
    }
}

#[test]
fn what_is_said_tells_no_secret() {
    let told = format!("{:?}", turn());
    assert!(!told.contains(PASSWORD) && told.contains("alice"), "{told}");
}

/// Whatever the server sends, nothing breaks, and nothing that is none of the peer's is taken for media.
#[test]
fn no_octet_of_the_server_can_break_it() {
    let mut net = Symmetric::started(turn());
    net.run(Duration::from_secs(3));
    let server = net.server.address;
    let traversal = &mut net.sides[0].traversal;
    for len in 0..64 {
        for first in 0..=255u8 {
            let mut octets = vec![first; len];
            traversal.receive(net.now, server, &mut octets);
            if len >= 4 {
                octets[2..4].copy_from_slice(&(len as u16 - 4).to_be_bytes());
                traversal.receive(net.now, server, &mut octets);
            }
        }
    }
    net.run(Duration::from_secs(60));
    assert!(net.ways().iter().all(|way| *way != Way::Nowhere));
}
