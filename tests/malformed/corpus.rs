//! What the fuzzers found, and the messages and documents that they began with: each check, in `make test`.

use std::path::Path;

use crate::checks;

type Check = fn(&[u8]);

fn run(check: Check, corpus: &str, more: Option<&str>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("fuzz/corpus").join(corpus);
    let folders = [Some(own), more.map(|folder| root.join("tests/data").join(folder))];
    let mut seen = 0;
    for folder in folders.into_iter().flatten() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            check(&std::fs::read(entry.unwrap().path()).unwrap());
            seen += 1;
        }
    }
    assert!(seen > 0, "{corpus} is empty");
}

#[test]
fn what_the_fuzzers_found_is_survived() {
    let sip = Some("sip");
    let presence = Some("presence");
    let all: [(Check, &str, Option<&str>); 10] = [
        (checks::crypto, "crypto", None),
        (checks::digest_challenge, "digest_challenge", None),
        (checks::framing, "framing", sip),
        (checks::handshake, "handshake", None),
        (checks::message, "message", sip),
        (checks::pidf, "pidf", presence),
        (checks::session_description, "session_description", None),
        (checks::setkey, "setkey", None),
        (checks::statement, "statement", presence),
        (checks::uri, "uri", None),
    ];
    for (check, corpus, more) in all {
        run(check, corpus, more);
    }
}
