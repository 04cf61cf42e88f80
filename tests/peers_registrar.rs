//! Accounts at Kamailio as registrar: by UDP, TCP, TLS and WebSocket, and when it does not believe us.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::peers_kamailio::{account, account_at, registered, state, Kamailio};
use crate::process::{look_until, Home};
use crate::terminal::Terminal;

#[test]
fn an_account_is_registered_with_its_password_and_taken_back_at_the_end() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let there = registered(&mut alice);
        assert!(there["until"].is_string() && there["failure"].is_null(), "{there}");
        let contact = format!("sip:alice@{}:5060", alice.address);
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
        assert_eq!(alice.signal("TERM"), Some(0));
        assert!(!kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    }
}

/// Alice's agent runs already when she adds her account, and types the password.
#[test]
fn an_account_is_added_with_a_typed_password_and_taken_away_again() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = Home::new("alice", "none");
    alice.start();
    let contact = format!("sip:alice@{}:5060", alice.address);
    let proxy = format!("tcp:{}", kamailio.address);
    let add = ["account", "add", "alice@example.org", "--proxy", &proxy];
    let mut terminal = Terminal::start(&alice, 100, "", &add);
    terminal.wait_for("password of sip:alice@example.org (not shown): ");
    terminal.type_in("secreX\x7ft\r");
    terminal.wait_for("registered until");
    let (code, shown, cooked) = terminal.end();
    assert_eq!((code, cooked), (0, true), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    // Over a restart too.
    assert_eq!(alice.signal("TERM"), Some(0));
    let there = registered(&mut alice);
    assert_eq!(there["added"], true, "{there}");
    assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    let left = alice.run(&["account", "remove", "alice@example.org"]).expect(0).json();
    assert_eq!(left["accounts"].as_array().map(Vec::len), Some(0), "{left}");
    look_until(|| (!kamailio.contacts().contains(&contact)).then_some(()));
    // And again, at once.
    std::fs::write(alice.path("password"), "secret\n").unwrap();
    std::fs::set_permissions(alice.path("password"), Permissions::from_mode(0o600)).unwrap();
    let file = alice.path("password").display().to_string();
    let add = [&add[..], &["--password-file", &file]].concat();
    for _ in 0..3 {
        assert_eq!(alice.run(&add).expect(0).json()["state"], "registered");
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
        alice.run(&["account", "remove", "alice@example.org"]).expect(0);
    }
    look_until(|| (!kamailio.contacts().contains(&contact)).then_some(()));
}

#[test]
fn a_registrar_with_outbound_reaches_us_on_our_flow() {
    let Some(kamailio) = Kamailio::start_with_flows() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let there = registered(&mut alice);
        assert_eq!((&there["flows"][0]["outbound"], &there["flows"][0]["state"]), (&true.into(), &"registered".into()));
        assert!(there["flows"][0]["seen"].is_null(), "{there}");
        assert_eq!(alice.signal("TERM"), Some(0));
        assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    }
}

/// RFC 5626: what comes on both is one text.
#[test]
fn two_flows_stand_at_once_and_a_text_comes_once() {
    let Some(kamailio) = Kamailio::start_with_flows() else { return };
    let mut alice = account("alice", &kamailio, "udp", "secret", "none");
    let mut bob = account("bob", &kamailio, "udp", "secret", "none");
    let text = std::fs::read_to_string(alice.config()).unwrap();
    let at = kamailio.address;
    let both = format!("proxies = [\"udp:{at}\", \"tcp:{at}\"]");
    std::fs::write(alice.config(), text.replace(&format!("proxy = \"udp:{at}\""), &both)).unwrap();
    alice.start();
    let stands = |flow: &serde_json::Value| flow["state"] == "registered" && flow["outbound"] == true;
    look_until(|| state(&alice)["flows"].as_array().filter(|all| all.len() == 2 && all.iter().all(stands)).map(|_| ()));
    assert_eq!(kamailio.contacts().matches(&format!("sip:alice@{}:5060", alice.address)).count(), 2);
    registered(&mut bob);
    bob.run(&["message", "alice@example.org", "once"]).expect(0);
    let came = alice.run(&["message"]).expect(0).json();
    assert_eq!(came["messages"].as_array().map(Vec::len), Some(1), "{came}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
}

#[test]
fn a_websocket_over_tls_is_opened_to_whoever_proves_the_domain() {
    for (domain, proven) in [("example.org", true), ("other.example", false)] {
        let Some(kamailio) = Kamailio::start_with_flows_for(Some(domain)) else { return };
        let mut alice = account_at("alice", &kamailio, &format!("wss:{}:5061", kamailio.address), "secret", "none");
        if proven {
            registered(&mut alice);
            assert!(kamailio.contacts().contains(".invalid;transport=ws"), "{}", kamailio.contacts());
            assert_eq!(alice.signal("TERM"), Some(0));
            assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
        } else {
            alice.start();
            let waits = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "waiting"));
            assert!(waits["failure"]["message"].as_str().unwrap().contains("does not prove example.org"), "{waits}");
            assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
        }
    }
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "udp", "wrong", "none");
    alice.start();
    let refused = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "refused"));
    assert_eq!(refused["failure"]["code"], "registration-refused");
    assert!(refused["failure"]["message"].as_str().unwrap().contains("the password for \"example.org\" is wrong"));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    assert_eq!(alice.signal("TERM"), Some(0));
}

#[test]
fn a_proxy_with_a_certificate_for_another_domain_is_told_nothing_and_named() {
    let Some(kamailio) = Kamailio::start_secure("other.example") else { return };
    let mut alice = account("alice", &kamailio, "tls", "secret", "none");
    alice.start();
    let waiting = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "waiting"));
    let message = waiting["failure"]["message"].as_str().unwrap();
    assert!(message.contains("its certificate does not prove example.org: it is for other.example"), "{message}");
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    assert_eq!(alice.signal("TERM"), Some(0));
}
