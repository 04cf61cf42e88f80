//! Pure rooms: no clock, socket, disk, thread or hidden randomness.

use super::Source;

const PURE: [&str; 9] = ["agent", "ipsec", "keys", "media", "policy", "presence", "sdp", "sip", "vocab"];

/// Words of the world. Clippy bans the calls; this also finds what an alias would hide.
const WORLDLY: [&str; 17] = [
    "tokio",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::std",
    "Instant",
    "SystemTime",
    "UdpSocket",
    "TcpListener",
    "TcpStream",
    "UnixStream",
    "rusqlite",
    "getrandom",
    "OsRng",
    "thread_rng",
    "socket2",
];

pub fn violations(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.room()) {
        return Vec::new();
    }
    let found = WORLDLY.iter().filter(|word| names(&source.text, word));
    found.map(|word| format!("{}: a pure room names {word}", source.path)).collect()
}

/// The word stands there whole, not as a part of another.
fn names(text: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        edge(text[..at].chars().next_back()) && (word.ends_with("std") || edge(text[at + word.len()..].chars().next()))
    })
}

#[test]
fn the_world_is_found_in_a_pure_room_and_allowed_elsewhere() {
    for text in [
        "let t = std::time::Instant::now();",
        "use tokio::net;",
        "use std::{fs, net}; std::fs::read(x);",
        "OsRng.fill()",
    ] {
        assert!(!violations(&Source::new("media/stream.rs", text)).is_empty(), "{text}");
        assert!(violations(&Source::new("io/udp.rs", text)).is_empty(), "{text}");
    }
    assert!(violations(&Source::new("media/stream.rs", "let instantiated = Instantly;")).is_empty());
}
