//! Each [`StoreOp`] whole or not at all, several of them in one transaction.

use rusqlite::{params, Connection, Transaction};

use super::columns::signed;
use super::statement::run;
use super::{
    account_rows, change, contact_rows, failures, history_rows, load, pending_rows, proposal_rows, register, seen,
    sound_rows,
};
use crate::agent::{AuditRow, Given, Pin, StoreOp, Stored};
use crate::presence::PresenceRecord;
use crate::vocab::{Device, Failure, FailureKind, Generation};

/// Statements that are remembered for watchers; the oldest gives way, so that strangers cannot fill the disk.
pub const GIVEN_LIMIT: i64 = 10_000;

/// Every one, durable, or nothing of it. They share a transaction unless one of them cannot be: then each has its own, so
/// that one that fails takes nothing from the others.
pub fn execute_all(database: &mut Connection, ops: &[StoreOp]) -> Vec<Result<Stored, Failure>> {
    let several = (ops.len() > 1).then(|| together(database, ops));
    match several {
        Some(Ok(stored)) => stored.into_iter().map(Ok).collect(),
        _ => ops.iter().map(|op| execute(database, op)).collect(),
    }
}

/// All of `op`, durable, or nothing.
pub fn execute(database: &mut Connection, op: &StoreOp) -> Result<Stored, Failure> {
    together(database, std::slice::from_ref(op)).map(|stored| stored.into_iter().next().unwrap_or(Stored::Done))
}

/// All of them, or nothing of any.
fn together(database: &mut Connection, ops: &[StoreOp]) -> Result<Vec<Stored>, Failure> {
    let step = database.transaction().map_err(|error| failures::sqlite("begin", &error))?;
    let stored = ops.iter().map(|op| apply(&step, op)).collect::<Result<_, _>>()?;
    forget(&step, ops)?;
    let last = ops.last().map_or("keep its state", name);
    step.commit().map_err(|error| failures::sqlite(last, &error))?;
    Ok(stored)
}

/// What is too much, once for all of them.
pub fn forget(step: &Transaction<'_>, ops: &[StoreOp]) -> Result<(), Failure> {
    if ops.iter().any(|op| matches!(op, StoreOp::RecordGiven { .. })) {
        let forget = "DELETE FROM given WHERE number <= (SELECT max(number) FROM given) - ?1";
        run(step, forget, [GIVEN_LIMIT]).map_err(|error| failures::sqlite("forget old watchers", &error))?;
    }
    // Each takes a number: it is by these that one knows when it is time.
    let calls = ops.iter().filter(|op| matches!(op, StoreOp::BeginCall(_) | StoreOp::RecordCall(_))).count();
    match i64::try_from(calls) {
        Ok(0) | Err(_) => Ok(()),
        Ok(calls) => {
            history_rows::forget_old(step, calls).map_err(|error| failures::sqlite("forget old calls", &error))
        }
    }
}

/// Everything but the commit, and without forgetting what is too much.
pub fn apply(step: &Transaction<'_>, op: &StoreOp) -> Result<Stored, Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite(name(op), &error);
    match op {
        StoreOp::AddAccount { account, audit: row } => {
            account_rows::add(step, account).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::Audit(row) => audit(step, row).map(drop).map_err(failed)?,
        StoreOp::ForgetPending { entity, device, audit: row } => {
            pending_rows::forget(step, entity, device).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::KeepPending { pending, generation, audit } => {
            return pending_rows::keep(step, pending, *generation, audit);
        }
        StoreOp::ForgetProposal { entity, device } => proposal_rows::forget(step, entity, device).map_err(failed)?,
        StoreOp::KeepProposal(kept) => proposal_rows::keep(step, kept).map_err(failed)?,
        StoreOp::UsePending { pending, audit } => return pending_rows::put_in_force(step, pending, audit),
        StoreOp::ForgetWatch { peer } => {
            run(step, "DELETE FROM watch WHERE peer = ?1", [peer]).map_err(failed)?;
        }
        StoreOp::ForgetVouch { entity, own, audit: row } => {
            run(step, "DELETE FROM vouch WHERE entity = ?1", [entity.as_str()]).map_err(failed)?;
            if *own {
                run(step, "DELETE FROM vouch WHERE entity = ''", []).map_err(failed)?;
            }
            audit(step, row).map_err(failed)?;
        }
        StoreOp::ForgetWatcherRules { watchers, audit: row } => {
            watchers.iter().try_for_each(|watcher| contact_rows::forget_rule(step, watcher)).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::KeepContact { contact, before, audit: row } => {
            contact_rows::keep(step, contact, before.as_ref()).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::KeepGroup { group, audit: row } => {
            contact_rows::keep_group(step, group).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::KeepWatcherRules { rules, audit: row } => {
            rules.iter().try_for_each(|rule| contact_rows::keep_rule(step, rule)).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::RemoveContact { entity, audit: row } => {
            contact_rows::remove(step, entity).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::RemoveGroup { name, audit: row } => {
            contact_rows::remove_group(step, name).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::KeepWatch(watched) => {
            let insert = "INSERT OR IGNORE INTO watch VALUES (?1, ?2)";
            run(step, insert, params![watched.peer, signed(watched.since.0)]).map_err(failed)?;
        }
        StoreOp::KeepVouch { entity, vouch } => {
            let replace = "INSERT OR REPLACE INTO vouch VALUES (?1, ?2, ?3)";
            run(step, replace, params![entity.as_str(), vouch.key.0, vouch.signature.0]).map_err(failed)?;
        }
        StoreOp::ChangePolicy { put, gone, default, generation, audit } => {
            let what = change::Change { put: put.as_ref(), gone, default: *default, generation: *generation };
            return change::change(step, &what, audit);
        }
        StoreOp::BeginCall(record) => history_rows::begin(step, record).map_err(failed)?,
        StoreOp::RecordCall(record) => history_rows::record(step, record).map_err(failed)?,
        StoreOp::RecordGiven { given, .. } => record_given(step, given)?,
        StoreOp::RecordSeen { seen, at } => seen::record(step, seen, *at).map_err(failed)?,
        StoreOp::Register { approved, default, replace_keys, audit } => {
            let how = register::How { default: *default, replace_keys: *replace_keys };
            return register::register(step, approved, how, audit);
        }
        StoreOp::RememberPresence { record, document } => remember(step, record, document).map_err(failed)?,
        StoreOp::RemoveAccount { entity, audit: row } => {
            account_rows::remove(step, entity).map_err(failed)?;
            audit(step, row).map_err(failed)?;
        }
        StoreOp::RemovePresence { entity } => {
            run(step, "DELETE FROM presence WHERE entity = ?1", [entity.as_str()]).map_err(failed)?;
        }
        StoreOp::RenamePresence { entity, names } => {
            let update = "UPDATE presence SET own_user = CASE WHEN ?1 IS NULL THEN own_user ELSE nullif(?1, '') END, \
                own_place = CASE WHEN ?2 IS NULL THEN own_place ELSE nullif(?2, '') END, \
                own_mail = CASE WHEN ?4 IS NULL THEN own_mail ELSE nullif(?4, '') END WHERE entity = ?3";
            let row = params![names.user, names.place, entity.as_str(), names.mail];
            run(step, update, row).map_err(failed)?;
        }
        StoreOp::CountReview(id) => {
            let upsert = "INSERT INTO meta VALUES ('last-review', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
            run(step, upsert, [id.0.to_string()]).map_err(failed)?;
        }
        StoreOp::ChooseSound(change) => sound_rows::choose(step, change).map_err(failed)?,
        StoreOp::SetDoNotDisturb { until } => {
            set_meta(step, "do-not-disturb", until.map_or(0, |until| until.0))?;
        }
        StoreOp::SetOwnPresence { user, place } => {
            let upsert = "INSERT INTO own VALUES (1, nullif(?1, ''), nullif(?2, '')) ON CONFLICT (one) DO UPDATE SET \
                user = CASE WHEN ?1 IS NULL THEN user ELSE nullif(?1, '') END, \
                place = CASE WHEN ?2 IS NULL THEN place ELSE nullif(?2, '') END";
            run(step, upsert, params![user, place]).map_err(failed)?;
        }
        StoreOp::UpdatePin(pin) => update_pin(step, pin)?,
        StoreOp::VerifyPins { pins, audit: row } => {
            pins.iter().try_for_each(|pin| verify_pin(step, pin))?;
            audit(step, row).map_err(failed)?;
        }
    }
    Ok(Stored::Done)
}

/// Completes "the database could not ...".
fn name(op: &StoreOp) -> &'static str {
    match op {
        StoreOp::AddAccount { .. } => "keep the account",
        StoreOp::Audit(_) => "keep an audit row",
        StoreOp::ChooseSound(_) => "keep which sound devices you chose",
        StoreOp::CountReview(_) => "keep the number of the review",
        StoreOp::ForgetPending { .. } | StoreOp::KeepPending { .. } => "keep what was agreed",
        StoreOp::ForgetProposal { .. } | StoreOp::KeepProposal(_) => "keep what you proposed",
        StoreOp::UsePending { .. } => "put in force what was agreed",
        StoreOp::ForgetWatch { .. } | StoreOp::KeepWatch(_) => "keep whom you follow",
        StoreOp::ForgetWatcherRules { .. } | StoreOp::KeepWatcherRules { .. } => "keep your answer about the watcher",
        StoreOp::ForgetVouch { .. } => "forget the word of your other device",
        StoreOp::KeepContact { .. } => "keep the contact",
        StoreOp::KeepGroup { .. } => "keep the group",
        StoreOp::RemoveContact { .. } => "remove the contact",
        StoreOp::RemoveGroup { .. } => "remove the group",
        StoreOp::KeepVouch { .. } => "keep the word of your other device",
        StoreOp::ChangePolicy { .. } => "change the policy database",
        StoreOp::BeginCall(_) | StoreOp::RecordCall(_) => "keep the call's record",
        StoreOp::RecordGiven { .. } => "remember what was told to a watcher",
        StoreOp::RecordSeen { .. } => "remember what must not be taken twice",
        StoreOp::Register { .. } => "register the entry",
        StoreOp::RememberPresence { .. } => "keep the peer's presence",
        StoreOp::RemoveAccount { .. } => "remove the account",
        StoreOp::RemovePresence { .. } => "remove the presence",
        StoreOp::RenamePresence { .. } => "keep your names for the peer",
        StoreOp::SetDoNotDisturb { .. } => "keep until when you are not to be disturbed",
        StoreOp::SetOwnPresence { .. } => "keep your own presence",
        StoreOp::UpdatePin(_) => "keep what is known of the peer's keys",
        StoreOp::VerifyPins { .. } => "mark the peer's keys as verified",
    }
}

/// Writes the audit row with the generation that now stands; its number comes back.
pub fn audit(step: &Transaction<'_>, row: &AuditRow) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO audit (at, kind, subject, detail, generation) \
        VALUES (?1, ?2, ?3, ?4, (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'generation'))";
    step.prepare_cached(insert)?.execute(params![signed(row.at.0), row.kind, row.subject, row.detail])?;
    Ok(step.last_insert_rowid())
}

/// The generation grows by one.
pub fn next_generation(step: &Transaction<'_>) -> Result<Generation, Failure> {
    let next = Generation(load::meta_number(step, "generation")?.saturating_add(1));
    set_meta(step, "generation", next.0)?;
    Ok(next)
}

fn set_meta(step: &Transaction<'_>, name: &str, value: u64) -> Result<(), Failure> {
    run(step, "UPDATE meta SET value = ?2 WHERE name = ?1", params![name, value.to_string()])
        .map(drop)
        .map_err(|error| failures::sqlite("count its changes", &error))
}

/// An empty document leaves the one that is kept: only the policy was asked for, and presence is not news.
fn remember(step: &Transaction<'_>, record: &PresenceRecord, document: &[u8]) -> rusqlite::Result<()> {
    let upsert = "INSERT INTO presence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
        ON CONFLICT (entity, device) DO UPDATE SET contact = ?3, address = ?4, observed = ?5, user = ?6, place = ?7, \
        environment_scope = ?8, environment_evidence = ?9, environment_address = ?10, time = ?11, version = ?12, \
        expires = ?13, own_user = ?14, own_place = ?15, own_mail = ?17, document = CASE length(?16) WHEN 0 THEN document ELSE ?16 END";
    step.prepare_cached(upsert)?.execute(params![
        record.entity.as_str(),
        record.device.as_str(),
        record.contact.raw(),
        record.address.map(|address| address.to_string()),
        record.observed,
        record.user.as_ref().map(|user| user.raw()),
        record.place.as_ref().map(|place| place.raw()),
        record.environment.map(|environment| environment.scope.name()),
        record.environment.map(|environment| environment.evidence.name()),
        record.environment.and_then(|environment| environment.address).map(|address| address.to_string()),
        signed(record.time.0),
        signed(record.version),
        signed(record.expires.0),
        record.names.user,
        record.names.place,
        document,
        record.names.mail,
    ])?;
    Ok(())
}

fn record_given(step: &Transaction<'_>, given: &Given) -> Result<(), Failure> {
    let failed = |error: rusqlite::Error| failures::sqlite("remember what was told to a watcher", &error);
    let version = load::meta_number(step, "own-version")?.max(given.version);
    set_meta(step, "own-version", version)?;
    let replace = "INSERT OR REPLACE INTO given (watcher, version, hash, expires, nonce) VALUES (?1, ?2, ?3, ?4, ?5)";
    step.prepare_cached(replace)
        .and_then(|mut insert| {
            insert.execute(params![
                given.watcher,
                signed(given.version),
                given.hash.0,
                signed(given.expires.0),
                given.nonce.map(|nonce| nonce.0),
            ])
        })
        .map(drop)
        .map_err(failed)
}

/// Only with the pinned keys: a changed key gets in by [`StoreOp::Register`] alone.
fn update_pin(step: &Transaction<'_>, pin: &Pin) -> Result<(), Failure> {
    let update = "UPDATE pin SET last_version = ?5, statement = ?6, last_published = ?7 \
        WHERE entity = ?1 AND device = ?2 AND signing_key = ?3 AND agreement_key = ?4";
    let changed = run(
        step,
        update,
        params![
            pin.entity.as_str(),
            pin.device.as_str(),
            pin.signing_key.0,
            pin.agreement_key.0,
            signed(pin.last_version),
            pin.statement.map(|hash| hash.0),
            signed(pin.last_published),
        ],
    );
    expect_pinned(pin, changed)
}

/// The phrase was compared for these keys and no others.
fn verify_pin(step: &Transaction<'_>, pin: &Pin) -> Result<(), Failure> {
    let update = "UPDATE pin SET verified = 1 \
        WHERE entity = ?1 AND device = ?2 AND signing_key = ?3 AND agreement_key = ?4";
    let keys = (pin.signing_key.0, pin.agreement_key.0);
    expect_pinned(pin, run(step, update, params![pin.entity.as_str(), pin.device.as_str(), keys.0, keys.1]))
}

fn expect_pinned(pin: &Pin, changed: rusqlite::Result<usize>) -> Result<(), Failure> {
    match changed {
        Ok(0) => Err(not_pinned(&pin.entity, &pin.device)),
        other => other.map(drop).map_err(|error| failures::sqlite("keep what is known of the peer's keys", &error)),
    }
}

fn not_pinned(entity: &crate::vocab::Entity, device: &Device) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "not-pinned",
        format!("these keys are not pinned for {entity}, device {device}"),
        entity.as_str(),
        "ask the peer, and approve its policy first",
    )
}
