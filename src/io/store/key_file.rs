use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::failures;
use crate::keys::Identity;
use crate::vocab::Failure;

/// The octets that [`Identity::from_bytes`] takes.
pub type Secret = Zeroizing<[u8; Identity::LEN]>;

/// Reads the device's secret key, or makes one on the first start. Refuses a file that others can read.
pub fn load_or_create(path: &Path) -> Result<Secret, Failure> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        Err(error) => Err(failures::key_unreadable(path, &error)),
    }
}

/// Whether there is a key, which [`load_or_create`] would take.
pub fn check(path: &Path) -> Result<bool, Failure> {
    match File::open(path) {
        Ok(file) => read(path, file).map(|_| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failures::key_unreadable(path, &error)),
    }
}

/// A new device's secret.
pub fn generate() -> Result<Secret, Failure> {
    let mut secret = Zeroizing::new([0; Identity::LEN]);
    getrandom::fill(secret.as_mut()).map_err(failures::no_randomness)?;
    Ok(secret)
}

fn read(path: &Path, mut file: File) -> Result<Secret, Failure> {
    let unreadable = |error: io::Error| failures::key_unreadable(path, &error);
    let found = file.metadata().map_err(unreadable)?;
    if found.mode() & 0o077 != 0 {
        return Err(failures::key_open_to_others(path, found.mode() & 0o7777));
    }
    if found.len() != Identity::LEN as u64 {
        return Err(failures::key_length(path, found.len()));
    }
    let mut secret = Zeroizing::new([0; Identity::LEN]);
    file.read_exact(secret.as_mut()).map_err(unreadable)?;
    Ok(secret)
}

/// Written beside and renamed, so that a crash leaves a whole key or none; the directory is synced too, because a
/// key that a peer has pinned must not vanish.
fn create(path: &Path) -> Result<Secret, Failure> {
    let secret = generate()?;
    write(path, &secret).map_err(|error| failures::key_unreadable(path, &error))?;
    Ok(secret)
}

fn write(path: &Path, secret: &Secret) -> io::Result<()> {
    let beside = path.with_extension("key.new");
    let _ = std::fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(secret.as_ref())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_private_and_stays_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        let first = load_or_create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(*load_or_create(&path).unwrap(), *first);
        assert_ne!(*first, [0; Identity::LEN]);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_key_that_others_can_read_or_of_another_length_is_refused_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        load_or_create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let failure = load_or_create(&path).unwrap_err();
        assert_eq!(failure.code, "key-file-open");
        assert!(failure.message.contains("0640"), "{failure}");
        for len in [0, 63, 65] {
            std::fs::write(&path, vec![7; len]).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(load_or_create(&path).unwrap_err().code, "key-file-damaged");
            assert_eq!(std::fs::metadata(&path).unwrap().len(), len as u64);
        }
    }
}
