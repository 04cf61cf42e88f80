//! The history of the policy database, and what brings back the state before a change.

use rusqlite::{params, Connection, OptionalExtension};

use super::columns::{signed, Columns};
use super::{entry_rows, failures, load};
use crate::agent::Restoring;
use crate::policy::{setkey, Entry};
use crate::vocab::{EntryId, Failure, FailureKind, Generation, Wall};

/// Changes that one question may ask for, and entries that are shown of each.
const LIMIT: u32 = 1000;
const SHOWN: u64 = 20;

/// One change of the policy database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeEntry {
    /// Of its audit row.
    pub number: u64,
    pub at: Wall,
    pub kind: String,
    pub subject: String,
    pub detail: String,
    pub generation: Generation,
    pub default: bool,
    pub entries: Vec<Changed>,
    /// So many entries more were changed.
    pub more: u64,
}

/// One entry in setkey's form; `None`: it was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub id: EntryId,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// One row: numbers that came new together, or one entry that was changed or taken away.
struct Row {
    first: u64,
    last: u64,
    default: bool,
    before: Option<String>,
    after: Option<String>,
}

/// The newest changes first; with `entry`, those that touched it.
pub fn changes(database: &Connection, limit: u32, entry: Option<EntryId>) -> Result<Vec<ChangeEntry>, Failure> {
    let select = "SELECT * FROM audit WHERE number IN (SELECT audit FROM policy_change \
        WHERE ?1 = 0 OR (entry <= ?1 AND last >= ?1)) ORDER BY number DESC LIMIT ?2";
    let mut query = database.prepare_cached(select).map_err(unread)?;
    let mut found =
        query.query(params![signed(entry.map_or(0, |entry| entry.0)), i64::from(limit.min(LIMIT))]).map_err(unread)?;
    let mut changes = Vec::new();
    while let Some(row) = found.next().map_err(unread)? {
        let row = Columns { table: "audit", row, names: &[] };
        let number = row.number("number")?;
        let (default, entries, more) = shown(database, number)?;
        changes.push(ChangeEntry {
            number,
            at: row.time("at")?,
            kind: row.value("kind")?,
            subject: row.value("subject")?,
            detail: row.value("detail")?,
            generation: Generation(row.number("generation")?),
            default,
            entries,
            more,
        });
    }
    Ok(changes)
}

/// What brings back the state before change `number`, or before the last one. Refused when an entry that it touched is
/// no longer as it left it.
pub fn restoring(database: &Connection, number: Option<u64>) -> Result<Restoring, Failure> {
    let last = "SELECT max(audit) FROM policy_change WHERE ?1 IS NULL OR audit = ?1";
    let found: Option<i64> =
        database.query_row(last, [number.map(signed)], |row| row.get(0)).optional().map_err(unread)?.flatten();
    let number = found.map(i64::unsigned_abs).ok_or_else(|| no_change(number))?;
    let (mut put, mut gone, mut default) = (Vec::new(), Vec::new(), false);
    for row in rows(database, number)? {
        default = row.default;
        for id in row.first..=row.last {
            let id = EntryId(id);
            let now = entry_rows::one(database, id)?.map(|entry| entry.to_setkey());
            if now != state_after(database, number, id, row.after.clone(), row.before.is_some())? {
                return Err(touched(database, number, id));
            }
            match &row.before {
                Some(text) => put.push(read(text, number)?),
                None => gone.push(id),
            }
        }
    }
    Ok(Restoring {
        change: number,
        generation: Generation(load::meta_number(database, "generation")?),
        default,
        put,
        gone,
    })
}

fn shown(database: &Connection, number: u64) -> Result<(bool, Vec<Changed>, u64), Failure> {
    let (mut entries, mut more, mut default) = (Vec::new(), 0, false);
    for row in rows(database, number)? {
        default = row.default;
        for id in row.first..=row.last {
            if entries.len() as u64 >= SHOWN {
                more += row.last - id + 1;
                break;
            }
            let id = EntryId(id);
            let after = state_after(database, number, id, row.after.clone(), row.before.is_some())?;
            entries.push(Changed { id, before: row.before.clone(), after });
        }
    }
    Ok((default, entries, more))
}

fn rows(database: &Connection, number: u64) -> Result<Vec<Row>, Failure> {
    let select = "SELECT * FROM policy_change WHERE audit = ?1 ORDER BY entry";
    let mut query = database.prepare_cached(select).map_err(unread)?;
    let mut found = query.query([signed(number)]).map_err(unread)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(unread)? {
        let row = Columns { table: "policy_change", row, names: &[] };
        rows.push(Row {
            first: row.number("entry")?,
            last: row.number("last")?,
            default: row.value("is_default")?,
            before: row.value("before")?,
            after: row.value("after")?,
        });
    }
    Ok(rows)
}

/// How the change left the entry. What it says itself is taken; of one that came new it is what the next change found, or
/// what is there now.
fn state_after(
    database: &Connection,
    number: u64,
    id: EntryId,
    after: Option<String>,
    said: bool,
) -> Result<Option<String>, Failure> {
    if said {
        return Ok(after);
    }
    let next =
        "SELECT before FROM policy_change WHERE audit > ?1 AND entry <= ?2 AND last >= ?2 ORDER BY audit LIMIT 1";
    let next: Option<Option<String>> = database
        .prepare_cached(next)
        .and_then(|mut query| query.query_row([signed(number), signed(id.0)], |row| row.get(0)).optional())
        .map_err(unread)?;
    match next {
        Some(before) => Ok(before),
        None => Ok(entry_rows::one(database, id)?.map(|entry| entry.to_setkey())),
    }
}

fn read(text: &str, number: u64) -> Result<Entry, Failure> {
    let damaged = || failures::damaged(format!("policy_change.before of change {number}"));
    let mut entries = setkey::parse(text).map_err(|_| damaged())?;
    let entry = entries.pop().ok_or_else(damaged)?;
    if entries.is_empty() {
        Ok(entry)
    } else {
        Err(damaged())
    }
}

fn unread(error: rusqlite::Error) -> Failure {
    failures::sqlite("be read", &error)
}

fn no_change(number: Option<u64>) -> Failure {
    let (message, subject) = match number {
        Some(number) => {
            (format!("change {number} did not touch the policy database, or there is none"), number.to_string())
        }
        None => ("nothing was changed yet that could be taken back".to_owned(), "the policy database".to_owned()),
    };
    let next = "see `sottovoce policy history`; what an older sottovoce changed is in `sottovoce audit` only";
    Failure::new(FailureKind::Usage, "no-such-change", message, subject, next)
}

fn touched(database: &Connection, number: u64, id: EntryId) -> Failure {
    let newer = "SELECT max(audit) FROM policy_change WHERE audit > ?1 AND entry <= ?2 AND last >= ?2";
    let newer = database.query_row(newer, [signed(number), signed(id.0)], |row| row.get::<_, Option<i64>>(0));
    let by = newer.ok().flatten().map_or_else(|| "a newer change".to_owned(), |newer| format!("change {newer}"));
    Failure::new(
        FailureKind::Failed,
        "change-overtaken",
        format!("change {number} cannot be taken back: {by} touched {id} since; nothing was changed"),
        number.to_string(),
        "take the newer one back first, or edit the entry: see `sottovoce policy history`",
    )
}
