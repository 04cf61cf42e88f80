use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows of the append-only audit table, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    pub rows: Vec<AuditRowView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRowView {
    pub time: String,
    /// `approved`, `refused`, `key-pinned`, `key-changed`, `call`, `statement`.
    pub kind: String,
    pub subject: String,
    pub detail: String,
}
