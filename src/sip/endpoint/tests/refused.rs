use std::time::Duration;

use super::wire::{World, BOB};
use crate::sip::endpoint::limits;
use crate::sip::{Message, Response};

/// A request as a stranger would write it; `more` are further header lines.
pub fn request(method: &str, number: usize, more: &str) -> String {
    format!(
        "{method} sip:bob@192.168.1.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.1:5060;branch=z9hG4bKs{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:eve@192.168.1.1>;tag=e{number}\r\nTo: <sip:bob@192.168.1.2>\r\nCall-ID: s{number}\r\n\
         CSeq: 1 {method}\r\nContact: <sip:eve@192.168.1.1>\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn answer(world: &mut World, text: &str) -> Response {
    world.inject(BOB, text.as_bytes());
    match Message::parse(&world.sent.last().expect("an answer").bytes) {
        Ok(Message::Response(response)) => response,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_we_cannot_do_is_refused_with_the_reason() {
    let mut world = World::perfect();
    let cases = [
        (
            request("OPTIONS", 1, ""),
            200,
            "Allow",
            "INVITE, ACK, BYE, CANCEL, OPTIONS, SUBSCRIBE, NOTIFY, UPDATE, MESSAGE, PRACK, REFER, INFO",
        ),
        (request("OPTIONS", 2, ""), 200, "Allow-Events", "presence"),
        (
            request("DANCE", 3, ""),
            501,
            "Allow",
            "INVITE, ACK, BYE, CANCEL, OPTIONS, SUBSCRIBE, NOTIFY, UPDATE, MESSAGE, PRACK, REFER, INFO",
        ),
        (
            request("PUBLISH", 4, ""),
            405,
            "Allow",
            "INVITE, ACK, BYE, CANCEL, OPTIONS, SUBSCRIBE, NOTIFY, UPDATE, MESSAGE, PRACK, REFER, INFO",
        ),
        (request("INVITE", 5, "Require: x-sv-sa, 100rel\r\n"), 420, "Unsupported", "100rel"),
        (request("SUBSCRIBE", 6, "Event: dialog\r\n"), 489, "Allow-Events", "presence"),
        (request("SUBSCRIBE", 7, "Event: presence\r\nExpires: 5\r\n"), 423, "Min-Expires", "60"),
    ];
    for (text, status, name, value) in cases {
        let response = answer(&mut world, &text);
        assert_eq!((response.status(), response.headers().first(name)), (status, Some(value)), "{text}");
        assert!(response.headers().first("To").unwrap().contains(";tag="));
    }
    for method in ["BYE", "NOTIFY", "CANCEL", "INFO"] {
        let more = "Event: presence\r\nSubscription-State: active\r\n";
        assert_eq!(answer(&mut world, &request(method, 9, more)).status(), 481, "{method}");
    }
    assert!(world.ends[BOB].poll_timeout().is_none(), "nothing was remembered of all this");
    assert!(world.events[BOB].is_empty());
}

#[test]
fn a_request_that_ends_before_its_body_is_told_so() {
    let mut world = World::perfect();
    let cut = |method: &str| request(method, 1, "").replace("Content-Length: 0", "Content-Length: 9999");
    assert_eq!(answer(&mut world, &cut("OPTIONS")).status(), 400);
    let long = format!("Subject: {}\r\n", "x".repeat(70_000));
    let sent = world.sent.len();
    for garbage in [cut("ACK"), request("OPTIONS", 2, &long), cut("OPTIONS").replace("Via: ", "Vi: ")] {
        world.inject(BOB, garbage.as_bytes());
    }
    assert_eq!((world.sent.len(), world.ends[BOB].counters().garbage), (sent, 3), "to nobody, or to nowhere");
}

#[test]
fn a_stateless_answer_is_the_same_every_time() {
    let mut world = World::perfect();
    let text = request("OPTIONS", 1, "");
    let first = answer(&mut world, &text).to_bytes();
    assert_eq!(answer(&mut world, &text).to_bytes(), first);
}

#[test]
fn a_repeated_request_is_handled_once_and_one_on_another_path_is_482() {
    let mut world = World::perfect();
    let text = request("INVITE", 1, "");
    world.inject(BOB, text.as_bytes());
    world.inject(BOB, text.as_bytes());
    assert_eq!(world.events[BOB].len(), 1);
    assert_eq!(answer(&mut world, &text.replace("z9hG4bKs1", "z9hG4bKother")).status(), 482);
    assert_eq!(world.ends[BOB].counters().merged, 1);
}

#[test]
fn an_ack_or_a_response_to_nothing_is_counted_and_never_answered() {
    let mut world = World::perfect();
    world.inject(BOB, request("ACK", 1, "").as_bytes());
    world.inject(BOB, b"nonsense\r\n\r\n");
    world.inject(BOB, b"\r\n\r\n");
    let stray = request("OPTIONS", 1, "").replace("OPTIONS sip:bob@192.168.1.2 SIP/2.0", "SIP/2.0 200 OK");
    world.inject(BOB, stray.as_bytes());
    assert!(world.sent.is_empty());
    let counters = world.ends[BOB].counters();
    assert_eq!((counters.acks_stray, counters.garbage, counters.responses_stray), (1, 1, 1));
}

#[test]
fn one_stranger_cannot_take_all_and_what_rings_for_ever_is_let_go() {
    let mut world = World::perfect();
    for number in 0..limits::SESSIONS_PER_ADDRESS + 5 {
        world.inject(BOB, request("INVITE", number, "").as_bytes());
    }
    assert_eq!(world.events[BOB].len(), limits::SESSIONS_PER_ADDRESS);
    let refused = world.times(BOB, "SIP/2.0 503");
    assert_eq!(refused.len(), 5);
    assert_eq!(world.ends[BOB].counters().overloaded, 5);
    world.mute[BOB] = true;
    world.run_for(Duration::from_secs(180 + 33));
    assert!(world.ends[BOB].is_idle());
    assert!(world.ends[BOB].poll_timeout().is_none());
}

#[test]
fn responses_go_where_the_request_came_from() {
    let mut world = World::perfect();
    let text = request("OPTIONS", 1, "").replace("UDP 192.168.1.1:5060", "UDP nat.example:7777");
    let response = answer(&mut world, &text);
    let via = response.headers().first("Via").unwrap();
    assert!(via.contains("received=192.168.1.1") && via.contains("rport=5060"), "{via}");
    assert_eq!(world.sent.last().unwrap().remote.to_string(), "192.168.1.1:5060");
    answer(&mut world, &text.replace(";rport", ""));
    assert_eq!(world.sent.last().unwrap().remote.to_string(), "192.168.1.1:7777");
}

/// Every truncation and every flipped bit of a valid request: no panic, and nothing left after five minutes.
#[test]
fn broken_requests_break_nothing() {
    for method in ["INVITE", "SUBSCRIBE"] {
        let text = request(method, 1, "Event: presence\r\nExpires: 600\r\n");
        let mut world = World::perfect();
        world.mute[BOB] = true;
        for end in 0..text.len() {
            world.inject(BOB, &text.as_bytes()[..end]);
        }
        for bit in 0..text.len() * 8 {
            let mut octets = text.clone().into_bytes();
            octets[bit / 8] ^= 1 << (bit % 8);
            world.inject(BOB, &octets);
        }
        world.run_for(Duration::from_secs(300));
        assert!(world.ends[BOB].is_idle());
        assert_eq!(world.ends[BOB].poll_timeout(), None);
    }
}
