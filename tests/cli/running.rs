//! What is changed while a call runs, and what its screen says of it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::Home;
use crate::schema::check;

/// The policy that was registered last rules the next packet, and the peer notices that nothing comes.
#[test]
fn a_change_of_policy_silences_a_running_call_and_lets_it_speak_again() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "25"]);
    let mut child = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut said = |what: &str| assert!(lines.any(|line| line.contains(what)), "the call never said: {what}");
    said("protected by");
    let discard = "spdadd any any udp -P out discard; # sv: priority=10";
    let registered = check(&bob.run(&["policy", "add", discard]).expect(0), "RegisteredView");
    said("nothing heard for 5 s");
    let entry = registered["added"][0].as_str().unwrap();
    check(&bob.run(&["policy", "remove", entry]).expect(0), "PolicyView");
    said("heard again");
    alice.run(&["hangup"]).expect(0);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
