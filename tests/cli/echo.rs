//! The echo peer that is built in: one user alone asks, reviews, tightens, calls, and hears himself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::process::{any_port, listens_at, own_address, Home};
use crate::schema::{check, refused};
use crate::tone::energies;

const ECHO: &str = "sip:echo@localhost";
const ESP: &str = "ipsec esp/transport//require";
const TONE: f64 = 500.0;

/// Says a tone in calls.
fn home() -> Home {
    let alice = Home::new("alice", ESP);
    alice.configure(&format!("{}[audio]\ninput = \"tone:{TONE}\"\n", alice.usual(&format!("{ESP};"))));
    alice
}

/// For each fifth of a second how much of it is the tone; what is silent is none.
fn shares(file: &Path) -> Vec<f64> {
    let mut reader = hound::WavReader::open(file).unwrap();
    let rate = reader.spec().sample_rate as usize;
    let samples: Vec<f64> = reader.samples::<i16>().map(|sample| f64::from(sample.unwrap())).collect();
    let share = |piece: &[f64]| {
        let (at_tone, all) = energies(piece, TONE / rate as f64);
        // Less than this on the average is nothing that one hears.
        if all < 100.0 * 100.0 * piece.len() as f64 {
            0.0
        } else {
            at_tone / all
        }
    };
    samples.chunks_exact(rate / 5).map(share).collect()
}

fn port_of_echo(alice: &Home) -> u16 {
    let presence = alice.run(&["presence", "show", ECHO]).expect(0).json();
    let contact = presence.to_string();
    let (_, rest) = contact.split_once(&format!("sip:echo@{}:", alice.address)).unwrap_or_else(|| panic!("{contact}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn one_alone_asks_tightens_calls_and_hears_herself() {
    let mut alice = home();
    alice.start();
    alice.run(&["status"]).expect(0);
    assert!(!alice.data().join("echo").exists(), "nothing of it is there before it is wanted");
    // The review waits: it asks for less than Alice would have.
    refused(alice.run(&["ask", "echo@localhost"]), 4, "review-pending");
    let review = alice.run(&["review", "show", "r1"]).expect(0).json();
    assert_eq!(review["advice"]["verdict"], "below-advice", "{review}");
    let ask = alice.run(&["ask", ECHO, "--approve", ESP]).expect(0).json();
    assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some(ECHO)), "{ask}");
    let heard = alice.path("heard.wav");
    let call = alice.run(&["call", ECHO, "--duration", "3", "--record", heard.to_str().unwrap()]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    let shares = shares(&heard);
    assert!(shares[..3].iter().all(|share| *share == 0.0), "nothing comes back at once: {shares:?}");
    // A machine that is late has a piece of it stretched.
    let then = &shares[5..];
    assert!(then.iter().sum::<f64>() > 0.8 * then.len() as f64, "then she hears herself: {shares:?}");
    let history = alice.run(&["history"]).expect(0).json();
    assert_eq!(history.to_string().matches(ECHO).count(), 1, "{history}");
}

/// Otherwise its key were another one, which looks like an attack.
#[test]
fn it_is_the_same_peer_after_a_restart_and_is_called_as_it_was_approved() {
    let mut alice = home();
    alice.start();
    alice.run(&["ask", ECHO, "--approve", ESP]).expect(0);
    alice.run(&["call", ECHO, "--duration", "0.5"]).expect(0);
    assert_eq!(alice.signal("TERM"), Some(0));
    alice.start();
    let call = alice.run(&["call", ECHO, "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    alice.run(&["ask", ECHO, "--approve", ESP]).expect(0);
    assert_eq!(alice.signal("TERM"), Some(0));
    let call = alice.run(&["call", ECHO, "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "alone: {call}");
}

#[test]
fn without_a_running_agent_one_command_is_enough() {
    let alice = home();
    let call = alice.run(&["call", ECHO, "--approve", ESP, "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
}

/// As an ordinary telephone asks, from a socket of its own; the first line of the answer.
fn answer_to(method: &str, from: Ipv4Addr, to: SocketAddr) -> Option<String> {
    let socket = any_port(from);
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let at = socket.local_addr().unwrap();
    let body =
        format!("v=0\r\no=- 1 1 IN IP4 {from}\r\ns=-\r\nc=IN IP4 {from}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n");
    let (kind, body) = match method {
        "INVITE" => ("Content-Type: application/sdp\r\n", body.as_str()),
        "MESSAGE" => ("Content-Type: text/plain\r\n", "hello"),
        _ => ("Event: presence\r\nAccept: application/pidf+xml\r\n", ""),
    };
    let text = format!(
        "{method} {ECHO} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{method}{}\r\nMax-Forwards: 70\r\nFrom: <sip:bob@{at}>;tag=b\r\n\
         To: <{ECHO}>\r\nCall-ID: {method}@{at}\r\nCSeq: 1 {method}\r\nContact: <sip:bob@{at}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        at.port(),
        body.len()
    );
    // A keep-alive of RFC 5626.
    let text = if method == "PING" { "\r\n\r\n".to_owned() } else { text };
    socket.send_to(text.as_bytes(), to).unwrap();
    let mut buffer = [0; 4096];
    loop {
        let (len, _) = socket.recv_from(&mut buffer).ok()?;
        let answer = String::from_utf8_lossy(&buffer[..len]).lines().next().unwrap_or_default().to_owned();
        if !answer.starts_with("SIP/2.0 1") {
            return Some(answer);
        }
    }
}

#[test]
fn it_is_there_for_its_own_agent_and_nobody_else() {
    let mut alice = home();
    alice.start();
    alice.run(&["ask", ECHO, "--approve", ESP]).expect(0);
    let to = SocketAddr::from((alice.address, port_of_echo(&alice)));
    for method in ["SUBSCRIBE", "INVITE", "MESSAGE", "OPTIONS", "PING"] {
        for from in [alice.address, own_address()] {
            assert_eq!(answer_to(method, from, to), None, "{method} from {from}: others hear nothing of it");
        }
    }
    assert!(listens_at(to, false) && !listens_at(to, true), "by UDP alone");
    // Her own agent is answered all the same.
    alice.run(&["ask", ECHO, "--approve", ESP]).expect(0);
    assert_eq!(alice.run(&["calls"]).expect(0).json()["calls"].as_array().map(Vec::len), Some(0));
}

/// To everybody else it is not there at all: it listens on loopback, wherever its owner does.
#[test]
fn an_agent_at_an_address_of_the_machine_has_it_on_loopback() {
    let mut alice = home();
    let text = std::fs::read_to_string(alice.config()).unwrap();
    let here = format!("udp:{}:5060", alice.address);
    assert!(text.contains(&here), "{text}");
    std::fs::write(alice.config(), text.replace(&here, &format!("udp:{}:0", sottovoce::io::own_address()))).unwrap();
    alice.start();
    let ask = alice.run(&["ask", ECHO, "--approve", ESP]).expect(0).json();
    assert_eq!(ask["state"].as_str(), Some("registered"), "{ask}");
    let contact = alice.run(&["presence", "show", ECHO]).expect(0).json().to_string();
    assert!(contact.contains("sip:echo@127.0.0.1:"), "{contact}");
    let call = alice.run(&["call", ECHO, "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let mut alice = home();
    alice.start();
    std::fs::write(alice.data().join("echo"), "no directory").unwrap();
    let error = refused(alice.run(&["ask", ECHO]), 1, "data-dir-unusable");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("the built-in echo peer cannot be started: "), "{message}");
    assert!(message.contains("/echo"), "{message}");
    std::fs::remove_file(alice.data().join("echo")).unwrap();
    check(&alice.run(&["ask", ECHO, "--approve", ESP]).expect(0), "AskView");
}
