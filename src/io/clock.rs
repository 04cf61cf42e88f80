use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::os;
use crate::vocab::{Mono, Now, Wall};

/// The only reader of time. Copies share one origin, so that their monotonic times compare.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Duration,
}

impl Clock {
    /// Monotonic time counts from here.
    pub fn start() -> Self {
        Self { origin: os::time_since_boot() }
    }

    /// Monotonic time goes on while the machine sleeps, so that lifetimes end when the peer thinks they do.
    pub fn now(&self) -> Now {
        Now { mono: Mono(os::time_since_boot().saturating_sub(self.origin)), wall: wall() }
    }

    /// Something to count from, for what counts in the standard library's instants.
    #[expect(clippy::disallowed_methods, reason = "it is no time, only where one begins")]
    pub fn any_instant() -> Instant {
        Instant::now()
    }
}

/// A clock before 1970 reads as 1970: every statement is then from the future, and refused.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn wall() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_starts_at_zero_and_never_goes_back() {
        let clock = Clock::start();
        let mut last = clock.now();
        assert!(last.mono.0 < Duration::from_secs(5));
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now.mono >= last.mono);
            last = now;
        }
        assert!(last.wall > Wall::from_secs(1_700_000_000), "{last:?}");
    }
}
