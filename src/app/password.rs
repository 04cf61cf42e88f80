//! Where a password comes from: a file of the user's own, an environment variable, a line. Never the command line, which
//! every process on the machine can read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::agent::AccountConfig;
use crate::vocab::{escape, Redacted};

/// Octets of a password file that are read.
const MAX_FILE: u64 = 4096;

/// The first line of a file that nobody else may read.
///
/// # Errors
/// Why not, as the end of a sentence.
pub fn from_file(path: &Path) -> Result<Redacted<String>, String> {
    let shown = escape(&path.display().to_string());
    let unreadable = |why: std::io::Error| format!("{shown} cannot be read: {why}");
    let mut file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if found.mode() & 0o077 != 0 {
        return Err(format!("others may read {shown}"));
    }
    if found.len() > MAX_FILE {
        return Err(format!("{shown} is too long for a password"));
    }
    let mut text = Redacted(String::new());
    file.by_ref().take(MAX_FILE).read_to_string(&mut text.0).map_err(unreadable)?;
    from_line(text.0.lines().next().unwrap_or_default())
        .map_err(|_| format!("{shown} holds no password in its first line"))
}

/// # Errors
/// Why not, as the end of a sentence.
pub fn from_variable(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Redacted<String>, String> {
    let shown = escape(name);
    let text = variable(name).map(Redacted).ok_or_else(|| format!("the variable {shown} is not set"))?;
    from_line(&text.0).map_err(|why| format!("the variable {shown} holds no password: {why}"))
}

/// # Errors
/// Why not, as the end of a sentence.
pub fn from_line(line: &str) -> Result<Redacted<String>, String> {
    match AccountConfig::is_password(line) {
        true => Ok(Redacted(line.to_owned())),
        false => Err("a password has 1 to 512 octets and no control characters".to_owned()),
    }
}
