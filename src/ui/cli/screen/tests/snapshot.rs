//! Screens as text files: a failing one shows what differs, and how to accept it.

use std::path::PathBuf;

/// Set, it has every screen written anew.
const WRITE: &str = "SOTTOVOCE_WRITE_SCREENS";

pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/screens"))
}

/// Holds `lines` against `tests/data/screens/NAME.txt`.
#[track_caller]
pub fn compare(name: &str, lines: &[String]) {
    let file = folder().join(format!("{name}.txt"));
    let shown = lines.join("\n") + "\n";
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&file, &shown).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == shown,
        "the screen {name} is not the one that was kept:\n{}\nif it is as it should be: {WRITE}=1 cargo test --lib screen",
        difference(&kept, &shown)
    );
}

/// The lines between the first and the last that differ.
fn difference(kept: &str, shown: &str) -> String {
    let (kept, shown): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), shown.lines().collect());
    let same = kept.iter().zip(&shown).take_while(|(one, other)| one == other).count();
    let (old, new) = (&kept[same..], &shown[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let marked = |mark: &str, lines: &[&str]| -> String {
        lines[..lines.len() - tail].iter().map(|line| format!("{mark} {line}\n")).collect()
    };
    format!("from line {}\n{}{}", same + 1, marked("-", old), marked("+", new))
}

#[test]
fn a_difference_shows_the_lines_that_changed_and_no_others() {
    assert_eq!(difference("a\nb\nc\nd\n", "a\nB\nC\nd\n"), "from line 2\n- b\n- c\n+ B\n+ C\n");
    assert_eq!(difference("a\n", "a\nb\n"), "from line 2\n+ b\n");
}
