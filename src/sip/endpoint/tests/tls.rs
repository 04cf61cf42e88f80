//! What goes by TLS goes by nothing else, and says whose certificate is wanted.

use std::time::Duration;

use super::wire::{address, body, header, invite, subscribe, uri, World, ALICE, BOB};
use crate::sip::endpoint::{EndCause, EndpointEvent, Invite, Register, Subscribe};
use crate::sip::headers::NameAddr;
use crate::sip::{ConnectionId, Host, Message, Method, NotifyState, Received, Request, Transmit, Transport, Uri};
use crate::vocab::Now;

const DOMAIN: &str = "b.example";

fn domain() -> Option<Host> {
    Host::parse(DOMAIN)
}

fn quiet() -> World {
    let mut world = World::perfect();
    world.mute = [true, true];
    world
}

/// Alice has registered through a proxy at Bob's address, by TLS.
fn registered() -> World {
    let mut world = quiet();
    let what = Register {
        aor: NameAddr::new(Uri::parse("sip:alice@b.example").unwrap()),
        registrar: Uri::parse("sip:b.example;transport=tls").unwrap(),
        remote: address(BOB),
        domain: domain(),
        login: None,
        expires: Duration::from_secs(3600),
        number: 1,
    };
    world.at(ALICE, |end, now| end.register(now, what));
    world.reply(&Method::Register, 200, &[]);
    world
}

fn last(world: &World) -> &Transmit {
    world.sent.last().unwrap()
}

fn how(transmit: &Transmit) -> (Transport, Option<Host>, String) {
    (transmit.transport, transmit.domain.clone(), transmit.remote.to_string())
}

#[test]
fn a_registration_by_tls_is_at_whoever_proves_the_domain_and_keeps_its_connection_open() {
    let mut world = registered();
    assert_eq!(how(last(&world)), (Transport::Tls, domain(), address(BOB).to_string()));
    let request = world.request(&Method::Register);
    assert!(header(&request, "Via").starts_with("SIP/2.0/TLS 192.168.1.1:5060;"), "{}", header(&request, "Via"));
    assert!(header(&request, "Via").contains(";alias"), "{}", header(&request, "Via"));
    let contact = format!("<{};transport=tls>", uri(ALICE));
    assert!(header(&request, "Contact").starts_with(&contact), "{}", header(&request, "Contact"));
    world.run_for(Duration::from_secs(96));
    assert_eq!(world.times(ALICE, "REGISTER"), [0, 95_000], "no retransmission, and early enough");
}

#[test]
fn what_our_contact_is_granted_by_tls_is_read() {
    let mut world = registered();
    world.run_for(Duration::from_secs(96));
    let bound = format!("<{};transport=tls>;expires=120", uri(ALICE));
    world.reply(&Method::Register, 200, &[("Contact", "<sip:x@192.0.2.9>;expires=9"), ("Contact", &bound)]);
    let granted = world.events[ALICE].iter().rev().find_map(|event| match event {
        EndpointEvent::Registered { expires, .. } => Some(expires.as_secs()),
        _ => None,
    });
    assert_eq!(granted, Some(120));
}

/// The one that would have fallen back, had it been large for TCP (RFC 3261 section 18.1.1).
#[test]
fn a_large_request_by_tls_falls_back_to_nothing() {
    let mut world = quiet();
    let what = Subscribe { domain: domain(), body: Some(body(&"x".repeat(2000))), ..subscribe(0) };
    world.at(ALICE, |end, now| end.subscribe(now, what));
    let sent = last(&world).clone();
    assert_eq!(how(&sent), (Transport::Tls, domain(), address(BOB).to_string()));
    world.at(ALICE, |end, now| end.handle_transport_failure(now, &sent, "its certificate does not prove b.example"));
    let Some(EndpointEvent::SubscriptionEnded { cause, .. }) = world.events[ALICE].last() else { panic!() };
    assert_eq!(*cause, EndCause::Transport { why: "its certificate does not prove b.example".to_owned() });
    assert_eq!(world.sent.len(), 1, "sent by nothing else");
}

#[test]
fn a_sips_target_is_sent_by_tls_or_not_at_all() {
    for (target, remote, proof) in [
        ("sips:bob@192.168.1.2", "192.168.1.2:5061", "192.168.1.2"),
        ("sips:bob@192.168.1.2:7000;transport=udp", "192.168.1.2:7000", "192.168.1.2"),
        ("sips:bob@name.example", "192.168.1.2:5060", "name.example"),
    ] {
        let mut world = quiet();
        let what = Subscribe { target: Uri::parse(target).unwrap(), ..subscribe(0) };
        world.at(ALICE, |end, now| end.subscribe(now, what));
        assert_eq!(how(last(&world)), (Transport::Tls, Host::parse(proof), remote.to_owned()), "{target}");
        let contact = header(&world.request(&Method::Subscribe), "Contact");
        assert!(contact.starts_with("<sips:alice@192.168.1.1:5060>"), "{contact}");
        let sent = last(&world).clone();
        world.at(ALICE, |end, now| end.handle_transport_failure(now, &sent, "refused"));
        assert_eq!(world.sent.len(), 1);
    }
}

/// Alice is asked through her proxy, which gave its address in Record-Route: she answers on the connection that it came
/// on, and her NOTIFY goes to whoever proves the domain of the proxy, not the address in that URI.
#[test]
fn whoever_is_asked_through_the_proxy_notifies_through_it_by_tls() {
    let [by_tls, by_sips] = ["<sip:alice@192.168.1.1:5060;transport=tls>", "<sips:alice@192.168.1.1:5060>"];
    for (contact, ours) in [("sip:bob@192.168.1.9", by_tls), ("sips:bob@192.168.1.9", by_sips)] {
        let mut world = registered();
        ask(&mut world, contact, "Record-Route: <sip:192.168.1.2:5060;transport=tls;lr>\r\n");
        let Some(EndpointEvent::Subscribed { id, .. }) = world.events[ALICE].last() else { panic!() };
        let id = *id;
        world.at(ALICE, |end, now| end.accept_subscription(now, id, Duration::from_secs(60)));
        assert_eq!(last(&world).connection, Some(ConnectionId(7)));
        let Ok(Message::Response(ok)) = Message::parse(&last(&world).bytes) else { panic!() };
        assert!(ok.headers().first("Contact").unwrap().starts_with(ours));
        world.at(ALICE, |end, now| end.notify(now, id, NotifyState::Active, Some(body("state"))));
        assert_eq!(how(last(&world)), (Transport::Tls, domain(), address(BOB).to_string()));
        assert!(header(&world.request(&Method::Notify), "Contact").starts_with(ours));
    }
}

/// What our user typed is what must be proven, although a proxy of ours is at that address.
#[test]
fn an_address_that_our_user_named_is_proven_as_named() {
    let mut world = registered();
    let target = Uri::parse("sips:bob@192.168.1.2:5060").unwrap();
    let what = Subscribe { target, domain: Host::parse("192.168.1.2"), ..subscribe(0) };
    world.at(ALICE, |end, now| end.subscribe(now, what));
    assert_eq!(last(&world).domain, Host::parse("192.168.1.2"));
}

/// By nobody of ours: whoever is there must prove the host of the URI.
#[test]
fn a_sips_contact_is_notified_by_tls_only() {
    let mut world = quiet();
    ask(&mut world, "sips:bob@192.168.1.2", "");
    let Some(EndpointEvent::Subscribed { id, .. }) = world.events[ALICE].last() else { panic!() };
    let id = *id;
    world.at(ALICE, |end, now| end.accept_subscription(now, id, Duration::from_secs(60)));
    world.at(ALICE, |end, now| end.notify(now, id, NotifyState::Active, None));
    assert_eq!(how(last(&world)), (Transport::Tls, Host::parse("192.168.1.2"), "192.168.1.2:5061".to_owned()));
}

/// The answer of a broken connection goes to a new one, and only to whoever proves to be there.
#[test]
fn an_answer_that_needs_a_new_connection_wants_it_proven() {
    for (mut world, proof) in [(registered(), DOMAIN), (quiet(), "192.168.1.2")] {
        ask(&mut world, "sip:bob@192.168.1.2", "");
        let Some(EndpointEvent::Subscribed { id, .. }) = world.events[ALICE].last() else { panic!() };
        let id = *id;
        world.at(ALICE, |end, now| end.accept_subscription(now, id, Duration::from_secs(60)));
        let answer = last(&world).clone();
        world.at(ALICE, |end, now| end.handle_transport_failure(now, &answer, "the peer closed it"));
        let again = last(&world);
        assert_eq!(
            (again.transport, again.connection, again.domain.clone()),
            (Transport::Tls, None, Host::parse(proof))
        );
        assert_eq!(again.bytes, answer.bytes);
    }
}

#[test]
fn a_sips_request_that_came_in_clear_is_refused() {
    use Transport::{Tcp, Tls, Udp};
    let cases = [(Udp, true, "403"), (Tcp, true, "403"), (Tls, true, "200"), (Udp, false, "416"), (Tls, false, "200")];
    for (transport, listens, status) in cases {
        let mut world = quiet();
        world.ends[ALICE].config.listen.extend(listens.then(|| (Tls, address(ALICE))));
        let request = format!(
            "OPTIONS sips:alice@192.168.1.1 SIP/2.0\r\nVia: SIP/2.0/{} 192.168.1.2:5060;branch=z9hG4bK1\r\n\
             Max-Forwards: 70\r\nFrom: <sip:bob@b.example>;tag=b\r\nTo: <sip:alice@b.example>\r\nCall-ID: c\r\n\
             CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
            transport.to_string().to_uppercase()
        );
        let from = Received { transport, local: address(ALICE), remote: address(BOB), connection: None };
        world.at(ALICE, |end, now: Now| end.handle_message(now, from, request.as_bytes()));
        assert!(last(&world).bytes.starts_with(format!("SIP/2.0 {status}").as_bytes()), "{transport} {listens}");
    }
}

/// RFC 3261 sections 12.1.1, 16.6 and 26.2.2: what answers a call by `sips:` has to keep to it.
#[test]
fn a_call_by_sips_stays_with_it_or_is_ended() {
    let [sips, sip] = ["<sips:bob@192.168.1.2:5061>", "<sip:bob@192.168.1.2:5061;transport=tls>"];
    for (contact, route, stays) in [
        (sips, None, true),
        (sips, Some("<sips:192.168.1.2:5061;lr>"), true),
        (sip, None, false),
        (sips, Some("<sip:192.168.1.2:5061;transport=tls;lr>"), false),
        (sips, Some("\"<sips:192.168.1.2>\" <sip:192.168.1.2:5061;transport=tls;lr>"), false),
        (sips, Some("\"<sip:a proxy>\" <sips:192.168.1.2:5061;lr>"), true),
    ] {
        let mut world = quiet();
        let target = Uri::parse("sips:bob@192.168.1.2").unwrap();
        let ours = world.at(ALICE, |end, now| end.invite(now, Invite { target, ..invite() }));
        assert_eq!(how(last(&world)), (Transport::Tls, Host::parse("192.168.1.2"), "192.168.1.2:5061".to_owned()));
        let sent = world.request(&Method::Invite);
        assert!(header(&sent, "Contact").starts_with("<sips:alice@"), "{}", header(&sent, "Contact"));
        let headers = [Some(("To-tag", "b")), Some(("Contact", contact)), route.map(|route| ("Record-Route", route))];
        world.reply(&Method::Invite, 200, &headers.into_iter().flatten().collect::<Vec<_>>());
        let by_tls = |transmit: &&Transmit| transmit.transport == Transport::Tls;
        assert!(world.sent.iter().all(|transmit| by_tls(&transmit)), "ACK and BYE too");
        assert_eq!(world.request(&Method::Ack).uri().as_str(), contact.trim_matches(['<', '>']));
        match world.events[ALICE].last() {
            Some(EndpointEvent::Answered { id, .. }) => assert!(stays && *id == ours),
            Some(EndpointEvent::InviteFailed { cause: EndCause::InClear { .. }, .. }) => {
                assert!(!stays);
                assert!(header(&world.request(&Method::Bye), "Reason").contains("cause=488"));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The same of a subscription, before anything that came on such a way is believed.
#[test]
fn a_subscription_by_sips_ends_where_a_proxy_would_leave_tls() {
    for (route, stays) in [("sips:192.168.1.2:5061;lr", true), ("sip:192.168.1.2:5061;transport=tls;lr", false)] {
        let mut world = quiet();
        let target = Uri::parse("sips:bob@192.168.1.2").unwrap();
        world.at(ALICE, |end, now| end.subscribe(now, Subscribe { target, ..subscribe(60) }));
        let asked = world.request(&Method::Subscribe);
        let record_route = format!("Record-Route: <{route}>\r\n");
        notified(&mut world, &asked, "<sips:bob@192.168.1.2:5061>", &record_route);
        let answer = if stays { "SIP/2.0 200" } else { "SIP/2.0 481" };
        assert!(last(&world).bytes.starts_with(answer.as_bytes()), "{:?}", last(&world));
        let ended = |event: &EndpointEvent| {
            matches!(event, EndpointEvent::SubscriptionEnded { cause: EndCause::InClear { .. }, .. })
        };
        assert_eq!(world.events[ALICE].iter().any(ended), !stays);
        assert_eq!(world.events[ALICE].iter().any(|event| matches!(event, EndpointEvent::Notified { .. })), stays);
    }
}

/// Presence servers name themselves by sip: all the same, and are not refused for it: nothing goes there but by TLS, from NOTIFY or
/// from the 200 of a refresh.
#[test]
fn a_subscription_by_sips_is_refreshed_and_ended_by_tls_whatever_its_contact_says() {
    let sips = "<sips:bob@192.168.1.2:5061>";
    for contact in [
        "<sip:bob@192.168.1.2>",
        "<sip:bob@192.168.1.2:5060;transport=udp>",
        "<sip:bob@192.168.1.9:7000;transport=tcp>",
        "<sip:bob@name.example>",
    ] {
        for (first, later) in [(contact, None), (sips, Some(contact))] {
            let mut world = quiet();
            let target = Uri::parse("sips:bob@192.168.1.2").unwrap();
            let id = world.at(ALICE, |end, now| end.subscribe(now, Subscribe { target, ..subscribe(600) }));
            let asked = world.request(&Method::Subscribe);
            notified(&mut world, &asked, first, "");
            let headers = [Some(("To-tag", "b")), Some(("Expires", "600")), later.map(|later| ("Contact", later))];
            world.reply(&Method::Subscribe, 200, &headers.into_iter().flatten().collect::<Vec<_>>());
            world.run_for(Duration::from_secs(560));
            let refresh = world.request(&Method::Subscribe);
            assert_eq!(refresh.uri().as_str(), contact.trim_matches(['<', '>']), "{first} {later:?}");
            world.reply(&Method::Subscribe, 200, &[("Expires", "600")]);
            world.at(ALICE, |end, now| end.unsubscribe(now, id));
            assert_eq!(header(&world.request(&Method::Subscribe), "Expires"), "0");
            let lost = last(&world).clone();
            world.at(ALICE, |end, now| end.handle_transport_failure(now, &lost, "refused"));
            let in_clear = |transmit: &&Transmit| transmit.transport != Transport::Tls || transmit.domain.is_none();
            let ours = world.sent.iter().filter(|transmit| transmit.bytes.starts_with(b"SUBSCRIBE"));
            assert_eq!(ours.clone().count(), 3);
            assert!(!ours.clone().any(|transmit| in_clear(&transmit)), "{:?}", ours.last());
        }
    }
}

/// RFC 3261 section 8.1.1.8.
#[test]
fn who_calls_by_sips_is_reached_by_it() {
    for (contact, answer) in [("sips:bob@192.168.1.2", None), ("sip:bob@192.168.1.2", Some("SIP/2.0 400"))] {
        let mut world = quiet();
        let request = format!(
            "INVITE sips:alice@192.168.1.1 SIP/2.0\r\nVia: SIP/2.0/TLS 192.168.1.2:5060;branch=z9hG4bK1\r\n\
             Max-Forwards: 70\r\nFrom: <sip:bob@b.example>;tag=b\r\nTo: <sip:alice@b.example>\r\nCall-ID: c\r\n\
             CSeq: 1 INVITE\r\nContact: <{contact}>\r\nContent-Length: 0\r\n\r\n"
        );
        let (local, remote) = (address(ALICE), address(BOB));
        let from = Received { transport: Transport::Tls, local, remote, connection: Some(ConnectionId(7)) };
        world.at(ALICE, |end, now: Now| end.handle_message(now, from, request.as_bytes()));
        let invited = matches!(world.events[ALICE].last(), Some(EndpointEvent::Invited { .. }));
        assert_eq!(invited, answer.is_none());
        if let Some(answer) = answer {
            assert!(last(&world).bytes.starts_with(answer.as_bytes()));
        }
    }
}

/// Whoever forgets the domain gets no clear REGISTER by that.
#[test]
fn a_registrar_of_tls_is_never_told_in_clear() {
    for registrar in ["sip:b.example;transport=tls", "sips:b.example"] {
        let mut world = quiet();
        let what = Register {
            aor: NameAddr::new(Uri::parse("sip:alice@b.example").unwrap()),
            registrar: Uri::parse(registrar).unwrap(),
            remote: address(BOB),
            domain: None,
            login: None,
            expires: Duration::from_secs(3600),
            number: 1,
        };
        world.at(ALICE, |end, now| end.register(now, what));
        assert_eq!(how(last(&world)), (Transport::Tls, domain(), address(BOB).to_string()));
    }
}

/// Bob's first NOTIFY reaches Alice by TLS.
fn notified(world: &mut World, asked: &Request, contact: &str, route: &str) {
    let notify = format!(
        "NOTIFY sips:alice@192.168.1.1:5060 SIP/2.0\r\nVia: SIP/2.0/TLS 192.168.1.2:5061;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n\
         From: {};tag=b\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 NOTIFY\r\nContact: {contact}\r\n{route}\
         Event: presence\r\nSubscription-State: active;expires=600\r\nContent-Length: 0\r\n\r\n",
        header(asked, "To"),
        header(asked, "From"),
        header(asked, "Call-ID"),
    );
    let (local, remote) = (address(ALICE), address(BOB));
    let from = Received { transport: Transport::Tls, local, remote, connection: Some(ConnectionId(7)) };
    world.at(ALICE, |end, now: Now| end.handle_message(now, from, notify.as_bytes()));
}

/// Bob's SUBSCRIBE reaches Alice by TLS.
fn ask(world: &mut World, contact: &str, route: &str) {
    let request = format!(
        "SUBSCRIBE sip:alice@192.168.1.1 SIP/2.0\r\nVia: SIP/2.0/TLS 192.168.1.2:5060;branch=z9hG4bK1\r\n\
         Max-Forwards: 70\r\nFrom: <sip:bob@b.example>;tag=b\r\nTo: <sip:alice@b.example>\r\nCall-ID: c\r\n\
         CSeq: 1 SUBSCRIBE\r\nContact: <{contact}>\r\n{route}Event: presence\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n"
    );
    let (local, remote) = (address(ALICE), address(BOB));
    let from = Received { transport: Transport::Tls, local, remote, connection: Some(ConnectionId(7)) };
    world.at(ALICE, |end, now: Now| end.handle_message(now, from, request.as_bytes()));
}
