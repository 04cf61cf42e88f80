//! Documents that are wrong: refused with the precise reason, and never a panic.

use super::sample::{answer, fig5, full, proposal, sign};
use crate::presence::{inspect, read, write, Unreadable};
use crate::vocab::PeerText;

fn text() -> String {
    String::from_utf8(write(&sign(full(), 7))).unwrap()
}

/// Why the statement in this document is unreadable.
fn why(document: &str) -> Unreadable {
    read(document.as_bytes()).unwrap().tuples.remove(0).signed.unwrap().unwrap_err()
}

/// The same document with one piece of its text changed.
fn changed(from: &str, to: &str) -> Unreadable {
    let text = text();
    assert!(text.contains(from), "{from}");
    why(&text.replacen(from, to, 1))
}

#[test]
fn no_truncation_panics_or_is_read() {
    let text = write(&sign(full(), 7));
    let end = text.len() - 1;
    for length in 0..end {
        assert!(read(&text[..length]).is_err(), "{length}");
    }
    assert!(read(&text[..end]).is_ok());
}

#[test]
fn no_flipped_bit_panics_or_verifies_as_something_else() {
    let text = write(&sign(fig5(), 7));
    for position in 0..text.len() {
        for bit in 0..8 {
            let mut flipped = text.clone();
            flipped[position] ^= 1 << bit;
            let inspection = inspect(&flipped);
            for tuple in inspection.tuples.iter().filter(|tuple| tuple.signature_valid) {
                assert_eq!(tuple.statement, Some(fig5()), "octet {position} bit {bit}");
            }
        }
    }
}

#[test]
fn unknown_and_repeated_things_inside_of_a_statement_are_refused() {
    let unknown = |name| Unreadable::Unknown(PeerText::new(name));
    assert_eq!(changed("<sv:version>", "<sv:new></sv:new><sv:version>"), unknown("new"));

    assert_eq!(changed("<sv:scope>", "<sv:scope at=\"\">"), unknown("at"));
    assert_eq!(changed("<sv:policy id=\"p1\">", "<sv:policy id=\"p1\" sv:x=\"\">"), unknown("x"));
    assert_eq!(changed("<sv:selector>", "<sv:selector>text"), unknown("text"));
    assert_eq!(changed("<sv:scope>", "<sv:scope><sv:x/>"), unknown("x"));
    assert_eq!(changed("<sv:version>", "<sv:version>1</sv:version><sv:version>"), Unreadable::Repeated("version"));
    assert_eq!(changed("id=\"p2\"", "id=\"p1\""), Unreadable::Repeated("policy"));
    assert_eq!(changed("PCMA", "PCMU"), Unreadable::Repeated("codec"));
    assert_eq!(changed("<contact>", "<contact>sip:a@b</contact><contact>"), Unreadable::Repeated("contact"));
    let twice = text().replacen("<contact>", "<sv:statement/><contact>", 1);
    assert_eq!(why(&twice), Unreadable::Repeated("statement"));
}

#[test]
fn values_are_bounded_and_enumerations_are_closed() {
    for (from, to, name) in [
        ("<sv:purpose>notify", "<sv:purpose>propose", "purpose"),
        ("<sv:scope>private", "<sv:scope>home", "scope"),
        ("<sv:evidence>network", "<sv:evidence>hope", "evidence"),
        ("<sv:direction>out", "<sv:direction>both", "direction"),
        ("<sv:action>none", "<sv:action>allow", "action"),
        ("<sv:mode>tunnel", "<sv:mode>beet", "mode"),
        ("<sv:level>require", "<sv:level>default", "level"),
        ("<sv:upper>udp", "<sv:upper>sctp", "upper"),
        ("<sv:keying>agreement", "<sv:keying>sdes", "keying"),
        ("<sv:suite>aes-256-gcm", "<sv:suite>null", "suite"),
        ("<sv:protocol>ah", "<sv:protocol>srtp", "protocol"),
    ] {
        assert_eq!(changed(from, to), Unreadable::UnknownValue(name), "{to}");
    }
    for (from, to, name) in [
        ("<sv:version>", "<sv:version>+", "version"),
        ("<sv:version>", "<sv:version>9999999999999999999", "version"),
        ("<sv:issued>", "<sv:issued>999", "issued"),
        ("<sv:device>", "<sv:device> x ", "device"),
        ("<sv:nonce>", "<sv:nonce>AAAA", "nonce"),
        ("<sv:signing-key>", "<sv:signing-key>!", "signing-key"),
        ("<sv:address>", "<sv:address>1", "address"),
        ("<sv:action>none", "<sv:action>ipsec", ""),
        ("<sv:action>ipsec", "<sv:action>none", "rule"),
        ("<sv:protocol>ipcomp", "<sv:protocol>ah", "rule"),
        ("2001:db8::8", "192.0.2.1", "destination-endpoint"),
        ("<sv:destination>192.168.1.2/32", "<sv:destination>2001:db8::/32", "selector"),
        ("<sv:source-port>5060", "<sv:source-port>65536", "source-port"),
        ("<sv:presence>", "<sv:presence>yes", "presence"),
        ("<contact>sip:", "<contact>http:", "contact"),
    ] {
        let expected = if name.is_empty() { Unreadable::Missing("rule") } else { Unreadable::Malformed(name) };
        assert_eq!(changed(from, to), expected, "{to}");
    }
}

/// What is proposed and what is answered stand in a statement of that purpose and in no other.
#[test]
fn proposals_and_answers_are_as_strict() {
    let text = |statement| String::from_utf8(write(&sign(statement, 7))).unwrap();
    let (proposes, answers) = (text(proposal()), text(answer()));
    let unknown = |name| Unreadable::Unknown(PeerText::new(name));
    let hash = proposes.find("<sv:proposal ").map(|at| proposes[at..].find("</sv:proposal>").unwrap() + at).unwrap();
    let second = |name: &str| format!("</sv:{name}><sv:{name}/>");
    for (document, from, to, expected) in [
        (&proposes, "<sv:purpose>proposal", "<sv:purpose>notify", Unreadable::Malformed("proposal")),
        (&proposes, "<sv:purpose>proposal", "<sv:purpose>answer", Unreadable::Malformed("proposal")),
        (&proposes, "<sv:proposal id=", "<sv:proposal by=", unknown("by")),
        (&proposes, "<sv:proposal id=\"", "<sv:proposal id=\"a b", Unreadable::Malformed("id")),
        (&proposes, "<sv:note>", "<sv:reason/><sv:note>", unknown("reason")),
        (&proposes, "</sv:note>", &second("note"), Unreadable::Repeated("note")),
        (&proposes, "</sv:proposal>", &second("proposal"), Unreadable::Repeated("proposal")),
        (&proposes, "id=\"p2\"", "id=\"p1\"", Unreadable::Repeated("policy")),
        (&answers, "<sv:purpose>answer", "<sv:purpose>request", Unreadable::Malformed("answer")),
        (&answers, "<sv:purpose>answer", "<sv:purpose>proposal", Unreadable::Missing("proposal")),
        (&answers, "<sv:decision>countered", "<sv:decision>accepted", Unreadable::Malformed("policy")),
        (&answers, "<sv:decision>countered", "<sv:decision>refused", Unreadable::Malformed("policy")),
        (&answers, "<sv:decision>countered", "<sv:decision>perhaps", Unreadable::UnknownValue("decision")),
        (&answers, "</sv:decision>", &second("decision"), Unreadable::Repeated("decision")),
        (&answers, "<sv:proposal>", "<sv:proposal>AAAA", Unreadable::Malformed("proposal")),
    ] {
        assert!(document.contains(from), "{from}");
        assert_eq!(why(&document.replacen(from, to, 1)), expected, "{from} -> {to}");
    }
    let nothing = proposes[..proposes.find("<sv:policy ").unwrap()].to_owned() + &proposes[hash..];
    assert_eq!(why(&nothing), Unreadable::Missing("policy"));
    let long = proposes.replace("<sv:note>", &format!("<sv:note>{}", "x".repeat(257)));
    assert_eq!(why(&long), Unreadable::Malformed("note"));
    let mut silent = answer();
    silent.answer.as_mut().unwrap().policies.clear();
    assert_eq!(why(&text(silent)), Unreadable::Missing("policy"));
    for (mut bare, name) in [(proposal(), "proposal"), (answer(), "answer")] {
        (bare.proposal, bare.answer) = (None, None);
        assert_eq!(why(&text(bare)), Unreadable::Missing(name));
    }
}

#[test]
fn what_is_missing_is_named() {
    for name in ["version", "issued", "expires", "device", "purpose", "nonce", "signing-key", "direction", "scope"] {
        let text = text();
        let (open, close) = (format!("<sv:{name}>"), format!("</sv:{name}>"));
        let (start, end) = (text.find(&open).unwrap(), text.find(&close).unwrap() + close.len());
        assert_eq!(why(&(text[..start].to_owned() + &text[end..])), Unreadable::Missing(name));
    }
}

#[test]
fn an_unsigned_statement_is_called_so() {
    let text = text();
    let (start, end) = (text.find("<sv:signature>").unwrap(), text.find("</sv:statement>").unwrap());
    assert_eq!(why(&(text[..start].to_owned() + &text[end..])), Unreadable::Unsigned);
}

#[test]
fn too_many_are_refused() {
    let mut many = fig5();
    let one = many.policies[0].clone();
    many.policies =
        (0..64).map(|i| crate::policy::StatedPolicy { id: PeerText::new(format!("p{i}")), ..one.clone() }).collect();
    let mut document = read(&write(&sign(many.clone(), 7))).unwrap();
    assert_eq!(document.tuples.remove(0).signed, Some(Ok(sign(many.clone(), 7))));
    many.policies.push(crate::policy::StatedPolicy { id: PeerText::new("last"), ..one });
    let document = String::from_utf8(write(&sign(many, 7))).unwrap();
    assert_eq!(why(&document), Unreadable::TooMany("policy"));
    let tuples = |n: usize| {
        format!(
            "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:a@b'>{}</presence>",
            "<tuple id='t'/>".repeat(n)
        )
    };
    assert_eq!(read(tuples(16).as_bytes()).unwrap().tuples.len(), 16);
    assert_eq!(read(tuples(17).as_bytes()), Err(Unreadable::TooMany("tuple")));
}

#[test]
fn a_statement_under_status_or_in_another_namespace_is_none() {
    let text = text()
        .replace("<status>", "")
        .replace("</status>", "")
        .replace("<basic>open</basic>", "<status><basic>open</basic>");
    let moved = text.replace("<contact>", "</status><contact>");
    assert_eq!(read(moved.as_bytes()).unwrap().tuples[0].signed, None);
    let foreign = text
        .replace("urn:x-sottovoce:pidf:policy:1", "urn:x-sottovoce:pidf:policy:2")
        .replace("<contact>", "</status><contact>");
    assert_eq!(read(foreign.as_bytes()).unwrap().tuples[0].signed, None);
}

#[test]
fn the_document_itself_must_be_one() {
    assert_eq!(read(b"<presence/>"), Err(Unreadable::NotPresence));
    assert_eq!(read(b"<presence xmlns='urn:ietf:params:xml:ns:pidf'/>"), Err(Unreadable::Missing("entity")));
    let entity =
        |text: &str| read(format!("<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='{text}'/>").as_bytes());
    assert_eq!(entity("mailto:a@b"), Err(Unreadable::Malformed("entity")));
    assert!(entity("pres:a@b").unwrap().tuples.is_empty());
}
