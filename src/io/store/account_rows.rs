//! The accounts that the user added.

use std::time::Duration;

use rusqlite::{params, Connection, Transaction};

use super::columns::{signed, Columns};
use super::load;
use super::statement::run;
use crate::agent::{AccountConfig, AddedAccount, Hop};
use crate::vocab::{Entity, Failure};

pub fn add(step: &Transaction<'_>, account: &AddedAccount) -> rusqlite::Result<()> {
    let AddedAccount { config, sealed } = account;
    let insert =
        "INSERT INTO account (entity, proxy, user, realm, expires, publish, phone_context, password, watchers, \
        beside, mailbox) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let row = params![
        config.entity.as_str(),
        config.proxy.to_string(),
        config.user,
        config.realm,
        signed(config.expires.as_secs()),
        config.publish,
        config.phone_context,
        sealed,
        config.watchers,
        config.beside.as_ref().map(ToString::to_string),
        config.mailbox,
    ];
    run(step, insert, row).map(drop)
}

pub fn remove(step: &Transaction<'_>, entity: &Entity) -> rusqlite::Result<()> {
    run(step, "DELETE FROM account WHERE entity = ?1", [entity.as_str()]).map(drop)
}

pub fn load(database: &Connection) -> Result<Vec<AddedAccount>, Failure> {
    load::rows(database, "account", "number", account)
}

fn account(row: &Columns<'_>) -> Result<AddedAccount, Failure> {
    let beside = match row.value::<Option<String>>("beside")? {
        None => None,
        Some(text) => Some(Hop::parse(&text).ok_or_else(|| row.unreadable("beside"))?),
    };
    let config = AccountConfig {
        user: row.value("user")?,
        realm: row.value("realm")?,
        expires: Duration::from_secs(row.number("expires")?),
        publish: row.value("publish")?,
        watchers: row.value("watchers")?,
        mailbox: row.value("mailbox")?,
        phone_context: row.value("phone_context")?,
        ..AccountConfig::new(row.entity()?, Some(row.word("proxy", Hop::parse)?)).with_beside(beside)
    };
    Ok(AddedAccount { config, sealed: row.value("password")? })
}
