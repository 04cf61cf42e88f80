//! Where checks go is the policy's to say, as it is of packets.

use super::*;

/// Whatever the peer asks from there.
#[test]
fn nothing_goes_where_the_policy_lets_nothing_go() {
    let mut net = Net::gathered();
    net.sides[0].nat.is_open = true;
    let (forbidden, starts) = (net.outside(1), [net.start(0), net.start(1)]);
    net.sides[0].forbidden.insert(forbidden);
    net.begin(&starts);
    net.run(Duration::from_secs(2));
    assert!(!net.went.contains(&forbidden) && net.went.contains(&starts[0].described), "{:?}", net.went);
    assert_eq!(net.ways(), [Way::AsDescribed; 2]);
}

#[test]
fn a_candidate_that_the_policy_was_against_is_checked_when_it_is_not_any_more() {
    let mut net = Net::gathered();
    let (forbidden, starts) = (net.outside(1), [net.start(0), net.start(1)]);
    net.sides[0].forbidden.insert(forbidden);
    net.begin(&starts);
    // No pair that was checked without an answer is left by then.
    net.run(Duration::from_secs(60));
    assert_eq!(net.ways()[0], Way::AsDescribed);
    net.sides[0].forbidden.clear();
    net.sides[0].traversal.rule(|_| true);
    net.run(Duration::from_secs(2));
    assert!(net.went.contains(&forbidden), "{:?}", net.went);
}

#[test]
fn a_pair_that_the_policy_forbids_later_is_left() {
    let mut net = Net::started();
    net.run(Duration::from_secs(1));
    let bob = net.outside(1);
    let alice = &mut net.sides[0];
    alice.forbidden.insert(bob);
    alice.traversal.rule(|_| false);
    assert_eq!(alice.traversal.way(), Way::AsDescribed);
    assert_eq!(hear(&mut alice.traversal, net.now, bob, &[0x80, 0, 0, 0]), Some(bob));
    net.went.clear();
    net.run(Duration::from_secs(10));
    assert!(!net.went.contains(&bob), "{:?}", net.went);
}
