//! Quiet hours, and quiet that the user asks for (`dnd`): who is not to be disturbed is not rung for, and what waits for him goes on waiting until they end.
//!
//! | what comes | becomes |
//! | --- | --- |
//! | a call that would ring | 480 with Retry-After, and a row of the history |
//! | a watcher, a followed peer's news, or a proposal, that needs an answer | it waits, and its time begins when they end; a proposer waits ten minutes |
//! | the end of the hours -> `handle_quiet_timeout` | one notice of all that waits |
//!
//! Contacts of a group that rings are let through, once their keys prove who they are. What the user begins himself is no disturbance.

use std::time::Duration;

use super::waiting::Waiting;
use super::{Agent, Effect, Event, StoreOp};
use crate::vocab::{Deadline, EffectId, Entity, Failure, FailureKind, Mono, Now, Wall};

/// Somebody who forgets it is to be reached again some day.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// What was held back, and until when.
#[derive(Default)]
pub struct Quiet {
    held_back: u32,
    until: Option<Mono>,
    /// The user does not want to be disturbed until then.
    by_hand: Option<Wall>,
}

impl Quiet {
    /// As the store has it.
    pub fn new(by_hand: Option<Wall>) -> Self {
        Self { by_hand, ..Self::default() }
    }
}

impl Agent {
    /// When it is not quiet any more, if it is now: the later of the quiet hours' end and of what the user asked for.
    pub fn quiet_end(&self, now: Wall) -> Option<Wall> {
        let hours = self.config.prompts.quiet.as_ref().and_then(|hours| hours.end(now));
        hours.max(self.do_not_disturb(now))
    }

    /// Until when the user does not want to be disturbed.
    pub fn do_not_disturb(&self, now: Wall) -> Option<Wall> {
        self.quiet.by_hand.filter(|until| *until > now)
    }

    /// Not before this time; `None`: from now on as ever.
    pub(super) fn set_do_not_disturb(&mut self, now: Now, until: Option<Wall>) -> Result<EffectId, Failure> {
        let until = until.filter(|until| *until > now.wall);
        if until.is_some_and(|until| until.since(now.wall) > LONGEST) {
            return Err(too_long());
        }
        let id = self.expect(Waiting::DoNotDisturb(until));
        self.effect(Effect::Store { id, op: StoreOp::SetDoNotDisturb { until } });
        Ok(id)
    }

    pub(super) fn do_not_disturb_stored(&mut self, now: Now, until: Option<Wall>) {
        self.quiet.by_hand = until;
        self.event(Event::DoNotDisturbChanged);
        // What was held back is told of when the quiet is over, which may be earlier by now.
        if self.quiet.until.is_some() {
            self.quiet.until =
                Some(now.mono + self.quiet_end(now.wall).map_or(Duration::ZERO, |end| end.since(now.wall)));
        }
    }

    /// When it ends for prompts of this peer, if it is quiet now; `known`: as its keys prove.
    pub(super) fn quiet_until(&self, now: Now, known: Option<&Entity>) -> Option<Wall> {
        let end = self.quiet_end(now.wall)?;
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
        self.quiet.until = None;
        let held_back = std::mem::take(&mut self.quiet.held_back);
        self.event(Event::Notice(held_back_notice(held_back)));
    }

    pub(super) fn quiet_deadline(&self) -> Option<Deadline> {
        self.quiet.until.map(|at| Deadline { at, why: "quiet hours end" })
    }
}

fn too_long() -> Failure {
    let message = "nobody can be not to be disturbed for more than 30 days at once";
    let next = "name a shorter time, as `sottovoce dnd on --for 8h`";
    Failure::new(FailureKind::Usage, "dnd-too-long", message, "do not disturb", next)
}

fn held_back_notice(count: u32) -> Failure {
    let what = if count == 1 { "one thing" } else { "several things" };
    Failure::new(
        FailureKind::RefusedByUser,
        "quiet-over",
        format!("while it was quiet {what} came that would have disturbed you ({count})"),
        "quiet hours",
        "see `sottovoce watchers list`, `sottovoce review list` and `sottovoce history`",
    )
}
