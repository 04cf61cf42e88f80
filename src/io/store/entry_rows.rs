//! The policy database (FIG. 7): one row an entry, one row a rule.

use rusqlite::{params, Connection, Transaction};

use super::columns::{self, Columns};
use super::failures;
use crate::policy::{Action, Entry, Keying, Origin, PeerScope, PlaceCondition, Rule, Scope, Selector, Suite};
use crate::vocab::{Device, Entity, EntryId, Failure, Generation};

/// An entry, and with which others it was approved.
pub struct Row {
    pub entry: Entry,
    pub generation: Generation,
    pub is_default: bool,
}

/// Writes one entry and gives it its number.
pub fn insert(
    step: &Transaction<'_>,
    entry: &Entry,
    generation: Generation,
    is_default: bool,
) -> rusqlite::Result<Entry> {
    let Entry { selector, peer, place, .. } = entry;
    step.prepare_cached(INSERT_ENTRY)?.execute(params![
        columns::signed(generation.0),
        is_default,
        selector.source.to_string(),
        selector.source_ports.to_string(),
        selector.destination.to_string(),
        selector.destination_ports.to_string(),
        selector.upper.to_string(),
        entry.direction.to_string(),
        action_name(&entry.action),
        suite_names(&entry.suites),
        entry.tfc,
        entry.priority,
        peer.entity.as_ref().map(Entity::as_str),
        peer.device.as_ref().map(Device::as_str),
        peer.group,
        place.map(|place| place.ours.name()),
        place.map(|place| place.theirs.name()),
        entry.expires.map(|at| columns::signed(at.0)),
        entry.origin.name(),
        entry.note,
        columns::signed(entry.created.0),
    ])?;
    let id = step.last_insert_rowid();
    insert_rules(step, id, entry.action.rules())?;
    Ok(Entry { id: EntryId(id.unsigned_abs()), ..entry.clone() })
}

/// Every entry, in the order in which they were approved.
pub fn all(database: &Connection) -> Result<Vec<Row>, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let mut query = database.prepare("SELECT * FROM policy_entry ORDER BY id").map_err(unread)?;
    let mut rows = query.query([]).map_err(unread)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(unread)? {
        entries.push(read(database, &Columns { table: "policy_entry", row })?);
    }
    Ok(entries)
}

const INSERT_ENTRY: &str = "INSERT INTO policy_entry (generation, is_default, source_address, source_port, \
    destination_address, destination_port, upper_protocol, direction, action, suites, tfc, keying, priority, peer_entity, \
    peer_device, peer_group, place_ours, place_theirs, expires, origin, note, created) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'agreement', ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";

fn insert_rules(step: &Transaction<'_>, entry: i64, rules: &[Rule]) -> rusqlite::Result<()> {
    let mut insert = step.prepare_cached("INSERT INTO policy_rule VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (position, rule) in rules.iter().enumerate() {
        let (mode, source, destination) = match rule.mode {
            crate::policy::Mode::Transport => ("transport", None, None),
            crate::policy::Mode::Tunnel { source, destination } => ("tunnel", Some(source), Some(destination)),
        };
        insert.execute(params![
            entry,
            position as i64,
            rule.protocol.to_string(),
            mode,
            source.map(|end| end.to_string()),
            destination.map(|end| end.to_string()),
            rule.level.to_string(),
        ])?;
    }
    Ok(())
}

fn read(database: &Connection, row: &Columns<'_>) -> Result<Row, Failure> {
    let id: i64 = row.value("id")?;
    let entry = Entry {
        id: EntryId(id.unsigned_abs()),
        selector: read_selector(row)?,
        direction: row.word("direction", columns::direction)?,
        action: read_action(database, row, id)?,
        suites: row.word("suites", read_suites)?,
        tfc: row.value("tfc")?,
        keying: Keying::Agreement,
        priority: row.value("priority")?,
        peer: read_scope(row)?,
        place: read_place(row)?,
        expires: row.value::<Option<i64>>("expires")?.map(|_| row.time("expires")).transpose()?,
        origin: row.word("origin", Origin::from_name)?,
        note: row.value("note")?,
        created: row.time("created")?,
    };
    Ok(Row { entry, generation: Generation(row.number("generation")?), is_default: row.value("is_default")? })
}

fn read_selector(row: &Columns<'_>) -> Result<Selector, Failure> {
    Ok(Selector {
        source: row.word("source_address", columns::prefix)?,
        source_ports: row.word("source_port", columns::ports)?,
        destination: row.word("destination_address", columns::prefix)?,
        destination_ports: row.word("destination_port", columns::ports)?,
        upper: row.word("upper_protocol", columns::upper)?,
    })
}

/// An `ipsec` without rules, or another action with some, would protect less than was approved: damage.
fn read_action(database: &Connection, row: &Columns<'_>, id: i64) -> Result<Action, Failure> {
    let rules = read_rules(database, id)?;
    match (row.value::<String>("action")?.as_str(), rules.is_empty()) {
        ("discard", true) => Ok(Action::Discard),
        ("none", true) => Ok(Action::None),
        ("ipsec", false) => Ok(Action::Ipsec(rules)),
        _ => Err(row.unreadable("action")),
    }
}

fn read_rules(database: &Connection, entry: i64) -> Result<Vec<Rule>, Failure> {
    let unread = |error: rusqlite::Error| failures::sqlite("be read", &error);
    let mut query =
        database.prepare_cached("SELECT * FROM policy_rule WHERE entry = ?1 ORDER BY position").map_err(unread)?;
    let mut rows = query.query([entry]).map_err(unread)?;
    let mut rules = Vec::new();
    while let Some(row) = rows.next().map_err(unread)? {
        rules.push(Columns { table: "policy_rule", row }.rule()?);
    }
    Ok(rules)
}

fn read_scope(row: &Columns<'_>) -> Result<PeerScope, Failure> {
    Ok(PeerScope {
        entity: row.optional("peer_entity", |text| Entity::parse(text).ok())?,
        device: row.optional("peer_device", Device::new)?,
        group: row.value("peer_group")?,
    })
}

fn read_place(row: &Columns<'_>) -> Result<Option<PlaceCondition>, Failure> {
    let ours = row.optional("place_ours", Scope::from_name)?;
    let theirs = row.optional("place_theirs", Scope::from_name)?;
    Ok(ours.zip(theirs).map(|(ours, theirs)| PlaceCondition { ours, theirs }))
}

fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Discard => "discard",
        Action::Ipsec(_) => "ipsec",
        Action::None => "none",
    }
}

fn suite_names(suites: &[Suite]) -> String {
    suites.iter().map(|suite| suite.name()).collect::<Vec<_>>().join(",")
}

fn read_suites(text: &str) -> Option<Vec<Suite>> {
    text.split(',').filter(|name| !name.is_empty()).map(Suite::from_name).collect()
}
