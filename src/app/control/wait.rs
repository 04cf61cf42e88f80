use std::time::Duration;

use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use super::brain::Known;
use super::{failures, Control};
use crate::agent::Event;
use crate::vocab::{EffectId, Failure};

/// How long to wait for something to leave its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// At most [`Wait::MAX`]; zero looks once.
    pub limit: Duration,
    /// The states to wait through, by name, as `inviting`; `None` for those in which nobody but the agent can do anything.
    pub through: Option<Vec<String>>,
}

impl Wait {
    pub const MAX: Duration = Duration::from_secs(600);

    /// Whether `state` ends the wait.
    pub(super) fn is_over<S: Serialize>(&self, state: &S, usual: &[&str]) -> bool {
        let name = word(state);
        match &self.through {
            Some(through) => !through.contains(&name),
            None => !usual.contains(&name.as_str()),
        }
    }

    /// Whether it was asked to wait through this, which is no state.
    pub(super) fn names(&self, what: &str) -> bool {
        self.through.iter().flatten().any(|named| named == what)
    }
}

/// How long the store may take for one registration.
pub(super) const STORE_LIMIT: Duration = Duration::from_secs(30);

impl Control {
    /// Reads until `done`, again after every event, at most for `limit`; then what was read last. `None`: there is no such thing.
    pub(super) async fn until<V: Send + 'static>(
        &self,
        limit: Duration,
        read: impl Fn(&dyn Known) -> Option<V> + Clone + Send + 'static,
        done: impl Fn(&V) -> bool,
    ) -> Result<Option<V>, Failure> {
        let mut events = self.brain.events();
        let alarm = tokio::time::sleep(limit.min(Wait::MAX));
        tokio::pin!(alarm);
        loop {
            let found = self.look(read.clone()).await?;
            if found.as_ref().is_none_or(&done) {
                return Ok(found);
            }
            tokio::select! {
                () = &mut alarm => return Ok(found),
                event = events.recv() => if matches!(event, Err(RecvError::Closed)) {
                    return Err(failures::stopped());
                },
            }
        }
    }

    /// Waits for the end of a store operation. `events` was subscribed to before the operation began.
    pub(super) async fn stored(
        &self,
        mut events: tokio::sync::broadcast::Receiver<Event>,
        effect: EffectId,
    ) -> Result<(), Failure> {
        let settled = async {
            loop {
                match events.recv().await {
                    Ok(Event::StoreSettled { effect: settled, result }) if settled == effect => return result,
                    Err(RecvError::Closed) => return Err(failures::stopped()),
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                }
            }
        };
        tokio::time::timeout(STORE_LIMIT, settled).await.unwrap_or_else(|_| Err(failures::silent("registering")))
    }
}

/// The name of a state as the views write it.
fn word<S: Serialize>(state: &S) -> String {
    serde_json::to_value(state).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
