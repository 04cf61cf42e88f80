//! Proposals of ours that wait for the peer's user (PROTOCOL section 6).

use rusqlite::{params, Connection, Transaction};

use super::columns::{signed, Columns};
use super::load;
use super::statement::run;
use crate::agent::KeptProposal;
use crate::policy::{setkey, Aim, Answer, Content, Entry, Intent};
use crate::vocab::{Device, Entity, Failure};

pub fn load(database: &Connection) -> Result<Vec<KeptProposal>, Failure> {
    load::rows(database, "proposal", "entity, device", proposal)
}

fn proposal(row: &Columns<'_>) -> Result<KeptProposal, Failure> {
    let rules = row.optional("rules", |text| setkey::parse_action(text).ok())?.map(Answer::Rules);
    let entries = row.optional("entries", |text| setkey::parse(text).ok())?.map(Answer::Edit);
    Ok(KeptProposal {
        entity: row.entity()?,
        device: row.device()?,
        peer: row.value("peer")?,
        account: row.optional("account", |text| Entity::parse(text).ok())?,
        name: row.value("name")?,
        answer: rules.or(entries).ok_or_else(|| row.unreadable("rules"))?,
        note: row.value("note")?,
        intent: Intent {
            purpose: row.optional("purpose", Aim::from_name)?,
            content: row.optional("content", Content::from_name)?,
        },
        seen: row.value("seen")?,
        deadline: row.time("deadline")?,
    })
}

/// In the place of one to the same device.
pub fn keep(step: &Transaction<'_>, kept: &KeptProposal) -> rusqlite::Result<()> {
    let (rules, entries) = match &kept.answer {
        Answer::Rules(action) => (Some(action.to_string()), None),
        Answer::Edit(entries) => (None, Some(entries.iter().map(Entry::to_setkey).collect::<Vec<_>>().join("\n"))),
        Answer::Approve | Answer::Propose { .. } | Answer::Refuse => return Ok(()),
    };
    let insert = "INSERT OR REPLACE INTO proposal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values = params![
        kept.entity.as_str(),
        kept.device.as_str(),
        kept.peer,
        kept.account.as_ref().map(Entity::as_str),
        kept.name,
        rules,
        entries,
        kept.note,
        kept.intent.purpose.map(Aim::name),
        kept.intent.content.map(Content::name),
        kept.seen,
        signed(kept.deadline.0),
    ];
    run(step, insert, values).map(drop)
}

pub fn forget(step: &Transaction<'_>, entity: &Entity, device: &Device) -> rusqlite::Result<()> {
    let delete = "DELETE FROM proposal WHERE entity = ?1 AND device = ?2";
    run(step, delete, params![entity.as_str(), device.as_str()]).map(drop)
}
