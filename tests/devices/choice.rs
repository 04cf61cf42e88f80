//! Devices are chosen while calls run.

use std::time::Duration;

use serde_json::Value;

use crate::calls::{heard, Call};
use crate::process::look_until;
use crate::server::Server;
use crate::sound::{loudness, strength};

#[test]
fn a_call_goes_over_to_another_device_and_gets_louder_and_it_lasts() {
    let Some(server) = Server::start() else { return };
    ["one", "two", "ear"].iter().for_each(|name| drop(server.plug(name)));
    server.control(&["set-default-source", "one.monitor"]);
    let mut alice = server.agent("alice", "input = \"device:one.monitor\"");
    let mut bob = server.agent("bob", "output = \"device:ear\"");
    alice.start();
    bob.start();
    let listed = alice.run(&["devices", "list"]).expect(0).json();
    let one = listed["inputs"].as_array().unwrap().iter().find(|device| device["name"] == "one.monitor").unwrap();
    assert!(one["default"] == true && one["used"] == true, "{listed}");
    let named = |name: &str| listed["outputs"].as_array().unwrap().iter().any(|device| device["name"] == name);
    assert!(named("one") && named("two") && named("ear") && !named("one.monitor"), "{listed}");
    assert_eq!(listed["server"], "pulseaudio");
    let call = Call::place(&alice, &bob);
    let (_one, _two) = (server.play("one", 700.0), server.play("two", 1500.0));
    heard(&server, "ear", 700.0);
    alice.run(&["devices", "use", "--input", "two.monitor"]).expect(0);
    heard(&server, "ear", 1500.0);
    assert!(strength(&server.hear("ear", Duration::from_millis(300)), 700.0) < 500.0);
    let full = loudness(&server.hear("ear", Duration::from_secs(2)), 1500.0);
    alice.run(&["devices", "gain", "--input", "-12"]).expect(0);
    bob.run(&["devices", "gain", "--output", "6"]).expect(0);
    std::iter::repeat_with(|| loudness(&server.hear("ear", Duration::from_millis(300)), 1500.0))
        .take(50)
        .find(|loud| (0.9..1.1).contains(&(loud / full * 2.0)))
        .expect("12 dB less, and 6 dB more");
    // Half a second old at most.
    let levels = || bob.run(&["calls"]).expect(0).json()["calls"][0]["levels"]["output"].as_array().unwrap().clone();
    let is_quieter = |level: &Value| (-20..=-17).contains(&level["peak"].as_i64().unwrap());
    let levels = look_until(|| Some(levels()).filter(|levels| levels.iter().all(is_quieter)));
    assert_eq!(levels.len(), 5);
    call.end(&alice);
    alice.run(&["stop"]).expect(0);
    alice.start();
    let call = Call::place(&alice, &bob);
    heard_again(&server, full);
    call.end(&alice);
}

/// By the device and the gain of before the restart.
fn heard_again(server: &Server, full: f64) {
    std::iter::repeat_with(|| loudness(&server.hear("ear", Duration::from_millis(300)), 1500.0))
        .take(50)
        .find(|loud| (0.9..1.1).contains(&(loud / full * 2.0)))
        .expect("the other device, and quieter");
}
