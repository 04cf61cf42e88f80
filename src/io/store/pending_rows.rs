//! What our user agreed to and the peer has not used yet (PROTOCOL section 6).

use rusqlite::{params, Connection, Transaction};

use super::columns::{signed, Columns};
use super::statement::run;
use super::{agreed_rows, change, entry_rows, failures, load, ops, register};
use crate::agent::{AuditRow, Stored};
use crate::policy::{setkey, Approved, Entry, Origin, Pending, Terms};
use crate::vocab::{Device, Digest, Entity, Failure, FailureKind, Generation};

pub fn load(database: &Connection, generation: Generation) -> Result<Vec<Pending>, Failure> {
    load::rows(database, "pending", "entity, device", |row| pending(row, generation))
}

fn pending(row: &Columns<'_>, generation: Generation) -> Result<Pending, Failure> {
    let text: String = row.value("entries")?;
    let entries = setkey::parse(&text).map_err(|_| row.unreadable("entries"))?;
    let against: Vec<u8> = row.value("against")?;
    let terms = Terms {
        hash: row.octets("hash", Digest::from_slice)?,
        proposal: row.octets("proposal", Digest::from_slice)?,
        against: against.chunks(32).filter_map(Digest::from_slice).collect(),
        since: row.time("since")?,
    };
    let found = Pending::of(&Approved::restore(entries, Origin::Review, generation), terms);
    let whole =
        found.filter(|found| row.entity().ok().zip(row.device().ok()).is_some_and(|(e, d)| found.is_of(&e, &d)));
    whole.ok_or_else(|| row.unreadable("entries"))
}

/// In the place of what was agreed with the same device before. Nothing that was judged against other entries is kept.
pub fn keep(step: &Transaction<'_>, kept: &Pending, judged: Generation, row: &AuditRow) -> Result<Stored, Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite("keep what was agreed", &error);
    register::refuse_stale(step, judged)?;
    let terms = kept.terms();
    let against: Vec<u8> = terms.against.iter().flat_map(|digest| digest.0).collect();
    let lines = kept.entries().iter().map(Entry::to_setkey).collect::<Vec<_>>().join("\n");
    let insert = "INSERT OR REPLACE INTO pending VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![
        kept.entity().as_str(),
        kept.device().as_str(),
        terms.hash.0,
        terms.proposal.0,
        against,
        signed(terms.since.0),
        lines,
    ];
    run(step, insert, values).map_err(failed)?;
    let generation = ops::next_generation(step)?;
    ops::audit(step, row).map_err(failed)?;
    Ok(Stored::Pending { generation })
}

/// The peer uses it: in force, in the place of all that stands for the same device.
pub fn put_in_force(step: &Transaction<'_>, used: &Pending, row: &AuditRow) -> Result<Stored, Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite("put in force what was agreed", &error);
    let gone = "DELETE FROM pending WHERE entity = ?1 AND device = ?2 AND hash = ?3";
    let of = params![used.entity().as_str(), used.device().as_str(), used.terms().hash.0];
    if run(step, gone, of).map_err(failed)? == 0 {
        return Err(lapsed(used.entity()));
    }
    let replaced = register::entries_of(step, used.entity(), used.device())?;
    change::remove(step, &replaced).map_err(failed)?;
    let generation = ops::next_generation(step)?;
    let insert = |entry: &Entry| entry_rows::insert(step, entry, generation, false);
    let entries: Vec<Entry> = used.entries().iter().map(insert).collect::<rusqlite::Result<_>>().map_err(failed)?;
    agreed_rows::keep(step, used.entity(), used.device(), &entries).map_err(failed)?;
    let number = ops::audit(step, row).map_err(failed)?;
    change::record(step, number, false, &replaced, &entries).map_err(failed)?;
    Ok(Stored::Registered { generation, entries })
}

/// Packets are looked up by less from now on, and nothing else is.
pub fn forget(step: &Transaction<'_>, entity: &Entity, device: &Device) -> rusqlite::Result<()> {
    let delete = "DELETE FROM pending WHERE entity = ?1 AND device = ?2";
    run(step, delete, params![entity.as_str(), device.as_str()]).map(drop)
}

/// Of every device of it: its keys were replaced.
pub fn forget_all_of(step: &Transaction<'_>, entity: &Entity) -> rusqlite::Result<()> {
    run(step, "DELETE FROM pending WHERE entity = ?1", [entity.as_str()]).map(drop)
}

fn lapsed(entity: &Entity) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "agreement-lapsed",
        format!("what was agreed with {entity} is not there any more"),
        entity.as_str(),
        "what was in force stays in force; the peer may propose it again",
    )
}
