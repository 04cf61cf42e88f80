//! linphone calls, and is called: sound is judged at both ends, by the tone that the other one says. It wants another interface than loopback, so
//! each test runs in a network of its own.

use serde_json::Value;

use crate::events::Events;
use crate::linphone::{Linphone, Setup, VOICE};
use crate::peers_kamailio::{account_of, registered, Kamailio};
use crate::process::{look_long_until, look_until, Home};
use crate::sound::share_of_tone;
use crate::space::{is_within, BETWEEN, THERE};

/// What our agent says, hertz.
pub const OURS: u32 = 440;

pub const MUST: &str = "ipsec srtp/transport//require";

pub fn alice(action: &str, more: &str) -> Home {
    let home = Home::at(THERE, "alice", action);
    let usual = home.usual(&format!("{action};"));
    home.configure(&format!("{usual}[audio]\ninput = \"tone:{OURS}\"\noutput = \"file:heard.wav\"\n{more}"));
    home
}

pub fn newest(home: &Home) -> Option<Value> {
    home.run(&["calls"]).expect(0).json()["calls"].as_array().unwrap().last().cloned()
}

pub fn of_state(home: &Home, state: &str) -> Value {
    look_until(|| newest(home).filter(|call| call["state"] == state))
}

fn count(call: &Value) -> u64 {
    call["packets"]["received"].as_u64().unwrap()
}

pub fn hears(home: &Home, more: u64) -> Value {
    let before = newest(home).map_or(0, |call| count(&call));
    look_until(|| newest(home).filter(|call| count(call) > before + more))
}

/// Both ways: `encryption` there, `action` here, and what comes of it.
fn both_ways(encryption: &str, action: &str, more: &str, suite: &str) {
    let Some(linphone) = Linphone::start(encryption) else { return };
    let mut home = alice(action, more);
    home.start();
    each_calls(&home, &linphone, linphone.uri(), &home.entity(), suite);
}

/// Our agent calls `theirs`, and linphone `ours`; both talk and are heard.
fn each_calls(home: &Home, linphone: &Linphone, theirs: &str, ours: &str, suite: &str) {
    let heard = home.path("heard.wav").to_string_lossy().into_owned();
    let mut command = home.command(&["--json", "call", theirs, "--record", &heard]);
    let mut called = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    was_heard(home, linphone, suite);
    called.wait().unwrap();
    std::fs::remove_file(&heard).unwrap();
    linphone.tell(&format!("call {ours}"));
    was_heard(home, linphone, suite);
}

/// What both say in a call is heard, and then linphone ends it. A loudspeaker that a busy machine makes stutter still says one tone, and no other.
fn was_heard(home: &Home, linphone: &Linphone, suite: &str) {
    of_state(home, "active");
    let call = hears(home, 50);
    let ear = linphone.listen();
    let call = look_until(|| newest(home).filter(|now| count(now) > count(&call) + 250));
    let theirs = ear.heard(OURS);
    assert!(call["suite"].as_str().unwrap_or("none").starts_with(suite), "{call}");
    linphone.tell("terminate");
    let call = of_state(home, "ended");
    let ours = share_of_tone(&home.path("heard.wav"), f64::from(VOICE)).unwrap();
    assert!(theirs > 0.5 && ours > 0.8, "{theirs} {ours} {call}");
}

#[test]
fn in_clear_where_our_entries_say_none() {
    if is_within("peers_linphone::in_clear_where_our_entries_say_none") {
        both_ways("none", "none", "codecs = [\"pcma\"]\n", "none");
        both_ways("none", "none", "codecs = [\"opus\"]\n", "none");
    }
}

#[test]
fn by_srtp_where_it_is_required() {
    if is_within("peers_linphone::by_srtp_where_it_is_required") {
        both_ways("srtp", MUST, "codecs = [\"opus\"]\n[srtp]\nsdes-without-tls = true\n", "AES_");
    }
}

#[test]
fn with_keys_by_dtls_where_srtp_is_required() {
    if is_within("peers_linphone::with_keys_by_dtls_where_srtp_is_required") {
        both_ways("dtls", MUST, "codecs = [\"pcmu\"]\n", "DTLS-SRTP AE");
    }
}

/// Registered there, and there to be called.
pub fn alice_of(kamailio: &Kamailio, transport: &str, action: &str) -> Home {
    let home = Home::at(THERE, "alice", action);
    let mut home = account_of(home, kamailio, &format!("{transport}:{BETWEEN}"), "secret", action);
    let text = std::fs::read_to_string(home.config()).unwrap();
    let sound = format!("[audio]\ninput = \"tone:{OURS}\"\noutput = \"file:heard.wav\"\n");
    std::fs::write(home.config(), text + &sound).unwrap();
    registered(&mut home);
    home
}

/// Both have accounts at one registrar, whose presence server knows nothing of telephones.
fn through_kamailio(transport: &str, encryption: &str, action: &str, suite: &str) {
    let domain = Some("example.org").filter(|_| transport == "tls");
    let Some(kamailio) = Kamailio::start_at((BETWEEN, 5060).into(), domain) else { return };
    let ca = kamailio.dir.path().join("ca.pem");
    let registrar = Some((transport, BETWEEN));
    let setup = Setup { encryption, registrar, ca: domain.map(|_| ca.as_path()), ..Setup::default() };
    let Some(linphone) = Linphone::start_with(&setup) else { return };
    look_long_until(|| kamailio.contacts().contains("AoR: bob").then_some(()));
    let home = alice_of(&kamailio, transport, action);
    each_calls(&home, &linphone, "bob@example.org", "sip:alice@example.org", suite);
}

#[test]
fn through_a_proxy_in_clear() {
    if is_within("peers_linphone::through_a_proxy_in_clear") {
        through_kamailio("udp", "none", "none", "none");
    }
}

#[test]
fn through_a_proxy_with_keys_by_dtls() {
    if is_within("peers_linphone::through_a_proxy_with_keys_by_dtls") {
        through_kamailio("udp", "dtls", MUST, "DTLS-SRTP AE");
    }
}

#[test]
fn through_a_proxy_by_tls_with_keys() {
    if is_within("peers_linphone::through_a_proxy_by_tls_with_keys") {
        through_kamailio("tls", "srtp", MUST, "AES_");
    }
}

/// Held and taken up by either side, and keys of the telephone both ways.
#[test]
fn a_call_is_held_and_keys_are_pressed_by_either_side() {
    if !is_within("peers_linphone::a_call_is_held_and_keys_are_pressed_by_either_side") {
        return;
    }
    for (encryption, action) in [("none", "none"), ("srtp", MUST), ("dtls", MUST)] {
        let Some(linphone) = Linphone::start(encryption) else { return };
        let keys = if encryption == "dtls" { "keys = [\"dtls\"]" } else { "sdes-without-tls = true" };
        let mut home = alice(action, &format!("[srtp]\n{keys}\n"));
        home.start();
        let mut events = Events::of(&home);
        linphone.tell(&format!("call {}", home.entity()));
        let id = of_state(&home, "active")["id"].as_str().unwrap().to_owned();
        hears(&home, 50);
        home.run(&["dtmf", &id, "17#"]).expect(0);
        look_long_until(|| {
            ["1", "7", "#"].iter().all(|key| linphone.events().contains(&format!("Tone: {key}"))).then_some(())
        });
        linphone.tell("dtmf 5");
        assert_eq!(events.next_of("digit")["digit"], "5");
        home.run(&["hold", &id]).expect(0);
        home.run(&["resume", &id]).expect(0);
        hears(&home, 50);
        linphone.tell("call-pause");
        look_until(|| newest(&home).filter(|call| call["held_by_peer"] == true));
        look_long_until(|| linphone.events().contains("LinphoneCallPaused\n").then_some(()));
        linphone.tell("call-resume 1");
        look_until(|| newest(&home).filter(|call| call["held_by_peer"] == false));
        let call = hears(&home, 50);
        assert_eq!(call["bundle"], if encryption == "none" { "none" } else { "srtp" }, "{call}");
        home.run(&["hangup"]).expect(0);
    }
}
