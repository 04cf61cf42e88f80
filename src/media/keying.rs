use std::net::SocketAddr;

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
}

/// What came of one.
pub(super) type Keyed = Result<(CryptoSuite, Associations), DtlsError>;

impl Keying {
    /// What a stream begins with: as long as keys are made, it has none, and what was agreed lets nothing pass without.
    pub(super) fn of(associations: Associations) -> (Option<Self>, Associations) {
        match associations {
            Associations::Dtls(handshake) => {
                (Some(Self { handshake, is_pending: true, peer: None }), Associations::none())
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

    /// `remote` is where the other side said that it is; from elsewhere the first who speaks is answered.
    pub(super) fn handle(&mut self, now: Mono, (from, remote): (SocketAddr, SocketAddr), datagram: &[u8]) {
        if from == remote || self.peer.is_none() {
            self.peer = Some(from);
        }
        self.handshake.handle_datagram(now, datagram);
    }

    /// Time has passed. What came of the handshake, once.
    pub(super) fn settle(&mut self, now: Mono) -> Option<Keyed> {
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
