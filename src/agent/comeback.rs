//! When a subscription of ours that ended is asked for again: as the notifier said (RFC 6665 section 4.1.3), else later and
//! later, and never where that would be of no use.

use std::time::Duration;

use crate::sip::{back_off, EndCause};

/// Spreads those whom one server let go together, milliseconds.
const SPREAD: u32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    AtOnce,
    /// After a delay that grows, or what the other side asked for if that is later.
    Later(Option<Duration>),
    /// Only when the user wants it.
    Never,
}

/// What an end means for the next beginning. `stood`: there was a subscription, and not only the wish.
pub fn after(cause: &EndCause, stood: bool) -> Return {
    match cause {
        EndCause::Terminated { reason, retry_after } => after_farewell(reason.as_deref(), *retry_after),
        // The notifier has lost it (RFC 6665 section 4.1.2.2).
        EndCause::Rejected { status: 481, .. } if stood => Return::AtOnce,
        EndCause::Rejected { status: 403 | 405 | 489 | 501 | 603 | 604, .. } => Return::Never,
        EndCause::Rejected { retry_after, .. } => Return::Later(*retry_after),
        // It ran out, because nobody answered the refresh.
        EndCause::TimedOut if stood => Return::AtOnce,
        // Not followed: whoever is asked for long is asked where the user said.
        EndCause::Redirected { .. } => Return::Later(None),
        EndCause::Full | EndCause::TimedOut | EndCause::Transport { .. } => Return::Later(None),
        EndCause::InClear { .. } | EndCause::Unproven { .. } | EndCause::Unsubscribed => Return::Never,
    }
}

impl Return {
    /// How long until then, after so many failures in a row before this one. `random` spreads those whom one server let go
    /// together.
    pub fn delay(self, failures: u32, random: u32) -> Duration {
        match self {
            Self::AtOnce if failures == 0 => Duration::from_millis(u64::from(random % SPREAD)),
            Self::Later(asked) => back_off::delay(failures, random, asked),
            // One that ends as soon as it begins is no reason to hurry.
            Self::AtOnce | Self::Never => back_off::delay(failures.saturating_sub(1), random, None),
        }
    }
}

fn after_farewell(reason: Option<&str>, retry_after: Option<Duration>) -> Return {
    match reason.map(str::to_ascii_lowercase).as_deref() {
        Some("deactivated" | "timeout") => Return::AtOnce,
        Some("rejected" | "noresource" | "invariant") => Return::Never,
        // `probation`, `giveup`, none, or one that nobody here knows.
        _ => Return::Later(retry_after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_notifier_says_decides() {
        let minute = Some(Duration::from_secs(60));
        for (reason, retry_after, back) in [
            (Some("deactivated"), None, Return::AtOnce),
            (Some("deactivated"), minute, Return::AtOnce),
            (Some("Timeout"), None, Return::AtOnce),
            (Some("probation"), minute, Return::Later(minute)),
            (Some("giveup"), None, Return::Later(None)),
            (Some("rejected"), minute, Return::Never),
            (Some("noresource"), None, Return::Never),
            (Some("invariant"), None, Return::Never),
            (Some("x-new"), minute, Return::Later(minute)),
            (None, None, Return::Later(None)),
        ] {
            let cause = EndCause::Terminated { reason: reason.map(str::to_owned), retry_after };
            assert_eq!(after(&cause, true), back, "{reason:?}");
        }
    }

    #[test]
    fn what_ends_at_once_again_and_again_is_asked_for_later_and_later() {
        assert!(Return::AtOnce.delay(0, u32::MAX) < Duration::from_secs(1));
        let longest = |back: Return, failures| back.delay(failures, u32::MAX).as_secs();
        assert!(longest(Return::AtOnce, 1) >= 15 && longest(Return::AtOnce, 4) > longest(Return::AtOnce, 1));
        assert_eq!(longest(Return::Later(Some(Duration::from_secs(90))), 0), 90);
    }

    /// A server that stops lets everybody go at one moment.
    #[test]
    fn whom_one_server_let_go_together_come_back_within_a_second_and_not_together() {
        let wait = |random| Return::AtOnce.delay(0, random).as_millis();
        assert_eq!([wait(0), wait(1), wait(999), wait(1000)], [0, 1, 999, 0]);
        let later = |random| Return::Later(None).delay(0, random).as_millis();
        assert_eq!([later(0), later(1), later(15_000)], [15_000, 15_001, 30_000]);
    }

    #[test]
    fn a_status_that_nothing_changes_is_not_tried_again() {
        let rejected = |status| EndCause::Rejected { status, reason: String::new(), retry_after: None };
        assert_eq!(after(&rejected(481), true), Return::AtOnce);
        assert_eq!(after(&rejected(481), false), Return::Later(None));
        assert_eq!(after(&rejected(489), true), Return::Never);
        assert_eq!(after(&rejected(403), false), Return::Never);
        assert_eq!(after(&rejected(404), false), Return::Later(None));
        assert_eq!(after(&rejected(503), true), Return::Later(None));
    }
}
