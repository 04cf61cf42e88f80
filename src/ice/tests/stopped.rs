//! Checks end while a call goes on, and begin again: an agreement to AH and one to less, or an old form of hold.

use super::*;

#[test]
fn without_checks_packets_go_as_described() {
    let mut net = Net::started();
    net.run(Duration::from_secs(1));
    net.sides[0].traversal.stop();
    assert_eq!(net.ways()[0], Way::AsDescribed);
    let bob = net.outside(1);
    assert_eq!(hear(&mut net.sides[0].traversal, net.now, bob, b"\x80"), Some(bob));
    for _ in 0..100 {
        net.run(STEP);
        assert_eq!(net.ways()[0], Way::AsDescribed, "whatever the peer still asks and answers");
    }
}

/// With the same names: whoever describes a session again need not choose others.
#[test]
fn a_pair_is_found_again_by_whoever_stopped() {
    for who in [vec![0], vec![1], vec![0, 1]] {
        let mut net = Net::started();
        net.run(Duration::from_secs(1));
        let starts = [net.start(0), net.start(1)];
        for _ in 0..2 {
            who.iter().for_each(|side| net.sides[*side].traversal.stop());
            net.run(Duration::from_secs(10));
            net.begin(&starts);
            // Who went on asks again, and chooses, every three seconds.
            net.run(Duration::from_secs(4));
            assert_eq!(net.ways(), net.direct(), "{who:?} stopped");
            let bob = net.outside(1);
            assert_eq!(hear(&mut net.sides[0].traversal, net.now, bob, b"\x80"), Some(starts[0].described));
        }
        net.run(Duration::from_secs(60));
        assert_eq!(net.ways(), net.direct(), "{who:?} stopped");
    }
}
