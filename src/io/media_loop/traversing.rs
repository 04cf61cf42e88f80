//! A leg's way through NATs: STUN goes by the socket of the voice, and is none of it.

use std::net::{SocketAddr, UdpSocket};

use super::out::send;
use crate::ice::{Heard, Start, Transmit, Traversal, Way};
use crate::media::{Datagram, Stream};
use crate::vocab::{Failure, Now};

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

    /// From where the stream takes a datagram to come, and how much of it is the packet; `None` when it is none of its packets.
    pub fn sort(
        &mut self,
        now: Now,
        from: SocketAddr,
        datagram: &mut [u8],
        stream: &Stream,
    ) -> Option<(SocketAddr, usize)> {
        let Some(traversal) = &mut self.0 else { return Some((from, datagram.len())) };
        if traversal.wants_rule() {
            traversal.rule(|peer| stream.allows(now, peer));
        }
        match traversal.receive(now, from, datagram) {
            Heard::Ours => None,
            // Who was heard from a proven place was not heard where he said that he is: as long as our sound would go there, he might aim it at others.
            Heard::Media(_, len) if stream.waits() && traversal.way() == Way::AsDescribed => Some((from, len)),
            Heard::Media(from, len) => Some((from, len)),
        }
    }

    /// Why the server of TURN relays nothing for this call, or no more; once.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.0.as_mut()?.take_failure()
    }

    /// The call, or its socket, is over.
    pub fn release(&mut self, now: Now, socket: &UdpSocket) {
        if let Some(Transmit { to, bytes }) = self.0.as_mut().and_then(|traversal| traversal.release()) {
            send(socket, now, to, &bytes);
        }
    }

    pub fn is_silenced(&self) -> bool {
        self.0.as_ref().is_some_and(|traversal| traversal.way() == Way::Nowhere)
    }

    /// Where a packet of the stream really goes, and as what; `None` where the relay lets nothing through to there yet, and without the peer's consent.
    pub fn lead<'a>(&'a mut self, datagram: Datagram<'a>) -> Option<Datagram<'a>> {
        let Some(traversal) = &mut self.0 else { return Some(datagram) };
        match traversal.way() {
            Way::To(to) => Some(Datagram { to, ..datagram }),
            Way::ByRelay(peer) => traversal.by_relay(peer, datagram.bytes).map(|(to, bytes)| Datagram { to, bytes }),
            Way::AsDescribed => Some(datagram),
            Way::Nowhere => None,
        }
    }
}
