//! An ordinary telephone with SRTP describes its stream anew within a call of Bob's: other keys, another place (RFC 4568 section 7.1.4), and an INVITE
//! without an offer.

use sottovoce::agent::{AgentConfig, CallState, Command, Event, HoldState, SrtpKeying};

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;
use crate::phone::{at, bob, crypto, Phone, BOB, MAY, MUST, OK, PHONE, SECOND};

#[test]
fn other_keys_are_answered_with_other_keys_and_both_are_heard() {
    let mut phone = Phone::talking();
    let offer = phone.described("RTP/SAVP", &crypto(1));
    // A refresh: the same again.
    let (_, first) = phone.invite(&offer);
    phone.acknowledge("");
    let source = phone.opens(&first);
    let offer = phone.described("RTP/SAVP", &crypto(2));
    let (status, second) = phone.invite(&offer);
    assert_eq!(status, 200);
    phone.acknowledge("");
    let key = |text: &str| text.lines().find(|line| line.contains("inline:")).unwrap().to_owned();
    assert_ne!(key(&first), key(&second));
    assert_ne!(phone.opens(&second), source, "the count of its turns begins anew, whatever a telephone makes of that");
    assert_eq!(phone.speaks(), 0, "what is sealed as before is nothing any more");
    phone.seals_with(2);
    phone.is_heard();
    let call = phone.call();
    assert_eq!((call.bundle.as_str(), call.suite.as_deref()), ("srtp", Some("AES_CM_128_HMAC_SHA1_80")));
}

/// Its number goes on, and so does what is known of which came already.
#[test]
fn the_same_keys_at_another_port_go_on_as_they_were() {
    let mut phone = Phone::talking();
    let before = phone.sent.clone();
    phone.media.set_port(6002);
    let offer = phone.described("RTP/SAVP", &crypto(1));
    let (status, said) = phone.invite(&offer);
    assert_eq!((status, phone.remote()), (200, phone.media));
    phone.acknowledge("");
    phone.opens(&said);
    phone.is_heard();
    let received = phone.received();
    before.into_iter().for_each(|packet| phone.put(packet));
    phone.world.run_for(2 * SECOND);
    assert_eq!(phone.received(), received, "what came before is not heard twice");
    assert!(phone.call().counters.dropped["replay"] >= 40, "{:?}", phone.call().counters);
}

#[test]
fn other_keys_and_another_port_and_a_hold_come_together() {
    let mut phone = Phone::talking();
    phone.media.set_port(6004);
    let offer = phone.described("RTP/SAVP", &format!("{}a=sendonly\r\n", crypto(3)));
    assert_eq!(phone.invite(&offer).0, 200);
    phone.acknowledge("");
    phone.seals_with(3);
    phone.is_heard();
    assert!(phone.call().held_by_peer && phone.heard().is_empty());
    let offer = phone.described("RTP/SAVP", &crypto(3));
    let (_, said) = phone.invite(&offer);
    phone.acknowledge("");
    phone.opens(&said);
    assert_eq!(phone.remote(), phone.media);
}

/// Nothing that is refused changes anything.
#[test]
fn an_offer_without_the_keys_of_the_call_or_from_elsewhere_is_refused_and_the_call_goes_on() {
    let fingerprint = format!("a=fingerprint:sha-256 {}\r\na=setup:passive\r\n", ["AB"; 32].join(":"));
    for (profile, lines, ip) in [
        ("RTP/AVP", String::new(), PHONE),
        ("RTP/SAVP", "a=crypto:1 NONE inline:AAAA\r\n".to_owned(), PHONE),
        ("RTP/SAVP", crypto(2), "192.168.1.9"),
        ("RTP/SAVP", crypto(1), "192.168.1.9"),
        ("UDP/TLS/RTP/SAVP", fingerprint, "192.168.1.9"),
    ] {
        let mut phone = Phone::talking();
        let there = phone.media;
        phone.media = at(ip, 6000);
        let offer = phone.described(profile, &lines);
        assert_eq!(phone.invite(&offer).0, 488, "{profile} {lines}");
        phone.acknowledge("");
        phone.media = there;
        assert_eq!(phone.remote(), there);
        phone.is_heard();
        assert!(phone.heard().len() > 40);
    }
}

#[test]
fn an_invite_without_an_offer_gets_keys_where_they_are_demanded_and_its_answer_is_judged() {
    let mut phone = Phone::near(bob(MUST));
    let (status, offer) = phone.invite("");
    assert!(status == 200 && offer.contains("RTP/SAVP") && offer.contains("AES_CM_128_HMAC_SHA1_80"), "{offer}");
    let line = offer.lines().find(|line| line.contains("AES_CM_128_HMAC_SHA1_80")).unwrap();
    let tag = line.strip_prefix("a=crypto:").unwrap().split(' ').next().unwrap().to_owned();
    let answer = phone.described("RTP/SAVP", &crypto(1).replace("a=crypto:1", &format!("a=crypto:{tag}")));
    phone.acknowledge(&answer);
    phone.is_heard();
    assert_eq!(phone.call().bundle, "srtp");
    let line = line.to_owned();
    phone.opens(&line);

    // Without an offer once more: it is elsewhere, with another key.
    let (_, again) = phone.invite("");
    phone.media.set_port(6006);
    let answer = phone.described("RTP/SAVP", &crypto(4).replace("a=crypto:1", &format!("a=crypto:{tag}")));
    phone.acknowledge(&answer);
    phone.seals_with(4);
    phone.is_heard();
    assert_eq!((phone.remote(), phone.call().state.clone()), (phone.media, CallState::Active));
    let line = again.lines().find(|line| line.contains("AES_CM_128_HMAC_SHA1_80")).unwrap().to_owned();
    phone.opens(&line);
}

#[test]
fn an_answer_in_ack_without_keys_is_heard_in_clear_only_where_that_may_be() {
    for (action, bundle) in [(MUST, None), (MAY, Some("none"))] {
        let mut phone = Phone::near(bob(action));
        let (_, offer) = phone.invite("");
        assert!(offer.contains("a=crypto:"), "{offer}");
        let profile = if bundle.is_some() { "RTP/AVP" } else { "RTP/SAVP" };
        let answer = phone.described(profile, "");
        phone.acknowledge(&answer);
        assert_eq!(phone.call().state == CallState::Active, bundle.is_some(), "{:?}", phone.call());
        match bundle {
            Some(bundle) => assert_eq!(phone.call().bundle, bundle),
            None => {
                assert!(phone.world.wire.seen.is_empty() && phone.said_by_bob().last().unwrap().starts_with("BYE "))
            }
        }
    }
}

#[test]
fn an_invite_without_an_offer_is_refused_where_no_way_to_keys_may_go_there() {
    let mut phone = Phone::near(AgentConfig { sdes_without_tls: false, ..bob(MUST) });
    assert_eq!(phone.invite("").0, 488);
    let keys = vec![SrtpKeying::Dtls, SrtpKeying::Sdes];
    let mut phone = Phone::near(AgentConfig { sdes_without_tls: false, srtp_keys: keys, ..bob(MUST) });
    let (status, offer) = phone.invite("");
    assert!(status == 200 && offer.contains("UDP/TLS/RTP/SAVP") && offer.contains("a=setup:actpass"), "{offer}");
    assert!(!offer.contains("inline:"), "{offer}");
}

/// Telephones make a new key for each description.
#[test]
fn another_key_in_the_answer_to_a_hold_of_ours_is_gone_on_with() {
    let mut phone = Phone::talking();
    let call = phone.call().id;
    for (wanted, key) in [(true, 5), (false, 6)] {
        phone.world.command(0, Command::Hold { call, wanted }).unwrap();
        phone.world.run_for(SECOND);
        let direction = if wanted { "a=recvonly\r\n" } else { "" };
        let answer = phone.described("RTP/SAVP", &format!("{}{direction}", crypto(key)));
        phone.answers("INVITE ", OK, &answer);
        assert_eq!(phone.call().hold.as_ref().unwrap().state, HoldState::Done, "{:?}", phone.call());
        phone.seals_with(key);
    }
    phone.is_heard();
    let said = phone.said_by_bob().into_iter().rev().find(|text| text.starts_with("INVITE ")).unwrap();
    phone.opens(&said);
}

fn own(keys: SrtpKeying, moves: usize) -> (World, [sottovoce::agent::Call; 2]) {
    let telephone = |name: &str, address: &str| AgentConfig {
        srtp_keys: vec![keys],
        follows: true,
        sdes_without_tls: true,
        dtls: sottovoce::io::dtls_identity().map(std::sync::Arc::new),
        ..agent(name, address, MUST)
    };
    let mut world = World::new(4, Link::GOOD);
    world.add("alice", telephone("alice", "192.168.1.1"));
    world.add("bob", telephone("bob", BOB));
    let call = world.call(0, "bob@192.168.1.2", None, 3600);
    assert!(world.run_until(60 * SECOND, |world| world.the_call(0, call).state == CallState::Active));
    world.run_for(3 * SECOND);
    world.moves(moves, "192.168.1.77", "00:00:5e:00:01:02");
    world.run_for(5 * SECOND);
    let calls = [0, 1].map(|node| world.nodes[node].agent.calls().last().unwrap().clone());
    (world, calls)
}

/// Two of our own: whoever is elsewhere says so with the certificate that it had.
#[test]
fn a_call_goes_on_when_either_of_two_is_elsewhere() {
    for moves in [0, 1] {
        let (mut world, calls) = own(SrtpKeying::Dtls, moves);
        world.run_for(2 * SECOND);
        for (node, before) in calls.into_iter().enumerate() {
            let after = world.the_call(node, before.id);
            assert_eq!((&after.state, after.bundle.as_str()), (&CallState::Active, "srtp"), "{moves}: {after:?}");
            assert_eq!(after.suite, before.suite);
            assert!(after.counters.received >= before.counters.received + 95, "{moves}: {after:?}");
        }
    }
}

/// Who reads the messages has the keys, too: nothing tells whoever is elsewhere from somebody else.
#[test]
fn a_call_by_keys_in_the_messages_ends_for_who_is_elsewhere() {
    for moves in [0, 1] {
        let (_, calls) = own(SrtpKeying::Sdes, moves);
        let CallState::Failed(why) = &calls[moves].state else { panic!("{:?}", calls[moves]) };
        assert_eq!(why.code, "move-refused");
    }
}

/// Whoever has read the call's messages knows the tags, and nothing else tells them from the telephone but where they come from.
#[test]
fn who_read_the_messages_takes_no_call_over_from_elsewhere() {
    const ELSEWHERE: &str = "192.168.1.9";
    let fingerprint = format!("a=fingerprint:sha-256 {}\r\na=setup:actpass\r\n", ["AB"; 32].join(":"));
    for (profile, lines) in
        [("RTP/SAVP", crypto(2)), ("RTP/SAVP", crypto(1)), ("UDP/TLS/RTP/SAVP", fingerprint), ("", String::new())]
    {
        let mut phone = Phone::talking();
        let there = phone.media;
        phone.from = ELSEWHERE;
        phone.media = at(ELSEWHERE, 6000);
        let offer = if profile.is_empty() { String::new() } else { phone.described(profile, &lines) };
        assert_eq!(phone.invite(&offer).0, 488, "{profile} {lines}");
        phone.acknowledge("");
        let is = |event: &&Event| matches!(event, Event::Notice(notice) if notice.code == "offer-from-elsewhere");
        assert_eq!(phone.world.nodes[0].events.iter().filter(is).count(), 1, "{profile}");
        // An UPDATE without anything in it does not lead the call's requests there either.
        phone.update();
        phone.media = there;
        phone.from = PHONE;
        phone.is_heard();
        assert_eq!(phone.remote(), there);
        assert!(phone.heard().len() > 40);
        let call = phone.call().id;
        phone.world.command(0, Command::Hangup { call: Some(call) }).unwrap();
        phone.world.run_for(SECOND);
        assert_eq!(phone.went_to("BYE"), at(PHONE, 5060));
    }
}

/// It could have the telephone's sound sent anywhere, or nobody's.
#[test]
fn no_hold_and_no_answer_from_elsewhere_is_taken_in_clear_either() {
    const ELSEWHERE: &str = "192.168.1.9";
    let mut phone = Phone::near(bob("none"));
    let offer = phone.described("RTP/AVP", "");
    assert_eq!(phone.invite(&offer).0, 200);
    phone.acknowledge("");
    let there = phone.remote();
    phone.from = ELSEWHERE;
    let held = phone.described("RTP/AVP", "a=sendonly\r\n");
    for offer in ["", &held] {
        assert_eq!(phone.invite(offer).0, 488, "{offer}");
        phone.acknowledge("");
    }
    phone.from = PHONE;
    assert_eq!(phone.invite("").0, 200);
    phone.from = ELSEWHERE;
    phone.media = at(ELSEWHERE, 6000);
    let forged = phone.described("RTP/AVP", "");
    phone.acknowledge(&forged);
    assert_eq!(phone.remote(), there);
    (phone.from, phone.media) = (PHONE, at(PHONE, 6010));
    let own = phone.described("RTP/AVP", "");
    phone.acknowledge(&own);
    assert_eq!((phone.remote(), phone.call().state.clone()), (at(PHONE, 6010), CallState::Active));
}

/// Keys that were read on the way prove nothing.
#[test]
fn nobody_elsewhere_holds_a_call_by_the_keys_that_he_read() {
    let mut phone = Phone::talking();
    let own = phone.described("RTP/SAVP", &crypto(1));
    assert_eq!(phone.invite(&own).0, 200);
    phone.acknowledge("");
    // The same, as far as its o= line tells.
    let held = format!("{own}a=inactive\r\n");
    phone.from = "192.168.1.9";
    assert_eq!(phone.invite(&held).0, 488);
    phone.acknowledge("");
    assert!(!phone.call().held_by_peer);
    phone.from = PHONE;
    phone.is_heard();
    assert!(phone.heard().len() > 40);
    assert_eq!(phone.invite(&held).0, 200, "its own is taken");
    phone.acknowledge("");
    assert!(phone.call().held_by_peer);
}
