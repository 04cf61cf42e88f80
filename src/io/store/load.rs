//! What the database held when the agent starts. A row that cannot be read stops the start: enforcing the rest would
//! be enforcing by halves.

use rusqlite::{params, Connection, Row};

use super::columns::Columns;
use super::{
    account_rows, agreed_rows, contact_rows, entry_rows, failures, history_rows, pending_rows, proposal_rows, seen,
    sound_rows,
};
use crate::agent::{Given, Loaded, Pin, Watched};
use crate::policy::Approved;
use crate::presence::{Names, PresenceRecord, Vouch};
use crate::vocab::{
    AgreementKey, Device, Digest, Entity, Failure, Fingerprint, Generation, Nonce, SignatureBytes, VerifyKey, Wall,
};

pub fn load(database: &Connection) -> Result<Loaded, Failure> {
    let (own_user, own_place) = own(database)?;
    let mut loaded = Loaded {
        generation: Generation(meta_number(database, "generation")?),
        agreed: agreed_rows::load(database)?,
        presences: rows(database, "presence", "entity, device", presence)?,
        pins: rows(database, "pin", "entity, device", pin)?,
        given: rows(database, "given", "number", given)?,
        seen: seen::load(database)?,
        vouches: rows(database, "vouch", "entity", vouch)?,
        watches: rows(database, "watch", "peer", watched)?,
        accounts: account_rows::load(database)?,
        contacts: contact_rows::load(database)?,
        groups: contact_rows::load_groups(database)?,
        watcher_rules: contact_rows::load_rules(database)?,
        proposals: proposal_rows::load(database)?,
        own_user,
        own_place,
        do_not_disturb: Some(Wall(meta_number(database, "do-not-disturb")?)).filter(|until| until.0 > 0),
        sound: sound_rows::load(database)?,
        own_version: meta_number(database, "own-version")?,
        last_call: last_call(database)?,
        last_review: last_review(database)?,
        ..Loaded::default()
    };
    loaded.pending = pending_rows::load(database, loaded.generation)?;
    load_entries(database, &mut loaded)?;
    Ok(loaded)
}

/// This device's identifier: a random UUID (RFC 9562 section 5.4), made when the database is.
pub fn device(database: &mut Connection) -> Result<Device, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let fresh = random_uuid()?;
    database
        .execute("INSERT OR IGNORE INTO meta VALUES ('device', ?1)", [fresh])
        .map_err(|error| failures::sqlite("keep the device's name", &error))?;
    let text: String =
        database.query_row("SELECT value FROM meta WHERE name = 'device'", [], |row| row.get(0)).map_err(unread)?;
    Device::new(&text).ok_or_else(|| failures::damaged("meta.device"))
}

/// A number of the `meta` table.
pub fn meta_number(database: &Connection, name: &str) -> Result<u64, Failure> {
    let text: String = database
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")
        .and_then(|mut select| select.query_row(params![name], |row| row.get(0)))
        .map_err(|error| failures::sqlite("be read", &error))?;
    text.parse().map_err(|_| failures::damaged(format!("meta.{name}")))
}

/// Entries that were approved together come back together, in the order of their approval.
fn load_entries(database: &Connection, loaded: &mut Loaded) -> Result<(), Failure> {
    let mut all = entry_rows::all(database)?.into_iter().peekable();
    while let Some(first) = all.next() {
        let together = (first.generation, first.is_default);
        let (origin, mut entries) = (first.entry.origin, vec![first.entry]);
        while let Some(row) = all.next_if(|row| (row.generation, row.is_default) == together) {
            entries.push(row.entry);
        }
        match together {
            (generation, false) => loaded.entries.push(Approved::restore(entries, origin, generation)),
            // One that was edited in part has more than one generation.
            (generation, true) => {
                entries.splice(0..0, loaded.default.take().into_iter().flat_map(Approved::into_entries));
                loaded.default = Some(Approved::restore(entries, origin, generation));
            }
        }
    }
    Ok(())
}

pub fn rows<T>(
    database: &Connection,
    table: &'static str,
    order: &str,
    read: impl Fn(&Columns<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let mut query = database.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")).map_err(unread)?;
    let mut found = query.query([]).map_err(unread)?;
    let mut list = Vec::new();
    while let Some(row) = found.next().map_err(unread)? {
        list.push(read(&Columns { table, row, names: &[] })?);
    }
    Ok(list)
}

fn presence(row: &Columns<'_>) -> Result<PresenceRecord, Failure> {
    Ok(PresenceRecord {
        entity: row.entity()?,
        device: row.device()?,
        contact: row.peer_text("contact")?.unwrap_or_default(),
        address: row.optional("address", super::columns::address)?,
        observed: row.value("observed")?,
        user: row.peer_text("user")?,
        place: row.peer_text("place")?,
        environment: row.environment()?,
        time: row.time("time")?,
        version: row.number("version")?,
        expires: row.time("expires")?,
        names: Names { user: row.value("own_user")?, place: row.value("own_place")?, mail: row.value("own_mail")? },
    })
}

fn pin(row: &Columns<'_>) -> Result<Pin, Failure> {
    Ok(Pin {
        entity: row.entity()?,
        device: row.device()?,
        signing_key: row.octets("signing_key", VerifyKey::from_slice)?,
        agreement_key: row.octets("agreement_key", AgreementKey::from_slice)?,
        fingerprint: row.octets("fingerprint", Fingerprint::from_slice)?,
        since: row.time("since")?,
        verified: row.value("verified")?,
        last_version: row.number("last_version")?,
        last_published: row.number("last_published")?,
        statement: match row.value::<Option<Vec<u8>>>("statement")? {
            None => None,
            Some(octets) => Some(Digest::from_slice(&octets).ok_or_else(|| row.unreadable("statement"))?),
        },
    })
}

/// For which name of ours; `None` is the agent's own.
fn vouch(row: &Columns<'_>) -> Result<(Option<Entity>, Vouch), Failure> {
    let name = match row.value::<String>("entity")?.is_empty() {
        true => None,
        false => Some(row.entity()?),
    };
    let vouch = Vouch {
        key: row.octets("signing_key", VerifyKey::from_slice)?,
        signature: row.octets("signature", SignatureBytes::from_slice)?,
    };
    Ok((name, vouch))
}

fn watched(row: &Columns<'_>) -> Result<Watched, Failure> {
    Ok(Watched { peer: row.value("peer")?, since: row.time("since")? })
}

fn given(row: &Columns<'_>) -> Result<Given, Failure> {
    let nonce = match row.value::<Option<Vec<u8>>>("nonce")? {
        None => None,
        Some(octets) => Some(Nonce::from_slice(&octets).ok_or_else(|| row.unreadable("nonce"))?),
    };
    Ok(Given {
        watcher: row.value("watcher")?,
        version: row.number("version")?,
        hash: row.octets("hash", Digest::from_slice)?,
        expires: row.time("expires")?,
        nonce,
    })
}

fn own(database: &Connection) -> Result<(Option<String>, Option<String>), Failure> {
    let both = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = database.query_row("SELECT user, place FROM own", [], both);
    match found {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok((None, None)),
        other => other.map_err(|error| failures::sqlite("be read", &error)),
    }
}

fn last_call(database: &Connection) -> Result<u64, Failure> {
    history_rows::end_running(database)?;
    let highest = database.query_row("SELECT coalesce(max(call), 0) FROM call_history", [], |row| row.get::<_, i64>(0));
    highest.map(i64::unsigned_abs).map_err(|error| failures::sqlite("be read", &error))
}

/// The row comes with the first review.
fn last_review(database: &Connection) -> Result<u64, Failure> {
    let select = "SELECT coalesce(max(value), '0') FROM meta WHERE name = 'last-review'";
    let text: String =
        database.query_row(select, [], |row| row.get(0)).map_err(|error| failures::sqlite("be read", &error))?;
    text.parse().map_err(|_| failures::damaged("meta.last-review"))
}

fn random_uuid() -> Result<String, Failure> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(failures::no_randomness)?;
    let number = u128::from_be_bytes(octets) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let cuts = [0..8, 8..12, 12..16, 16..20, 20..32];
    Ok(cuts.map(|cut| hex[cut].to_owned()).join("-"))
}
