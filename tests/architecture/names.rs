//! What visibility cannot say between siblings: who may name the makers of SAs and of restored approvals.

use super::Source;

/// A name, and where it may stand.
const GUARDED: [(&str, &[&str]); 3] = [
    ("from_keys", &["ipsec/", "keys/"]),
    ("with_backend", &["ipsec/"]),
    ("restore", &["io/store/", "io/store.rs", "policy/review"]),
];

pub fn violations(source: &Source) -> Vec<String> {
    let strays = GUARDED
        .iter()
        .filter(|(name, homes)| !homes.iter().any(|home| source.path.starts_with(home)) && calls(&source.text, name));
    strays.map(|(name, _)| format!("{}: `{name}` is not to be named here", source.path)).collect()
}

fn calls(text: &str, name: &str) -> bool {
    ["::", "."].iter().any(|joint| {
        text.match_indices(&format!("{joint}{name}"))
            .any(|(at, found)| !text[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

#[test]
fn a_stray_maker_is_found() {
    assert!(!violations(&Source::new("agent/call.rs", "Protection::from_keys(a, b)")).is_empty());
    assert!(!violations(&Source::new("agent/book.rs", "let f = Approved::restore;")).is_empty());
    assert!(violations(&Source::new("keys/agreement/confirmed.rs", "Protection::from_keys(a, b)")).is_empty());
    assert!(violations(&Source::new("agent/call.rs", "x.restored()")).is_empty());
}
