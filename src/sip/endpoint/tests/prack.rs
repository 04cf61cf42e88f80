use std::time::Duration;

use super::wire::{body, config, header, invite, World, ALICE, BOB};
use crate::sip::endpoint::{Endpoint, EndpointEvent};
use crate::sip::{send, Message, Method, Request, Response, SessionId};

/// Both know 100rel.
fn world() -> World {
    let mut world = World::perfect();
    for (side, seed) in [(ALICE, 21), (BOB, 22)] {
        let mut config = config(side);
        config.supported.push("100rel".to_owned());
        world.ends[side] = Endpoint::new(config, [seed; 32]);
    }
    world
}

fn called(world: &mut World) -> (SessionId, SessionId) {
    let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id, .. }) = world.events[BOB].last().cloned() else { panic!() };
    (ours, id)
}

fn ringing_response(world: &World) -> Response {
    let Message::Response(response) = world.last(BOB, "SIP/2.0 180") else { panic!() };
    response
}

fn value(response: &Response, name: &str) -> String {
    response.headers().first(name).unwrap_or_default().to_owned()
}

/// RFC 3311 section 5.2: one who rings refreshes, or offers before it has answered, or after.
#[test]
fn an_update_of_who_rings_is_answered_and_changes_nothing() {
    for (early, offers, status) in [(false, false, 200), (false, true, 491), (true, true, 488), (true, false, 200)] {
        let mut world = world();
        world.mute = [true, true];
        world.at(ALICE, |end, now| end.invite(now, invite()));
        let invite = world.request(&Method::Invite);
        let mut rings = Response::to(&invite, 183, "Session Progress");
        send::add_to_tag(&mut rings, "b");
        for (name, value) in [("Contact", "<sip:bob@192.168.1.2>"), ("Require", "100rel"), ("RSeq", "1")] {
            rings.headers_mut().push(name, value).unwrap();
        }
        if early {
            rings.set_body("application/sdp", b"answer".to_vec()).unwrap();
        }
        world.inject(ALICE, &rings.to_bytes());
        let mut update = Request::new(Method::Update, invite.uri().clone());
        for (name, value) in [
            ("Via", "SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bKu".to_owned()),
            ("Max-Forwards", "70".to_owned()),
            ("From", format!("{};tag=b", header(&invite, "To"))),
            ("To", header(&invite, "From")),
            ("Call-ID", header(&invite, "Call-ID")),
            ("CSeq", "1 UPDATE".to_owned()),
            ("Contact", "<sip:bob@192.168.1.2>".to_owned()),
        ] {
            send::push(&mut update, name, &value);
        }
        if offers {
            send::set_body(&mut update, &body("other"));
        }
        world.inject(ALICE, &update.to_bytes());
        let said = world.first_lines(ALICE).pop().unwrap();
        assert!(said.starts_with(&format!("SIP/2.0 {status}")), "{early} {offers}: {said}");
        assert!(!world.events[ALICE].iter().any(|event| matches!(event, EndpointEvent::Reinvited { .. })));
    }
}

/// ```text
/// alice          bob
///   | INVITE ---> |
///   | <----- 180  |   Require: 100rel, RSeq
///   | PRACK ----> |
///   | <----- 200  |
///   | <----- 200  |   to INVITE
///   | ACK ------> |
///   | BYE ------> |   the number after PRACK's
/// ```
#[test]
fn ringing_is_acknowledged() {
    let mut world = world();
    let (ours, theirs) = called(&mut world);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_for(Duration::from_secs(1));
    let ringing = ringing_response(&world);
    let prack = world.request(&Method::Prack);
    assert_eq!(value(&ringing, "Require"), "100rel");
    assert_eq!(header(&prack, "RAck"), format!("{} 1 INVITE", value(&ringing, "RSeq")));
    assert_eq!((header(&prack, "CSeq"), header(&prack, "To")), ("2 PRACK".to_owned(), value(&ringing, "To")));
    assert_eq!(world.times(BOB, "SIP/2.0 200").len(), 1);
    world.run_for(Duration::from_secs(40));
    assert_eq!((world.times(BOB, "SIP/2.0 180").len(), world.times(ALICE, "PRACK").len()), (1, 1));
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Confirmed { .. }));
    assert_eq!(header(&world.request(&Method::Ack), "CSeq"), "1 ACK");
    world.at(ALICE, |end, now| end.bye(now, ours, None));
    world.run_for(Duration::from_secs(1));
    assert_eq!(header(&world.request(&Method::Bye), "CSeq"), "3 BYE");
    assert!(world.ends.iter().all(Endpoint::is_idle));
}

/// ```text
/// alice          bob
///   | x <--- 180  |   0, 500, 1500, 3500, ... doubling
///   |             |   32 s: 504
/// ```
#[test]
fn ringing_that_nobody_acknowledges_is_sent_again_and_then_given_up() {
    let mut world = world();
    let (_, theirs) = called(&mut world);
    world.mute = [true, true];
    let before = world.now.0.as_millis() as u64;
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Ended { by_peer: false, .. }));
    let times: Vec<_> = world.times(BOB, "SIP/2.0 180").iter().map(|at| at - before).collect();
    assert_eq!(times, [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(world.times(BOB, "SIP/2.0 504")[0] - before, 32_000);
}

#[test]
fn an_answer_does_not_wait_for_prack_and_ends_the_ladder() {
    let mut world = world();
    let (_, theirs) = called(&mut world);
    world.mute[ALICE] = true;
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_for(Duration::from_millis(100));
    let prack = world.request(&Method::Prack);
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.times(BOB, "SIP/2.0 180").len(), 1);
    let answers = world.times(BOB, "SIP/2.0 200").len();
    world.inject(BOB, &prack.to_bytes());
    assert_eq!(
        world.times(BOB, "SIP/2.0 200").len(),
        answers + 1,
        "RFC 3262 section 3: a late PRACK is still answered"
    );
}

/// The PRACK, with another branch and number, and what else is changed.
fn again(prack: &Request, number: u32, rack: Option<&str>) -> Vec<u8> {
    let text = String::from_utf8(prack.to_bytes().to_vec()).unwrap();
    let text = text.replace("z9hG4bK", &format!("z9hG4bK{number}")).replace("CSeq: 2 ", &format!("CSeq: {number} "));
    match rack {
        Some(rack) => text.replace(&format!("RAck: {}\r\n", header(prack, "RAck")), rack),
        None => text,
    }
    .into_bytes()
}

#[test]
fn a_prack_for_nothing_is_refused() {
    let mut world = world();
    let (_, theirs) = called(&mut world);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.mute[BOB] = true;
    world.run_for(Duration::from_millis(100));
    let prack = world.request(&Method::Prack);
    let refused = |world: &World, status: &str| world.times(BOB, &format!("SIP/2.0 {status}")).len();
    world.inject(BOB, &again(&prack, 7, None));
    assert_eq!(refused(&world, "481"), 1, "it was acknowledged before");
    world.inject(BOB, &again(&prack, 8, Some("RAck: 1 1 INVITE\r\n")));
    assert_eq!(refused(&world, "481"), 2, "another response");
    world.inject(BOB, &again(&prack, 9, Some("")));
    assert_eq!(refused(&world, "400"), 1);
    world.inject(BOB, &again(&prack, 3, None));
    assert_eq!(refused(&world, "500"), 1, "older than what came before");
    world.inject(BOB, &prack.to_bytes());
    assert_eq!(refused(&world, "481"), 2, "the same again gets the same answer");
}

/// What Bob's device says to Alice's INVITE.
fn provisional(world: &World, status: u16, tag: &str, rseq: u32, answer: Option<&str>) -> Vec<u8> {
    let mut response = Response::to(&world.request(&Method::Invite), status, "Whatever");
    send::add_to_tag(&mut response, tag);
    for (name, value) in [("Require", "100rel"), ("RSeq", &rseq.to_string()), ("Contact", "<sip:b@192.168.1.2>")] {
        response.headers_mut().push(name, value).unwrap();
    }
    if let Some(text) = answer {
        response.set_body("application/sdp", text.as_bytes().to_vec()).unwrap();
    }
    response.to_bytes().to_vec()
}

fn answered(world: &World, tag: &str, answer: Option<&str>) -> Vec<u8> {
    let mut response = Response::to(&world.request(&Method::Invite), 200, "OK");
    send::add_to_tag(&mut response, tag);
    response.headers_mut().push("Contact", "<sip:b@192.168.1.2>").unwrap();
    if let Some(text) = answer {
        response.set_body("application/sdp", text.as_bytes().to_vec()).unwrap();
    }
    response.to_bytes().to_vec()
}

fn acknowledged(world: &World) -> Vec<String> {
    let racks = world.sent.iter().filter_map(|sent| match Message::parse(&sent.bytes) {
        Ok(Message::Request(request)) if *request.method() == Method::Prack => Some(header(&request, "RAck")),
        _ => None,
    });
    racks.collect()
}

/// A caller whose INVITE nobody but we answer.
fn calling() -> World {
    let mut world = world();
    world.mute = [true, true];
    world.at(ALICE, |end, now| end.invite(now, invite()));
    world
}

#[test]
fn only_the_next_one_of_each_callee_is_acknowledged() {
    let mut world = calling();
    for (tag, rseq) in [("one", 10), ("one", 10), ("one", 12), ("two", 500), ("one", 11), ("one", 9), ("two", 501)] {
        let response = provisional(&world, 180, tag, rseq, None);
        world.inject(ALICE, &response);
    }
    assert_eq!(acknowledged(&world), ["10 1 INVITE", "500 1 INVITE", "11 1 INVITE", "501 1 INVITE"]);
    let progress = world.events[ALICE].iter().filter(|e| matches!(e, EndpointEvent::InviteProgress { .. }));
    assert_eq!(progress.count(), 4, "what is out of order did not come");
}

#[test]
fn no_stranger_makes_us_remember_dialogs_without_end() {
    let mut world = calling();
    for fork in 0..50 {
        let response = provisional(&world, 183, &format!("fork{fork}"), 1, None);
        world.inject(ALICE, &response);
    }
    assert_eq!(acknowledged(&world).len(), 8);
}

#[test]
fn an_answer_in_a_reliable_183_counts_for_the_callee_that_gave_it() {
    for (tag, repeated, counts) in
        [("one", None, "early"), ("one", Some("late"), "early"), ("two", Some("late"), "late")]
    {
        let mut world = calling();
        let early = provisional(&world, 183, "one", 1, Some("early"));
        world.inject(ALICE, &early);
        assert!(!world.events[ALICE].iter().any(|e| matches!(e, EndpointEvent::Answered { .. })));
        let ok = answered(&world, tag, repeated);
        world.inject(ALICE, &ok);
        let Some(EndpointEvent::Answered { body: Some(answer), .. }) = world.events[ALICE].last() else { panic!() };
        assert_eq!(answer, &body(counts));
    }
}

/// RFC 3262 section 3: no provisional answer but a reliable one goes to who requires it; and the first of these would have
/// to hold the offer, where the INVITE has none (section 5).
#[test]
fn without_an_offer_nothing_rings_reliably() {
    for (tags, rings) in [("Supported", 1), ("Require", 0)] {
        let mut world = calling();
        let mut request = world.request(&Method::Invite);
        request.remove_body();
        request.headers_mut().remove("Supported");
        request.headers_mut().remove("Require");
        request.headers_mut().push(tags, "100rel").unwrap();
        world.inject(BOB, &request.to_bytes());
        let Some(EndpointEvent::Invited { id, body: None, .. }) = world.events[BOB].last().cloned() else { panic!() };
        world.at(BOB, |end, now| end.ring(now, id));
        assert_eq!(world.times(BOB, "SIP/2.0 180").len(), rings, "{tags}");
        if rings > 0 {
            assert_eq!(value(&ringing_response(&world), "Require"), "");
        }
        world.at(BOB, |end, now| end.answer(now, id, body("offer")));
        assert_eq!(world.times(BOB, "SIP/2.0 200").len(), 1);
    }
}

#[test]
fn who_does_not_know_it_is_not_bothered() {
    let mut world = World::perfect();
    let (_, theirs) = called(&mut world);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_for(Duration::from_secs(10));
    assert_eq!(value(&ringing_response(&world), "RSeq"), "");
    assert_eq!(world.times(BOB, "SIP/2.0 180").len(), 1);
}

/// RFC 3311 section 5.2, RFC 3261 section 14.2: it comes too early, and the call rings on. When to come again is 0 to 10 s,
/// whatever falls. What offers nothing only says where the caller is.
#[test]
fn what_is_offered_while_it_rings_is_put_off() {
    let mut world = world();
    let (_, theirs) = called(&mut world);
    world.at(BOB, |end, now| end.ring(now, theirs));
    world.run_for(Duration::from_millis(100));
    let text = String::from_utf8(again(&world.request(&Method::Prack), 5, Some("")).to_vec()).unwrap();
    let within = |method: &str, number: u32, body: &str| {
        let text = text.replace("PRACK", method).replace("z9hG4bK", &format!("z9hG4bK{method}{number}"));
        let text = text.replace("CSeq: 5 ", &format!("CSeq: {number} "));
        let head = "Contact: <sip:a@192.168.1.1>\r\nContent-Type: application/sdp\r\n";
        text.replace("Content-Length: 0\r\n\r\n", &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
    };
    let mut pauses = Vec::new();
    for number in 5..45 {
        let method = if number % 2 == 0 { "UPDATE" } else { "INVITE" };
        world.inject(BOB, within(method, number, "offer").as_bytes());
        let Message::Response(refused) = world.last(BOB, "SIP/2.0 500") else { panic!() };
        pauses.push(value(&refused, "Retry-After").parse::<u32>().unwrap());
    }
    assert_eq!(world.times(BOB, "SIP/2.0 500").len(), 40);
    assert!(pauses.iter().all(|pause| *pause <= 10) && pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    world.inject(BOB, within("UPDATE", 45, "").as_bytes());
    let Message::Response(taken) = world.last(BOB, "SIP/2.0 200") else { panic!() };
    assert_eq!(value(&taken, "CSeq"), "45 UPDATE");
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Confirmed { .. }));
}

#[test]
fn a_callee_that_counts_on_without_end_is_acknowledged_a_few_times() {
    let mut world = calling();
    for rseq in 1..100 {
        let ringing = provisional(&world, 183, "one", rseq, None);
        world.inject(ALICE, &ringing);
    }
    assert_eq!(acknowledged(&world).len(), 16);
}
