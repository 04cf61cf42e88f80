//! Whether a directory takes what an agent writes.

use std::fs::{remove_file, File, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Octets of the trial: more than the rest of a last block.
const TRIAL: usize = 64 << 10;

/// Writes a file and takes it away again.
pub fn try_write(dir: &Path) -> Result<()> {
    match OpenOptions::new().write(true).mode(0o600).custom_flags(libc::O_TMPFILE).open(dir) {
        Err(error) if matches!(error.kind(), ErrorKind::IsADirectory | ErrorKind::Unsupported) => try_named(dir),
        unnamed => fill(unnamed?),
    }
}

/// What a user has to do about it.
pub fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space on its disk, or choose another directory with --data-dir"
        }
        _ => "make that directory writable for you, or choose another one with --data-dir",
    }
}

/// For a file system without files that have no name.
fn try_named(dir: &Path) -> Result<()> {
    let path = dir.join(format!("doctor-{}.tmp", std::process::id()));
    let filled = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).and_then(fill);
    let removed = remove_file(&path);
    filled.and(removed)
}

fn fill(mut file: File) -> Result<()> {
    file.write_all(&[0xa5; TRIAL])?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        try_write(dir.path()).unwrap();
        try_named(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(try_write(&dir.path().join("nowhere")).is_err());
        assert!(try_named(&dir.path().join("nowhere")).is_err());
    }

    #[test]
    fn a_full_disk_is_told_from_a_closed_one() {
        let full = fill(OpenOptions::new().write(true).open("/dev/full").unwrap()).unwrap_err();
        assert!(remedy(&full).contains("free some space"), "{full:?}");
        assert!(remedy(&ErrorKind::PermissionDenied.into()).contains("writable"));
    }
}
