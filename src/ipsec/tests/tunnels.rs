//! Tunnels, IPComp and padding: every framing of every bundle, and what must be dropped of them.

use zeroize::Zeroizing;

use super::super::*;
use crate::policy::{Framing, Suite};
use crate::vocab::Spi;

const SUITE: Suite = Suite::Chacha20Poly1305;

fn keys(esp: bool, ah: bool, framing: Framing) -> DirectionKeys {
    let spi = |n: u32| Spi::new(0xc000_0000 | n).unwrap();
    DirectionKeys {
        esp: esp.then(|| EspKey { spi: spi(1), suite: SUITE, key: Zeroizing::new(vec![7; 32]), salt: [1, 2, 3, 4] }),
        ah: ah.then(|| AhKey { spi: spi(2), key: Zeroizing::new([9; 32]) }),
        framing,
    }
}

fn pair(esp: bool, ah: bool, framing: Framing) -> (Outbound, Inbound) {
    Protection::from_keys(keys(esp, ah, framing), keys(esp, ah, framing)).unwrap().split()
}

fn path(source: &str, destination: &str) -> Path {
    Path::new(source.parse().unwrap(), destination.parse().unwrap())
}

fn ipv4() -> Path {
    path("192.168.1.1:16384", "133.134.10.10:16386")
}

fn ipv6() -> Path {
    path("[2001:db8::1]:16384", "[2001:db8::2]:16386")
}

/// Every framing that fits this bundle.
fn framings(esp: bool, ah: bool) -> Vec<Framing> {
    let bits = (0..32u8).map(|bits| Framing {
        ipcomp: bits & 1 > 0,
        ipcomp_tunnel: bits & 2 > 0,
        esp_tunnel: bits & 4 > 0,
        ah_tunnel: bits & 8 > 0,
        tfc: bits & 16 > 0,
    });
    bits.filter(|framing| {
        crate::policy::Bundle { esp, ah, framing: *framing, ..crate::policy::Bundle::NONE }.is_sound()
    })
    .collect()
}

const BUNDLES: [(bool, bool); 3] = [(true, false), (false, true), (true, true)];

fn seal(outbound: &mut Outbound, payload: &[u8], flow: &Path, outer: &Path) -> Vec<u8> {
    let mut buffer = PacketBuffer::new(1200);
    buffer.begin(payload.len()).unwrap().copy_from_slice(payload);
    outbound.seal_between(&mut buffer, flow, outer).unwrap().to_vec()
}

fn open(inbound: &mut Inbound, datagram: &[u8], flow: &Path, outer: &Path) -> Result<Vec<u8>, DropReason> {
    let (mut datagram, mut room) = (datagram.to_vec(), vec![0; inbound.room()]);
    let opened = inbound.open_between(&mut datagram, &mut room, outer, flow, outer)?;
    assert_eq!(opened.carried.confidentiality, inbound_has_esp(inbound));
    Ok(opened.payload.to_vec())
}

fn inbound_has_esp(inbound: &Inbound) -> bool {
    inbound.carried().confidentiality
}

/// Inner and outer of both families, the same and mixed: the phone, and a gateway between.
#[test]
fn every_framing_opens_what_it_seals_in_every_family() {
    let noise: Vec<u8> = (0..172u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let outers = [ipv4(), ipv6()];
    let mut framed = 0;
    for (esp, ah) in BUNDLES {
        for framing in framings(esp, ah) {
            framed += 1;
            let (mut outbound, mut inbound) = pair(esp, ah, framing);
            for flow in [ipv4(), ipv6()] {
                for outer in outers.iter().filter(|outer| framing.has_tunnel() || **outer == flow) {
                    for payload in [&noise[..], &[0xd5; 172], &[0xd5; 1200], b"", b"x"] {
                        let packet = seal(&mut outbound, payload, &flow, outer);
                        let opened = open(&mut inbound, &packet, &flow, outer);
                        assert_eq!(opened.as_deref(), Ok(payload), "{framing:?} {flow:?} {outer:?}");
                    }
                }
            }
        }
    }
    assert_eq!(framed, 30, "all of them");
}

#[test]
fn a_tunnel_costs_one_header_each() {
    for (framing, ipv4_len, ipv6_len) in [
        (Framing { esp_tunnel: true, ..Framing::PLAIN }, 20, 40),
        (Framing { ah_tunnel: true, ..Framing::PLAIN }, 20, 40),
        (Framing { esp_tunnel: true, ah_tunnel: true, ..Framing::PLAIN }, 40, 80),
    ] {
        for (flow, more) in [(ipv4(), ipv4_len), (ipv6(), ipv6_len)] {
            let len = |framing| seal(&mut pair(true, true, framing).0, &[1; 172], &flow, &flow).len();
            assert_eq!(len(framing), len(Framing::PLAIN) + more);
        }
    }
}

/// What the peer authenticated is still not for another flow.
#[test]
fn other_inner_addresses_and_ports_are_dropped() {
    for (esp, ah) in BUNDLES {
        let framing = Framing { esp_tunnel: esp, ah_tunnel: !esp, ..Framing::PLAIN };
        let (mut outbound, mut inbound) = pair(esp, ah, framing);
        let packet = |outbound: &mut Outbound| seal(outbound, b"hello", &ipv4(), &ipv4());
        let others = [
            (path("192.168.1.9:16384", "133.134.10.10:16386"), DropReason::Addresses),
            (path("192.168.1.1:16384", "133.134.10.11:16386"), DropReason::Addresses),
            (path("192.168.1.1:16384", "133.134.10.10:16388"), DropReason::Ports),
            (ipv6(), DropReason::Addresses),
        ];
        for (flow, reason) in others {
            assert_eq!(open(&mut inbound, &packet(&mut outbound), &flow, &ipv4()), Err(reason), "{flow:?}");
        }
        assert!(open(&mut inbound, &packet(&mut outbound), &ipv4(), &ipv4()).is_ok());
    }
}

/// The same keys, another mode: neither side takes the one for the other (RFC 4301 section 5.2).
#[test]
fn the_mode_is_the_one_that_was_agreed() {
    for (esp, ah) in BUNDLES {
        let tunnel = Framing { esp_tunnel: esp, ah_tunnel: ah, ..Framing::PLAIN };
        for (from, to) in [(tunnel, Framing::PLAIN), (Framing::PLAIN, tunnel)] {
            let packet = seal(&mut pair(esp, ah, from).0, b"hello", &ipv4(), &ipv4());
            let reason = open(&mut pair(esp, ah, to).1, &packet, &ipv4(), &ipv4());
            assert_eq!(reason, Err(DropReason::Mode), "{from:?}");
        }
    }
}

#[test]
fn what_was_not_agreed_to_be_compressed_is_dropped_and_what_was_may_come_whole() {
    let ipcomp = Framing { ipcomp: true, ..Framing::PLAIN };
    let short = seal(&mut pair(true, false, ipcomp).0, &[0; 172], &ipv4(), &ipv4());
    let whole = seal(&mut pair(true, false, Framing::PLAIN).0, &[0; 172], &ipv4(), &ipv4());
    assert!(short.len() + 100 < whole.len(), "{} {}", short.len(), whole.len());
    assert_eq!(open(&mut pair(true, false, Framing::PLAIN).1, &short, &ipv4(), &ipv4()), Err(DropReason::Malformed));
    assert_eq!(open(&mut pair(true, false, ipcomp).1, &whole, &ipv4(), &ipv4()), Ok(vec![0; 172]));
}

/// A peer that holds the keys can still send a bomb: it ends where the room does.
#[test]
fn what_unpacks_to_more_than_a_packet_is_dropped() {
    let ipcomp = Framing { ipcomp: true, ..Framing::PLAIN };
    let mut buffer = PacketBuffer::new(1200);
    buffer.begin(1200).unwrap().fill(0);
    let (mut outbound, mut inbound) = pair(true, false, ipcomp);
    let mut packet = outbound.seal(&mut buffer, &ipv4()).unwrap().to_vec();
    let mut room = [0; 1000];
    let opened = inbound.open(&mut packet, &mut room, &ipv4(), &ipv4());
    assert_eq!(opened.map(|_| ()).unwrap_err(), DropReason::Compression);
}

#[test]
fn padded_packets_are_of_one_size_whatever_is_in_them() {
    for (esp, ah) in [(true, false), (true, true)] {
        for framing in framings(esp, ah).into_iter().filter(|framing| framing.tfc) {
            let (mut outbound, mut inbound) = pair(esp, ah, framing);
            let mut sizes = std::collections::BTreeSet::new();
            for len in [0, 1, 50, 172, 1199, 1200] {
                let packet = seal(&mut outbound, &vec![7; len], &ipv4(), &ipv4());
                sizes.insert(packet.len());
                assert_eq!(open(&mut inbound, &packet, &ipv4(), &ipv4()), Ok(vec![7; len]));
            }
            assert_eq!(sizes.len(), 1, "{framing:?}");
        }
    }
}

/// Two families in one inner packet: there is none, and nothing leaves.
#[test]
fn a_flow_of_two_families_cannot_be_tunnelled() {
    let framing = Framing { esp_tunnel: true, ..Framing::PLAIN };
    let mut buffer = PacketBuffer::new(100);
    buffer.begin(5).unwrap();
    let mixed = path("192.168.1.1:1", "[2001:db8::2]:2");
    assert_eq!(pair(true, false, framing).0.seal(&mut buffer, &mixed), Err(SealError::TooLong));
}
