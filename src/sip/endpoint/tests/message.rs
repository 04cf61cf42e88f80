use super::wire::{address, header, uri, World, ALICE, BOB};
use crate::sip::digest::Login;
use crate::sip::endpoint::{EndCause, EndpointEvent, Text};
use crate::sip::{MessageId, Method, Refusal};
use crate::vocab::Redacted;

fn write(world: &mut World, text: &str) -> MessageId {
    let login = Login { user: "alice".to_owned(), password: Redacted("secret".to_owned()), realm: None };
    let (target, remote, login) = (uri(BOB), address(BOB), Some(login));
    let what =
        Text { target, remote, tcp: false, domain: None, text: text.to_owned(), from: None, login, resumes: None };
    world.at(ALICE, |end, now| end.message(now, what))
}

fn arrived(world: &World) -> (MessageId, String) {
    match world.events[BOB].last() {
        Some(EndpointEvent::Messaged { id, text, .. }) => (*id, text.clone()),
        other => panic!("{other:?}"),
    }
}

/// ```text
/// alice               bob
///   | MESSAGE --------> |
///   | <------------ 200 |
/// ```
#[test]
fn a_text_arrives_once_and_is_answered() {
    let mut world = World::perfect();
    write(&mut world, "Grüße,\nBob");
    world.run_until(BOB, |event| matches!(event, EndpointEvent::Messaged { .. }));
    let again = world.sent.last().unwrap().bytes.clone();
    world.inject(BOB, &again);
    let (id, text) = arrived(&world);
    assert_eq!((text.as_str(), world.events[BOB].len()), ("Grüße,\nBob", 1));
    world.at(BOB, |end, now| end.take_message(now, id, None));
    world.run_until(ALICE, |event| matches!(event, EndpointEvent::MessageDelivered { kept: false, .. }));
    assert!(world.ends.iter().all(|end| end.is_idle()));
}

#[test]
fn a_refused_text_says_why() {
    let mut world = World::perfect();
    write(&mut world, "x");
    world.run_until(BOB, |event| matches!(event, EndpointEvent::Messaged { .. }));
    let (id, _) = arrived(&world);
    world.at(BOB, |end, now| end.take_message(now, id, Some(Refusal::new(403, "Forbidden"))));
    world.run_until(ALICE, |event| {
        matches!(event, EndpointEvent::MessageFailed { cause: EndCause::Rejected { status: 403, .. }, .. })
    });
}

#[test]
fn a_text_is_proven_where_that_is_wanted_and_may_be_kept_for_the_peer() {
    let mut world = World::perfect();
    world.mute = [true, true];
    write(&mut world, "x");
    let challenge = ("Proxy-Authenticate", "Digest realm=\"b.example\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");
    world.reply(&Method::Message, 407, &[challenge]);
    let again = world.request(&Method::Message);
    assert_eq!(header(&again, "CSeq"), "2 MESSAGE");
    assert!(header(&again, "Proxy-Authorization").contains("nc=00000001"));
    assert_eq!(header(&again, "Contact"), "", "it makes no dialog (RFC 3428 section 4)");
    world.reply(&Method::Message, 202, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::MessageDelivered { kept: true, .. })));
}

#[test]
fn what_is_no_text_or_too_long_is_refused() {
    for (kind, body) in [("image/png", "x".to_owned()), ("text/plain", "x".repeat(4097))] {
        let mut world = World::perfect();
        let text = format!(
            "MESSAGE sip:bob@192.168.1.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
             From: <sip:a@a>;tag=1\r\nTo: <sip:bob@192.168.1.2>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        world.inject(BOB, text.as_bytes());
        assert!(world.first_lines(BOB)[0].starts_with("SIP/2.0 415"), "{kind}");
        assert!(world.events[BOB].is_empty());
    }
}
