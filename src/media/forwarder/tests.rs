//! A telephone's end of a tunnel, the gateway's, and what goes on behind it.

use zeroize::Zeroizing;

use super::*;
use crate::ipsec::{DirectionKeys, EspKey};
use crate::policy::setkey::parse;
use crate::policy::{Framing, Suite};
use crate::vocab::{Generation, Spi, Wall};

const CLEAR: &str = "spdadd any any udp -P out none; spdadd any any udp -P in none;";

fn at(ms: u64) -> Now {
    Now { mono: Mono(Duration::from_millis(ms)), wall: Wall(1_700_000_000_000 + ms) }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn peer() -> SocketAddr {
    address("133.134.10.10:16386")
}

/// Of the gateway, inside.
fn inner() -> SocketAddr {
    address("133.134.10.1:20000")
}

fn keys(direction: u8) -> DirectionKeys {
    let esp = EspKey {
        spi: Spi::from_random(u32::from(direction)),
        suite: Suite::Chacha20Poly1305,
        key: Zeroizing::new(vec![direction; 32]),
        salt: [direction; 4],
    };
    DirectionKeys { esp: Some(esp), ah: None, framing: Framing { esp_tunnel: true, ..Framing::PLAIN } }
}

fn spd(more: &str) -> Arc<Spd> {
    Arc::new(Spd::compile(Generation(1), parse(more).unwrap(), parse(CLEAR).unwrap()))
}

fn bob_there() -> Arc<Known> {
    Arc::new(vec![(peer().ip(), (Entity::parse("sip:bob@there").unwrap(), Device::new("b1").unwrap()))])
}

/// The telephone's end of the tunnel, and the gateway's.
struct Pair {
    outbound: Outbound,
    inbound: Inbound,
    tunnel: Path,
    gateway: Forwarder,
}

fn pair_over(tunnel: Path, entries: &str) -> Pair {
    let config = ForwarderConfig {
        user: (Entity::parse("sip:alice@office").unwrap(), Device::new("d1").unwrap()),
        tunnel,
        inner: inner(),
        allowed: vec![Prefix::new("133.134.10.0".parse().unwrap(), 24).unwrap()],
        ports: 1024..=u16::MAX,
        known: bob_there(),
        rate: 100,
        spd: spd(entries),
        default_level: Level::Require,
    };
    let (outbound, inbound) = Protection::from_keys(keys(1), keys(2)).unwrap().split();
    let gateway = Forwarder::new(config, Protection::from_keys(keys(2), keys(1)).unwrap());
    Pair { outbound, inbound, tunnel, gateway }
}

fn pair(entries: &str) -> Pair {
    pair_over(Path::new(address("192.168.1.1:16384"), address("192.168.1.254:20000")), entries)
}

impl Pair {
    fn says(&mut self, from: SocketAddr, to: SocketAddr) -> Vec<u8> {
        let mut buffer = PacketBuffer::new(200);
        buffer.begin(5).unwrap().copy_from_slice(b"hello");
        self.outbound.seal_between(&mut buffer, &Path::new(from, to), &self.tunnel).unwrap().to_vec()
    }

    /// What the gateway sends for what the telephone sends there.
    fn forwarded(&mut self, ms: u64, to: SocketAddr) -> Option<(SocketAddr, Vec<u8>)> {
        let mut packet = self.says(inner(), to);
        let sent = self.gateway.handle_datagram(at(ms), self.tunnel.source, &mut packet)?;
        Some((sent.to, sent.bytes.to_vec()))
    }

    fn dropped(&self) -> Vec<(&'static str, u64)> {
        self.gateway.counters().dropped.iter().map(|(why, count)| (*why, *count)).collect()
    }
}

/// IPv4 in IPv4, and in IPv6.
#[test]
fn what_the_user_says_goes_on_and_what_is_answered_comes_back() {
    let ipv6 = Path::new(address("[2001:db8::1]:16384"), address("[2001:db8::fe]:20000"));
    for mut pair in [pair(""), pair_over(ipv6, "")] {
        assert_eq!(pair.forwarded(0, peer()), Some((peer(), b"hello".to_vec())), "as it is: the peer sees no tunnel");
        let mut answer = b"well met".to_vec();
        let back = pair.gateway.handle_datagram(at(5), peer(), &mut answer).unwrap();
        assert_eq!(back.to, pair.tunnel.source);
        let (mut sealed, way) = (back.bytes.to_vec(), pair.tunnel.reversed());
        let flow = Path::new(peer(), inner());
        let opened = pair.inbound.open_between(&mut sealed, &mut [], &way, &flow, &way).unwrap();
        assert_eq!((&opened.payload[..], opened.carried.confidentiality), (&b"well met"[..], true));
        assert_eq!((pair.gateway.counters().received, pair.gateway.counters().sent, pair.dropped()), (1, 1, vec![]));
    }
}

#[test]
fn nothing_goes_where_it_may_not_and_nobody_gets_in_who_was_not_spoken_to() {
    let mut pair = pair("");
    assert_eq!(pair.forwarded(0, address("10.0.0.9:5004")), None);
    assert_eq!(pair.forwarded(0, address("133.134.10.1:5060")), None, "to us, in our name");
    assert_eq!(pair.forwarded(0, address("133.134.10.10:53")), None, "no port of media");
    let mut spoofed = pair.says(address("133.134.10.7:5004"), peer());
    assert!(pair.gateway.handle_datagram(at(0), pair.tunnel.source, &mut spoofed).is_none());
    let mut strange = b"let me in".to_vec();
    assert!(pair.gateway.handle_datagram(at(0), peer(), &mut strange).is_none(), "not spoken to yet");
    let mut replayed = pair.says(inner(), peer());
    let again = replayed.clone();
    assert!(pair.gateway.handle_datagram(at(0), pair.tunnel.source, &mut replayed).is_some());
    assert!(pair.gateway.handle_datagram(at(0), pair.tunnel.source, &mut again.clone()).is_none());
    assert_eq!(pair.dropped(), [("addresses", 1), ("destination", 3), ("replay", 1), ("stranger", 1)]);
    for port in 0..20 {
        pair.forwarded(1, SocketAddr::new(peer().ip(), 7000 + port));
    }
    assert_eq!(pair.gateway.counters().dropped["too-many-peers"], 20 - (MAX_PEERS as u64 - 1));
}

/// Ours rule too: what is discarded stays here, and what has to be protected cannot be by us.
#[test]
fn the_gateways_own_entries_rule_both_ways() {
    for rules in ["discard", "ipsec esp/transport//require"] {
        let mut pair = pair(&format!("spdadd any 133.134.10.10 udp -P out {rules};"));
        assert_eq!((pair.forwarded(0, peer()), pair.dropped()), (None, vec![("policy", 1)]), "{rules}");
    }
    for rules in ["discard", "ipsec ah/transport//require"] {
        let mut pair = pair(&format!("spdadd any any udp -P out {rules}; # sv: entity=sip:bob@there"));
        assert_eq!(pair.forwarded(0, peer()), None, "{rules}, for whoever is known to be there");
        assert!(pair.forwarded(0, address("133.134.10.11:7000")).is_some(), "and for nobody else");
    }
    let mut pair = pair("spdadd 133.134.10.10 any udp -P in discard;");
    assert!(pair.forwarded(0, peer()).is_some());
    assert!(pair.gateway.handle_datagram(at(1), peer(), &mut b"answer".to_vec()).is_none());
    let discard = spd("spdadd any 133.134.10.10 udp -P out discard;");
    pair.gateway.set_spd(&discard);
    assert_eq!((pair.forwarded(2, peer()), pair.dropped()), (None, vec![("policy", 2)]));
}

/// He is approved, or comes there, while the tunnel runs.
#[test]
fn who_is_learned_of_later_is_ruled_from_then_on() {
    let mut pair = pair("spdadd any any udp -P out ipsec esp/transport//require; # sv: entity=sip:bob@there");
    pair.gateway.set_known(&Arc::default());
    assert!(pair.forwarded(0, peer()).is_some());
    assert!(pair.gateway.handle_datagram(at(1), peer(), &mut b"answer".to_vec()).is_some());
    pair.gateway.set_known(&bob_there());
    assert_eq!((pair.forwarded(2, peer()), pair.dropped()), (None, vec![("policy", 1)]));
    pair.gateway.set_known(&Arc::default());
    assert!(pair.forwarded(3, peer()).is_some(), "he has left");
}

#[test]
fn above_the_rate_packets_are_dropped_and_later_they_go_again() {
    let mut pair = pair("");
    let at_once = (0..150).filter(|_| pair.forwarded(0, peer()).is_some()).count();
    assert_eq!((at_once, pair.dropped()), (100, vec![("rate", 50)]));
    let later = (0..150).filter(|_| pair.forwarded(500, peer()).is_some()).count();
    assert_eq!(later, 50);
}

/// The user could name somebody else's address for his own, and have what comes back sent there.
#[test]
fn with_ah_nothing_comes_back_to_an_address_that_did_not_send() {
    let keys = |n: u8| {
        let ah = crate::ipsec::AhKey { spi: Spi::from_random(u32::from(n)), key: Zeroizing::new([n; 32]) };
        let framing = Framing { ah_tunnel: true, ..Framing::PLAIN };
        DirectionKeys { esp: None, ah: Some(ah), framing }
    };
    let (victim, really) = (address("198.51.100.9:4000"), address("192.168.1.1:16384"));
    let tunnel = Path::new(victim, address("192.168.1.254:20000"));
    let mut pair = pair_over(tunnel, "");
    pair.gateway = Forwarder::new(pair.gateway.config, Protection::from_keys(keys(2), keys(1)).unwrap());
    let mut outbound = Protection::from_keys(keys(1), keys(2)).unwrap().split().0;
    let mut buffer = PacketBuffer::new(200);
    buffer.begin(5).unwrap().copy_from_slice(b"hello");
    let path = Path::new(really, tunnel.destination);
    let mut packet = outbound.seal_between(&mut buffer, &Path::new(inner(), peer()), &path).unwrap().to_vec();
    assert!(pair.gateway.handle_datagram(at(0), really, &mut packet).is_none());
    assert_eq!(pair.dropped(), [("addresses", 1)]);
}

#[test]
fn the_user_moves_with_its_newest_packet() {
    let mut pair = pair("");
    let moved = address("198.51.100.7:4000");
    let (mut old, mut new) = (pair.says(inner(), peer()), pair.says(inner(), peer()));
    assert!(pair.gateway.handle_datagram(at(0), moved, &mut new).is_some());
    assert!(pair.gateway.handle_datagram(at(1), pair.tunnel.source, &mut old).is_some());
    assert_eq!(pair.gateway.remote(), moved);
    assert_eq!(pair.gateway.handle_datagram(at(2), peer(), &mut b"answer".to_vec()).unwrap().to, moved);
}
