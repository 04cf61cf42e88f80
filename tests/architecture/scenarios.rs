//! What stands in `sip-scenarios`: each file says which section of which RFC it plays and what is to come, and its name has a
//! place in the table of the README there.

use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-scenarios")
}

/// Names without ending, and texts.
fn scenarios() -> Vec<(String, String)> {
    let paths = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name()?.to_str()?.strip_suffix(".xml").map(str::to_owned);
    paths.filter_map(|path| Some((name(&path)?, std::fs::read_to_string(&path).unwrap()))).collect()
}

/// The comment behind the XML declaration says `RFC 3261 section 9.1: what is to come`; further sections may stand between.
fn is_headed(text: &str) -> bool {
    let comment = text.split_once("?>").and_then(|(_, rest)| rest.trim_start().strip_prefix("<!--")?.split_once("-->"));
    let Some((source, expectation)) = comment.and_then(|(comment, _)| comment.split_once(": ")) else { return false };
    let words: Vec<&str> = source.split_whitespace().collect();
    let numbered = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let names_a_section = matches!(words[..], ["RFC", number, "section" | "sections", section, ..]
        if numbered(number) && numbered(section));
    names_a_section && expectation.split_whitespace().count() > 2
}

/// The first column of the table in the README.
fn beginnings() -> Vec<String> {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let rows =
        text.lines().skip_while(|line| *line != "| names | what |").skip(2).take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// `options-` is the place of `options` too.
fn belongs(name: &str, beginning: &str) -> bool {
    name.starts_with(beginning) || Some(name) == beginning.strip_suffix('-')
}

#[test]
fn there_are_forty_and_each_is_headed_by_section_and_expectation() {
    let all = scenarios();
    assert!(all.len() >= 40, "{}", all.len());
    let bare: Vec<&String> = all.iter().filter(|(_, text)| !is_headed(text)).map(|(name, _)| name).collect();
    assert!(bare.is_empty(), "without RFC, section and expectation at the top: {bare:?}");
}

#[test]
fn every_scenario_has_a_place_in_the_table_and_every_place_has_one() {
    let (all, beginnings) = (scenarios(), beginnings());
    let homeless = all.iter().filter(|(name, _)| !beginnings.iter().any(|beginning| belongs(name, beginning)));
    let empty = beginnings.iter().filter(|beginning| !all.iter().any(|(name, _)| belongs(name, beginning)));
    let found: Vec<&String> = homeless.map(|(name, _)| name).chain(empty).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_file_without_a_heading_is_found() {
    let headed = |comment: &str| is_headed(&format!("<?xml version=\"1.0\" ?>\n<!--\n{comment}\n-->\n<scenario>"));
    assert!(headed("RFC 3261 section 11.2: OPTIONS is answered 200."));
    assert!(headed("RFC 3261 sections 8.2 and 9, RFC 3326: the reason\nis kept."));
    for comment in [
        "",
        "OPTIONS is answered 200.",
        "RFC 3261: OPTIONS is answered 200.",
        "RFC section 11.2: OPTIONS is answered 200.",
        "RFC 3261 section 11.2:",
        "RFC 3261 section 11.2",
    ] {
        assert!(!headed(comment), "{comment}");
    }
    assert!(!is_headed("<?xml version=\"1.0\" ?>\n<scenario><!-- RFC 3261 section 1: too late in the file. -->"));
    assert!(!belongs("optional", "options-") && belongs("options", "options-") && belongs("hold-glare", "hold"));
}
