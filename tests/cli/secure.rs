//! Peers that are named by `sips:`: each listens for TLS and has a certificate for its address.

use std::net::Ipv4Addr;

use crate::certificates::certify;
use crate::dns::Zone;
use crate::locate::{name_server, use_dns};
use crate::process::Home;

/// With a certificate for `domain`.
fn agent(name: &'static str, domain: Option<&str>) -> Home {
    let home = Home::new(name, "none");
    let address = home.address.to_string();
    certify(&home.path("."), domain.unwrap_or(&address));
    let text = std::fs::read_to_string(home.config()).unwrap();
    let udp = format!("\"udp:{address}:5060\"");
    let tls = "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\nca = \"trusted.pem\"\n";
    let text = text.replace(&udp, &format!("{udp}, \"tls:{address}:5061\"")) + tls;
    std::fs::write(home.config(), text).unwrap();
    home
}

/// Each trusts the other's authority.
fn acquaint(homes: [&Home; 2]) {
    let all: String = homes.iter().map(|home| std::fs::read_to_string(home.path("ca.pem")).unwrap()).collect();
    homes.iter().for_each(|home| std::fs::write(home.path("trusted.pem"), &all).unwrap());
}

/// Those by TCP that stand between two addresses, whoever opened them (proc(5), /proc/net/tcp).
fn connections(one: Ipv4Addr, other: Ipv4Addr) -> usize {
    let written = |address: Ipv4Addr| format!("{:08X}:", u32::from_ne_bytes(address.octets()));
    let (one, other) = (written(one), written(other));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let stands = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words[1].starts_with(&one) && words[2].starts_with(&other) && words[3] == "01"
    };
    table.lines().skip(1).filter(stands).count()
}

/// SUBSCRIBE one way and NOTIFY the other, on the connection that Alice opened: both ends have proven their addresses (RFC 5923).
#[test]
fn a_peer_is_asked_and_called_by_sips() {
    let (mut alice, mut bob) = (agent("alice", None), agent("bob", None));
    acquaint([&alice, &bob]);
    alice.start();
    bob.start();
    let name = format!("sips:bob@{}", bob.address);
    let ask = alice.run(&["ask", &name, "--approve"]).expect(0).json();
    assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some(bob.entity().as_str())));
    let call = alice.run(&["call", &name, "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["entity"].as_str()), (Some("ended"), Some(bob.entity().as_str())));
    assert!(call["packets"]["received"].as_u64() > Some(10), "{call}");
    assert_eq!(connections(bob.address, alice.address), 1);
    // By sip: it was approved as well; without TLS at the other end nothing is sent there.
    let mut clear = Home::new("carol", "none");
    clear.start();
    alice.run(&["ask", &clear.entity(), "--approve"]).expect(0);
    let call = alice.run(&["call", &clear.entity().replace("sip:", "sips:"), "--duration", "0.5"]).expect(5);
    assert!(call.stdout.contains("has to listen for TLS"), "{call:?}");
}

/// The policy is asked first, by the same way.
#[test]
fn a_call_by_sips_asks_by_it_too() {
    let (mut alice, mut bob) = (agent("alice", None), agent("bob", None));
    acquaint([&alice, &bob]);
    alice.start();
    bob.start();
    let call = alice.run(&["call", &format!("sips:bob@{}", bob.address), "--approve", "--duration", "0.5"]).expect(0);
    assert_eq!(call.json()["state"], "ended");
}

#[test]
fn a_peer_whose_certificate_is_for_somebody_else_is_not_asked() {
    let (mut alice, mut bob) = (agent("alice", None), agent("bob", Some("other.example")));
    acquaint([&alice, &bob]);
    alice.start();
    bob.start();
    let ran = alice.run(&["ask", &format!("sips:bob@{}", bob.address), "--approve"]).expect(5);
    let said = format!("does not prove {}: it is for other.example", bob.address);
    assert!(ran.stdout.contains(&said), "{ran:?}");
}

#[test]
fn a_peer_that_listens_for_no_tls_is_not_asked_in_clear() {
    let (mut alice, mut bob) = (agent("alice", None), Home::new("bob", "none"));
    std::fs::copy(alice.path("ca.pem"), alice.path("trusted.pem")).unwrap();
    alice.start();
    bob.start();
    let ran = alice.run(&["ask", &format!("sips:bob@{}", bob.address), "--approve"]).expect(5);
    assert!(ran.stdout.contains("refused") && ran.stdout.contains("has to listen for TLS"), "{ran:?}");
}

/// DNS says which host has the domain, and whoever is there proves the domain and not the host (RFC 5922 section 4).
#[test]
fn a_peer_that_dns_names_proves_the_domain_that_the_user_named() {
    for (certified, proven) in [("example.org", true), ("host.example.net", false)] {
        let (mut alice, mut bob) = (agent("alice", None), agent("bob", Some(certified)));
        acquaint([&alice, &bob]);
        let zone = Zone::default()
            .naptr("example.org", 1, "SIPS+D2T", "_sips._tcp.example.net")
            .srv("_sips._tcp.example.net", 1, 5061, "host.example.net")
            .a("host.example.net", bob.address);
        let (dns, _server) = name_server(zone);
        use_dns(&alice, dns);
        let text = std::fs::read_to_string(bob.config()).unwrap();
        std::fs::write(bob.config(), text.replace(&bob.entity(), "sip:bob@example.org")).unwrap();
        alice.start();
        bob.start();
        // By sip: too, for that is how the domain says that it is reached.
        for name in ["sips:bob@example.org", "bob@example.org"] {
            let ran = alice.run(&["ask", name, "--approve"]).expect(if proven { 0 } else { 5 });
            let refused = ran.stdout.contains("does not prove example.org: it is for host.example.net");
            assert_eq!(refused, !proven, "{ran:?}");
        }
    }
}
