use std::net::IpAddr;
use std::time::Duration;

use super::dialog::Dialog;
use super::headers::Reason;
use super::transaction::{ClientKey, ServerKey, Timing};
use super::Transmit;
use crate::vocab::Mono;

/// One INVITE session, ours or theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// An INVITE session (RFC 3261 sections 13 to 15).
#[derive(Debug)]
pub(crate) struct Session {
    /// The caller's has no remote tag until the first 2xx.
    pub dialog: Dialog,
    pub phase: Phase,
    /// The INVITE or re-INVITE of the peer that waits for our answer.
    pub asked: Option<ServerKey>,
    /// Our 2xx, sent again until its ACK comes.
    pub unacked: Option<Unacked>,
    /// The ACK that we sent: a 2xx that comes again gets it again.
    pub ack: Option<Transmit>,
    /// The user wants it over as soon as the protocol allows.
    pub leaving: Option<Option<Reason>>,
    /// Tags of other devices that answered our INVITE, and were sent away.
    pub forks: Vec<String>,
    /// Where their INVITE came from; none for ours.
    pub address: Option<IpAddr>,
    /// Nobody picks up after that.
    pub ringing_until: Option<Mono>,
    /// CANCEL was sent; the final answer is awaited until then (RFC 3261 section 9.1).
    pub cancelled: Option<Mono>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Our INVITE has no final answer.
    Calling { invite: ClientKey },
    /// BYE is sent.
    Ending,
    /// Answered.
    Established,
    /// Their first INVITE has no final answer.
    Ringing,
}

/// A 2xx to an INVITE that was not acknowledged (RFC 3261 section 13.3.1.4).
#[derive(Debug)]
pub(crate) struct Unacked {
    pub answer: Transmit,
    pub cseq: u32,
    pub resend: Mono,
    pub give_up: Mono,
    /// It answers the INVITE that made the session.
    pub first: bool,
    pause: Duration,
}

impl Unacked {
    pub fn new(now: Mono, timing: &Timing, answer: Transmit, cseq: u32, first: bool) -> Self {
        let pause = timing.t1;
        Self { answer, cseq, resend: now + pause, give_up: now + timing.patience(), first, pause }
    }

    /// The pause doubles up to T2.
    pub fn resent(&mut self, now: Mono, timing: &Timing) {
        self.pause = timing.doubled(self.pause);
        self.resend = now + self.pause;
    }
}

impl Session {
    pub fn new(dialog: Dialog, phase: Phase) -> Self {
        Self {
            dialog,
            phase,
            asked: None,
            unacked: None,
            ack: None,
            leaving: None,
            forks: Vec::new(),
            address: None,
            ringing_until: None,
            cancelled: None,
        }
    }

    /// A callee must not send BYE before its caller confirmed (RFC 3261 section 15).
    pub fn awaits_first_ack(&self) -> bool {
        self.unacked.as_ref().is_some_and(|unacked| unacked.first)
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        let unacked = self.unacked.as_ref();
        let all = [
            (unacked.map(|u| u.resend.min(u.give_up)), "200 without ACK"),
            (self.ringing_until, "call rings too long"),
            (self.cancelled, "CANCEL without final answer"),
        ];
        all.into_iter().filter_map(|(at, why)| at.map(|at| (at, why))).min()
    }
}
