//! The network of the virtual world: seeded loss, delay, duplication and reordering for datagrams; streams are whole.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use sottovoce::sip::{ConnectionId, Transport};
use sottovoce::vocab::Mono;

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Of a hundred datagrams so many are lost.
    pub loss: u32,
    /// Of a hundred datagrams so many come twice.
    pub duplication: u32,
    pub delay: Duration,
    /// Added at random to each: what is larger than the pause between two packets reorders them.
    pub jitter: Duration,
    /// Whether TCP connections come about.
    pub tcp: bool,
}

impl Link {
    pub const GOOD: Self =
        Self { loss: 0, duplication: 0, delay: Duration::from_millis(10), jitter: Duration::ZERO, tcp: true };

    pub fn lossy(loss: u32) -> Self {
        let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(60));
        Self { loss, duplication: 5, delay, jitter, tcp: true }
    }

    /// Nothing listens on TCP: what took it for its size goes by UDP after all (RFC 3261 section 18.1.1).
    pub fn without_tcp(self) -> Self {
        Self { tcp: false, ..self }
    }
}

/// In the number of a stream: it is one of TLS.
pub const SECURE: u64 = 1 << 63;

/// What is on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parcel {
    Media { from: SocketAddr, to: SocketAddr, bytes: Vec<u8> },
    Sip { stream: Option<u64>, from: SocketAddr, to: SocketAddr, bytes: Vec<u8> },
}

pub struct Wire {
    pub link: Link,
    rng: ChaCha20Rng,
    /// By arrival, then by the order of sending.
    flying: BinaryHeap<Reverse<(Mono, u64, Parcel)>>,
    sent: u64,
    /// Every media datagram that was put on the wire, lost ones included.
    pub seen: Vec<Vec<u8>>,
    /// Every SIP message that was put on the wire, lost ones included.
    pub overheard: Vec<Parcel>,
    /// How many SIP datagrams were lost.
    pub lost: u32,
    /// Media of the first address comes from the second, and the other way round; nothing else reaches the first.
    pub nat: Option<(IpAddr, IpAddr)>,
    /// No media by UDP reaches anybody.
    pub udp_is_blocked: bool,
}

impl Wire {
    pub fn new(seed: u64, link: Link) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(seed);
        let (seen, overheard) = (Vec::new(), Vec::new());
        Self {
            link,
            rng,
            flying: BinaryHeap::new(),
            sent: 0,
            seen,
            overheard,
            lost: 0,
            nat: None,
            udp_is_blocked: false,
        }
    }

    pub fn next_arrival(&self) -> Option<Mono> {
        self.flying.peek().map(|Reverse((at, _, _))| *at)
    }

    /// What has arrived by now, the earliest first.
    pub fn arrive(&mut self, now: Mono) -> Option<Parcel> {
        if self.next_arrival()? > now {
            return None;
        }
        self.flying.pop().map(|Reverse((_, _, parcel))| parcel)
    }

    /// Where media comes from and goes to once a NAT has had it; `None`: it reaches nobody.
    pub fn translated(&self, from: SocketAddr, to: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
        let Some((inside, outside)) = self.nat else { return Some((from, to)) };
        match (from.ip() == inside, to.ip() == outside) {
            (true, _) => Some((SocketAddr::new(outside, from.port()), to)),
            (false, true) => Some((from, SocketAddr::new(inside, to.port()))),
            (false, false) => (to.ip() != inside).then_some((from, to)),
        }
    }

    pub fn send(&mut self, now: Mono, parcel: Parcel) {
        match &parcel {
            Parcel::Media { bytes, .. } => self.seen.push(bytes.clone()),
            Parcel::Sip { .. } => self.overheard.push(parcel.clone()),
        }
        if matches!(parcel, Parcel::Sip { stream: Some(_), .. }) {
            // A stream keeps its order: the heap's second key does.
            return self.fly(now + self.link.delay, parcel);
        }
        let copies = if self.chance(self.link.duplication) { 2 } else { 1 };
        for _ in 0..copies {
            if self.chance(self.link.loss) {
                self.lost += u32::from(matches!(parcel, Parcel::Sip { .. }));
            } else {
                let at = now + self.link.delay + self.jitter();
                self.fly(at, parcel.clone());
            }
        }
    }

    fn fly(&mut self, at: Mono, parcel: Parcel) {
        self.sent += 1;
        self.flying.push(Reverse((at, self.sent, parcel)));
    }

    fn chance(&mut self, of_hundred: u32) -> bool {
        self.rng.next_u32() % 100 < of_hundred
    }

    fn jitter(&mut self) -> Duration {
        let most = self.link.jitter.as_micros() as u64;
        Duration::from_micros(if most == 0 { 0 } else { self.rng.next_u64() % most })
    }
}

/// The transport of a parcel as the receiver sees it.
pub fn arrived_by(stream: Option<u64>) -> (Transport, Option<ConnectionId>) {
    match stream {
        Some(id) if id & SECURE != 0 => (Transport::Tls, Some(ConnectionId(id))),
        Some(id) => (Transport::Tcp, Some(ConnectionId(id))),
        None => (Transport::Udp, None),
    }
}
