//! Quiet hours: who is not to be disturbed is not rung for, and what waits for him goes on waiting until they end.
//!
//! | what comes | becomes |
//! | --- | --- |
//! | a call that would ring | 480 with Retry-After, and a row of the history |
//! | a watcher, a followed peer's news, or a proposal, that needs an answer | it waits, and its time begins when they end; a proposer waits ten minutes |
//! | the end of the hours -> `handle_quiet_timeout` | one notice of all that waits |
//!
//! Contacts of a group that rings are let through, once their keys prove who they are. What the user begins himself is no disturbance.

use std::time::Duration;

use super::{Agent, Event};
use crate::vocab::{Deadline, Entity, Failure, FailureKind, Mono, Now, Wall};

/// What was held back, and until when.
#[derive(Default)]
pub struct Quiet {
    held_back: u32,
    until: Option<Mono>,
}

impl Agent {
    /// When the quiet hours end, if it is quiet now for prompts of this peer; `known`: as its keys prove.
    pub(super) fn quiet_until(&self, now: Now, known: Option<&Entity>) -> Option<Wall> {
        let end = self.config.prompts.quiet.as_ref()?.end(now.wall)?;
        let group = known.and_then(|entity| self.group_named_of(entity));
        let rings = group.and_then(|group| self.address_book.group(&group)).is_some_and(|group| group.rings);
        (!rings).then_some(end)
    }

    /// How long a prompt waits for its answer: its time begins when the quiet hours end, and the user hears of it then.
    pub(super) fn put_off(&mut self, now: Now, until: Option<Wall>, limit: Duration) -> Duration {
        let Some(quiet) = until.map(|end| end.since(now.wall)) else { return limit };
        self.quiet.held_back = self.quiet.held_back.saturating_add(1);
        self.quiet.until.get_or_insert(now.mono + quiet);
        limit.saturating_add(quiet)
    }

    pub(super) fn handle_quiet_timeout(&mut self, now: Now) {
        if self.quiet.until.is_none_or(|until| until > now.mono) {
            return;
        }
        let Quiet { held_back, .. } = std::mem::take(&mut self.quiet);
        self.event(Event::Notice(held_back_notice(held_back)));
    }

    pub(super) fn quiet_deadline(&self) -> Option<Deadline> {
        self.quiet.until.map(|at| Deadline { at, why: "quiet hours end" })
    }
}

fn held_back_notice(count: u32) -> Failure {
    let what = if count == 1 { "one thing" } else { "several things" };
    Failure::new(
        FailureKind::RefusedByUser,
        "quiet-over",
        format!("in the quiet hours {what} came that would have disturbed you ({count})"),
        "quiet hours",
        "see `sottovoce watchers list`, `sottovoce review list` and `sottovoce history`",
    )
}
