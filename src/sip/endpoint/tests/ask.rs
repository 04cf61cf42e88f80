use std::time::Duration;

use super::wire::{address, body, subscribe, Link, World, ALICE, BOB};
use crate::sip::endpoint::{EndCause, EndpointEvent};
use crate::sip::{Message, NotifierId, NotifyState, Refusal, SubscriptionId, Transport};

fn asked(world: &mut World, seconds: u64) -> (SubscriptionId, NotifierId) {
    let id = world.at(ALICE, |end, now| end.subscribe(now, subscribe(seconds)));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { .. }));
    (id, notifier(world))
}

fn notifier(world: &World) -> NotifierId {
    let last = world.events[BOB].iter().rev().find_map(|e| match e {
        EndpointEvent::Subscribed { id, .. } => Some(*id),
        _ => None,
    });
    last.unwrap()
}

fn timed_out() -> NotifyState {
    NotifyState::Terminated { reason: "timeout".to_owned(), retry_after: None }
}

fn ended(world: &World) -> Option<&EndCause> {
    world.events[ALICE].iter().find_map(|e| match e {
        EndpointEvent::SubscriptionEnded { cause, .. } => Some(cause),
        _ => None,
    })
}

fn subscribed(world: &mut World, seconds: u64) -> (SubscriptionId, NotifierId) {
    let (id, watcher) = asked(world, seconds);
    world.at(BOB, |end, now| {
        end.accept_subscription(now, watcher, Duration::from_secs(seconds));
        end.notify(now, watcher, NotifyState::Active, Some(body("state")));
    });
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::Notified { .. }));
    (id, watcher)
}

/// ```text
/// alice                       bob
///   | SUBSCRIBE Expires: 0 --> |
///   | <------------------ 200  |
///   | <-- NOTIFY terminated    |
///   | 200 -------------------> |
/// ```
#[test]
fn a_fetch_brings_one_document_and_leaves_nothing() {
    let mut world = World::perfect();
    let (_, watcher) = asked(&mut world, 0);
    world.at(BOB, |end, now| {
        end.accept_subscription(now, watcher, Duration::ZERO);
        end.notify(now, watcher, timed_out(), Some(body("state")));
    });
    world.run_for(Duration::from_secs(1));
    let notified = world.events[ALICE].iter().find_map(|e| match e {
        EndpointEvent::Notified { body, .. } => body.clone(),
        _ => None,
    });
    assert_eq!(notified, Some(body("state")));
    assert_eq!(ended(&world), Some(&EndCause::Terminated { reason: Some("timeout".to_owned()), retry_after: None }));
    assert!(world.ends.iter().all(crate::sip::Endpoint::is_idle));
    world.run_for(Duration::from_secs(64));
    assert!(world.ends.iter().all(|end| end.poll_timeout().is_none()), "no timer runs for nothing");
}

/// ```text
/// alice          bob
///   | SUBSCRIBE --> |
///   | <--- NOTIFY   |   overtakes the 200
///   | 200 --------> |
///   | <------- 200  |
/// ```
#[test]
fn a_notify_before_the_200_is_no_surprise() {
    let mut world = World::perfect();
    let (id, watcher) = asked(&mut world, 3600);
    world.mute[BOB] = true;
    world.at(BOB, |end, now| end.accept_subscription(now, watcher, Duration::from_secs(3600)));
    world.mute[BOB] = false;
    world.at(BOB, |end, now| end.notify(now, watcher, NotifyState::Active, None));
    world.run_for(Duration::from_secs(5));
    let order: Vec<_> = world.events[ALICE]
        .iter()
        .filter_map(|e| match e {
            EndpointEvent::Notified { id: other, .. } if *other == id => Some("notified"),
            EndpointEvent::SubscriptionAccepted { .. } => Some("accepted"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["notified", "accepted"]);
}

/// The refresh goes 40 s before the end; without a body, in the same dialog.
#[test]
fn a_subscription_is_refreshed_in_time() {
    let mut world = World::perfect();
    let (_, watcher) = subscribed(&mut world, 600);
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { refresh: true, body: None, .. }));
    assert_eq!(world.times(ALICE, "SUBSCRIBE"), [0, 560_000]);
    assert_eq!(notifier(&world), watcher);
    world.at(BOB, |end, now| end.accept_subscription(now, watcher, Duration::from_secs(600)));
    world.run_for(Duration::from_secs(500));
    assert_eq!(ended(&world), None);
}

/// RFC 3261 section 12.2.1.2: the 200 to a refresh says where the next one goes.
#[test]
fn a_notifier_that_moves_says_so_in_its_answer() {
    let mut world = World::perfect();
    let (id, watcher) = subscribed(&mut world, 600);
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { refresh: true, .. }));
    world.mute[BOB] = true;
    world.at(BOB, |end, now| end.accept_subscription(now, watcher, Duration::from_secs(600)));
    let answer = String::from_utf8(world.sent.last().unwrap().bytes.to_vec()).unwrap();
    let (here, there) = ("Contact: <sip:bob@192.168.1.2:5060", "Contact: <sip:bob@192.168.1.2:5070");
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains(here), "{answer}");
    world.inject(ALICE, answer.replace(here, there).as_bytes());
    world.at(ALICE, |end, now| end.unsubscribe(now, id));
    let Message::Request(last) = world.last(ALICE, "SUBSCRIBE") else { panic!() };
    assert_eq!(last.uri().port(), Some(5070));
}

/// A refresh that fails for the time being is told, and tried again while the subscription stands.
#[test]
fn a_refresh_that_fails_is_told_and_leaves_what_stands() {
    let mut world = World::perfect();
    let (_, watcher) = subscribed(&mut world, 600);
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { refresh: true, .. }));
    world.at(BOB, |end, now| end.reject_subscription(now, watcher, Refusal::new(500, "Server Internal Error")));
    world.run_for(Duration::from_secs(1));
    let told = |e: &&EndpointEvent| {
        matches!(e, EndpointEvent::RefreshFailed { cause: EndCause::Rejected { status: 500, .. }, .. })
    };
    assert_eq!((world.events[ALICE].iter().filter(told).count(), ended(&world)), (1, None));
}

/// The server was away: what it holds is refreshed before its time, and not twice.
#[test]
fn a_subscription_can_be_refreshed_before_its_time() {
    let mut world = World::perfect();
    let (id, watcher) = subscribed(&mut world, 600);
    world.at(ALICE, |end, now| end.refresh_subscription(now, id, Duration::from_secs(10)));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { refresh: true, .. }));
    world.at(BOB, |end, now| end.accept_subscription(now, watcher, Duration::from_secs(600)));
    world.run_for(Duration::from_secs(100));
    assert_eq!(world.times(ALICE, "SUBSCRIBE"), [0, 10_000]);
}

/// ```text
/// alice             bob
///   | SUBSCRIBE 30 --> |
///   | <--- 423 (60)    |
///   | SUBSCRIBE 60 --> |
/// ```
#[test]
fn too_brief_an_interval_is_asked_again_as_long_as_wanted() {
    let mut world = World::perfect();
    asked(&mut world, 30);
    let Some(EndpointEvent::Subscribed { expires, .. }) = world.events[BOB].last() else { panic!() };
    assert_eq!(*expires, Duration::from_secs(60));
    assert_eq!(world.times(BOB, "SIP/2.0 423"), [0]);
}

#[test]
fn leaving_gets_a_last_notify() {
    let mut world = World::perfect();
    let (id, watcher) = subscribed(&mut world, 600);
    world.at(ALICE, |end, now| end.unsubscribe(now, id));
    let zero =
        |e: &EndpointEvent| matches!(e, EndpointEvent::Subscribed { expires: Duration::ZERO, refresh: true, .. });
    world.run_until(BOB, zero);
    world.at(BOB, |end, now| {
        end.accept_subscription(now, watcher, Duration::ZERO);
        end.notify(now, watcher, timed_out(), None);
    });
    world.run_for(Duration::from_secs(1));
    assert_eq!(ended(&world), Some(&EndCause::Unsubscribed));
    assert!(world.ends.iter().all(crate::sip::Endpoint::is_idle));
}

#[test]
fn a_refusal_comes_with_its_headers() {
    let mut world = World::perfect();
    let (_, watcher) = asked(&mut world, 3600);
    let refusal = Refusal::new(603, "Decline").with("Retry-After", "9").with("X-Bad", "a\r\nb: c");
    world.at(BOB, |end, now| end.reject_subscription(now, watcher, refusal));
    world.run_for(Duration::from_secs(1));
    let retry_after = Some(Duration::from_secs(9));
    let cause = EndCause::Rejected { status: 603, reason: "Decline".to_owned(), retry_after };
    assert_eq!(ended(&world), Some(&cause));
    assert!(world.ends.iter().all(crate::sip::Endpoint::is_idle));
}

/// A second NOTIFY waits for the answer to the first, and the newest wins.
#[test]
fn notifications_are_never_in_flight_together() {
    let mut world = World::perfect();
    let (_, watcher) = subscribed(&mut world, 600);
    world.at(BOB, |end, now| {
        for text in ["one", "two", "three"] {
            end.notify(now, watcher, NotifyState::Active, Some(body(text)));
        }
    });
    world.run_for(Duration::from_secs(1));
    let bodies: Vec<_> = world.events[ALICE]
        .iter()
        .filter_map(|e| match e {
            EndpointEvent::Notified { body, .. } => body.clone(),
            _ => None,
        })
        .collect();
    assert!(
        bodies == [body("state"), body("one"), body("three")] || bodies == [body("state"), body("three")],
        "{bodies:?}"
    );
}

#[test]
fn a_notify_from_a_second_notifier_or_about_nothing_gets_481() {
    let mut world = World::perfect();
    subscribed(&mut world, 600);
    let Message::Request(notify) = world.last(BOB, "NOTIFY") else { panic!() };
    let text = String::from_utf8(notify.to_bytes().to_vec()).unwrap();
    let forked = text.replace("From: ", "X-Was: ").replace("CSeq", "From: <sip:bob@x>;tag=other\r\nCSeq");
    world.inject(ALICE, forked.replace("z9hG4bK", "z9hG4bKother").as_bytes());
    assert_eq!(world.times(ALICE, "SIP/2.0 481").len(), 1);
    world.inject(ALICE, text.replace("Call-ID: ", "Call-ID: x").replace("z9hG4bK", "z9hG4bKthird").as_bytes());
    assert_eq!(world.times(ALICE, "SIP/2.0 481").len(), 2);
}

/// A request above 1,300 octets takes TCP; where there is none, UDP.
#[test]
fn a_large_request_goes_by_tcp_and_falls_back() {
    for no_tcp in [false, true] {
        let mut world = World::new(3, Link { no_tcp, ..Link::default() });
        let mut what = subscribe(0);
        what.body = Some(body(&"x".repeat(1300)));
        world.at(ALICE, |end, now| end.subscribe(now, what));
        world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { .. }));
        let Some(EndpointEvent::Subscribed { from, .. }) = world.events[BOB].last() else { panic!() };
        assert_eq!(from.transport, if no_tcp { Transport::Udp } else { Transport::Tcp });
        let vias: Vec<_> = world.sent.iter().map(|s| s.bytes.windows(12).any(|w| w == b"SIP/2.0/TCP ")).collect();
        assert_eq!(vias.first(), Some(&true));
        assert_eq!(vias.get(1).is_some_and(|tcp| !tcp), no_tcp);
        assert_eq!(world.sent[0].remote, address(BOB));
    }
}

#[test]
fn shutdown_ends_both_roles() {
    let mut world = World::perfect();
    subscribed(&mut world, 600);
    world.at(BOB, |end, now| end.shutdown(now));
    world.run_for(Duration::from_secs(1));
    let cause = EndCause::Terminated { reason: Some("probation".to_owned()), retry_after: None };
    assert_eq!(ended(&world), Some(&cause));
    assert!(world.ends.iter().all(crate::sip::Endpoint::is_idle));
}

/// Who does not listen by TCP is asked, and asks, by datagrams of any size: both are on one machine.
#[test]
fn a_large_request_to_who_listens_by_udp_alone_stays_a_datagram() {
    let mut world = World::perfect();
    world.at(ALICE, |end, _| end.keep_to_udp(address(BOB)));
    let mut what = subscribe(0);
    what.body = Some(body(&"x".repeat(9000)));
    world.at(ALICE, |end, now| end.subscribe(now, what));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { .. }));
    let Some(EndpointEvent::Subscribed { from, .. }) = world.events[BOB].last() else { panic!() };
    assert_eq!(from.transport, Transport::Udp);
    assert!(world.sent[0].bytes.windows(12).any(|octets| octets == b"SIP/2.0/UDP "));
}
