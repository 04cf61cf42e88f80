//! sipp plays ordinary and broken user agents against a running agent.

use std::process::Command;

use crate::process::{finish, installed, look_until, own_address, skip, Home, Ran};

/// Plays one scenario once against an agent that requires ESP; sipp exits 0 only if all of it came as written.
fn play(scenario: &str, transport: &str) {
    let Some(mut bob) = agent() else { return };
    played(scenario, transport, finish(&mut sipp(&bob, scenario, transport)));
    assert_eq!(bob.run(&["calls"]).expect(0).json()["calls"].as_array().map(Vec::len), Some(0), "no call came of it");
    assert_eq!(bob.signal("TERM"), Some(0));
}

fn agent() -> Option<Home> {
    if !installed("sipp") {
        skip("sipp is not installed");
        return None;
    }
    let mut bob = Home::new("bob", "ipsec esp/transport//require");
    bob.start();
    Some(bob)
}

fn sipp(bob: &Home, scenario: &str, transport: &str) -> Command {
    let file = format!("{}/sip-scenarios/{scenario}.xml", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("timeout");
    command.args(["30", "sipp", "-sf", &file, "-m", "1", "-t", transport, "-i", &own_address().to_string()]);
    command.args(["-p", "5060", "-s", "bob", "-timeout", "20s", "-timeout_error", "-nostdin"]);
    command.arg(format!("{}:5060", bob.address)).env("TERM", "dumb").current_dir(bob.path("."));
    command
}

fn played(scenario: &str, transport: &str, ran: Ran) {
    assert_eq!(ran.code, 0, "{scenario} over {transport}: {}\n{}", ran.stdout, ran.stderr);
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
fn what_asks_for_more_than_we_can_is_refused_with_what_we_can() {
    for scenario in ["option-unknown", "content-unknown", "encoding-unknown", "accept-unknown", "branch-empty"] {
        play(scenario, "u1");
    }
    play("content-unknown", "t1");
}

#[test]
fn a_malformed_message_is_refused_and_the_next_one_is_answered() {
    play("malformed", "u1");
}

/// It must not wait for what never comes: SIGTERM and SIGINT end subscriptions (RFC 6665 section 4.2.2).
#[test]
fn a_subscription_is_ended_when_the_agent_stops() {
    for signal in ["TERM", "INT"] {
        let Some(mut bob) = agent() else { return };
        bob.signal("TERM");
        // Its subscribers stay pending: a NOTIFY without a document fits into a datagram.
        bob.configure("[watchers]\nunknown = \"ask\"\n");
        bob.start();
        let scenario = "subscribe-until-stopped";
        let mut sipp = sipp(&bob, scenario, "u1");
        let ran = std::thread::scope(|scope| {
            let watching = scope.spawn(|| finish(&mut sipp));
            let authorization = format!("Bearer {}", bob.token());
            let host = format!("{}:8060", bob.address);
            let headers = [("Host", host.as_str()), ("Authorization", authorization.as_str())];
            look_until(|| bob.http("GET /v1/metrics", &headers).1.contains("\nsottovoce_askers 1\n").then_some(()));
            assert_eq!(bob.signal(signal), Some(0));
            watching.join().unwrap()
        });
        played(scenario, "u1", ran);
    }
}
