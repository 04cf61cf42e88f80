use std::collections::BTreeMap;
use std::time::Duration;

use crate::vocab::{Nonce, Wall};

/// How old a request may be, and how far clocks may differ (PROTOCOL section 3, "Replay").
pub const REQUEST_AGE: Duration = Duration::from_secs(120);
pub const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Nonces remembered at once. When it is full a request counts as unverified, never as fresh.
const MAX: usize = 8192;

/// The nonces of requests that were answered as verified: each counts once.
#[derive(Default)]
pub struct Nonces {
    /// With the moment at which a request that bears it is too old anyway.
    seen: BTreeMap<Nonce, Wall>,
}

impl Nonces {
    /// Whether a request issued then, bearing this nonce, is fresh and came for the first time; remembers it.
    pub fn take(&mut self, nonce: Nonce, issued: Wall, now: Wall) -> bool {
        let oldest = REQUEST_AGE + CLOCK_SKEW;
        if now.since(issued) > oldest || issued.since(now) > CLOCK_SKEW {
            return false;
        }
        self.seen.retain(|_, end| *end > now);
        if self.seen.len() >= MAX || self.seen.contains_key(&nonce) {
            return false;
        }
        self.seen.insert(nonce, now.saturating_add(oldest + CLOCK_SKEW));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_counts_once_and_only_while_it_is_fresh() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        assert!(nonces.take(Nonce([1; 16]), now, now));
        assert!(!nonces.take(Nonce([1; 16]), now, now), "replayed");
        assert!(!nonces.take(Nonce([2; 16]), Wall::from_secs(10_000 - 421), now), "too old");
        assert!(nonces.take(Nonce([2; 16]), Wall::from_secs(10_000 - 420), now));
        assert!(!nonces.take(Nonce([3; 16]), Wall::from_secs(10_301), now), "from the future");
    }

    #[test]
    fn a_full_memory_trusts_nothing_new() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        for i in 0..MAX as u64 {
            let mut octets = [0; 16];
            octets[..8].copy_from_slice(&i.to_be_bytes());
            assert!(nonces.take(Nonce(octets), now, now));
        }
        assert!(!nonces.take(Nonce([9; 16]), now, now));
        let later = Wall::from_secs(10_000 + 721);
        assert!(nonces.take(Nonce([9; 16]), later, later), "what is too old is forgotten");
    }
}
