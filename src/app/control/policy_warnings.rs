//! What an entry of our own does, or does not, beside what was agreed on with a peer.

use std::collections::{BTreeMap, BTreeSet};

use super::brain::Known;
use crate::policy::{Action, Beside, Entry, Protocol};
use crate::vocab::{shell_word, Entity, EntryId, Wall};

/// Entries that are looked at, and warnings that are told.
const LOOKED_AT: usize = 100;
const TOLD: usize = 4;
/// Entries named in one of them.
const NAMED: usize = 6;

/// Of entries that are registered, one sentence for each peer that they concern.
pub(super) fn warnings(known: &dyn Known, added: &[Entry], now: Wall) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for pin in known.pins() {
        let peer = (&pin.entity, &pin.device);
        let mut found: BTreeMap<EntryId, (Beside, Vec<String>)> = BTreeMap::new();
        for entry in added.iter().take(LOOKED_AT) {
            let Some((beside, other)) = known.spd().beside(entry, peer, known.default_level(), now) else { continue };
            found.entry(other.id).or_insert_with(|| (beside, Vec::new())).1.push(entry.id.to_string());
        }
        for beside in [Beside::Before, Beside::Behind] {
            let of = || found.iter().filter(move |(_, (one, _))| *one == beside);
            let ids: Vec<String> = of().flat_map(|(_, (_, ids))| ids.clone()).collect();
            let others: Vec<String> = of().map(|(id, _)| id.to_string()).collect();
            if !ids.is_empty() {
                told.push(words(beside, &ids.join(", "), &others.join(", "), pin.entity.as_str()));
            }
        }
    }
    told.extend(overruled(known, added, now));
    let may_rule = |entry: &&Entry| known.spd().overruling(entry, now).is_none();
    let may_rule: Vec<&Entry> = added.iter().take(LOOKED_AT).filter(may_rule).collect();
    told.extend(unknown(known, &may_rule));
    let more = told.len().saturating_sub(TOLD);
    told.truncate(TOLD);
    if more > 0 {
        told.push(format!("and {more} more such peers"));
    }
    told
}

/// Commands of a file that would empty the database if they were obeyed.
pub(super) fn not_obeyed(commands: &BTreeSet<&'static str>) -> Option<String> {
    let which: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
    let which = which.join(" and ");
    (!commands.is_empty()).then(|| {
        format!(
            "{which} of the file: not obeyed; an import adds to the entries that are there, and takes none away \
             (`sottovoce policy list`, `sottovoce policy remove`)"
        )
    })
}

fn words(beside: Beside, ids: &str, others: &str, entity: &str) -> String {
    match beside {
        Beside::Before => format!(
            "{ids}: comes before what {entity} agreed to ({others}), and is looser: calls with it will be refused, or be \
             put to you again; `sottovoce policy undo` takes it back"
        ),
        Beside::Behind => format!(
            "{ids}: stands behind {others} in calls with {entity}: what you agreed on with it rules there; \
             `sottovoce policy edit` changes that"
        ),
    }
}

/// What is registered, and rules nothing as long as an entry before it stands.
fn overruled(known: &dyn Known, added: &[Entry], now: Wall) -> Option<String> {
    let over = |entry: &Entry| known.spd().overruling(entry, now).map(|(other, why)| (entry.id, other.id, why));
    let found: Vec<_> = added.iter().take(LOOKED_AT).filter_map(over).collect();
    let (_, first, why) = *found.first()?;
    let named = |ids: BTreeSet<EntryId>| {
        let more = ids.len().saturating_sub(NAMED);
        let ids: Vec<String> = ids.iter().take(NAMED).map(EntryId::to_string).collect();
        if more > 0 {
            format!("{} and {more} more", ids.join(", "))
        } else {
            ids.join(", ")
        }
    };
    let ids = named(found.iter().map(|(id, _, _)| *id).collect());
    let others = named(found.iter().map(|(_, other, _)| *other).collect());
    Some(format!(
        "{ids} will never rule: all packets meet {others} first ({first} {why}); \
         `sottovoce policy remove {first}` takes that away, `sottovoce policy edit {first}` changes it"
    ))
}

/// Names under which nobody is kept: a contact's name mistyped looks like a host.
fn unknown(known: &dyn Known, added: &[&Entry]) -> Vec<String> {
    let is_known = |entry: &Entry| {
        let entity = entry.peer.entity.as_ref();
        entity.is_none()
            || known.pins().iter().any(|pin| Some(&pin.entity) == entity)
            || known.contacts().iter().any(|contact| Some(&contact.entity) == entity)
    };
    let groups = known.groups();
    let has_group =
        |entry: &Entry| entry.peer.group.as_ref().is_none_or(|name| groups.iter().any(|group| group.name == *name));
    let mut told: Vec<String> = Vec::new();
    for entry in added.iter().filter(|entry| !is_known(entry)) {
        let Some(entity) = &entry.peer.entity else { continue };
        told.push(if is_for_telephones(entry) { as_telephone(entity) } else { without_keys(entity) });
    }
    for group in added.iter().filter(|entry| !has_group(entry)).filter_map(|entry| entry.peer.group.as_deref()) {
        let group = crate::vocab::escape(group);
        let word = shell_word(&group);
        told.push(format!("there is no group {group}: the entry rules nobody (`sottovoce group add {word}`)"));
    }
    told.dedup();
    told
}

/// A telephone cannot be asked; what it can have is srtp, or nothing.
fn is_for_telephones(entry: &Entry) -> bool {
    entry.action == Action::None || entry.action.rule(Protocol::Srtp).is_some()
}

fn as_telephone(entity: &Entity) -> String {
    format!(
        "nobody is known as {entity}, so it is taken for an ordinary telephone: your calls to it go by the entry, and its calls to you \
         only where an account's proxy brings them by TLS (else by `sottovoce policy default`)"
    )
}

fn without_keys(entity: &Entity) -> String {
    format!(
        "nobody is known as {entity}: the entry rules once keys of it are approved (`sottovoce ask {}`)",
        shell_word(entity.as_str())
    )
}
