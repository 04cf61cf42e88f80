//! Journey two: a call. [`caller`] and [`callee`] are its two sides, [`media`] makes the stream that both end in;
//! [`hold`] stops its sound for a while, [`transfer`] lets one call lead to another.
//!
//! | step | caller | callee |
//! | --- | --- | --- |
//! | policy | `begin_call`: approved entry, or `ask.rs` first | `demands_on_caller` |
//! | socket | `Effect::OpenMedia` -> `Done::MediaOpened` | the same |
//! | keys | `Initiator::offer` in INVITE | `Responder::read`, `answer` in 200 |
//! | refusal | 488 with a statement -> `refusal.rs`: review with what is missing | `refuse_for_policy` |
//! | stream | 200 -> `Confirmed` -> `Effect::StartStream` | 200 sent -> the same |
//! | end | BYE -> `Effect::CloseMedia` -> `Done::MediaClosed` | the same |

mod another;
mod answered;
mod answering;
mod by_tcp;
mod called_by_telephone;
mod callee;
mod caller;
mod caller_failures;
mod calls;
mod company;
mod descriptions;
mod digits;
mod early;
mod early_telephone;
mod end;
mod failures;
mod formats;
mod forwarding;
mod hold;
mod invitation;
mod loosen;
mod lost;
mod media;
mod moved;
mod nat;
mod no;
mod offerless;
mod peer_sdp;
mod places;
mod record;
mod redirected;
mod refusal;
mod refused_telephone;
mod reinvited;
mod rekey;
mod rekeyed;
mod relax;
mod renewal;
mod reoffer;
mod replacement;
mod running;
mod sdes;
mod srtp_keys;
mod telephone;
mod telephone_anew;
mod telephone_failures;
mod through;
mod tighten;
mod transfer;
mod transferee;
mod transferor;
mod translated;
mod tunnel;
mod turned_away;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::config::{AudioSink, AudioSource};
use super::fail_over::Untried;
use super::redirect::Redirects;
use super::target::Target;
use super::{Agent, Call, CallState, Event, Side};
use crate::keys::agreement::PeerKeys;
use crate::keys::{Initiator, Responder};
use crate::media::{Counters, Formats};
use crate::policy::{Answer, Intent, Suite, Upper};
use crate::sip::digest::Login;
use crate::sip::{Candidate, EndpointEvent, Host, SessionId, Timed};
use crate::vocab::{CallId, Deadline, Device, Entity, Fingerprint, Mono, Now};
pub use calls::{Calls, Standing};
use descriptions::Descriptions;
use early::Early;
use early_telephone::EarlyTelephone;
use failures::nobody_answered;
use invitation::Way;
use media::Ready;
use rekey::Agreement;
use renewal::Renewal;
use running::{nothing_heard, Hearing};
pub use srtp_keys::BY_DTLS;
pub(super) use telephone::{unspecified, written};
use through::Through;

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

/// Names the stream in the key agreement: the number of its `m=` line, from zero (`docs/protocol.md`). Ours has one.
pub const MEDIA_ID: &str = "0";

/// A call with what only its story needs.
pub(super) struct Calling {
    pub call: Call,
    session: Option<SessionId>,
    /// Whom we call; `None` for a callee.
    target: Option<Target>,
    peer: Option<(Entity, Device)>,
    /// What packets carry since `call.protected_since`: ours, the peer's, and by which suite.
    protected: Option<(String, String, Option<String>)>,
    hop: Option<Candidate>,
    /// Where else the peer is.
    untried: Untried,
    /// Where it was called.
    tried: Vec<Candidate>,
    redirects: Redirects,
    answer: Option<Answer>,
    accept_key: Option<Fingerprint>,
    intent: Intent,
    source: AudioSource,
    sink: AudioSink,
    duration: Option<Duration>,
    /// Who we are in it.
    name: Entity,
    /// What its stream sends and takes, as it was told last.
    formats: Option<Formats>,
    hearing: Hearing,
    dialling: digits::Dialling,
    /// Give up then: nobody answers, or the call has had its time.
    until: Option<Mono>,
    /// When INVITE was sent, or came.
    invited: Option<Mono>,
    /// From where.
    invited_from: Option<IpAddr>,
    /// Our media socket.
    local: Option<SocketAddr>,
    /// By what its media goes.
    upper: Upper,
    key: KeyState,
    /// Of the device at the other end, once it has been named in a key agreement.
    peer_keys: Option<PeerKeys>,
    /// What its stream runs under.
    agreement: Option<Agreement>,
    /// The tunnel by which its packets go.
    through: Option<Through>,
    renewal: Renewal,
    said: Descriptions,
    /// Answers that came before the call was answered.
    early_tries: u32,
    /// The user knows that somebody offers anew without the keys of the call.
    told_stripped: bool,
    /// And that somebody else wanted the call to go elsewhere.
    told_elsewhere: bool,
    /// Our 200 offers, and the ACK has to answer.
    offers: bool,
    /// With an ordinary telephone, by SRTP.
    srtp: Option<srtp_keys::SrtpKeys>,
    /// Its way through NATs.
    ice: nat::IceOfCall,
    /// A stream that begins when our 200 is acknowledged.
    ready: Option<Ready>,
    /// How it came to us.
    way: Way,
    /// For the proxy that the call goes by.
    login: Option<Login>,
    /// What that proxy proves, by TLS.
    domain: Option<Host>,
    /// A refusal led to a review already, or to another offer: the next one ends the call.
    retried: bool,
    /// Media is open and not yet closed.
    media_open: bool,
    /// Its sound goes, or will go, into a file, which is nobody else's until its media is closed.
    recording: bool,
    /// Our user, or our configuration, did not want it.
    declined: bool,
    /// Another telephone took it.
    elsewhere: bool,
    /// How it will be told once media is closed.
    ending: Option<CallState>,
}

/// Where the key agreement of a call stands.
enum KeyState {
    None,
    Offered(Box<Initiator>),
    /// Agreed with a callee that has not picked up yet.
    Early(Box<Early>),
    /// With the suite that both sides' entries allow.
    Asked(Box<Responder>, Option<Suite>),
    /// Offered to an ordinary telephone: ways to keys for SRTP, or none.
    Telephone(crate::sdp::Keying),
    /// Heard under its answer to that, and it has not picked up yet.
    EarlyTelephone(Box<EarlyTelephone>),
    /// The peer offered no agreement, and policy allows a clear call.
    Plain,
    Done,
}

impl Timed for Calling {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        let until = self.until.map(|at| (at, "call duration"));
        until.into_iter().chain(self.renewal.deadlines(self.is_open())).min()
    }
}

impl Calling {
    /// What becomes of it when nobody answered for so long, or when it has had its time.
    fn time_is_over(&self, now: Mono) -> CallState {
        let silence = self.hearing.silence(now);
        match self.call.state {
            CallState::Active if silence >= QUIET => CallState::Failed(nothing_heard(&self.call.peer, silence)),
            CallState::Active => CallState::Ended { reason: "its time is over".into() },
            CallState::Wanted => CallState::Ended { reason: "nobody here decided on it".into() },
            _ => CallState::Failed(nobody_answered(&self.call.peer, "")),
        }
    }

    /// It rings here: the user, or the configuration, has not answered.
    fn waits_for_us(&self) -> bool {
        self.call.state == CallState::Incoming && self.is_open() && self.said.ours.is_none()
    }

    /// Packets go as `call` says from now on: that counts from now, unless they went so before.
    fn note_protection(&mut self, now: Now) {
        let Call { bundle, bundle_in, suite, .. } = &self.call;
        let so = (bundle.clone(), bundle_in.clone(), suite.clone());
        if self.protected.as_ref() != Some(&so) {
            self.protected = Some(so);
            self.call.protected_since = Some(now.wall);
        }
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
            answered: None,
            action: String::new(),
            bundle: String::new(),
            bundle_in: String::new(),
            suite: None,
            protected_since: None,
            setup: None,
            counters: Counters::default(),
            levels: None,
            quiet: false,
            unheard: None,
            no_input: None,
            no_output: None,
            early: false,
            on_hold: false,
            held_by_peer: false,
            behind: None,
            recording: None,
            muted: false,
            by_tcp: false,
            conference: None,
            hold: None,
            ask: None,
            review: None,
            transfer: None,
            wants: None,
            wanted_by: None,
            replaces: None,
            successor: None,
            moved: None,
            through: None,
            carries: None,
            forwards: None,
            rekeying: false,
        };
        let calling = Calling {
            call,
            session: None,
            target: None,
            peer: None,
            protected: None,
            hop: None,
            untried: Untried::default(),
            tried: Vec::new(),
            redirects: Redirects::default(),
            answer: None,
            accept_key: None,
            intent: Intent::default(),
            source: self.config.audio_source.clone(),
            sink: self.config.audio_sink.clone(),
            duration: None,
            name: self.config.entity.clone(),
            formats: None,
            hearing: Hearing::default(),
            dialling: digits::Dialling::default(),
            until: None,
            invited: None,
            invited_from: None,
            local: None,
            upper: Upper::Udp,
            key: KeyState::None,
            peer_keys: None,
            agreement: None,
            through: None,
            renewal: Renewal::default(),
            said: Descriptions::default(),
            early_tries: 0,
            told_stripped: false,
            told_elsewhere: false,
            offers: false,
            srtp: None,
            ice: nat::IceOfCall::default(),
            ready: None,
            way: Way::default(),
            login: None,
            domain: None,
            retried: false,
            media_open: false,
            recording: false,
            declined: false,
            elsewhere: false,
            ending: None,
        };
        self.calls.all.insert(id, calling);
        self.calls.open.insert(id);
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
                let invitation = invitation::Invitation { from, relayed, caller: &caller, accept: &accept, replaces };
                self.handle_invited(now, id, &invitation, body);
            }
            EndpointEvent::InviteProgress { id, status, .. } => self.handle_invite_progress(now, id, status),
            EndpointEvent::EarlyAnswered { id, body } => self.handle_early_answer(now, id, &body),
            EndpointEvent::Answered { id, body, .. } => self.handle_answered(now, id, body),
            EndpointEvent::Rejected { id, from, status, reason, warnings, contacts, retry_after, body, ids } => {
                let warnings = warnings.iter().map(|warning| warning.text.to_string()).collect();
                self.handle_rejected(
                    now,
                    id,
                    refusal::Rejection { from, status, reason, warnings, contacts, retry_after, body, ids },
                );
            }
            EndpointEvent::Digit { id, digit } => self.handle_info_digit(now, id, digit),
            EndpointEvent::DigitTaken { id } => self.inform_next(now, id),
            EndpointEvent::DigitRefused { id, status, reason } => self.handle_digit_refused(id, status, &reason),
            EndpointEvent::Confirmed { id, body } => self.handle_confirmed(now, id, body),
            EndpointEvent::InviteFailed { id, cause, ids } => self.handle_invite_failed(now, id, cause, ids),
            EndpointEvent::Reinvited { id, from, from_peer, body } => {
                self.handle_reinvited(now, id, (from, from_peer), body);
            }
            EndpointEvent::OfferAnswered { id, body } => self.handle_offer_answered(now, id, body),
            EndpointEvent::OfferDue { id } => self.handle_offer_due(now, id),
            EndpointEvent::OfferRefused { id, status, reason, warnings } => {
                let why: Vec<String> = warnings.iter().map(|warning| warning.text.to_string()).collect();
                self.handle_offer_refused(now, id, (status, &reason), &why);
            }
            EndpointEvent::Referred { id, session, to, by, from_peer } => {
                self.handle_referred(now, id, (session, from_peer), &to, by);
            }
            EndpointEvent::ReferredOutside { sender, to } => self.handle_referred_outside(now, &sender, to.as_ref()),
            EndpointEvent::ReferralProgress { id, status, .. } => self.handle_referral_progress(id, status),
            EndpointEvent::ReferralEnded { id, end } => self.handle_referral_ended(now, id, end),
            EndpointEvent::Cancelled { id, reason } => self.handle_taken_back(now, id, reason),
            EndpointEvent::Ended { id, reason, by_peer } => self.handle_ended(now, id, reason, by_peer),
            _ => {}
        }
    }

    pub(super) fn handle_call_timeout(&mut self, now: Now) {
        for id in self.calls.all.all_due(now.mono) {
            let Some(calling) = self.calls.all.get(&id) else { continue };
            if calling.until.is_some_and(|until| until <= now.mono) {
                let last = calling.time_is_over(now.mono);
                self.end_call(now, id, last);
            } else if calling.renewal.ruled_until.is_some_and(|end| end <= now.mono) {
                self.rule_anew(now, id);
            } else {
                self.seek_peer(now, id);
            }
        }
    }

    pub(super) fn call_deadline(&self) -> Option<Deadline> {
        self.calls.all.deadline()
    }
}

fn suite_name(suite: Option<Suite>) -> Option<String> {
    suite.map(|suite| suite.name().to_owned())
}
