//! Files and directories that are this user's alone.

use std::fs::{metadata, remove_file, rename, set_permissions, DirBuilder, OpenOptions, Permissions};
use std::io::{Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A directory of ours with mode 0700: made where it is missing, and closed to others where it is open to them.
pub fn make_private_dir(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if metadata(path)?.permissions().mode() & 0o077 != 0 {
        set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Into a new file of mode 0600, which then takes the old one's place.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let _ = remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_is_made_for_us_alone_or_becomes_ours_alone() {
        let root = tempfile::tempdir().unwrap();
        let new = root.path().join("a/b");
        make_private_dir(&new).unwrap();
        set_permissions(root.path().join("a"), Permissions::from_mode(0o755)).unwrap();
        for before in [0o700, 0o755, 0o770, 0o701] {
            set_permissions(&new, Permissions::from_mode(before)).unwrap();
            make_private_dir(&new).unwrap();
            assert_eq!(mode(&new), 0o700, "{before:o}");
        }
        assert_eq!(mode(&root.path().join("a")), 0o755, "it is about that one directory");
        std::fs::write(root.path().join("file"), "").unwrap();
        make_private_dir(&root.path().join("file")).unwrap_err();
    }

    #[test]
    fn what_others_could_read_is_written_anew() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("control.token");
        std::fs::write(&path, "old").unwrap();
        set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write_private(&path, "new").unwrap();
        assert_eq!((mode(&path), std::fs::read_to_string(&path).unwrap().as_str()), (0o600, "new"));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
