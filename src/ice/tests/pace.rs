//! RFC 8445 section 14: checks follow each other no faster than both sides want, and are repeated no sooner than after half a second.

use std::collections::HashMap;

use super::*;

/// What Alice asks in ten seconds of a peer that says nothing and has these places, and when.
fn asked(pacing: Duration, places: usize) -> Vec<(u64, SocketAddr)> {
    let net = Net::gathered();
    let mut start = net.start(0);
    let place = |port| format!("{port} 1 udp 2130706431 203.0.113.2 {} typ host", 20_000 + port);
    start.theirs.candidates = (0..places).map(place).collect();
    start.theirs.pacing = pacing;
    let [mut alice, _] = net.sides;
    alice.traversal.start(net.now, &start, |_| true);
    let mut asked = Vec::new();
    let begin = net.now.mono.0.as_millis() as u64;
    for ms in begin..begin + 10_000 {
        while alice.traversal.poll_timeout().is_some_and(|at| at <= now(ms).mono) {
            alice.traversal.handle_timeout(now(ms));
        }
        let sent = std::iter::from_fn(|| alice.poll_transmit()).filter(|transmit| transmit.to != server());
        asked.extend(sent.map(|transmit| (ms, transmit.to)));
    }
    assert!(asked.len() > places);
    asked
}

#[test]
fn checks_follow_each_other_as_the_slower_side_wants() {
    for (theirs, pace) in [(1, 20), (20, 20), (50, 50), (120, 120)] {
        let asked = asked(Duration::from_millis(theirs), 12);
        let gaps = asked.windows(2).map(|two| two[1].0 - two[0].0);
        assert_eq!(gaps.min(), Some(pace), "they want {theirs} ms");
    }
}

#[test]
fn a_check_is_repeated_after_half_a_second_at_the_soonest_and_later_where_there_are_many() {
    for (places, soonest) in [(1, 500), (16, 16 * 50)] {
        let mut last = HashMap::new();
        let asked = asked(Duration::from_millis(50), places);
        let gaps = asked.iter().filter_map(|(at, to)| Some(at - last.insert(*to, *at)?));
        let gap = gaps.min().unwrap();
        assert!((soonest..soonest + 100).contains(&gap), "{places} places, {gap} ms");
    }
}

#[test]
fn ours_is_told_for_it_is_not_what_holds_where_nothing_is_told() {
    let net = Net::gathered();
    assert_eq!(net.sides[0].traversal.ours().unwrap().pacing, Duration::from_millis(20));
}
/// Whoever is called describes himself last, and begins first. His check opens his NAT, the caller's finds it open and chooses, and what is chosen
/// is checked at once: no repetition is waited for.
#[test]
fn both_have_the_straight_way_before_anything_is_repeated() {
    let mut net = Net::gathered();
    let starts = [net.start(0), net.start(1)];
    net.sides[1].traversal.start(net.now, &starts[1], |_| true);
    net.run(Duration::from_millis(50));
    net.sides[0].traversal.start(net.now, &starts[0], |_| true);
    net.run(Duration::from_millis(100));
    assert_eq!(net.ways(), net.direct());
}
