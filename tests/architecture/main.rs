//! The house plan, enforced: arrows between rooms point down, pure rooms touch nothing of the world, and two
//! constructors are named in one place each. Each kind of violation is planted once, and found.

mod arrows;
mod counters;
mod lexer;
mod limits;
mod locks;
mod names;
mod paths;
mod purity;
mod scenarios;

use std::path::{Path, PathBuf};

/// One source file: its path below `src`, and its text without tests.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: lexer::code_only(text) }
    }

    /// The room: the first folder, or the file's own name.
    pub fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or("");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The module path: `policy/review/cut.rs` is `policy`, `review`, `cut`.
    pub fn modules(&self) -> Vec<&str> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        match stem {
            "lib" | "main" => Vec::new(),
            stem => stem.split('/').collect(),
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 100, "only {} files found", files.len());
    let below = |file: &PathBuf| file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    files
        .iter()
        .filter(|file| !is_test(&below(file)))
        .map(|file| Source::new(&below(file), &std::fs::read_to_string(file).unwrap()))
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.extension().is_some_and(|ending| ending == "rs") => files.push(path),
            false => {}
        }
    }
}

/// Files that only `cfg(test)` compiles: they may look anywhere.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| ["tests", "tests.rs", "strategies.rs", "testing.rs"].contains(&part))
}

#[test]
fn arrows_point_down() {
    let found: Vec<String> = sources().iter().flat_map(arrows::violations).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn pure_rooms_touch_nothing_of_the_world() {
    let found: Vec<String> = sources().iter().flat_map(purity::violations).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn guarded_constructors_are_named_in_their_room_only() {
    let found: Vec<String> = sources().iter().flat_map(names::violations).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
