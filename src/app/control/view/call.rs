use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::{ErrorView, LevelsView, QualityView};
use crate::agent::{Call, CallState, HoldState, Moved, Side, TransferState};
/// After how long a call is quiet, is given up for that, and stops ringing: screens say so.
pub use crate::agent::{BY_DTLS, QUIET, RINGING, SILENCE};
use crate::media::Counters;
use crate::policy::Verdict;
use crate::vocab::{escape, Device};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallView {
    /// `c1`.
    pub id: String,
    /// As typed, or the caller's entity.
    pub peer: String,
    pub entity: Option<String>,
    pub device: Option<String>,
    /// It has no keys of its own (`docs/telephones.md`): what protects the call is not agreed anew within it.
    pub telephone: bool,
    /// The peer holds the keys that our user approved. Without it a caller is only who it says that it is.
    pub known: bool,
    pub side: SideView,
    pub state: CallStateView,
    /// Why it ended, when it did.
    pub reason: Option<String>,
    /// Why it failed, when it did.
    pub failure: Option<ErrorView>,
    pub started: String,
    /// Since when both sides talk.
    pub answered: Option<String>,
    /// The action of the entry that rules it, in setkey's form.
    pub action: String,
    /// What both sides agreed for our packets: `none`, `esp`, `ah`, `ah+esp`; empty until then.
    pub bundle: String,
    /// The same for the peer's packets.
    pub bundle_in: String,
    pub suite: Option<String>,
    /// Since when that is so: `bundle`, `bundle_in` and `suite`; null before they are agreed.
    pub protected_since: Option<String>,
    /// Its packets go by a TCP connection; otherwise by UDP.
    pub by_tcp: bool,
    /// From INVITE to established, milliseconds.
    pub setup_ms: Option<u64>,
    pub packets: PacketsView,
    /// How loud it is, while it runs.
    pub levels: Option<LevelsView>,
    /// Nothing has been heard of the peer for five seconds or more: it may be gone.
    pub quiet: bool,
    /// Why nothing of the peer is heard, as far as that can be told: a NAT spoils its packets. Until it is heard.
    pub unheard: Option<ErrorView>,
    /// Why the peer hears nothing of our user: the sound device is gone. Until it is back.
    pub no_input: Option<ErrorView>,
    /// Why our user hears nothing: the sound device is gone. Until it is back.
    pub no_output: Option<ErrorView>,
    /// The callee is heard, and has not picked up yet: it does not hear us.
    pub early: bool,
    /// Our user holds it: he hears nothing and is not heard.
    pub on_hold: bool,
    /// The peer holds it, and wants no sound from us.
    pub held_by_peer: bool,
    /// Our user hears, and is not heard.
    pub muted: bool,
    /// The call that ran when this one came: answering this one holds the others.
    pub behind: Option<String>,
    /// The file into which both sides are recorded.
    pub recording: Option<String>,
    /// The call whose peer hears this one's, and the other way round.
    pub conference: Option<String>,
    /// What our user wanted of hold last.
    pub hold: Option<HoldView>,
    /// Our side has asked for new keys, and the peer has not answered yet.
    pub rekeying: bool,
    /// One side is elsewhere than at the beginning.
    pub moved: Option<MovedView>,
    /// The call to a gateway in whose tunnel its packets go.
    pub through: Option<String>,
    /// The call whose packets go in its tunnel; it has no sound of its own.
    pub carries: Option<String>,
    /// We are its gateway: where what comes in its tunnel is sent on to.
    pub forwards: Option<String>,
    /// The ask that had to come first, or that a refusal led to.
    pub ask: Option<String>,
    /// The review that the user has to answer, or answered, for this call.
    pub review: Option<String>,
    /// Its peer was asked to call somebody else.
    pub transfer: Option<TransferView>,
    /// The call that its peer wants to be placed, or wanted.
    pub wants: Option<String>,
    /// The call whose peer wanted this one.
    pub wanted_by: Option<String>,
    /// The call whose place it takes, or has taken.
    pub replaces: Option<String>,
    /// The call that took its place, when it was transferred.
    pub successor: Option<String>,
}

/// One side of a call went to another address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedView {
    /// The peer; otherwise we.
    pub by_peer: bool,
    pub from: String,
    pub to: String,
    /// As far as the new address tells: `private`, `public` or `unknown`.
    pub scope: String,
    /// The least protection that is advised there, in setkey's form.
    pub least: String,
    /// One sentence each.
    pub why: Vec<String>,
    /// The call had less than that when it happened.
    pub below_advice: bool,
    /// It had more than that: `relax` would propose less to the peer.
    pub more_than_needed: bool,
}

/// What became of a hold that our user wanted, or of taking the call up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    /// The call: `c1`.
    pub call: String,
    /// With whom it is.
    pub peer: String,
    /// It was to be held; otherwise it was to be taken up again.
    pub wanted: bool,
    pub state: HoldStateView,
    /// The peer holds the call too, as far as it has said.
    pub held_by_peer: bool,
    /// Why it failed, when it did; the call is as it was, or over.
    pub failure: Option<ErrorView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HoldStateView {
    /// The peer has not answered yet.
    Asking,
    Done,
    Failed,
}

/// What became of a transfer that our user wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransferView {
    /// The call whose peer was asked: `c1`.
    pub call: String,
    /// Whom it is to call.
    pub target: String,
    /// Our call with them, whose place the new one takes.
    pub to_call: Option<String>,
    pub state: TransferStateView,
    /// Why it failed, when it did; the call is kept then.
    pub failure: Option<ErrorView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransferStateView {
    /// The peer has not answered yet.
    Asking,
    /// The new call stands, and ours is ended.
    Done,
    Failed,
    /// The new peer rings.
    Ringing,
    /// The peer took it.
    Trying,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SideView {
    Callee,
    Caller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallStateView {
    /// Both sides hold the keys; the sound runs.
    Active,
    /// The policy is asked first.
    Asking,
    Ended,
    Failed,
    /// Somebody calls us.
    Incoming,
    Inviting,
    /// The user has to answer a review.
    Reviewing,
    /// The peer rings.
    Ringing,
    /// The peer of another call wants it, and the user decides: `answer` or `reject`.
    Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PacketsView {
    pub sent: u64,
    pub received: u64,
    /// Reports beside the sound (RTCP), while the call is remembered.
    pub rtcp_sent: Option<u64>,
    pub rtcp_received: Option<u64>,
    /// How it sounds, while it goes on.
    pub quality: Option<QualityView>,
    /// By reason: `replay`, `bad-icv`, `unknown-spi`, `policy`, `malformed`, ...
    pub dropped: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallList {
    /// Oldest first.
    pub calls: Vec<CallView>,
}

impl CallView {
    /// It stands, and somebody holds it.
    pub fn is_held(&self) -> bool {
        self.state == CallStateView::Active && (self.on_hold || self.held_by_peer)
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, CallStateView::Ended | CallStateView::Failed)
    }

    /// Why it is over, in short.
    pub fn why_over(&self) -> Option<&str> {
        let why = self.failure.as_ref().map(|failure| failure.message.as_str()).or(self.reason.as_deref())?;
        why.split("; tried: ").next().filter(|why| !why.is_empty())
    }
}

impl From<&Call> for CallView {
    fn from(call: &Call) -> Self {
        let (reason, failure) = match &call.state {
            CallState::Ended { reason } => (Some(escape(reason)), None),
            CallState::Failed(failure) => (None, Some(failure.into())),
            _ => (None, None),
        };
        Self {
            id: call.id.to_string(),
            peer: escape(&call.peer),
            entity: call.entity.as_ref().map(ToString::to_string),
            device: call.device.as_ref().map(ToString::to_string),
            telephone: call.device.as_ref().is_some_and(Device::is_telephone),
            known: call.known,
            side: call.side.into(),
            state: (&call.state).into(),
            reason,
            failure,
            started: timestamp(call.started),
            answered: call.answered.map(timestamp),
            action: call.action.clone(),
            bundle: call.bundle.clone(),
            bundle_in: call.bundle_in.clone(),
            suite: call.suite.clone(),
            protected_since: call.protected_since.map(timestamp),
            by_tcp: call.by_tcp,
            setup_ms: call.setup.map(|setup| u64::try_from(setup.as_millis()).unwrap_or(u64::MAX)),
            packets: (&call.counters).into(),
            levels: call.levels.as_ref().filter(|_| call.state == CallState::Active).map(LevelsView::from),
            quiet: call.quiet,
            unheard: call.unheard.as_ref().map(ErrorView::from),
            no_input: call.no_input.as_ref().map(ErrorView::from),
            no_output: call.no_output.as_ref().map(ErrorView::from),
            early: call.early,
            on_hold: call.on_hold,
            muted: call.muted,
            held_by_peer: call.held_by_peer,
            behind: call.behind.map(|id| id.to_string()),
            recording: call.recording.clone(),
            conference: call.conference.map(|id| id.to_string()),
            hold: HoldView::of(call),
            rekeying: call.rekeying,
            moved: call.moved.as_ref().map(MovedView::from),
            through: call.through.map(|tunnel| tunnel.to_string()),
            carries: call.carries.map(|carried| carried.to_string()),
            forwards: call.forwards.map(|there| there.to_string()),
            ask: call.ask.map(|ask| ask.to_string()),
            review: call.review.map(|review| review.to_string()),
            transfer: TransferView::of(call),
            wants: call.wants.map(|new| new.to_string()),
            wanted_by: call.wanted_by.map(|by| by.to_string()),
            replaces: call.replaces.map(|old| old.to_string()),
            successor: call.successor.map(|new| new.to_string()),
        }
    }
}

impl From<&Moved> for MovedView {
    fn from(moved: &Moved) -> Self {
        Self {
            by_peer: moved.by_peer,
            from: moved.from.to_string(),
            to: moved.to.to_string(),
            scope: moved.scope.name().to_owned(),
            least: moved.advice.least.to_string(),
            why: moved.advice.why.clone(),
            below_advice: moved.advice.verdict == Verdict::BelowAdvice,
            more_than_needed: moved.advice.verdict == Verdict::MoreThanNeeded,
        }
    }
}

impl HoldView {
    pub fn of(call: &Call) -> Option<Self> {
        let hold = call.hold.as_ref()?;
        let (state, failure) = match &hold.state {
            HoldState::Asking => (HoldStateView::Asking, None),
            HoldState::Done => (HoldStateView::Done, None),
            HoldState::Failed(failure) => (HoldStateView::Failed, Some(failure.into())),
        };
        let (call, peer, held_by_peer) = (call.id.to_string(), escape(&call.peer), call.held_by_peer);
        Some(Self { call, peer, wanted: hold.wanted, state, held_by_peer, failure })
    }
}

impl TransferView {
    pub fn of(call: &Call) -> Option<Self> {
        let transfer = call.transfer.as_ref()?;
        let (state, failure) = match &transfer.state {
            TransferState::Asking => (TransferStateView::Asking, None),
            TransferState::Done => (TransferStateView::Done, None),
            TransferState::Failed(failure) => (TransferStateView::Failed, Some(failure.into())),
            TransferState::Ringing => (TransferStateView::Ringing, None),
            TransferState::Trying => (TransferStateView::Trying, None),
        };
        let to_call = transfer.with.map(|with| with.to_string());
        Some(Self { call: call.id.to_string(), target: transfer.target.clone(), to_call, state, failure })
    }
}

impl From<&CallState> for CallStateView {
    fn from(state: &CallState) -> Self {
        match state {
            CallState::Active => Self::Active,
            CallState::Asking => Self::Asking,
            CallState::Ended { .. } => Self::Ended,
            CallState::Failed(_) => Self::Failed,
            CallState::Incoming => Self::Incoming,
            CallState::Inviting => Self::Inviting,
            CallState::Reviewing(_) => Self::Reviewing,
            CallState::Ringing => Self::Ringing,
            CallState::Wanted => Self::Wanted,
        }
    }
}

impl From<Side> for SideView {
    fn from(side: Side) -> Self {
        match side {
            Side::Callee => Self::Callee,
            Side::Caller => Self::Caller,
        }
    }
}

impl From<&Counters> for PacketsView {
    fn from(counters: &Counters) -> Self {
        let dropped = counters.dropped.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        let Counters { sent, received, rtcp_sent, rtcp_received, quality, .. } = *counters;
        let (rtcp_sent, rtcp_received) = (Some(rtcp_sent), Some(rtcp_received));
        Self { sent, received, rtcp_sent, rtcp_received, quality: QualityView::of(&quality), dropped }
    }
}
