use super::timestamp;
use crate::io::AuditEntry;
use crate::vocab::escape;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows of the append-only audit table, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    pub rows: Vec<AuditRowView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRowView {
    /// Grows by one a row; `before` of the next question.
    pub number: u64,
    pub time: String,
    /// `approved`, `call`, `disabled`, `downgrade`, `edited`, `enabled`, `expiry`, `key-changed`, `key-pinned`, `key-replaced`,
    /// `key-verified`, `redirected`, `refused`, `removed`, `statement`, `strangers`, `undone`.
    pub kind: String,
    pub subject: String,
    pub detail: String,
    /// The generation in force after what the row tells of.
    pub generation: u64,
}

impl From<&AuditEntry> for AuditRowView {
    fn from(row: &AuditEntry) -> Self {
        Self {
            number: row.number,
            time: timestamp(row.at),
            kind: row.kind.clone(),
            subject: escape(&row.subject),
            detail: escape(&row.detail),
            generation: row.generation.0,
        }
    }
}
