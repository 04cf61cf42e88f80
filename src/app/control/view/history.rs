use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PacketsView;

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
