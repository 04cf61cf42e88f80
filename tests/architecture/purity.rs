//! Pure rooms: no clock, socket, disk, thread or hidden randomness.

use super::{paths, Source};

const PURE: [&str; 12] =
    ["agent", "dtls", "ice", "ipsec", "keys", "media", "policy", "presence", "sdp", "sip", "srtp", "vocab"];

/// Names of the world, wherever they come from. Clippy bans the calls; this also finds what an alias would hide.
const WORLDLY: [&str; 15] = [
    "tokio",
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
    "stderr",
    "stdin",
    "stdout",
];

/// Modules of the standard library that touch the world, and the library itself under another name.
const WORLDLY_STD: [&str; 7] = ["as", "env", "fs", "os", "process", "self", "thread"];

pub fn violations(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.room()) {
        return Vec::new();
    }
    // The crate that `ice` stands on counts in instants. One comes in, and this file alone adds to it; to make one is denied by clippy.
    let is_counted = |word: &str| source.path.ends_with("ice/traversal.rs") && word == "Instant";
    let words =
        WORLDLY.iter().filter(|word| names(&source.text, word) && !is_counted(word)).map(|word| (*word).to_owned());
    let library = paths::below(&source.text, "std").into_iter().filter(|path| is_worldly(path));
    let found = words.chain(library.map(|path| format!("std::{}", path.join("::"))));
    found.map(|what| format!("{}: a pure room names {what}", source.path)).collect()
}

fn is_worldly(path: &[String]) -> bool {
    path.first().is_some_and(|module| WORLDLY_STD.contains(&module.as_str()))
}

/// The word stands there whole, not as a part of another.
fn names(text: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .any(|(at, _)| edge(text[..at].chars().next_back()) && edge(text[at + word.len()..].chars().next()))
}

#[test]
fn the_world_is_found_in_a_pure_room_and_allowed_elsewhere() {
    for text in [
        "let t = std::time::Instant::now();",
        "use tokio::net;",
        "use std::{fs, net};",
        "use std::{net, fs::{File, OpenOptions}};",
        "use std::io; io::stdin();",
        "use ::std::thread;",
        "let x = std :: env :: var(name);",
        "use std as library;",
        "use std::{self as library};",
        "OsRng.fill()",
    ] {
        assert!(!violations(&Source::new("media/stream.rs", text)).is_empty(), "{text}");
        assert!(violations(&Source::new("io/udp.rs", text)).is_empty(), "{text}");
    }
    for text in ["let instantiated = Instantly;", "use std::{fmt, io::{self, Read}, net::IpAddr};"] {
        assert_eq!(violations(&Source::new("media/stream.rs", text)), [""; 0]);
    }
}
