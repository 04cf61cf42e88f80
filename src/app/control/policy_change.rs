use std::time::Duration;

use super::brain::Known;
use super::failures::usage;
use super::policy::{entry_id, field};
use super::policy_warnings::warnings;
use super::request::{ExpiryBody, PolicyBody, UndoBody};
use super::view::{PolicyChangeView, PolicyHistoryView, PolicyView};
use super::Control;
use crate::agent::Command;
use crate::policy::Entry;
use crate::vocab::{read_timestamp, Failure, Wall};

/// Changes that one question may ask for.
const MAX_CHANGES: u32 = 1000;

/// What changes entries that are there. Each comes back when it is durable, with the policy in force then.
impl Control {
    /// `spdadd` lines in the place of an entry and its other direction.
    pub async fn policy_edit(&self, id: &str, body: &PolicyBody) -> Result<PolicyView, Failure> {
        self.policy_entry(id).await?;
        let policy = self.change(Command::PolicyEdit { entry: entry_id(id)?, text: body.text.clone() }).await?;
        self.with_warnings(id, policy).await
    }

    /// Takes an entry and its other direction out of force, or puts them in force again.
    pub async fn policy_enable(&self, id: &str, enabled: bool) -> Result<PolicyView, Failure> {
        self.policy_entry(id).await?;
        let policy = self.change(Command::PolicyEnable { entry: entry_id(id)?, enabled }).await?;
        self.with_warnings(id, policy).await
    }

    /// Of the entry, and of its other direction, as both are now.
    async fn with_warnings(&self, id: &str, policy: PolicyView) -> Result<PolicyView, Failure> {
        let (number, now) = (entry_id(id)?, self.clock.now().wall);
        let told = move |known: &dyn Known| {
            let one = known.spd().entry(number).filter(|entry| entry.in_force(now));
            let other = one.and_then(|entry| known.spd().other_direction_of(entry));
            let both: Vec<Entry> = [one, other].into_iter().flatten().cloned().collect();
            warnings(known, &both, now)
        };
        Ok(PolicyView { warnings: self.look(told).await?, ..policy })
    }

    pub async fn policy_expire(&self, id: &str, body: &ExpiryBody) -> Result<PolicyView, Failure> {
        self.policy_entry(id).await?;
        let at = self.end(body)?;
        self.change(Command::PolicyExpire { entry: entry_id(id)?, at }).await
    }

    fn end(&self, body: &ExpiryBody) -> Result<Option<Wall>, Failure> {
        match (&body.at, body.seconds, body.never) {
            (Some(text), None, false) => {
                field("--at", text, "a time as 2026-11-24T18:00:00Z", read_timestamp).map(Some)
            }
            (None, Some(seconds), false) => {
                Ok(Some(self.clock.now().wall.saturating_add(Duration::from_secs(seconds))))
            }
            (None, None, true) => Ok(None),
            _ => {
                let message = "an end is a time, a number of seconds, or never: one of the three".to_owned();
                Err(usage("bad-expiry", message, "expiry", "give --at, --in or --never"))
            }
        }
    }

    /// The newest changes of the policy database, at most `limit` (1,000 at most); with `id`, those that touched that entry.
    pub async fn policy_history(&self, limit: u32, id: Option<&str>) -> Result<PolicyHistoryView, Failure> {
        let entry = id.map(entry_id).transpose()?;
        let changes = self.brain.policy_changes(limit.min(MAX_CHANGES), entry).await?;
        Ok(PolicyHistoryView { changes: changes.iter().map(PolicyChangeView::from).collect() })
    }

    /// Brings back the state before a change, or before the last one: a change of its own.
    pub async fn policy_undo(&self, body: &UndoBody) -> Result<PolicyView, Failure> {
        let what = self.brain.policy_restoring(body.change).await?;
        self.change(Command::PolicyRestore(what)).await
    }
}
