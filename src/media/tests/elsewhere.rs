//! Another address of the peer than the one that it described: packets go there, and come from there, as the entries for that address say.

use super::*;

/// Of the entries in this order the first that fits counts.
fn of_entries(entries: &[&str], bundle: Bundle) -> Stream {
    let text: String = entries.iter().map(|entry| format!("spdadd {entry};")).collect();
    let spd = Arc::new(Spd::compile(Generation(1), vec![], parse(&text).unwrap()));
    let protection = Protection::from_keys(keys(bundle, 1), keys(bundle, 2)).unwrap();
    Stream::new(config(alice(), bob(), spd, bundle), protection)
}

fn allows(stream: &Stream, peer: &str) -> bool {
    stream.allows(at(0), peer.parse().unwrap())
}

#[test]
fn what_is_discarded_in_either_direction_is_not_allowed() {
    let stream = of_entries(
        &[
            "any 203.0.113.0/24 any -P out discard",
            "198.51.100.0/24 any any -P in discard",
            "any any any -P out none",
            "any any any -P in none",
        ],
        Bundle::default(),
    );
    for (peer, is_allowed) in [
        ("203.0.113.7:9", false),
        ("[::ffff:203.0.113.7]:9", false),
        ("198.51.100.7:9", false),
        ("192.0.2.7:9", true),
        ("[2001:db8::1]:9", true),
    ] {
        assert_eq!(allows(&stream, peer), is_allowed, "{peer}");
    }
}

#[test]
fn what_is_demanded_there_the_stream_must_have() {
    let entries = [
        "any 203.0.113.0/24 any -P out ipsec esp/transport//require",
        "198.51.100.0/24 any any -P in ipsec esp/transport//require",
        "any any any -P out none",
        "any any any -P in none",
    ];
    for (bundle, is_allowed) in [(Bundle::default(), false), (ESP, true)] {
        let stream = of_entries(&entries, bundle);
        for peer in ["203.0.113.7:9", "198.51.100.7:9"] {
            assert_eq!(allows(&stream, peer), is_allowed, "{bundle} {peer}");
        }
    }
}

/// RFC 5761 section 5.1.1.
#[test]
fn a_telephone_that_does_not_take_reports_by_the_port_of_the_sound_gets_none() {
    for rtcp_mux in [true, false] {
        let config = StreamConfig { rtcp_mux, ..config(alice(), bob(), spd("none"), Bundle::default()) };
        let mut stream = Stream::new(config, Protection::none());
        for frame in 0..1000 {
            stream.send(at(frame), &[0; LEN]).unwrap();
            while stream.poll_rtcp(at(frame)).is_some() {}
        }
        assert_eq!((stream.bye(at(1000)).is_some(), stream.counters().rtcp_sent > 0), (rtcp_mux, rtcp_mux));
    }
}
