use std::collections::BTreeMap;
use std::time::Duration;

use crate::presence::{CLOCK_SKEW, MAX_REQUEST_AGE};
use crate::vocab::{Nonce, VerifyKey, Wall};

/// Nonces remembered at once. When it is full a request counts as unverified, never as fresh.
pub const MAX: usize = 8192;

/// Of these so many for one device, so that none of them takes the others' places. Nonces of before a restart have no
/// owner, and count for nobody.
pub const MAX_PER_DEVICE: usize = 1024;

/// The nonces of requests that were answered as verified: each counts once.
#[derive(Default)]
pub struct Nonces {
    seen: BTreeMap<Nonce, Taken>,
}

struct Taken {
    /// A request that bears the nonce is too old anyway then.
    end: Wall,
    /// Who sent it; not known of one of before a restart.
    device: Option<VerifyKey>,
}

impl Nonces {
    /// Takes the nonce of a device's request issued then, if it is fresh and came for the first time; says until when it
    /// is remembered.
    pub fn take(&mut self, device: VerifyKey, nonce: Nonce, issued: Wall, now: Wall) -> Option<Wall> {
        let oldest = MAX_REQUEST_AGE + CLOCK_SKEW;
        if now.since(issued) > oldest || issued.since(now) > CLOCK_SKEW {
            return None;
        }
        self.seen.retain(|_, taken| taken.end > now);
        let its_own = self.seen.values().filter(|taken| taken.device == Some(device)).count();
        if its_own >= MAX_PER_DEVICE || self.seen.len() >= MAX || self.seen.contains_key(&nonce) {
            return None;
        }
        let end = issued.saturating_add(oldest + Duration::from_millis(1));
        self.seen.insert(nonce, Taken { end, device: Some(device) });
        Some(end)
    }

    /// Remembers a nonce that was taken before: by this agent, before a restart.
    pub fn recall(&mut self, nonce: Nonce, end: Wall) {
        self.seen.insert(nonce, Taken { end, device: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: VerifyKey = VerifyKey([1; 32]);

    fn numbered(number: u64) -> Nonce {
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&number.to_be_bytes());
        Nonce(octets)
    }

    #[test]
    fn a_nonce_counts_once_and_only_while_it_is_fresh() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        assert!(nonces.take(ALICE, Nonce([1; 16]), now, now).is_some());
        assert!(nonces.take(ALICE, Nonce([1; 16]), now, now).is_none(), "replayed");
        assert!(nonces.take(ALICE, Nonce([2; 16]), Wall::from_secs(10_000 - 421), now).is_none(), "too old");
        assert!(nonces.take(ALICE, Nonce([2; 16]), Wall::from_secs(10_000 - 420), now).is_some());
        assert!(nonces.take(ALICE, Nonce([3; 16]), Wall::from_secs(10_301), now).is_none(), "from the future");
    }

    #[test]
    fn a_nonce_is_remembered_until_its_time_alone_refuses_it() {
        let now = Wall::from_secs(10_000);
        for (issued, last) in [(10_000, 10_420), (10_300, 10_720), (9_700, 10_120)] {
            let (mut nonces, issued) = (Nonces::default(), Wall::from_secs(issued));
            assert!(nonces.take(ALICE, Nonce([1; 16]), issued, now).is_some());
            assert!(
                nonces.take(ALICE, Nonce([1; 16]), issued, Wall::from_secs(last)).is_none(),
                "still fresh, and remembered"
            );
            let later = Wall::from_secs(last + 1);
            assert!(nonces.take(ALICE, Nonce([2; 16]), later, later).is_some());
            assert_eq!(nonces.seen.len(), 1, "and then forgotten");
        }
    }

    #[test]
    fn a_device_that_has_used_up_its_share_is_trusted_no_more_and_the_others_are() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        for number in 0..MAX_PER_DEVICE as u64 {
            assert!(nonces.take(ALICE, numbered(number), now, now).is_some());
        }
        assert!(nonces.take(ALICE, Nonce([9; 16]), now, now).is_none());
        assert!(nonces.take(VerifyKey([2; 32]), Nonce([9; 16]), now, now).is_some());
        let later = Wall::from_secs(10_000 + 421);
        assert!(nonces.take(ALICE, Nonce([9; 16]), later, later).is_some(), "what is too old is forgotten");
    }

    #[test]
    fn a_full_memory_trusts_nothing_new() {
        let mut nonces = Nonces::default();
        let now = Wall::from_secs(10_000);
        (0..MAX as u64).for_each(|number| nonces.recall(numbered(number), Wall::from_secs(10_420)));
        assert!(nonces.take(ALICE, Nonce([9; 16]), now, now).is_none());
    }
}
