//! Journey one, step 10: entries, pin, audit rows and generation in one transaction.

use rusqlite::{params, OptionalExtension, Transaction};

use super::columns::signed;
use super::statement::run;
use super::{agreed_rows, change, entry_rows, failures, load, ops, pending_rows};
use crate::agent::{AuditRow, Stored};
use crate::keys;
use crate::policy::{Approved, ApprovedPeer, Entry};
use crate::vocab::{Device, Entity, Failure, FailureKind, Fingerprint, Generation, Wall};

#[derive(Clone, Copy, Debug)]
pub struct How {
    /// The entries become the default for everybody else.
    pub default: bool,
    /// The user accepted the peer's changed keys.
    pub replace_keys: bool,
}

pub fn register(step: &Transaction<'_>, approved: &Approved, how: How, row: &AuditRow) -> Result<Stored, Failure> {
    let reviewed = approved.peer().map(|peer| Reviewed { peer, generation: approved.generation() });
    write(step, approved.entries(), reviewed, how, row)
}

/// Whose statement was reviewed, and against which generation.
#[derive(Clone, Copy)]
pub(super) struct Reviewed<'a> {
    pub peer: &'a ApprovedPeer,
    pub generation: Generation,
}

pub(super) fn write(
    step: &Transaction<'_>,
    entries: &[Entry],
    reviewed: Option<Reviewed<'_>>,
    how: How,
    row: &AuditRow,
) -> Result<Stored, Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite("register the entry", &error);
    let mut pinned = None;
    let replaced = match reviewed {
        Some(Reviewed { peer, generation }) => {
            refuse_stale(step, generation)?;
            pinned = pin(step, peer, how.replace_keys, row.at)?;
            pending_rows::forget(step, &peer.entity, &peer.device).map_err(failed)?;
            entries_of(step, &peer.entity, &peer.device)?
        }
        None if how.default => entry_rows::some(step, "SELECT * FROM policy_entry WHERE is_default = 1", [])?,
        None => Vec::new(),
    };
    change::remove(step, &replaced).map_err(failed)?;
    let generation = ops::next_generation(step)?;
    let insert = |entry: &Entry| entry_rows::insert(step, entry, generation, how.default);
    let entries: Vec<Entry> = entries.iter().map(insert).collect::<rusqlite::Result<_>>().map_err(failed)?;
    if let Some(Reviewed { peer, .. }) = reviewed {
        agreed_rows::keep(step, &peer.entity, &peer.device, &entries).map_err(failed)?;
    }
    let number = ops::audit(step, row).map_err(failed)?;
    change::record(step, number, how.default, &replaced, &entries).map_err(failed)?;
    pinned.map_or(Ok(()), |pinned| ops::audit(step, &pinned).map(drop)).map_err(failed)?;
    Ok(Stored::Registered { generation, entries })
}

/// A review names the generation that it was made against; another one may have put something else in force.
pub(super) fn refuse_stale(step: &Transaction<'_>, reviewed: Generation) -> Result<(), Failure> {
    let current = Generation(load::meta_number(step, "generation")?);
    if current == reviewed {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Failed,
        "review-stale",
        format!("the policy database changed during the review: it was {reviewed}, it is {current}"),
        "the review",
        "ask the peer again, and answer the new review",
    ))
}

pub(super) fn entries_of(step: &Transaction<'_>, entity: &Entity, device: &Device) -> Result<Vec<Entry>, Failure> {
    let select = "SELECT * FROM policy_entry WHERE is_default = 0 AND peer_entity = ?1 AND peer_device = ?2";
    entry_rows::some(step, select, params![entity.as_str(), device.as_str()])
}

/// Pins the peer's keys, and says what the audit table is to say of it. With the same keys pinned already nothing
/// changes; with others, only `replace` does it, and it ends every pin of the entity: a key that was replaced is
/// trusted no more, on whatever device.
fn pin(step: &Transaction<'_>, peer: &ApprovedPeer, replace: bool, at: Wall) -> Result<Option<AuditRow>, Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite("pin the peer's keys", &error);
    match pinned_keys(step, peer).map_err(failed)? {
        Some((signing, agreement)) if signing == peer.signing_key.0 && agreement == peer.agreement_key.0 => {
            return Ok(None)
        }
        Some(_) if !replace => return Err(changed(peer)),
        _ => {}
    }
    let old = if replace { unpin(step, peer).map_err(failed)? } else { Vec::new() };
    if replace {
        pending_rows::forget_all_of(step, &peer.entity).map_err(failed)?;
        agreed_rows::forget_all_of(step, &peer.entity).map_err(failed)?;
    }
    insert_pin(step, peer, at).map_err(failed)?;
    Ok(Some(audit_pin(peer, &old, at)))
}

/// Ends every pin of the entity; says which keys they were.
fn unpin(step: &Transaction<'_>, peer: &ApprovedPeer) -> rusqlite::Result<Vec<Fingerprint>> {
    let mut delete = step.prepare("DELETE FROM pin WHERE entity = ?1 RETURNING fingerprint")?;
    let gone = delete.query_map([peer.entity.as_str()], |row| row.get(0).map(Fingerprint))?;
    gone.collect()
}

fn audit_pin(peer: &ApprovedPeer, old: &[Fingerprint], at: Wall) -> AuditRow {
    let new = keys::fingerprint(&peer.signing_key, &peer.agreement_key);
    let detail = format!("device {}: {new}", peer.device);
    let old = old.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (kind, detail) = match old.is_empty() {
        true => ("key-pinned", detail),
        false => ("key-replaced", format!("{detail}, in place of {old}")),
    };
    AuditRow { at, kind, subject: peer.entity.to_string(), detail }
}

type Keys = ([u8; 32], [u8; 32]);

fn pinned_keys(step: &Transaction<'_>, peer: &ApprovedPeer) -> rusqlite::Result<Option<Keys>> {
    let select = "SELECT signing_key, agreement_key FROM pin WHERE entity = ?1 AND device = ?2";
    let both = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    step.query_row(select, params![peer.entity.as_str(), peer.device.as_str()], both).optional()
}

fn insert_pin(step: &Transaction<'_>, peer: &ApprovedPeer, at: Wall) -> rusqlite::Result<()> {
    let insert = "INSERT INTO pin VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, NULL, 0)";
    let values = params![
        peer.entity.as_str(),
        peer.device.as_str(),
        peer.signing_key.0,
        peer.agreement_key.0,
        keys::fingerprint(&peer.signing_key, &peer.agreement_key).0,
        signed(at.0),
    ];
    run(step, insert, values).map(drop)
}

fn changed(peer: &ApprovedPeer) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "key-changed",
        format!("the keys of {} are not those that are pinned; nothing was changed", peer.entity),
        peer.entity.as_str(),
        "compare the new fingerprint with the peer, then ask again with --accept-key FINGERPRINT",
    )
}
