//! A telephone, a gateway and a peer: what goes through a tunnel between the first two, and from end to end inside of it.

use super::*;

fn gateway() -> SocketAddr {
    "133.134.10.1:20000".parse().unwrap()
}

/// Of the tunnel: other keys than those of the call.
fn tunnel_keys(bundle: Bundle, direction: u8) -> DirectionKeys {
    keys(bundle, direction + 100)
}

fn tunnelled(bundle: Bundle) -> Bundle {
    Bundle {
        framing: Framing { esp_tunnel: bundle.esp, ah_tunnel: bundle.ah && !bundle.esp, ..Framing::PLAIN },
        ..bundle
    }
}

struct Three {
    alice: Stream,
    gateway: Forwarder,
    bob: Stream,
}

/// Alice's entry for packets to Bob and from him, what the tunnel has, what the call itself has.
fn three([out, back]: [&str; 2], tunnel: Bundle, call: Bundle) -> Three {
    let tunnel = tunnelled(tunnel);
    let entries = format!("spdadd any any any -P out {out};spdadd any any any -P in {back};");
    let spd = Arc::new(Spd::compile(Generation(1), vec![], parse(&entries).unwrap()));
    let there = Protection::from_keys(tunnel_keys(tunnel, 1), tunnel_keys(tunnel, 2)).unwrap();
    let outside = Some(Box::new(Tunnel::new(there, alice(), gateway())));
    let protection = Protection::from_keys(keys(call, 1), keys(call, 2)).unwrap();
    let alices = StreamConfig { tunnel: outside, ..config(alice(), bob(), spd, call) };
    let bobs = config(bob(), gateway(), super::spd("none"), call);
    let forwards = ForwarderConfig {
        user: (Entity::parse("sip:alice@office").unwrap(), Device::new("d1").unwrap()),
        tunnel: crate::ipsec::Path::new(alice(), gateway()),
        inner: gateway(),
        allowed: vec![crate::policy::Prefix::new("133.134.10.0".parse().unwrap(), 24).unwrap()],
        ports: PORTS,
        known: Arc::default(),
        rate: 200,
        spd: super::spd("none"),
        default_level: Level::Require,
    };
    let back = Protection::from_keys(tunnel_keys(tunnel, 2), tunnel_keys(tunnel, 1)).unwrap();
    Three {
        alice: Stream::new(alices, protection),
        gateway: Forwarder::new(forwards, back),
        bob: Stream::new(bobs, Protection::from_keys(keys(call, 2), keys(call, 1)).unwrap()),
    }
}

impl Three {
    /// A second of sound both ways; every datagram on either leg.
    fn talk(&mut self) -> [Vec<Vec<u8>>; 2] {
        let mut seen = [Vec::new(), Vec::new()];
        for n in 0..50 {
            let now = at(n * 20);
            let said = self.alice.send(now, &frame(1)).map(|datagram| (datagram.to, datagram.bytes.to_vec()));
            if let Some((to, mut bytes)) = said {
                assert_eq!(to, gateway(), "nothing goes past the tunnel");
                seen[0].push(bytes.clone());
                if let Some(on) = self.gateway.handle_datagram(now, alice(), &mut bytes) {
                    assert_eq!(on.to, bob());
                    let mut bytes = on.bytes.to_vec();
                    seen[1].push(bytes.clone());
                    self.bob.handle_datagram(now, gateway(), &mut bytes);
                }
            }
            let Some(answer) = self.bob.send(now, &frame(2)) else { continue };
            assert_eq!(answer.to, gateway(), "he knows of nobody else");
            let mut bytes = answer.bytes.to_vec();
            if let Some(back) = self.gateway.handle_datagram(now, bob(), &mut bytes) {
                assert_eq!(back.to, alice());
                self.alice.handle_datagram(now, gateway(), &mut back.bytes.to_vec());
            }
        }
        seen
    }
}

const ESP_THERE: [&str; 2] =
    ["ipsec esp/tunnel/192.168.1.1-133.134.10.1/require", "ipsec esp/tunnel/133.134.10.1-192.168.1.1/require"];
const WITH_AH: [&str; 2] = [
    "ipsec esp/tunnel/192.168.1.1-133.134.10.1/require ah/transport//require",
    "ipsec esp/tunnel/133.134.10.1-192.168.1.1/require ah/transport//require",
];

#[test]
fn what_the_entry_demands_is_given_by_the_tunnel_and_by_the_call_together() {
    for (entry, call, clear_behind) in [(ESP_THERE, NONE, true), (WITH_AH, AH, false), (ESP_THERE, BOTH, false)] {
        let mut three = three(entry, ESP, call);
        let [before, behind] = three.talk();
        assert_eq!((before.len(), behind.len()), (50, 50));
        assert!(before.iter().all(|bytes| bytes[0] >= 192), "as far as the gateway nothing is in clear");
        assert!(behind.iter().all(|bytes| (bytes[0] < 192) == clear_behind));
        assert_eq!((three.alice.counters().received, dropped(&three.alice)), (50, vec![]));
        assert_eq!((three.bob.counters().received, dropped(&three.bob)), (50, vec![]));
        assert_eq!((three.gateway.counters().received, three.gateway.counters().sent), (50, 50));
    }
}

/// Of two layers each gives what it has, and no more.
#[test]
fn a_tunnel_that_gives_too_little_lets_nothing_out_and_nothing_in() {
    for (entry, tunnel, call) in [(ESP_THERE, AH, NONE), (WITH_AH, ESP, NONE)] {
        let mut three = three(entry, tunnel, call);
        let [before, _] = three.talk();
        assert_eq!((before.len(), three.alice.counters().received), (0, 0));
        assert_eq!(dropped(&three.alice)[0], ("unprotected", 50));
    }
}

#[test]
fn what_does_not_come_through_the_tunnel_is_not_heard() {
    let mut three = three(ESP_THERE, ESP, NONE);
    let mut clear = three.bob.send(at(0), &frame(2)).unwrap().bytes.to_vec();
    three.alice.handle_datagram(at(0), bob(), &mut clear.clone());
    three.alice.handle_datagram(at(0), gateway(), &mut clear);
    three.alice.handle_datagram(at(0), gateway(), &mut [0xff]);
    assert_eq!((three.alice.counters().received, dropped(&three.alice)), (0, vec![("malformed", 2)]));
}

/// Entries that do not tunnel there any more are for the call to keep, from the next packet on.
#[test]
fn a_tunnel_serves_the_entries_that_name_it_and_no_others() {
    for (after, call, passes) in [
        ("ipsec esp/transport//require", NONE, false),
        ("ipsec esp/tunnel/192.168.1.1-10.0.0.1/require", NONE, false),
        ("ipsec ah/transport//require", NONE, false),
        ("ipsec esp/transport//require", ESP, true),
        ("none", NONE, true),
    ] {
        let mut three = three(ESP_THERE, ESP, call);
        three.talk();
        three.alice.set_spd(at(0), super::spd(after));
        let (sent, heard) = (three.alice.counters().sent, three.alice.counters().received);
        let [before, _] = three.talk();
        let more = (three.alice.counters().sent - sent, three.alice.counters().received - heard);
        assert_eq!(more, if passes { (50, 50) } else { (0, 0) }, "{after}");
        assert!(before.iter().all(|bytes| bytes[0] >= 192), "and never past the tunnel");
    }
}

/// New entries, new keys: the tunnel stays.
#[test]
fn a_call_is_rekeyed_within_its_tunnel() {
    let mut three = three(ESP_THERE, ESP, NONE);
    three.talk();
    let to = |direction: [u8; 2], local, remote, speaks_first| Rekeying {
        local,
        remote,
        peer: Some((Entity::parse("sip:peer@host").unwrap(), Device::new("d1").unwrap())),
        spd: super::spd("ipsec ah/transport//require"),
        default_level: Level::Require,
        outbound: AH,
        inbound: AH,
        following: Following::Ipsec(Protection::from_keys(keys(AH, direction[0]), keys(AH, direction[1])).unwrap()),
        speaks_first,
        heard_first: false,
    };
    three.bob.rekey(at(0), to([12, 11], bob(), gateway(), false));
    three.alice.rekey(at(0), to([11, 12], alice(), bob(), true));
    let [before, behind] = three.talk();
    assert!(before.iter().chain(&behind).all(|bytes| bytes[0] >= 192));
    assert_eq!((three.alice.counters().received, three.bob.counters().received), (100, 100));
    assert_eq!((dropped(&three.alice), dropped(&three.bob)), (vec![], vec![]));
}
