//! The call history: what ended, newest first, and what the user has forgotten of it.

use std::collections::BTreeMap;

use rusqlite::{params, Connection, Params, Transaction};

use super::columns::{signed, Columns};
use super::failures;
use super::statement::run;
use crate::agent::{CallRecord, CallResult};
use crate::vocab::{CallId, Failure, Wall};

/// Rows that one question may ask for.
const LIMIT: u32 = 1000;

/// Calls of strangers that are remembered; the oldest give way, [`MORE`] at once.
pub const STRANGERS_CALLS_LIMIT: i64 = 1_000;

/// The same of all calls.
pub const CALLS_LIMIT: i64 = 10_000;

/// So many more may stand there meanwhile: looking for the oldest takes longer than writing one.
pub const MORE: i64 = 64;

/// Which calls are meant; without anything all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Those whose peer has this in its name, whatever its case.
    pub peer: Option<String>,
    pub outgoing: Option<bool>,
    pub result: Option<CallResult>,
    /// Those that began then or later.
    pub since: Option<Wall>,
    /// Those of lower numbers.
    pub before: Option<u64>,
}

/// One row of the call history, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Grows with each row.
    pub number: u64,
    pub call: CallId,
    pub peer: String,
    pub outgoing: bool,
    pub started: Wall,
    /// When it was picked up.
    pub answered: Option<Wall>,
    pub ended: Wall,
    pub result: CallResult,
    /// A missed call that the user does not know of yet is not.
    pub seen: bool,
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

/// With [`HistoryFilter::params`]. Of calls that run the history does not tell.
const MATCHES: &str = "(?1 IS NULL OR instr(lower(peer), ?1) > 0) AND (?2 IS NULL OR outgoing = ?2) \
    AND (?3 IS NULL OR result = ?3) AND (?4 IS NULL OR started >= ?4) AND (?5 IS NULL OR number < ?5) AND ended > 0";

/// The newest first, at most `limit`.
pub fn history(database: &Connection, limit: u32, filter: &HistoryFilter) -> Result<Vec<HistoryEntry>, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let select = format!("SELECT * FROM call_history WHERE {MATCHES} ORDER BY number DESC LIMIT {}", limit.min(LIMIT));
    let mut query = database.prepare_cached(&select).map_err(unread)?;
    let mut found = query.query(filter.params()).map_err(unread)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(unread)? {
        rows.push(entry(database, &Columns { table: "call_history", row, names: &[] })?);
    }
    Ok(rows)
}

/// Missed calls that the user has not seen.
pub fn unseen(database: &Connection) -> Result<u64, Failure> {
    let count = "SELECT count(*) FROM call_history WHERE seen = 0";
    let count = database.query_row(count, [], |row| row.get::<_, i64>(0));
    count.map(i64::unsigned_abs).map_err(|error| failures::sqlite("be read", &error))
}

/// Up to this number the user has seen all.
pub fn see(database: &Connection, until: u64) -> Result<(), Failure> {
    let seen = "UPDATE call_history SET seen = 1 WHERE seen = 0 AND number <= ?1";
    let seen = database.execute(seen, [i64::try_from(until).unwrap_or(i64::MAX)]);
    seen.map(drop).map_err(|error| failures::sqlite("keep that missed calls were seen", &error))
}

/// How many were forgotten.
pub fn forget(database: &mut Connection, filter: &HistoryFilter) -> Result<u64, Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite("forget calls", &error);
    let step = database.transaction().map_err(failed)?;
    let forget = format!("DELETE FROM call_history WHERE {MATCHES}");
    let forgotten = run(&step, &forget, filter.params()).map_err(failed)?;
    step.commit().map_err(failed)?;
    Ok(forgotten as u64)
}

/// A call that runs has no end, whatever its record says.
pub fn begin(step: &Transaction<'_>, begun: &CallRecord) -> rusqlite::Result<()> {
    record(step, &CallRecord { ended: Wall::default(), ..begun.clone() })
}

/// Those that ran when the agent was killed, or the power failed: nobody knows how long they lasted. Once, at the start.
pub fn end_running(database: &Connection) -> Result<(), Failure> {
    let end = "UPDATE call_history SET ended = coalesce(answered, started), outcome = ?1 WHERE ended = 0";
    let ended =
        database.execute(end, ["the agent was killed, or the power failed, while it ran; how long is not known"]);
    ended.map(drop).map_err(|error| failures::sqlite("keep how calls ended", &error))
}

/// In the place of the row of the same call without an end.
pub fn record(step: &Transaction<'_>, record: &CallRecord) -> rusqlite::Result<()> {
    run(step, "DELETE FROM call_history WHERE ended = 0 AND call = ?1", [signed(record.call.0)])?;
    let insert =
        "INSERT INTO call_history (call, peer, outgoing, started, ended, outcome, action, bundle, suite, sent, \
        received, known, result, answered, seen) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    run(
        step,
        insert,
        params![
            signed(record.call.0),
            record.peer,
            record.outgoing,
            signed(record.started.0),
            signed(record.ended.0),
            record.outcome,
            record.action,
            record.bundle,
            record.suite,
            signed(record.counters.sent),
            signed(record.counters.received),
            record.known,
            record.result.name(),
            record.answered.map(|answered| signed(answered.0)),
            record.result != CallResult::Missed,
        ],
    )?;
    let number = step.last_insert_rowid();
    for (reason, packets) in &record.counters.dropped {
        run(step, "INSERT INTO call_dropped VALUES (?1, ?2, ?3)", params![number, reason, signed(*packets)])?;
    }
    Ok(())
}

/// When so many rows more make another [`MORE`] full, what is too much goes.
pub fn forget_old(step: &Transaction<'_>, more: i64) -> rusqlite::Result<()> {
    let last = "SELECT coalesce(max(number), 0) FROM call_history";
    let last: i64 = step.prepare_cached(last)?.query_row([], |row| row.get(0))?;
    if last / MORE == (last - more) / MORE {
        return Ok(());
    }
    let strangers = "DELETE FROM call_history WHERE known = 0 AND number <= \
        (SELECT number FROM call_history WHERE known = 0 ORDER BY number DESC LIMIT 1 OFFSET ?1)";
    run(step, strangers, [STRANGERS_CALLS_LIMIT])?;
    let all = "DELETE FROM call_history WHERE number <= \
        (SELECT number FROM call_history ORDER BY number DESC LIMIT 1 OFFSET ?1)";
    run(step, all, [CALLS_LIMIT]).map(drop)
}

impl HistoryFilter {
    fn params(&self) -> impl Params {
        (
            self.peer.as_ref().map(|peer| peer.to_ascii_lowercase()),
            self.outgoing,
            self.result.map(CallResult::name),
            self.since.map(|since| signed(since.0)),
            self.before.map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
        )
    }
}

fn entry(database: &Connection, row: &Columns<'_>) -> Result<HistoryEntry, Failure> {
    let answered: Option<i64> = row.value("answered")?;
    let number = row.number("number")?;
    Ok(HistoryEntry {
        number,
        call: CallId(row.number("call")?),
        peer: row.value("peer")?,
        outgoing: row.value("outgoing")?,
        started: row.time("started")?,
        answered: answered.map(|at| Wall(at.unsigned_abs())),
        ended: row.time("ended")?,
        result: row.word("result", CallResult::from_name)?,
        seen: row.value("seen")?,
        outcome: row.value("outcome")?,
        action: row.value("action")?,
        bundle: row.value("bundle")?,
        suite: row.value("suite")?,
        sent: row.number("sent")?,
        received: row.number("received")?,
        dropped: dropped(database, number)?,
    })
}

fn dropped(database: &Connection, history: u64) -> Result<BTreeMap<String, u64>, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let mut query =
        database.prepare_cached("SELECT reason, packets FROM call_dropped WHERE history = ?1").map_err(unread)?;
    let rows = query.query_map([signed(history)], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())));
    rows.and_then(Iterator::collect).map_err(unread)
}
