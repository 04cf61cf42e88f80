use std::net::SocketAddr;
use std::time::Duration;

use super::Associations;
use crate::dtls::{DtlsError, Handshake, SrtpKeys};
use crate::srtp::{CryptoSuite, Receiver, Sender};
use crate::vocab::Mono;

/// A handshake that makes the keys of a stream, and answers afterwards whoever has not heard its end.
pub(super) struct Keying {
    /// With whoever is where the other side said that it is; afterwards the one that came to an end.
    handshake: Box<Handshake>,
    /// With those who spoke from elsewhere, until one comes to an end: each has his own, and spoils nobody else's.
    elsewhere: Vec<Elsewhere>,
    is_pending: bool,
    /// Where the other side was heard.
    peer: Option<SocketAddr>,
    began: Option<Mono>,
    /// What one elsewhere failed with.
    failed: Option<DtlsError>,
    /// Those that were begun elsewhere.
    begun: u64,
}

struct Elsewhere {
    handshake: Box<Handshake>,
    from: SocketAddr,
    /// When a message of it was taken last.
    went_on: Mono,
}

/// So long only the place counts that the other side named. A telephone behind a NAT is heard from elsewhere, and repeats itself after a second
/// (RFC 6347 section 4.2.4.1).
const NAMED_FIRST: Duration = Duration::from_millis(800);

/// Handshakes at most with those who are elsewhere: anybody can send what such a one begins with.
const MOST_ELSEWHERE: usize = 4;

/// One of them that goes on no more makes room: two times its first words would have been said again by then.
const QUIET: Duration = Duration::from_secs(3);

/// What came of one.
pub(super) type Keyed = Result<(CryptoSuite, Associations), DtlsError>;

impl Keying {
    /// What a stream begins with: as long as keys are made, it has none, and what was agreed lets nothing pass without.
    pub(super) fn of(associations: Associations) -> (Option<Self>, Associations) {
        match associations {
            Associations::Dtls(handshake) => (Some(Self::new(handshake)), Associations::none()),
            made => (None, made),
        }
    }

    fn new(handshake: Box<Handshake>) -> Self {
        Self { handshake, elsewhere: Vec::new(), is_pending: true, peer: None, began: None, failed: None, begun: 0 }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// The other side says that it is elsewhere.
    pub(super) fn forget_peer(&mut self) {
        self.peer = None;
    }

    /// `remote` is where the other side said that it is. When that had time to speak, those are heard too who speak from elsewhere; whose certificate
    /// is the one that was named is the other side.
    pub(super) fn handle(&mut self, now: Mono, (from, remote): (SocketAddr, SocketAddr), datagram: &[u8]) {
        let began = *self.began.get_or_insert(now);
        if from == remote || !self.is_pending && self.peer == Some(from) {
            self.peer = Some(from);
            return self.handshake.handle_datagram(now, datagram);
        }
        if !self.is_pending || now < began + NAMED_FIRST {
            return;
        }
        match self.elsewhere.iter_mut().find(|other| other.from == from) {
            Some(other) => other.handle(now, datagram),
            None => self.begin_elsewhere(now, from, datagram),
        }
    }

    /// Who says nothing that a handshake can go on with is nobody. A host has one, whatever its ports, so that none of them fills the places of others.
    fn begin_elsewhere(&mut self, now: Mono, from: SocketAddr, datagram: &[u8]) {
        let of_host = self.elsewhere.iter().position(|other| other.from.ip() == from.ip());
        let is_full = self.elsewhere.len() >= MOST_ELSEWHERE;
        let is_quiet = |other: &Elsewhere| other.went_on + QUIET <= now;
        let in_place_of = match of_host {
            Some(place) => self.elsewhere.get(place).is_some_and(is_quiet).then_some(place),
            None => self.elsewhere.iter().position(is_quiet).filter(|_| is_full),
        };
        match in_place_of {
            Some(place) => drop(self.elsewhere.remove(place)),
            None if is_full || of_host.is_some() => return,
            None => {}
        }
        let mut handshake = Box::new(self.handshake.beside(now, self.begun + 1));
        handshake.handle_datagram(now, datagram);
        if handshake.taken() > 0 {
            self.begun += 1;
            self.elsewhere.push(Elsewhere { handshake, from, went_on: now });
        }
    }

    /// Time has passed. What came of the handshake, once.
    pub(super) fn settle(&mut self, now: Mono) -> Option<Keyed> {
        self.began.get_or_insert(now);
        let elsewhere = self.settle_elsewhere(now);
        self.handshake.handle_timeout(now);
        let result = elsewhere.map(Ok).or_else(|| self.handshake.take_result())?;
        self.is_pending = false;
        self.elsewhere = Vec::new();
        Some(result.map_err(|why| self.reason(why)).and_then(|keys| {
            let (sender, receiver) = (Sender::new(&keys.ours), Receiver::new(&keys.theirs));
            let (sender, receiver) = sender.zip(receiver).ok_or(DtlsError::Malformed)?;
            let associations = Associations::Srtp { sender: Box::new(sender), receiver: Box::new(receiver) };
            Ok((keys.suite, associations))
        }))
    }

    /// The first that comes to its end is the other side's.
    fn settle_elsewhere(&mut self, now: Mono) -> Option<SrtpKeys> {
        let mut place = 0;
        while let Some(other) = self.elsewhere.get_mut(place) {
            other.handshake.handle_timeout(now);
            match other.handshake.take_result() {
                None => place += 1,
                Some(Ok(keys)) => {
                    let Elsewhere { handshake, from, .. } = self.elsewhere.swap_remove(place);
                    (self.handshake, self.peer) = (handshake, Some(from));
                    return Some(keys);
                }
                // It was somebody else, and keeps no place from who speaks next.
                Some(Err(why)) => {
                    self.elsewhere.swap_remove(place);
                    self.failed = Some(why).filter(|why| *why != DtlsError::TimedOut).or(self.failed);
                }
            }
        }
        None
    }

    /// Nobody spoke where the other side said that it is: what is wrong is what was wrong elsewhere.
    fn reason(&self, why: DtlsError) -> DtlsError {
        self.failed.filter(|_| why == DtlsError::TimedOut && self.peer.is_none()).unwrap_or(why)
    }

    /// A datagram of the handshake, and where to if the other side was heard.
    pub(super) fn poll(&mut self) -> Option<(Option<SocketAddr>, Vec<u8>)> {
        if let Some(datagram) = self.handshake.poll_transmit() {
            return Some((self.peer, datagram));
        }
        self.elsewhere.iter_mut().find_map(|other| Some((Some(other.from), other.handshake.poll_transmit()?)))
    }
}

impl Elsewhere {
    fn handle(&mut self, now: Mono, datagram: &[u8]) {
        let taken = self.handshake.taken();
        self.handshake.handle_datagram(now, datagram);
        if self.handshake.taken() > taken {
            self.went_on = now;
        }
    }
}

#[cfg(test)]
mod tests;
