use std::collections::BTreeMap;
use std::time::Duration;

use crate::presence::{CLOCK_SKEW, MAX_REQUEST_AGE};
use crate::vocab::{Nonce, Wall};

/// Nonces remembered at once. When it is full a request counts as unverified, never as fresh.
pub const MAX: usize = 8192;

/// The nonces of requests that were answered as verified: each counts once.
#[derive(Default)]
pub struct Nonces {
    /// With the moment at which a request that bears it is too old anyway.
    seen: BTreeMap<Nonce, Wall>,
}

impl Nonces {
    /// Takes the nonce of a request issued then, if it is fresh and came for the first time; says until when it is
    /// remembered.
    pub fn take(&mut self, nonce: Nonce, issued: Wall, now: Wall) -> Option<Wall> {
        let oldest = MAX_REQUEST_AGE + CLOCK_SKEW;
        if now.since(issued) > oldest || issued.since(now) > CLOCK_SKEW {
            return None;
        }
        self.seen.retain(|_, end| *end > now);
        if self.seen.len() >= MAX || self.seen.contains_key(&nonce) {
            return None;
        }
        let end = issued.saturating_add(oldest + Duration::from_millis(1));
        self.recall(nonce, end);
        Some(end)
    }

    /// Remembers a nonce that was taken before: by this agent, before a restart.
    pub fn recall(&mut self, nonce: Nonce, end: Wall) {
        self.seen.insert(nonce, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_counts_once_and_only_while_it_is_fresh() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        assert!(nonces.take(Nonce([1; 16]), now, now).is_some());
        assert!(nonces.take(Nonce([1; 16]), now, now).is_none(), "replayed");
        assert!(nonces.take(Nonce([2; 16]), Wall::from_secs(10_000 - 421), now).is_none(), "too old");
        assert!(nonces.take(Nonce([2; 16]), Wall::from_secs(10_000 - 420), now).is_some());
        assert!(nonces.take(Nonce([3; 16]), Wall::from_secs(10_301), now).is_none(), "from the future");
    }

    #[test]
    fn a_nonce_is_remembered_until_its_time_alone_refuses_it() {
        let now = Wall::from_secs(10_000);
        for (issued, last) in [(10_000, 10_420), (10_300, 10_720), (9_700, 10_120)] {
            let (mut nonces, issued) = (Nonces::default(), Wall::from_secs(issued));
            assert!(nonces.take(Nonce([1; 16]), issued, now).is_some());
            assert!(
                nonces.take(Nonce([1; 16]), issued, Wall::from_secs(last)).is_none(),
                "still fresh, and remembered"
            );
            let later = Wall::from_secs(last + 1);
            assert!(nonces.take(Nonce([2; 16]), later, later).is_some());
            assert_eq!(nonces.seen.len(), 1, "and then forgotten");
        }
    }

    #[test]
    fn a_full_memory_trusts_nothing_new() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        for i in 0..MAX as u64 {
            let mut octets = [0; 16];
            octets[..8].copy_from_slice(&i.to_be_bytes());
            assert!(nonces.take(Nonce(octets), now, now).is_some());
        }
        assert!(nonces.take(Nonce([9; 16]), now, now).is_none());
        let later = Wall::from_secs(10_000 + 721);
        assert!(nonces.take(Nonce([9; 16]), later, later).is_some(), "what is too old is forgotten");
    }
}
