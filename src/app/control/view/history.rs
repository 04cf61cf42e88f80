use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::PacketsView;
use crate::io::HistoryEntry;
use crate::vocab::escape;

/// Calls that ended, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    pub calls: Vec<HistoryRowView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryRowView {
    pub call: String,
    pub peer: String,
    pub outgoing: bool,
    pub started: String,
    pub ended: String,
    pub outcome: String,
    /// The action of the entry that ruled it, in setkey's form.
    pub action: String,
    pub bundle: String,
    pub suite: Option<String>,
    pub packets: PacketsView,
}

impl From<HistoryEntry> for HistoryRowView {
    fn from(row: HistoryEntry) -> Self {
        Self {
            call: row.call.to_string(),
            peer: escape(&row.peer),
            outgoing: row.outgoing,
            started: timestamp(row.started),
            ended: timestamp(row.ended),
            outcome: escape(&row.outcome),
            action: escape(&row.action),
            bundle: row.bundle,
            suite: row.suite,
            packets: PacketsView {
                sent: row.sent,
                received: row.received,
                rtcp_sent: None,
                rtcp_received: None,
                dropped: row.dropped,
            },
        }
    }
}
