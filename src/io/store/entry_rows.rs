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

/// Writes one entry, under its number or with a new one.
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
        (entry.id != EntryId(0)).then(|| columns::signed(entry.id.0)),
        entry.disabled,
    ])?;
    let id = step.last_insert_rowid();
    insert_rules(step, id, entry.action.rules())?;
    Ok(Entry { id: EntryId(id.unsigned_abs()), ..entry.clone() })
}

/// Every entry, in the order in which they were approved.
pub fn all(database: &Connection) -> Result<Vec<Row>, Failure> {
    let mut query = database.prepare("SELECT * FROM policy_entry ORDER BY id").map_err(unread)?;
    let mut rules = database.prepare("SELECT * FROM policy_rule ORDER BY entry, position").map_err(unread)?;
    let (names, names_of_rules) = (columns::names(&query), columns::names(&rules));
    let mut rules = Rules { rows: rules.query([]).map_err(unread)?, names: names_of_rules, next: None };
    let mut rows = query.query([]).map_err(unread)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(unread)? {
        let row = Columns { table: "policy_entry", row, names: &names };
        entries.push(read(&row, rules.of(row.value("id")?)?)?);
    }
    Ok(entries)
}

/// The entry with this number, if there is one.
pub fn one(database: &Connection, id: EntryId) -> Result<Option<Entry>, Failure> {
    Ok(some(database, "SELECT * FROM policy_entry WHERE id = ?1", [columns::signed(id.0)])?.pop())
}

/// The entries that `select` finds.
pub fn some(database: &Connection, select: &str, params: impl rusqlite::Params) -> Result<Vec<Entry>, Failure> {
    let mut query = database.prepare_cached(select).map_err(unread)?;
    let mut rows = query.query(params).map_err(unread)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(unread)? {
        let row = Columns { table: "policy_entry", row, names: &[] };
        entries.push(read(&row, read_rules(database, row.value("id")?)?)?.entry);
    }
    Ok(entries)
}

/// The rules of all entries, in the order of these: one question for all takes less than one for each.
struct Rules<'a> {
    rows: rusqlite::Rows<'a>,
    names: Vec<String>,
    next: Option<(i64, Rule)>,
}

impl Rules<'_> {
    fn of(&mut self, entry: i64) -> Result<Vec<Rule>, Failure> {
        let mut rules = Vec::new();
        loop {
            match self.next.take() {
                Some((of, rule)) if of == entry => rules.push(rule),
                Some(later) if later.0 > entry => {
                    self.next = Some(later);
                    return Ok(rules);
                }
                _ => {}
            }
            match self.rows.next().map_err(unread)? {
                Some(row) => {
                    let row = Columns { table: "policy_rule", row, names: &self.names };
                    self.next = Some((row.value("entry")?, row.rule()?));
                }
                None => return Ok(rules),
            }
        }
    }
}

fn unread(error: rusqlite::Error) -> Failure {
    failures::sqlite("be read", &error)
}

const INSERT_ENTRY: &str = "INSERT INTO policy_entry (generation, is_default, source_address, source_port, \
    destination_address, destination_port, upper_protocol, direction, action, suites, tfc, keying, priority, peer_entity, \
    peer_device, peer_group, place_ours, place_theirs, expires, origin, note, created, id, disabled) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'agreement', ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";

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

fn read(row: &Columns<'_>, rules: Vec<Rule>) -> Result<Row, Failure> {
    let id: i64 = row.value("id")?;
    let entry = Entry {
        id: EntryId(id.unsigned_abs()),
        selector: read_selector(row)?,
        direction: row.word("direction", columns::direction)?,
        action: read_action(row, rules)?,
        suites: row.word("suites", read_suites)?,
        tfc: row.value("tfc")?,
        keying: Keying::Agreement,
        priority: row.value("priority")?,
        peer: read_scope(row)?,
        place: read_place(row)?,
        disabled: row.value("disabled")?,
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
fn read_action(row: &Columns<'_>, rules: Vec<Rule>) -> Result<Action, Failure> {
    match (row.value::<String>("action")?.as_str(), rules.is_empty()) {
        ("discard", true) => Ok(Action::Discard),
        ("none", true) => Ok(Action::None),
        ("ipsec", false) => Ok(Action::Ipsec(rules)),
        _ => Err(row.unreadable("action")),
    }
}

fn read_rules(database: &Connection, entry: i64) -> Result<Vec<Rule>, Failure> {
    let mut query =
        database.prepare_cached("SELECT * FROM policy_rule WHERE entry = ?1 ORDER BY position").map_err(unread)?;
    let mut rows = query.query([entry]).map_err(unread)?;
    let mut rules = Vec::new();
    while let Some(row) = rows.next().map_err(unread)? {
        rules.push(Columns { table: "policy_rule", row, names: &[] }.rule()?);
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
