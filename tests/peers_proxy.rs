//! Asks, calls and texts through Kamailio as proxy.

use std::process::Stdio;

use crate::peers_kamailio::{account, account_at, published, registered, Kamailio};
use crate::process::{look_until, own_address, silent, Capture, Home};

/// RFC 7118: neither has an address that the proxy could open a connection to.
#[test]
fn a_text_goes_from_one_websocket_to_another() {
    let Some(kamailio) = Kamailio::start_with_flows() else { return };
    let mut alice = account_at("alice", &kamailio, &format!("ws:{}:8088", kamailio.address), "secret", "none");
    let mut bob = account_at("bob", &kamailio, &format!("ws:{}:8088", kamailio.address), "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    let contacts = kamailio.contacts();
    assert_eq!(contacts.matches(".invalid;transport=ws").count(), 2, "{contacts}");
    assert!(!contacts.contains(&format!("bob@{}", bob.address)), "{contacts}");
    let sent = alice.run(&["message", "bob@example.org", "Guten", "Tag"]).expect(0).json();
    assert_eq!((sent["state"].as_str(), sent["text"].as_str()), (Some("delivered"), Some("Guten Tag")));
    let came = bob.run(&["message"]).expect(0).json();
    assert_eq!(came["messages"][0]["peer"], "sip:alice@example.org");
    assert_eq!(bob.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains("bob@"), "{}", kamailio.contacts());
}

/// Journey one through a proxy that wants to know who asks; the packets then go from device to device.
#[test]
fn a_peer_is_asked_by_its_name_through_the_proxy_and_then_called() {
    let Some(kamailio) = Kamailio::start_without_presence() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let mut bob = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
        registered(&mut alice);
        registered(&mut bob);
        let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
        assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
        let shown = alice.run(&["presence", "show", "bob@example.org"]).expect(0).json();
        let row = &shown["presences"][0];
        // The proxy's address is not Bob's: what is known of him is what he says.
        assert_eq!(row["observed"], false, "{row}");
        assert_eq!(row["address"], bob.address.to_string(), "{row}");
        let policy = alice.run(&["policy", "list"]).expect(0).stdout;
        assert!(policy.contains(&format!("{}/32", bob.address)) && !policy.contains(&kamailio.address.to_string()));
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
        assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    }
}

/// The newest call of an agent, once it is so.
fn call_that(home: &Home, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    look_until(|| home.run(&["calls"]).expect(0).json()["calls"].as_array()?.last().cloned().filter(&is))
}

/// Re-INVITEs along the route that the proxy recorded, from either end.
#[test]
fn a_call_through_the_proxy_is_held_and_taken_up_by_either_side() {
    let Some(kamailio) = Kamailio::start_without_presence() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "ipsec esp/transport//require");
        let mut bob = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
        registered(&mut alice);
        registered(&mut bob);
        let mut call = alice.command(&["call", "bob@example.org", "--approve", "--duration", "60"]);
        let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let active = |call: &serde_json::Value| call["state"] == "active";
        let (hers, his) = (call_that(&alice, active), call_that(&bob, active));
        for (holder, id, other) in [(&alice, &hers["id"], &bob), (&bob, &his["id"], &alice)] {
            let id = id.as_str().unwrap();
            holder.run(&["hold", id]).expect(0);
            call_that(other, |call| call["held_by_peer"] == true && call["state"] == "active");
            holder.run(&["resume", id]).expect(0);
            call_that(other, |call| call["held_by_peer"] == false && call["state"] == "active");
        }
        bob.run(&["hangup"]).expect(0);
        assert_eq!(call.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_text_goes_through_the_proxy() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "udp", "secret", "none");
    let mut bob = account("bob", &kamailio, "udp", "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    let sent = alice.run(&["message", "bob@example.org", "Guten", "Tag"]).expect(0).json();
    assert_eq!((sent["state"].as_str(), sent["text"].as_str()), (Some("delivered"), Some("Guten Tag")));
    let came = bob.run(&["message"]).expect(0).json();
    assert_eq!(came["messages"][0]["peer"], "sip:alice@example.org");
    assert_eq!(
        (&came["messages"][0]["text"], &came["messages"][0]["state"]),
        (&"Guten Tag".into(), &"received".into())
    );
}

/// Or anybody could have requests sent from there to anywhere.
#[test]
fn nothing_is_relayed_along_a_route_that_the_proxy_did_not_write() {
    let Some(kamailio) = Kamailio::start() else { return };
    let stranger = silent(own_address());
    let from = stranger.local_addr().unwrap();
    stranger.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let victim = own_address();
    for (number, proof) in ["", ";proof=d0e15d0b2876a9e0cddf83d43dafe01b"].iter().enumerate() {
        let request = format!(
            "BYE sip:x@{victim} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:e@e>;tag=1\r\nTo: <sip:x@x>;tag=2\r\nCall-ID: {number}\r\nCSeq: 1 BYE\r\n\
             Route: <sip:{};lr{proof}>\r\nContent-Length: 0\r\n\r\n",
            kamailio.address
        );
        stranger.send_to(request.as_bytes(), (kamailio.address, 5060)).unwrap();
        let mut answer = [0; 1500];
        let len = stranger.recv(&mut answer).unwrap();
        assert!(answer[..len].starts_with(b"SIP/2.0 404 "), "{}", String::from_utf8_lossy(&answer[..len]));
    }
}

#[test]
fn a_proxy_that_does_not_believe_us_is_named() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "udp", "wrong", "none");
    alice.start();
    let ran = alice.run(&["ask", "bob@example.org", "--approve"]).expect(4);
    assert!(ran.stdout.contains("not-authenticated") && ran.stdout.contains("example.org"), "{ran:?}");
}

/// All of it on the connections that the agents opened: they listen for no TLS, and nothing goes by UDP.
#[test]
fn with_tls_an_agent_is_registered_and_asked_on_its_own_connection() {
    let Some(kamailio) = Kamailio::start_secure("example.org") else { return };
    let mut alice = account("alice", &kamailio, "tls", "secret", "none");
    let mut bob = account("bob", &kamailio, "tls", "secret", "ipsec esp/transport//require");
    let capture = Capture::start(&kamailio.dir.path().join("capture"), &[&alice, &bob]);
    registered(&mut alice);
    registered(&mut bob);
    for home in [&alice, &bob] {
        let contact = format!("sip:{}@{}:5060;transport=tls", home.name, home.address);
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    }
    published(&alice);
    published(&bob);
    let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    let ask = bob.run(&["ask", "alice@example.org", "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    let connections = kamailio.tell(&["core.tcp_list"]).expect(0).stdout;
    assert_eq!(connections.matches("type: TLS").count(), 2, "one for each agent: {connections}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    if let Some(capture) = capture {
        let seen = capture.stop();
        let to_proxy = seen.iter().find(|seen| [seen.from.ip(), seen.to.ip()].contains(&kamailio.address.into()));
        assert!(to_proxy.is_none(), "{to_proxy:?}");
    }
}

/// Proxy and callee keep to `sips:` in Record-Route and Contact, and no hop is in clear; by a proxy that is not reached by TLS
/// nothing is sent.
#[test]
fn a_call_by_sips_goes_through_the_proxy_by_tls_or_not_at_all() {
    let Some(kamailio) = Kamailio::start_secure("example.org") else { return };
    let esp = "ipsec esp/transport//require";
    let mut alice = account("alice", &kamailio, "tls", "secret", esp);
    let mut bob = account("bob", &kamailio, "tls", "secret", esp);
    registered(&mut alice);
    registered(&mut bob);
    published(&bob);
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    let capture = Capture::start(&kamailio.dir.path().join("capture"), &[&alice, &bob]);
    let call = alice.run(&["call", "sips:bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    if let Some(capture) = capture {
        let seen = capture.stop();
        let to_proxy = seen.iter().find(|seen| [seen.from.ip(), seen.to.ip()].contains(&kamailio.address.into()));
        assert!(to_proxy.is_none(), "{to_proxy:?}");
    }
    assert_eq!(alice.signal("TERM"), Some(0));
    let mut clear = account("alice", &kamailio, "tcp", "secret", esp);
    registered(&mut clear);
    let refused = clear.run(&["call", "sips:bob@example.org", "--approve"]).expect(4);
    assert!(refused.stdout.contains("not-by-tls") && refused.stdout.contains("tls:HOST"), "{refused:?}");
}
