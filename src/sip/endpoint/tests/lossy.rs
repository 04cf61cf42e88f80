use std::time::Duration;

use super::wire::{body, invite, subscribe, Link, World, ALICE, BOB};
use crate::sip::endpoint::{Endpoint, EndpointEvent};
use crate::sip::NotifyState;

const SEEDS: u16 = 300;

fn lossy(seed: u16) -> World {
    let delay = Duration::from_millis(120);
    World::new(seed, Link { loss_percent: 20, duplicate_percent: 10, delay, no_tcp: false })
}

/// Lets the world run, and both agents do what a polite agent does.
fn run(world: &mut World, span: Duration) {
    let (mut seen, mut heard) = (0, 0);
    let end = world.now + span;
    while world.now < end {
        world.run_for(Duration::from_millis(50));
        for event in world.events[BOB].split_off(seen) {
            react(world, &event);
            world.events[BOB].push(event);
        }
        seen = world.events[BOB].len();
        for event in world.events[ALICE].split_off(heard) {
            if let EndpointEvent::Answered { id, .. } = event {
                world.at(ALICE, |end, now| end.bye(now, id, None));
            }
            world.events[ALICE].push(event);
        }
        heard = world.events[ALICE].len();
    }
}

fn react(world: &mut World, event: &EndpointEvent) {
    match *event {
        EndpointEvent::Invited { id, .. } => world.at(BOB, |end, now| {
            end.ring(now, id);
            end.answer(now, id, body("answer"));
        }),
        EndpointEvent::Subscribed { id, expires, .. } => world.at(BOB, |end, now| {
            end.accept_subscription(now, id, expires);
            let state = NotifyState::Terminated { reason: "timeout".to_owned(), retry_after: None };
            end.notify(now, id, state, Some(body("state")));
        }),
        _ => {}
    }
}

/// At 20 % loss, 10 % duplicated, packets overtaking each other: every story ends, and nearly every one well.
#[test]
fn asking_ends_and_mostly_succeeds() {
    let mut good = 0;
    for seed in 0..SEEDS {
        let mut world = lossy(seed);
        world.at(ALICE, |end, now| end.subscribe(now, subscribe(0)));
        run(&mut world, Duration::from_secs(140));
        let ends = world.events[ALICE].iter().filter(|e| matches!(e, EndpointEvent::SubscriptionEnded { .. }));
        assert_eq!(ends.count(), 1, "seed {seed}");
        assert!(world.ends.iter().all(Endpoint::is_idle), "seed {seed}");
        let notified = world.events[ALICE].iter().filter(|e| matches!(e, EndpointEvent::Notified { .. })).count();
        assert!(notified <= 1, "seed {seed}");
        good += notified;
    }
    assert!(good > usize::from(SEEDS) * 98 / 100, "{good} of {SEEDS}");
}

#[test]
fn calling_ends_and_mostly_succeeds() {
    let mut good = 0;
    for seed in 0..SEEDS {
        let mut world = lossy(seed);
        world.at(ALICE, |end, now| end.invite(now, invite()));
        run(&mut world, Duration::from_secs(180));
        assert!(world.ends.iter().all(Endpoint::is_idle), "seed {seed}");
        let is_end = |e: &&EndpointEvent| {
            matches!(
                e,
                EndpointEvent::Ended { .. } | EndpointEvent::Rejected { .. } | EndpointEvent::InviteFailed { .. }
            )
        };
        assert_eq!(world.events[ALICE].iter().filter(is_end).count(), 1, "seed {seed}");
        assert_eq!(world.events[BOB].iter().filter(is_end).count(), 1, "seed {seed}");
        good += world.events[ALICE].iter().filter(|e| matches!(e, EndpointEvent::Answered { .. })).count();
    }
    assert!(good > usize::from(SEEDS) * 98 / 100, "{good} of {SEEDS}");
}
