//! When a subscription of ours that ended is asked for again: as the notifier said (RFC 6665 section 4.1.3), else later and
//! later, and never where that would be of no use.

use std::time::Duration;

use rand_core::RngCore;

use super::ask_failures::ended;
use super::fail_over::calls_for_another;
use super::watch::WatchKey;
use super::{Agent, WatchState};
use crate::sip::{back_off, EndCause};
use crate::vocab::{Failure, Now};

/// A subscription that ran so long did not fail: what ended it begins a new count.
const STEADY: Duration = Duration::from_secs(30);
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
        EndCause::Unproven { .. } => Return::Never,
        EndCause::Unsubscribed => Return::Never,
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

impl Agent {
    pub(super) fn handle_watch_ended(&mut self, now: Now, key: &WatchKey, cause: EndCause) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.subscription = None;
        watching.in_silence = matches!(cause, EndCause::TimedOut | EndCause::Transport { .. });
        if self.stopping.is_some() {
            return;
        }
        if !watching.answered && !watching.notified && calls_for_another(&cause) {
            if let Some(next) = watching.untried.next() {
                return self.send_watch_directly(now, key, next);
            }
        }
        let back = after(&cause, watching.notified);
        let failure = words(watching.target.entity.as_str(), cause, watching.notified);
        match back {
            Return::Never => self.give_watch_up(now, key, failure),
            back => self.return_later(now, key, failure, back),
        }
    }

    /// What is retried by itself says when.
    pub(super) fn return_later(&mut self, now: Now, key: &WatchKey, failure: Failure, back: Return) {
        let random = self.rng.next_u32();
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        if watching.notified && now.mono - watching.began >= STEADY {
            watching.failures = 0;
        }
        let wait = match back {
            Return::AtOnce if watching.failures == 0 => Duration::from_millis(u64::from(random % SPREAD)),
            Return::Later(asked) => back_off::delay(watching.failures, random, asked),
            // One that ends as soon as it begins is no reason to hurry.
            Return::AtOnce | Return::Never => back_off::delay(watching.failures.saturating_sub(1), random, None),
        };
        watching.failures = watching.failures.saturating_add(1);
        watching.next = Some(now.mono + wait);
        let again = now.wall.saturating_add(wait);
        let when = if wait < Duration::from_secs(1) { "at once".into() } else { format!("in {} s", wait.as_secs()) };
        let hint = if failure.code == "no-such-peer" { "check its name; " } else { "" };
        let what = format!("{}; {hint}it is tried again {when}", failure.message);
        let failure = Failure { next: "it is tried again by itself".into(), ..failure };
        self.set_watch(key, WatchState::Waiting { failure, again });
        self.watch_step(now, key, what);
    }

    /// A single device that cannot be followed leaves what its peer published.
    pub(super) fn give_watch_up(&mut self, now: Now, key: &WatchKey, failure: Failure) {
        let what = failure.message.clone();
        let next = format!("`sottovoce presence watch {}` tries it once more", key.peer);
        self.set_watch(key, WatchState::Refused(Failure { next, ..failure }));
        self.watch_step(now, key, what);
    }

    /// The endpoint keeps the subscription, and asks again while it stands (RFC 6665 section 4.1.2.2).
    pub(super) fn handle_refresh_failed(&mut self, now: Now, key: &WatchKey, cause: EndCause) {
        let Some(watching) = self.watches.all.get(key) else { return };
        let failure = ended(watching.target.entity.as_str(), cause);
        let what = format!("not refreshed, because {}; it is tried again while it stands", failure.message);
        self.watch_step(now, key, what);
    }
}

fn words(target: &str, cause: EndCause, stood: bool) -> Failure {
    let message = match &cause {
        EndCause::Terminated { reason: Some(reason), .. } => {
            Some(format!("{target} ended the subscription: {}", crate::vocab::escape(reason)))
        }
        EndCause::Terminated { reason: None, .. } => Some(format!("{target} ended the subscription")),
        EndCause::Rejected { status: 481, .. } if stood => Some(format!("{target} has lost the subscription")),
        EndCause::TimedOut if stood => Some(format!("the subscription to {target} ran out, for nobody answers there")),
        _ => None,
    };
    let failure = ended(target, cause);
    Failure { message: message.unwrap_or_else(|| failure.message.clone()), ..failure }
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
