//! Bodies of several parts, as gateways and presence servers make them (RFC 5621).

use sottovoce::agent::{AskState, CallState};

use crate::bench::{Bench, Letter, ALICE, BOB};
use crate::documents::with_body;

/// The same message with its body as one part of several.
fn in_parts(letter: &Letter) -> Vec<u8> {
    let text = String::from_utf8(letter.bytes.clone()).unwrap();
    let kind = text.lines().find(|line| line.starts_with("Content-Type: ")).unwrap().to_owned();
    let parts = |body: &str| {
        format!("--part\r\nContent-Type: text/plain\r\n\r\nhello\r\n--part\r\n{kind}\r\n\r\n{body}\r\n--part--\r\n")
    };
    let bytes = text.replacen(&kind, "Content-Type: multipart/mixed;boundary=part", 1).into_bytes();
    with_body(&Letter { bytes, ..letter.clone() }, parts)
}

#[test]
fn a_document_and_an_offer_are_found_among_other_parts() {
    let mut bench = Bench::new("none");
    let ask = bench.ask();
    for start in ["SUBSCRIBE", "NOTIFY"] {
        let letter = bench.hold(start);
        bench.deliver(&letter, &in_parts(&letter));
    }
    let state = &bench.nodes[ALICE].agent.ask(ask).unwrap().state;
    assert!(matches!(state, AskState::Reviewing(_)), "{state:?}");
    let call = bench.call();
    let invite = bench.hold("INVITE");
    bench.deliver(&invite, &in_parts(&invite));
    let answer = loop {
        let letter = bench.hold("SIP/2.0 200");
        if String::from_utf8_lossy(&letter.bytes).contains(" INVITE\r\n") {
            break letter;
        }
        bench.deliver(&letter, &letter.bytes);
    };
    bench.deliver(&answer, &in_parts(&answer));
    bench.settle();
    assert_eq!(bench.nodes[BOB].agent.calls().last().unwrap().state, CallState::Active);
    assert_eq!(bench.nodes[ALICE].agent.call(call).unwrap().state, CallState::Active);
}
