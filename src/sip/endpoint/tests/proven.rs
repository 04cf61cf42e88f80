use super::wire::{header, invite, subscribe, uri, World, ALICE, BOB};
use crate::sip::digest::Login;
use crate::sip::endpoint::{EndCause, EndpointEvent, Invite, Subscribe};
use crate::sip::Method;
use crate::vocab::Redacted;

const CHALLENGE: (&str, &str) =
    ("Proxy-Authenticate", "Digest realm=\"b.example\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");

fn login(realm: &str) -> Option<Login> {
    Some(Login { user: "alice".to_owned(), password: Redacted("secret".to_owned()), realm: Some(realm.to_owned()) })
}

fn calling(login: Option<Login>) -> World {
    let mut world = World::perfect();
    world.mute = [true, true];
    world.at(ALICE, |end, now| end.invite(now, Invite { login, ..invite() }));
    world
}

/// ```text
/// alice                       proxy
///   | INVITE 1 -------------->  |
///   | <-------------------- 407 |
///   | ACK 1 ----------------->  |
///   | INVITE 2, proven ------>  |
///   | <-------------------- 200 |
///   | ACK 2, proven --------->  |
/// ```
#[test]
fn an_invite_that_is_challenged_comes_again_with_its_proof() {
    let mut world = calling(login("b.example"));
    let first = world.request(&Method::Invite);
    world.reply(&Method::Invite, 407, &[CHALLENGE, ("To-tag", "p")]);
    assert_eq!(header(&world.request(&Method::Ack), "CSeq"), "1 ACK");
    let second = world.request(&Method::Invite);
    assert_eq!((header(&second, "CSeq").as_str(), header(&second, "Call-ID")), ("2 INVITE", header(&first, "Call-ID")));
    assert!(!header(&second, "To").contains("tag="), "the refusal's tag makes no dialog");
    assert_eq!(second.body(), first.body());
    let proof = header(&second, "Proxy-Authorization");
    assert!(proof.contains("realm=\"b.example\"") && proof.contains("nc=00000001"), "{proof}");
    let contact = format!("<{}>", uri(BOB));
    world.reply(&Method::Invite, 200, &[("To-tag", "b"), ("Contact", &contact)]);
    let ack = world.request(&Method::Ack);
    assert_eq!((header(&ack, "CSeq").as_str(), header(&ack, "Proxy-Authorization")), ("2 ACK", proof));
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Answered { .. })));
}

/// Without a login the offer is refused, and the call stays as it was.
#[test]
fn an_offer_within_the_call_that_is_challenged_comes_again_with_its_proof() {
    for (status, header_name, proven) in
        [(407, "Proxy-Authorization", true), (401, "Authorization", true), (407, "", false)]
    {
        let mut world = calling(login("b.example").filter(|_| proven));
        let contact = format!("<{}>", uri(BOB));
        world.reply(&Method::Invite, 200, &[("To-tag", "b"), ("Contact", &contact)]);
        let Some(EndpointEvent::Answered { id, .. }) = world.events[ALICE].last() else { panic!() };
        let id = *id;
        world.at(ALICE, |end, now| end.want_offer(now, id));
        world.at(ALICE, |end, now| end.offer(now, id, super::wire::body("hold")));
        let first = world.request(&Method::Invite);
        let asks = if status == 407 { CHALLENGE.0 } else { "WWW-Authenticate" };
        world.reply(&Method::Invite, status, &[(asks, CHALLENGE.1)]);
        let second = world.request(&Method::Invite);
        if !proven {
            let refused = |event: &EndpointEvent| matches!(event, EndpointEvent::OfferRefused { status: 407, .. });
            assert!(world.events[ALICE].last().is_some_and(refused));
            continue;
        }
        assert_eq!((header(&first, "CSeq").as_str(), header(&second, "CSeq").as_str()), ("2 INVITE", "3 INVITE"));
        assert_eq!((second.body(), header(&second, "To")), (first.body(), header(&first, "To")));
        assert!(header(&second, header_name).contains("realm=\"b.example\""), "{status}");
        world.reply(&Method::Invite, 200, &[("Contact", &contact)]);
        assert_eq!(header(&world.request(&Method::Ack), "CSeq"), "3 ACK");
        assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferAnswered { .. })));
    }
}

#[test]
fn who_has_no_password_for_the_realm_or_a_wrong_one_is_rejected() {
    for (login, tries) in [(None, 1), (login("c.example"), 1), (login("b.example"), 2)] {
        let mut world = calling(login);
        for _ in 0..tries {
            world.reply(&Method::Invite, 407, &[CHALLENGE, ("To-tag", "p")]);
        }
        assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Rejected { status: 407, .. })));
        assert_eq!(header(&world.request(&Method::Invite), "CSeq"), format!("{tries} INVITE"));
        assert!(world.ends[ALICE].is_idle());
    }
}

/// A call that the user gave up in the meantime is not begun again.
#[test]
fn a_call_that_was_given_up_is_not_proven() {
    let mut world = calling(login("b.example"));
    let id = match world.events[ALICE].last() {
        None => crate::sip::SessionId(1),
        other => panic!("{other:?}"),
    };
    world.reply(&Method::Invite, 100, &[]);
    world.at(ALICE, |end, now| end.cancel(now, id));
    world.reply(&Method::Invite, 407, &[CHALLENGE, ("To-tag", "p")]);
    assert_eq!(header(&world.request(&Method::Invite), "CSeq"), "1 INVITE");
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Rejected { status: 407, .. })));
}

#[test]
fn a_subscribe_that_is_challenged_comes_again_or_ends_with_the_reason() {
    for (realm, again) in [("b.example", true), ("c.example", false)] {
        let mut world = World::perfect();
        world.mute = [true, true];
        world.at(ALICE, |end, now| end.subscribe(now, Subscribe { login: login(realm), ..subscribe(0) }));
        world.reply(&Method::Subscribe, 407, &[CHALLENGE]);
        let last = world.request(&Method::Subscribe);
        assert_eq!(header(&last, "CSeq"), if again { "2 SUBSCRIBE" } else { "1 SUBSCRIBE" });
        assert_eq!(header(&last, "Proxy-Authorization").is_empty(), !again);
        let ended = world.events[ALICE].iter().any(|event| {
            matches!(event, EndpointEvent::SubscriptionEnded { cause: EndCause::Unproven { status: 407, .. }, .. })
        });
        assert_eq!(ended, !again);
    }
}
