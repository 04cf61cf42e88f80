use std::collections::VecDeque;

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::agent::Done;
use crate::media::{Counters, Levels};
use crate::vocab::CallId;

/// What the agent is to know of a thread's legs. While it has too many answers before it they wait here, and the voice goes on. A
/// stream tells four things of each agreement and at most twelve digits a second, a leg four, and a device when it comes and goes
/// (`docs/limits.md`), so a queue behind a queue stays short.
#[derive(Default)]
pub struct Outbox {
    waiting: VecDeque<Done>,
    is_behind: bool,
}

impl Outbox {
    pub fn push(&mut self, done: Done) {
        self.waiting.push_back(done);
    }

    /// When the agent is busy the next count tells as much.
    pub fn count(&mut self, call: CallId, counted: impl FnOnce() -> (Counters, Levels)) {
        if !self.is_behind {
            let (counters, levels) = counted();
            self.push(Done::Counted { call, counters, levels });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends what the agent has room for. One that has gone needs no answer.
    pub fn tell(&mut self, dones: &mpsc::Sender<Done>) {
        self.is_behind = false;
        while let Some(done) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(done)) = dones.try_send(done) {
                self.waiting.push_front(done);
                self.is_behind = true;
                return;
            }
        }
    }
}
