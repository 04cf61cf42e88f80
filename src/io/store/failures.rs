//! Every way in which the store can fail, in the words that a user reads.

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::io::Owner;
use crate::vocab::{Failure, FailureKind};

/// What has happened already will not be recorded.
pub fn behind() -> Failure {
    failed(
        "store-behind",
        "the disk has not kept up for long, so something that happened was not recorded",
        "the store",
        "look at the disk with `sottovoce doctor`",
    )
}

pub fn busy() -> Failure {
    failed("store-busy", "too many changes wait for the disk", "the store", "try again in a moment")
}

pub fn closed() -> Failure {
    failed("store-closed", "the store is closed: the agent is stopping", "the store", "start the agent again")
}

/// Another agent has the data directory.
pub fn in_use(dir: &Path, pid: &str) -> Failure {
    let who = if pid.is_empty() { "another agent".to_owned() } else { format!("process {pid}") };
    failed(
        "data-dir-in-use",
        format!("the data directory {} is in use by {who}", dir.display()),
        dir.display(),
        "an agent that is just starting or stopping: try again in a moment; else stop it with `sottovoce stop`, or choose another directory with --data-dir",
    )
}

pub fn directory(dir: &Path, error: &std::io::Error) -> Failure {
    let found = std::fs::metadata(dir).ok().filter(|_| error.kind() == ErrorKind::PermissionDenied);
    let owner = found.map(|found| format!("; {}", Owner::of(&found))).unwrap_or_default();
    failed(
        "data-dir-unusable",
        format!("the data directory {} cannot be used: {error}{owner}", dir.display()),
        dir.display(),
        "make it writable for you, or choose another directory with --data-dir",
    )
}

pub fn key_unreadable(path: &Path, error: &std::io::Error) -> Failure {
    failed(
        "key-file-unusable",
        format!("the device's key file {} cannot be read or made: {error}", path.display()),
        path.display(),
        "make the file readable and its directory writable for you",
    )
}

pub fn key_open_to_others(path: &Path, mode: u32) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "key-file-open",
        format!("the device's key file {} can be read by others (mode {mode:04o})", path.display()),
        path.display().to_string(),
        format!(
            "if nobody else can have read it, run `chmod 600 {}`; otherwise remove it, and let your peers verify you anew",
            path.display()
        ),
    )
}

pub fn key_length(path: &Path, len: u64) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "key-file-damaged",
        format!("the device's key file {} has {len} octets and not {}", path.display(), crate::keys::Identity::LEN),
        path.display().to_string(),
        "restore it from a backup, or remove it, and let your peers verify you anew",
    )
}

pub fn key_lost(path: &Path) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "key-file-missing",
        format!("the device's key file {} is gone, and the database beside it is that device's", path.display()),
        path.display().to_string(),
        "restore it from a backup; or, to be a new device whose key every peer has to approve, move the database away too",
    )
}

pub fn no_randomness(error: getrandom::Error) -> Failure {
    failed("no-randomness", format!("the machine gives no random numbers: {error}"), "/dev/urandom", "restart it")
}

pub fn newer(path: &Path, found: i64, known: i64) -> Failure {
    failed(
        "store-newer",
        format!("the database {} is of version {found}; this program knows versions up to {known}", path.display()),
        path.display(),
        "use the newer program, or another directory with --data-dir; nothing was changed",
    )
}

pub fn foreign(path: &Path) -> Failure {
    failed(
        "store-foreign",
        format!("the file {} is no database of sottovoce", path.display()),
        path.display(),
        "move it away, or choose another directory with --data-dir; nothing was changed",
    )
}

/// A row that this program did not write.
pub fn damaged(what: impl Into<String>) -> Failure {
    let what = what.into();
    failed(
        "store-damaged",
        format!("the database holds something that cannot be read: {what}"),
        what,
        "restore the database from a backup, or move it away and approve your peers anew",
    )
}

pub fn thread(error: &std::io::Error) -> Failure {
    failed("no-thread", format!("the machine starts no further thread: {error}"), "the store", "close other programs")
}

/// What SQLite says, sorted by what the user can do. `what` was not done, not even in part.
pub fn sqlite(what: &str, error: &rusqlite::Error) -> Failure {
    let code = error.sqlite_error_code();
    let (name, next) = match code {
        Some(ErrorCode::DiskFull) => ("disk-full", "free some space on the disk, then try again"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            ("store-read-only", "make the data directory writable for you, then try again")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ("store-damaged", "restore the database from a backup, or move it away and approve your peers anew")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("store-locked", "close the other program that has the database open, then try again")
        }
        _ => ("store-failed", "look at the disk with `sottovoce doctor`, then try again"),
    };
    failed(name, format!("the database could not {what}: {error}; nothing was changed"), "the database", next)
}

fn failed(code: &'static str, message: impl Into<String>, subject: impl ToString, next: &'static str) -> Failure {
    Failure::new(FailureKind::Failed, code, message, subject.to_string(), next)
}
