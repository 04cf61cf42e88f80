//! Contacts, groups, and what the user answered about watchers.

use std::collections::BTreeMap;

use rusqlite::{params, Connection, Transaction};

use super::columns::{signed, Columns};
use super::load::rows;
use super::statement::run;
use crate::agent::{ContactGroup, SavedContact, WatcherRule};
use crate::policy::{setkey, Action, Permission, Relation};
use crate::vocab::{Entity, Failure};

/// In the place of the one of `before`.
pub fn keep(step: &Transaction<'_>, contact: &SavedContact, before: Option<&Entity>) -> rusqlite::Result<()> {
    remove(step, before.unwrap_or(&contact.entity))?;
    let insert = "INSERT INTO contact VALUES (?1, ?2, ?3, ?4, ?5)";
    let entity = contact.entity.as_str();
    run(step, insert, params![entity, contact.name, contact.group, contact.note, signed(contact.since.0)])?;
    for address in &contact.addresses {
        run(step, "INSERT INTO contact_address (entity, address) VALUES (?1, ?2)", [entity, address])?;
    }
    Ok(())
}

pub fn remove(step: &Transaction<'_>, entity: &Entity) -> rusqlite::Result<()> {
    run(step, "DELETE FROM contact WHERE entity = ?1", [entity.as_str()]).map(drop)
}

pub fn keep_group(step: &Transaction<'_>, group: &ContactGroup) -> rusqlite::Result<()> {
    let replace = "INSERT OR REPLACE INTO contact_group VALUES (?1, ?2, ?3, ?4, ?5)";
    let approve = group.approve.as_ref().map(Action::to_string);
    run(step, replace, params![group.name, group.relation.name(), group.watchers.name(), approve, group.rings])
        .map(drop)
}

pub fn remove_group(step: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    run(step, "DELETE FROM contact_group WHERE name = ?1", [name]).map(drop)
}

pub fn keep_rule(step: &Transaction<'_>, rule: &WatcherRule) -> rusqlite::Result<()> {
    let replace = "INSERT OR REPLACE INTO watcher_rule VALUES (?1, ?2, ?3, ?4)";
    let row = params![rule.watcher, rule.entity.as_str(), rule.permission.name(), signed(rule.since.0)];
    run(step, replace, row).map(drop)
}

pub fn forget_rule(step: &Transaction<'_>, watcher: &str) -> rusqlite::Result<()> {
    run(step, "DELETE FROM watcher_rule WHERE watcher = ?1", [watcher]).map(drop)
}

pub fn load(database: &Connection) -> Result<Vec<SavedContact>, Failure> {
    let mut addresses: BTreeMap<Entity, Vec<String>> = BTreeMap::new();
    for (entity, address) in
        rows(database, "contact_address", "number", |row| Ok((row.entity()?, row.value::<String>("address")?)))?
    {
        addresses.entry(entity).or_default().push(address);
    }
    rows(database, "contact", "entity", |row| {
        let entity = row.entity()?;
        Ok(SavedContact {
            name: row.value("name")?,
            addresses: addresses.get(&entity).cloned().unwrap_or_default(),
            entity,
            group: row.value("contact_group")?,
            note: row.value("note")?,
            since: row.time("since")?,
        })
    })
}

pub fn load_groups(database: &Connection) -> Result<Vec<ContactGroup>, Failure> {
    rows(database, "contact_group", "name", |row| {
        let approve = match row.value::<Option<String>>("approve")? {
            None => None,
            Some(text) => Some(setkey::parse_action(&text).map_err(|_| row.unreadable("approve"))?),
        };
        Ok(ContactGroup {
            name: row.value("name")?,
            relation: row.word("relation", Relation::from_name)?,
            watchers: row.word("watchers", Permission::from_name)?,
            approve,
            rings: row.value("rings")?,
        })
    })
}

pub fn load_rules(database: &Connection) -> Result<Vec<WatcherRule>, Failure> {
    rows(database, "watcher_rule", "watcher", |row: &Columns<'_>| {
        Ok(WatcherRule {
            watcher: row.value("watcher")?,
            entity: row.entity()?,
            permission: row.word("permission", Permission::from_name)?,
            since: row.time("since")?,
        })
    })
}
