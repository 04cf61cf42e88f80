//! When to try again what failed.

use std::time::Duration;

/// First delay after a failure, seconds; doubled at each further one (RFC 5626 section 4.5, when all flows have failed).
const FIRST_DELAY: u64 = 30;
/// The same while another flow of the account goes on (RFC 5626 section 4.5).
const FIRST_DELAY_BESIDE: u64 = 90;
/// And the longest, seconds.
const LONGEST_DELAY: u64 = 1800;
/// Longest wait that a server, or whoever answers in its place, can ask for: more would silence a telephone for a day with one
/// forged 503, and a server that is busy for so long is asked 24 times a day.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// Between half and the whole of a delay that doubles with the `failures` in a row before this one, or what the server asks
/// for if that is later. `random` spreads those who fail together.
pub fn delay(failures: u32, random: u32, retry_after: Option<Duration>) -> Duration {
    doubled(FIRST_DELAY, failures, random, retry_after)
}

/// The delay of a flow whose account is registered by another one.
pub(super) fn delay_beside(failures: u32, random: u32, retry_after: Option<Duration>) -> Duration {
    doubled(FIRST_DELAY_BESIDE, failures, random, retry_after)
}

fn doubled(first: u64, failures: u32, random: u32, retry_after: Option<Duration>) -> Duration {
    let longest = first.checked_shl(failures.min(16)).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY) * 1000;
    let delay = longest / 2 + u64::from(random) % (longest / 2 + 1);
    let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
    Duration::from_millis(delay).max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_doubles_to_half_an_hour_and_a_server_can_ask_for_more() {
        let seconds = |failures, asked| delay(failures, u32::MAX, asked).as_secs();
        assert!((15..=30).contains(&seconds(0, None)) && (30..=60).contains(&seconds(1, None)));
        assert!((900..=1800).contains(&seconds(u32::MAX, None)));
        assert_eq!(seconds(0, Some(Duration::from_secs(120))), 120);
        assert_eq!(seconds(0, Some(Duration::MAX)), 3600);
        assert!((45..=90).contains(&delay_beside(0, 7, None).as_secs()));
        assert!((900..=1800).contains(&delay_beside(u32::MAX, 7, None).as_secs()));
    }

    /// Whatever falls on them, those who fail together do not come together again: every millisecond of the upper half can be met.
    #[test]
    fn what_is_random_spreads_them_over_the_upper_half_of_the_delay() {
        let first: fn(u32) -> Duration = |random| delay(0, random, None);
        let later: fn(u32) -> Duration = |random| delay(3, random, None);
        let longest: fn(u32) -> Duration = |random| delay(u32::MAX, random, None);
        let beside: fn(u32) -> Duration = |random| delay_beside(0, random, None);
        for (wait, whole) in [(first, 30_000), (later, 240_000), (longest, 1_800_000), (beside, 90_000)] {
            let half = whole / 2;
            let waits = |random: u32| wait(random).as_millis() as u64;
            assert_eq!((waits(0), waits(1), waits(half as u32)), (half, half + 1, whole));
            assert_eq!(waits(half as u32 + 1), half, "and begins anew");
            assert!((0..u32::MAX).step_by(9_999_991).all(|random| (half..=whole).contains(&waits(random))));
        }
    }

    /// A server that asks for more than that gets what it asks for, and one that asks for less does not gather them.
    #[test]
    fn what_a_server_asks_for_takes_the_spread_away_only_where_it_is_longer() {
        let waits = |random, asked| delay(0, random, Some(Duration::from_secs(asked)));
        assert_ne!(waits(0, 1), waits(1000, 1));
        assert_eq!(waits(0, 20), Duration::from_secs(20));
        assert_eq!(waits(10_000, 20), Duration::from_secs(25));
    }
}
