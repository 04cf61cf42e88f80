//! Peers that are reached by more than an IPv4 address: IPv6, and the name of a host.

use std::net::{IpAddr, ToSocketAddrs};

use crate::process::{free_port, skip, Home};
use crate::schema::check;

/// An agent at `host`, which is `address`, on a port of its own; and how others name it.
fn agent_at(name: &'static str, host: &str, address: IpAddr) -> (Home, String) {
    let home = Home::new(name, "none");
    let written = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let port = free_port(address).unwrap();
    let entity = format!("sip:{name}@{host}:{port}");
    let text = format!(
        "entity = \"{entity}\"\n[sip]\nlisten = [\"udp:{written}:{port}\"]\n[control]\nlisten = \"{}:8060\"\n{}",
        home.address,
        home.usual("ipsec esp/transport//require;")
    );
    std::fs::write(home.config(), text).unwrap();
    (home, entity)
}

pub fn asks_and_calls(alice: &Home, bob: &str) {
    check(&alice.run(&["ask", bob, "--approve"]).expect(0), "AskView");
    let call = check(&alice.run(&["call", bob, "--duration", "0.5"]).expect(0), "CallView");
    assert_eq!((call["bundle"].as_str(), call["state"].as_str()), (Some("esp+tfc"), Some("ended")), "{call}");
    assert!(call["packets"]["received"].as_u64().unwrap() > 10, "{call}");
}

#[test]
fn a_peer_at_an_ipv6_address() {
    let here: IpAddr = "::1".parse().unwrap();
    if free_port(here).is_none() {
        return skip("this machine has no IPv6");
    }
    let ((mut alice, _), (mut bob, name)) = (agent_at("alice", "[::1]", here), agent_at("bob", "[::1]", here));
    alice.start();
    bob.start();
    asks_and_calls(&alice, &name);
}

#[test]
fn a_peer_by_the_name_of_its_host() {
    let here: IpAddr = "127.0.0.1".parse().unwrap();
    if !("localhost", 0).to_socket_addrs().is_ok_and(|mut found| found.any(|found| found.ip() == here)) {
        return skip("localhost has no address here: see /etc/hosts");
    }
    let ((mut alice, _), (mut bob, name)) = (agent_at("alice", "localhost", here), agent_at("bob", "localhost", here));
    alice.start();
    bob.start();
    asks_and_calls(&alice, &name);
}
