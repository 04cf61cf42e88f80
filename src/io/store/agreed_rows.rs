//! What was agreed on with each device last: what our user may take a tightening of his own back to.

use rusqlite::{params, Connection, Transaction};

use super::columns::Columns;
use super::load;
use super::statement::run;
use crate::agent::LastAgreed;
use crate::policy::{setkey, Entry};
use crate::vocab::{Device, Entity, Failure};

pub fn load(database: &Connection) -> Result<Vec<LastAgreed>, Failure> {
    load::rows(database, "agreed", "entity, device", agreed)
}

fn agreed(row: &Columns<'_>) -> Result<LastAgreed, Failure> {
    let text: String = row.value("entries")?;
    let entries = setkey::parse(&text).map_err(|_| row.unreadable("entries"))?;
    Ok(LastAgreed { entity: row.entity()?, device: row.device()?, entries })
}

/// In the place of what was agreed on with the same device before.
pub fn keep(step: &Transaction<'_>, entity: &Entity, device: &Device, entries: &[Entry]) -> rusqlite::Result<()> {
    let lines = entries.iter().map(Entry::to_setkey).collect::<Vec<_>>().join("\n");
    let replace = "INSERT OR REPLACE INTO agreed VALUES (?1, ?2, ?3)";
    run(step, replace, params![entity.as_str(), device.as_str(), lines]).map(drop)
}

/// Of every device of it: its keys were replaced.
pub fn forget_all_of(step: &Transaction<'_>, entity: &Entity) -> rusqlite::Result<()> {
    run(step, "DELETE FROM agreed WHERE entity = ?1", [entity.as_str()]).map(drop)
}
