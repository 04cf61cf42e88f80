use std::net::IpAddr;
use std::time::Duration;

use super::authentication::Authentication;
use super::dialog::Dialog;
use super::digest::Login;
use super::endpoint::Invite;
use super::headers::Reason;
use super::reliable::{Early, Unpracked};
use super::session_timer::SessionTimer;
use super::timed::Timed;
use super::transaction::{ClientKey, ServerKey, Timing};
use super::uri::Uri;
use super::{Body, HeaderName, Method, Request, Transmit};
use crate::vocab::Mono;

/// One INVITE session, ours or theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// Our INVITE, kept until it is answered: whoever challenges it gets it again.
#[derive(Debug)]
pub(crate) struct Proven {
    pub invite: Invite,
    pub authentication: Authentication,
    /// What proved it; the ACK of a 2xx has the same (RFC 3261 section 22.1).
    credentials: Vec<(HeaderName, String)>,
    /// Its number, which is the ACK's too (RFC 3261 section 13.2.2.4).
    cseq: u32,
}

impl Proven {
    pub fn new(invite: Invite) -> Self {
        let authentication = Authentication::of(invite.login.clone());
        Self { invite, authentication, credentials: Vec::new(), cseq: 0 }
    }

    pub fn forget_login(&mut self, login: &Login) {
        self.authentication.forget(login);
        if self.invite.login.as_ref() == Some(login) {
            self.invite.login = None;
            self.credentials.clear();
        }
    }

    pub fn keep_credentials(&mut self, request: &Request) {
        self.cseq = super::read::cseq(request.headers()).map_or(self.cseq, |cseq| cseq.number);
        let named = |name: HeaderName| {
            let values = request.headers().all(name.clone()).into_iter().map(str::to_owned);
            values.map(move |value| (name.clone(), value)).collect::<Vec<_>>()
        };
        self.credentials = [named(HeaderName::AUTHORIZATION), named(HeaderName::PROXY_AUTHORIZATION)].concat();
    }
}

/// An INVITE session (RFC 3261 sections 13 to 15).
#[derive(Debug)]
pub(crate) struct Session {
    /// The caller's has no remote tag until the first 2xx.
    pub dialog: Dialog,
    pub phase: Phase,
    /// The caller's INVITE.
    pub proven: Option<Proven>,
    /// The INVITE or re-INVITE of the peer that waits for our answer.
    pub asked: Option<ServerKey>,
    /// Our provisional answer, sent again until its PRACK comes.
    pub unpracked: Option<Unpracked>,
    /// The last RSeq that we used.
    pub rseq: Option<u32>,
    /// Their INVITE had an offer.
    pub has_offer: bool,
    /// What callees of our INVITE answered provisionally, and reliably.
    pub early: Vec<Early>,
    /// Tags of callees of our INVITE that have not picked up.
    pub ringing: Vec<String>,
    /// Our 2xx, sent again until its ACK comes.
    pub unacked: Option<Unacked>,
    /// The ACK that we sent, and its number: a 2xx that comes again gets it again.
    pub ack: Option<(u32, Transmit)>,
    /// The user wants it over as soon as the protocol allows.
    pub leaving: Option<Option<Reason>>,
    /// Tags of other devices that answered our INVITE, and were sent away.
    pub forks: Vec<String>,
    /// Where their INVITE came from; none for ours.
    pub address: Option<IpAddr>,
    /// Nobody picks up after that.
    pub ringing_until: Option<Mono>,
    /// And it is the caller who does not wait longer (RFC 3261 section 13.3.1).
    pub expires: bool,
    /// CANCEL was sent; the final answer is awaited until then (RFC 3261 section 9.1).
    pub cancelled: Option<Mono>,
    /// It is over unless somebody refreshes it (RFC 4028).
    pub timer: Option<SessionTimer>,
    /// The peer's 422 asked for at least so many seconds.
    pub least: Option<u32>,
    /// A refresh or offer of ours that is not answered, or a refresh that waits for another try.
    pub refresh: Option<Refresh>,
    /// The number of the last offer of ours that was withdrawn before its answer: a 2xx to it is acknowledged all the same.
    pub withdrawn: Option<u32>,
    /// Our user wants another session than there is.
    pub offering: Option<Offering>,
    /// The peer knows UPDATE.
    pub peer_updates: bool,
    /// The peer has referred us to somebody before: what we notify of later ones says which (RFC 3515 section 2.4.6).
    pub referred: bool,
    /// Where the peer is reached, as the request says that waits for our answer and came from elsewhere: nothing goes there before it has proven
    /// who it is.
    pub elsewhere: Option<Uri>,
    /// Our session description.
    pub said: Option<Body>,
}

/// A refresh of a session (RFC 4028 section 7.4).
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub method: Method,
    pub cseq: u32,
    /// It met a request of the peer's, and is tried again then.
    pub again: Option<Mono>,
    /// Of its last provisional answer that was acknowledged.
    pub rseq: Option<u32>,
    /// How many were.
    pub pracks: u32,
    /// It offers anew, and is no mere refresh.
    pub offer: Option<Body>,
}

/// An offer within the session that is wanted, or on its way (RFC 3261 section 14.1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offering {
    /// To be made then; `None` once that was said.
    pub due: Option<Mono>,
    /// How often it met an offer of the peer's.
    pub glares: u32,
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
    /// It holds our offer, whose answer comes with the ACK (RFC 3261 section 13.2.1).
    pub offers: bool,
    /// We have moved since, and its ACK goes to where we were.
    pub left_behind: bool,
    pause: Duration,
}

impl Unacked {
    pub fn new(now: Mono, timing: &Timing, answer: Transmit, cseq: u32, first: bool, offers: bool) -> Self {
        let pause = timing.t1;
        Self {
            answer,
            cseq,
            resend: now + pause,
            give_up: now + timing.patience(),
            first,
            offers,
            left_behind: false,
            pause,
        }
    }

    /// The pause doubles up to T2.
    pub fn resent(&mut self, now: Mono, timing: &Timing) {
        self.pause = timing.doubled(self.pause);
        self.resend = now + self.pause;
    }
}

impl Session {
    /// The peer's request waits for our answer; `elsewhere` is its Contact where it came from elsewhere.
    pub fn ask(&mut self, request: ServerKey, elsewhere: Option<Uri>) {
        (self.asked, self.elsewhere) = (Some(request), elsewhere);
    }

    pub fn new(dialog: Dialog, phase: Phase) -> Self {
        Self {
            dialog,
            phase,
            proven: None,
            asked: None,
            unpracked: None,
            rseq: None,
            has_offer: false,
            early: Vec::new(),
            ringing: Vec::new(),
            unacked: None,
            ack: None,
            leaving: None,
            forks: Vec::new(),
            address: None,
            ringing_until: None,
            expires: false,
            cancelled: None,
            timer: None,
            least: None,
            refresh: None,
            withdrawn: None,
            offering: None,
            peer_updates: false,
            referred: false,
            elsewhere: None,
            said: None,
        }
    }

    /// The ACK of a 2xx to our INVITE, within this dialog.
    pub fn acknowledgement(&self, dialog: &Dialog) -> Request {
        let cseq = self.proven.as_ref().map_or(1, |proven| proven.cseq);
        let mut ack = dialog.request_numbered(Method::Ack, cseq);
        // Only whoever asked for them: the peer could try passwords against them.
        let remote = dialog.destination().remote;
        let asked = self.proven.iter().filter(|proven| proven.invite.remote == remote);
        for (name, value) in asked.flat_map(|proven| &proven.credentials) {
            super::send::push(&mut ack, name.as_str(), value);
        }
        ack
    }

    /// Our INVITE went there, to which its login belongs.
    pub fn asked_by(&self, remote: std::net::SocketAddr) -> bool {
        self.proven.as_ref().is_some_and(|proven| proven.invite.remote == remote)
    }

    /// A callee must not send BYE before its caller confirmed (RFC 3261 section 15).
    pub fn awaits_first_ack(&self) -> bool {
        self.unacked.as_ref().is_some_and(|unacked| unacked.first)
    }

    /// When a refresh of ours is due: never while one is under way.
    pub fn refresh_at(&self) -> Option<Mono> {
        let calm = self.phase == Phase::Established && self.asked.is_none() && self.unacked.is_none();
        match &self.refresh {
            _ if !calm => None,
            Some(refresh) => refresh.again,
            None => self.timer.as_ref().and_then(SessionTimer::refresh_at),
        }
    }

    /// When an offer of ours can be made: not before a pause that the last one was told to make is over.
    pub fn offer_at(&self) -> Option<Mono> {
        let due = self.offering.and_then(|offering| offering.due).filter(|_| self.is_calm())?;
        let again = self.refresh.as_ref().and_then(|refresh| refresh.again);
        Some(again.map_or(due, |again| due.max(again)))
    }

    pub fn over_at(&self) -> Option<Mono> {
        self.timer.filter(|_| self.phase == Phase::Established).map(|timer| timer.over_at())
    }
}

impl Timed for Session {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        let unacked = self.unacked.as_ref();
        let all = [
            (unacked.map(|u| u.resend.min(u.give_up)), "200 without ACK"),
            (self.unpracked.as_ref().and_then(Unpracked::deadline), "180 without PRACK"),
            (self.ringing_until, "call rings too long"),
            (self.cancelled, "CANCEL without final answer"),
            (self.refresh_at(), "session to be refreshed"),
            (self.offer_at(), "session to be changed"),
            (self.over_at(), "session without a refresh"),
        ];
        all.into_iter().filter_map(|(at, why)| at.map(|at| (at, why))).min()
    }
}
