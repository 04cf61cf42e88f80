use std::time::Duration;

use super::request::HistoryQuery;
use super::view::{AuditRowView, AuditView, ForgottenView, HistoryRowView, HistoryView, MissedView};
use super::Control;
use crate::agent::{CallResult, SavedContact};
use crate::io::HistoryFilter;
use crate::vocab::{Failure, FailureKind};

/// Rows that one question may ask for.
const MAX_ROWS: u32 = 1000;

impl Control {
    /// The newest audit rows, at most `limit` (1,000 at most), older than the row `before`.
    pub async fn audit(&self, limit: u32, before: Option<u64>) -> Result<AuditView, Failure> {
        let rows = self.brain.audit(limit.min(MAX_ROWS), before).await?;
        Ok(AuditView { rows: rows.iter().map(AuditRowView::from).collect() })
    }

    /// The newest calls that ended and are meant, at most `limit` (1,000 at most).
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryView, Failure> {
        let contacts = self.saved_contacts().await?;
        let filter = self.filter(query, &contacts);
        let rows = self.brain.history(query.limit.unwrap_or(100).min(MAX_ROWS), filter).await?;
        let named = |row: HistoryRowView| {
            let contact = contacts.iter().find(|contact| contact.entity.as_str() == row.peer);
            HistoryRowView { name: contact.map(|contact| contact.name.clone()), ..row }
        };
        let calls = rows.into_iter().map(|row| named(row.into())).collect();
        Ok(HistoryView { calls, missed: self.brain.unseen_calls().await? })
    }

    /// Forgets the calls that are meant. What the audit table has of them stays there.
    ///
    /// # Errors
    /// Neither a filter nor `all` says which.
    pub async fn forget_history(&self, query: &HistoryQuery) -> Result<ForgottenView, Failure> {
        let filter = self.filter(query, &self.saved_contacts().await?);
        if filter == HistoryFilter::default() && query.all != Some(true) {
            return Err(forget_what());
        }
        Ok(ForgottenView { forgotten: self.brain.forget_calls(filter).await? })
    }

    /// The user has seen the history up to the row of this number.
    pub async fn see_history(&self, until: u64) -> Result<MissedView, Failure> {
        self.brain.see_calls(until).await?;
        Ok(MissedView { missed: self.brain.unseen_calls().await? })
    }

    async fn saved_contacts(&self) -> Result<Vec<SavedContact>, Failure> {
        self.look(|known| known.contacts().into_iter().cloned().collect()).await
    }

    fn filter(&self, query: &HistoryQuery, contacts: &[SavedContact]) -> HistoryFilter {
        let now = self.clock.now().wall;
        let since = |seconds| crate::vocab::Wall(now.0.saturating_sub(Duration::from_secs(seconds).as_millis() as u64));
        let named = |peer: &String| {
            let contact = contacts.iter().find(|contact| contact.name.to_lowercase() == peer.to_lowercase());
            contact.map_or_else(|| peer.clone(), |contact| contact.entity.to_string())
        };
        HistoryFilter {
            peer: query.peer.as_ref().map(named),
            outgoing: query.outgoing,
            result: query.result.map(CallResult::from),
            since: query.within.map(since),
            before: query.before,
        }
    }
}

fn forget_what() -> Failure {
    let next = "say which, as `sottovoce history --missed --forget`, or `--forget --all` for the whole history";
    Failure::new(FailureKind::Usage, "forget-what", "no calls are named that are to be forgotten", "history", next)
}
