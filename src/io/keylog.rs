use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::vocab::{Failure, FailureKind, Redacted};

/// Writes the keys of every call to two files, for a packet analyser (SOTTOVOCE_KEYLOG). Whoever reads
/// them hears the calls: the files are made 0600, and the agent says loudly that it is on.
#[derive(Debug)]
pub struct KeyLog {
    esp_sa: LogFile,
    json: LogFile,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
}

impl KeyLog {
    /// Opens `path` for rows of Wireshark's `esp_sa` table and `path`.json for JSON lines; both are appended to.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let mut json = path.as_os_str().to_owned();
        json.push(".json");
        Ok(Self { esp_sa: LogFile::open(path)?, json: LogFile::open(Path::new(&json))? })
    }

    /// Writes each list to its file, in one write each, so that a reader never sees half a line.
    pub fn append(&mut self, esp_sa: &[Redacted<String>], json: &[Redacted<String>]) -> Result<(), Failure> {
        self.esp_sa.append(esp_sa)?;
        self.json.append(json)
    }
}

impl LogFile {
    fn open(path: &Path) -> Result<Self, Failure> {
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        match opened {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err(error) => Err(failure(path, &error)),
        }
    }

    fn append(&mut self, lines: &[Redacted<String>]) -> Result<(), Failure> {
        let text: String = lines.iter().flat_map(|line| [line.0.as_str(), "\n"]).collect();
        self.file.write_all(text.as_bytes()).map_err(|error| failure(&self.path, &error))
    }
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "keylog-unwritable",
        format!("the key log {} cannot be written: {error}", path.display()),
        path.display().to_string(),
        "name a writable file in SOTTOVOCE_KEYLOG, or unset it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn lines_are_appended_to_two_private_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let row = |text: &str| Redacted(text.to_owned());
        KeyLog::open(&path).unwrap().append(&[row("a"), row("b")], &[row("{}")]).unwrap();
        KeyLog::open(&path).unwrap().append(&[row("c")], &[]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\nc\n");
        let json = dir.path().join("keys.json");
        assert_eq!(std::fs::read_to_string(&json).unwrap(), "{}\n");
        for file in [path, json] {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let failure = KeyLog::open(Path::new("/nonexistent/keys")).unwrap_err();
        assert_eq!((failure.code, failure.subject.as_str()), ("keylog-unwritable", "/nonexistent/keys"));
    }
}
