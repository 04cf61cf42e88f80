//! Packets of ours opened by strangers, and theirs by us, over every suite, with the keys given.

use std::path::Path as File;

use serde_json::{json, Value};
use sottovoce::ipsec::{AhKey, DirectionKeys, EspKey, Inbound, Outbound, PacketBuffer, Path, Protection};
use sottovoce::policy::Suite;
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

fn direction(suite: Option<Suite>, ah: bool) -> DirectionKeys {
    let esp = |suite: Suite| EspKey {
        spi: Spi::new(ESP).unwrap(),
        suite,
        key: Zeroizing::new(octets(suite.key_len(), 0x10)),
        salt: [1, 2, 3, 4],
    };
    let ah_key = || AhKey { spi: Spi::new(AH).unwrap(), key: Zeroizing::new(octets(32, 0x80).try_into().unwrap()) };
    DirectionKeys { esp: suite.map(esp), ah: ah.then(ah_key), ..DirectionKeys::default() }
}

fn pair(suite: Option<Suite>, ah: bool) -> (Outbound, Inbound) {
    Protection::from_keys(direction(suite, ah), direction(suite, ah)).unwrap().split()
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
