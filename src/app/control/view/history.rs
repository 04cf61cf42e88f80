use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::PacketsView;
use crate::agent::CallResult;
use crate::io::HistoryEntry;
use crate::vocab::escape;

/// Calls that ended, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    pub calls: Vec<HistoryRowView>,
    /// Missed calls of the whole history that the user has not seen.
    pub missed: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryRowView {
    /// Grows with each row.
    pub number: u64,
    pub call: String,
    pub peer: String,
    /// How the peer is called in your contacts.
    pub name: Option<String>,
    pub outgoing: bool,
    pub started: String,
    /// When it was picked up.
    pub answered: Option<String>,
    pub ended: String,
    /// How long both sides could talk, in milliseconds; 0 when it was not picked up.
    pub talked_ms: u64,
    pub result: CallResultView,
    /// `false`: you missed it, and `history` has not shown it yet.
    pub seen: bool,
    pub outcome: String,
    /// The action of the entry that ruled it, in setkey's form.
    pub action: String,
    pub bundle: String,
    pub suite: Option<String>,
    pub packets: PacketsView,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallResultView {
    Answered,
    /// Another telephone of yours took it.
    Elsewhere,
    Failed,
    Missed,
    /// You refused it, or the peer refused yours.
    Refused,
    /// Yours, and nobody picked up.
    Unanswered,
}

/// Calls that are in the history no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForgottenView {
    pub forgotten: u64,
}

/// Missed calls that the user still has not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissedView {
    pub missed: u64,
}

impl CallResultView {
    pub fn name(self) -> &'static str {
        CallResult::from(self).name()
    }
}

impl From<CallResult> for CallResultView {
    fn from(result: CallResult) -> Self {
        match result {
            CallResult::Answered => Self::Answered,
            CallResult::Elsewhere => Self::Elsewhere,
            CallResult::Failed => Self::Failed,
            CallResult::Missed => Self::Missed,
            CallResult::Refused => Self::Refused,
            CallResult::Unanswered => Self::Unanswered,
        }
    }
}

impl From<CallResultView> for CallResult {
    fn from(result: CallResultView) -> Self {
        match result {
            CallResultView::Answered => Self::Answered,
            CallResultView::Elsewhere => Self::Elsewhere,
            CallResultView::Failed => Self::Failed,
            CallResultView::Missed => Self::Missed,
            CallResultView::Refused => Self::Refused,
            CallResultView::Unanswered => Self::Unanswered,
        }
    }
}

impl From<HistoryEntry> for HistoryRowView {
    fn from(row: HistoryEntry) -> Self {
        let talked = row.answered.map(|answered| row.ended.since(answered));
        Self {
            number: row.number,
            call: row.call.to_string(),
            peer: escape(&row.peer),
            name: None,
            outgoing: row.outgoing,
            started: timestamp(row.started),
            answered: row.answered.map(timestamp),
            ended: timestamp(row.ended),
            talked_ms: talked.map_or(0, |talked| u64::try_from(talked.as_millis()).unwrap_or(u64::MAX)),
            result: row.result.into(),
            seen: row.seen,
            outcome: escape(&row.outcome),
            action: escape(&row.action),
            bundle: row.bundle,
            suite: row.suite,
            packets: PacketsView {
                sent: row.sent,
                received: row.received,
                rtcp_sent: None,
                rtcp_received: None,
                quality: None,
                dropped: row.dropped,
            },
        }
    }
}
