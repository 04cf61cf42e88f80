//! It rings on a device of its own, and stops when somebody picks up.

use std::process::Stdio;
use std::time::Duration;

use crate::events::Events;
use crate::process::look_until;
use crate::server::Server;
use crate::sound::loudness;

#[test]
fn a_ring_without_its_device_is_told_and_a_call_that_runs_is_called_running_whatever_the_sound_does() {
    let Some(server) = Server::start() else { return };
    let bell = server.plug("bell");
    let mut alice = server.agent("alice", "");
    let mut bob = server.agent("bob", "");
    let asked = bob.usual("none;").replace("mode = \"auto\"", "mode = \"prompt\"");
    bob.configure(&format!("[audio]\ninput = \"device:bell.monitor\"\nring = \"device:bell\"\n{asked}"));
    alice.start();
    bob.start();
    let mut told = Events::of(&bob);
    server.unplug(&bell);
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60"]);
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let notice =
        std::iter::repeat_with(|| told.next_of("notice")).find(|notice| notice["code"] == "ring-silent").unwrap();
    let says = |field: &str, what: &str| notice[field].as_str().is_some_and(|text| text.contains(what));
    assert!(says("message", "sound output bell") && says("next", "devices use --ring default"), "{notice}");
    let id = bob.run(&["calls"]).expect(0).json()["calls"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bob.run(&["answer", &id]).expect(1).failure(), "no-such-device", "it rings on");
    let bell = server.plug("bell");
    bob.run(&["answer", &id]).expect(0);
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    server.unplug(&bell);
    assert_eq!(bob.run(&["answer", &id]).expect(2).failure(), "not-ringing");
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
}

#[test]
fn it_rings_here_and_there_until_the_call_is_answered() {
    let Some(server) = Server::start() else { return };
    ["ear", "bell", "alice"].iter().for_each(|name| drop(server.plug(name)));
    let mut alice = server.agent("alice", "output = \"device:alice\"");
    let mut bob = server.agent("bob", "");
    let asked = bob.usual("none;").replace("mode = \"auto\"", "mode = \"prompt\"");
    bob.configure(&format!("[audio]\noutput = \"device:ear\"\nring = \"device:bell\"\n{asked}"));
    alice.start();
    bob.start();
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60"]);
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let loud = |sink: &str, hertz| loudness(&server.hear(sink, Duration::from_millis(200)), hertz);
    look_until(|| (loud("bell", 660.0) > 1000.0 || loud("bell", 880.0) > 1000.0).then_some(()));
    look_until(|| (loud("alice", 425.0) > 4000.0).then_some(()));
    let id = bob.run(&["calls"]).expect(0).json()["calls"][0]["id"].as_str().unwrap().to_owned();
    bob.run(&["answer", &id]).expect(0);
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    // What lay in the device's buffer is over; then five seconds, in which each would have sounded once.
    look_until(|| (loud("bell", 660.0) < 100.0 && loud("bell", 880.0) < 100.0).then_some(()));
    let quiet = server.hear("bell", Duration::from_secs(6));
    assert!(quiet.iter().all(|sample| sample.unsigned_abs() < 100));
    assert!(loud("alice", 425.0) < 500.0);
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
}
