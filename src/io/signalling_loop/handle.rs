use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::agent::{Accepted, Agent, Command, Event, Restoring};
use crate::io::store::{AuditEntry, ChangeEntry, HistoryEntry, HistoryFilter, Store};
use crate::vocab::{EntryId, Failure, FailureKind};

/// What the loop is asked to do.
pub enum Request {
    Command(Command, oneshot::Sender<Result<Accepted, Failure>>),
    Query(Box<dyn FnOnce(&Agent) + Send>),
}

/// The way to the signalling task, for `app::control`. Clones share it. Calls wait while [`REQUESTS`](super::REQUESTS)
/// of them are under way; after the end each fails with `agent-stopped`.
#[derive(Clone)]
pub struct SignallingHandle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) events: broadcast::Sender<Event>,
    /// Has what happened before anybody listened.
    pub(super) first: Arc<Mutex<Option<broadcast::Receiver<Event>>>>,
    pub(super) store: Store,
    pub(super) stopped: watch::Receiver<bool>,
}

impl SignallingHandle {
    /// Refused at once, or accepted and followed by events.
    pub async fn command(&self, command: Command) -> Result<Accepted, Failure> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Command(command, reply)).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Reads the agent's state, between two changes of it. `read` should be quick: nothing else happens meanwhile.
    pub async fn query<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Agent) -> R + Send + 'static,
    ) -> Result<R, Failure> {
        let (reply, answer) = oneshot::channel();
        let query = move |agent: &Agent| {
            let _ = reply.send(read(agent));
        };
        self.requests.send(Request::Query(Box::new(query))).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    /// Every event from now on; for who listens first, from the start. A receiver that falls [`EVENTS`](super::EVENTS) behind is told how many it missed
    /// (`RecvError::Lagged`), and reads the state anew. Subscribe before the command whose events matter.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| self.events.subscribe())
    }

    /// Ends calls and subscriptions, within [`STOP_LIMIT`](super::STOP_LIMIT), then everything else. Returns when the
    /// store is closed and the sockets are free.
    pub async fn stop(&self) {
        let _ = self.command(Command::Stop).await;
        self.stopped().await;
    }

    /// Returns when the loop has ended, whoever ended it.
    pub async fn stopped(&self) {
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }

    /// The newest audit rows first.
    pub async fn audit(&self, limit: u32, before: Option<u64>) -> Result<Vec<AuditEntry>, Failure> {
        self.store.audit(limit, before).await
    }

    /// The newest calls that are meant first.
    pub async fn history(&self, limit: u32, filter: HistoryFilter) -> Result<Vec<HistoryEntry>, Failure> {
        self.store.history(limit, filter).await
    }

    /// Missed calls that the user has not seen.
    pub async fn unseen_calls(&self) -> Result<u64, Failure> {
        self.store.unseen_calls().await
    }

    /// The user has seen the history up to the row of this number.
    pub async fn see_calls(&self, until: u64) -> Result<(), Failure> {
        self.store.see_calls(until).await?;
        self.history_changed();
        Ok(())
    }

    /// Nobody listening is no failure.
    fn history_changed(&self) {
        let _ = self.events.send(Event::HistoryChanged);
    }

    /// Forgets the calls that are meant: how many there were.
    pub async fn forget_calls(&self, filter: HistoryFilter) -> Result<u64, Failure> {
        let forgotten = self.store.forget_calls(filter).await?;
        self.history_changed();
        Ok(forgotten)
    }

    /// The newest changes of the policy database first; with `entry`, those that touched it.
    pub async fn policy_changes(&self, limit: u32, entry: Option<EntryId>) -> Result<Vec<ChangeEntry>, Failure> {
        self.store.policy_changes(limit, entry).await
    }

    /// What brings back the state before a change of the policy database, or before the last one.
    pub async fn policy_restoring(&self, change: Option<u64>) -> Result<Restoring, Failure> {
        self.store.policy_restoring(change).await
    }
}

fn stopped() -> Failure {
    let next = "start it again with `sottovoce run`";
    Failure::new(FailureKind::Failed, "agent-stopped", "the agent has stopped", "the agent", next)
}
