use std::net::SocketAddr;
use std::time::Duration;

use super::wire::{address, header, uri, World, ALICE, BOB};
use crate::sip::digest::Login;
use crate::sip::endpoint::{EndCause, EndpointEvent, Next, Register, Text};
use crate::sip::headers::NameAddr;
use crate::sip::{Method, NotifyState, RegistrationId, Request, Transport, Uri};
use crate::vocab::Redacted;

const CHALLENGE: (&str, &str) =
    ("WWW-Authenticate", "Digest realm=\"b.example\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");

/// Alice registers at Bob's address, where a test answers by hand.
fn registering() -> (World, RegistrationId) {
    registering_at("sip:b.example")
}

fn registering_at(registrar: &str) -> (World, RegistrationId) {
    registering_for(registrar, 600)
}

fn registering_for(registrar: &str, seconds: u64) -> (World, RegistrationId) {
    let mut world = World::perfect();
    world.mute = [true, true];
    let what = Register {
        aor: NameAddr::new(Uri::parse("sip:alice@b.example").unwrap()),
        registrar: Uri::parse(registrar).unwrap(),
        remote: address(BOB),
        domain: None,
        login: Some(Login { user: "alice".to_owned(), password: Redacted("secret".to_owned()), realm: None }),
        expires: Duration::from_secs(seconds),
        number: 1,
    };
    let id = world.at(ALICE, |end, now| end.register(now, what));
    (world, id)
}

/// For Bob, by way of `remote`.
fn text(remote: SocketAddr) -> Text {
    Text {
        target: uri(BOB),
        remote,
        tcp: false,
        domain: None,
        text: "x".to_owned(),
        from: None,
        login: None,
        resumes: None,
    }
}

fn last(world: &World) -> Request {
    world.request(&Method::Register)
}

/// How many, pings between them not counted.
fn registers(world: &World) -> usize {
    world.times(ALICE, "REGISTER").len()
}

fn answer(world: &mut World, status: u16, headers: &[(&str, &str)]) {
    world.reply(&Method::Register, status, headers);
}

fn registered(world: &World) -> Vec<(Duration, Vec<String>)> {
    let granted = |event: &EndpointEvent| match event {
        EndpointEvent::Registered { expires, service_route, .. } => Some((*expires, service_route.clone())),
        _ => None,
    };
    world.events[ALICE].iter().filter_map(granted).collect()
}

/// ```text
/// alice                       registrar
///   | REGISTER -------------->  |
///   | <-------------------- 401 |
///   | REGISTER, Authorization > |
///   | <-------------------- 200 |
///   |    (before it runs out)   |
///   | REGISTER, Authorization > |
///   |      (the user leaves)    |
///   | REGISTER Expires: 0 --->  |
/// ```
#[test]
fn a_registration_is_proven_kept_and_taken_back() {
    let (mut world, id) = registering();
    let first = last(&world);
    assert_eq!((first.uri().as_str(), header(&first, "To").as_str()), ("sip:b.example", "<sip:alice@b.example>"));
    assert_eq!(header(&first, "Authorization"), "");
    answer(&mut world, 401, &[CHALLENGE]);
    let second = last(&world);
    assert!(header(&second, "Authorization").contains("nc=00000001"), "{}", header(&second, "Authorization"));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    assert_eq!((header(&first, "CSeq").as_str(), header(&second, "CSeq").as_str()), ("1 REGISTER", "2 REGISTER"));
    let bound = format!("<{}>;expires=300", uri(ALICE));
    let route = ("Service-Route", "<sip:proxy.b.example;lr>");
    answer(&mut world, 200, &[("Contact", "<sip:other@192.0.2.9>;expires=9"), ("Contact", &bound), route]);
    assert_eq!(registered(&world), [(Duration::from_secs(300), vec!["<sip:proxy.b.example;lr>".to_owned()])]);
    world.run_for(Duration::from_secs(259));
    assert_eq!(header(&last(&world), "CSeq"), "2 REGISTER");
    world.run_for(Duration::from_secs(2));
    let third = last(&world);
    assert_eq!(header(&third, "CSeq"), "3 REGISTER");
    assert!(header(&third, "Authorization").contains("nc=00000002"), "the nonce is used again");
    answer(&mut world, 200, &[("Expires", "600")]);
    world.at(ALICE, |end, now| end.unregister(now, id));
    assert_eq!(header(&last(&world), "Expires"), "0");
    answer(&mut world, 200, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Unregistered { .. })));
    assert!(world.ends[ALICE].is_idle());
}

/// The server's database was busy, say.
#[test]
fn what_could_not_be_taken_back_is_tried_once_more() {
    let (mut world, id) = registering();
    answer(&mut world, 200, &[]);
    world.at(ALICE, |end, now| end.unregister(now, id));
    answer(&mut world, 503, &[]);
    assert!(!world.ends[ALICE].is_idle());
    world.run_for(Duration::from_secs(1));
    let again = last(&world);
    assert_eq!((header(&again, "CSeq").as_str(), header(&again, "Expires").as_str()), ("3 REGISTER", "0"));
    answer(&mut world, 503, &[]);
    assert!(world.ends[ALICE].is_idle(), "and no third time");
}

/// The registrar holds it still, and would send calls to nobody.
#[test]
fn what_stands_is_taken_back_even_when_its_refresh_failed() {
    let (mut world, id) = registering();
    answer(&mut world, 200, &[]);
    world.run_for(Duration::from_secs(570));
    answer(&mut world, 503, &[]);
    world.at(ALICE, |end, now| end.unregister(now, id));
    assert_eq!(header(&last(&world), "Expires"), "0");
}

/// RFC 3263 section 4.3, and RFC 3261 section 10.2 for what stays the same.
#[test]
fn a_registration_goes_on_at_another_server_at_once_or_when_it_has_been_held() {
    let (mut world, id) = registering();
    let first = last(&world);
    let to = |last: u8| Next {
        registrar: Uri::parse("sip:b.example").unwrap(),
        remote: ([192, 168, 1, last], 5060).into(),
        domain: None,
        login: None,
    };
    world.at(ALICE, |end, now| end.move_registration(now, id, to(7)));
    assert_eq!(header(&last(&world), "CSeq"), "1 REGISTER", "nobody answered yet");
    answer(&mut world, 503, &[]);
    world.at(ALICE, |end, now| end.move_registration(now, id, to(8)));
    let second = last(&world);
    assert_eq!((header(&second, "CSeq"), header(&second, "Call-ID")), ("2 REGISTER".into(), header(&first, "Call-ID")));
    assert_eq!(world.sent.last().unwrap().remote, to(8).remote);
    answer(&mut world, 503, &[]);
    let Some(EndpointEvent::RegistrationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
    assert!(again.as_secs() <= 30, "the first failure has led elsewhere, and does not count: {again:?}");
    world.at(ALICE, |end, _| end.hold_registration(id));
    world.run_for(Duration::from_secs(4000));
    assert_eq!(header(&last(&world), "CSeq"), "2 REGISTER");
    world.at(ALICE, |end, now| end.resume_registration(now, id, to(9)));
    assert_eq!(
        (header(&last(&world), "CSeq").as_str(), world.sent.last().unwrap().remote),
        ("3 REGISTER", to(9).remote)
    );
}

#[test]
fn a_wrong_password_is_said_once_and_not_tried_again() {
    let (mut world, _) = registering();
    answer(&mut world, 401, &[CHALLENGE]);
    answer(&mut world, 401, &[CHALLENGE]);
    let Some(EndpointEvent::RegistrationRefused { why, .. }) = world.events[ALICE].last() else { panic!() };
    assert!(why.contains("b.example") && why.contains("wrong"), "{why}");
    let sent = world.sent.len();
    world.run_for(Duration::from_secs(4000));
    assert_eq!(world.sent.len(), sent);
}

#[test]
fn an_interval_that_is_too_brief_is_made_longer_once() {
    let (mut world, _) = registering();
    answer(&mut world, 423, &[("Min-Expires", "1800")]);
    assert_eq!(header(&last(&world), "Expires"), "1800");
    answer(&mut world, 423, &[("Min-Expires", "3600")]);
    assert!(matches!(
        world.events[ALICE].last(),
        Some(EndpointEvent::RegistrationFailed { cause: EndCause::Rejected { status: 423, .. }, .. })
    ));
}

/// RFC 5627 section 4.2; a registrar cannot make us say that we are somebody else.
#[test]
fn a_gruu_of_our_own_address_of_record_is_taken_and_no_other() {
    for (named, taken) in [
        ("sip:alice@b.example;gr=urn:x-test:0", true),
        ("sip:alice@b.example", false),
        ("sip:eve@b.example;gr=urn:x-test:0", false),
        ("sip:alice@e.example;gr=urn:x-test:0", false),
        ("tel:+4930", false),
    ] {
        let (mut world, _) = registering();
        assert!(header(&last(&world), "Supported").contains("gruu"));
        let bound = format!("<{}>;expires=300;pub-gruu=\"{named}\"", uri(ALICE));
        answer(&mut world, 200, &[("Contact", &bound)]);
        let Some(EndpointEvent::Registered { gruu, .. }) = world.events[ALICE].last() else { panic!() };
        assert_eq!(gruu.as_ref().map(ToString::to_string), taken.then(|| named.to_owned()));
    }
}

#[test]
fn what_fails_is_tried_again_later_and_later_until_it_succeeds() {
    let (mut world, _) = registering();
    for (least, most) in [(15, 30), (30, 60), (60, 120)] {
        answer(&mut world, 503, &[]);
        let Some(EndpointEvent::RegistrationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
        let again = *again;
        assert!((least * 1000..=most * 1000).contains(&again.as_millis()), "{again:?}");
        let sent = world.sent.len();
        world.run_for(again);
        assert_eq!(world.sent.len(), sent + 1);
    }
    answer(&mut world, 503, &[("Retry-After", "900")]);
    let Some(EndpointEvent::RegistrationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
    let again = *again;
    assert_eq!(again.as_secs(), 900);
    world.run_for(again);
    answer(&mut world, 200, &[]);
    assert_eq!(registered(&world), [(Duration::from_secs(600), Vec::new())]);
}

/// Where it keeps no way open to us, nothing tells that it was started anew.
#[test]
fn a_registration_for_an_hour_by_datagrams_is_refreshed_every_ten_minutes() {
    let (mut world, _) = registering_for("sip:b.example", 3600);
    answer(&mut world, 200, &[]);
    world.run_for(Duration::from_secs(599));
    assert_eq!(header(&last(&world), "CSeq"), "1 REGISTER");
    world.run_for(Duration::from_secs(2));
    assert_eq!(header(&last(&world), "CSeq"), "2 REGISTER");
}

#[test]
fn a_server_that_does_not_answer_something_else_is_registered_at_anew() {
    let (mut world, _) = registering();
    answer(&mut world, 200, &[]);
    world.run_for(Duration::from_secs(100));
    world.at(ALICE, |end, now| end.message(now, text(address(BOB))));
    world.run_for(Duration::from_secs(31));
    assert_eq!(header(&last(&world), "CSeq"), "1 REGISTER", "it has time to answer");
    world.run_for(Duration::from_secs(8));
    assert_eq!(header(&last(&world), "CSeq"), "2 REGISTER");
}

/// Alice's registrar is silent, and who is asked something else answers with its source address.
#[test]
fn an_answer_that_was_not_asked_for_there_hastens_nothing() {
    let there = "192.168.1.9:5060".parse().unwrap();
    for (remote, hastened) in [(there, false), (address(BOB), true)] {
        let (mut world, _) = registering();
        world.run_for(Duration::from_secs(33));
        let next = |world: &World| world.times(ALICE, "REGISTER").len();
        let before = next(&world);
        world.at(ALICE, |end, now| end.message(now, text(remote)));
        world.reply(&Method::Message, 200, &[]);
        world.run_for(Duration::from_secs(1));
        assert_eq!(next(&world) > before, hastened, "asked at {remote}");
    }
}

/// It asked for them, and does not answer them: where they go it has said itself.
#[test]
fn a_notify_without_answer_puts_no_registration_in_doubt() {
    let (mut world, _) = registering();
    answer(&mut world, 200, &[]);
    world.run_for(Duration::from_secs(100));
    let before = registers(&world);
    world.at(BOB, |end, now| end.subscribe(now, super::wire::subscribe(3600)));
    let subscribe = world.request(&Method::Subscribe).to_bytes();
    world.inject(ALICE, &subscribe);
    let Some(EndpointEvent::Subscribed { id, .. }) = world.events[ALICE].last() else { panic!() };
    let id = *id;
    world.at(ALICE, |end, now| {
        end.accept_subscription(now, id, Duration::from_secs(3600));
        end.notify(now, id, NotifyState::Active, None);
    });
    world.run_for(Duration::from_secs(60));
    assert!(world.times(ALICE, "NOTIFY").len() > 5, "it was sent, and again");
    assert_eq!(registers(&world), before);
}

/// The registrar went away with the connection on which it reached us, or that was opened for the size of a message; it may close
/// each one at once.
#[test]
fn a_broken_connection_leads_to_another_registration_but_not_to_a_storm() {
    for (registrar, transport, soon) in [
        ("sip:b.example;transport=tcp", Transport::Tcp, true),
        ("sip:b.example", Transport::Tcp, true),
        ("sip:b.example", Transport::Tls, false),
        ("sip:b.example;transport=tcp", Transport::Tls, false),
    ] {
        let (mut world, _) = registering_at(registrar);
        answer(&mut world, 200, &[]);
        world.run_for(Duration::from_secs(100));
        let sent = registers(&world);
        world.at(ALICE, |end, now| end.handle_connection_ended(now, transport, address(BOB)));
        world.run_for(Duration::from_secs(6));
        assert_eq!(registers(&world) > sent, soon, "{registrar}");
        if !soon {
            continue;
        }
        answer(&mut world, 200, &[]);
        let sent = registers(&world);
        world.at(ALICE, |end, now| end.handle_connection_ended(now, transport, address(BOB)));
        world.run_for(Duration::from_secs(24));
        assert_eq!(registers(&world), sent, "not twice in half a minute");
        world.run_for(Duration::from_secs(7));
        assert!(registers(&world) > sent);
    }
}
