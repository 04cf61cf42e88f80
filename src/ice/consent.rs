use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::sip::stun::TransactionId;
use crate::vocab::Mono;

/// So long an answered check lets packets go to where it was answered (RFC 7675 section 5.1).
pub(super) const LIFE: Duration = Duration::from_secs(30);
/// Checks whose answers are waited for: those of five seconds, as fast as they may follow each other.
const ASKED: usize = 256;
/// Addresses that answered.
const ANSWERED: usize = 64;
/// Of a Binding request, and of the answer that grants it (RFC 8489 section 5).
const REQUEST: [u8; 2] = [0x00, 0x01];
const SUCCESS: [u8; 2] = [0x01, 0x01];

/// An address of the peer, and whether it is reached from ours at the server of TURN.
pub(super) type Route = (SocketAddr, bool);

/// Whether the peer still wants what is sent to it: it answers the checks that go there.
#[derive(Default)]
pub(super) struct Consent {
    asked: VecDeque<(TransactionId, Route)>,
    /// When each answered last.
    answered: Vec<(Route, Mono)>,
    standing: Standing,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Open,
    /// The same names and passwords cannot bring it back.
    Lost,
    /// Both sides have begun anew, and no pair was chosen yet.
    Renewing,
}

impl Consent {
    /// A datagram of ICE goes there.
    pub(super) fn note_sent(&mut self, to: Route, datagram: &[u8]) {
        if let Some(id) = id_of(REQUEST, datagram) {
            if self.asked.len() == ASKED {
                self.asked.pop_front();
            }
            self.asked.push_back((id, to));
        }
    }

    /// An answer comes from where its request went (RFC 8445 section 7.2.5.2.1).
    pub(super) fn awaits(&self, from: Route, datagram: &[u8]) -> bool {
        let id = datagram.get(8..20);
        self.asked.iter().any(|(asked, to)| Some(asked.as_slice()) == id && *to == from)
    }

    /// It was one, and is the peer's own.
    pub(super) fn note_answer(&mut self, now: Mono, from: Route, datagram: &[u8]) {
        let Some(id) = id_of(SUCCESS, datagram) else { return };
        self.asked.retain(|(asked, _)| *asked != id);
        self.answered.retain(|(peer, at)| *peer != from && now - *at < LIFE);
        if self.answered.len() < ANSWERED {
            self.answered.push((from, now));
        }
    }

    /// Until when packets may go there, by what was answered so far.
    pub(super) fn until(&self, peer: Route) -> Option<Mono> {
        self.answered.iter().find(|(answered, _)| *answered == peer).map(|(_, at)| *at + LIFE)
    }

    /// Nothing is sent until both sides have begun anew and found a pair.
    pub(super) fn lose(&mut self) {
        self.standing = Standing::Lost;
    }

    /// Both sides have other names and passwords.
    pub(super) fn begin_anew(&mut self) {
        self.asked.clear();
        self.answered.clear();
        if self.standing == Standing::Lost {
            self.standing = Standing::Renewing;
        }
    }

    /// A pair was chosen.
    pub(super) fn take_pair(&mut self) {
        if self.standing == Standing::Renewing {
            self.standing = Standing::Open;
        }
    }

    /// Checks may be made.
    pub(super) fn may_ask(&self) -> bool {
        self.standing != Standing::Lost
    }

    /// Media may be sent.
    pub(super) fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }
}

fn id_of(kind: [u8; 2], datagram: &[u8]) -> Option<TransactionId> {
    datagram.starts_with(&kind).then(|| datagram.get(8..20)?.try_into().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    fn message(kind: [u8; 2], id: u8) -> Vec<u8> {
        [kind.as_slice(), &[0; 6], &[id; 12]].concat()
    }

    #[test]
    fn an_answer_counts_once_and_from_where_its_request_went() {
        let (peer, other) = (("192.0.2.1:9".parse().unwrap(), false), ("192.0.2.2:9".parse().unwrap(), false));
        let mut consent = Consent::default();
        consent.note_sent(peer, &message(REQUEST, 1));
        consent.note_sent(peer, &message(SUCCESS, 2));
        let answer = message(SUCCESS, 1);
        assert!(!consent.awaits(other, &answer) && !consent.awaits((peer.0, true), &answer));
        assert!(!consent.awaits(peer, &message(SUCCESS, 2)));
        assert!(!consent.awaits(peer, b"short"));
        assert!(consent.awaits(peer, &answer));
        consent.note_answer(at(5), peer, &answer);
        assert!(!consent.awaits(peer, &answer));
        assert_eq!((consent.until(peer), consent.until(other)), (Some(at(35)), None));
    }

    #[test]
    fn what_is_lost_comes_back_by_a_pair_of_a_new_beginning_only() {
        let mut consent = Consent::default();
        consent.lose();
        consent.take_pair();
        assert!(!consent.is_open() && !consent.may_ask());
        consent.begin_anew();
        assert!(!consent.is_open() && consent.may_ask());
        consent.take_pair();
        assert!(consent.is_open());
    }

    #[test]
    fn neither_questions_nor_answers_fill_the_memory() {
        let mut consent = Consent::default();
        for host in 0..1000u32 {
            let peer = (SocketAddr::new(std::net::Ipv4Addr::from(host).into(), 9), false);
            consent.note_sent(peer, &message(REQUEST, 1));
            consent.note_answer(at(1), peer, &message(SUCCESS, 2));
        }
        assert_eq!((consent.asked.len(), consent.answered.len()), (ASKED, ANSWERED));
    }
}
