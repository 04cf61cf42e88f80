//! RFC 7675 section 5.1: a pair is used for thirty seconds after the peer has answered a check on it, and not again with the same names.

use super::*;

/// That what is asked may be sent.
fn grants(datagram: &[u8]) -> bool {
    datagram.starts_with(&[0x01, 0x01])
}

/// Both have talked for a second, and one of them loses what is asked or answered from now on.
fn cut(side: usize, loses: fn(&[u8]) -> bool) -> Net {
    let mut net = Net::started();
    net.run(Duration::from_secs(1));
    assert_eq!(net.ways(), net.direct());
    net.sides[side].loses = loses;
    net
}

/// So long after `net` was cut, at the earliest and at the latest: three seconds lie between two checks.
fn ends_in_time(net: &mut Net, side: usize) {
    net.run(Duration::from_millis(26_500));
    assert_ne!(net.ways()[side], Way::Nowhere, "too soon");
    net.run(Duration::from_millis(3600));
    assert_eq!(net.ways()[side], Way::Nowhere, "too late");
}

/// However much it asks itself.
#[test]
fn a_peer_that_asks_and_does_not_answer_gets_nothing_after_thirty_seconds() {
    let mut net = cut(1, grants);
    ends_in_time(&mut net, 0);
}

#[test]
fn what_goes_one_way_only_does_not_go_on_for_long() {
    let mut net = cut(0, |_| true);
    ends_in_time(&mut net, 0);
    let mut net = cut(1, |_| true);
    ends_in_time(&mut net, 0);
}

#[test]
fn whoever_answers_again_later_gets_nothing_by_the_same_names_and_no_check() {
    let mut net = cut(1, grants);
    net.run(Duration::from_secs(31));
    net.sides[1].loses = |_| false;
    net.went.clear();
    net.run(Duration::from_secs(20));
    assert_eq!(net.ways()[0], Way::Nowhere);
    let starts = [net.start(0), net.start(1)];
    net.begin(&starts);
    net.run(Duration::from_secs(5));
    assert_eq!(net.ways()[0], Way::Nowhere, "described again, and not anew");
    let mut asked = std::iter::from_fn(|| net.sides[0].poll_transmit()).filter(|transmit| transmit.bytes[0] == 0);
    assert_eq!(asked.next(), None);
}

#[test]
fn both_begin_anew_and_a_pair_is_used_again() {
    let mut net = cut(1, grants);
    net.run(Duration::from_secs(31));
    net.sides[1].loses = |_| false;
    net.restart();
    assert_eq!(net.ways()[0], Way::Nowhere, "not before a pair was found");
    net.run(Duration::from_secs(1));
    assert_eq!(net.ways(), net.direct());
    net.run(Duration::from_secs(60));
    assert_eq!(net.ways(), net.direct(), "and stays in use");
}

/// A pair that the policy is against gets no checks, and is none that is in use.
#[test]
fn a_forbidden_pair_takes_nothing_from_what_goes_as_described() {
    let mut net = Net::started();
    net.run(Duration::from_secs(1));
    let bob = net.outside(1);
    net.sides[0].forbidden.insert(bob);
    net.sides[0].traversal.rule(|peer| peer != bob);
    net.run(Duration::from_secs(40));
    assert_eq!(net.ways()[0], Way::AsDescribed);
}
