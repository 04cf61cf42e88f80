use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::{ErrorView, PresenceView};
use crate::agent::{Ask, AskState};
use crate::vocab::escape;

/// One asking of a peer for its presence, its policy, or both (FIG. 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskView {
    /// `a1`.
    pub id: String,
    /// As the user typed it.
    pub peer: String,
    /// The SIP URI that it came to mean.
    pub target: String,
    /// Presence was asked for.
    pub presence: bool,
    /// Policy was asked for.
    pub policy: bool,
    pub started: String,
    pub state: AskStateView,
    /// The review that it led to, `r1`.
    pub review: Option<String>,
    /// The generation of the policy database in which the answer was registered.
    pub generation: Option<u64>,
    /// Why it failed.
    pub failure: Option<ErrorView>,
    /// What the peer said of itself, once it came.
    pub answer: Option<PresenceView>,
    /// Another device of the peer answered too: the ask in which it is put to the user, once this one has ended.
    pub next: Option<String>,
    /// What happened so far.
    pub steps: Vec<StepView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AskStateView {
    Asking,
    Cancelled,
    Failed,
    /// Presence alone was asked: it is shown and stored.
    PresenceStored,
    Refused,
    Registered,
    /// The user has to answer the review.
    Reviewing,
}

/// One line of progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    pub time: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskList {
    /// Oldest first.
    pub asks: Vec<AskView>,
}

impl AskView {
    /// Whether nothing more will happen by itself: it ended, or a user is needed.
    pub fn waits_for_nobody_else(&self) -> bool {
        self.state != AskStateView::Asking
    }
}

impl From<&Ask> for AskView {
    fn from(ask: &Ask) -> Self {
        let step =
            |(time, text): &(crate::vocab::Wall, String)| StepView { time: timestamp(*time), text: escape(text) };
        Self {
            id: ask.id.to_string(),
            peer: escape(&ask.peer),
            target: escape(&ask.target),
            presence: ask.wanted.presence,
            policy: ask.wanted.policy,
            started: timestamp(ask.started),
            state: (&ask.state).into(),
            review: ask.review.map(|review| review.to_string()),
            generation: generation_of(&ask.state),
            failure: failure_of(&ask.state),
            answer: ask.presence.as_ref().map(PresenceView::of_peer),
            next: ask.next.map(|next| next.to_string()),
            steps: ask.steps.iter().map(step).collect(),
        }
    }
}

impl From<&AskState> for AskStateView {
    fn from(state: &AskState) -> Self {
        match state {
            AskState::Asking => Self::Asking,
            AskState::Cancelled => Self::Cancelled,
            AskState::Failed(_) => Self::Failed,
            AskState::PresenceStored => Self::PresenceStored,
            AskState::Refused => Self::Refused,
            AskState::Registered { .. } => Self::Registered,
            AskState::Reviewing(_) => Self::Reviewing,
        }
    }
}

fn generation_of(state: &AskState) -> Option<u64> {
    match state {
        AskState::Registered { generation } => Some(generation.0),
        _ => None,
    }
}

fn failure_of(state: &AskState) -> Option<ErrorView> {
    match state {
        AskState::Failed(failure) => Some(failure.into()),
        _ => None,
    }
}
