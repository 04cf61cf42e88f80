use super::wire::{invite, subscribe, World, ALICE, BOB};
use crate::sip::endpoint::{EndCause, EndpointEvent};
use std::time::Duration;

/// ```text
/// alice            bob
///   | SUBSCRIBE --> x   0, 500, 1500, 3500, 7500, then every 4 s
///   |                   32 s: Timer F
/// ```
#[test]
fn a_subscribe_that_nobody_hears_ends_with_timer_f() {
    let mut world = World::perfect();
    world.mute[ALICE] = true;
    let id = world.at(ALICE, |end, now| end.subscribe(now, subscribe(3600)));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::SubscriptionEnded { .. }));
    let ladder = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(world.times(ALICE, "SUBSCRIBE"), ladder);
    assert_eq!(world.now.0, Duration::from_secs(32));
    let progress = world.events[ALICE].iter().filter(|e| matches!(e, EndpointEvent::SubscriptionProgress { .. }));
    assert_eq!(progress.count(), 10);
    let Some(EndpointEvent::SubscriptionEnded { id: ended, cause, .. }) = world.events[ALICE].last() else { panic!() };
    assert_eq!((*ended, cause), (id, &EndCause::TimedOut));
    assert!(world.ends[ALICE].is_idle());
}

/// ```text
/// alice         bob
///   | INVITE --> x   0, 500, 1500, 3500, 7500, 15500, 31500
///   |                32 s: Timer B
/// ```
#[test]
fn an_invite_that_nobody_hears_ends_with_timer_b() {
    let mut world = World::perfect();
    world.mute[ALICE] = true;
    world.at(ALICE, |end, now| end.invite(now, invite()));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::InviteFailed { cause: EndCause::TimedOut, .. }));
    assert_eq!(world.times(ALICE, "INVITE"), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(world.now.0, Duration::from_secs(32));
    assert!(world.ends[ALICE].is_idle());
}

/// ```text
/// alice            bob
///   | SUBSCRIBE --> |
///   | <------- 200  |
///   |    x <- NOTIFY|   never arrives: Timer N
/// ```
#[test]
fn a_subscription_without_notify_ends_with_timer_n() {
    let mut world = World::perfect();
    world.at(ALICE, |end, now| end.subscribe(now, subscribe(3600)));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Subscribed { .. }));
    let Some(EndpointEvent::Subscribed { id, .. }) = world.events[BOB].last() else { panic!() };
    let id = *id;
    world.at(BOB, |end, now| end.accept_subscription(now, id, Duration::from_secs(3600)));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::SubscriptionAccepted { .. }));
    world.run_until(ALICE, |e| matches!(e, EndpointEvent::SubscriptionEnded { cause: EndCause::TimedOut, .. }));
    assert_eq!(world.now.0, Duration::from_secs(32));
}

/// ```text
/// alice          bob
///   | INVITE --> |
///   | x <--- 200 |   0, 500, 1500, 3500, 7500, then every 4 s, until 32 s
///   | x <--- BYE |
/// ```
#[test]
fn a_200_without_ack_is_sent_again_until_bye() {
    let mut world = World::perfect();
    world.at(ALICE, |end, now| end.invite(now, invite()));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Invited { .. }));
    let Some(EndpointEvent::Invited { id, .. }) = world.events[BOB].last() else { panic!() };
    let id = *id;
    world.mute = [true, true];
    world.at(BOB, |end, now| end.answer(now, id, super::wire::body("answer")));
    world.run_until(BOB, |e| matches!(e, EndpointEvent::Ended { by_peer: false, .. }));
    let ladder = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(world.times(BOB, "SIP/2.0 200"), ladder);
    assert_eq!(world.times(BOB, "BYE")[0], 32_000);
    assert_eq!(world.now.0, Duration::from_secs(32), "its sound must not go on until the BYE is given up");
}
