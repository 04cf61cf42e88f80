use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::vocab::Mono;

/// After so long a call waits for it again.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Servers at once; a name may have another address each time.
const MOST: usize = 64;

/// Servers of STUN and TURN that have let a call wait for nothing: the next ones ask them, and wait for others only.
#[derive(Clone, Default)]
pub struct Silent(Arc<Mutex<BTreeMap<SocketAddr, Mono>>>);

impl Silent {
    pub fn contains(&self, now: Mono, server: SocketAddr) -> bool {
        self.lock().get(&server).is_some_and(|until| *until > now)
    }

    /// These have not answered in time.
    pub fn note(&self, now: Mono, servers: impl Iterator<Item = SocketAddr>) {
        let mut silent = self.lock();
        silent.retain(|_, until| *until > now);
        for server in servers {
            if silent.len() < MOST {
                silent.entry(server).or_insert(now + REMEMBERED);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Mono>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_silent_is_waited_for_again_after_five_minutes() {
        let (silent, server) = (Silent::default(), "192.0.2.1:3478".parse().unwrap());
        let at = |seconds| Mono(Duration::from_secs(seconds));
        silent.note(at(0), [server].into_iter());
        silent.note(at(200), [server].into_iter());
        assert!(silent.contains(at(299), server) && !silent.contains(at(300), server));
        silent.note(at(300), [server].into_iter());
        assert!(silent.contains(at(301), server));
    }

    #[test]
    fn no_more_than_some_are_remembered() {
        let silent = Silent::default();
        silent.note(Mono::default(), (1..=1000).map(|port| SocketAddr::new([192, 0, 2, 1].into(), port)));
        assert_eq!(silent.lock().len(), MOST);
    }
}
