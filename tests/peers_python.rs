//! The Python strangers: JSON lines in, JSON lines out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::skip;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");

/// The interpreter that `make test` sets up.
pub fn interpreter() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if !python.exists() {
        skip("target/peers is missing: `make test` makes it");
        return None;
    }
    Some(python)
}

/// Runs `esp.py` or `ah.py`: one answer a line.
pub fn stranger(python: &Path, program: &str, verb: &str, keys: &[Value], lines: &[Value]) -> Vec<Value> {
    let text = |values: &[Value]| values.iter().map(|value| format!("{value}\n")).collect::<String>();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text(keys).as_bytes()).unwrap();
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(text(lines).as_bytes()).unwrap();
    std::io::Seek::rewind(&mut input).unwrap();
    let mut command = Command::new(python);
    command.arg(format!("{HERE}/{program}")).arg(verb).arg(file.path());
    let done = command.stdin(Stdio::from(input)).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let answers: Vec<Value> =
        String::from_utf8(done.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

#[test]
fn the_strangers_agree_with_each_other() {
    let Some(python) = interpreter() else { return };
    let done = Command::new(python).arg(format!("{HERE}/selftest.py")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
