//! Whoever is asked and has no statement: our user reads what can be had of an ordinary telephone, and chooses.

use std::net::SocketAddr;
use std::process::Command;

use crate::process::{finish, own_address, Answering, Home, Ran};
use crate::schema::refused;

/// As a telephone answers that knows texts and no presence.
fn refuses_to_be_asked(request: &[u8]) -> Option<Vec<u8>> {
    let request = String::from_utf8_lossy(request);
    let copied = |name: &&str| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|wanted| name.starts_with(wanted));
    let to = request.lines().find(|line| line.starts_with("To:"))?;
    let copied: Vec<&str> = request.lines().filter(copied).collect();
    let status = match request.split(' ').next()? {
        "SUBSCRIBE" => "489 Bad Event",
        "MESSAGE" => "200 OK",
        _ => return None,
    };
    let answer = format!("SIP/2.0 {status}\r\n{}\r\n{to};tag=t\r\nContent-Length: 0\r\n\r\n", copied.join("\r\n"));
    Some(answer.into())
}

fn telephone() -> (Answering, String) {
    let address = own_address();
    (Answering::start(SocketAddr::from((address, 5060)), refuses_to_be_asked), format!("sip:bob@{address}"))
}

fn shown(ran: &Ran) -> &str {
    for word in ["If it is an ordinary telephone", "it cannot  agree on a policy", "prove who it is"] {
        assert!(ran.stdout.contains(word), "{word}: {ran:?}");
    }
    assert!(ran.stderr.contains("it knows no presence") && ran.stderr.contains("choose above"), "{ran:?}");
    &ran.stdout
}

/// The words of each command on a screen, as a shell takes them that gets its lines as they stand.
fn typed(screen: &str) -> Vec<Vec<String>> {
    let mut is_typed = false;
    let is_of_a_command = |line: &&str| {
        is_typed = line.starts_with("    sottovoce ") || is_typed && line.starts_with("      ");
        is_typed
    };
    let lines: Vec<&str> = screen.lines().filter(is_of_a_command).collect();
    let shell = format!("sottovoce() {{ printf '%s\\0' \"$@\"; printf '\\0'; }}\n{}", lines.join("\n"));
    let ran = finish(Command::new("sh").args(["-c", &shell])).expect(0);
    let commands = ran.stdout.split("\0\0").filter(|words| !words.is_empty());
    commands.map(|words| words.split('\0').map(str::to_owned).collect()).collect()
}

/// The lines to be typed are what they say, however narrow the screen is.
#[test]
fn what_a_telephone_can_have_is_shown_in_the_place_of_a_review_and_chosen() {
    for columns in ["140", "80", "40"] {
        let (_telephone, name) = telephone();
        let mut alice = Home::new("alice", "ipsec esp/transport//require");
        alice.start();
        let asked = finish(alice.command(&["ask", &name]).env("COLUMNS", columns));
        let commands = typed(&asked.stdout);
        assert_eq!(commands.last().unwrap()[..], ["call", &name], "{asked:?}");
        for (words, rule) in commands.iter().zip(["srtp/transport//require", "srtp/transport//use", "none"]) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let added = alice.run(&words).expect(0);
            assert!(added.stdout.contains(rule), "{words:?}: {added:?}");
        }
        assert_eq!(commands.len(), 4, "{asked:?}");
        let failure = refused(alice.run(&["ask", &name]), 1, "no-presence");
        assert!(failure["next"].as_str().unwrap().contains("policy add 'ipsec srtp/transport//require'"), "{failure}");
    }
}

#[test]
fn a_call_that_asks_first_shows_it_too() {
    let (_telephone, name) = telephone();
    let mut alice = Home::new("alice", "ipsec esp/transport//require");
    alice.start();
    let called = finish(&mut alice.command(&["call", &name]));
    assert_eq!(called.code, 1, "{called:?}");
    shown(&called);
}

/// What calls to it must have a text has not; an entry that allows less for it allows the text, whatever everybody else needs.
#[test]
fn texts_to_a_telephone_go_by_its_entry() {
    let (esp, srtp) = ("ipsec esp/transport//require", "ipsec srtp/transport//require");
    for (default, entry, is_sent) in [("none", srtp, false), ("none", esp, false), (esp, "none", true)] {
        let (_telephone, name) = telephone();
        let mut alice = Home::new("alice", default);
        alice.start();
        alice.run(&["policy", "add", entry, "--entity", &name]).expect(0);
        let sent = alice.run(&["message", &name, "not for everybody"]);
        if is_sent {
            sent.expect(0);
            continue;
        }
        let failure = refused(sent, 4, "text-in-clear");
        assert!(failure["message"].as_str().unwrap().contains(entry), "{failure}");
        alice.run(&["message", &name, "for everybody", "--clear"]).expect(0);
    }
}

/// Somebody else answers in the place of a peer whose keys are approved: nothing that would let it in is shown.
#[test]
fn what_stands_in_the_place_of_an_approved_peer_is_no_telephone() {
    let (mut alice, mut bob) = (Home::new("alice", "ipsec esp/transport//require"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    alice.run(&["ask", &bob.entity(), "--approve"]).expect(0);
    assert_eq!(bob.signal("TERM"), Some(0));
    let _other = Answering::start(SocketAddr::from((bob.address, 5060)), refuses_to_be_asked);
    let asked = finish(&mut alice.command(&["ask", &bob.entity()]));
    assert!(!asked.stdout.contains("policy add") && !asked.stderr.contains("policy add"), "{asked:?}");
    assert!(asked.stderr.contains("keys of") && asked.stderr.contains("in its place"), "{asked:?}");
    refused(alice.run(&["ask", &bob.entity()]), 6, "not-itself");
}
