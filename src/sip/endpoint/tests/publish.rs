use std::time::Duration;

use super::wire::{address, body, header, World, ALICE, BOB};
use crate::sip::digest::Login;
use crate::sip::endpoint::{EndCause, EndpointEvent, Publish};
use crate::sip::headers::NameAddr;
use crate::sip::{Method, PublicationId, Request, Uri};
use crate::vocab::Redacted;

const CHALLENGE: (&str, &str) =
    ("Proxy-Authenticate", "Digest realm=\"b.example\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");

/// Alice publishes at Bob's address, where a test answers by hand.
fn publishing() -> (World, PublicationId) {
    let mut world = World::perfect();
    world.mute = [true, true];
    let login = Login { user: "alice".to_owned(), password: Redacted("secret".to_owned()), realm: None };
    let id = world.at(ALICE, |end, now| end.publish(now, Publish { login: Some(login), ..publication() }));
    (world, id)
}

/// At Bob's address, without a password.
pub(super) fn publication() -> Publish {
    let presentity = Uri::parse("sip:alice@b.example").unwrap();
    Publish {
        presentity: NameAddr::new(presentity.clone()),
        target: presentity,
        remote: address(BOB),
        tcp: false,
        domain: None,
        event: "presence".to_owned(),
        expires: Duration::from_secs(600),
        body: body("one"),
        login: None,
    }
}

/// What the newest PUBLISH says: CSeq, entity tag, body, interval.
fn last(world: &World) -> (String, String, String, String) {
    let request: Request = world.request(&Method::Publish);
    let text = String::from_utf8(request.body().to_vec()).unwrap();
    (header(&request, "CSeq"), header(&request, "SIP-If-Match"), text, header(&request, "Expires"))
}

fn is(world: &World, cseq: u32, etag: &str, body: &str, expires: u32) {
    let wanted = (format!("{cseq} PUBLISH"), etag.to_owned(), body.to_owned(), expires.to_string());
    assert_eq!(last(world), wanted);
}

fn answer(world: &mut World, status: u16, headers: &[(&str, &str)]) {
    world.reply(&Method::Publish, status, headers);
}

fn accept(world: &mut World, etag: &str) {
    answer(world, 200, &[("SIP-ETag", etag), ("Expires", "600")]);
}

/// ```text
/// alice                                       server
///   | PUBLISH, body ------------------------->  |
///   | <------------------------------------ 407 |
///   | PUBLISH, body, Proxy-Authorization ---->  |
///   | <-------------------------- 200, ETag e1  |
///   |            (before it runs out)           |
///   | PUBLISH, If-Match e1 ------------------>  |
///   | <-------------------------- 200, ETag e2  |
///   |           (what she says changes)         |
///   | PUBLISH, If-Match e2, body ------------>  |
///   | <-------------------------- 200, ETag e3  |
///   |              (Alice leaves)               |
///   | PUBLISH, If-Match e3, Expires: 0 ------>  |
/// ```
#[test]
fn what_is_published_is_proven_kept_changed_and_taken_back() {
    let (mut world, id) = publishing();
    is(&world, 1, "", "one", 600);
    let first = world.request(&Method::Publish);
    assert_eq!((first.uri().as_str(), header(&first, "Event").as_str()), ("sip:alice@b.example", "presence"));
    answer(&mut world, 407, &[CHALLENGE]);
    is(&world, 2, "", "one", 600);
    assert!(header(&world.request(&Method::Publish), "Proxy-Authorization").contains("nc=00000001"));
    accept(&mut world, "e1");
    assert!(matches!(world.events[ALICE][..], [EndpointEvent::Published { expires, .. }] if expires.as_secs() == 600));
    world.run_for(Duration::from_secs(559));
    is(&world, 2, "", "one", 600);
    world.run_for(Duration::from_secs(2));
    is(&world, 3, "e1", "", 600);
    accept(&mut world, "e2");
    world.at(ALICE, |end, now| end.republish(now, id, body("two")));
    is(&world, 4, "e2", "two", 600);
    accept(&mut world, "e3");
    world.at(ALICE, |end, now| end.unpublish(now, id));
    is(&world, 5, "e3", "", 0);
    answer(&mut world, 200, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Unpublished { .. })));
    assert!(world.ends[ALICE].is_idle());
}

/// One at a time (RFC 3903 section 4): the newest state goes once the answer is there, what came between never does.
#[test]
fn what_changes_while_an_answer_is_awaited_waits_and_the_newest_wins() {
    let (mut world, id) = publishing();
    for text in ["two", "three"] {
        world.at(ALICE, |end, now| end.republish(now, id, body(text)));
        is(&world, 1, "", "one", 600);
    }
    accept(&mut world, "e1");
    is(&world, 2, "e1", "three", 600);
    world.at(ALICE, |end, now| end.unpublish(now, id));
    is(&world, 2, "e1", "three", 600);
    accept(&mut world, "e2");
    is(&world, 3, "e2", "", 0);
}

#[test]
fn a_server_that_forgot_it_gets_the_whole_state_again() {
    let (mut world, id) = publishing();
    accept(&mut world, "e1");
    world.run_for(Duration::from_secs(561));
    is(&world, 2, "e1", "", 600);
    answer(&mut world, 412, &[]);
    is(&world, 3, "", "one", 600);
    // Without an entity tag there was nothing to fail on: no third one at once.
    answer(&mut world, 412, &[]);
    is(&world, 3, "", "one", 600);
    assert!(matches!(
        world.events[ALICE].last(),
        Some(EndpointEvent::PublicationFailed { cause: EndCause::Rejected { status: 412, .. }, .. })
    ));
    world.at(ALICE, |end, now| end.unpublish(now, id));
    assert!(world.ends[ALICE].is_idle(), "nothing of it is there to be removed");
}

#[test]
fn an_interval_that_is_too_brief_is_made_longer_once() {
    let (mut world, _) = publishing();
    answer(&mut world, 423, &[("Min-Expires", "1800")]);
    is(&world, 2, "", "one", 1800);
    answer(&mut world, 423, &[("Min-Expires", "3600")]);
    assert!(matches!(
        world.events[ALICE].last(),
        Some(EndpointEvent::PublicationFailed { cause: EndCause::Rejected { status: 423, .. }, .. })
    ));
}

#[test]
fn what_fails_is_tried_again_later_with_the_newest_state() {
    let (mut world, id) = publishing();
    accept(&mut world, "e1");
    world.run_for(Duration::from_secs(561));
    answer(&mut world, 503, &[("Retry-After", "90")]);
    let Some(EndpointEvent::PublicationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
    assert_eq!(again.as_secs(), 90);
    world.at(ALICE, |end, now| end.republish(now, id, body("two")));
    world.run_for(Duration::from_secs(89));
    is(&world, 2, "e1", "", 600);
    world.run_for(Duration::from_secs(2));
    is(&world, 3, "e1", "two", 600);
}

#[test]
fn a_server_that_takes_no_publications_is_not_asked_again() {
    for status in [403, 405, 489, 501] {
        let (mut world, _) = publishing();
        answer(&mut world, status, &[]);
        let refused = EndCause::Rejected { status, reason: "Whatever".to_owned(), retry_after: None };
        let Some(EndpointEvent::PublicationRefused { cause, .. }) = world.events[ALICE].last() else { panic!() };
        assert_eq!(*cause, refused);
        let sent = world.sent.len();
        world.run_for(Duration::from_secs(4000));
        assert_eq!(world.sent.len(), sent);
    }
}
