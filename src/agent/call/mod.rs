//! Journey two: a call. [`caller`] and [`callee`] are its two sides, [`media`] makes the stream that both end in;
//! [`transfer`] lets one call lead to another.
//!
//! | step | caller | callee |
//! | --- | --- | --- |
//! | policy | `begin_call`: approved entry, or `ask.rs` first | `demands_on_caller` |
//! | socket | `Effect::OpenMedia` -> `Done::MediaOpened` | the same |
//! | keys | `Initiator::offer` in INVITE | `Responder::read`, `answer` in 200 |
//! | refusal | 488 with a statement -> `refusal.rs`: review with what is missing | `refuse_for_policy` |
//! | stream | 200 -> `Confirmed` -> `Effect::StartStream` | 200 sent -> the same |
//! | end | BYE -> `Effect::CloseMedia` -> `Done::MediaClosed` | the same |

mod answered;
mod answering;
mod callee;
mod caller;
mod end;
mod media;
mod offerless;
mod places;
mod redirected;
mod refusal;
mod reinvited;
mod replacement;
mod transfer;
mod transferee;
mod transferor;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::config::{AudioSink, AudioSource};
use super::fail_over::Untried;
use super::redirect::Redirects;
use super::target::Target;
use super::{Agent, Call, CallState, Event, Side};
use crate::keys::{Initiator, Responder};
use crate::media::{Counters, StreamEvent};
use crate::policy::{Answer, Suite};
use crate::sdp::SessionDescription;
use crate::sip::digest::Login;
use crate::sip::{Candidate, EndpointEvent, Host, SessionId};
use crate::vocab::{CallId, Deadline, Device, Entity, Failure, FailureKind, Fingerprint, Mono, Now};
use media::{PeerSdp, Ready};
use transfer::Transfers;

/// Calls at once, where one user's telephone is served; a further one is refused, ours and theirs.
const MAX_OPEN: usize = 32;

/// Of them, calls by whom our user has not approved.
const MAX_STRANGERS: usize = 16;

/// A call on which nothing authentic came for so long is given up: the peer is gone, or was never there.
pub const SILENCE: Duration = Duration::from_secs(30);

/// The same for a stranger who holds the call, and may be silent.
pub const HELD_SILENCE: Duration = Duration::from_secs(300);

/// And after so long it is shown: peers send a packet every 20 ms, and RTCP every few seconds.
pub const QUIET: Duration = Duration::from_secs(5);

/// How long we let a peer ring. A callee of ours gives up before that ([`crate::sip::RINGING`]) and tells; this is for one
/// that cannot.
pub const RINGING: Duration = Duration::from_secs(200);

/// Calls that are remembered after their end.
const MAX_KEPT: usize = 256;

/// Names the stream in the key agreement: the number of its `m=` line, from zero (`docs/protocol.md`). Ours has one.
pub const MEDIA_ID: &str = "0";

pub struct Calls {
    all: BTreeMap<CallId, Calling>,
    sessions: BTreeMap<SessionId, CallId>,
    transfers: Transfers,
    last: u64,
    /// Counters of calls that are forgotten.
    forgotten: Counters,
}

/// A call with what only its story needs.
pub(super) struct Calling {
    pub call: Call,
    session: Option<SessionId>,
    /// Whom we call; `None` for a callee.
    target: Option<Target>,
    peer: Option<(Entity, Device)>,
    hop: Option<Candidate>,
    /// Where else the peer is.
    untried: Untried,
    /// Where it was called.
    tried: Vec<Candidate>,
    redirects: Redirects,
    answer: Option<Answer>,
    accept_key: Option<Fingerprint>,
    source: AudioSource,
    sink: AudioSink,
    duration: Option<Duration>,
    /// Who we are in it.
    name: Entity,
    /// Packets heard when that last changed, and when.
    heard: Option<(u64, Mono)>,
    /// Give up then: nobody answers, or the call has had its time.
    until: Option<Mono>,
    /// When INVITE was sent, or came.
    invited: Option<Mono>,
    /// From where.
    invited_from: Option<IpAddr>,
    /// Our media socket.
    local: Option<SocketAddr>,
    key: KeyState,
    /// Our offer, or our answer: a refresh gets the same again.
    said: Option<SessionDescription>,
    offered: Option<PeerSdp>,
    /// Where the peer's media was at first: it may be taken back for a while.
    described: Option<SocketAddr>,
    /// The peer does not send: it holds the call, and is not gone.
    quiet_allowed: bool,
    /// The user knows that somebody offers anew without the keys of the call.
    told_stripped: bool,
    /// Our 200 offers, and the ACK has to answer.
    offers: bool,
    /// A stream that begins when our 200 is acknowledged.
    ready: Option<Ready>,
    /// The peer's address was not seen: it says where it is, behind a proxy.
    stated: bool,
    /// And proves that by its packets before it hears us.
    heard_first: bool,
    /// For the proxy that the call goes by.
    login: Option<Login>,
    /// What that proxy proves, by TLS.
    domain: Option<Host>,
    /// A refusal led to a review already: the next one ends the call.
    retried: bool,
    /// Media is open and not yet closed.
    media_open: bool,
    /// Its sound goes, or will go, into a file, which is nobody else's until its media is closed.
    recording: bool,
    /// How it will be told once media is closed.
    ending: Option<CallState>,
}

/// Where the key agreement of a call stands.
enum KeyState {
    None,
    Offered(Box<Initiator>),
    /// With the suite that both sides' entries allow.
    Asked(Box<Responder>, Option<Suite>),
    /// The peer offered no agreement, and policy allows a clear call.
    Plain,
    Done,
}

impl Calls {
    pub fn new(last: u64) -> Self {
        Self {
            all: BTreeMap::new(),
            sessions: BTreeMap::new(),
            transfers: Transfers::default(),
            last,
            forgotten: Counters::default(),
        }
    }

    /// The account of this login is gone.
    pub fn forget_login(&mut self, login: &Login) {
        for calling in self.all.values_mut() {
            calling.login.take_if(|own| own == login);
        }
    }

    pub fn call(&self, id: CallId) -> Option<&Call> {
        self.all.get(&id).map(|calling| &calling.call)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.all.values().map(|calling| &calling.call)
    }

    /// No call and no media socket is open.
    pub fn are_over(&self) -> bool {
        self.all.values().all(|calling| !calling.is_open() && !calling.media_open)
    }

    /// Packets of all calls since the start: sent, received, and dropped by reason.
    pub fn totals(&self) -> Counters {
        self.iter().fold(self.forgotten.clone(), |sum, call| add(sum, &call.counters))
    }

    fn open_count(&self) -> usize {
        self.all.values().filter(|calling| calling.is_open()).count()
    }

    fn strangers(&self) -> usize {
        let stranger =
            |calling: &&Calling| calling.is_open() && calling.call.side == Side::Callee && !calling.call.known;
        let wanted = self.transfers.wanted.values().filter(|wanted| !wanted.known);
        self.all.values().filter(stranger).count() + wanted.count()
    }

    /// The call whose sound is written to this file now, or will be.
    fn recorded_in(&self, sink: &AudioSink) -> Option<CallId> {
        let AudioSink::File(_) = sink else { return None };
        let same = |calling: &&Calling| {
            calling.recording && (calling.is_open() || calling.media_open) && calling.sink == *sink
        };
        self.all.values().find(same).map(|calling| calling.call.id)
    }

    fn by_session(&mut self, session: SessionId) -> Option<&mut Calling> {
        let id = self.sessions.get(&session)?;
        self.all.get_mut(id)
    }

    fn forget_old(&mut self) {
        while self.all.len() > MAX_KEPT {
            let over = |calling: &&Calling| !calling.is_open() && !calling.media_open;
            let Some(id) = self.all.values().find(over).map(|calling| calling.call.id) else { return };
            if let Some(gone) = self.all.remove(&id) {
                self.forgotten = add(std::mem::take(&mut self.forgotten), &gone.call.counters);
            }
        }
    }
}

impl Calling {
    /// What becomes of it when nobody answered for so long, or when it has had its time.
    fn time_is_over(&self, now: Mono) -> CallState {
        let silence = self.heard.map_or(Duration::ZERO, |(_, since)| now - since);
        match self.call.state {
            CallState::Active if silence >= QUIET => CallState::Failed(nothing_heard(&self.call.peer, silence)),
            CallState::Active => CallState::Ended { reason: "its time is over".into() },
            CallState::Wanted => CallState::Ended { reason: "nobody here decided on it".into() },
            _ => CallState::Failed(nobody_answered(&self.call.peer, "")),
        }
    }

    /// It rings here: the user, or the configuration, has not answered.
    fn waits_for_us(&self) -> bool {
        self.call.state == CallState::Incoming && self.is_open() && self.said.is_none()
    }

    pub fn is_open(&self) -> bool {
        self.ending.is_none() && !matches!(self.call.state, CallState::Ended { .. } | CallState::Failed(_))
    }
}

impl Agent {
    /// How many calls may be open at once.
    fn most_calls(&self) -> usize {
        MAX_OPEN.saturating_mul(self.config.limits)
    }

    /// Of them, by whom our user has not approved.
    fn most_strangers(&self) -> usize {
        MAX_STRANGERS.saturating_mul(self.config.limits)
    }

    /// A new call in its first state.
    fn new_call(&mut self, now: Now, side: Side, peer: String, state: CallState) -> CallId {
        self.calls.last += 1;
        let id = CallId(self.calls.last);
        let call = Call {
            id,
            peer,
            entity: None,
            device: None,
            known: false,
            side,
            state,
            started: now.wall,
            action: String::new(),
            bundle: String::new(),
            suite: None,
            setup: None,
            counters: Counters::default(),
            quiet: false,
            ask: None,
            review: None,
            transfer: None,
            wants: None,
            wanted_by: None,
            replaces: None,
            successor: None,
        };
        let calling = Calling {
            call,
            session: None,
            target: None,
            peer: None,
            hop: None,
            untried: Untried::default(),
            tried: Vec::new(),
            redirects: Redirects::default(),
            answer: None,
            accept_key: None,
            source: self.config.audio_source.clone(),
            sink: self.config.audio_sink.clone(),
            duration: None,
            name: self.config.entity.clone(),
            heard: None,
            until: None,
            invited: None,
            invited_from: None,
            local: None,
            key: KeyState::None,
            said: None,
            offered: None,
            described: None,
            quiet_allowed: false,
            told_stripped: false,
            offers: false,
            ready: None,
            stated: false,
            heard_first: false,
            login: None,
            domain: None,
            retried: false,
            media_open: false,
            recording: false,
            ending: None,
        };
        self.calls.all.insert(id, calling);
        self.calls.forget_old();
        id
    }

    /// What has ended stays so.
    fn set_call(&mut self, id: CallId, state: CallState) {
        if let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()) {
            calling.call.state = state;
            self.event(Event::CallChanged(id));
        }
    }

    pub(super) fn handle_call_event(&mut self, now: Now, event: EndpointEvent) {
        match event {
            EndpointEvent::Invited { id, from, relayed, caller, accept, replaces, body, .. } => {
                let invitation = callee::Invitation { from, relayed, caller: &caller, accept: &accept, replaces };
                self.handle_invited(now, id, &invitation, body);
            }
            EndpointEvent::InviteProgress { id, status, .. } => self.handle_invite_progress(now, id, status),
            EndpointEvent::Answered { id, body, .. } => self.handle_answered(now, id, body),
            EndpointEvent::Rejected { id, from, status, reason, warnings, contacts, body, ids } => {
                let warnings = warnings.iter().map(|warning| warning.text.to_string()).collect();
                self.handle_rejected(
                    now,
                    id,
                    refusal::Rejection { from, status, reason, warnings, contacts, body, ids },
                );
            }
            EndpointEvent::Confirmed { id, body } => self.handle_confirmed(now, id, body),
            EndpointEvent::InviteFailed { id, cause, ids } => self.handle_invite_failed(now, id, cause, ids),
            EndpointEvent::Reinvited { id, body } => self.handle_reinvited(now, id, body),
            EndpointEvent::Referred { id, session, to, by, from_peer } => {
                self.handle_referred(now, id, (session, from_peer), &to, by);
            }
            EndpointEvent::ReferralProgress { id, status, .. } => self.handle_referral_progress(id, status),
            EndpointEvent::ReferralEnded { id, end } => self.handle_referral_ended(now, id, end),
            EndpointEvent::Cancelled { id, reason } => self.handle_taken_back(now, id, reason),
            EndpointEvent::Ended { id, reason, by_peer } => self.handle_ended(now, id, reason, by_peer),
            _ => {}
        }
    }

    pub(super) fn handle_call_timeout(&mut self, now: Now) {
        let due = |calling: &&Calling| calling.until.is_some_and(|until| until <= now.mono);
        let due: Vec<CallId> = self.calls.all.values().filter(due).map(|calling| calling.call.id).collect();
        for id in due {
            if let Some(last) = self.calls.all.get(&id).map(|calling| calling.time_is_over(now.mono)) {
                self.end_call(now, id, last);
            }
        }
    }

    pub(super) fn call_deadline(&self) -> Option<Deadline> {
        let all = self.calls.all.values().filter_map(|calling| calling.until);
        all.map(|at| Deadline { at, why: "call duration" }).min()
    }

    /// A running stream says what it has counted so far; one on which nothing is heard any more is a call without a
    /// peer. Who shows the counters reads them when it likes; only silence is an event.
    pub(super) fn handle_counted(&mut self, now: Now, id: CallId, counters: Counters) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let heard = counters.received + counters.rtcp_received;
        calling.call.counters = counters;
        let since = match calling.heard {
            Some((before, since)) if before == heard => since,
            _ => now.mono,
        };
        calling.heard = Some((heard, since));
        let silence = now.mono - since;
        // Calls of strangers who hold them would keep their places for ever.
        let (quiet, over) = match (calling.quiet_allowed, calling.call.known) {
            (true, true) => (false, false),
            (true, false) => (false, silence >= HELD_SILENCE),
            (false, _) => (silence >= QUIET, silence >= SILENCE),
        };
        let turned = calling.call.quiet != quiet;
        calling.call.quiet = quiet;
        if over {
            let failure = nothing_heard(&calling.call.peer, silence);
            return self.end_call(now, id, CallState::Failed(failure));
        }
        if turned && calling.is_open() {
            self.event(Event::CallChanged(id));
        }
    }

    pub(super) fn handle_stream_event(&mut self, id: CallId, event: StreamEvent, counters: Counters) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.call.counters = counters;
        let peer = calling.call.peer.clone();
        match event {
            StreamEvent::FirstPacket { .. } => self.count("streams_heard"),
            StreamEvent::Forbidden => self.event(Event::Notice(forbidden(id, &peer))),
            StreamEvent::Unprotected => self.event(Event::Notice(unprotected(id, &peer))),
        }
        self.event(Event::CallChanged(id));
    }

    /// Played to the end: a caller who named no duration hangs up.
    pub(super) fn handle_source_ended(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get(&id) else { return };
        if calling.call.side == Side::Caller && calling.duration.is_none() && calling.is_open() {
            self.end_call(now, id, CallState::Ended { reason: "played to the end".into() });
        }
    }

    pub(super) fn handle_stream_failed(&mut self, now: Now, id: CallId, failure: Failure) {
        self.end_call(now, id, CallState::Failed(failure));
    }
}

fn add(mut sum: Counters, one: &Counters) -> Counters {
    sum.sent += one.sent;
    sum.received += one.received;
    for (reason, packets) in &one.dropped {
        *sum.dropped.entry(reason).or_default() += packets;
    }
    sum
}

/// `said` is what the peer's telephone had to say, in brackets, or empty.
fn nobody_answered(peer: &str, said: &str) -> Failure {
    let message = format!("nobody answered at {peer}{said}");
    Failure::new(FailureKind::Unreachable, "nobody-answered", message, peer, "try again later")
}

fn nothing_heard(peer: &str, silence: Duration) -> Failure {
    let message = format!("nothing was heard of {peer} for {} s", silence.as_secs());
    let next = "its agent or the network is gone: ask it, then call again";
    Failure::new(FailureKind::Unreachable, "peer-gone", message, peer, next)
}

fn forbidden(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "stream-discarded",
        format!("your policy discards what call {id} would send to {peer}"),
        peer,
        "see `sottovoce policy list`, or hang up",
    )
}

fn unprotected(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "no-association",
        format!("your policy demands more protection than call {id} with {peer} agreed; nothing is sent"),
        peer,
        "hang up and call again, so that both sides agree anew",
    )
}

fn suite_name(suite: Option<Suite>) -> Option<String> {
    suite.map(|suite| suite.name().to_owned())
}
