//! Peers that have IPv6 addresses only: by each transport, and where DNS has AAAA records for them.

use std::net::Ipv6Addr;

use crate::certificates::certify;
use crate::dns::Zone;
use crate::locate::{name_server, registrar, use_dns};
use crate::process::{free_port, look_until, skip, Home};
use crate::reach::asks_and_calls;

const HERE: Ipv6Addr = Ipv6Addr::LOCALHOST;

/// At the one loopback address of IPv6, and ports of its own.
struct At {
    home: Home,
    port: u16,
    tls: u16,
}

/// `None` where there is no IPv6. `entity`: what it is called after the @, given its port and that for TLS.
fn agent(name: &'static str, entity: impl Fn(u16, u16) -> String) -> Option<At> {
    let (Some(port), Some(tls)) = (free_port(HERE.into()), free_port(HERE.into())) else {
        skip("this machine has no IPv6");
        return None;
    };
    let home = Home::new(name, "none");
    certify(&home.path("."), &HERE.to_string());
    let text = format!(
        "entity = \"sip:{name}@{}\"\n[sip]\nlisten = [\"udp:[{HERE}]:{port}\", \"tls:[{HERE}]:{tls}\"]\n\
         [control]\nlisten = \"{}:8060\"\n{}\
         [tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\nca = \"trusted.pem\"\n",
        entity(port, tls),
        home.address,
        home.usual("ipsec esp/transport//require;")
    );
    std::fs::write(home.config(), text).unwrap();
    std::fs::copy(home.path("ca.pem"), home.path("trusted.pem")).unwrap();
    Some(At { home, port, tls })
}

/// Whether the kernel remembers a connection to this port from elsewhere (proc(5), /proc/net/tcp6), one that is over included.
fn connected(port: u16) -> bool {
    let wanted = format!("00000000000000000000000001000000:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp6").unwrap();
    table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(2)).any(|remote| remote == wanted)
}

#[test]
fn a_peer_at_an_ipv6_address_by_tls() {
    let entity = |_, tls| format!("[{HERE}]:{tls}");
    let (Some(mut alice), Some(mut bob)) = (agent("alice", entity), agent("bob", entity)) else { return };
    let both = [&alice, &bob].map(|at| std::fs::read_to_string(at.home.path("ca.pem")).unwrap()).concat();
    for at in [&mut alice, &mut bob] {
        std::fs::write(at.home.path("trusted.pem"), &both).unwrap();
        at.home.start();
    }
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        asks_and_calls(&from.home, &format!("sips:{}@[{HERE}]:{}", to.home.name, to.tls));
    }
    assert!(connected(bob.tls));
}

/// No name has a record of type A. `zone` is of example.org, and of a host at which Bob is. Says where that is.
fn by_name(entity: impl Fn(u16, u16) -> String, zone: impl Fn(Zone, u16) -> Zone) -> Option<At> {
    let mut alice = agent("alice", |port, _| format!("[{HERE}]:{port}"))?;
    let mut bob = agent("bob", &entity)?;
    let (dns, _server) = name_server(zone(Zone::default().aaaa("bob.example.net", HERE), bob.port));
    [&alice, &bob].iter().for_each(|at| use_dns(&at.home, dns));
    alice.home.start();
    bob.home.start();
    asks_and_calls(&alice.home, &format!("sip:bob@{}", entity(bob.port, bob.tls)));
    Some(bob)
}

#[test]
fn a_peer_by_the_name_of_a_host_that_has_an_aaaa_record_only() {
    by_name(|port, _| format!("bob.example.net:{port}"), |zone, _| zone);
}

#[test]
fn a_peer_of_a_domain_whose_servers_have_aaaa_records_only() {
    let domain = |_, _| "example.org".to_owned();
    by_name(domain, |zone, port| zone.srv("_sip._udp.example.org", 1, port, "bob.example.net"));
    let by_tcp = |zone: Zone, port| {
        let zone = zone.naptr("example.org", 1, "SIP+D2T", "_sip._tcp.example.net");
        zone.srv("_sip._tcp.example.net", 1, port, "bob.example.net")
    };
    let Some(bob) = by_name(domain, by_tcp) else { return };
    assert!(connected(bob.port), "by TCP");
}

#[test]
fn an_account_at_a_registrar_whose_name_has_aaaa_records_only() {
    let Some(mut alice) = agent("alice", |_, _| "example.org".to_owned()) else { return };
    let port = free_port(HERE.into()).unwrap();
    let _registrar = registrar((HERE, port).into());
    let zone = Zone::default()
        .naptr("example.org", 1, "SIP+D2U", "_sip._udp.example.net")
        .srv("_sip._udp.example.net", 1, port, "registrar.example.net")
        .aaaa("registrar.example.net", HERE);
    let (dns, _server) = name_server(zone);
    use_dns(&alice.home, dns);
    let text = std::fs::read_to_string(alice.home.config()).unwrap();
    std::fs::write(alice.home.config(), text + "[[account]]\npublish = false\n").unwrap();
    alice.home.start();
    let account = look_until(|| {
        let account = alice.home.run(&["account", "show", "sip:alice@example.org"]).expect(0).json();
        (account["state"] == "registered").then_some(account)
    });
    assert_eq!(account["address"], format!("udp:[{HERE}]:{port}"), "{account}");
}
