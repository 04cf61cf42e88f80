//! The vectors of `docs/protocol.md`, and what a presence server may do to a document.

use super::sample::{answer, fig5, full, proposal, sign, verify_key};
use crate::policy::Statement;
use crate::presence::{
    canonical_text, entry_hash, inspect, is_writable, proposal_hash, read, statement_hash, vouched, write, Signed,
};
use crate::vocab::PeerText;

const FIG5_XML: &str = include_str!("../../../tests/data/presence/fig5.xml");
const FIG5_TEXT: &str = include_str!("../../../tests/data/presence/fig5.txt");
const FULL_XML: &str = include_str!("../../../tests/data/presence/full.xml");
const FULL_TEXT: &str = include_str!("../../../tests/data/presence/full.txt");
/// Made by another program, from the text alone.
const FIG5_SIGNATURE: &str = include_str!("../../../tests/data/presence/fig5.signature");
const FIG5_HASH: &str = include_str!("../../../tests/data/presence/fig5.hash");
const REWRITTEN: &str = include_str!("../../../tests/data/presence/fig5-rewritten.xml");

fn only(document: &[u8]) -> Signed {
    let mut tuples = read(document).unwrap().tuples;
    assert_eq!(tuples.len(), 1);
    tuples.remove(0).signed.unwrap().unwrap()
}

#[test]
fn the_answer_of_fig_5_is_written_signed_and_read_as_the_vector_says() {
    let signed = sign(fig5(), 7);
    assert_eq!(canonical_text(&fig5()), FIG5_TEXT);
    assert_eq!(hex::encode(signed.signature.0), FIG5_SIGNATURE.trim());
    assert_eq!(statement_hash(&fig5()).to_string(), FIG5_HASH.trim());
    assert_eq!(String::from_utf8(write(&signed)).unwrap(), FIG5_XML);
    assert_eq!(only(FIG5_XML.as_bytes()), signed);
    assert_eq!(signed.verify(), Ok(&fig5()));
}

#[test]
fn a_statement_with_every_field_is_written_and_read_as_the_vector_says() {
    let signed = sign(full(), 7);
    assert_eq!(canonical_text(&full()), FULL_TEXT);
    assert_eq!(String::from_utf8(write(&signed)).unwrap(), FULL_XML);
    assert_eq!(only(FULL_XML.as_bytes()), signed);
    assert!(only(FULL_XML.as_bytes()).verify().is_ok());
    assert_eq!(vouched(&full()), Some(verify_key(8)));
}

/// The hashes were made by another program, from the texts alone.
#[test]
fn a_proposal_and_its_answer_are_written_and_read_as_the_vectors_say() {
    for (statement, name) in [(proposal(), "proposal"), (answer(), "answer")] {
        let signed = sign(statement.clone(), 7);
        let file = |end: &str| format!("{}/tests/data/presence/{name}.{end}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("SOTTOVOCE_WRITE_VECTORS").is_some() {
            std::fs::write(file("txt"), canonical_text(&statement)).unwrap();
            std::fs::write(file("xml"), write(&signed)).unwrap();
        }
        assert_eq!(canonical_text(&statement), std::fs::read_to_string(file("txt")).unwrap());
        let document = std::fs::read(file("xml")).unwrap();
        assert_eq!(write(&signed), document);
        assert_eq!(only(&document), signed);
        assert!(only(&document).verify().is_ok());
    }
    let Statement { entity, device, proposal, .. } = proposal();
    let proposal = proposal.unwrap();
    let hashes = include_str!("../../../tests/data/presence/proposal.hashes");
    let told = [proposal_hash((&entity, &device), &proposal), entry_hash(&proposal.policies)];
    assert_eq!(told.map(|hash| hash.to_string()).join("\n"), hashes.trim());
}

/// Which names its author gave the policies, and in which order they stand, makes no other entry of them.
#[test]
fn an_entry_hash_is_of_the_rules_alone() {
    let policies = full().policies;
    let hash = entry_hash(&policies);
    let mut other = policies.clone();
    other.reverse();
    other[0].id = PeerText::new("x");
    assert_eq!(entry_hash(&other), hash);
    other[0].suites.clear();
    assert_ne!(entry_hash(&other), hash);
    assert_ne!(entry_hash(&policies[..1]), hash);
}

#[test]
fn a_document_that_a_server_wrote_anew_still_verifies() {
    assert_ne!(REWRITTEN, FIG5_XML);
    let document = read(REWRITTEN.as_bytes()).unwrap();
    assert_eq!(document.tuples.len(), 2);
    let signed = document.tuples[1].signed.clone().unwrap().unwrap();
    assert_eq!(signed, sign(fig5(), 7));
    assert!(signed.verify().is_ok());
}

#[test]
fn the_hash_stays_when_only_the_asking_changes() {
    let mut other = fig5();
    other.nonce.0[0] ^= 1;
    other.version += 1;
    other.person = None;
    assert_eq!(statement_hash(&other), statement_hash(&fig5()));
    other.policies[0].direction = crate::policy::Direction::In;
    assert_ne!(statement_hash(&other), statement_hash(&fig5()));
}

#[test]
fn what_other_watchers_see_is_in_the_document() {
    let document = read(FIG5_XML.as_bytes()).unwrap();
    assert_eq!(document.person, fig5().person);
    assert_eq!(document.tuples[0].basic, Some(crate::presence::Basic::Open));
    assert_eq!(document.tuples[0].contact, Some(fig5().contact));
    assert_eq!(document.tuples[0].timestamp, Some(fig5().issued));
    assert!(FIG5_XML.contains("<lt:office></lt:office>"));
    assert!(FULL_XML.contains("<rpid:other>external</rpid:other>"));
    let mut withheld = fig5();
    withheld.person = None;
    withheld.environment = None;
    let text = String::from_utf8(write(&sign(withheld, 7))).unwrap();
    assert!(!text.contains("person") && !text.contains("environment") && !text.contains("office"));
}

#[test]
fn control_and_bidirectional_characters_arrive_raw_and_are_shown_escaped() {
    let user = only(FULL_XML.as_bytes()).statement.person.unwrap().user.unwrap();
    assert_eq!(user.raw(), " Zoë & <Co>\t\r\n\u{202e}\u{9b} 100% ");
    assert_eq!(user.to_string(), " Zoë & <Co>\\u{9}\\u{d}\\u{a}\\u{202e}\\u{9b} 100% ");
}

#[test]
fn text_that_xml_cannot_carry_is_told_beforehand_and_does_not_verify() {
    assert!(!is_writable("Bob\u{1b}[2J") && !is_writable("\0") && is_writable("\tZoë\r\n"));
    let mut statement = fig5();
    statement.person.as_mut().unwrap().user = Some(PeerText::new("Bob\u{1b}[2J"));
    let signed = only(&write(&sign(statement, 7)));
    assert!(signed.verify().is_err());
}

#[test]
fn an_inspection_names_what_is_wrong() {
    let good = inspect(FIG5_XML.as_bytes());
    assert_eq!((good.problems.len(), good.tuples[0].signature_valid), (0, true));
    assert_eq!(good.tuples[0].canonical_text.as_deref(), Some(FIG5_TEXT));
    let forged = inspect(FIG5_XML.replace("Bob Cole", "Mallory").as_bytes());
    assert!(!forged.tuples[0].signature_valid);
    assert!(forged.problems[0].ends_with("the signature does not belong to what the statement says"), "{forged:?}");
    let foreign = inspect(FULL_XML.replace("<sv:vouch>", "<sv:vouch>AAAA").as_bytes());
    assert!(foreign.problems[0].ends_with("vouch is malformed"), "{foreign:?}");
    assert_eq!(inspect(b"<a/>").problems, ["the document is not a presence document"]);
}
