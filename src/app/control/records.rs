use super::view::{AuditRowView, AuditView, HistoryRowView, HistoryView};
use super::Control;
use crate::vocab::Failure;

/// Rows that one question may ask for.
const MAX_ROWS: u32 = 1000;

impl Control {
    /// The newest audit rows, at most `limit` (1,000 at most), older than the row `before`.
    pub async fn audit(&self, limit: u32, before: Option<u64>) -> Result<AuditView, Failure> {
        let rows = self.brain.audit(limit.min(MAX_ROWS), before).await?;
        Ok(AuditView { rows: rows.iter().map(AuditRowView::from).collect() })
    }

    /// The newest calls that ended, at most `limit` (1,000 at most).
    pub async fn history(&self, limit: u32) -> Result<HistoryView, Failure> {
        let rows = self.brain.history(limit.min(MAX_ROWS)).await?;
        Ok(HistoryView { calls: rows.into_iter().map(HistoryRowView::from).collect() })
    }
}
