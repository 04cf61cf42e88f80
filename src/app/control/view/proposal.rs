use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::{EntryView, ErrorView};
use crate::agent::{Counter, CounterState, Negotiated, ProposalState};
use crate::policy::Pending;

/// A looser policy that one side would like to have from the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// `n1`.
    pub id: String,
    /// Ours; otherwise the peer's.
    pub outgoing: bool,
    pub peer: String,
    pub device: String,
    /// By which both sides name it.
    pub hash: String,
    /// What would be in force here, out then in.
    pub entries: Vec<EntryView>,
    /// From one user to the other.
    pub note: Option<String>,
    /// What would be accepted in its place, once that was said.
    pub counter: Option<CounterView>,
    /// Yours: why its answer has to wait, while the peer cannot be heard.
    pub trouble: Option<String>,
    pub opened: String,
    /// Without an answer until then the tighter policy stays.
    pub deadline: String,
    pub state: ProposalStateView,
    /// The review that it came from, or that puts it.
    pub review: Option<String>,
    /// Why it could not be put to the peer.
    pub failure: Option<ErrorView>,
}

/// What whoever was asked would accept instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CounterView {
    /// What would be in force here, out then in.
    pub entries: Vec<EntryView>,
    pub state: CounterStateView,
    /// That puts the peer's counter-proposal to you.
    pub review: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CounterStateView {
    /// Yours: taken back, expired, or overtaken by other entries. The peer's: you refused it, or its review ended.
    Lapsed,
    /// The peer's: a review puts it to you.
    Put,
    /// Yours: a call of the peer used it, and it is in force. The peer's: you approved it, and it is in force.
    Used,
    /// Yours: pending until a call of the peer uses it.
    Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalStateView {
    Accepted,
    /// Taken back by whoever made it, or by whoever accepted it before it was used.
    Cancelled,
    /// Another policy would be accepted.
    Countered,
    /// Both sides proposed at once: both lapse.
    Crossed,
    Expired,
    Failed,
    Refused,
    Waiting,
}

impl ProposalStateView {
    /// As a listing says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
            Self::Countered => "countered",
            Self::Crossed => "crossed",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Waiting => "waiting",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalList {
    /// Oldest first.
    pub proposals: Vec<ProposalView>,
}

/// What our user agreed to and the peer has not used yet: packets may arrive under it, and are sent under what is in force until
/// a call of the peer bears its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingView {
    pub entity: String,
    pub device: String,
    /// That an offer has to bear.
    pub hash: String,
    pub since: String,
    pub entries: Vec<EntryView>,
}

impl From<&Negotiated> for ProposalView {
    fn from(one: &Negotiated) -> Self {
        Self {
            id: one.id.to_string(),
            outgoing: one.outgoing,
            peer: one.peer.to_string(),
            device: one.device.to_string(),
            hash: one.hash.to_string(),
            entries: one.entries.iter().map(EntryView::from).collect(),
            note: one.note.as_ref().map(ToString::to_string),
            counter: one.counter.as_ref().map(CounterView::from),
            trouble: one.trouble.clone(),
            opened: timestamp(one.opened),
            deadline: timestamp(one.deadline),
            state: (&one.state).into(),
            review: one.review.map(|review| review.to_string()),
            failure: match &one.state {
                ProposalState::Failed(failure) => Some(failure.into()),
                _ => None,
            },
        }
    }
}

impl From<&Counter> for CounterView {
    fn from(counter: &Counter) -> Self {
        let (state, review) = match counter.state {
            CounterState::Lapsed => (CounterStateView::Lapsed, None),
            CounterState::Put(review) => (CounterStateView::Put, Some(review.to_string())),
            CounterState::Used => (CounterStateView::Used, None),
            CounterState::Waiting => (CounterStateView::Waiting, None),
        };
        Self { entries: counter.entries.iter().map(EntryView::from).collect(), state, review }
    }
}

impl From<&ProposalState> for ProposalStateView {
    fn from(state: &ProposalState) -> Self {
        match state {
            ProposalState::Accepted => Self::Accepted,
            ProposalState::Cancelled => Self::Cancelled,
            ProposalState::Countered => Self::Countered,
            ProposalState::Crossed => Self::Crossed,
            ProposalState::Expired => Self::Expired,
            ProposalState::Failed(_) => Self::Failed,
            ProposalState::Refused => Self::Refused,
            ProposalState::Waiting => Self::Waiting,
        }
    }
}

impl From<&Pending> for PendingView {
    fn from(pending: &Pending) -> Self {
        Self {
            entity: pending.entity().to_string(),
            device: pending.device().to_string(),
            hash: pending.terms().hash.to_string(),
            since: timestamp(pending.terms().since),
            entries: pending.entries().iter().map(EntryView::from).collect(),
        }
    }
}
