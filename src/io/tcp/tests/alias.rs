//! Requests of ours on connections that others opened (RFC 5923).

use super::*;

/// Who is both: `a.example` and its address.
const ALICE: [&str; 3] = ["sip:a.example", "sip:c.example", "127.0.0.1"];

fn request(via: &str) -> Bytes {
    let line = format!("Via: SIP/2.0/{via};branch=z9hG4bK1\r\n");
    format!("OPTIONS sip:bob@b.example SIP/2.0\r\n{line}Content-Length: 0\r\n\r\n").into()
}

async fn bob(authority: &Authority) -> Peer {
    Peer::start_secure(Tls::new(&authority.certify(&["sip:b.example"])).unwrap()).await
}

async fn alice(authority: &Authority) -> Peer {
    Peer::start_secure(Tls::new(&authority.certify(&ALICE)).unwrap()).await
}

/// Alice opens a connection, or goes on with it, and sends a request by it with this Via.
async fn ask(alice: &Peer, bob: &mut Peer, via: &str) -> Received {
    let what = Transmit { bytes: request(via), ..secure(bob.address, "b.example", b"") };
    alice.tcp.send(what).unwrap();
    bob.message().await.0
}

#[tokio::test]
async fn a_request_goes_on_the_connection_of_whoever_proved_its_name_and_asked_for_that() {
    let authority = Authority::new();
    for host in ["a.example", "127.0.0.1"] {
        let (mut alice, mut bob) = (alice(&authority).await, bob(&authority).await);
        let port = alice.address.port();
        let from = ask(&alice, &mut bob, &format!("TLS {host}:{port};alias")).await;
        bob.tcp.send(secure(alice.address, host, MESSAGE)).unwrap();
        let (there, bytes) = alice.message().await;
        assert_eq!((&bytes[..], there.remote), (MESSAGE, bob.address), "it is the connection that she opened");
        assert_eq!((alice.tcp.connections(), bob.tcp.connections()), (1, 1));
        let answer = Transmit { transport: Transport::Tls, ..transmit(there.remote, there.connection, RESPONSE) };
        alice.tcp.send(answer).unwrap();
        assert_eq!(bob.message().await.0.connection, from.connection);
    }
}

#[tokio::test]
async fn without_a_port_in_the_via_it_is_the_usual_one() {
    let authority = Authority::new();
    let (mut alice, mut bob) = (alice(&authority).await, bob(&authority).await);
    ask(&alice, &mut bob, "TLS a.example;alias").await;
    bob.tcp.send(secure("127.0.0.1:5061".parse().unwrap(), "a.example", MESSAGE)).unwrap();
    assert_eq!((&alice.message().await.1[..], bob.tcp.connections()), (MESSAGE, 1));
}

/// Of all that Alice proves only what she asks for; and of what she asks for only what she proves.
#[tokio::test]
async fn nothing_is_said_on_it_to_another_name_or_port_or_unasked() {
    let authority = Authority::new();
    let elsewhere: SocketAddr = "127.0.0.2:5061".parse().unwrap();
    for (via, domain, remote) in [
        ("TLS a.example", "a.example", None),
        ("TLS a.example:PORT", "a.example", None),
        ("TLS a.example:PORT;alias", "c.example", None),
        ("TLS a.example:PORT;alias", "127.0.0.1", None),
        ("TLS d.example:PORT;alias", "d.example", None),
        ("TLS d.example:PORT;alias", "a.example", None),
        ("TLS 127.0.0.2;alias", "127.0.0.2", Some(elsewhere)),
        ("TLS 127.0.0.1:5061;alias", "127.0.0.1", Some(elsewhere)),
        ("TLS a.example:9;alias", "a.example", None),
        ("TCP a.example:PORT;alias", "a.example", None),
        ("TLS d.example;branch=z9hG4bK0;alias, SIP/2.0/TLS a.example:PORT;alias", "a.example", None),
    ] {
        let (alice, mut bob) = (alice(&authority).await, bob(&authority).await);
        ask(&alice, &mut bob, &via.replace("PORT", &alice.address.port().to_string())).await;
        bob.tcp.send(secure(remote.unwrap_or(alice.address), domain, MESSAGE)).unwrap();
        assert_eq!(bob.tcp.connections(), 2, "{via} for {domain}");
    }
}

#[tokio::test]
async fn whoever_shows_no_certificate_that_we_trust_is_served_and_not_obeyed() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let strange = TlsFiles { ca: Some(authority.file()), ..stranger.certify(&ALICE) };
    for tls in [authority.trusting(), Tls::new(&strange).unwrap()] {
        let (mut alice, mut bob) = (Peer::start_secure(tls).await, bob(&authority).await);
        let port = alice.address.port();
        let from = ask(&alice, &mut bob, &format!("TLS a.example:{port};alias")).await;
        let answer = Transmit { transport: Transport::Tls, ..transmit(from.remote, from.connection, RESPONSE) };
        bob.tcp.send(answer).unwrap();
        assert_eq!(&alice.message().await.1[..], RESPONSE);
        bob.tcp.send(secure(alice.address, "a.example", MESSAGE)).unwrap();
        assert_eq!(bob.tcp.connections(), 2);
    }
}

#[tokio::test]
async fn in_clear_nothing_is_proven() {
    let (alice, mut bob) = (Peer::start().await, Peer::start().await);
    let port = alice.address.port();
    for by in ["TCP", "TLS"] {
        let bytes = request(&format!("{by} 127.0.0.1:{port};alias"));
        alice.tcp.send(Transmit { bytes, ..transmit(bob.address, None, b"") }).unwrap();
        bob.message().await;
    }
    bob.tcp.send(transmit(alice.address, None, MESSAGE)).unwrap();
    bob.tcp.send(secure(alice.address, "127.0.0.1", MESSAGE)).unwrap();
    assert_eq!(bob.tcp.connections(), 3);
}

#[tokio::test]
async fn when_it_is_closed_another_is_opened() {
    let authority = Authority::new();
    let (mut alice, mut bob) = (alice(&authority).await, bob(&authority).await);
    let via = format!("TLS a.example:{};alias", alice.address.port());
    ask(&alice, &mut bob, &via).await;
    alice.tcp.disconnect(Transport::Tls, bob.address);
    while !matches!(alice.received.recv().await, Some(Inbound::Ended { .. })) {}
    while bob.tcp.connections() > 0 {
        tokio::task::yield_now().await;
    }
    bob.tcp.send(secure(alice.address, "a.example", MESSAGE)).unwrap();
    let (there, bytes) = alice.message().await;
    assert_eq!((&bytes[..], there.local), (MESSAGE, alice.address), "accepted by her listener");
}

/// Its peer may have been gone for long: that is found out by writing.
#[tokio::test]
async fn a_request_that_is_lost_with_it_goes_on_another_once() {
    let authority = Authority::new();
    let (mut alice, mut bob) = (alice(&authority).await, bob(&authority).await);
    let via = format!("TLS a.example:{};alias", alice.address.port());
    ask(&alice, &mut bob, &via).await;
    bob.tcp.send(secure(alice.address, "a.example", MESSAGE)).unwrap();
    assert_eq!(alice.message().await.0.remote, bob.address);
    alice.tcp.disconnect(Transport::Tls, bob.address);
    while !matches!(alice.received.recv().await, Some(Inbound::Ended { .. })) {}
    let (there, bytes) = alice.message().await;
    assert_eq!((&bytes[..], there.local), (MESSAGE, alice.address), "accepted by her listener");
    drop(alice);
    bob.failure().await;
}

#[tokio::test]
async fn one_connection_has_no_more_names_than_its_share() {
    let authority = Authority::new();
    let (mut alice, mut bob) = (alice(&authority).await, bob(&authority).await);
    let names: Vec<u16> = (1..=MAX_ALIASES as u16 + 1).collect();
    for port in names.iter().chain(&names) {
        ask(&alice, &mut bob, &format!("TLS a.example:{port};alias")).await;
    }
    let (last, others) = names.split_last().unwrap();
    let to = |port: &u16| secure(SocketAddr::from(([127, 0, 0, 1], *port)), "a.example", MESSAGE);
    for port in others {
        bob.tcp.send(to(port)).unwrap();
        assert_eq!((&alice.message().await.1[..], bob.tcp.connections()), (MESSAGE, 1));
    }
    bob.tcp.send(to(last)).unwrap();
    assert_eq!(bob.tcp.connections(), 2);
}

/// A flow is a connection of ours: that it has ended is told of no other (RFC 5626 section 4.2).
#[tokio::test]
async fn a_registration_and_its_pings_keep_to_connections_that_we_opened() {
    const REGISTER: &[u8] = b"REGISTER sip:a.example SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    let authority = Authority::new();
    let (mut alice, mut bob) = (alice(&authority).await, bob(&authority).await);
    let via = format!("TLS a.example:{};alias", alice.address.port());
    ask(&alice, &mut bob, &via).await;
    assert!(bob.tcp.send(secure(alice.address, "a.example", keep_alive::PING)).is_err());
    bob.tcp.send(secure(alice.address, "a.example", REGISTER)).unwrap();
    assert_eq!(alice.message().await.0.local, alice.address, "accepted by her listener");
    assert_eq!(bob.tcp.connections(), 2);
}
