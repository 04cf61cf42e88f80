//! Kamailio at an IPv6 address, and agents that have no other.

use std::net::{Ipv6Addr, SocketAddr};

use crate::peers_kamailio::{account_at, published, registered, Kamailio};
use crate::process::{free_port, look_until, skip, Home};

const HERE: Ipv6Addr = Ipv6Addr::LOCALHOST;
const ESP: &str = "ipsec esp/transport//require";

/// At a port of its own.
fn at_ipv6(name: &'static str, kamailio: &Kamailio, proxy: &str) -> Home {
    let home = account_at(name, kamailio, proxy, "secret", ESP);
    let text = std::fs::read_to_string(home.config()).unwrap();
    let theirs = format!("udp:{}:5060", home.address);
    assert!(text.contains(&theirs));
    let text = text.replace(&theirs, &format!("udp:[{HERE}]:{}", free_port(HERE.into()).unwrap()));
    std::fs::write(home.config(), text).unwrap();
    home
}

#[test]
fn two_who_are_registered_by_ipv6_ask_and_call_each_other() {
    let Some(port) = free_port(HERE.into()) else { return skip("this machine has no IPv6") };
    let Some(kamailio) = Kamailio::start_at(SocketAddr::from((HERE, port)), None) else { return };
    for transport in ["udp", "tcp"] {
        let proxy = format!("{transport}:[{HERE}]:{port}");
        let (mut alice, mut bob) = (at_ipv6("alice", &kamailio, &proxy), at_ipv6("bob", &kamailio, &proxy));
        for home in [&mut alice, &mut bob] {
            let there = registered(home);
            assert_eq!(there["address"], format!("{transport}:[{HERE}]:{port}"), "{there}");
            published(home);
        }
        let contacts = kamailio.contacts();
        assert!(contacts.contains(&format!("sip:alice@[{HERE}]:")), "{contacts}");
        let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
        assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
        assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
        assert!(call["packets"]["received"].as_u64().unwrap() > 5, "Bob is heard: {call}");
        let heard = look_until(|| bob.run(&["history"]).expect(0).json()["calls"][0]["packets"]["received"].as_u64());
        assert!(heard > 5, "Alice is heard: {heard}");
        assert_eq!((alice.signal("TERM"), bob.signal("TERM")), (Some(0), Some(0)));
    }
}
