//! The SIP user agent core, without socket or clock: RFC 3261 sections 8, 9 and 12 to 18, RFC 6665, RFC 6026, RFC 3581.
//!
//! Change one thing (a verb or a `handle_*`), drain [`Endpoint::poll_transmit`] and [`Endpoint::poll_event`] to the end,
//! wake at [`Endpoint::poll_timeout`], then change the next.
//!
//! One file a role: `subscriber`, `notifier`, `registrant`, `publisher`, `caller`, `callee`, `prack`, `refresher`, `offerer`, `messenger`,
//! `referrer`, `referee`; `replacement` finds the call whose place a new one takes; `receive` takes messages apart and finds whose they are,
//! `send` puts ours together, `stateless` answers whatever deserves no memory. A stranger can make us remember a
//! subscription or a ringing session, and of these only as many as [`limits`] says; every refusal is made without
//! keeping anything (RFC 3261 section 8.2.7).

mod callee;
mod caller;
mod config;
mod counters;
mod crowd;
mod event;
mod flows;
mod forget;
mod inbound;
mod informer;
pub mod limits;
mod messenger;
mod moved;
mod notifier;
mod offerer;
mod prack;
mod publisher;
mod receive;
mod recovery;
mod referee;
mod referrer;
mod refresher;
mod registrant;
mod replacement;
mod secret;
mod send;
mod stateless;
mod subscriber;
#[cfg(test)]
mod tests;
mod timeout;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::dialog::Dialog;
use super::digest::Login;
use super::headers::{NameAddr, Reason, Replaces};
use super::notifier::Notifier;
use super::publication::Publication;
use super::referral::{News, Referred, Referring};
use super::registration::Registration;
use super::session::Session;
use super::subscription::Subscription;
use super::timed::TimedMap;
use super::transaction::{ServerKey, Timing, Transactions};
use super::{
    Body, Host, MessageId, NotifierId, NotifyState, PublicationId, Received, Refer, ReferralId, Refusal,
    RegistrationId, Resumed, SessionId, SubscriptionId, Transmit, Transport, Uri,
};
use crate::vocab::{Deadline, Digit, Now};
use crowd::Crowd;
use flows::StunServer;
use informer::Informing;
use messenger::Sending;
use secret::Secret;

pub use config::EndpointConfig;
pub use counters::EndpointCounters;
pub use event::{EndCause, EndpointEvent};
pub use limits::{Limits, RINGING};
pub use messenger::Text;
pub use publisher::Publish;
pub use registrant::{Next, Register};

/// Whom to ask for notifications, of what, and for how long.
#[derive(Clone, Debug)]
pub struct Subscribe {
    pub target: Uri,
    /// Where `target` is. Requests within the dialog go to the peer's Contact when that is an address, else here.
    pub remote: SocketAddr,
    /// By TLS, to whoever proves this domain there; without it the URIs decide.
    pub domain: Option<Host>,
    /// By TCP there; without it UDP, or TCP for its size.
    pub tcp: bool,
    /// The event package.
    pub event: String,
    /// Zero fetches once (RFC 6665 section 4.4.3).
    pub expires: Duration,
    pub accept: Vec<String>,
    pub body: Option<Body>,
    /// Who asks, where that is another name of ours than the usual one.
    pub from: Option<NameAddr>,
    /// For proxies and servers that want to know who asks.
    pub login: Option<Login>,
    /// It was sent elsewhere before, and redirected.
    pub resumes: Option<Resumed>,
}

/// Whom to call, and with what offer.
#[derive(Clone, Debug)]
pub struct Invite {
    pub target: Uri,
    /// Where `target` is. Requests within the dialog go to the peer's Contact when that is an address, else here.
    pub remote: SocketAddr,
    /// By TLS, to whoever proves this domain there; without it the URIs decide.
    pub domain: Option<Host>,
    /// By TCP there; without it UDP, or TCP for its size.
    pub tcp: bool,
    /// Option tags without which the peer must refuse.
    pub require: Vec<String>,
    pub accept: Vec<String>,
    pub body: Body,
    /// A call of the peer's, whose place this one takes: as the peer sees it (RFC 3891).
    pub replaces: Option<Replaces>,
    /// Who wanted this call (RFC 3892).
    pub referred_by: Option<NameAddr>,
    /// Who calls, where that is another name of ours than the usual one.
    pub from: Option<NameAddr>,
    /// For proxies and servers that want to know who calls.
    pub login: Option<Login>,
    /// It was sent elsewhere before, and redirected.
    pub resumes: Option<Resumed>,
}

/// One user agent: transactions, dialogs, subscriptions of both roles, sessions.
pub struct Endpoint {
    config: EndpointConfig,
    /// Who is there listens by UDP alone, and takes datagrams of any size: the path is within this machine.
    by_udp: Option<SocketAddr>,
    timing: Timing,
    secret: Secret,
    transactions: Transactions,
    subscriptions: TimedMap<SubscriptionId, Subscription>,
    notifiers: TimedMap<NotifierId, Notifier>,
    registrations: BTreeMap<RegistrationId, Registration>,
    publications: BTreeMap<PublicationId, Publication>,
    sessions: TimedMap<SessionId, Session>,
    /// Where the subscribers asked from.
    watching: Crowd,
    /// Where the sessions that others began came from.
    calling: Crowd,
    /// REFERs of ours, and of peers.
    referring: BTreeMap<ReferralId, Referring>,
    referred: BTreeMap<ReferralId, Referred>,
    /// Dialogs whose call is over, and in which a referral still is told of.
    outlived: BTreeMap<SessionId, Dialog>,
    /// Texts of ours on their way.
    sending: BTreeMap<MessageId, Sending>,
    /// Keys of ours, one at a time in each call.
    informing: BTreeMap<SessionId, Informing>,
    /// Texts of others that wait for an answer.
    arrived: BTreeMap<MessageId, ServerKey>,
    /// Whose dialog it is, by Call-ID and our own tag, which is ours alone.
    usages: BTreeMap<(String, String), Usage>,
    last_id: u64,
    events: VecDeque<EndpointEvent>,
    transmits: VecDeque<Transmit>,
    /// Connections that are dead.
    hangups: VecDeque<(Transport, SocketAddr)>,
    stun_server: StunServer,
    /// How a call would be answered that came now, when it would not be taken.
    unwilling: Option<(u16, &'static str)>,
    /// Where nobody is: our host where we are reached on a WebSocket of ours alone (RFC 7118 appendix B.1).
    nowhere: Host,
    counters: EndpointCounters,
}

/// Who uses a dialog. One use each (RFC 5057 tells why), but for the subscriptions to referrals, which share the dialog of their
/// call and its numbers (RFC 3515 section 2.4.4), and may outlive it: they are found by its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usage {
    Notifier(NotifierId),
    Session(SessionId),
    Subscription(SubscriptionId),
}

impl Endpoint {
    /// `seed` makes every tag, branch and Call-ID, and must never be used twice.
    pub fn new(config: EndpointConfig, seed: [u8; 32]) -> Self {
        let timing = Timing::new(config.t1);
        let secret = Secret::new(seed);
        let nowhere = Host::Name(format!("{}.invalid", secret.tag_for(&["nowhere"])).into());
        Self {
            config,
            by_udp: None,
            timing,
            secret,
            nowhere,
            transactions: Transactions::new(timing),
            subscriptions: TimedMap::new(),
            notifiers: TimedMap::new(),
            registrations: BTreeMap::new(),
            publications: BTreeMap::new(),
            sessions: TimedMap::new(),
            watching: Crowd::default(),
            calling: Crowd::default(),
            referring: BTreeMap::new(),
            referred: BTreeMap::new(),
            outlived: BTreeMap::new(),
            sending: BTreeMap::new(),
            informing: BTreeMap::new(),
            arrived: BTreeMap::new(),
            usages: BTreeMap::new(),
            last_id: 0,
            events: VecDeque::new(),
            transmits: VecDeque::new(),
            hangups: VecDeque::new(),
            stun_server: StunServer::default(),
            unwilling: None,
            counters: EndpointCounters::default(),
        }
    }

    /// One whole message, or garbage, which is counted.
    pub fn handle_message(&mut self, now: Now, from: Received, bytes: &[u8]) {
        self.receive(now.mono, from, bytes);
    }

    /// What OPTIONS is answered from now on: how a call would be refused, if it would (RFC 3261 section 11.2).
    pub fn set_unwilling(&mut self, refusal: Option<(u16, &'static str)>) {
        self.unwilling = refusal;
    }

    /// `what` could not be sent. A request that took TCP only for its size goes by UDP (RFC 3261 section 18.1.1);
    /// any other fails at once (section 8.1.3.1).
    pub fn handle_transport_failure(&mut self, now: Now, what: &Transmit, why: &str) {
        self.counters.transport_failures += 1;
        self.fail_transmit(now.mono, what, why);
    }

    /// A connection that we opened is gone: what a server reached us by, or kept for us, is asked for anew (RFC 5626 section
    /// 4.5).
    pub fn handle_connection_ended(&mut self, now: Now, transport: Transport, remote: SocketAddr) {
        self.recover(now.mono, transport, remote);
    }

    pub fn handle_timeout(&mut self, now: Now) {
        self.expire(now.mono);
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.next_deadline()
    }

    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next connection of ours that is to be closed, because its other end does not answer (RFC 5626 section 4.4.1).
    /// What is to be sent there afterwards takes a new one.
    pub fn poll_hangup(&mut self) -> Option<(Transport, SocketAddr)> {
        self.hangups.pop_front()
    }

    pub fn poll_event(&mut self) -> Option<EndpointEvent> {
        self.events.pop_front()
    }

    /// Subscribes, or fetches once. [`EndpointEvent::SubscriptionEnded`] always comes in the end.
    pub fn subscribe(&mut self, now: Now, what: Subscribe) -> SubscriptionId {
        let id = SubscriptionId(self.next_id());
        self.open_subscription(now.mono, id, what);
        id
    }

    /// Refreshes it so long from now if that is earlier than it would be: its notifier was away.
    pub fn refresh_subscription(&mut self, now: Now, id: SubscriptionId, after: Duration) {
        self.refresh_early(now.mono + after, id);
    }

    /// Ends a subscription with a SUBSCRIBE that expires at once, and waits for the last NOTIFY (RFC 6665 section 4.1.2.3).
    pub fn unsubscribe(&mut self, now: Now, id: SubscriptionId) {
        self.leave_subscription(now.mono, id);
    }

    /// The subscriber has proven who it is: NOTIFYs follow its Contact and Record-Route. Without this they go to the
    /// address that it asks from, because anybody could name another's.
    pub fn believe_subscription(&mut self, id: NotifierId) {
        self.believe_subscriber(id);
    }

    /// The same of a caller: BYE follows its Contact and Record-Route.
    pub fn believe_session(&mut self, id: SessionId) {
        self.believe_caller(id);
    }

    /// Answers the waiting SUBSCRIBE with 200. The caller notifies next, even if there is nothing new (RFC 6665 section 4.2.1.2).
    /// After a fetch or an end (`expires` zero) that NOTIFY must be [`NotifyState::Terminated`].
    pub fn accept_subscription(&mut self, now: Now, id: NotifierId, expires: Duration) {
        self.accept_subscriber(now.mono, id, expires);
    }

    /// Answers the waiting SUBSCRIBE with `refusal`. A first one is forgotten; a refresh leaves what stood before.
    pub fn reject_subscription(&mut self, now: Now, id: NotifierId, refusal: Refusal) {
        self.reject_subscriber(now.mono, id, &refusal);
    }

    /// Sends NOTIFY; while one is on its way the newest waits for its answer. After `Terminated` the subscriber is gone.
    pub fn notify(&mut self, now: Now, id: NotifierId, state: NotifyState, body: Option<Body>) {
        self.notify_subscriber(now.mono, id, state, body);
    }

    /// Calls. `Answered`, `Rejected`, `InviteFailed` or `Ended` always comes, unless the peer rings for ever: then `cancel`.
    pub fn invite(&mut self, now: Now, what: Invite) -> SessionId {
        let id = SessionId(self.next_id());
        self.open_call(now.mono, id, what);
        id
    }

    /// Takes an INVITE of ours back (RFC 3261 section 9.1): CANCEL goes once a provisional answer came, 487 comes back as
    /// `Rejected`. An answer that crosses gets ACK and BYE, and the session is `Ended`.
    pub fn cancel(&mut self, now: Now, id: SessionId) {
        self.cancel_call(now.mono, id);
    }

    /// Hangs up, when the protocol allows it: a callee's BYE waits for the ACK (RFC 3261 section 15), a caller's BYE before
    /// the answer is a CANCEL, and a callee's before its own answer a 480.
    pub fn bye(&mut self, now: Now, id: SessionId, reason: Option<Reason>) {
        self.hang_up(now.mono, id, reason);
    }

    /// Answers 180, reliably where the caller can acknowledge it (RFC 3262).
    pub fn ring(&mut self, now: Now, id: SessionId) {
        self.ring_caller(now.mono, id);
    }

    /// Answers the waiting INVITE or re-INVITE with 200, sent again until its ACK comes (RFC 3261 section 13.3.1.4).
    pub fn answer(&mut self, now: Now, id: SessionId, body: Body) {
        self.answer_caller(now.mono, id, body);
    }

    /// Refuses the waiting INVITE, and forgets the session; or the waiting re-INVITE, and the session stays as it was.
    pub fn refuse(&mut self, now: Now, id: SessionId, refusal: Refusal) {
        self.refuse_caller(now.mono, id, &refusal);
    }

    /// Wants the session to be another one. [`EndpointEvent::OfferDue`] comes when that can be offered, at once or later.
    pub fn want_offer(&mut self, now: Now, id: SessionId) {
        self.want_offer_at(now.mono, id);
    }

    /// Offers anew within an answered session, by re-INVITE. [`EndpointEvent::OfferAnswered`] or
    /// [`EndpointEvent::OfferRefused`] follows; or `OfferDue` once more, when the peer offered at the same time; or the session
    /// `Ended`.
    pub fn offer(&mut self, now: Now, id: SessionId, body: Body) {
        self.send_offer(now.mono, id, body);
    }

    /// Whoever offered from elsewhere within a session has proven to be its peer: what we ask of it goes there now.
    pub fn follow(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            let target = session.elsewhere.take();
            session.dialog.retarget(target);
        }
    }

    /// The peer of an answered session is reached at this URI, as it says elsewhere: an offer that it has not answered where it was is made
    /// anew there, after another `OfferDue`.
    pub fn lead_elsewhere(&mut self, now: Now, id: SessionId, target: Uri) {
        self.withdraw_offer(id);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.dialog.retarget(Some(target));
        }
        self.want_offer_at(now.mono, id);
    }

    /// A key of a telephone, by INFO. [`EndpointEvent::DigitTaken`] or `DigitRefused` follows, or the session `Ended`; until then there is one
    /// at a time.
    pub fn inform(&mut self, now: Now, id: SessionId, digit: Digit) {
        self.open_info(now.mono, id, digit);
    }

    /// Asks the peer of an answered call to call somebody else. [`EndpointEvent::ReferralEnded`] always comes in the end; until
    /// then there is one at a time in a call.
    pub fn refer(&mut self, now: Now, session: SessionId, what: Refer) -> ReferralId {
        let id = ReferralId(self.next_id());
        self.open_referral(now.mono, id, session, what);
        id
    }

    /// Takes the REFER of [`EndpointEvent::Referred`]: the peer is told that we try.
    pub fn accept_referral(&mut self, now: Now, id: ReferralId) {
        self.accept_referred(now.mono, id);
    }

    pub fn reject_referral(&mut self, now: Now, id: ReferralId, refusal: &Refusal) {
        self.reject_referred(now.mono, id, refusal);
    }

    /// Tells the peer how the call stands that it wanted; 200 and above is the last.
    pub fn report_referral(&mut self, now: Now, id: ReferralId, status: u16, reason: &str) {
        self.tell_referrer(now.mono, id, News::new(status, reason));
    }

    /// Registers our Contact, and keeps it registered (RFC 3261 section 10.2). What fails is tried again, unless
    /// [`EndpointEvent::RegistrationRefused`] says that it is of no use.
    pub fn register(&mut self, now: Now, what: Register) -> RegistrationId {
        let id = RegistrationId(self.next_id());
        self.open_registration(now.mono, id, what);
        id
    }

    /// The same registration at another address of its domain, at once (RFC 3263 section 4.3). The failure that led to this
    /// makes no later one wait longer.
    pub fn move_registration(&mut self, now: Now, id: RegistrationId, to: Next) {
        self.redirect_registration(now.mono, id, to, true);
    }

    /// The same after its failure has been waited for, by whoever held it.
    pub fn resume_registration(&mut self, now: Now, id: RegistrationId, to: Next) {
        self.redirect_registration(now.mono, id, to, false);
    }

    /// Nothing is tried again by itself any more: [`resume_registration`](Self::resume_registration) goes on.
    pub fn hold_registration(&mut self, id: RegistrationId) {
        self.pause_registration(id);
    }

    /// Forgets it, and says nothing to the registrar: another registration holds the same Contact there.
    pub fn abandon_registration(&mut self, id: RegistrationId) {
        self.registrations.remove(&id);
    }

    /// Takes it out again. [`EndpointEvent::Unregistered`] comes in the end.
    pub fn unregister(&mut self, now: Now, id: RegistrationId) {
        self.leave_registration(now.mono, id);
    }

    /// No subscription, session, referral or text proves itself with this login any more. What is being taken back (SUBSCRIBE
    /// with Expires: 0) still does; publications and registrations are ended by their own names.
    pub fn forget_login(&mut self, login: &Login) {
        self.forget_everywhere(login);
    }

    /// The device is at another address from now on: where it is reached, and where it listens.
    pub fn move_to(&mut self, now: Now, contact: Uri, listen: Vec<(Transport, SocketAddr)>) {
        self.move_here(now.mono, contact, listen);
    }

    /// Who is there does not listen by TCP, and has no need to: the path is within this machine.
    pub fn keep_to_udp(&mut self, remote: SocketAddr) {
        self.by_udp = Some(remote);
    }

    /// Publishes, and keeps it published (RFC 3903). What fails is tried again, unless
    /// [`EndpointEvent::PublicationRefused`] says that it is of no use.
    pub fn publish(&mut self, now: Now, what: Publish) -> PublicationId {
        let id = PublicationId(self.next_id());
        self.open_publication(now.mono, id, what);
        id
    }

    /// What is published is now this.
    pub fn republish(&mut self, now: Now, id: PublicationId, body: Body) {
        self.change_publication(now.mono, id, body);
    }

    /// What is sent next goes to this address.
    pub fn move_publication(&mut self, id: PublicationId, remote: SocketAddr, domain: Option<Host>, tcp: bool) {
        self.redirect_publication(id, remote, domain, tcp);
    }

    /// Takes it out again. [`EndpointEvent::Unpublished`] comes in the end.
    pub fn unpublish(&mut self, now: Now, id: PublicationId) {
        self.leave_publication(now.mono, id);
    }

    /// Sends a short text. [`EndpointEvent::MessageDelivered`] or [`EndpointEvent::MessageFailed`] follows.
    pub fn message(&mut self, now: Now, what: Text) -> MessageId {
        let id = MessageId(self.next_id());
        self.open_message(now.mono, id, what);
        id
    }

    /// Takes the text of [`EndpointEvent::Messaged`], or refuses it.
    pub fn take_message(&mut self, now: Now, id: MessageId, refusal: Option<Refusal>) {
        self.answer_message(now.mono, id, refusal.as_ref());
    }

    /// Ends everything politely; done when [`Endpoint::is_idle`].
    pub fn shutdown(&mut self, now: Now) {
        self.leave_referrals(now.mono);
        for id in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.hang_up(now.mono, id, None);
        }
        for id in self.subscriptions.keys().copied().collect::<Vec<_>>() {
            self.leave_subscription(now.mono, id);
        }
        for id in self.publications.keys().copied().collect::<Vec<_>>() {
            self.leave_publication(now.mono, id);
        }
        for id in self.registrations.keys().copied().collect::<Vec<_>>() {
            self.leave_registration(now.mono, id);
        }
        for id in self.notifiers.keys().copied().collect::<Vec<_>>() {
            self.dismiss_subscriber(now.mono, id);
        }
    }

    /// Nobody waits for anything: no subscription, subscriber, registration, publication or session, and no request of ours without its answer.
    pub fn is_idle(&self) -> bool {
        self.subscriptions.is_empty()
            && self.notifiers.is_empty()
            && self.registrations.is_empty()
            && self.publications.is_empty()
            && self.sessions.is_empty()
            && !self.transactions.is_asking()
    }

    pub fn counters(&self) -> &EndpointCounters {
        &self.counters
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
