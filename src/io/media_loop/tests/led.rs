//! Where a leg's packets and checks really go, on real sockets in time that is only counted.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::ice::{Credentials, Servers, Start, Traversal};
use crate::io::media_loop::traversing::Traversing;
use crate::media::Datagram;
use crate::vocab::{Mono, Now, Wall};

struct Side {
    socket: UdpSocket,
    local: SocketAddr,
    traversing: Traversing,
    stream: Box<Stream>,
    /// Datagrams that came.
    came: usize,
}

/// Both describe where nobody is.
const NOWHERE: &str = "127.0.0.9:9";

fn side(seed: u8, ip: &str, stream: Box<Stream>) -> Side {
    #[expect(clippy::disallowed_methods, reason = "a leg's socket")]
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let local = socket.local_addr().unwrap();
    let credentials = Credentials::random(&mut ChaCha20Rng::from_seed([seed; 32]));
    let gathering = Gathering { credentials, stun: Vec::new(), turn: None, seed: [seed; 32] };
    let servers = Servers { stun: Vec::new(), turn: None };
    let traversal = Traversal::gather(gathering, local, &servers, (Clock::any_instant(), Mono::default()));
    Side { socket, local, traversing: Traversing(Some(Box::new(traversal))), stream, came: 0 }
}

/// Alice, under these entries, and Bob, under none.
fn both(entries: &str) -> [Side; 2] {
    let any = "spdadd any any udp -P out none;";
    let there = NOWHERE.parse().unwrap();
    let of = |text: &str| super::stream_under(&format!("{text}{any}"), (there, there));
    let mut sides = [side(1, "127.0.0.1", of(entries)), side(2, "127.0.0.2", of(""))];
    let said = [0, 1].map(|side| sides[side].traversing.0.as_ref().unwrap().ours().unwrap());
    for (index, side) in sides.iter_mut().enumerate() {
        let (ours, theirs) = (&said[index], said[1 - index].clone());
        let ours = Credentials { user: ours.user.clone(), password: ours.password.clone() };
        let start = Start { ours, theirs, controlling: index == 0, described: there };
        side.traversing.set(at(0), Some(&start), &side.stream);
    }
    sides
}

fn at(frame: u64) -> Now {
    Now { mono: Mono(Duration::from_millis(20 * frame)), wall: Wall(1) }
}

impl Side {
    fn advance(&mut self, now: Now) {
        self.traversing.advance(now, &self.socket, &self.stream, true);
        let mut room = [0; 1500];
        while let Ok((len, from)) = self.socket.recv_from(&mut room) {
            self.came += 1;
            self.traversing.sort(now, from, &mut room[..len], &self.stream);
        }
    }

    /// Where a packet goes that is to go where the peer described.
    fn lead(&mut self) -> Option<SocketAddr> {
        let to = NOWHERE.parse().unwrap();
        self.traversing.lead(Datagram { to, bytes: &[0x80] }).map(|datagram| datagram.to)
    }
}

#[test]
fn packets_go_by_the_pair_that_was_found_and_nowhere_when_the_peer_is_gone() {
    let mut sides = both("");
    for frame in 1..100 {
        sides.iter_mut().for_each(|side| side.advance(at(frame)));
    }
    let [mut alice, bob] = sides;
    assert_eq!((alice.lead(), alice.traversing.is_silenced()), (Some(bob.local), false));
    for frame in 100..1700 {
        alice.advance(at(frame));
    }
    assert_eq!((alice.lead(), alice.traversing.is_silenced()), (None, true));
    let before = alice.stream.counters().clone();
    alice.stream.skip();
    assert_eq!(alice.stream.counters().dropped.get("no-consent"), Some(&1));
    assert_eq!(alice.stream.counters().sent, before.sent);
}

#[test]
fn neither_checks_nor_answers_go_where_the_entries_let_nothing_go() {
    let mut sides = both("spdadd any 127.0.0.2/32 udp -P out discard;");
    for frame in 1..200 {
        sides.iter_mut().for_each(|side| side.advance(at(frame)));
    }
    let [mut alice, bob] = sides;
    assert!(alice.came > 0, "Bob's checks reach her");
    assert_eq!((bob.came, alice.lead()), (0, NOWHERE.parse().ok()));
}
