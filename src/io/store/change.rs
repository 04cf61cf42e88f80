//! Changes of the policy database: what they took away and put there is kept beside their audit row.

use rusqlite::{params, Transaction};

use super::columns::signed;
use super::statement::run;
use super::{entry_rows, failures, load, ops};
use crate::agent::{AuditRow, Stored};
use crate::policy::{Approved, Entry};
use crate::vocab::{EntryId, Failure, FailureKind, Generation};

/// What is to be taken away and put there. `put` with a number takes the place of the entry that has it, or comes back.
pub struct Change<'a> {
    pub put: Option<&'a Approved>,
    pub gone: &'a [EntryId],
    pub default: bool,
    /// The one that it was decided against.
    pub generation: Generation,
}

pub fn change(step: &Transaction<'_>, what: &Change<'_>, row: &AuditRow) -> Result<Stored, Failure> {
    let current = Generation(load::meta_number(step, "generation")?);
    if current != what.generation {
        return Err(stale(what.generation, current));
    }
    let put = what.put.map_or(&[][..], Approved::entries);
    let mut before = Vec::new();
    for id in what.gone {
        before.push(entry_rows::one(step, *id)?.ok_or_else(|| no_entry(*id))?);
    }
    for entry in put.iter().filter(|entry| entry.id != EntryId(0)) {
        before.extend(entry_rows::one(step, entry.id)?);
    }
    let failed = |error: rusqlite::Error| failures::sqlite("change the policy database", &error);
    remove(step, &before).map_err(failed)?;
    let generation = ops::next_generation(step)?;
    let insert = |entry: &Entry| entry_rows::insert(step, entry, generation, what.default);
    let entries: Vec<Entry> = put.iter().map(insert).collect::<rusqlite::Result<_>>().map_err(failed)?;
    let number = ops::audit(step, row).map_err(failed)?;
    record(step, number, what.default, &before, &entries).map_err(failed)?;
    Ok(Stored::Registered { generation, entries })
}

/// Takes the entries away, whatever is to be said of it.
pub fn remove(step: &Transaction<'_>, entries: &[Entry]) -> rusqlite::Result<()> {
    for entry in entries {
        run(step, "DELETE FROM policy_entry WHERE id = ?1", [signed(entry.id.0)])?;
    }
    Ok(())
}

/// Keeps what was there before a change and what is there now. Numbers that came new one after the other share a row.
pub fn record(
    step: &Transaction<'_>,
    audit: i64,
    default: bool,
    before: &[Entry],
    after: &[Entry],
) -> rusqlite::Result<()> {
    let insert = |first: EntryId, last: EntryId, before: Option<String>, after: Option<String>| {
        let insert = "INSERT INTO policy_change VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        run(step, insert, params![audit, signed(first.0), signed(last.0), default, before, after])
    };
    let numbered = |all: &[Entry], id: EntryId| all.iter().find(|entry| entry.id == id).map(Entry::to_setkey);
    for entry in before {
        insert(entry.id, entry.id, Some(entry.to_setkey()), numbered(after, entry.id))?;
    }
    let known: std::collections::BTreeSet<EntryId> = before.iter().map(|entry| entry.id).collect();
    let mut new: Vec<EntryId> = after.iter().map(|entry| entry.id).filter(|id| !known.contains(id)).collect();
    new.sort_unstable();
    for together in new.chunk_by(|a, b| a.0 + 1 == b.0) {
        if let (Some(first), Some(last)) = (together.first(), together.last()) {
            insert(*first, *last, None, None)?;
        }
    }
    Ok(())
}

fn stale(then: Generation, now: Generation) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "policy-stale",
        format!("the policy database changed meanwhile: it was {then}, it is {now}; nothing was changed"),
        "the policy database",
        "look at `sottovoce policy history`, and try again",
    )
}

pub fn no_entry(entry: EntryId) -> Failure {
    let message = format!("there is no entry {entry} in the policy database");
    Failure::new(FailureKind::Usage, "no-such-entry", message, entry.to_string(), "see `sottovoce policy list`")
}
