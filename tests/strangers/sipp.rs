//! sipp plays ordinary and broken user agents against a running agent.

use std::process::Command;

use crate::process::{finish, installed, own_address, skip, Home};

/// Plays one scenario once against an agent that requires ESP; sipp exits 0 only if all of it came as written.
fn play(scenario: &str, transport: &str) {
    if !installed("sipp") {
        return skip("sipp is not installed");
    }
    let mut bob = Home::new("bob", "ipsec esp/transport//require");
    bob.start();
    let file = format!("{}/sip-scenarios/{scenario}.xml", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("timeout");
    command.args(["30", "sipp", "-sf", &file, "-m", "1", "-t", transport, "-i", &own_address().to_string()]);
    command.args(["-p", "5060", "-s", "bob", "-timeout", "20s", "-timeout_error", "-nostdin"]);
    command.arg(format!("{}:5060", bob.address)).env("TERM", "dumb").current_dir(bob.path("."));
    let ran = finish(&mut command);
    assert_eq!(ran.code, 0, "{scenario} over {transport}: {}\n{}", ran.stdout, ran.stderr);
    assert_eq!(bob.run(&["calls"]).expect(0).json()["calls"].as_array().map(Vec::len), Some(0), "no call came of it");
    assert_eq!(bob.signal("TERM"), Some(0));
}

#[test]
fn options_is_answered() {
    play("options", "u1");
    play("options", "t1");
}

#[test]
fn an_invite_without_key_agreement_is_refused_with_488() {
    play("invite-in-clear", "u1");
    play("invite-in-clear", "t1");
}

#[test]
fn a_subscribe_with_garbage_is_refused() {
    play("subscribe-garbage", "u1");
}

#[test]
fn an_unknown_event_and_an_unknown_method_are_refused() {
    play("subscribe-unknown-event", "u1");
    play("unknown-method", "u1");
}

#[test]
fn a_malformed_message_is_refused_and_the_next_one_is_answered() {
    play("malformed", "u1");
}
