//! What user interfaces read of the audit table, newest first.

use rusqlite::Connection;

use super::columns::Columns;
use super::failures;
use crate::vocab::{Failure, Generation, Wall};

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

pub fn audit(database: &Connection, limit: u32, before: Option<u64>) -> Result<Vec<AuditEntry>, Failure> {
    let before = before.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let select = "SELECT * FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let mut query = database.prepare_cached(select).map_err(unread)?;
    let mut found = query.query([before, i64::from(limit.min(LIMIT))]).map_err(unread)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(unread)? {
        rows.push(entry(&Columns { table: "audit", row, names: &[] })?);
    }
    Ok(rows)
}

fn entry(row: &Columns<'_>) -> Result<AuditEntry, Failure> {
    Ok(AuditEntry {
        number: row.number("number")?,
        at: row.time("at")?,
        kind: row.value("kind")?,
        subject: row.value("subject")?,
        detail: row.value("detail")?,
        generation: Generation(row.number("generation")?),
    })
}
