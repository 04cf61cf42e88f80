//! A sound server has room for 64 connections of all programs: an agent takes one, whatever happens to devices and to the server.

use std::time::Duration;

use crate::calls::{heard, Call};
use crate::process::{look_until, Home};
use crate::server::Server;

fn callers(server: &Server) -> (Home, Home) {
    server.plug("ear");
    server.plug("bell");
    let mut alice = server.agent("alice", "input = \"device:mouth.monitor\"\noutput = \"default\"");
    let mut bob = server.agent("bob", "output = \"device:ear\"\nring = \"device:nothing\"");
    alice.start();
    bob.start();
    (alice, bob)
}

#[test]
fn looks_calls_and_missing_devices_take_no_further_connections() {
    let Some(server) = Server::start() else { return };
    let mouth = server.plug("mouth");
    let (alice, bob) = callers(&server);
    (0..20).for_each(|_| assert_eq!(alice.run(&["devices", "list"]).expect(0).json()["server"], "pulseaudio"));
    assert_eq!(server.connections(), 2, "one for each agent");
    for _ in 0..3 {
        Call::place(&alice, &bob).end(&alice);
    }
    let call = Call::place(&alice, &bob);
    server.unplug(&mouth);
    // Sixteen looks for the device that is missing.
    server.hear("ear", Duration::from_secs(8));
    assert_eq!(server.connections(), 2);
    server.plug("mouth");
    let _voice = server.play("mouth", 1000.0);
    heard(&server, "ear", 1000.0);
    call.end(&alice);
    assert_eq!(server.connections(), 2);
}

#[test]
fn the_server_starts_anew_in_a_call_and_sound_comes_back() {
    let Some(mut server) = Server::start() else { return };
    server.plug("mouth");
    let (alice, bob) = callers(&server);
    let mut call = Call::place(&alice, &bob);
    for _ in 0..3 {
        server.end();
        assert!(call.says("is gone").contains("sound"));
        server.start_again();
        ["mouth", "ear"].iter().for_each(|name| drop(server.plug(name)));
        let _voice = server.play("mouth", 1000.0);
        heard(&server, "ear", 1000.0);
        assert_eq!(server.connections(), 2);
    }
    call.end(&alice);
}

#[test]
fn a_server_that_hangs_holds_up_no_answer_and_gets_no_further_connections() {
    let Some(server) = Server::start() else { return };
    server.plug("mouth");
    let (alice, bob) = callers(&server);
    assert_eq!(alice.run(&["devices", "list"]).expect(0).json()["server"], "pulseaudio");
    server.signal("STOP");
    (0..5).for_each(|_| assert_eq!(alice.run(&["devices", "list"]).expect(0).json()["server"], "alsa"));
    server.signal("CONT");
    look_until(|| (alice.run(&["devices", "list"]).expect(0).json()["server"] == "pulseaudio").then_some(()));
    let call = Call::place(&alice, &bob);
    let _voice = server.play("mouth", 1000.0);
    heard(&server, "ear", 1000.0);
    call.end(&alice);
    assert_eq!(server.connections(), 2);
}
