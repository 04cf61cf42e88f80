//! Agents that are stopped, politely and not.

use crate::process::{look_until, Home};
use crate::schema::check;

#[test]
fn what_was_told_registered_survives_kill_9() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "ipsec esp/transport//require"));
    alice.start();
    bob.start();
    let ask = check(&alice.run(&["ask", &bob.entity(), "--approve"]).expect(0), "AskView");
    assert_eq!(ask["state"], "registered");
    alice.signal("KILL");
    alice.start();
    let policy = check(&alice.run(&["policy", "list"]).expect(0), "PolicyView");
    let kept: Vec<&str> = policy["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["entity"] == bob.entity() && entry["rules"][0]["protocol"] == "esp")
        .filter_map(|entry| entry["direction"].as_str())
        .collect();
    assert_eq!(kept, ["out", "in"], "{policy}");
    assert_eq!(policy["generation"], ask["generation"]);
    let audit = alice.run(&["audit"]).expect(0).json();
    assert!(audit["rows"].as_array().unwrap().iter().any(|row| row["kind"] == "approved"), "{audit}");
}

#[test]
fn a_polite_signal_says_goodbye_and_the_peers_call_ends_at_once() {
    ["TERM", "INT"].into_iter().for_each(ends_with_goodbye);
}

fn ends_with_goodbye(signal: &str) {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let peer = bob.entity();
    let calling = std::thread::scope(|scope| {
        let call = scope.spawn(|| alice.run(&["call", &peer, "--approve", "--duration", "60"]));
        look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
        assert_eq!(bob.signal(signal), Some(0));
        call.join().unwrap()
    });
    let call = check(&calling.expect(0), "CallView");
    assert_eq!(call["state"], "ended", "{call}");
    assert_eq!(alice.signal("TERM"), Some(0));
}

#[test]
fn a_memory_store_leaves_nothing_on_disk() {
    let mut alice = Home::new("alice", "none");
    alice.configure("[store]\nkind = \"memory\"\n");
    let status = alice.start();
    assert_eq!(status["store"], "memory");
    check(&alice.run(&["policy", "add", "spdadd any 10.9.8.7 udp -P out discard;"]).expect(0), "RegisteredView");
    assert_eq!(alice.signal("TERM"), Some(0));
    let left: Vec<_> =
        std::fs::read_dir(alice.data()).into_iter().flatten().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}
