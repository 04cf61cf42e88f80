use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::{EntryView, EnvironmentView, ErrorView, PresenceView, SurroundingsView};
use crate::agent::{OpenReview, ReviewState};
use crate::keys;
use crate::policy::{
    Advice, Answer, Capabilities, Circumstances, Difference, KeyState, Review, ReviewKind, Tightness, Verdict,
};
use crate::vocab::{escape, Fingerprint};

/// The question put to the user: the peer's presence (FIG. 9, 11) and policy (FIG. 8, 12, 13), held against our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    /// `r1`.
    pub id: String,
    /// What is put.
    pub kind: ReviewKindView,
    /// The proposal that it puts, or that it counters, or that its answer led to.
    pub proposal: Option<String>,
    /// The peer's user to you, with a proposal.
    pub note: Option<String>,
    /// The ask that led to it.
    pub ask: Option<String>,
    pub state: ReviewStateView,
    /// Who answered: `terminal`, `flag`, `control`, `timeout`, ...
    pub by: Option<String>,
    /// The rule of yours that approved it without asking.
    pub rule: Option<String>,
    /// The generation in which the answer was registered.
    pub generation: Option<u64>,
    /// Why registering failed, or why nothing was agreed with the peer.
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
    /// By which of your names the peer knows you: that of an account. `null` is the agent's own.
    pub you: Option<String>,
    pub statement: StatementView,
    /// What approving as it is would register, out then in.
    pub proposed: Vec<EntryView>,
    /// The entries of ours that rule this peer today, out then in.
    pub current: Vec<EntryView>,
    pub differences: Vec<DifferenceView>,
    pub advice: AdviceView,
    /// Who the peer is to you and what it is about: the advice depends on it.
    pub about: AboutView,
    /// The group of contacts whose rules would hold for the peer, if one of its keys were approved.
    pub unproven_group: Option<String>,
    /// Each selector of the peer that reached beyond the two ends, in words.
    pub cuts: Vec<String>,
    /// Rules that a refused call said were missing, in setkey's form.
    pub missing: Vec<String>,
    /// The rules that add what is missing to what was approved before: `approve` with them mends the call in one step.
    pub one_step: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewStateView {
    /// The peer was asked for a looser policy, and nothing was agreed; open for another answer.
    Declined,
    Failed,
    /// The last answer was looser than the peer asks; open for another one.
    Looser,
    Pending,
    /// The answer is looser than the peer asks, and waits for the peer's user.
    Proposed,
    Refused,
    Registered,
    /// The entries changed meanwhile: ask again.
    Stale,
    /// Approved, on its way to the disk.
    Storing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewKindView {
    /// What the peer would accept in the place of what you proposed.
    Counter,
    /// A looser policy that the peer would like to have from you.
    Proposal,
    /// What the peer says of itself.
    Statement,
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
    /// Another key was pinned, and the user accepted this one by its fingerprint: approving pins it instead.
    Accepted,
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
    /// Tunnel mode too; transport mode goes without saying.
    pub tunnel: bool,
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
    /// What is inferred of a peer that does not tell where it is: no fact.
    pub inference: Option<String>,
    pub octets_per_packet: u16,
    pub verdict: VerdictView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AboutView {
    /// By its contact group, once its keys are pinned: `own`, `family`, `friend`, `acquaintance`; else `unknown`.
    pub relation: String,
    /// What it is for, as you said; absent: private is assumed.
    pub purpose: Option<String>,
    /// What will be said, as you said; absent: personal is assumed.
    pub content: Option<String>,
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

fn one_step(open: &OpenReview) -> Option<String> {
    match open.review.tightened_to(&open.review.missing_rules()) {
        Answer::Rules(action) if !open.missing.is_empty() => Some(action.to_string()),
        _ => None,
    }
}

impl ReviewView {
    /// Whether an answer can still be given.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            ReviewStateView::Declined | ReviewStateView::Failed | ReviewStateView::Looser | ReviewStateView::Pending
        )
    }
}

impl From<&OpenReview> for ReviewView {
    fn from(open: &OpenReview) -> Self {
        let (by, generation, failure, looser) = fate(&open.state);
        let review = &open.review;
        Self {
            id: open.id.to_string(),
            kind: match review.kind {
                ReviewKind::Counter => ReviewKindView::Counter,
                ReviewKind::Proposal => ReviewKindView::Proposal,
                ReviewKind::Statement => ReviewKindView::Statement,
            },
            proposal: proposal_of(open),
            note: open.note.as_ref().map(ToString::to_string),
            ask: open.ask.map(|ask| ask.to_string()),
            state: (&open.state).into(),
            by,
            rule: open.rule.clone(),
            generation,
            failure,
            looser,
            opened: timestamp(open.opened),
            deadline: timestamp(open.deadline),
            against: review.generation.0,
            presence: PresenceView::of_peer(&open.presence),
            surroundings: (&review.surroundings).into(),
            own_environment: (&review.own_environment).into(),
            you: open.ours.as_ref().map(ToString::to_string),
            statement: review.into(),
            proposed: review.proposed.iter().map(EntryView::from).collect(),
            current: review.current.iter().map(EntryView::from).collect(),
            differences: review.differences.iter().map(DifferenceView::from).collect(),
            advice: (&review.advice).into(),
            about: (&review.circumstances).into(),
            unproven_group: unproven_group(open),
            cuts: review.cuts.iter().map(|cut| escape(cut)).collect(),
            missing: open.missing.iter().map(|rule| escape(rule)).collect(),
            one_step: one_step(open),
        }
    }
}

fn unproven_group(open: &OpenReview) -> Option<String> {
    let proven = matches!(open.review.key_state, KeyState::Pinned | KeyState::Verified);
    open.group.as_deref().filter(|_| !proven).map(escape)
}

fn proposal_of(open: &OpenReview) -> Option<String> {
    let sent = match &open.state {
        ReviewState::Proposed { proposal } => Some(*proposal),
        _ => None,
    };
    sent.or(open.proposal).map(|proposal| proposal.to_string())
}

type Fate = (Option<String>, Option<u64>, Option<ErrorView>, Vec<String>);

/// Who answered, in which generation it was registered, why that failed, which fields were looser.
fn fate(state: &ReviewState) -> Fate {
    match state {
        ReviewState::Declined(failure) | ReviewState::Failed(failure) => (None, None, Some(failure.into()), Vec::new()),
        ReviewState::Looser { fields } => (None, None, None, fields.iter().map(|field| escape(field)).collect()),
        ReviewState::Refused { by } => (Some((*by).to_owned()), None, None, Vec::new()),
        ReviewState::Registered { generation, by } => (Some((*by).to_owned()), Some(generation.0), None, Vec::new()),
        ReviewState::Pending | ReviewState::Proposed { .. } | ReviewState::Stale | ReviewState::Storing => {
            (None, None, None, Vec::new())
        }
    }
}

impl From<&ReviewState> for ReviewStateView {
    fn from(state: &ReviewState) -> Self {
        match state {
            ReviewState::Declined(_) => Self::Declined,
            ReviewState::Failed(_) => Self::Failed,
            ReviewState::Looser { .. } => Self::Looser,
            ReviewState::Pending => Self::Pending,
            ReviewState::Proposed { .. } => Self::Proposed,
            ReviewState::Refused { .. } => Self::Refused,
            ReviewState::Registered { .. } => Self::Registered,
            ReviewState::Stale => Self::Stale,
            ReviewState::Storing => Self::Storing,
        }
    }
}

impl From<&Review> for StatementView {
    fn from(review: &Review) -> Self {
        let statement = &review.statement;
        Self {
            // A review is made of verified statements only.
            signed: true,
            key_state: (&review.key_state).into(),
            fingerprint: keys::fingerprint(&statement.signing_key, &statement.agreement_key).to_string(),
            pinned_fingerprint: pinned(&review.key_state).map(|print| print.to_string()),
            version: statement.version,
            issued: timestamp(statement.issued),
            expires: timestamp(statement.expires),
            received: timestamp(review.provenance.received),
            supports: (&statement.supports).into(),
        }
    }
}

fn pinned(state: &KeyState) -> Option<Fingerprint> {
    match state {
        KeyState::Accepted { pinned } | KeyState::Changed { pinned } => Some(*pinned),
        KeyState::New | KeyState::Pinned | KeyState::Verified => None,
    }
}

impl From<&KeyState> for KeyStateView {
    fn from(state: &KeyState) -> Self {
        match state {
            KeyState::Accepted { .. } => Self::Accepted,
            KeyState::Changed { .. } => Self::Changed,
            KeyState::New => Self::New,
            KeyState::Pinned => Self::Pinned,
            KeyState::Verified => Self::Verified,
        }
    }
}

impl From<&Capabilities> for CapabilitiesView {
    fn from(supports: &Capabilities) -> Self {
        Self {
            protocols: supports.protocols.iter().map(ToString::to_string).collect(),
            tunnel: supports.tunnel,
            suites: supports.suites.iter().map(ToString::to_string).collect(),
            codecs: supports.codecs.iter().map(ToString::to_string).collect(),
            kem: supports.kem.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Difference> for DifferenceView {
    fn from(difference: &Difference) -> Self {
        Self {
            field: escape(&difference.field),
            ours: escape(&difference.ours),
            theirs: escape(&difference.theirs),
            relation: difference.relation.into(),
        }
    }
}

impl From<Tightness> for RelationView {
    fn from(relation: Tightness) -> Self {
        match relation {
            Tightness::Incomparable => Self::Incomparable,
            Tightness::Looser => Self::Looser,
            Tightness::Same => Self::Same,
            Tightness::Tighter => Self::Tighter,
        }
    }
}

impl From<&Circumstances> for AboutView {
    fn from(about: &Circumstances) -> Self {
        Self {
            relation: about.relation.name().to_owned(),
            purpose: about.intent.purpose.map(|aim| aim.name().to_owned()),
            content: about.intent.content.map(|content| content.name().to_owned()),
        }
    }
}

impl From<&Advice> for AdviceView {
    fn from(advice: &Advice) -> Self {
        Self {
            least: advice.least.to_string(),
            why: advice.why.clone(),
            inference: advice.inference.clone(),
            octets_per_packet: advice.octets_per_packet,
            verdict: advice.verdict.into(),
        }
    }
}

impl From<Verdict> for VerdictView {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::BelowAdvice => Self::BelowAdvice,
            Verdict::Enough => Self::Enough,
            Verdict::MoreThanNeeded => Self::MoreThanNeeded,
        }
    }
}
