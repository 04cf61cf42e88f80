//! Calls with sound in and out through devices.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::process::{look_until, Home};
use crate::server::Server;
use crate::sound::{gaps, loudness, strength};

/// A call that runs, and what its screen says.
pub struct Call {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Call {
    pub fn place(from: &Home, to: &Home) -> Self {
        Self::place_for(from, to, 80)
    }

    pub fn place_for(from: &Home, to: &Home, seconds: u64) -> Self {
        let (within, duration) = ((seconds + 60).to_string(), seconds.to_string());
        let mut call = from.command_within(&within, &["call", &to.entity(), "--approve", "--duration", &duration]);
        let mut child = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        look_until(|| to.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
        Self { child, lines: Box::new(lines) }
    }

    pub fn says(&mut self, what: &str) -> String {
        self.lines.find(|line| line.contains(what)).unwrap_or_else(|| panic!("the call never said: {what}"))
    }

    pub fn end(mut self, from: &Home) {
        from.run(&["hangup"]).expect(0);
        self.child.wait().unwrap();
    }
}

pub fn heard(server: &Server, sink: &str, hertz: f64) {
    look_until(|| (loudness(&server.hear(sink, Duration::from_millis(300)), hertz) > 6000.0).then_some(()));
}

#[test]
fn a_voice_goes_from_a_microphone_to_a_loudspeaker() {
    let Some(server) = Server::start() else { return };
    server.plug("mouth");
    server.plug("ear");
    let mut alice = server.agent("alice", "input = \"device:mouth.monitor\"");
    let mut bob = server.agent("bob", "output = \"device:ear\"");
    alice.start();
    bob.start();
    let call = Call::place(&alice, &bob);
    let (mut before, mut after) = (server.listen("mouth"), server.listen("ear"));
    let voice = server.play("mouth", 1000.0);
    let said = before.wait_for_sound();
    let delay = after.wait_for_sound() - said;
    heard(&server, "ear", 1000.0);
    // Others use the machine too: what counts is the median of some stretches of three seconds.
    let mut measured: Vec<(f64, f64)> = (0..9)
        .map(|_| server.hear("ear", Duration::from_secs(3)))
        .map(|sound| (gaps(&sound, 1000.0), loudness(&sound, 1000.0)))
        .collect();
    println!("mouth to ear {} ms; gaps in % and loudness: {measured:?}", delay.as_millis());
    assert!(delay < Duration::from_millis(300), "{delay:?}");
    measured.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (gaps, loudness) = measured[4];
    assert!(gaps <= 1.0 && (7000.0..9000.0).contains(&loudness), "{gaps} % of gaps, loudness {loudness}");
    drop(voice);
    call.end(&alice);
}

#[test]
fn a_device_is_unplugged_and_plugged_in_again_and_the_call_goes_on() {
    let Some(server) = Server::start() else { return };
    let (mouth, ear) = (server.plug("mouth"), server.plug("ear"));
    let mut alice = server.agent("alice", "input = \"device:mouth.monitor\"\noutput = \"device:ear\"");
    let mut bob = server.agent("bob", "input = \"tone:700\"\noutput = \"device:bob\"");
    server.plug("bob");
    alice.start();
    bob.start();
    let mut call = Call::place(&alice, &bob);
    let voice = server.play("mouth", 1000.0);
    heard(&server, "bob", 1000.0);
    heard(&server, "ear", 700.0);
    server.unplug(&mouth);
    drop(voice);
    assert!(call.says("is gone").contains("sound input mouth.monitor"));
    let still = server.hear("bob", Duration::from_millis(300));
    assert!(strength(&still, 1000.0) < 100.0, "whatever else is there is not taken");
    server.plug("mouth");
    let _voice = server.play("mouth", 1000.0);
    call.says("your side is heard again");
    heard(&server, "bob", 1000.0);
    server.unplug(&ear);
    assert!(call.says("is gone").contains("sound output ear"));
    server.plug("ear");
    call.says("your side hears again");
    heard(&server, "ear", 700.0);
    call.end(&alice);
}

#[test]
fn the_default_is_followed() {
    let Some(server) = Server::start() else { return };
    server.plug("one");
    server.plug("two");
    server.plug("bob");
    server.control(&["set-default-source", "one.monitor"]);
    let mut alice = server.agent("alice", "input = \"default\"");
    let mut bob = server.agent("bob", "output = \"device:bob\"");
    alice.start();
    bob.start();
    let call = Call::place(&alice, &bob);
    let (_one, _two) = (server.play("one", 700.0), server.play("two", 1500.0));
    heard(&server, "bob", 700.0);
    server.control(&["set-default-source", "two.monitor"]);
    heard(&server, "bob", 1500.0);
    assert!(strength(&server.hear("bob", Duration::from_millis(300)), 700.0) < 500.0);
    call.end(&alice);
}

#[test]
fn a_device_that_is_not_there_is_said_before_anybody_is_called() {
    let Some(server) = Server::start() else { return };
    server.plug("ear");
    let mut alice = server.agent("alice", "input = \"device:nobody\"");
    let mut bob = server.agent("bob", "");
    alice.start();
    bob.start();
    let failed = alice.run(&["call", &bob.entity(), "--approve"]).expect(1);
    assert_eq!(failed.failure(), "no-such-device");
    assert!(failed.stdout.contains("nobody") && failed.stdout.contains("sottovoce devices list"), "{failed:?}");
}
