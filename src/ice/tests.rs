//! Two sides behind NATs of their own, in time that is only counted.

mod consent;
mod lite;
mod pace;
mod relayed;
mod ruled;
mod stopped;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::sdp::Ice;
use crate::sip::stun;
use crate::vocab::{Mono, Now, Wall};

const SERVER: &str = "198.51.100.20:3478";
const STEP: Duration = Duration::from_millis(10);

/// Lets in only what comes from where something went (RFC 4787: address and port-dependent filtering), and keeps the port.
struct Nat {
    outside: SocketAddr,
    opened: HashSet<SocketAddr>,
    /// Or whatever comes.
    is_open: bool,
}

struct Side {
    traversal: Traversal,
    nat: Nat,
    /// Its path is cut.
    is_gone: bool,
    /// What of its datagrams gets lost.
    loses: fn(&[u8]) -> bool,
    /// Where its policy lets nothing go.
    forbidden: HashSet<SocketAddr>,
}

struct Net {
    now: Now,
    sides: [Side; 2],
    /// Where anything went, from the first side.
    went: HashSet<SocketAddr>,
}

fn any_instant() -> Instant {
    crate::io::Clock::any_instant()
}

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

/// From where the stream takes it to come, if it is media.
fn hear(traversal: &mut Traversal, now: Now, from: SocketAddr, datagram: &[u8]) -> Option<SocketAddr> {
    match traversal.receive(now, from, &mut datagram.to_vec()) {
        Heard::Media(from, _) => Some(from),
        Heard::Ours => None,
    }
}

fn now(ms: u64) -> Now {
    Now { mono: Mono(Duration::from_millis(ms)), wall: Wall(0) }
}

fn credentials(seed: u8) -> Credentials {
    Credentials::random(&mut ChaCha20Rng::from_seed([seed; 32]))
}

fn side(seed: u8, inside: &str, outside: &str) -> Side {
    let gathering = Gathering { credentials: credentials(seed), stun: Vec::new(), turn: None, seed: [seed; 32] };
    let traversal = Traversal::gather(
        gathering,
        inside.parse().unwrap(),
        &Servers { stun: vec![server()], turn: None },
        (any_instant(), Mono::default()),
    );
    Side {
        traversal,
        nat: Nat { outside: outside.parse().unwrap(), opened: HashSet::new(), is_open: false },
        is_gone: false,
        loses: |_| false,
        forbidden: HashSet::new(),
    }
}

fn start_of(ours: &Side, theirs: &Side, controlling: bool) -> Start {
    let said = |side: &Side| side.traversal.ours().unwrap();
    let Ice { user, password, .. } = said(ours);
    let theirs = said(theirs);
    let default = theirs.candidates.first().and_then(|text| candidates::read(text)).unwrap().addr();
    Start { ours: Credentials { user, password }, theirs, controlling, described: default }
}

impl Side {
    fn poll_transmit(&mut self) -> Option<Transmit> {
        let forbidden = &self.forbidden;
        self.traversal.poll_transmit(|peer| !forbidden.contains(&peer))
    }
}

impl Net {
    fn gathered() -> Self {
        let alice = side(1, "192.168.1.1:16384", "203.0.113.1:16384");
        let bob = side(2, "192.168.2.1:16384", "203.0.113.2:16384");
        let mut net = Self { now: now(0), sides: [alice, bob], went: HashSet::new() };
        net.run(Duration::from_millis(20));
        assert!(net.sides.iter().all(|side| side.traversal.is_gathered()));
        net
    }

    /// Both have told each other.
    fn started() -> Self {
        let mut net = Self::gathered();
        let starts = [net.start(0), net.start(1)];
        net.begin(&starts);
        net
    }

    fn start(&self, side: usize) -> Start {
        start_of(&self.sides[side], &self.sides[1 - side], side == 0)
    }

    fn begin(&mut self, starts: &[Start; 2]) {
        for (side, start) in self.sides.iter_mut().zip(starts) {
            side.traversal.start(self.now, start, |peer| !side.forbidden.contains(&peer));
        }
    }

    /// With other names, and the same sockets.
    fn restart(&mut self) {
        let mut starts = [self.start(0), self.start(1)];
        (starts[0].ours, starts[1].ours) = (credentials(5), credentials(6));
        self.tell(&mut starts);
        self.begin(&starts);
    }

    /// What each has for its own the other has for its peer's.
    fn tell(&self, starts: &mut [Start; 2]) {
        let [alice, bob] = starts;
        for (from, to) in [(&alice.ours, &mut bob.theirs), (&bob.ours, &mut alice.theirs)] {
            (to.user, to.password) = (from.user.clone(), from.password.clone());
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while self.now.mono < end {
            self.now.mono = self.now.mono + STEP;
            for index in 0..2 {
                self.step(index);
            }
        }
    }

    fn step(&mut self, index: usize) {
        let now = self.now;
        let side = &mut self.sides[index];
        if side.traversal.poll_timeout().is_some_and(|at| at <= now.mono) {
            side.traversal.handle_timeout(now);
        }
        while let Some(Transmit { to, bytes }) = self.sides[index].poll_transmit() {
            self.send(index, to, &bytes);
        }
        let Side { traversal, forbidden, .. } = &mut self.sides[index];
        if traversal.wants_rule() {
            traversal.rule(|peer| !forbidden.contains(&peer));
        }
    }

    fn send(&mut self, index: usize, to: SocketAddr, bytes: &[u8]) {
        if index == 0 {
            self.went.insert(to);
        }
        let from = self.sides[index].nat.outside;
        self.sides[index].nat.opened.insert(to);
        if to == server() {
            let Some(stun::Stun::Request { id, .. }) = stun::Stun::read(bytes) else {
                panic!("not asked as it should")
            };
            hear(&mut self.sides[index].traversal, self.now, to, &stun::success(id, from));
            return;
        }
        let cut = self.sides[index].is_gone || (self.sides[index].loses)(bytes);
        let other = &mut self.sides[1 - index];
        let is_let_in = other.nat.is_open || other.nat.opened.contains(&from);
        if !cut && !other.is_gone && other.nat.outside == to && is_let_in {
            hear(&mut other.traversal, self.now, from, bytes);
        }
    }

    /// That nobody got.
    fn checks_of_bob(&mut self) -> Vec<Vec<u8>> {
        let mut checks = Vec::new();
        for _ in 0..100 {
            self.now.mono = self.now.mono + STEP;
            let bob = &mut self.sides[1].traversal;
            bob.handle_timeout(self.now);
            checks.extend(std::iter::from_fn(|| bob.poll_transmit(|_| true)).map(|transmit| transmit.bytes));
        }
        assert!(checks.iter().any(|check| check.len() > 60));
        checks
    }

    fn ways(&self) -> [Way; 2] {
        [0, 1].map(|side| self.sides[side].traversal.way())
    }

    fn outside(&self, side: usize) -> SocketAddr {
        self.sides[side].nat.outside
    }

    fn direct(&self) -> [Way; 2] {
        [Way::To(self.outside(1)), Way::To(self.outside(0))]
    }
}

#[test]
fn both_behind_nats_find_the_straight_way() {
    let mut net = Net::started();
    assert_eq!(net.ways(), [Way::AsDescribed; 2]);
    net.run(Duration::from_secs(1));
    assert_eq!(net.ways(), net.direct());
    net.run(Duration::from_secs(60));
    assert_eq!(net.ways(), net.direct(), "consent goes on");
}

#[test]
fn what_is_told_is_what_the_server_saw_and_the_socket_itself() {
    let net = Net::gathered();
    let said = net.sides[0].traversal.ours().unwrap();
    assert_eq!((said.candidates.len(), reflexive(&said)), (2, Some(net.outside(0))));
    assert!(is_usable(&said, "192.168.1.1:16384".parse().unwrap()));
    assert!(!format!("{:?}", said.candidates).contains("raddr 192.168.1.1"), "said once: {:?}", said.candidates);
}

#[test]
fn a_server_that_says_nothing_leaves_the_socket_itself() {
    let mut alone = side(1, "192.168.1.1:16384", "203.0.113.1:16384");
    for ms in (0..4000).step_by(10) {
        alone.traversal.handle_timeout(now(ms));
    }
    assert!(alone.traversal.is_gathered());
    assert_eq!(alone.traversal.ours().unwrap().candidates.len(), 1);
}

/// Only the password that came with the messages counts.
#[test]
fn whoever_does_not_know_the_password_moves_nothing() {
    let mut net = Net::gathered();
    let mut starts = [net.start(0), net.start(1)];
    starts[0].theirs.password = "x".repeat(22);
    starts[1].theirs.password = "y".repeat(22);
    net.begin(&starts);
    net.run(Duration::from_secs(5));
    assert_eq!(net.ways(), [Way::AsDescribed; 2]);
}

#[test]
fn media_by_the_pair_in_use_counts_as_from_the_described_address_and_stun_is_no_media() {
    let mut net = Net::started();
    net.run(Duration::from_secs(1));
    let (peer, stranger) = (net.outside(1), "203.0.113.9:16384".parse().unwrap());
    let alice = &mut net.sides[0].traversal;
    let described = "192.168.2.1:16384".parse().unwrap();
    let sealed = [0xc0, 0, 0, 1, 0, 0, 0, 1];
    assert_eq!(hear(alice, net.now, peer, &sealed), Some(described));
    assert_eq!(hear(alice, net.now, stranger, &sealed), Some(stranger));
    assert_eq!(hear(alice, net.now, stranger, &stun::request([1; 12])), None);
    assert_eq!(alice.poll_transmit(|_| true), None, "a stranger gets no answer");
}

/// RFC 8445 section 12.2: before both use the same pair, media comes by any candidate that was told. Ours: or by any that a check was proven on.
#[test]
fn media_from_where_a_check_was_proven_is_the_peers_before_the_pair_is_chosen() {
    let mut net = Net::started();
    let checks = net.checks_of_bob();
    let (from, described) = ("203.0.113.77:9".parse().unwrap(), "192.168.2.1:16384".parse().unwrap());
    let alice = &mut net.sides[0].traversal;
    hear(alice, net.now, from, &checks[0]);
    assert_eq!((alice.way(), alice.wants_rule()), (Way::AsDescribed, true));
    assert_eq!(hear(alice, net.now, from, &[0x80, 0, 0, 0]), Some(from), "not before the policy was asked");
    alice.rule(|_| true);
    assert_eq!(hear(alice, net.now, from, &[0x80, 0, 0, 0]), Some(described));
    alice.rule(|peer| peer != from);
    assert_eq!(hear(alice, net.now, from, &[0x80, 0, 0, 0]), Some(from));
}

/// RFC 8445 section 9.
#[test]
fn both_begin_anew_from_another_network() {
    let mut net = Net::started();
    net.run(Duration::from_secs(1));
    net.sides[0] = side(3, "10.0.0.1:20000", "203.0.113.3:20000");
    net.run(Duration::from_millis(20));
    let mut starts = [net.start(0), net.start(1)];
    starts[1].ours = credentials(4);
    net.tell(&mut starts);
    net.begin(&starts);
    net.run(Duration::from_secs(1));
    assert_eq!(net.ways(), net.direct());
}

/// From a thousand addresses, of each a check that its password proves: no more than some are remembered.
#[test]
fn a_peer_cannot_fill_the_memory_with_addresses() {
    let mut net = Net::started();
    let checks = net.checks_of_bob();
    let mut answered = 0;
    for host in 0..1000u32 {
        let from = SocketAddr::new(std::net::Ipv4Addr::from(0x0a00_0000 + host).into(), 9);
        hear(&mut net.sides[0].traversal, net.now, from, &checks[0]);
        answered +=
            usize::from(std::iter::from_fn(|| net.sides[0].poll_transmit()).any(|transmit| transmit.to == from));
    }
    assert!((1..=32).contains(&answered), "{answered}");
}

#[test]
fn no_octet_of_a_check_can_break_it() {
    let mut net = Net::started();
    let checks = net.checks_of_bob();
    let from = net.outside(1);
    for check in checks.iter().take(4) {
        for at in 0..check.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut broken = check.clone();
                broken[at] ^= flip;
                hear(&mut net.sides[0].traversal, net.now, from, &broken);
                hear(&mut net.sides[0].traversal, net.now, from, &broken[..at]);
            }
        }
    }
}
