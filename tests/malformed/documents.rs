//! Documents that must not be believed: each ends the ask with a message that says what to do, and stores nothing.

use std::time::Duration;

use sottovoce::agent::AskState;
use sottovoce::vocab::Failure;

use crate::bench::{Bench, Letter, ALICE};
use crate::common::config::agent;

/// What becomes of an ask whose NOTIFY is changed on its way; `later` passes before it arrives.
fn answered_with(change: impl Fn(&str) -> String, later: Duration) -> Failure {
    let mut bench = Bench::new("ipsec esp/transport//require");
    let id = bench.ask();
    let notify = bench.hold("NOTIFY");
    bench.now.mono.0 += later;
    bench.now.wall = bench.now.wall.saturating_add(later);
    let bytes = with_body(&notify, change);
    bench.deliver(&notify, &bytes);
    let agent = &bench.nodes[ALICE].agent;
    assert_eq!((agent.reviews().count(), agent.presences().count(), agent.pins().count()), (0, 0, 0));
    assert!(bench.nodes[ALICE].store.registered.is_empty());
    let AskState::Failed(failure) = &agent.ask(id).unwrap().state else { panic!("{:?}", agent.ask(id)) };
    assert!(!failure.message.is_empty() && !failure.subject.is_empty() && !failure.next.is_empty(), "{failure:?}");
    failure.clone()
}

pub fn with_body(letter: &Letter, change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(&letter.bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let body = change(body);
    let lines: Vec<String> = head
        .split("\r\n")
        .map(|line| match line.starts_with("Content-Length:") {
            true => format!("Content-Length: {}", body.len()),
            false => line.to_owned(),
        })
        .collect();
    format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
}

/// The code of the failure, whose message has to say `why`.
#[track_caller]
fn changed(change: impl Fn(&str) -> String, why: &str) -> String {
    let failure = answered_with(change, Duration::ZERO);
    assert!(failure.message.contains(why), "{failure:?}");
    failure.code.to_owned()
}

/// The body as another agent signed it, for the same question put to that one.
fn of_somebody_else() -> String {
    let mut bench = Bench::with(agent("carol", "192.168.1.2", "none"));
    bench.ask_for("carol@192.168.1.2");
    let notify = bench.hold("NOTIFY");
    let text = String::from_utf8(notify.bytes).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn the_bench_itself_lets_a_good_document_through() {
    let mut bench = Bench::new("ipsec esp/transport//require");
    let id = bench.ask();
    let notify = bench.hold("NOTIFY");
    bench.deliver(&notify, &with_body(&notify, str::to_owned));
    assert!(matches!(bench.nodes[ALICE].agent.ask(id).unwrap().state, AskState::Reviewing(_)));
}

#[test]
fn garbage_is_refused() {
    changed(|_| "no document at all".to_owned(), "not well-formed");
    changed(|_| String::new(), "without an answer");
    changed(|body| body[..body.len() / 2].to_owned(), "not well-formed");
}

#[test]
fn a_dtd_is_refused() {
    let doctype = |body: &str| match body.find("?>") {
        Some(at) => format!("{}<!DOCTYPE x [<!ENTITY e \"e\">]>{}", &body[..at + 2], &body[at + 2..]),
        None => format!("<!DOCTYPE x [<!ENTITY e \"e\">]>{body}"),
    };
    changed(doctype, "document type declaration");
}

#[test]
fn an_oversized_document_is_refused() {
    let longer = |body: &str| {
        let end = body.rfind("</").unwrap();
        format!("{}<!--{}-->{}", &body[..end], "x".repeat(100_000), &body[end..])
    };
    changed(longer, "longer than 65536 octets");
}

#[test]
fn a_document_that_is_not_signed_is_refused() {
    let bare = |body: &str| {
        let to = body.rfind("ignature>").expect("it is signed") + "ignature>".len();
        let from = body[..to].find("ignature").and_then(|at| body[..at].rfind('<')).unwrap();
        format!("{}{}", &body[..from], &body[to..])
    };
    changed(bare, "is not signed");
}

#[test]
fn a_statement_that_was_changed_is_refused() {
    changed(|body| body.replace("require", "use"), "the signature does not belong");
    changed(|body| body.replace("office", "orifice"), "the signature does not belong");
    changed(|body| body.replace("192.168.1.2", "192.168.1.3"), "the signature does not belong");
}

#[test]
fn an_action_that_nobody_knows_is_refused() {
    let unknown = |body: &str| body.replacen("\"ipsec\"", "\"rot13\"", 1).replacen(">ipsec<", ">rot13<", 1);
    changed(unknown, "action has an unknown value");
}

#[test]
fn the_statement_of_somebody_else_is_refused() {
    let other = of_somebody_else();
    let code = changed(|_| other.clone(), "");
    assert_eq!(code, "another-entity");
}

#[test]
fn an_expired_statement_is_refused() {
    let failure = answered_with(str::to_owned, Duration::from_secs(40 * 86_400));
    assert!(failure.message.contains("expired"), "{failure:?}");
}
