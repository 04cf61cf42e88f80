use std::collections::BTreeSet;
use std::time::Duration;

use crate::vocab::Wall;

/// How old an offer may be when it is read (PROTOCOL section 7).
pub const MAX_AGE: Duration = Duration::from_secs(120);

/// How far the caller's clock may be from ours (PROTOCOL section 3).
pub const MAX_SKEW: Duration = Duration::from_secs(300);

/// Whether an offer with this time may be looked at: not older than [`MAX_AGE`] by a clock that is [`MAX_SKEW`] slow,
/// nor newer than a clock that is [`MAX_SKEW`] fast.
pub(super) fn fresh(time: Wall, now: Wall) -> bool {
    now.since(time) <= MAX_AGE + MAX_SKEW && time.since(now) <= MAX_SKEW
}

/// Remembers the ephemeral keys of the offers that were read, because IK's first message can be sent again by anybody
/// who saw it. Ask it only for offers of callers who are pinned: strangers could fill it.
///
/// Bounded: an offer is forgotten when its time alone refuses it, or when there are too many; then everything
/// that is not newer than the forgotten one is refused, so that what was forgotten cannot come again.
#[derive(Clone, Debug, Default)]
pub struct EphemeralMemory {
    seen: BTreeSet<(Wall, [u8; 32])>,
    /// The newest time that was forgotten.
    forgotten: Option<Wall>,
}

/// The offer may have come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Replayed {
    /// Too old, or as old as others that are forgotten.
    #[error("the offer is too old to tell whether it came before")]
    Old,
    #[error("the offer came before")]
    Seen,
}

impl EphemeralMemory {
    /// Offers remembered at most. Who keeps them over a restart keeps one more, the newest by their time: then what
    /// was let go is refused by the time of the oldest that was kept.
    pub const CAPACITY: usize = 1024;

    /// Looks up and remembers the offer in `message`, whose payload said `time`; says what it is remembered by: the
    /// ephemeral key. A retransmission is not for it: the SIP transaction answers those.
    pub fn check(&mut self, message: &[u8], time: Wall, now: Wall) -> Result<[u8; 32], Replayed> {
        self.forget_old(now);
        let ephemeral = *message.first_chunk().ok_or(Replayed::Old)?;
        if !fresh(time, now) || self.forgotten.is_some_and(|forgotten| time <= forgotten) {
            return Err(Replayed::Old);
        }
        if self.knows(message) {
            return Err(Replayed::Seen);
        }
        self.recall(ephemeral, time);
        Ok(ephemeral)
    }

    /// Whether the offer in `message` is remembered.
    pub fn knows(&self, message: &[u8]) -> bool {
        message.first_chunk().is_some_and(|ephemeral| self.seen.iter().any(|(_, seen)| seen == ephemeral))
    }

    /// Remembers an offer that was read before, without a look at its age: one of before a restart.
    pub fn recall(&mut self, ephemeral: [u8; 32], time: Wall) {
        self.seen.insert((time, ephemeral));
        if self.seen.len() > Self::CAPACITY {
            self.forget_first();
        }
    }

    fn forget_old(&mut self, now: Wall) {
        while self.seen.first().is_some_and(|(time, _)| now.since(*time) > MAX_AGE + MAX_SKEW) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((time, _)) = self.seen.pop_first() {
            self.forgotten = self.forgotten.max(Some(time));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(n: u16) -> Vec<u8> {
        let mut octets = vec![0; 100];
        octets[..2].copy_from_slice(&n.to_be_bytes());
        octets
    }

    #[test]
    fn an_offer_is_good_once() {
        let mut memory = EphemeralMemory::default();
        let now = Wall::from_secs(10_000);
        assert!(memory.check(&message(1), now, now).is_ok());
        assert_eq!(memory.check(&message(1), now, now.saturating_add(MAX_AGE)), Err(Replayed::Seen));
        assert!(memory.check(&message(2), now, now).is_ok());
    }

    #[test]
    fn the_window_is_two_minutes_of_age_and_five_of_clock() {
        let now = Wall::from_secs(10_000);
        for (time, good) in [(9_580, true), (9_579, false), (10_300, true), (10_301, false)] {
            assert_eq!(fresh(Wall::from_secs(time), now), good, "{time}");
            let got = EphemeralMemory::default().check(&message(1), Wall::from_secs(time), now);
            assert_eq!(got.is_ok(), good, "{time}");
        }
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_bring_an_offer_back() {
        let mut memory = EphemeralMemory::default();
        let now = Wall::from_secs(10_000);
        assert!(memory.check(&message(1), now, now).is_ok());
        let later = Wall::from_secs(90_000);
        assert!(memory.check(&message(2), later, later).is_ok());
        assert_eq!(memory.check(&message(1), now, now), Err(Replayed::Old));
    }

    #[test]
    fn a_full_memory_forgets_the_oldest_and_never_takes_it_again() {
        let mut memory = EphemeralMemory::default();
        let now = Wall::from_secs(10_000);
        let time = |n: u16| Wall(now.0 + u64::from(n));
        for n in 0..=EphemeralMemory::CAPACITY as u16 {
            assert!(memory.check(&message(n), time(n), now).is_ok());
        }
        assert_eq!(memory.seen.len(), EphemeralMemory::CAPACITY);
        assert_eq!(memory.check(&message(0), time(0), now), Err(Replayed::Old));
        assert_eq!(memory.check(&message(1), time(1), now), Err(Replayed::Seen));
    }

    #[test]
    fn what_was_seen_before_a_restart_is_refused_after_it_however_much_it_was() {
        let now = Wall::from_secs(10_000);
        let time = |n: u16| Wall(now.0 + u64::from(n));
        let mut before = EphemeralMemory::default();
        // The store keeps the newest, one more than fits.
        let all = 0..EphemeralMemory::CAPACITY as u16 + 10;
        let kept: Vec<_> = all.clone().map(|n| (before.check(&message(n), time(n), now).unwrap(), time(n))).collect();
        let mut after = EphemeralMemory::default();
        kept.iter().skip(9).for_each(|(ephemeral, time)| after.recall(*ephemeral, *time));
        assert!(
            all.clone().all(|n| after.check(&message(n), time(n), now).is_err()),
            "all but the newest are gone, and refused"
        );
        assert!(after.check(&message(9_999), time(2_000), now).is_ok(), "a new offer is taken");
    }

    proptest! {
        /// Whatever the order and the clock, nothing passes twice.
        #[test]
        fn nothing_passes_twice(steps in prop::collection::vec((0u16..20, 0u64..2_000), 1..80)) {
            let mut memory = EphemeralMemory::default();
            let mut passed = Vec::new();
            for (n, now) in steps {
                let time = Wall::from_secs(1_000 + 37 * u64::from(n));
                if memory.check(&message(n), time, Wall::from_secs(now)).is_ok() {
                    prop_assert!(!passed.contains(&n));
                    passed.push(n);
                }
            }
        }
    }
}
