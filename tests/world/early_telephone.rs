//! Bob calls an ordinary telephone, and hears it before it picks up (RFC 3960), where his entries let its answer be.

use sottovoce::agent::{AgentConfig, CallState, Event, SrtpKeying};
use sottovoce::vocab::CallId;

use crate::phone::{bob, crypto, Phone, MAY, MUST, OK, SECOND};

const RINGS: (&str, &str) = ("183 Session Progress", "p");

/// An answer with this key by the tag that Bob's offer gives the suite.
fn answer(phone: &mut Phone, profile: &str, key: u8) -> String {
    let invite = phone.said_by_bob().into_iter().rev().find(|text| text.starts_with("INVITE ")).unwrap();
    let line = invite.lines().find(|line| line.contains("AES_CM_128_HMAC_SHA1_80")).unwrap();
    let tag = line.split(' ').next().unwrap().to_owned();
    phone.described(profile, &crypto(key).replace("a=crypto:1", &tag))
}

fn unheard(phone: &Phone) -> usize {
    let told = |event: &&Event| matches!(event, Event::Notice(failure) if failure.code == "early-media-unheard");
    phone.world.nodes[0].events.iter().filter(told).count()
}

fn seen(phone: &Phone, call: CallId) -> (CallState, bool, String, u64) {
    let call = phone.world.the_call(0, call);
    (call.state.clone(), call.early, call.bundle.clone(), call.counters.sent)
}

#[test]
fn it_is_heard_before_it_picks_up_and_hears_nothing_of_us() {
    for action in [MUST, MAY] {
        let (mut phone, call) = Phone::called(action);
        let profile = if action == MUST { "RTP/SAVP" } else { "RTP/AVP" };
        let early = answer(&mut phone, profile, 1);
        phone.answers("INVITE ", RINGS, &early);
        phone.is_heard();
        assert_eq!(seen(&phone, call), (CallState::Ringing, true, "srtp".to_owned(), 0));
        phone.answers("INVITE ", OK, &early);
        phone.is_heard();
        let (state, early, bundle, sent) = seen(&phone, call);
        assert_eq!((state, early, bundle.as_str(), unheard(&phone)), (CallState::Active, false, "srtp", 0));
        assert!(sent > 100, "{sent}");
        assert_eq!(phone.call().counters.received, 100, "it went on as it was");
    }
}

/// RFC 3261 section 13.2.1 has the answer in 200 at least once. There are gateways that think it said.
#[test]
fn what_was_said_early_need_not_be_said_again() {
    let (mut phone, call) = Phone::called(MUST);
    let early = answer(&mut phone, "RTP/SAVP", 1);
    phone.answers("INVITE ", RINGS, &early);
    phone.answers("INVITE ", OK, "");
    assert_eq!(seen(&phone, call).0, CallState::Active);
    phone.is_heard();
    // But once it has to.
    let (mut phone, call) = Phone::called(MUST);
    phone.answers("INVITE ", ("180 Ringing", "p"), "");
    phone.answers("INVITE ", OK, "");
    assert!(matches!(seen(&phone, call).0, CallState::Failed(failure) if failure.code == "answer-unusable"));
}

/// Bob's offer had many keys, and his answer to the telephone's own offer has one: that of its tag.
#[test]
fn a_refresh_by_whoever_was_called_is_answered_with_one_key() {
    let (mut phone, call) = Phone::called(MUST);
    let taken = answer(&mut phone, "RTP/SAVP", 1);
    phone.answers("INVITE ", OK, &taken);
    phone.takes_part();
    let (status, said) = phone.invite(&taken);
    assert_eq!((status, said.matches("a=crypto:").count()), (200, 1), "{said}");
    phone.acknowledge("");
    phone.is_heard();
    assert_eq!(seen(&phone, call).0, CallState::Active);
    phone.opens(&said);
}

/// Where keys are demanded nothing in clear is heard, whenever it comes, and the user is told once.
#[test]
fn what_has_no_keys_is_heard_only_where_that_may_be() {
    let (mut phone, call) = Phone::called(MUST);
    for _ in 0..3 {
        let clear = phone.described("RTP/SAVP", "");
        phone.answers("INVITE ", RINGS, &clear);
    }
    assert_eq!((phone.speaks(), unheard(&phone)), (0, 1));
    assert!(!seen(&phone, call).1 && !phone.world.call_is_over(0, call));
    let keyed = answer(&mut phone, "RTP/SAVP", 1);
    phone.answers("INVITE ", OK, &keyed);
    phone.is_heard();
    // In clear it may be, so it was; its 200 has keys, and the call goes on under those.
    let (mut phone, call) = Phone::called(MAY);
    let clear = phone.described("RTP/AVP", "");
    phone.answers("INVITE ", RINGS, &clear);
    assert_eq!(seen(&phone, call), (CallState::Ringing, true, "none".to_owned(), 0));
    let keyed = answer(&mut phone, "RTP/AVP", 1);
    phone.answers("INVITE ", OK, &keyed);
    phone.is_heard();
    assert_eq!((seen(&phone, call).0, seen(&phone, call).2.as_str()), (CallState::Active, "srtp"));
}

/// A proxy lets an announcement be heard, then one telephone, and another one picks up.
#[test]
fn the_newest_is_heard_and_another_one_may_pick_up() {
    let (mut phone, call) = Phone::called(MUST);
    for key in [1, 2] {
        phone.media.set_port(6000 + u16::from(key) * 2);
        let early = answer(&mut phone, "RTP/SAVP", key);
        phone.answers("INVITE ", ("183 Session Progress", "announcement"), &early);
        phone.seals_with(key);
        phone.is_heard();
    }
    phone.media.set_port(6010);
    let picked = answer(&mut phone, "RTP/SAVP", 3);
    phone.answers("INVITE ", ("200 OK", "another"), &picked);
    phone.seals_with(3);
    phone.is_heard();
    assert_eq!((seen(&phone, call).0, phone.remote()), (CallState::Active, phone.media));
    assert!(phone.heard().len() > 40);
}

/// Each look at one costs something, and anybody on the way can send them: after eight the answer counts.
#[test]
fn eight_others_are_looked_at() {
    let (mut phone, call) = Phone::called(MUST);
    for key in 1..=12 {
        let early = answer(&mut phone, "RTP/SAVP", key);
        phone.answers("INVITE ", RINGS, &early);
    }
    phone.seals_with(8);
    phone.is_heard();
    let picked = answer(&mut phone, "RTP/SAVP", 12);
    phone.answers("INVITE ", OK, &picked);
    phone.seals_with(12);
    phone.is_heard();
    assert_eq!(seen(&phone, call).0, CallState::Active);
}

/// The handshake begins before it picks up, so that something can be heard.
#[test]
fn a_certificate_that_is_named_early_is_shaken_hands_with() {
    let mut phone = Phone::near(AgentConfig { srtp_keys: vec![SrtpKeying::Dtls], ..bob(MUST) });
    let call = phone.world.call(0, "phone@192.168.1.5", None, 3600);
    phone.world.run_for(SECOND);
    let lines = format!("a=fingerprint:sha-256 {}\r\na=setup:passive\r\n", ["AB"; 32].join(":"));
    let early = phone.described("UDP/TLS/RTP/SAVP", &lines);
    phone.answers("INVITE ", RINGS, &early);
    phone.world.run_for(SECOND);
    let (state, early, bundle, _) = seen(&phone, call);
    assert_eq!((state, early, bundle.as_str()), (CallState::Ringing, true, "srtp"));
    let kinds: Vec<_> = phone.world.wire.seen.iter().map(|bytes| sottovoce::ipsec::Kind::of(bytes)).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == sottovoce::ipsec::Kind::Dtls), "{kinds:?}");
}

/// Whoever rings and lets nothing be heard leaves our user with the sound of ringing (RFC 3960 section 3.2).
#[test]
fn it_rings_in_our_users_ear_until_something_is_heard() {
    use sottovoce::agent::{AudioSink, SoundDevice};
    use sottovoce::media::Signal;
    let ear = AudioSink::Device(SoundDevice::Default);
    let mut phone = Phone::near(AgentConfig { audio_sink: ear, ..bob(MUST) });
    phone.world.call(0, "phone@192.168.1.5", None, 3600);
    phone.world.run_for(SECOND);
    let early = answer(&mut phone, "RTP/SAVP", 1);
    phone.answers("INVITE ", RINGS, &early);
    phone.world.run_for(SECOND);
    assert_eq!(phone.world.nodes[0].signals.last(), Some(&Some(Signal::RingBack)));
    phone.is_heard();
    phone.world.run_for(SECOND);
    assert_eq!(phone.world.nodes[0].signals.last(), Some(&None));
}
