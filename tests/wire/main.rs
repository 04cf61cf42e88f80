//! What somebody on the path sees of a call: everything from before the INVITE until after the BYE.

#[path = "../common/clear.rs"]
mod clear;
#[path = "../common/process.rs"]
mod process;

use process::{installed, skip, Capture, Home, Ran, Seen};

/// A call of two seconds between two processes whose policy is `action`; all datagrams but those of SIP, and the call.
fn overheard(action: &str) -> Option<(Vec<Seen>, Ran)> {
    let (mut alice, mut bob) = (Home::new("alice", action), Home::new("bob", action));
    if !installed("tcpdump") {
        skip("tcpdump is not installed");
        return None;
    }
    for home in [&alice, &bob] {
        // A silent frame of G.711 is one octet again and again: nothing is easier to find.
        home.configure(&(home.usual(&format!("{action};")) + "[audio]\ncodecs = [\"pcmu\"]\n"));
    }
    let Some(capture) = Capture::start(&alice.path("call.pcap"), &[&alice, &bob]) else {
        skip("this user may not capture on loopback");
        return None;
    };
    alice.start();
    bob.start();
    let call = alice.run(&["call", &bob.entity(), "--approve", "--duration", "2"]).expect(0);
    assert_eq!(bob.signal("TERM"), Some(0));
    assert_eq!(alice.signal("TERM"), Some(0));
    let seen = capture.stop();
    let said = |method: &str| seen.iter().any(|seen| seen.bytes.starts_with(method.as_bytes()));
    assert!(said("BYE sip:"), "the capture goes on until after the BYE");
    let media = seen.into_iter().filter(|seen| seen.from.port() != 5060 && seen.to.port() != 5060).collect();
    Some((media, call))
}

fn nothing_is_clear(action: &str, bundle: &str) {
    let Some((media, call)) = overheard(action) else { return };
    let call = call.json();
    assert_eq!((call["bundle"].as_str(), call["state"].as_str()), (Some(bundle), Some("ended")), "{call}");
    let received = call["packets"]["received"].as_u64().unwrap();
    assert!(received > 80, "two seconds of speech were heard: {call}");
    assert!(media.len() as u64 >= 2 * received - 10, "{} seen, {received} received", media.len());
    for (at, seen) in media.iter().enumerate() {
        assert_eq!(clear::clear_in(&seen.bytes), None, "datagram {at} of {}: {seen:?}", media.len());
    }
}

#[test]
fn under_esp_no_speech_is_clear_from_the_first_packet_to_the_last() {
    nothing_is_clear("ipsec esp/transport//require", "esp");
}

#[test]
fn under_ah_and_esp_no_speech_is_clear_from_the_first_packet_to_the_last() {
    nothing_is_clear("ipsec ah/transport//require esp/transport//require", "ah+esp");
}

/// The detector can find: under `none`, and inside of AH, which does not hide.
#[test]
fn under_none_and_under_ah_alone_the_same_detector_finds_speech() {
    for action in ["none", "ipsec ah/transport//require"] {
        let Some((media, _)) = overheard(action) else { return };
        let clear = media.iter().filter(|seen| clear::clear_in(&seen.bytes).is_some()).count();
        assert!(clear > 80, "{action}: {clear} of {}", media.len());
    }
}
