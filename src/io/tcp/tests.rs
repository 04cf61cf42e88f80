//! Real loopback connections.

mod alias;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::io::tls::tests::Authority;
use crate::io::TlsFiles;
use crate::sip::{Host, Received};

const MESSAGE: &[u8] = b"OPTIONS sip:bob@b SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";
const RESPONSE: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";
const REFUSAL: &[u8] = b"SIP/2.0 480 Temporarily Unavailable\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

struct Peer {
    tcp: Tcp,
    address: SocketAddr,
    received: mpsc::Receiver<Inbound>,
    _open: watch::Sender<()>,
}

fn plain(remote: SocketAddr) -> table::Peer {
    table::Peer { transport: Transport::Tcp, remote, domain: None }
}

fn no_tls() -> Tls {
    Tls::new(&TlsFiles::default()).unwrap()
}

impl Peer {
    async fn start() -> Self {
        Self::start_with_room(64).await
    }

    /// With room for so many messages that nobody has taken yet.
    async fn start_with_room(room: usize) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (inbound, received) = mpsc::channel(room);
        let (open, while_open) = watch::channel(());
        let listeners = Listeners { plain: vec![listener], secure: Vec::new() };
        Self { tcp: Tcp::start(listeners, no_tls(), inbound, while_open), address, received, _open: open }
    }

    /// Listens with TLS only.
    async fn start_secure(tls: Tls) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (inbound, received) = mpsc::channel(64);
        let (open, while_open) = watch::channel(());
        let listeners = Listeners { plain: Vec::new(), secure: vec![listener] };
        Self { tcp: Tcp::start(listeners, tls, inbound, while_open), address, received, _open: open }
    }

    async fn message(&mut self) -> (Received, Bytes) {
        match self.received.recv().await {
            Some(Inbound::Message { from, bytes }) => (from, bytes),
            other => panic!("{other:?}"),
        }
    }

    async fn failure(&mut self) -> String {
        match self.received.recv().await {
            Some(Inbound::Failed { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }
}

fn transmit(remote: SocketAddr, connection: Option<ConnectionId>, bytes: &'static [u8]) -> Transmit {
    Transmit { transport: Transport::Tcp, remote, connection, domain: None, bytes: Bytes::from_static(bytes) }
}

fn secure(remote: SocketAddr, domain: &str, bytes: &'static [u8]) -> Transmit {
    let domain = Host::parse(domain);
    Transmit { transport: Transport::Tls, domain, ..transmit(remote, None, bytes) }
}

#[tokio::test]
async fn a_request_opens_a_connection_and_the_response_comes_back_on_it() {
    let (mut alice, mut bob) = (Peer::start().await, Peer::start().await);
    alice.tcp.send(transmit(bob.address, None, MESSAGE)).unwrap();
    let (from, bytes) = bob.message().await;
    assert_eq!((&bytes[..], from.local), (MESSAGE, bob.address));
    bob.tcp.send(transmit(from.remote, from.connection, RESPONSE)).unwrap();
    let (back, bytes) = alice.message().await;
    assert_eq!((&bytes[..], back.remote), (RESPONSE, bob.address));
    alice.tcp.send(transmit(bob.address, None, MESSAGE)).unwrap();
    let (again, _) = bob.message().await;
    assert_eq!(again.connection, from.connection, "the open connection is used again");
    assert_eq!((alice.tcp.connections(), bob.tcp.connections()), (1, 1));
}

#[tokio::test]
async fn a_stream_in_pieces_yields_whole_messages_and_pings_are_answered() {
    let mut bob = Peer::start().await;
    let mut stream = connect(&[], bob.address).await.unwrap();
    for octet in MESSAGE {
        stream.write_all(&[*octet]).await.unwrap();
    }
    stream.write_all(MESSAGE).await.unwrap();
    stream.write_all(b"\r\n\r\n").await.unwrap();
    for _ in 0..2 {
        assert_eq!(&bob.message().await.1[..], MESSAGE);
    }
    let mut pong = [0; 2];
    stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn garbage_ends_the_connection_and_harms_no_other() {
    let mut bob = Peer::start().await;
    let mut bad = connect(&[], bob.address).await.unwrap();
    let mut good = connect(&[], bob.address).await.unwrap();
    bad.write_all(b"GET / HTTP/1.1\r\nHost: b\r\n\r\n").await.unwrap();
    assert_eq!(bad.read(&mut [0; 1]).await.unwrap_or(0), 0);
    good.write_all(MESSAGE).await.unwrap();
    assert_eq!(&bob.message().await.1[..], MESSAGE);
}

#[tokio::test]
async fn a_refused_connection_fails_every_message_that_waited() {
    let mut alice = Peer::start().await;
    let nobody = {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        listener.local_addr().unwrap()
    };
    alice.tcp.send(transmit(nobody, None, MESSAGE)).unwrap();
    alice.tcp.send(transmit(nobody, None, RESPONSE)).unwrap();
    for _ in 0..2 {
        let why = alice.failure().await;
        assert!(why.contains("refused"), "{why}");
    }
    assert_eq!(alice.tcp.connections(), 0);
}

#[tokio::test]
async fn a_peer_that_closes_instead_of_answering_fails_the_request_but_not_a_response() {
    let mut alice = Peer::start().await;
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    for message in [RESPONSE, MESSAGE] {
        alice.tcp.send(transmit(address, None, message)).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut vec![0; message.len()]).await.unwrap();
        drop(stream);
        while alice.tcp.connections() > 0 {
            tokio::task::yield_now().await;
        }
    }
    // That the connections are gone is told as well.
    assert!(matches!(alice.received.recv().await, Some(Inbound::Ended { remote, .. }) if remote == address));
    let Some(Inbound::Failed { what, .. }) = alice.received.recv().await else { panic!() };
    assert_eq!(&what.bytes[..], MESSAGE);
    assert!(matches!(alice.received.recv().await, Some(Inbound::Ended { remote, .. }) if remote == address));
    assert!(alice.received.try_recv().is_err());
}

/// Its ACK would have come back: without it nobody may have read it.
#[tokio::test]
async fn a_peer_that_closes_instead_of_acknowledging_fails_the_refusal() {
    let mut alice = Peer::start().await;
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    alice.tcp.send(transmit(listener.local_addr().unwrap(), None, REFUSAL)).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_exact(&mut vec![0; REFUSAL.len()]).await.unwrap();
    drop(stream);
    let Some(Inbound::Failed { what, .. }) = alice.received.recv().await else { panic!() };
    assert_eq!(&what.bytes[..], REFUSAL);
}

/// What is sent again because of the failure must not be put on the connection that failed.
#[tokio::test]
async fn a_connection_that_ended_is_gone_before_its_failure_is_told() {
    let alice = Peer::start_with_room(1).await;
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let _told = alice.tcp.shared.inbound.try_reserve().unwrap();
    alice.tcp.send(transmit(listener.local_addr().unwrap(), None, MESSAGE)).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_exact(&mut vec![0; MESSAGE.len()]).await.unwrap();
    drop(stream);
    let gone = async {
        while alice.tcp.connections() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("it is gone while nobody takes the failure");
}

#[tokio::test]
async fn one_address_is_connected_to_no_more_often_than_its_share() {
    let mut table = Table::default();
    let to = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let _queues: Vec<_> =
        (1..=MAX_OPENED_TO as u16).map(|port| table.add(plain(to(port)), Origin::Opened).unwrap()).collect();
    assert!(table.add(plain(to(9999)), Origin::Opened).is_none());
    assert!(table.add(plain("127.0.0.2:9".parse().unwrap()), Origin::Opened).is_some());
}

/// Both ends give an idle connection up after the same time: it must not be when somebody stops ringing.
#[test]
fn a_connection_outlives_the_longest_ringing() {
    let timing = Duration::from_secs(32);
    assert!(IDLE_LIMIT > crate::sip::RINGING + timing);
}

#[tokio::test]
async fn one_address_gets_no_more_connections_than_its_share() {
    let mut bob = Peer::start().await;
    let mut streams = Vec::new();
    for _ in 0..=MAX_PER_REMOTE {
        streams.push(connect(&[], bob.address).await.unwrap());
    }
    let mut last = streams.pop().unwrap();
    assert_eq!(last.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed at once");
    assert_eq!(bob.tcp.connections(), MAX_PER_REMOTE);
    streams[0].write_all(MESSAGE).await.unwrap();
    assert_eq!(&bob.message().await.1[..], MESSAGE);
}

#[tokio::test]
async fn a_full_queue_gives_the_message_back() {
    let mut table = Table::default();
    let remote = "127.0.0.1:9".parse().unwrap();
    let (_id, _queue) = table.add(plain(remote), Origin::Opened).unwrap();
    for _ in 0..QUEUE {
        assert!(matches!(table.queue(transmit(remote, None, MESSAGE)), table::Queued::Yes));
    }
    assert!(matches!(table.queue(transmit(remote, None, MESSAGE)), table::Queued::Full(_)));
}

#[tokio::test]
async fn messages_go_both_ways_on_one_connection_with_tls() {
    let authority = Authority::new();
    let mut bob = Peer::start_secure(Tls::new(&authority.certify(&["sip:b.example"])).unwrap()).await;
    let mut alice = Peer::start_secure(authority.trusting()).await;
    for _ in 0..2 {
        alice.tcp.send(secure(bob.address, "b.example", MESSAGE)).unwrap();
        let (from, bytes) = bob.message().await;
        assert_eq!((&bytes[..], from.transport, from.local), (MESSAGE, Transport::Tls, bob.address));
        let answer = Transmit { transport: Transport::Tls, ..transmit(from.remote, from.connection, RESPONSE) };
        bob.tcp.send(answer).unwrap();
        let (back, bytes) = alice.message().await;
        assert_eq!((&bytes[..], back.transport, back.remote), (RESPONSE, Transport::Tls, bob.address));
    }
    assert_eq!((alice.tcp.connections(), bob.tcp.connections()), (1, 1));
}

/// What one name has proven is not said to another, though both be at one address.
#[tokio::test]
async fn a_connection_is_used_again_for_the_name_that_it_proved_and_for_no_other() {
    let authority = Authority::new();
    let both = authority.certify(&["sip:b.example", "sip:c.example"]);
    let mut bob = Peer::start_secure(Tls::new(&both).unwrap()).await;
    let mut alice = Peer::start_secure(authority.trusting()).await;
    let mut connections = Vec::new();
    for domain in ["b.example", "c.example", "b.example", "c.example"] {
        alice.tcp.send(secure(bob.address, domain, MESSAGE)).unwrap();
        connections.push(bob.message().await.0.connection);
    }
    assert_eq!(connections[..2], connections[2..]);
    assert_ne!(connections[0], connections[1]);
    alice.tcp.send(secure(bob.address, "d.example", MESSAGE)).unwrap();
    let why = alice.failure().await;
    assert!(why.contains("does not prove d.example: it is for b.example, c.example"), "{why}");
}

#[tokio::test]
async fn plain_tcp_and_tls_to_one_address_are_two_connections() {
    let mut table = Table::default();
    let remote: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let _plain = table.add(plain(remote), Origin::Opened).unwrap();
    let what = secure(remote, "b.example", MESSAGE);
    assert!(matches!(table.queue(what.clone()), table::Queued::NoConnection(_)));
    let _secure = table.add(table::Peer::of(&what), Origin::Opened).unwrap();
    assert!(matches!(table.queue(what), table::Queued::Yes));
}

#[tokio::test]
async fn nothing_is_said_to_somebody_who_proves_another_name() {
    let authority = Authority::new();
    let mut bob = Peer::start_secure(Tls::new(&authority.certify(&["other.example"])).unwrap()).await;
    let mut alice = Peer::start_secure(authority.trusting()).await;
    alice.tcp.send(secure(bob.address, "b.example", MESSAGE)).unwrap();
    let why = alice.failure().await;
    assert!(why.contains("does not prove b.example: it is for other.example"), "{why}");
    assert_eq!(alice.tcp.connections(), 0);
    assert!(bob.received.try_recv().is_err());
}

#[tokio::test]
async fn a_message_without_a_name_to_prove_opens_nothing() {
    let alice = Peer::start_secure(Authority::new().trusting()).await;
    let what = Transmit { domain: None, ..secure(alice.address, "b.example", RESPONSE) };
    assert!(alice.tcp.send(what).is_err());
    assert_eq!(alice.tcp.connections(), 0);
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_told_nothing() {
    let mut bob = Peer::start().await;
    let mut alice = Peer::start_secure(Authority::new().trusting()).await;
    alice.tcp.send(secure(bob.address, "b.example", MESSAGE)).unwrap();
    alice.failure().await;
    assert!(bob.received.try_recv().is_err());
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_ends_its_connection_and_harms_no_other() {
    let authority = Authority::new();
    let mut bob = Peer::start_secure(Tls::new(&authority.certify(&["b.example"])).unwrap()).await;
    for garbage in [MESSAGE, b"\x16\x03\x01\xff\xff\x01", b"\r\n\r\n\r\n\r\n"] {
        let mut bad = connect(&[], bob.address).await.unwrap();
        bad.write_all(garbage).await.unwrap();
        // An alert may come before the end.
        let _ = bad.read_to_end(&mut Vec::new()).await;
    }
    let alice = Peer::start_secure(authority.trusting()).await;
    alice.tcp.send(secure(bob.address, "b.example", MESSAGE)).unwrap();
    assert_eq!(&bob.message().await.1[..], MESSAGE);
}

/// Whoever begins a handshake and does not go on has a connection, until his time is up.
#[tokio::test]
async fn half_a_handshake_counts_as_a_connection_and_does_not_last() {
    let authority = Authority::new();
    let bob = Peer::start_secure(Tls::new(&authority.certify(&["b.example"])).unwrap()).await;
    let mut idlers = Vec::new();
    for _ in 0..=MAX_PER_REMOTE {
        idlers.push(connect(&[], bob.address).await.unwrap());
    }
    let mut last = idlers.pop().unwrap();
    assert_eq!(last.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed at once");
    assert_eq!(bob.tcp.connections(), MAX_PER_REMOTE);
    let began = tokio::time::Instant::now();
    for mut idler in idlers {
        assert_eq!(idler.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
    assert!(began.elapsed() < 2 * crate::io::tls::HANDSHAKE_LIMIT);
    while bob.tcp.connections() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_peer_that_does_not_finish_the_handshake_fails_the_message() {
    let mut alice = Peer::start_secure(Authority::new().trusting()).await;
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    alice.tcp.send(secure(listener.local_addr().unwrap(), "b.example", MESSAGE)).unwrap();
    let (_stream, _) = listener.accept().await.unwrap();
    let why = alice.failure().await;
    assert!(why.contains("handshake takes longer"), "{why}");
}

/// RFC 5626 section 4.4.1, from the side that opened it.
#[tokio::test]
async fn a_ping_goes_on_the_open_connection_and_its_pong_comes_back() {
    let (mut alice, mut bob) = (Peer::start().await, Peer::start().await);
    alice.tcp.send(transmit(bob.address, None, MESSAGE)).unwrap();
    bob.message().await;
    alice.tcp.send(transmit(bob.address, None, keep_alive::PING)).unwrap();
    let (from, bytes) = alice.message().await;
    assert_eq!((from.remote, &bytes[..]), (bob.address, keep_alive::PONG));
}

#[tokio::test]
async fn a_ping_opens_no_connection() {
    let (alice, bob) = (Peer::start().await, Peer::start().await);
    let unsent = alice.tcp.send(transmit(bob.address, None, keep_alive::PING)).unwrap_err();
    assert_eq!((&unsent.0.bytes[..], alice.tcp.connections()), (keep_alive::PING, 0));
}

#[tokio::test]
async fn a_connection_that_is_given_up_is_told_as_ended_and_the_next_message_takes_another() {
    let (mut alice, mut bob) = (Peer::start().await, Peer::start().await);
    alice.tcp.send(transmit(bob.address, None, RESPONSE)).unwrap();
    let (first, _) = bob.message().await;
    alice.tcp.disconnect(Transport::Tls, bob.address);
    assert_eq!(alice.tcp.connections(), 1, "that is another one");
    alice.tcp.disconnect(Transport::Tcp, bob.address);
    match alice.received.recv().await {
        Some(Inbound::Ended { transport, remote }) => assert_eq!((transport, remote), (Transport::Tcp, bob.address)),
        other => panic!("{other:?}"),
    }
    alice.tcp.send(transmit(bob.address, None, MESSAGE)).unwrap();
    assert_ne!(bob.message().await.0.connection, first.connection);
}
