//! The documents that we write are valid by the schemas in `config/`, judged by another program.

use std::io::Write;
use std::process::{Command, Stdio};

use super::sample::{answer, fig5, full, proposal, sign};
use crate::presence::write;

/// Whether the document is valid; `None` where there is no `xmllint`, which is a failure under CI.
fn valid(document: &[u8]) -> Option<bool> {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/config/presence-document.xsd");
    let lint = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema", schema, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut lint) = lint else {
        let why = "xmllint is missing (Debian: libxml2-utils)";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "would skip: {why}");
        // Past the harness, which keeps back what a test that passes prints.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: {why}");
        return None;
    };
    lint.stdin.take().unwrap().write_all(document).unwrap();
    let output = lint.wait_with_output().unwrap();
    // 3 and 4: the document is invalid; anything else but 0 is a fault of ours or of the schema.
    match output.status.code() {
        Some(0) => Some(true),
        Some(1 | 3 | 4) => Some(false),
        _ => panic!("{}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn the_documents_that_we_write_are_valid() {
    let mut bare = fig5();
    (bare.person, bare.environment, bare.policies) = (None, None, vec![]);
    for statement in [fig5(), full(), bare, proposal(), answer()] {
        assert_ne!(valid(&write(&sign(statement, 7))), Some(false));
    }
}

#[test]
fn the_schema_refuses_what_it_should() {
    let text = String::from_utf8(write(&sign(full(), 7))).unwrap();
    for (from, to) in [
        ("<sv:level>require", "<sv:level>default"),
        ("<sv:nonce>", "<sv:nonce>AAAA"),
        ("<sv:version>", "<sv:new></sv:new><sv:version>"),
        ("<sv:action>none", "<sv:action>allow"),
        ("<basic>open", "<basic>ajar"),
        ("<tuple id=\"", "<tuple id=\"1"),
        ("<lt:", "<lt:x"),
        ("<dm:person id=", "<dm:person name="),
        ("T14:", "t14:"),
    ] {
        let broken = text.replace("<rpid:other>external</rpid:other>", "<lt:office/>").replace(from, to);
        assert_ne!(valid(broken.as_bytes()), Some(true), "{from}");
    }
    let text = String::from_utf8(write(&sign(answer(), 7))).unwrap();
    for (from, to) in [
        ("<sv:decision>countered", "<sv:decision>perhaps"),
        ("<sv:proposal>", "<sv:proposal>AAAA"),
        ("<sv:note>", "<sv:note></sv:note><sv:note>"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_ne!(valid(text.replace(from, to).as_bytes()), Some(true), "{from}");
    }
}
