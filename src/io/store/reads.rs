//! What user interfaces read of the store: audit and history, newest first.

use std::collections::BTreeMap;

use rusqlite::{params, Connection};

use super::columns::{signed, Columns};
use super::failures;
use crate::vocab::{CallId, Failure, Generation, Wall};

/// Rows that one question may ask for.
const LIMIT: u32 = 1000;

/// One row of the append-only audit table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Grows by one a row.
    pub number: u64,
    pub at: Wall,
    pub kind: String,
    pub subject: String,
    pub detail: String,
    /// The generation in force after what the row tells of.
    pub generation: Generation,
}

/// One row of the call history, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    pub call: CallId,
    pub peer: String,
    pub outgoing: bool,
    pub started: Wall,
    pub ended: Wall,
    pub outcome: String,
    pub action: String,
    pub bundle: String,
    pub suite: Option<String>,
    /// Packets.
    pub sent: u64,
    /// Packets.
    pub received: u64,
    /// Packets by reason.
    pub dropped: BTreeMap<String, u64>,
}

pub fn audit(database: &Connection, limit: u32, before: Option<u64>) -> Result<Vec<AuditEntry>, Failure> {
    let before = before.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let select = "SELECT * FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    list(database, "audit", select, [before, i64::from(limit.min(LIMIT))], |row| {
        Ok(AuditEntry {
            number: row.number("number")?,
            at: row.time("at")?,
            kind: row.value("kind")?,
            subject: row.value("subject")?,
            detail: row.value("detail")?,
            generation: Generation(row.number("generation")?),
        })
    })
}

pub fn history(database: &Connection, limit: u32) -> Result<Vec<HistoryEntry>, Failure> {
    let select = "SELECT * FROM call_history WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    list(database, "call_history", select, [i64::MAX, i64::from(limit.min(LIMIT))], |row| {
        Ok(HistoryEntry {
            call: CallId(row.number("call")?),
            peer: row.value("peer")?,
            outgoing: row.value("outgoing")?,
            started: row.time("started")?,
            ended: row.time("ended")?,
            outcome: row.value("outcome")?,
            action: row.value("action")?,
            bundle: row.value("bundle")?,
            suite: row.value("suite")?,
            sent: row.number("sent")?,
            received: row.number("received")?,
            dropped: dropped(database, row.number("number")?)?,
        })
    })
}

fn dropped(database: &Connection, history: u64) -> Result<BTreeMap<String, u64>, Failure> {
    let select = "SELECT * FROM call_dropped WHERE history = ?1 LIMIT ?2";
    let rows = list(database, "call_dropped", select, [signed(history), i64::from(LIMIT)], |row| {
        Ok((row.value("reason")?, row.number("packets")?))
    })?;
    Ok(rows.into_iter().collect())
}

fn list<T>(
    database: &Connection,
    table: &'static str,
    select: &str,
    [first, second]: [i64; 2],
    read: impl Fn(&Columns<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let mut query = database.prepare_cached(select).map_err(unread)?;
    let mut found = query.query(params![first, second]).map_err(unread)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(unread)? {
        rows.push(read(&Columns { table, row, names: &[] })?);
    }
    Ok(rows)
}
