//! Ordinary telephones are transferred by us, and transfer us, blind and attended (RFC 3515, 3891, 5589): two linphones, and our agent.

use std::net::Ipv4Addr;
use std::process::{Child, Stdio};

use crate::linphone::{Linphone, Setup, VOICE};
use crate::peers_kamailio::Kamailio;
use crate::peers_linphone::{alice, alice_of, hears, newest, of_state, MUST, OURS};
use crate::process::{look_long_until, look_until, Home};
use crate::space::{is_within, BETWEEN};

/// What Carol says, hertz.
const CAROL: u32 = 880;

/// Bob and Carol at their linphones.
fn two(encryption: &str, registrar: Option<(&str, Ipv4Addr)>) -> Option<(Linphone, Linphone)> {
    let bob = Setup { encryption, registrar, ..Setup::default() };
    let carol = Setup { name: "carol", port: 5162, voice: CAROL, encryption, registrar, ..Setup::default() };
    Some((Linphone::start_with(&bob)?, Linphone::start_with(&carol)?))
}

/// And Alice's agent.
fn three(encryption: &str, action: &str) -> Option<(Linphone, Linphone, Home)> {
    let (bob, carol) = two(encryption, None)?;
    let mut home = alice(action, "");
    home.start();
    Some((bob, carol, home))
}

/// Alice calls somebody, and goes on with that as call `id`.
fn calls(home: &Home, whom: &Linphone, id: &str) -> Child {
    let mut command = home.command(&["--json", "call", whom.uri()]);
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    look_until(|| newest(home).filter(|call| call["id"] == id && call["state"] == "active"));
    child
}

/// Both calls of Alice are over, and Bob and Carol hear each other.
fn they_talk(home: &Home, bob: &Linphone, carol: &Linphone) {
    look_until(|| {
        let calls = home.run(&["calls"]).expect(0).json();
        calls["calls"].as_array().unwrap().iter().all(|call| call["state"] == "ended").then_some(())
    });
    for (one, voice) in [(bob, CAROL), (carol, VOICE)] {
        look_long_until(|| Some(one.hears_now(voice)).filter(|share| *share > 0.5));
    }
}

#[test]
fn telephones_are_transferred_by_us() {
    if !is_within("peers_transfers::telephones_are_transferred_by_us") {
        return;
    }
    for (encryption, action) in [("none", "none"), ("dtls", MUST)] {
        let Some((bob, carol, home)) = three(encryption, action) else { return };
        let mut child = calls(&home, &bob, "c1");
        let sent = home.run(&["transfer", "c1", carol.uri()]).expect(0).json();
        assert_eq!(sent["state"], "done", "{sent}");
        they_talk(&home, &bob, &carol);
        child.wait().unwrap();
        bob.tell("terminate");

        let mut children = [calls(&home, &bob, "c2"), calls(&home, &carol, "c3")];
        let sent = home.run(&["transfer", "c2", "--to-call", "c3"]).expect(0).json();
        assert_eq!(sent["state"], "done", "{sent}");
        they_talk(&home, &bob, &carol);
        for child in &mut children {
            child.wait().unwrap();
        }
    }
}

/// Where Bob sends Alice is her decision.
#[test]
fn telephones_transfer_us() {
    if !is_within("peers_transfers::telephones_transfer_us") {
        return;
    }
    for (encryption, action) in [("none", "none"), ("dtls", MUST)] {
        let Some((bob, carol, home)) = three(encryption, action) else { return };
        bob.tell(&format!("call {}", home.entity()));
        of_state(&home, "active");
        bob.tell(&format!("call-transfer 1 {}", carol.uri()));
        goes_on(&home, &bob, &carol);
    }
}

/// It names the other end of its own call by its address of record, so all three have accounts.
#[test]
fn telephones_transfer_us_to_whom_they_talk_with() {
    if !is_within("peers_transfers::telephones_transfer_us_to_whom_they_talk_with") {
        return;
    }
    let Some(kamailio) = Kamailio::start_at((BETWEEN, 5060).into(), None) else { return };
    kamailio.enrol("carol", "secret");
    for (encryption, action) in [("none", "none"), ("dtls", MUST)] {
        let Some((bob, carol)) = two(encryption, Some(("udp", BETWEEN))) else { return };
        for name in ["bob", "carol"] {
            look_long_until(|| kamailio.contacts().contains(&format!("AoR: {name}")).then_some(()));
        }
        let home = alice_of(&kamailio, "udp", action);
        bob.tell("call sip:alice@example.org");
        of_state(&home, "active");
        bob.tell("call sip:carol@example.org");
        bob.wait_for(2, "StreamsRunning");
        bob.tell("call-transfer 1 2");
        goes_on(&home, &bob, &carol);
    }
}

/// Alice takes it, talks with Carol, and hangs up; her call with Bob is over before.
fn goes_on(home: &Home, bob: &Linphone, carol: &Linphone) {
    let wanted = of_state(home, "wanted");
    home.run(&["answer", wanted["id"].as_str().unwrap()]).expect(0);
    of_state(home, "active");
    hears(home, 50);
    look_long_until(|| Some(carol.hears_now(OURS)).filter(|share| *share > 0.5));
    let calls = home.run(&["calls"]).expect(0).json();
    let active = calls["calls"].as_array().unwrap().iter().filter(|call| call["state"] == "active").count();
    assert_eq!(active, 1, "{calls} {}", bob.events());
    home.run(&["hangup"]).expect(0);
    of_state(home, "ended");
}
