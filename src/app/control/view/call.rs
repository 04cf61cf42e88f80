use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ErrorView;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallView {
    /// `c1`.
    pub id: String,
    /// As typed, or the caller's entity.
    pub peer: String,
    pub entity: Option<String>,
    pub device: Option<String>,
    pub side: SideView,
    pub state: CallStateView,
    /// Why it ended, when it did.
    pub reason: Option<String>,
    /// Why it failed, when it did.
    pub failure: Option<ErrorView>,
    pub started: String,
    /// The action of the entry that rules it, in setkey's form.
    pub action: String,
    /// What both sides agreed: `none`, `esp`, `ah`, `ah+esp`; empty until then.
    pub bundle: String,
    pub suite: Option<String>,
    /// From INVITE to established, milliseconds.
    pub setup_ms: Option<u64>,
    pub packets: PacketsView,
    /// The ask that had to come first, or that a refusal led to.
    pub ask: Option<String>,
    /// The review that the user has to answer, or answered, for this call.
    pub review: Option<String>,
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PacketsView {
    pub sent: u64,
    pub received: u64,
    /// By reason: `replay`, `bad-icv`, `unknown-spi`, `policy`, `malformed`, ...
    pub dropped: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallList {
    /// Oldest first.
    pub calls: Vec<CallView>,
}

impl CallView {
    pub fn is_over(&self) -> bool {
        matches!(self.state, CallStateView::Ended | CallStateView::Failed)
    }
}
