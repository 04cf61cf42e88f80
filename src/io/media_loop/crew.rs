//! The threads that carry legs. Few legs are spread over the processors; many share threads, so that one awakening serves
//! several. A thread without a leg waits a while for the next: making one takes longer than all else that a call needs of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::carrier::{Carrier, CarrierLoop};
use super::leg::MediaLeg;
use crate::agent::Done;
use crate::io::Clock;

/// How long a thread waits without a leg.
pub const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Crew(Arc<Shared>);

struct Shared {
    clock: Clock,
    dones: mpsc::Sender<Done>,
    /// Threads that serve one leg each before legs share.
    processors: usize,
    carriers: Mutex<Vec<Arc<Carrier>>>,
    /// Legs that are not over.
    busy: Mutex<usize>,
    rest: Condvar,
}

/// A carrier's thread; also when it panics it has left, and its legs are over.
struct Aboard<'a> {
    shared: &'a Shared,
    carrier: &'a Arc<Carrier>,
}

impl Crew {
    /// On so many processors.
    pub fn new(clock: Clock, dones: mpsc::Sender<Done>, processors: usize) -> Self {
        let (carriers, busy, rest) = (Mutex::default(), Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { clock, dones, processors, carriers, busy, rest }))
    }

    /// Gives the leg to a thread that has room, or to a new one.
    pub fn run(&self, leg: MediaLeg) -> std::io::Result<()> {
        let shared = &self.0;
        let mut carriers = shared.carriers();
        let having_room = carriers.iter().filter(|carrier| carrier.takes(leg.may_block()));
        let least = having_room.min_by_key(|carrier| carrier.legs());
        let carrier = match least {
            Some(carrier) if carrier.legs() == 0 || carriers.len() >= shared.processors => Arc::clone(carrier),
            _ => {
                let carrier = Arc::new(Carrier::new()?);
                self.start(Arc::clone(&carrier))?;
                carriers.push(Arc::clone(&carrier));
                carrier
            }
        };
        *shared.busy() += 1;
        carrier.give(leg, shared.clock.now().mono);
        Ok(())
    }

    /// Returns when every leg is over.
    pub fn wait_until_over(&self) {
        let busy = self.0.busy();
        drop(self.0.rest.wait_while(busy, |busy| *busy > 0));
    }

    /// Threads there are.
    #[cfg(test)]
    pub fn carriers(&self) -> usize {
        self.0.carriers().len()
    }

    fn start(&self, carrier: Arc<Carrier>) -> std::io::Result<()> {
        let shared = Arc::clone(&self.0);
        let work = move || {
            let aboard = Aboard { shared: &shared, carrier: &carrier };
            let mut carrying = CarrierLoop::new(&carrier, shared.clock, shared.dones.clone());
            loop {
                carrying.run(PATIENCE, || shared.is_over(1));
                if shared.lets_go(&carrier) {
                    break;
                }
            }
            drop(aboard);
        };
        std::thread::Builder::new().name("media".to_owned()).spawn(work).map(drop)
    }
}

impl Shared {
    fn carriers(&self) -> MutexGuard<'_, Vec<Arc<Carrier>>> {
        self.carriers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> MutexGuard<'_, usize> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self, legs: usize) {
        let mut busy = self.busy();
        *busy -= legs;
        if *busy == 0 {
            self.rest.notify_all();
        }
    }

    /// Unless a leg was given to it just now.
    fn lets_go(&self, carrier: &Arc<Carrier>) -> bool {
        let mut carriers = self.carriers();
        let lets_go = carrier.legs() == 0;
        if lets_go {
            carriers.retain(|other| !Arc::ptr_eq(other, carrier));
        }
        lets_go
    }
}

impl Drop for Aboard<'_> {
    fn drop(&mut self) {
        self.shared.carriers().retain(|other| !Arc::ptr_eq(other, self.carrier));
        self.shared.is_over(self.carrier.legs());
    }
}
