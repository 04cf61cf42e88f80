//! What the user changes of entries that are there: edited (`policy_edit`), disabled, given an end, removed, brought back. Each is a
//! review without a peer's side. What a peer agreed to is not loosened by any of them (`disagreed`).

use super::waiting::Waiting;
use super::{Accepted, Agent, AuditRow, Effect, StoreOp};
use crate::policy::{Approved, Direction, Entry};
use crate::vocab::{EffectId, EntryId, Failure, FailureKind, Generation, Now, Wall};

/// What brings back the state before a change of the policy database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoring {
    /// The number of that change.
    pub change: u64,
    /// The one that this was made out against.
    pub generation: Generation,
    /// It is about the default for everybody else.
    pub default: bool,
    /// Entries as they were, each with its number.
    pub put: Vec<Entry>,
    /// Entries that were not there.
    pub gone: Vec<EntryId>,
}

/// How a change is told of in the audit table.
pub(super) struct Told {
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) detail: String,
}

impl Agent {
    /// Takes an entry and its other direction out of force, or puts them in force again.
    pub(super) fn enable_policy(&mut self, now: Now, id: EntryId, enabled: bool) -> Result<Accepted, Failure> {
        let before = self.with_other_direction(id)?;
        let put: Vec<Entry> = before.iter().map(|entry| Entry { disabled: !enabled, ..entry.clone() }).collect();
        if put == before {
            return Ok(Accepted::Done);
        }
        let kind = if enabled { "enabled" } else { "disabled" };
        let detail = format!("by user: {}", told(&before));
        self.change_policy(now, put, Vec::new(), false, Told { kind, subject: id.to_string(), detail })
            .map(Accepted::Storing)
    }

    /// Gives an entry and its other direction an end, or with `None` takes it away.
    pub(super) fn expire_policy(&mut self, now: Now, id: EntryId, at: Option<Wall>) -> Result<Accepted, Failure> {
        if at.is_some_and(|at| at <= now.wall) {
            return Err(past(id));
        }
        let before = self.with_other_direction(id)?;
        let put: Vec<Entry> = before.iter().map(|entry| Entry { expires: at, ..entry.clone() }).collect();
        if put == before {
            return Ok(Accepted::Done);
        }
        let detail = format!("by user: {} in the place of {}", told(&put), told(&before));
        self.change_policy(now, put, Vec::new(), false, Told { kind: "expiry", subject: id.to_string(), detail })
            .map(Accepted::Storing)
    }

    /// Removes an entry together with its other direction, as they were registered: one alone would rule half a call.
    pub(super) fn remove_policy(&mut self, now: Now, id: EntryId) -> Result<EffectId, Failure> {
        let before = self.with_other_direction(id)?;
        let gone = before.iter().map(|entry| entry.id).collect();
        let detail = told(&before);
        self.change_policy(now, Vec::new(), gone, false, Told { kind: "removed", subject: id.to_string(), detail })
    }

    /// Forgets the default that was set: that of the configuration is in force again.
    pub(super) fn remove_default(&mut self, now: Now) -> Result<EffectId, Failure> {
        let set = self.book.default_entries().iter().filter(|entry| entry.id != EntryId(0));
        let set: Vec<Entry> = set.cloned().collect();
        if set.is_empty() {
            return Err(no_default());
        }
        let gone = set.iter().map(|entry| entry.id).collect();
        let told = Told { kind: "removed", subject: "the default policy".to_owned(), detail: told(&set) };
        self.change_policy(now, Vec::new(), gone, true, told)
    }

    /// Brings back the state before a change: a change of its own.
    pub(super) fn restore_policy(&mut self, now: Now, what: Restoring) -> Result<EffectId, Failure> {
        if what.generation != self.book.generation() {
            return Err(stale(what.change));
        }
        let put = if what.put.is_empty() { "nothing".to_owned() } else { told(&what.put) };
        let gone: Vec<String> = what.gone.iter().take(TOLD).map(EntryId::to_string).collect();
        let gone = if gone.is_empty() { "nothing".to_owned() } else { gone.join(" ") };
        let detail = format!("by user: change {} is taken back: {put} is back, {gone} is gone", what.change);
        let told = Told { kind: "undone", subject: format!("change {}", what.change), detail };
        self.change_policy(now, what.put, what.gone, what.default, told)
    }

    pub(super) fn change_policy(
        &mut self,
        now: Now,
        put: Vec<Entry>,
        gone: Vec<EntryId>,
        default: bool,
        told: Told,
    ) -> Result<EffectId, Failure> {
        if !default {
            self.refuse_disagreed(now.wall, &gone, &put)?;
        }
        let generation = self.book.generation();
        let put = match put.is_empty() {
            true => None,
            false => Some(Approved::changed(put, generation).map_err(|why| why.failure(&told.subject))?),
        };
        let Told { kind, subject, detail } = told;
        let audit = AuditRow { at: now.wall, kind, subject, detail };
        let id = self.expect(Waiting::Change { default, gone: gone.clone() });
        self.effect(Effect::Store { id, op: StoreOp::ChangePolicy { put, gone, default, generation, audit } });
        Ok(id)
    }

    /// The entry, and behind it its other direction when it has one; out first.
    pub(super) fn with_other_direction(&self, id: EntryId) -> Result<Vec<Entry>, Failure> {
        let spd = self.book.spd();
        if spd.default_entries().any(|entry| entry.id == id) {
            return Err(is_default(id));
        }
        let Some(known) = spd.entry(id) else { return Err(no_such_entry(id)) };
        let other = spd.other_direction_of(known);
        let mut both: Vec<Entry> = std::iter::once(known).chain(other).cloned().collect();
        both.sort_by_key(|entry| entry.direction == Direction::In);
        Ok(both)
    }
}

/// Most entries that an audit row names.
const TOLD: usize = 20;

/// Entries in setkey's form, for an audit row.
pub(super) fn told(entries: &[Entry]) -> String {
    let mut lines: Vec<String> = entries.iter().take(TOLD).map(Entry::to_setkey).collect();
    if let Some(more) = entries.len().checked_sub(TOLD).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join(" ")
}

fn no_such_entry(entry: EntryId) -> Failure {
    let message = format!("there is no entry {entry}");
    let next = "see `sottovoce policy list`; the default is changed with `sottovoce policy default`";
    Failure::new(FailureKind::Usage, "no-such-entry", message, entry.to_string(), next)
}

fn is_default(entry: EntryId) -> Failure {
    let message = format!("{entry} belongs to the default for everybody else, which always exists");
    let next = "it cannot be removed, disabled or given an end; `sottovoce policy default` changes it";
    Failure::new(FailureKind::Usage, "the-default", message, entry.to_string(), next)
}

fn no_default() -> Failure {
    let message = "the default in force is that of the configuration, and cannot be removed: there always is one";
    let next = "change it with `sottovoce policy default`, or in the configuration";
    Failure::new(FailureKind::Usage, "the-default", message, "default", next)
}

fn past(entry: EntryId) -> Failure {
    let message = format!("{entry} cannot end in the past");
    let next = "`sottovoce policy disable` takes it out of force at once";
    Failure::new(FailureKind::Usage, "bad-expiry", message, entry.to_string(), next)
}

fn stale(change: u64) -> Failure {
    let message =
        format!("the policy database changed while change {change} was to be taken back; nothing was changed");
    let next = "look at `sottovoce policy history`, and try again";
    Failure::new(FailureKind::Failed, "policy-stale", message, change.to_string(), next)
}
