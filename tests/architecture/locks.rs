//! The packages beside the program, fuzzers and one benchmark, have locks of their own, and refuse to build when these do not know
//! what the program depends on.

use std::collections::BTreeSet;
use std::path::Path;

fn read(file: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}")).parse().unwrap()
}

/// What the lock says that the program depends on, without versions.
fn locked(file: &str) -> BTreeSet<String> {
    let lock = read(file);
    let packages = lock["package"].as_array().unwrap();
    let program = packages.iter().find(|package| package["name"].as_str() == Some("sottovoce")).expect("it is locked");
    let names = program["dependencies"].as_array().unwrap().iter().filter_map(|name| name.as_str()?.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn every_lock_knows_what_the_program_depends_on() {
    let manifest = read("Cargo.toml");
    let wanted: BTreeSet<String> = manifest["dependencies"].as_table().unwrap().keys().cloned().collect();
    assert!(wanted.len() > 40, "{wanted:?}");
    for file in ["Cargo.lock", "benches/sip_message/Cargo.lock", "fuzz/Cargo.lock"] {
        let known = locked(file);
        let missing: Vec<&String> = wanted.difference(&known).collect();
        assert!(missing.is_empty(), "{file} does not know {missing:?}: build that package once without --locked");
    }
}
