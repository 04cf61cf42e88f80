//! The threads that run the legs. One whose leg is over waits a while for the next: on a busy agent making a thread takes
//! longer than all else that a call needs of it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::thread::MediaThread;
use crate::io::udp::MAX_DATAGRAM;

/// Threads that wait for a leg; one more ends.
const IDLE: usize = 256;
/// How long one waits.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
pub struct Crew(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    rest: Condvar,
}

#[derive(Default)]
struct State {
    /// For those that wait; never more than they are.
    legs: VecDeque<MediaThread>,
    idle: usize,
    busy: usize,
}

/// A leg under way; also when its thread panics, it is over.
struct Busy<'a>(&'a Shared);

impl Crew {
    /// Gives the leg to a thread that waits, or to a new one.
    pub fn run(&self, leg: MediaThread) -> std::io::Result<()> {
        let mut state = self.0.state();
        if state.idle > state.legs.len() {
            state.busy += 1;
            state.legs.push_back(leg);
            // Or the thread would wake up to wait for us.
            drop(state);
            self.0.work.notify_one();
            return Ok(());
        }
        let crew = self.clone();
        std::thread::Builder::new().name("media".to_owned()).spawn(move || crew.work(leg))?;
        state.busy += 1;
        Ok(())
    }

    /// Returns when every leg is over.
    pub fn wait_until_over(&self) {
        let state = self.0.state();
        drop(self.0.rest.wait_while(state, |state| state.busy > 0));
    }

    /// Threads that wait.
    #[cfg(test)]
    pub fn idle(&self) -> usize {
        self.0.state().idle
    }

    fn work(self, first: MediaThread) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        let mut next = Some(first);
        while let Some(leg) = next {
            let busy = Busy(&self.0);
            leg.run(&mut buffer);
            drop(busy);
            next = self.next();
        }
    }

    fn next(&self) -> Option<MediaThread> {
        let mut state = self.0.state();
        if state.idle >= IDLE {
            return None;
        }
        state.idle += 1;
        let waited = self.0.work.wait_timeout_while(state, PATIENCE, |state| state.legs.is_empty());
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.legs.pop_front()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.busy -= 1;
        if state.busy == 0 {
            self.0.rest.notify_all();
        }
    }
}
