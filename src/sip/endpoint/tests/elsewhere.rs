//! Whoever reads a call's messages on their way knows its tags and branches, and writes from elsewhere in the peer's name.

use std::time::Duration;

use super::offer::{answered_by_hand, from_bob};
use super::wire::{address, body, header, invite, subscribe, uri, World, ALICE, BOB};
use crate::sip::endpoint::{EndpointEvent, Subscribe};
use crate::sip::{send, ConnectionId, Message, Method, Received, Response, Transport, Uri};

const ELSEWHERE: ([u8; 4], u16) = ([192, 0, 2, 66], 5060);

/// Answers Alice's newest request of this method from elsewhere.
fn forge(world: &mut World, method: &Method, status: u16) {
    let mut response = Response::to(&world.request(method), status, "Whatever");
    send::add_to_tag(&mut response, "forged");
    send::push_to(&mut response, "Contact", "<sip:bob@192.0.2.66>");
    send::set_response_body(&mut response, &body("forged"));
    world.inject_from(ALICE, ELSEWHERE.into(), &response.to_bytes());
}

#[test]
fn no_answer_from_elsewhere_is_the_peers() {
    for status in [180, 200, 302, 401, 486] {
        let mut world = World::perfect();
        world.mute = [true, true];
        let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
        let (sent, told) = (world.sent.len(), world.events[ALICE].len());
        forge(&mut world, &Method::Invite, status);
        assert_eq!((world.sent.len(), world.events[ALICE].len()), (sent, told), "{status}");
        world.reply(&Method::Invite, 200, &[("To-tag", "b")]);
        assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Answered { id, .. }) if *id == ours));
        let sent = world.sent.len();
        forge(&mut world, &Method::Invite, 200);
        assert_eq!(world.sent.len(), sent, "nor is it another branch of the call");
    }
}

#[test]
fn nor_one_to_an_offer_within_the_call() {
    let (mut world, ours) = answered_by_hand(&[]);
    world.at(ALICE, |end, now| end.want_offer(now, ours));
    world.at(ALICE, |end, now| end.offer(now, ours, body("hold")));
    forge(&mut world, &Method::Invite, 200);
    assert!(!world.events[ALICE].iter().any(|event| matches!(event, EndpointEvent::OfferAnswered { .. })));
    world.reply(&Method::Invite, 200, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::OfferAnswered { id, .. }) if *id == ours));
    world.at(ALICE, |end, now| end.bye(now, ours, None));
    assert!(!world.request(&Method::Bye).uri().as_str().contains("192.0.2.66"));
}

/// Else the peer's own would be refused from then on, and the call would stand when the peer is gone.
#[test]
fn a_request_from_elsewhere_leaves_no_number_and_refreshes_nothing() {
    let talking = || {
        let (mut world, _) = answered_by_hand(&[("Session-Expires", "90;refresher=uas")]);
        let mut forged = from_bob(&world, Method::Update, i32::MAX as u32);
        send::push(&mut forged, "Session-Expires", "4000;refresher=uas");
        world.inject_from(ALICE, ELSEWHERE.into(), &forged.to_bytes());
        assert_eq!(world.times(ALICE, "SIP/2.0 403").len(), 1);
        world
    };
    let ended = |world: &World, by: bool| {
        let is = |event: &EndpointEvent| matches!(event, EndpointEvent::Ended { by_peer, .. } if *by_peer == by);
        world.events[ALICE].iter().any(is)
    };
    let mut world = talking();
    let theirs = from_bob(&world, Method::Bye, 7);
    world.inject(ALICE, &theirs.to_bytes());
    assert!(ended(&world, true));
    let mut world = talking();
    world.run_for(Duration::from_secs(100));
    assert!(ended(&world, false), "nobody has refreshed it");
}

/// What a server says of the mailbox, and of who watches, nobody signs.
#[test]
fn what_servers_alone_say_is_taken_from_there_alone_and_by_tls_where_they_are_asked_so() {
    let there = address(BOB);
    for (package, by_tls, from, by, taken) in [
        ("message-summary", false, there, Transport::Udp, true),
        ("message-summary", false, ELSEWHERE.into(), Transport::Udp, false),
        ("message-summary", true, there, Transport::Udp, false),
        ("message-summary", true, there, Transport::Tls, true),
        ("presence.winfo", false, ELSEWHERE.into(), Transport::Udp, false),
        ("presence.winfo", true, there, Transport::Udp, false),
        ("presence", false, ELSEWHERE.into(), Transport::Udp, true),
    ] {
        let mut world = World::perfect();
        world.mute = [true, true];
        let target = if by_tls { Uri::parse("sips:bob@192.168.1.2").unwrap() } else { uri(BOB) };
        let what = Subscribe { target, event: package.to_owned(), ..subscribe(600) };
        world.at(ALICE, |end, now| end.subscribe(now, what));
        let asked = world.request(&Method::Subscribe);
        let notify = format!(
            "NOTIFY sip:alice@192.168.1.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n\
             From: {};tag=b\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 NOTIFY\r\nContact: <sip:bob@192.168.1.2>\r\n\
             Event: {package}\r\nSubscription-State: active;expires=600\r\nContent-Length: 0\r\n\r\n",
            header(&asked, "To"),
            header(&asked, "From"),
            header(&asked, "Call-ID"),
        );
        let connection = by.is_secure().then_some(ConnectionId(7));
        let from = Received { transport: by, local: address(ALICE), remote: from, connection };
        world.at(ALICE, |end, now| end.handle_message(now, from, notify.as_bytes()));
        let told = |event: &EndpointEvent| matches!(event, EndpointEvent::Notified { .. });
        assert_eq!(world.events[ALICE].iter().any(told), taken, "{package} {by_tls} {from:?}");
    }
}

/// A proxy that is recorded nowhere is passed over by the ACK, which has the answer where the INVITE had no offer.
#[test]
fn the_answer_of_a_caller_that_passes_its_proxy_over_is_taken_from_where_it_said_that_it_is() {
    const PROXY: ([u8; 4], u16) = ([192, 168, 1, 7], 5060);
    for (from, taken) in [(address(BOB), true), (PROXY.into(), true), (ELSEWHERE.into(), false)] {
        let mut world = World::perfect();
        world.mute = [true, true];
        let common = "Max-Forwards: 69\r\nFrom: <sip:bob@192.168.1.2>;tag=b\r\nCall-ID: passed-over\r\nContact: <sip:bob@192.168.1.2>";
        let via = |branch: &str| format!("Via: SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bK{branch}");
        let invite = format!(
            "INVITE sip:alice@192.168.1.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.7:5060;branch=z9hG4bKp\r\n{}\r\n{common}\r\n\
             To: <sip:alice@192.168.1.1>\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
            via("1")
        );
        world.inject_from(ALICE, PROXY.into(), invite.as_bytes());
        let Some(EndpointEvent::Invited { id, .. }) = world.events[ALICE].last() else { panic!("{:?}", world.events) };
        let id = *id;
        world.at(ALICE, |end, now| end.answer(now, id, body("offer")));
        let Ok(Message::Response(ok)) = Message::parse(&world.sent.last().unwrap().bytes) else { panic!("no 200") };
        let ack = format!(
            "ACK sip:alice@192.168.1.1:5060 SIP/2.0\r\n{}\r\n{common}\r\nTo: {}\r\nCSeq: 1 ACK\r\n\
             Content-Type: application/sdp\r\nContent-Length: 6\r\n\r\nanswer",
            via("2"),
            ok.headers().first("To").unwrap()
        );
        world.inject_from(ALICE, from, ack.as_bytes());
        let is_answer = |event: &EndpointEvent| matches!(event, EndpointEvent::Confirmed { body: Some(_), .. });
        assert_eq!(world.events[ALICE].iter().any(is_answer), taken, "{from}");
    }
}
