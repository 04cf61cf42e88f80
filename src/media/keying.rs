use std::net::SocketAddr;
use std::time::Duration;

use super::Associations;
use crate::dtls::{DtlsError, Handshake};
use crate::srtp::{CryptoSuite, Receiver, Sender};
use crate::vocab::Mono;

/// A handshake that makes the keys of a stream, and answers afterwards whoever has not heard its end.
pub(super) struct Keying {
    handshake: Box<Handshake>,
    is_pending: bool,
    /// Where the other side was heard.
    peer: Option<SocketAddr>,
    began: Option<Mono>,
}

/// So long only the place counts that the other side named. Whoever can send to our port could end the handshake with words of his own; a
/// telephone behind a NAT is heard from elsewhere, and repeats itself after a second (RFC 6347 section 4.2.4.1).
const NAMED_FIRST: Duration = Duration::from_millis(800);

/// What came of one.
pub(super) type Keyed = Result<(CryptoSuite, Associations), DtlsError>;

impl Keying {
    /// What a stream begins with: as long as keys are made, it has none, and what was agreed lets nothing pass without.
    pub(super) fn of(associations: Associations) -> (Option<Self>, Associations) {
        match associations {
            Associations::Dtls(handshake) => {
                (Some(Self { handshake, is_pending: true, peer: None, began: None }), Associations::none())
            }
            made => (None, made),
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// The other side says that it is elsewhere.
    pub(super) fn forget_peer(&mut self) {
        self.peer = None;
    }

    /// `remote` is where the other side said that it is; when nothing came from there for a while, the first who speaks from elsewhere is answered,
    /// and nobody else is listened to.
    pub(super) fn handle(&mut self, now: Mono, (from, remote): (SocketAddr, SocketAddr), datagram: &[u8]) {
        let began = *self.began.get_or_insert(now);
        let is_theirs = match self.peer {
            _ if from == remote => true,
            Some(peer) => from == peer,
            None => now >= began + NAMED_FIRST,
        };
        if is_theirs {
            self.peer = Some(from);
            self.handshake.handle_datagram(now, datagram);
        }
    }

    /// Time has passed. What came of the handshake, once.
    pub(super) fn settle(&mut self, now: Mono) -> Option<Keyed> {
        self.began.get_or_insert(now);
        self.handshake.handle_timeout(now);
        let result = self.handshake.take_result()?;
        self.is_pending = false;
        Some(result.and_then(|keys| {
            let (sender, receiver) = (Sender::new(&keys.ours), Receiver::new(&keys.theirs));
            let (sender, receiver) = sender.zip(receiver).ok_or(DtlsError::Malformed)?;
            let associations = Associations::Srtp { sender: Box::new(sender), receiver: Box::new(receiver) };
            Ok((keys.suite, associations))
        }))
    }

    /// A datagram of the handshake, and where to if the other side was heard.
    pub(super) fn poll(&mut self) -> Option<(Option<SocketAddr>, Vec<u8>)> {
        Some((self.peer, self.handshake.poll_transmit()?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dtls::{Identity, Role, SEED_LEN};

    /// A fatal alert in clear (RFC 5246 section 7.2), which anybody can write.
    const ALERT: [u8; 15] = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40];

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    #[test]
    fn who_is_not_where_the_other_side_said_is_heard_only_when_nobody_is_there() {
        let [named, other, third] = [1, 2, 3].map(|port| SocketAddr::from(([192, 0, 2, 1], port)));
        let mine = Arc::new(Identity::new(vec![1], Box::new(|_| None)));
        let handshake = || Box::new(Handshake::new(Role::Client, mine.clone(), Vec::new(), &[1; SEED_LEN], at(0)));
        let begun = || Keying::of(Associations::Dtls(handshake())).0.unwrap();
        let mut keying = begun();
        keying.settle(at(0));
        let mut heard = |millis, from| {
            keying.handle(at(millis), (from, named), &ALERT);
            keying.peer
        };
        assert_eq!(heard(10, other), None);
        assert_eq!([heard(900, other), heard(950, third)], [Some(other); 2], "it is behind a NAT");
        assert_eq!([heard(960, named), heard(2000, other)], [Some(named); 2], "it is where it said");
    }
}
