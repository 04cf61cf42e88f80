use std::time::Duration;

use super::wire::{body, header, invite, uri, World, ALICE, BOB};
use crate::sip::endpoint::limits;
use crate::sip::headers::NameAddr;
use crate::sip::{
    EndCause, Endpoint, EndpointEvent, Message, Method, Refer, ReferralEnd, ReferralId, Refusal, SessionId, Uri,
};

fn connected(world: &mut World) -> (SessionId, SessionId) {
    let ours = world.at(ALICE, |end, now| end.invite(now, invite()));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id: theirs, .. }) = world.events[BOB].last().cloned() else { panic!() };
    world.at(BOB, |end, now| end.answer(now, theirs, body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Confirmed { .. }));
    (ours, theirs)
}

fn to_carol() -> Refer {
    Refer { to: Uri::parse("sip:carol@192.0.2.9").unwrap(), replaces: None, by: NameAddr::new(uri(ALICE)) }
}

/// Alice refers Bob to Carol; his number for that.
fn referred(world: &mut World, session: SessionId) -> (ReferralId, ReferralId) {
    let ours = world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    world.events[BOB].clear();
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Referred { .. }));
    let Some(EndpointEvent::Referred { id, to, by, .. }) = world.events[BOB].last().cloned() else { panic!() };
    assert_eq!(to.uri.as_str(), "sip:carol@192.0.2.9");
    assert_eq!(by.unwrap().uri, uri(ALICE));
    (ours, id)
}

fn states(world: &World) -> Vec<String> {
    let notifies = world.sent.iter().filter_map(|t| match Message::parse(&t.bytes) {
        Ok(Message::Request(request)) if *request.method() == Method::Notify => Some(request),
        _ => None,
    });
    let said = |request: crate::sip::Request| {
        let state = header(&request, "Subscription-State");
        let line = String::from_utf8_lossy(request.body()).trim().to_owned();
        format!("{} {}: {line}", header(&request, "Event"), state.split(';').next().unwrap())
    };
    notifies.map(said).collect()
}

fn ends(world: &World) -> Vec<ReferralEnd> {
    let end = |e: &EndpointEvent| match e {
        EndpointEvent::ReferralEnded { end, .. } => Some(end.clone()),
        _ => None,
    };
    world.events[ALICE].iter().filter_map(end).collect()
}

fn answered(status: u16, reason: &str) -> ReferralEnd {
    ReferralEnd::Answered { status, reason: reason.to_owned() }
}

/// ```text
/// alice               bob
///   | REFER ----------> |
///   | <----------- 200  |
///   | <-- NOTIFY (100)  |
///   | <-- NOTIFY (180)  |
///   | <-- NOTIFY (200)  |
/// ```
#[test]
fn a_referral_is_told_of_until_the_new_call_is_answered() {
    let mut world = World::perfect();
    let (session, _) = connected(&mut world);
    let (_, theirs) = referred(&mut world, session);
    world.at(BOB, |end, now| end.accept_referral(now, theirs));
    world.run_for(Duration::from_secs(1));
    world.at(BOB, |end, now| end.report_referral(now, theirs, 180, "Ringing"));
    world.run_for(Duration::from_secs(1));
    world.at(BOB, |end, now| end.report_referral(now, theirs, 200, "OK"));
    world.run_for(Duration::from_secs(1));
    let expected =
        ["refer active: SIP/2.0 100 Trying", "refer active: SIP/2.0 180 Ringing", "refer terminated: SIP/2.0 200 OK"];
    assert_eq!(states(&world), expected);
    let seen = |e: &&EndpointEvent| matches!(e, EndpointEvent::ReferralProgress { .. });
    assert_eq!(world.events[ALICE].iter().filter(seen).count(), 2);
    assert_eq!(ends(&world), [answered(200, "OK")]);
    world.at(ALICE, |end, now| end.bye(now, session, None));
    world.run_for(Duration::from_secs(40));
    assert!(world.ends.iter().all(Endpoint::is_idle));
    assert!(world.ends.iter().all(|end| end.usages.is_empty() && end.outlived.is_empty()), "nothing is left");
}

/// RFC 5589 section 6.1: the referrer may hang up as soon as the REFER is taken; it is still told.
#[test]
fn what_comes_of_it_is_told_after_the_call_too() {
    let mut world = World::perfect();
    let (session, _) = connected(&mut world);
    let (_, theirs) = referred(&mut world, session);
    world.at(BOB, |end, now| end.accept_referral(now, theirs));
    world.run_for(Duration::from_secs(1));
    world.at(ALICE, |end, now| end.bye(now, session, None));
    world.run_for(Duration::from_secs(1));
    assert!(world.ends.iter().all(|end| end.sessions.is_empty()), "the call is over at both ends");
    world.at(BOB, |end, now| end.report_referral(now, theirs, 486, "Busy Here"));
    world.run_for(Duration::from_secs(1));
    assert_eq!(ends(&world), [answered(486, "Busy Here")]);
    assert!(world.ends.iter().all(|end| end.usages.is_empty() && end.outlived.is_empty()), "the dialog is gone");
    let again = world.request(&Method::Notify).to_bytes();
    let again = String::from_utf8_lossy(&again).replace("z9hG4bK", "z9hG4bKx");
    world.inject(ALICE, again.as_bytes());
    assert_eq!(world.times(ALICE, "SIP/2.0 481").len(), 1);
}

#[test]
fn a_refused_or_unanswered_referral_leaves_the_call() {
    let mut world = World::perfect();
    let (session, _) = connected(&mut world);
    let (_, theirs) = referred(&mut world, session);
    world.at(BOB, |end, now| end.reject_referral(now, theirs, &Refusal::new(603, "Decline")));
    world.run_for(Duration::from_secs(1));
    assert!(matches!(&ends(&world)[..], [ReferralEnd::Refused(EndCause::Rejected { status: 603, .. })]));
    world.mute[ALICE] = true;
    world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    world.run_for(Duration::from_secs(40));
    assert_eq!(ends(&world).last(), Some(&ReferralEnd::Refused(EndCause::TimedOut)));
    assert!(world.ends.iter().all(|end| end.sessions.len() == 1), "the call stands");
}

#[test]
fn one_referral_of_ours_at_a_time_and_only_in_a_call_that_stands() {
    let mut world = World::perfect();
    let (session, _) = connected(&mut world);
    world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    assert_eq!(ends(&world), [ReferralEnd::Refused(EndCause::Full)]);
    world.at(ALICE, |end, now| end.refer(now, SessionId(999), to_carol()));
    assert_eq!(ends(&world).len(), 2);
}

/// Silence after the 200 is no success and no failure.
#[test]
fn a_peer_that_tells_nothing_is_not_waited_for() {
    let mut world = World::perfect();
    let (session, _) = connected(&mut world);
    world.mute[BOB] = true;
    world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    world.reply(&Method::Refer, 202, &[]);
    world.run_for(Duration::from_secs(31));
    assert_eq!(ends(&world), []);
    world.run_for(Duration::from_secs(2));
    assert_eq!(ends(&world), [ReferralEnd::Silent]);
}

fn refer_by_hand(world: &World, cseq: u32, more: &str) -> String {
    let ack = world.request(&Method::Ack);
    let lines = ["From", "To", "Call-ID"].map(|name| format!("{name}: {}\r\n", header(&ack, name))).concat();
    format!(
        "REFER {} SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.1:5060;branch=z9hG4bKr{cseq}\r\nMax-Forwards: 70\r\n{lines}\
         CSeq: {cseq} REFER\r\nContact: <sip:alice@192.168.1.1>\r\n{more}Content-Length: 0\r\n\r\n",
        uri(BOB)
    )
}

#[test]
fn a_refer_names_one_target() {
    let mut world = World::perfect();
    connected(&mut world);
    let one = "Refer-To: <sip:carol@192.0.2.9>\r\n";
    let two = format!("{one}r: <sip:dave@192.0.2.9>\r\n");
    for (cseq, more) in [(11, ""), (12, &two), (13, "Refer-To: <sip:carol@192.0.2.9>, <sip:dave@192.0.2.9>\r\n")] {
        world.inject(BOB, refer_by_hand(&world, cseq, more).as_bytes());
    }
    assert_eq!(world.times(BOB, "SIP/2.0 400").len(), 3);
    assert!(!world.events[BOB].iter().any(|e| matches!(e, EndpointEvent::Referred { .. })));
    world.inject(BOB, refer_by_hand(&world, 14, one).as_bytes());
    world.inject(BOB, refer_by_hand(&world, 9, one).as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 500").len(), 1, "older than what came before");
    let outside = refer_by_hand(&world, 20, one).replace(";tag=", ";not=").replacen(";not=", ";tag=", 1);
    world.inject(BOB, outside.as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 403").len(), 1, "outside of a call");
}

/// RFC 3515 section 2.4.6, and as many as are remembered.
#[test]
fn several_referrals_of_one_call_are_told_apart_and_counted() {
    let mut world = World::perfect();
    connected(&mut world);
    let most = limits::REFERRALS_PER_CALL as u32;
    for cseq in 11..11 + most + 1 {
        world.inject(BOB, refer_by_hand(&world, cseq, "Refer-To: <sip:carol@192.0.2.9>\r\n").as_bytes());
    }
    assert_eq!(world.times(BOB, "SIP/2.0 503").len(), 1);
    let ids = |e: &EndpointEvent| match e {
        EndpointEvent::Referred { id, .. } => Some(*id),
        _ => None,
    };
    let ids: Vec<ReferralId> = world.events[BOB].iter().filter_map(ids).collect();
    assert_eq!(ids.len(), limits::REFERRALS_PER_CALL);
    world.at(BOB, |end, now| end.accept_referral(now, ids[0]));
    world.at(BOB, |end, now| end.accept_referral(now, ids[1]));
    assert_eq!(states(&world), ["refer active: SIP/2.0 100 Trying", "refer;id=12 active: SIP/2.0 100 Trying"]);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.times(ALICE, "SIP/2.0 481").len(), 2, "Alice asked for none of them, and says so");
    world.at(BOB, |end, now| end.report_referral(now, ids[0], 200, "OK"));
    assert_eq!(states(&world).len(), 2, "who refuses a NOTIFY is told no more");
}

#[test]
fn referrals_of_all_calls_are_as_many_as_the_limits_say() {
    let mut world = World::perfect();
    let mut config = super::wire::config(BOB);
    config.limits = crate::sip::endpoint::Limits { referrals: 1, ..crate::sip::endpoint::Limits::times(2) };
    world.ends[BOB] = Endpoint::new(config, [9; 32]);
    connected(&mut world);
    for cseq in [11, 12] {
        world.inject(BOB, refer_by_hand(&world, cseq, "Refer-To: <sip:carol@192.0.2.9>\r\n").as_bytes());
    }
    assert_eq!(world.times(BOB, "SIP/2.0 503").len(), 1);
    assert_eq!(crate::sip::endpoint::Limits::times(2).referrals, 2 * limits::REFERRALS);
}

/// RFC 4488: the 200 says that nothing more will.
#[test]
fn without_a_subscription_nothing_is_told() {
    let mut world = World::perfect();
    let (session, _) = connected(&mut world);
    let more = "Refer-To: <sip:carol@192.0.2.9>\r\nRefer-Sub: false\r\nRequire: norefersub\r\n";
    world.inject(BOB, refer_by_hand(&world, 11, more).as_bytes());
    let Some(EndpointEvent::Referred { id, .. }) = world.events[BOB].last().cloned() else { panic!() };
    world.at(BOB, |end, now| end.accept_referral(now, id));
    let Message::Response(taken) = world.last(BOB, "SIP/2.0 200") else { panic!() };
    assert_eq!(taken.headers().first("Refer-Sub"), Some("false"));
    world.at(BOB, |end, now| end.report_referral(now, id, 200, "OK"));
    assert_eq!(states(&world), [""; 0]);
    world.mute[BOB] = true;
    world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    world.reply(&Method::Refer, 200, &[("Refer-Sub", "false")]);
    assert_eq!(ends(&world), [ReferralEnd::Silent]);
}

/// RFC 3515 section 3.4: who has heard enough says so, and the subscription ends by itself otherwise.
#[test]
fn the_subscription_can_be_left_and_runs_out() {
    let mut world = World::perfect();
    connected(&mut world);
    let refer = refer_by_hand(&world, 11, "Refer-To: <sip:carol@192.0.2.9>\r\n");
    let take = |world: &mut World, refer: &str| {
        world.inject(BOB, refer.as_bytes());
        let Some(EndpointEvent::Referred { id, .. }) = world.events[BOB].last().cloned() else { panic!() };
        world.mute[BOB] = true;
        world.at(BOB, |end, now| end.accept_referral(now, id));
        world.reply_by(ALICE, &Method::Notify, 200);
        id
    };
    take(&mut world, &refer);
    let leave = refer.replace("11 REFER", "12 SUBSCRIBE").replace("REFER sip", "SUBSCRIBE sip").replace("Kr11", "Kr12");
    let leave = leave.replace("Refer-To: <sip:carol@192.0.2.9>\r\n", "Event: refer\r\nExpires: 0\r\n");
    world.inject(BOB, leave.as_bytes());
    assert_eq!(states(&world).last().unwrap(), "refer terminated: SIP/2.0 100 Trying");
    world.reply_by(ALICE, &Method::Notify, 200);
    let other = leave.replace("12 SUB", "13 SUB").replace("Kr12", "Kr13");
    world.inject(BOB, other.as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 481").len(), 1, "there is none any more");
    world.inject(BOB, other.replace("Event: refer", "Event: presence").replace("Kr13", "Kr14").as_bytes());
    assert_eq!(world.times(BOB, "SIP/2.0 489").len(), 1);
    take(&mut world, &refer.replace("11 REFER", "21 REFER").replace("Kr11", "Kr21"));
    world.run_for(limits::REFERRAL);
    assert_eq!(states(&world).last().unwrap(), "refer;id=21 terminated: SIP/2.0 100 Trying");
}

/// A call by the proxy of an account: the peer itself has no business with what proves us there.
#[test]
fn a_peer_that_asks_for_a_password_gets_none() {
    let mut world = World::perfect();
    let login = crate::sip::digest::Login {
        user: "alice".to_owned(),
        password: crate::vocab::Redacted("secret".to_owned()),
        realm: Some("b.example".to_owned()),
    };
    let proxy = std::net::SocketAddr::new(super::wire::address(BOB).ip(), 5090);
    let invite = crate::sip::Invite { remote: proxy, login: Some(login), ..invite() };
    let session = world.at(ALICE, |end, now| end.invite(now, invite));
    world.reply(&Method::Invite, 200, &[("To-tag", "t"), ("Contact", "<sip:bob@192.168.1.2:5070>")]);
    world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
    let challenge = "Digest realm=\"b.example\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
    world.reply(&Method::Refer, 401, &[("WWW-Authenticate", challenge)]);
    let refers = world.times(ALICE, "REFER").len();
    assert_eq!((refers, ends(&world).len()), (1, 1), "{:?}", world.first_lines(ALICE));
    assert_eq!(world.request(&Method::Refer).headers().count("Authorization"), 0);
}

#[test]
fn a_refer_from_elsewhere_is_not_taken_for_the_peers() {
    for (elsewhere, from_peer) in [(false, true), (true, false)] {
        let mut world = World::perfect();
        let (session, _) = connected(&mut world);
        world.mute[ALICE] = true;
        world.at(ALICE, |end, now| end.refer(now, session, to_carol()));
        let refer = world.request(&Method::Refer).to_bytes();
        let from = if elsewhere { "192.0.2.66:5060".parse().unwrap() } else { super::wire::address(ALICE) };
        world.inject_from(BOB, from, &refer);
        let seen = world.events[BOB].iter().find_map(|e| match e {
            EndpointEvent::Referred { from_peer, .. } => Some(*from_peer),
            _ => None,
        });
        assert_eq!(seen, Some(from_peer));
    }
}
