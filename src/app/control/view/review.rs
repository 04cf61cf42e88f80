use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EntryView, EnvironmentView, ErrorView, PresenceView, SurroundingsView};

/// The question put to the user: the peer's presence (FIG. 9, 11) and policy (FIG. 8, 12, 13), held against our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    /// `r1`.
    pub id: String,
    /// The ask that led to it.
    pub ask: Option<String>,
    pub state: ReviewStateView,
    /// Who answered: `terminal`, `flag`, `control`, `timeout`, ...
    pub by: Option<String>,
    /// The generation in which the answer was registered.
    pub generation: Option<u64>,
    /// Why registering failed.
    pub failure: Option<ErrorView>,
    /// The fields in which the last answer was looser than the peer asks; it is still open.
    pub looser: Vec<String>,
    pub opened: String,
    /// Without an answer until then it is refused.
    pub deadline: String,
    /// The generation that it was made against.
    pub against: u64,
    /// The peer's presence.
    pub presence: PresenceView,
    pub surroundings: SurroundingsView,
    pub own_environment: EnvironmentView,
    pub statement: StatementView,
    /// What approving as it is would register, out then in.
    pub proposed: Vec<EntryView>,
    /// The entries of ours that rule this peer today, out then in.
    pub current: Vec<EntryView>,
    pub differences: Vec<DifferenceView>,
    pub advice: AdviceView,
    /// Each selector of the peer that reached beyond the two ends, in words.
    pub cuts: Vec<String>,
    /// Rules that a refused call said were missing, in setkey's form.
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewStateView {
    Failed,
    /// The last answer was looser than the peer asks; open for another one.
    Looser,
    Pending,
    Refused,
    Registered,
    /// The entries changed meanwhile: ask again.
    Stale,
    /// Approved, on its way to the disk.
    Storing,
}

/// Who says it, and how sure we are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementView {
    /// The signature was checked and holds.
    pub signed: bool,
    pub key_state: KeyStateView,
    /// Of the keys that signed it.
    pub fingerprint: String,
    /// Of the keys that are pinned, when they are others.
    pub pinned_fingerprint: Option<String>,
    pub version: u64,
    pub issued: String,
    pub expires: String,
    pub received: String,
    pub supports: CapabilitiesView,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStateView {
    /// Another key is pinned: everything stops until the user accepts this one.
    Changed,
    /// Never seen: approving pins it.
    New,
    Pinned,
    /// Pinned, and the safety phrase was compared.
    Verified,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilitiesView {
    pub protocols: Vec<String>,
    pub suites: Vec<String>,
    pub codecs: Vec<String>,
    pub kem: Vec<String>,
}

/// One field in which the peer's policy and ours differ, or agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// As `out action`.
    pub field: String,
    pub ours: String,
    pub theirs: String,
    /// Theirs, held against ours.
    pub relation: RelationView,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RelationView {
    Incomparable,
    Looser,
    Same,
    Tighter,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdviceView {
    /// The least action that we recommend, in setkey's form.
    pub least: String,
    pub why: Vec<String>,
    pub octets_per_packet: u16,
    pub verdict: VerdictView,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictView {
    BelowAdvice,
    Enough,
    MoreThanNeeded,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewList {
    /// Oldest first.
    pub reviews: Vec<ReviewView>,
}

impl ReviewView {
    /// Whether an answer can still be given.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ReviewStateView::Pending | ReviewStateView::Looser)
    }
}
