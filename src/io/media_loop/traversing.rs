//! A leg's way through NATs: STUN goes by the socket of the voice, and is none of it.

use std::net::{SocketAddr, UdpSocket};

use super::leg::send;
use crate::ice::{Heard, Start, Transmit, Traversal, Way};
use crate::media::{Datagram, Stream};
use crate::vocab::Now;

/// Of one leg; empty where nothing was gathered.
#[derive(Default)]
pub struct Traversing(pub Option<Box<Traversal>>);

impl Traversing {
    pub fn set(&mut self, now: Now, said: Option<&Start>, stream: &Stream) {
        let Some(traversal) = &mut self.0 else { return };
        match said {
            Some(start) => traversal.start(now, start, |peer| stream.allows(now, peer)),
            None => traversal.stop(),
        }
    }

    /// Sends what is due; and where another pair is in use, or `anew`, asks the policy about it.
    pub fn advance(&mut self, now: Now, socket: &UdpSocket, stream: &Stream, anew: bool) {
        let Some(traversal) = &mut self.0 else { return };
        while traversal.poll_timeout().is_some_and(|at| at <= now.mono) {
            traversal.handle_timeout(now);
        }
        while let Some(Transmit { to, bytes }) = traversal.poll_transmit(|peer| stream.allows(now, peer)) {
            send(socket, now, to, &bytes);
        }
        if anew || traversal.wants_rule() {
            traversal.rule(|peer| stream.allows(now, peer));
        }
    }

    /// From where the stream takes a datagram to come; `None` when it is none of its packets.
    pub fn sort(&mut self, now: Now, from: SocketAddr, datagram: &[u8], stream: &Stream) -> Option<SocketAddr> {
        let Some(traversal) = &mut self.0 else { return Some(from) };
        if traversal.wants_rule() {
            traversal.rule(|peer| stream.allows(now, peer));
        }
        match traversal.receive(now, from, datagram) {
            Heard::Ours => None,
            Heard::Media(from) => Some(from),
        }
    }

    pub fn is_silenced(&self) -> bool {
        self.0.as_ref().is_some_and(|traversal| traversal.way() == Way::Nowhere)
    }

    /// Where a packet of the stream really goes.
    pub fn lead<'a>(&self, datagram: Datagram<'a>) -> Datagram<'a> {
        match self.0.as_ref().map(|traversal| traversal.way()) {
            Some(Way::To(to)) => Datagram { to, ..datagram },
            Some(Way::AsDescribed | Way::Nowhere) | None => datagram,
        }
    }
}
