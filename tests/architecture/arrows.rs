//! Which room may name which.

use super::paths::{tokens, tree};
use super::Source;

/// What each room may name besides itself. An arrow may skip floors; sideways only where it says so.
fn allowed(room: &str) -> &'static [&'static str] {
    const PURE: [&str; 10] = ["dtls", "ice", "ipsec", "keys", "media", "policy", "presence", "sdp", "sip", "srtp"];
    match room {
        "vocab" => &[],
        "policy" | "sdp" | "sip" | "srtp" => &["vocab"],
        "ipsec" | "presence" => &["policy", "vocab"],
        "dtls" => &["srtp", "vocab"],
        "keys" => &["ipsec", "policy", "sdp", "vocab"],
        "ice" => &["sdp", "sip", "vocab"],
        "media" => &["dtls", "ipsec", "policy", "srtp", "vocab"],
        "agent" => &["dtls", "ice", "ipsec", "keys", "media", "policy", "presence", "sdp", "sip", "srtp", "vocab"],
        "io" => {
            &["agent", "dtls", "ice", "ipsec", "keys", "media", "policy", "presence", "sdp", "sip", "srtp", "vocab"]
        }
        "app" => &[
            "agent", "dtls", "ice", "io", "ipsec", "keys", "media", "policy", "presence", "sdp", "sip", "srtp", "vocab",
        ],
        "ui" => &["app::control", "ui", "vocab"],
        "lib" => &[],
        "main" => &["ui"],
        other => panic!("room `{other}` is not on the plan; PURE is {PURE:?}"),
    }
}

/// Every path of this file that leaves its room against the arrows.
pub fn violations(source: &Source) -> Vec<String> {
    let room = source.room();
    let fine = |path: &Vec<String>| {
        let first = path.first().map(String::as_str).unwrap_or("");
        let two = path.iter().take(2).cloned().collect::<Vec<_>>().join("::");
        first == room || allowed(room).iter().any(|may| *may == first || *may == two)
    };
    let strays = paths(source).into_iter().filter(|path| !fine(path));
    strays.map(|path| format!("{}: {room} names {}", source.path, path.join("::"))).collect()
}

/// Every path that starts at the crate's root, however it is written.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let tokens = tokens(&source.text);
    let here: Vec<String> = source.modules().into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before)).map(String::as_str);
        match tokens[at].as_str() {
            // `::sottovoce` is the same root.
            "sottovoce" => tree(&tokens, at + 1, &mut Vec::new(), &mut found),
            "crate" if before != Some("::") => tree(&tokens, at + 1, &mut Vec::new(), &mut found),
            "super" if before != Some("::") => {
                let mut base = here.clone();
                let mut next = at;
                while tokens.get(next).map(String::as_str) == Some("super") {
                    base.pop();
                    next += 1;
                    if tokens.get(next).map(String::as_str) == Some("::") {
                        next += 1;
                    }
                }
                // Inside a room the path stays at home unless it climbed to the crate's root.
                if base.is_empty() && !here.is_empty() {
                    tree(&tokens, next - 1, &mut base, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_way_to_write_a_stray_arrow_is_found() {
    for (path, text) in [
        ("policy/spd.rs", "use crate::presence::Names;"),
        ("policy/spd.rs", "fn f(x: crate::sip::Uri) {}"),
        ("policy/spd.rs", "use crate::{vocab::Spi, agent::Agent};"),
        ("policy/spd.rs", "use crate::{vocab::{Spi, Now}, io};"),
        ("policy/mod.rs", "use super::keys::Identity;"),
        ("policy/review/cut.rs", "use super::super::super::media;"),
        ("policy/spd.rs", "use super::super::{keys, vocab};"),
        ("policy/spd.rs", "use crate :: agent as brain;"),
        ("policy/spd.rs", "pub use ::sottovoce::agent;"),
        ("sip/uri.rs", "use crate::policy::Action;"),
        ("presence/read.rs", "use crate::keys::Identity;"),
        ("agent/ask.rs", "use crate::io::Clock;"),
        ("ui/http/mod.rs", "use crate::app::run;"),
        ("ui/http/mod.rs", "use crate::policy::Action;"),
        ("io/clock.rs", "use crate::app::control;"),
    ] {
        assert!(!violations(&Source::new(path, text)).is_empty(), "{path}: {text}");
    }
}

#[test]
fn arrows_of_the_plan_are_free() {
    for (path, text) in [
        ("policy/spd.rs", "use crate::vocab::{Spi, Now}; use super::Entry; use crate::policy::Action;"),
        ("policy/review/cut.rs", "use super::super::Entry;"),
        ("presence/read.rs", "use crate::policy::Statement;"),
        ("agent/ask.rs", "use crate::{policy::Answer, sip::Uri}; use super::Agent;"),
        ("ui/cli/ask.rs", "use crate::app::control::view::AskView; use crate::ui::http;"),
        ("main.rs", "fn main() { sottovoce::ui::cli::main() }"),
    ] {
        assert_eq!(violations(&Source::new(path, text)), [""; 0], "{path}: {text}");
    }
}
