use std::net::SocketAddr;
use std::time::Duration;

use crate::sip::headers::{NameAddr, SubscriptionState, Warning};
use crate::sip::{
    read, redirects, Body, MessageId, NotifierId, PublicationId, Received, ReferralEnd, ReferralId, RegistrationId,
    RequestIds, Response, SessionId, SubscriptionId, Uri,
};
use crate::vocab::Digit;

/// What happened, for the agent to judge. Strings in it are the peer's own words unless said otherwise: escape before showing.
#[derive(Clone, Debug)]
pub enum EndpointEvent {
    /// A 2xx came to our INVITE, and was acknowledged.
    Answered {
        id: SessionId,
        from: Received,
        body: Option<Body>,
    },
    /// The caller took its INVITE back before it was answered. The session is gone.
    Cancelled {
        id: SessionId,
        reason: Option<String>,
    },
    /// The ACK for our 200 to an INVITE came: with the answer, when the 200 had to offer.
    Confirmed {
        id: SessionId,
        body: Option<Body>,
    },
    /// The peer presses a key of its telephone, by INFO.
    Digit {
        id: SessionId,
        digit: Digit,
    },
    /// A key of ours did not come: the status, or 0, and why.
    DigitRefused {
        id: SessionId,
        status: u16,
        reason: String,
    },
    /// A key of ours came.
    DigitTaken {
        id: SessionId,
    },
    /// A provisional answer to our INVITE holds a session description: the callee could be heard before it picks up (RFC 3261
    /// section 13.2.1).
    EarlyAnswered {
        id: SessionId,
        body: Body,
    },
    /// A session that was answered is gone; or one of ours was cancelled and the answer crossed the CANCEL.
    Ended {
        id: SessionId,
        reason: Option<String>,
        by_peer: bool,
    },
    /// No final answer to our INVITE will come. The session is gone.
    InviteFailed {
        id: SessionId,
        cause: EndCause,
        ids: Option<RequestIds>,
    },
    /// A 1xx came (`status` and `reason` are the peer's), or the INVITE was sent again (`status` 0, `reason` ours).
    InviteProgress {
        id: SessionId,
        status: u16,
        reason: String,
    },
    /// Somebody calls: `ring`, `answer` or `refuse`.
    Invited {
        id: SessionId,
        from: Received,
        /// A proxy stands between, and `from` is its address.
        relayed: bool,
        caller: NameAddr,
        called: Uri,
        require: Vec<String>,
        accept: Vec<String>,
        /// The call whose place it is to take, when whoever may judge that lets it (RFC 3891).
        replaces: Option<SessionId>,
        body: Option<Body>,
    },
    /// A text of ours arrived, or is `kept` for the peer by a server.
    MessageDelivered {
        id: MessageId,
        kept: bool,
    },
    MessageFailed {
        id: MessageId,
        cause: EndCause,
        ids: RequestIds,
    },
    /// Somebody writes: `take_message`. `relayed`: a proxy stands between, and `from` is its address.
    Messaged {
        id: MessageId,
        from: Received,
        relayed: bool,
        sender: NameAddr,
        text: String,
    },
    /// Unasked, a server tells of messages that wait for somebody (RFC 3842), who is named in To: `take_message`.
    Summarised {
        id: MessageId,
        from: Received,
        about: Uri,
        body: Body,
    },
    /// A subscriber of ours is gone; `why` is ours.
    NotifierEnded {
        id: NotifierId,
        why: String,
    },
    /// A NOTIFY came and was answered 200. With a state of `terminated`, [`EndpointEvent::SubscriptionEnded`] follows.
    /// `relayed`: a proxy stands between, and `from` is its address.
    Notified {
        id: SubscriptionId,
        from: Received,
        relayed: bool,
        state: SubscriptionState,
        body: Option<Body>,
    },
    /// The peer took our new offer, and was acknowledged: this is its answer.
    OfferAnswered {
        id: SessionId,
        body: Option<Body>,
    },
    /// Now the new offer that we want can be made: `offer`.
    OfferDue {
        id: SessionId,
    },
    /// The peer does not take our new offer; the session is as it was.
    OfferRefused {
        id: SessionId,
        status: u16,
        reason: String,
        warnings: Vec<Warning>,
    },
    /// A PUBLISH was not accepted, and is tried again in so long.
    PublicationFailed {
        id: PublicationId,
        cause: EndCause,
        again: Duration,
    },
    /// It never will be. The publication is gone.
    PublicationRefused {
        id: PublicationId,
        cause: EndCause,
    },
    /// A PUBLISH was accepted, the first one, a change or a refresh: the server holds our state for so long.
    Published {
        id: PublicationId,
        expires: Duration,
    },
    /// The peer of a call wants us to call somebody else: `accept_referral` or `reject_referral`.
    Referred {
        id: ReferralId,
        session: SessionId,
        to: NameAddr,
        by: Option<NameAddr>,
        /// It came from where the call's requests go; tags alone can be read on the way.
        from_peer: bool,
    },
    /// Somebody with whom no call stands wanted us to call somebody else, and was refused.
    ReferredOutside {
        sender: NameAddr,
        to: Option<NameAddr>,
    },
    /// Its server may not reach us: what it stands on broke, and it is asked for anew within seconds; or the REGISTER that is
    /// under way finds nobody.
    RegistrationAtRisk {
        id: RegistrationId,
    },
    /// Its server gave a sign of life on the way that we keep open to it; or answered something else, after it was silent.
    RegistrationHeard {
        id: RegistrationId,
    },
    /// What failed is tried again now.
    RegistrationRetried {
        id: RegistrationId,
    },
    PublicationRetried {
        id: PublicationId,
    },
    /// The connection that a subscription of ours stands on broke. It is asked for anew.
    SubscriptionAtRisk {
        id: SubscriptionId,
    },
    /// How a referral of ours ended. It comes once.
    ReferralEnded {
        id: ReferralId,
        end: ReferralEnd,
    },
    /// The peer took it, and its new call stands so; the reason is the peer's.
    ReferralProgress {
        id: ReferralId,
        status: u16,
        reason: String,
    },
    /// A REGISTER was accepted, the first one or a refresh: our Contact is bound for so long. Requests that need the
    /// registrar's domain go along these proxies first (RFC 3608), those to us along `path` (RFC 3327). By `gruu` this device
    /// is reached from everywhere (RFC 5627). `outbound`: requests come to us on the flow that we registered by (RFC 5626).
    /// `seen`: by UDP the registrar sees us there, and our Contact is there.
    Registered {
        id: RegistrationId,
        expires: Duration,
        service_route: Vec<String>,
        path: Vec<String>,
        gruu: Option<Uri>,
        outbound: bool,
        seen: Option<SocketAddr>,
    },
    /// It was not, and is tried again in so long.
    RegistrationFailed {
        id: RegistrationId,
        cause: EndCause,
        again: Duration,
    },
    /// It never will be: `why` is ours. The registration is gone.
    RegistrationRefused {
        id: RegistrationId,
        why: String,
    },
    /// A refresh of a subscription of ours came to nothing; it stands, and is asked for again while it does.
    RefreshFailed {
        id: SubscriptionId,
        cause: EndCause,
    },
    /// The peer offers anew within a session: `answer` or `refuse`.
    Reinvited {
        id: SessionId,
        from: Received,
        /// It came from where the call's requests go, or where it began; tags alone can be read on the way.
        from_peer: bool,
        body: Option<Body>,
    },
    /// A final answer of 300 or more came to our INVITE; 487 when we cancelled it. The session is gone. A 3xx sends us to the
    /// `contacts`, and another try there carries on with the `ids`.
    Rejected {
        id: SessionId,
        from: Received,
        status: u16,
        reason: String,
        warnings: Vec<Warning>,
        contacts: Vec<NameAddr>,
        /// When the peer can be reached again, as it says (RFC 3261 section 20.33).
        retry_after: Option<Duration>,
        body: Option<Body>,
        ids: RequestIds,
    },
    /// Somebody subscribes, refreshes (`refresh`) or ends it (`refresh`, `expires` zero), or fetches once (`expires` zero):
    /// `accept_subscription` and then `notify`, or `reject_subscription`.
    Subscribed {
        id: NotifierId,
        from: Received,
        /// A proxy stands between, and `from` is its address.
        relayed: bool,
        subscriber: NameAddr,
        /// Whom the subscriber named.
        asked: Option<Uri>,
        contact: Uri,
        event: String,
        expires: Duration,
        refresh: bool,
        body: Option<Body>,
    },
    /// A 2xx came to our SUBSCRIBE, the first one or a refresh.
    SubscriptionAccepted {
        id: SubscriptionId,
        expires: Duration,
    },
    /// A subscription of ours is over, and gone.
    SubscriptionEnded {
        id: SubscriptionId,
        cause: EndCause,
        ids: Option<RequestIds>,
    },
    /// For the user's progress line; `what` is ours: "no answer yet, sent 3 times".
    SubscriptionProgress {
        id: SubscriptionId,
        what: String,
    },
    /// A publication of ours that we ended is gone.
    Unpublished {
        id: PublicationId,
    },
    /// A registration of ours that we ended is gone.
    Unregistered {
        id: RegistrationId,
    },
}

/// Why a request of ours, or what it began, is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// This endpoint holds as many as it may.
    Full,
    /// What began by `sips:` would not go by TLS on every hop; `why` is ours.
    InClear { why: &'static str },
    /// The peer answered that it is elsewhere.
    Redirected { status: u16, reason: String, contacts: Vec<NameAddr> },
    /// The peer answered 300 or more.
    Rejected { status: u16, reason: String, retry_after: Option<Duration> },
    /// The notifier ended it (RFC 6665 section 4.1.3).
    Terminated { reason: Option<String>, retry_after: Option<Duration> },
    /// Nothing came in time (Timers B, F, N; or the subscription ran out).
    TimedOut,
    /// It could not be sent.
    Transport { why: String },
    /// We could not prove who we are; `why` is ours.
    Unproven { status: u16, why: String },
    /// We asked for it.
    Unsubscribed,
}

impl EndCause {
    pub(super) fn rejected(response: &Response) -> Self {
        let (status, reason) = (response.status(), read::reason_phrase(response));
        if redirects(status) {
            return Self::Redirected { status, reason, contacts: read::contacts(response.headers()) };
        }
        Self::Rejected { status, reason, retry_after: read::retry_after(response.headers()) }
    }

    /// Nobody answered.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Transport { .. })
    }

    /// When the peer or server wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected { retry_after, .. } | Self::Terminated { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
