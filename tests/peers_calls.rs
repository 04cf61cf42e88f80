//! Whole calls between two processes, captured, and opened by strangers with the key log.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{json, Value};

use crate::peers_python::{interpreter, stranger};
use crate::process::{finish, installed, skip, write_pcap, Capture, Home, Seen};

/// A call of two seconds under `action`: its protected datagrams, and the caller's home with its key log.
/// In `action` ENDS are the two of a tunnel, as whoever sends has them.
fn called(action: &str) -> Option<(Vec<Seen>, Home)> {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    for (home, other) in [(&alice, &bob), (&bob, &alice)] {
        let usual = home.usual(&action.replace("ENDS", &format!("{}-{}", home.address, other.address)));
        // Silence is known by its octets.
        home.configure(&(usual + "[audio]\ncodecs = [\"pcmu\"]\n"));
    }
    let capture = if installed("tcpdump") { Capture::start(&alice.path("pcap"), &[&alice, &bob]) } else { None };
    if capture.is_none() {
        skip("tcpdump may not capture on loopback");
    }
    alice.start();
    bob.start();
    alice.run(&["call", &bob.entity(), "--approve", "--duration", "2"]).expect(0);
    alice.signal("TERM");
    bob.signal("TERM");
    let media = capture?.stop().into_iter().filter(|seen| seen.from.port() != 5060 && seen.to.port() != 5060);
    let media: Vec<Seen> = media.collect();
    assert!(media.len() > 160, "{} datagrams", media.len());
    Some((media, alice))
}

/// The key log, as the strangers read keys.
fn keys(home: &Home) -> Vec<Value> {
    let name = home.keylog().into_os_string().into_string().unwrap() + ".json";
    let text = std::fs::read_to_string(name).unwrap();
    let mut keys: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for key in &mut keys {
        let end = |ip: &str, port: &str| json!(format!("{}:{}", key[ip].as_str().unwrap(), key[port]));
        let (source, destination) = (end("src", "sport"), end("dst", "dport"));
        key["source"] = source;
        key["destination"] = destination;
    }
    keys
}

fn line(seen: &Seen, octets: &str) -> Value {
    json!({"hex": octets, "source": seen.from.to_string(), "destination": seen.to.to_string()})
}

fn is_voice_or_report(opened: &Value) {
    let octets = hex::decode(opened["payload"].as_str().unwrap_or_else(|| panic!("{opened}"))).unwrap();
    assert_eq!(octets[0] >> 6, 2, "RTP or RTCP, version 2: {opened}");
}

/// Each datagram, and what the innermost program says of it.
fn opened_by_python(action: &str, bundle: &[&str]) -> Option<Vec<(Seen, Value)>> {
    let python = interpreter()?;
    let (media, alice) = called(action)?;
    let keys = keys(&alice);
    assert_eq!(keys.len(), 2 * bundle.len(), "each direction, each protocol: {keys:?}");
    let mut lines: Vec<Value> = media.iter().map(|seen| line(seen, &hex::encode(&seen.bytes))).collect();
    for program in bundle {
        let opened = stranger(&python, program, "open", &keys, &lines);
        for opened in &opened {
            assert_eq!(opened["ok"], true, "{program} {opened}");
        }
        lines =
            media.iter().zip(&opened).map(|(seen, opened)| line(seen, opened["payload"].as_str().unwrap())).collect();
        if program == bundle.last().unwrap() {
            opened.iter().for_each(is_voice_or_report);
            return Some(media.into_iter().zip(opened).collect());
        }
    }
    None
}

#[test]
fn scapy_opens_a_call_under_chacha20_poly1305() {
    opened_by_python("ipsec esp/transport//require;", &["esp.py"]);
}

#[test]
fn a_small_ah_opens_a_call_under_ah() {
    opened_by_python("ipsec ah/transport//require;", &["ah.py"]);
}

#[test]
fn both_open_a_call_under_ah_and_esp() {
    opened_by_python("ipsec ah/transport//require esp/transport//require;", &["ah.py", "esp.py"]);
}

#[test]
fn scapy_opens_a_call_in_a_tunnel_of_chacha20_poly1305() {
    let Some(opened) = opened_by_python("ipsec esp/tunnel/ENDS/require;", &["esp.py"]) else { return };
    for (seen, opened) in opened {
        assert_eq!(opened["inner"], json!([seen.from.ip().to_string(), seen.to.ip().to_string()]), "{opened}");
    }
}

/// Silence in G.711 is one octet over and over.
#[test]
fn scapy_unpacks_a_call_under_ipcomp_in_esp() {
    let action = "ipsec ipcomp/transport//use esp/transport//require;";
    let Some(opened) = opened_by_python(action, &["esp.py"]) else { return };
    let packed = opened.iter().filter(|(_, opened)| opened["packed"] == true).count();
    assert!(packed > 160, "{packed} of {}", opened.len());
    for (seen, opened) in opened.iter().filter(|(_, opened)| opened["packed"] == true) {
        let payload = opened["payload"].as_str().unwrap().len() / 2;
        assert!(seen.bytes.len() < payload + 42, "{} octets for {payload}", seen.bytes.len());
    }
}

#[test]
fn scapy_finds_a_padded_call_of_one_size() {
    let action = "ipsec esp/transport//require; # sv: tfc=on";
    let Some(opened) = opened_by_python(action, &["esp.py"]) else { return };
    let sizes: BTreeSet<usize> = opened.iter().map(|(seen, _)| seen.bytes.len()).collect();
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

/// What tshark prints of a call, a line for each RTP packet in it.
fn shown_by_tshark(action: &str, fields: &[&str]) -> Option<Vec<String>> {
    if !installed("tshark") {
        skip("tshark is not installed");
        return None;
    }
    let (media, alice) = called(action)?;
    let rows = std::fs::read_to_string(alice.keylog()).unwrap();
    assert_eq!(rows.lines().count(), 2, "{rows}");
    // The inner ports are the outer ones. tshark knows ESP in UDP by its port, so outside they become 4500.
    let capture = alice.path("4500.pcap");
    write_pcap(&capture, &media, 4500);
    let ports: BTreeSet<u16> = media.iter().flat_map(|seen| [seen.from.port(), seen.to.port()]).collect();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&capture).args(["-n", "-o", "esp.enable_encryption_decode:TRUE"]);
    command.args(["-o", "esp.enable_authentication_check:TRUE"]);
    for row in rows.lines() {
        command.arg("-o").arg(format!("uat:esp_sa:{row}"));
    }
    for port in ports.iter().filter(|port| *port % 2 == 0) {
        command.arg("-d").arg(format!("udp.port=={port},rtp"));
    }
    command.args(["-Y", "rtp", "-T", "fields"]);
    fields.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    command.env("XDG_CONFIG_HOME", alice.path("no-config"));
    let shown = finish(&mut command).expect(0);
    let rtp: Vec<String> = shown.stdout.lines().map(str::to_owned).collect();
    assert!(rtp.len() > 160, "tshark shows {} RTP packets of {}: {}", rtp.len(), media.len(), shown.stderr);
    Some(rtp)
}

#[test]
fn tshark_reads_a_call_under_aes_gcm_with_the_key_log() {
    let action = "ipsec esp/transport//require; # sv: suites=aes-128-gcm";
    let Some(rtp) = shown_by_tshark(action, &["esp.spi", "rtp.p_type", "rtp.payload"]) else { return };
    let voice = rtp.iter().filter(|line| line.replace(':', "").ends_with(&"ff".repeat(160))).count();
    assert!(voice > 160, "{voice} of {} hold silence in PCMU: {:?}", rtp.len(), rtp.first());
    let spis: BTreeSet<&str> = rtp.iter().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(spis.len(), 2, "both directions: {spis:?}");
}

/// Two IP headers, one around ESP and one in it; on loopback both have the same addresses.
#[test]
fn tshark_reads_a_tunnel_of_aes_gcm_and_its_inner_addresses() {
    let action = "ipsec esp/tunnel/ENDS/require; # sv: suites=aes-256-gcm";
    let fields = ["ip.src", "ip.dst", "ip.proto", "udp.dstport", "rtp.payload"];
    let Some(rtp) = shown_by_tshark(action, &fields) else { return };
    for line in &rtp {
        let columns: Vec<Vec<&str>> = line.split('\t').map(|column| column.split(',').collect()).collect();
        let (sources, ports) = (&columns[0], &columns[3]);
        assert_eq!((sources.len(), sources[0]), (2, sources[1]), "{line}");
        assert_eq!((columns[2].as_slice(), ports.len(), ports[0]), (&["17", "17"][..], 2, "4500"), "{line}");
        assert!(columns[4][0].replace(':', "").ends_with(&"ff".repeat(160)), "silence in PCMU: {line}");
    }
}

/// A call of three seconds in clear in which nobody says anything, or somebody a tone, as tshark reads it: what each packet of sound is.
fn kinds(comfort: bool, input: &str) -> Option<Vec<String>> {
    if !installed("tshark") {
        skip("tshark is not installed");
        return None;
    }
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    for home in [&alice, &bob] {
        let audio = format!("[audio]\ncodecs = [\"pcma\"]\ninput = \"{input}\"\ncomfort-noise = {comfort}\n");
        home.configure(&(home.usual("none;") + &audio));
    }
    let file = alice.path("pcap");
    let capture = if installed("tcpdump") { Capture::start(&file, &[&alice, &bob]) } else { None };
    if capture.is_none() {
        skip("tcpdump may not capture on loopback");
    }
    alice.start();
    bob.start();
    alice.run(&["call", &bob.entity(), "--approve", "--duration", "3"]).expect(0);
    alice.signal("TERM");
    bob.signal("TERM");
    // It finds RTP by the session descriptions.
    capture?.stop();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&file).args(["-n", "-Y", "rtp", "-T", "fields", "-e", "_ws.col.Info"]);
    command.env("XDG_CONFIG_HOME", alice.path("no-config"));
    let shown = finish(&mut command).expect(0);
    Some(shown.stdout.lines().map(str::to_owned).collect())
}

#[test]
fn tshark_sees_comfort_noise_in_pauses_and_speech_else() {
    let count = |kinds: &[String], kind: &str| kinds.iter().filter(|info| info.contains(kind)).count();
    let Some(still) = kinds(true, "silence") else { return };
    let (noise, sound) = (count(&still, "Comfort noise"), count(&still, "G.711 PCMA"));
    // Both ways: at the beginning of a pause and twice a second; what comes before it is sound.
    assert!((8..=16).contains(&noise) && sound < 80, "{noise} {sound}: {still:?}");
    let Some(spoken) = kinds(true, "tone:440") else { return };
    assert!(count(&spoken, "Comfort noise") == 0 && count(&spoken, "G.711 PCMA") > 240, "{spoken:?}");
    let Some(without) = kinds(false, "silence") else { return };
    assert!(count(&without, "Comfort noise") == 0 && count(&without, "G.711 PCMA") > 240, "{without:?}");
}
