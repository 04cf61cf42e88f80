//! baresip calls, and is called: sound is judged at both ends, by the tone that the other one says.

use serde_json::Value;

use crate::baresip::{Baresip, Codec, Setup, VOICE};
use crate::events::Events;
use crate::peers_kamailio::{account, registered, Kamailio};
use crate::process::{look_until, Home};
use crate::sound::share_of_tone;

/// What our agent says, hertz.
const OURS: u32 = 440;

const MUST: &str = "ipsec srtp/transport//require";
const MAY: &str = "ipsec srtp/transport//use";

/// An agent with this default, and more configuration.
fn alice(action: &str, more: &str) -> Home {
    let home = Home::new("alice", action);
    let usual = home.usual(&format!("{action};"));
    home.configure(&format!("{usual}[audio]\ninput = \"tone:{OURS}\"\noutput = \"file:heard.wav\"\n{more}"));
    home
}

const BY_UDP_TOO: &str = "[srtp]\nsdes-without-tls = true\n";

fn newest(home: &Home) -> Option<Value> {
    home.run(&["calls"]).expect(0).json()["calls"].as_array().unwrap().last().cloned()
}

fn active(home: &Home) -> Value {
    look_until(|| newest(home).filter(|call| call["state"] == "active"))
}

fn over(home: &Home) -> Value {
    look_until(|| newest(home).filter(|call| call["state"] != "active"))
}

/// What was heard at both ends is what the other one said, and nothing was dropped but RTCP of baresip, which it sends in clear
/// before it has keys and after.
#[track_caller]
fn was_heard(home: &Home, baresip: &Baresip, call: &Value) {
    // Nearly all of it on a quiet machine; baresip's player pauses where others take the processor.
    was_heard_for(0.75, home, baresip, call);
}

/// `least`: the share of the tone in what our agent recorded.
#[track_caller]
fn was_heard_for(least: f64, home: &Home, baresip: &Baresip, call: &Value) {
    let theirs = share_of_tone(&home.path("heard.wav"), f64::from(VOICE)).unwrap();
    let ours = baresip.heard(OURS);
    assert!(theirs > least && ours > 0.9, "{theirs} {ours} {call} {}", baresip.log());
    assert!(baresip.heard(VOICE) < 0.05, "it hears itself");
    let dropped: u64 = call["packets"]["dropped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert!(dropped <= 2, "{call}");
}

/// Both ways: `mediaenc` there, `action` here, and what comes of it.
fn both_ways(action: &str, more: &str, mediaenc: Option<&str>, bundle: &str) {
    both_ways_as(Codec::G711, action, more, mediaenc, bundle);
}

fn both_ways_as(codec: Codec, action: &str, more: &str, mediaenc: Option<&str>, bundle: &str) {
    let Some(mut baresip) = Baresip::start(&Setup { mediaenc, codec, ..Setup::default() }) else { return };
    let mut home = alice(action, more);
    home.start();
    let heard = home.path("heard.wav").to_string_lossy().into_owned();
    home.run(&["call", &baresip.uri(), "--duration", "3", "--record", &heard]).expect(0);
    let call = over(&home);
    assert_eq!(call["bundle"], bundle, "{call}");
    let suite = call["suite"].as_str().unwrap_or_default();
    assert_eq!(suite.starts_with("DTLS-SRTP AE"), mediaenc == Some("dtls_srtp"), "{call}");
    was_heard(&home, &baresip, &call);
    baresip.wait_for("CALL_CLOSED");
    std::fs::remove_file(&heard).unwrap();

    calls_us(&mut baresip, &home, &home.entity(), bundle);
}

/// It calls us by this name, both talk and hear, and it hangs up.
fn calls_us(baresip: &mut Baresip, home: &Home, name: &str, bundle: &str) {
    baresip.tell("dial", name);
    baresip.wait_for("CALL_ESTABLISHED");
    let call = active(home);
    assert_eq!(call["bundle"], bundle, "{call}");
    look_until(|| newest(home).filter(|call| call["packets"]["received"].as_u64() > Some(100)));
    baresip.tell("hangup", "");
    was_heard(home, baresip, &over(home));
}

#[test]
fn in_clear_where_our_entries_say_none() {
    both_ways("none", "", None, "none");
}

#[test]
fn with_the_sound_of_opus_and_of_g722() {
    for codec in [Codec::Opus, Codec::G722] {
        both_ways_as(codec, "none", "", None, "none");
        both_ways_as(codec, MUST, "", Some("dtls_srtp"), "srtp");
        both_ways_as(codec, MUST, BY_UDP_TOO, Some("srtp-mand"), "srtp");
    }
}

/// It would like 40 ms of sound in each packet, and we 60. It answers with what was offered; where it offers each gets what it would like.
#[test]
fn packets_have_the_lengths_that_either_asks_for() {
    for (action, mediaenc, more) in [("none", None, ""), (MUST, Some("srtp-mand"), BY_UDP_TOO)] {
        let Some(mut baresip) = Baresip::start(&Setup { mediaenc, ptime: Some(40), ..Setup::default() }) else {
            return;
        };
        let mut home = alice(action, &format!("ptime = 60\n{more}"));
        home.start();
        let heard = home.path("heard.wav").to_string_lossy().into_owned();
        home.run(&["call", &baresip.uri(), "--duration", "6", "--record", &heard]).expect(0);
        let call = over(&home);
        let packets = |way: &str| call["packets"][way].as_u64().unwrap();
        assert!((90..=105).contains(&packets("sent")) && (90..=105).contains(&packets("received")), "{call}");
        was_heard(&home, &baresip, &call);
        baresip.wait_for("CALL_CLOSED");
        std::fs::remove_file(&heard).unwrap();
        calls_us(&mut baresip, &home, &home.entity(), call["bundle"].as_str().unwrap());
        let call = over(&home);
        let packets = |way: &str| call["packets"][way].as_f64().unwrap();
        let share = packets("sent") / packets("received");
        assert!((1.4..1.6).contains(&share), "25 and 17 a second: {call}");
    }
}

#[test]
fn by_srtp_where_it_is_required() {
    both_ways(MUST, BY_UDP_TOO, Some("srtp-mand"), "srtp");
}

#[test]
fn by_srtp_where_both_can() {
    both_ways(MAY, BY_UDP_TOO, Some("srtp"), "srtp");
}

/// Its certificate has RSA, ours has ECDSA. No message has keys, so they may go by UDP.
#[test]
fn with_keys_by_dtls_where_srtp_is_required() {
    both_ways(MUST, "", Some("dtls_srtp"), "srtp");
}

/// RTP/SAVP with both ways beside each other, and then the other profile alone.
#[test]
fn with_keys_by_dtls_where_sdes_is_allowed_too() {
    both_ways(MUST, BY_UDP_TOO, Some("dtls_srtp"), "srtp");
}

#[test]
fn with_keys_by_dtls_where_both_can() {
    both_ways(MAY, "", Some("dtls_srtp"), "srtp");
}

#[test]
fn through_a_proxy_with_keys_by_dtls() {
    through_kamailio("udp", MUST, Some("dtls_srtp"), "srtp");
}

#[test]
fn in_clear_where_only_one_can_and_needs_not() {
    both_ways(MAY, BY_UDP_TOO, None, "none");
    both_ways("none", "", Some("srtp"), "none");
}

/// The keys of a call that comes by TLS are taken by UDP from nobody else.
#[test]
fn by_tls_it_calls_with_keys_and_by_udp_it_is_refused_and_our_user_told() {
    let home = alice(MUST, "");
    crate::certificates::certify(&home.path(""), &home.address.to_string());
    let text = std::fs::read_to_string(home.config()).unwrap();
    let listen = format!("listen = [\"udp:{0}:5060\", \"tls:{0}:5061\"]", home.address);
    let text = text.replace(&format!("listen = [\"udp:{}:5060\"]", home.address), &listen);
    std::fs::write(home.config(), format!("{text}[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n")).unwrap();
    let mut home = home;
    let ca = home.path("ca.pem");
    let setup = Setup { mediaenc: Some("srtp-mand"), ca: Some(&ca), ..Setup::default() };
    let Some(mut baresip) = Baresip::start(&setup) else { return };
    home.start();
    baresip.tell("dial", &format!("sip:alice@{}:5061;transport=tls", home.address));
    baresip.wait_for("CALL_ESTABLISHED");
    let call = active(&home);
    assert_eq!((&call["bundle"], &call["suite"]), (&"srtp".into(), &"AES_CM_128_HMAC_SHA1_80".into()), "{call}");
    look_until(|| newest(&home).filter(|call| call["packets"]["received"].as_u64() > Some(100)));
    baresip.tell("hangup", "");
    was_heard(&home, &baresip, &over(&home));
    baresip.wait_for("CALL_CLOSED");

    let mut events = Events::of(&home);
    baresip.tell("dial", &home.entity());
    let closed = baresip.wait_for("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().contains("488"), "{closed}");
    says(&events.next_of("notice"), "no-protection", "sdes-without-tls = true");
}

/// SDES there, and DTLS alone here, whoever calls: our user reads that, and what to do.
#[test]
fn keys_by_other_ways_than_ours_are_refused_and_our_user_reads_why() {
    let Some(mut baresip) = Baresip::start(&Setup { mediaenc: Some("srtp-mand"), ..Setup::default() }) else { return };
    let mut home = alice(MUST, "[srtp]\nkeys = [\"dtls\"]\n");
    home.start();
    let failure = home.run(&["call", &baresip.uri(), "--duration", "3"]).expect(4).json()["error"].clone();
    says(&failure, "no-protection", "switch DTLS-SRTP on there (baresip: mediaenc=dtls_srtp)");
    let mut events = Events::of(&home);
    baresip.tell("dial", &home.entity());
    let closed = baresip.wait_for_own("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().contains("488"), "{closed}");
    says(&events.next_of("notice"), "no-protection", "\"sdes\" in keys of [srtp]");
}

/// G.722 there, and Opus alone here: protected as both want it, they have no codec in common.
#[test]
fn without_a_codec_in_common_there_is_no_call_and_our_user_reads_why() {
    let setup = Setup { mediaenc: Some("srtp-mand"), codec: Codec::G722, ..Setup::default() };
    let Some(mut baresip) = Baresip::start(&setup) else { return };
    let mut home = alice(MUST, &format!("codecs = [\"opus\"]\n{BY_UDP_TOO}"));
    home.start();
    let failure = home.run(&["call", &baresip.uri(), "--duration", "3"]).expect(4).json()["error"].clone();
    assert!(failure["next"].as_str().unwrap().contains("codec"), "{failure}");
    baresip.tell("dial", &home.entity());
    let closed = baresip.wait_for_own("CALL_CLOSED");
    assert!(closed["param"].as_str().unwrap().contains("488"), "{closed}");
}

/// `mediaenc` there does not fit `action` here, whoever calls: what our user reads when he does, and how the other one's call ends.
fn refused(action: &str, more: &str, mediaenc: Option<&str>) -> Option<(Value, Value, Home)> {
    let mut baresip = Baresip::start(&Setup { mediaenc, ..Setup::default() })?;
    let mut home = alice(action, more);
    home.start();
    let refused = home.run(&["call", &baresip.uri(), "--duration", "3"]).expect(4).json();
    baresip.tell("dial", &home.entity());
    let closed = baresip.wait_for_own("CALL_CLOSED");
    Some((refused["error"].clone(), closed, home))
}

#[track_caller]
fn says(failure: &Value, code: &str, next: &str) {
    assert_eq!(failure["code"], code, "{failure}");
    assert!(failure["next"].as_str().unwrap().contains(next), "{failure}");
}

#[test]
fn without_srtp_there_is_no_call_where_it_is_required_and_our_user_reads_why() {
    let Some((failure, closed, _home)) = refused(MUST, BY_UDP_TOO, None) else { return };
    says(&failure, "no-protection", "baresip: mediaenc=dtls_srtp, srtp or srtp-mand");
    assert!(closed["param"].as_str().unwrap().contains("488"), "{closed}");
}

#[test]
fn a_telephone_that_demands_srtp_is_not_called_in_clear_and_our_user_reads_why() {
    let Some((failure, closed, _home)) = refused("none", "", Some("srtp-mand")) else { return };
    says(&failure, "no-protection", "srtp/transport//require");
    assert!(closed["param"].as_str().unwrap().contains("488"), "{closed}");
}

#[test]
fn keys_without_tls_are_not_sent_and_our_user_reads_why() {
    let Some(mut baresip) = Baresip::start(&Setup { mediaenc: Some("srtp-mand"), ..Setup::default() }) else { return };
    let mut home = alice(MUST, "[srtp]\nkeys = [\"sdes\"]\n");
    home.start();
    let failure = home.run(&["call", &baresip.uri(), "--duration", "3"]).expect(4).json()["error"].clone();
    says(&failure, "sdes-needs-tls", "sdes-without-tls = true");
    assert!(baresip.tell("listcalls", "").contains("(0)"), "nothing was sent");
}

/// Both are heard again after either has held the call and taken it up.
#[test]
fn a_call_is_held_and_taken_up_by_either_side_in_clear_and_by_srtp() {
    for (action, mediaenc) in [("none", None), (MUST, Some("srtp-mand")), (MUST, Some("dtls_srtp"))] {
        let Some(mut baresip) = Baresip::start(&Setup { mediaenc, ..Setup::default() }) else { return };
        let mut home = alice(action, BY_UDP_TOO);
        home.start();
        baresip.tell("dial", &home.entity());
        baresip.wait_for("CALL_ESTABLISHED");
        let id = active(&home)["id"].as_str().unwrap().to_owned();
        let count = |call: &Value| call["packets"]["received"].as_u64().unwrap();
        let more = |before: u64| look_until(|| newest(&home).filter(|call| count(call) > before + 50));
        more(0);
        baresip.tell("hold", "");
        look_until(|| newest(&home).filter(|call| call["held_by_peer"] == true));
        baresip.tell("resume", "");
        let back = look_until(|| newest(&home).filter(|call| call["held_by_peer"] == false));
        more(count(&back));
        home.run(&["hold", &id]).expect(0);
        let held = home.run(&["resume", &id]).expect(0);
        assert_eq!(held.json()["state"], "done");
        let call = more(count(&newest(&home).unwrap()));
        assert_eq!(call["bundle"], if mediaenc.is_some() { "srtp" } else { "none" });
        baresip.tell("hangup", "");
        // What is concealed where it stops to speak is no clean tone.
        was_heard_for(0.5, &home, &baresip, &over(&home));
    }
}

/// Keys of ours come to it, among the sound and by INFO, and its keys to us, which it sends among the sound.
#[test]
fn keys_are_pressed_by_either_side_in_clear_by_srtp_and_by_info() {
    for (action, mediaenc, dtmf, by) in [
        ("none", None, "auto", "rtp"),
        (MUST, Some("srtp-mand"), "auto", "rtp"),
        (MUST, Some("dtls_srtp"), "rtp", "rtp"),
        ("none", None, "info", "info"),
    ] {
        let Some(mut baresip) = Baresip::start(&Setup { mediaenc, ..Setup::default() }) else { return };
        let mut home = alice(action, &format!("dtmf = \"{dtmf}\"\n{BY_UDP_TOO}"));
        home.start();
        let mut events = Events::of(&home);
        baresip.tell("dial", &home.entity());
        baresip.wait_for("CALL_ESTABLISHED");
        let id = active(&home)["id"].as_str().unwrap().to_owned();
        look_until(|| newest(&home).filter(|call| call["packets"]["received"].as_u64() > Some(50)));
        let sent = home.run(&["dtmf", &id, "17#"]).expect(0).json();
        assert_eq!((&sent["digits"], &sent["by"]), (&3.into(), &by.into()), "{sent}");
        for key in ["1", "7", "#"] {
            let pressed = baresip.wait_for("CALL_DTMF_START");
            assert_eq!(pressed["param"], key, "{pressed}");
        }
        for key in ["5", "*"] {
            baresip.tell("sndcode", key);
            let told = events.next_of("digit");
            assert_eq!((&told["digit"], &told["by"], &told["call"]), (&key.into(), &"rtp".into(), &id.as_str().into()));
        }
        baresip.tell("hangup", "");
        let call = over(&home);
        let dropped = call["packets"]["dropped"].as_object().unwrap();
        assert!(!dropped.contains_key("payload-type") && !dropped.contains_key("malformed"), "{call}");
    }
}

/// It is sent to another telephone, and sends us to one.
#[test]
fn a_call_is_transferred_by_either_side() {
    let setup = Setup { mediaenc: Some("srtp-mand"), ..Setup::default() };
    let (Some(mut first), Some(mut second)) = (Baresip::start(&setup), Baresip::start(&setup)) else { return };
    let mut home = alice(MUST, BY_UDP_TOO);
    home.start();
    first.tell("dial", &home.entity());
    first.wait_for("CALL_ESTABLISHED");
    let id = active(&home)["id"].as_str().unwrap().to_owned();
    let sent = home.run(&["transfer", &id, &second.uri()]).expect(0).json();
    assert_eq!(sent["state"], "done", "{sent}");
    second.wait_for("CALL_ESTABLISHED");
    look_until(|| newest(&home).filter(|call| call["state"] == "ended"));
    first.tell("hangup", "");

    second.wait_for("CALL_CLOSED");
    first.tell("dial", &home.entity());
    first.wait_for("CALL_ESTABLISHED");
    active(&home);
    first.tell("transfer", &second.uri());
    let wanted = look_until(|| newest(&home).filter(|call| call["state"] == "wanted"));
    home.run(&["answer", wanted["id"].as_str().unwrap()]).expect(0);
    second.wait_for("CALL_ESTABLISHED");
    let call = active(&home);
    assert_eq!(call["bundle"], "srtp", "{call}");
    look_until(|| newest(&home).filter(|call| call["packets"]["received"].as_u64() > Some(100)));
    home.run(&["hangup"]).expect(0);
    assert!(second.heard(OURS) > 0.9);
}

/// Both have accounts at one registrar, whose presence server knows nothing of telephones.
fn through_kamailio(transport: &str, action: &str, mediaenc: Option<&str>, bundle: &str) {
    let kamailio = match transport {
        "tls" => Kamailio::start_secure("example.org"),
        _ => Kamailio::start(),
    };
    let Some(kamailio) = kamailio else { return };
    let ca = kamailio.dir.path().join("ca.pem");
    let registrar = Some((transport, kamailio.address));
    let setup = Setup {
        mediaenc,
        registrar,
        ca: Some(&ca).filter(|_| transport == "tls").map(std::path::PathBuf::as_path),
        ..Setup::default()
    };
    let Some(mut baresip) = Baresip::start(&setup) else { return };
    look_until(|| kamailio.contacts().contains("AoR: bob").then_some(()));
    let mut home = account("alice", &kamailio, transport, "secret", action);
    let text = std::fs::read_to_string(home.config()).unwrap();
    std::fs::write(home.config(), format!("{text}[audio]\ninput = \"tone:{OURS}\"\noutput = \"file:heard.wav\"\n"))
        .unwrap();
    registered(&mut home);
    home.run(&["call", "bob@example.org", "--duration", "3"]).expect(0);
    let call = over(&home);
    assert_eq!(call["bundle"], bundle, "{call}");
    was_heard(&home, &baresip, &call);
    baresip.wait_for("CALL_CLOSED");

    calls_us(&mut baresip, &home, "sip:alice@example.org", bundle);
}

#[test]
fn through_a_proxy_in_clear() {
    through_kamailio("udp", "none", None, "none");
}

#[test]
fn through_a_proxy_by_tls_with_keys() {
    through_kamailio("tls", MUST, Some("srtp-mand"), "srtp");
}
