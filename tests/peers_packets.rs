//! Packets of ours opened by strangers, and theirs by us, over every suite, with the keys given.

use std::path::Path as File;

use serde_json::{json, Value};
use sottovoce::ipsec::{AhKey, DirectionKeys, EspKey, Inbound, Outbound, PacketBuffer, Path, Protection};
use sottovoce::policy::{Framing, Suite};
use sottovoce::vocab::Spi;
use zeroize::Zeroizing;

use crate::peers_python::{interpreter, stranger};

const ESP: u32 = 0xc000_0001;
const AH: u32 = 0xc000_0002;
const ENDS: [(&str, &str); 2] =
    [("192.0.2.1:40000", "192.0.2.2:40002"), ("[2001:db8::1]:40000", "[2001:db8::2]:40002")];

fn octets(len: usize, first: u8) -> Vec<u8> {
    (0..len).map(|at| first.wrapping_add(at as u8)).collect()
}

fn direction(suite: Option<Suite>, ah: bool, framing: Framing) -> DirectionKeys {
    let esp = |suite: Suite| EspKey {
        spi: Spi::new(ESP).unwrap(),
        suite,
        key: Zeroizing::new(octets(suite.key_len(), 0x10)),
        salt: [1, 2, 3, 4],
    };
    let ah_key = || AhKey { spi: Spi::new(AH).unwrap(), key: Zeroizing::new(octets(32, 0x80).try_into().unwrap()) };
    DirectionKeys { esp: suite.map(esp), ah: ah.then(ah_key), framing }
}

fn pair(suite: Option<Suite>, ah: bool) -> (Outbound, Inbound) {
    framed(suite, ah, Framing::PLAIN)
}

fn framed(suite: Option<Suite>, ah: bool, framing: Framing) -> (Outbound, Inbound) {
    Protection::from_keys(direction(suite, ah, framing), direction(suite, ah, framing)).unwrap().split()
}

/// The same keys, as the strangers read them.
fn keys(suite: Option<Suite>, (source, destination): (&str, &str)) -> Vec<Value> {
    let ends = json!({"direction": "out", "source": source, "destination": destination});
    let merged = |sa: Value| {
        let mut whole = ends.clone();
        whole.as_object_mut().unwrap().extend(sa.as_object().unwrap().clone());
        whole
    };
    let esp = suite.map(|suite| {
        let key = hex::encode(octets(suite.key_len(), 0x10));
        merged(json!({"protocol": "esp", "spi": "0xc0000001", "suite": suite.name(), "key": key, "salt": "01020304"}))
    });
    let key = hex::encode(octets(32, 0x80));
    let ah = json!({"protocol": "ah", "spi": "0xc0000002", "suite": "hmac-sha2-256-128", "key": key, "salt": ""});
    esp.into_iter().chain([merged(ah)]).collect()
}

fn path((source, destination): (&str, &str)) -> Path {
    Path::new(source.parse().unwrap(), destination.parse().unwrap())
}

/// Every length of padding, one G.711 frame, and a large packet.
fn payloads() -> Vec<Vec<u8>> {
    [12, 13, 14, 15, 92, 172, 1200].map(|len| octets(len, 0x80)).to_vec()
}

fn cases() -> Vec<(Option<Suite>, (&'static str, &'static str))> {
    let suites = Suite::ALL.into_iter().map(Some).chain([None]);
    suites.flat_map(|suite| ENDS.map(|ends| (suite, ends))).collect()
}

fn open(python: &File, program: &str, keys: &[Value], lines: &[Value]) -> Vec<Value> {
    stranger(python, program, "open", keys, lines)
}

#[test]
fn strangers_open_what_we_seal() {
    let Some(python) = interpreter() else { return };
    for (suite, ends) in cases() {
        // AH when there is no suite, else ESP.
        let (mut outbound, _) = pair(suite, suite.is_none());
        let sealed: Vec<Value> = payloads()
            .iter()
            .map(|payload| {
                let mut buffer = PacketBuffer::new(1500);
                buffer.begin(payload.len()).unwrap().copy_from_slice(payload);
                let packet = outbound.seal(&mut buffer, &path(ends)).unwrap();
                json!({"hex": hex::encode(packet), "source": ends.0, "destination": ends.1})
            })
            .collect();
        let program = if suite.is_some() { "esp.py" } else { "ah.py" };
        let opened = open(&python, program, &keys(suite, ends), &sealed);
        for ((at, payload), opened) in payloads().iter().enumerate().zip(opened) {
            assert_eq!(opened["payload"], hex::encode(payload), "{suite:?} {ends:?} {opened}");
            assert_eq!((opened["seq"].as_u64(), opened["next"].as_u64()), (Some(at as u64 + 1), Some(17)));
        }
    }
}

#[test]
fn strangers_open_our_ah_around_our_esp() {
    let Some(python) = interpreter() else { return };
    let ends = ENDS[0];
    for suite in Suite::ALL {
        let (mut outbound, _) = pair(Some(suite), true);
        let payload = octets(172, 0x80);
        let mut buffer = PacketBuffer::new(1500);
        buffer.begin(172).unwrap().copy_from_slice(&payload);
        let packet = outbound.seal(&mut buffer, &path(ends)).unwrap();
        let packet = json!({"hex": hex::encode(packet), "source": ends.0, "destination": ends.1});
        let keys = keys(Some(suite), ends);
        let outer = open(&python, "ah.py", &keys, &[packet]).remove(0);
        assert_eq!(outer["next"], 50, "{outer}");
        let inner = json!({"hex": outer["payload"], "source": ends.0, "destination": ends.1});
        let inner = open(&python, "esp.py", &keys, &[inner]).remove(0);
        assert_eq!(inner["payload"], hex::encode(&payload), "{suite} {inner}");
    }
}

#[test]
fn we_open_what_strangers_seal_and_nothing_that_was_touched() {
    let Some(python) = interpreter() else { return };
    for (suite, ends) in cases() {
        let (program, spi) = if suite.is_some() { ("esp.py", "0xc0000001") } else { ("ah.py", "0xc0000002") };
        let requests: Vec<Value> = (1..)
            .zip(payloads())
            .map(|(seq, payload)| json!({"spi": spi, "seq": seq, "payload": hex::encode(payload)}))
            .collect();
        let built = stranger(&python, program, "build", &keys(suite, ends), &requests);
        let (_, mut inbound) = pair(suite, suite.is_none());
        for (payload, packet) in payloads().iter().zip(&built) {
            let packet = hex::decode(packet["hex"].as_str().unwrap_or_else(|| panic!("{packet}"))).unwrap();
            refuse_damaged(&mut inbound, &packet, ends);
            let mut datagram = packet.clone();
            let opened = inbound.open(&mut datagram, &mut [], &path(ends), &path(ends)).unwrap();
            assert_eq!(opened.payload, &payload[..], "{suite:?} {ends:?}");
            assert!(inbound.open(&mut packet.clone(), &mut [], &path(ends), &path(ends)).is_err(), "a replay");
        }
    }
}

fn refuse_damaged(inbound: &mut Inbound, packet: &[u8], ends: (&str, &str)) {
    for at in 0..packet.len() {
        let mut flipped = packet.to_vec();
        flipped[at] ^= 1 << (at % 8);
        assert!(inbound.open(&mut flipped, &mut [], &path(ends), &path(ends)).is_err(), "octet {at}");
        assert!(inbound.open(&mut packet[..at].to_vec(), &mut [], &path(ends), &path(ends)).is_err(), "{at} octets");
    }
}

/// The addresses and ports inside of a tunnel, of both families.
const INNER: [(&str, &str); 2] =
    [("10.0.0.1:40000", "10.0.0.2:40002"), ("[2001:db8:1::1]:40000", "[2001:db8:1::2]:40002")];

fn tunnel() -> Framing {
    Framing { esp_tunnel: true, ..Framing::PLAIN }
}

fn addresses((source, destination): (&str, &str)) -> Value {
    json!([
        path((source, destination)).source.ip().to_string(),
        path((source, destination)).destination.ip().to_string()
    ])
}

/// Seals each of them between `inner`, in datagrams between `outer`.
fn sealed(outbound: &mut Outbound, payloads: &[Vec<u8>], inner: (&str, &str), outer: (&str, &str)) -> Vec<Value> {
    let seal = |payload: &Vec<u8>| {
        let mut buffer = PacketBuffer::new(1300);
        buffer.begin(payload.len()).unwrap().copy_from_slice(payload);
        let packet = outbound.seal_between(&mut buffer, &path(inner), &path(outer)).unwrap();
        json!({"hex": hex::encode(packet), "source": outer.0, "destination": outer.1})
    };
    payloads.iter().map(seal).collect()
}

/// IPv4 and IPv6 inside and outside, the same and mixed.
#[test]
fn strangers_open_our_tunnels_and_see_the_inner_addresses() {
    let Some(python) = interpreter() else { return };
    for (suite, outer) in Suite::ALL.into_iter().flat_map(|suite| ENDS.map(|ends| (suite, ends))) {
        for inner in INNER {
            let mut outbound = framed(Some(suite), false, tunnel()).0;
            let lines = sealed(&mut outbound, &payloads(), inner, outer);
            for (payload, opened) in payloads().iter().zip(open(&python, "esp.py", &keys(Some(suite), outer), &lines)) {
                assert_eq!(opened["payload"], hex::encode(payload), "{suite} {inner:?} {outer:?} {opened}");
                assert_eq!(opened["inner"], addresses(inner), "{opened}");
            }
        }
    }
}

#[test]
fn strangers_open_our_ah_in_tunnel_mode_and_around_a_tunnel_of_esp() {
    let Some(python) = interpreter() else { return };
    let (suite, outer) = (Suite::Chacha20Poly1305, ENDS[0]);
    let mut outbound = framed(Some(suite), true, tunnel()).0;
    let lines = sealed(&mut outbound, &payloads(), INNER[1], outer);
    let keys = keys(Some(suite), outer);
    let opened = open(&python, "ah.py", &keys, &lines);
    let lines: Vec<Value> = opened
        .iter()
        .map(|outside| json!({"hex": outside["payload"], "source": outer.0, "destination": outer.1}))
        .collect();
    for (payload, opened) in payloads().iter().zip(open(&python, "esp.py", &keys, &lines)) {
        assert_eq!((&opened["payload"], &opened["inner"]), (&json!(hex::encode(payload)), &addresses(INNER[1])));
    }
    let mut outbound = framed(None, true, Framing { ah_tunnel: true, ..Framing::PLAIN }).0;
    let lines = sealed(&mut outbound, &payloads(), INNER[0], outer);
    for (payload, opened) in payloads().iter().zip(open(&python, "ah.py", &keys, &lines)) {
        let whole = hex::decode(opened["payload"].as_str().unwrap()).unwrap();
        assert_eq!(
            (opened["next"].as_u64(), whole[0], &whole[12..20]),
            (Some(4), 0x45, &[10, 0, 0, 1, 10, 0, 0, 2][..])
        );
        assert!(whole.ends_with(payload), "{opened}");
    }
}

#[test]
fn strangers_unpack_what_we_packed_and_it_is_shorter() {
    let Some(python) = interpreter() else { return };
    for framing in [
        Framing { ipcomp: true, ..Framing::PLAIN },
        Framing { ipcomp: true, ..tunnel() },
        Framing { ipcomp: true, ipcomp_tunnel: true, ..Framing::PLAIN },
    ] {
        let suite = Suite::Chacha20Poly1305;
        let (outer, inner) = (ENDS[0], if framing.has_tunnel() { INNER[0] } else { ENDS[0] });
        let payloads = [vec![0xd5; 172], vec![0xff; 1200], octets(92, 0x80)];
        let lines = sealed(&mut framed(Some(suite), false, framing).0, &payloads, inner, outer);
        let plain = Framing { ipcomp: false, ipcomp_tunnel: false, esp_tunnel: framing.has_tunnel(), ..framing };
        let whole = sealed(&mut framed(Some(suite), false, plain).0, &payloads, inner, outer);
        let opened = open(&python, "esp.py", &keys(Some(suite), outer), &lines);
        for (at, (payload, opened)) in payloads.iter().zip(&opened).enumerate() {
            assert_eq!(opened["payload"], hex::encode(payload), "{framing:?} {opened}");
            let (short, long) = (lines[at]["hex"].as_str().unwrap().len(), whole[at]["hex"].as_str().unwrap().len());
            assert_eq!((opened["packed"].as_bool(), short < long), (Some(at < 2), at < 2), "{framing:?} {opened}");
        }
    }
}

#[test]
fn strangers_find_padded_packets_of_one_size() {
    let Some(python) = interpreter() else { return };
    for framing in [Framing { tfc: true, ..Framing::PLAIN }, Framing { tfc: true, ..tunnel() }] {
        for suite in Suite::ALL {
            let inner = if framing.has_tunnel() { INNER[0] } else { ENDS[0] };
            let lines = sealed(&mut framed(Some(suite), false, framing).0, &payloads(), inner, ENDS[0]);
            let sizes: std::collections::BTreeSet<usize> =
                lines.iter().map(|line| line["hex"].as_str().unwrap().len()).collect();
            assert_eq!(sizes.len(), 1, "{sizes:?}");
            for (payload, opened) in payloads().iter().zip(open(&python, "esp.py", &keys(Some(suite), ENDS[0]), &lines))
            {
                assert_eq!(opened["payload"], hex::encode(payload), "{opened}");
                assert_eq!(opened["padding"].as_u64(), Some(1300 - payload.len() as u64));
            }
        }
    }
}

#[test]
fn we_open_tunnels_and_packed_packets_of_strangers_and_nothing_that_was_touched() {
    let Some(python) = interpreter() else { return };
    let (suite, outer) = (Suite::Aes256Gcm, ENDS[1]);
    for (inner, packs) in [(INNER[0], false), (INNER[1], false), (INNER[0], true), (INNER[1], true)] {
        let framing = Framing { ipcomp: packs, ..tunnel() };
        let payload = vec![0xd5; 172];
        let request = json!({
            "spi": "0xc0000001", "seq": 1, "payload": hex::encode(&payload), "tunnel": addresses(inner), "pack": packs
        });
        let built = stranger(&python, "esp.py", "build", &keys(Some(suite), outer), &[request]).remove(0);
        let packet = hex::decode(built["hex"].as_str().unwrap_or_else(|| panic!("{built}"))).unwrap();
        let mut inbound = framed(Some(suite), false, framing).1;
        let mut room = vec![0; inbound.room()];
        let (flow, way) = (path(inner), path(outer));
        for at in 0..packet.len() {
            let mut flipped = packet.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(inbound.open_between(&mut flipped, &mut room, &way, &flow, &way).is_err(), "octet {at}");
        }
        let opened = inbound.open_between(&mut packet.clone(), &mut room, &way, &flow, &way).unwrap().payload.to_vec();
        assert_eq!(opened, payload, "{inner:?} {packs}");
    }
}
