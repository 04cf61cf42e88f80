use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::failures;
use crate::io::os;
use crate::vocab::Failure;

/// The name of the database in the data directory.
pub const DATABASE: &str = "sottovoce.db";
/// The name of the device's secret key in the data directory.
pub const KEY: &str = "identity.key";

/// A data directory that is ours alone as long as this lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Locked; closing it gives the lock back, however the process ends.
    _lock: File,
}

impl DataDir {
    /// Makes the directory when it is missing (0700), and locks it.
    pub fn claim(path: &Path) -> Result<Self, Failure> {
        make(path).map_err(|error| failures::directory(path, &error))?;
        let lock = lock(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub fn database_path(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The key is made before the database: one without it has lost the device that peers have approved.
    pub fn lost_its_key(&self) -> bool {
        self.database_path().exists() && !self.key_path().exists()
    }

    pub fn key_path(&self) -> PathBuf {
        self.path.join(KEY)
    }
}

/// A directory with other people's files in it keeps its mode (somebody's home, `/tmp`): our files are private in themselves.
fn make(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return DirBuilder::new().recursive(true).mode(0o700).create(path);
    }
    let ours = path.join(DATABASE).exists() || fs::read_dir(path)?.next().is_none();
    if ours && fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn lock(dir: &Path) -> Result<File, Failure> {
    let unusable = |error: io::Error| failures::directory(dir, &error);
    let open =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(dir.join("lock"));
    let mut file = open.map_err(unusable)?;
    if !os::lock(&file).map_err(unusable)? {
        return Err(failures::in_use(dir, &holder(&mut file)));
    }
    file.set_len(0).map_err(unusable)?;
    writeln!(file, "{}", std::process::id()).map_err(unusable)?;
    Ok(file)
}

/// The process number that the holder wrote; empty when it is just about to.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.take(20).read_to_string(&mut text);
    text.trim().chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_second_claim_names_the_first_ones_process_and_a_later_one_succeeds() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let first = DataDir::claim(&path).unwrap();
        assert_eq!((mode(&path), mode(&path.join("lock"))), (0o700, 0o600));
        let failure = DataDir::claim(&path).unwrap_err();
        assert_eq!(failure.code, "data-dir-in-use");
        assert!(failure.message.contains(&format!("process {}", std::process::id())), "{failure}");
        drop(first);
        DataDir::claim(&path).unwrap();
    }

    #[test]
    fn an_empty_directory_becomes_private_and_a_used_one_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        for (name, file, wanted) in [("empty", None, 0o700), ("home", Some("letter.txt"), 0o755)] {
            let path = root.path().join(name);
            DirBuilder::new().mode(0o755).create(&path).unwrap();
            file.map(|file| File::create(path.join(file)).unwrap());
            DataDir::claim(&path).unwrap();
            assert_eq!(mode(&path), wanted, "{name}");
        }
    }

    #[test]
    fn a_database_without_its_key_has_lost_it() {
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::claim(root.path()).unwrap();
        assert!(!dir.lost_its_key());
        File::create(dir.database_path()).unwrap();
        assert!(dir.lost_its_key());
        File::create(dir.key_path()).unwrap();
        assert!(!dir.lost_its_key());
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let failure = DataDir::claim(Path::new("/proc/nowhere")).unwrap_err();
        assert_eq!((failure.code, failure.subject.as_str()), ("data-dir-unusable", "/proc/nowhere"));
    }
}
