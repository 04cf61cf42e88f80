use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ErrorView, PresenceView};

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
