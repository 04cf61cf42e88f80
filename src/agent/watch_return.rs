//! A watch that ended, and whether it begins again (`comeback.rs`).

use std::time::Duration;

use rand_core::RngCore;

use super::ask_failures::ended;
use super::comeback::{after, Return};
use super::fail_over::calls_for_another;
use super::watch::WatchKey;
use super::{Agent, WatchState};
use crate::sip::EndCause;
use crate::vocab::{shell_word, Failure, Now};

/// A subscription that ran so long did not fail: what ended it begins a new count.
const STEADY: Duration = Duration::from_secs(30);

impl Agent {
    pub(super) fn handle_watch_ended(&mut self, now: Now, key: &WatchKey, cause: EndCause) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.subscription = None;
        watching.in_silence = cause.is_silence();
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
        let target = watching.target.clone();
        let failure = self.of_itself(&target, failure);
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
        let wait = back.delay(watching.failures, random);
        watching.failures = watching.failures.saturating_add(1);
        watching.next = Some(now.mono + wait);
        let again = now.wall.saturating_add(wait);
        let when = if wait < Duration::from_secs(1) { "at once".into() } else { format!("in {} s", wait.as_secs()) };
        let mistyped = failure.code == "no-such-peer" && key.device.is_none() && !watching.watch.told;
        let hint = if mistyped { "check its name; " } else { "" };
        let what = format!("{}; {hint}it is tried again {when}", failure.message);
        let failure = Failure { next: "it is tried again by itself".into(), ..failure };
        self.set_watch(key, WatchState::Waiting { failure, again });
        self.watch_step(now, key, what);
    }

    /// A single device that cannot be followed leaves what its peer published.
    pub(super) fn give_watch_up(&mut self, now: Now, key: &WatchKey, failure: Failure) {
        let what = failure.message.clone();
        let next = format!("`sottovoce presence watch {}` tries it once more", shell_word(&key.peer));
        self.set_watch(key, WatchState::Refused(Failure { next, ..failure }));
        self.watch_step(now, key, what);
    }

    /// The endpoint keeps the subscription, and asks again while it stands (RFC 6665 section 4.1.2.2).
    pub(super) fn handle_refresh_failed(&mut self, now: Now, key: &WatchKey, cause: EndCause) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.troubled = true;
        let failure = ended(watching.target.entity.as_str(), cause);
        let what = format!("not refreshed, because {}; it is tried again while it stands", failure.message);
        self.watch_step(now, key, what);
    }

    /// What was said of its trouble is over.
    pub(super) fn tell_it_stands_again(&mut self, now: Now, key: &WatchKey) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.troubled = false;
        let what = match watching.watch.told {
            true => "it stands again, and changes are told from now on",
            false => "it stands again, and nothing of it is known yet",
        };
        let what = self.with_what_waits(key, what.into());
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
