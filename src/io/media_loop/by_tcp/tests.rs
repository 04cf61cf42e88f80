use super::*;
use std::net::Ipv4Addr;

const CALL: CallId = CallId(7);
/// The peer is behind a NAT: it comes from another address than it described.
const ELSEWHERE: Towards =
    Towards { peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9), in_clear: false };

fn in_clear(peer: SocketAddr) -> Towards {
    Towards { peer, in_clear: true }
}

#[expect(clippy::disallowed_methods, reason = "both ends of a test")]
fn listening_for(framing: StreamFraming) -> (ByTcp, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (ByTcp::new(CALL, framing, listener), address)
}

fn listening() -> (ByTcp, SocketAddr) {
    listening_for(StreamFraming::Esp)
}

#[expect(clippy::disallowed_methods, reason = "both ends of a test")]
fn connected(to: SocketAddr) -> TcpStream {
    TcpStream::connect(to).unwrap()
}

fn at(ms: u64) -> Mono {
    Mono(Duration::from_millis(ms))
}

/// Until so many packets came, or it fails.
fn received(by: &mut ByTcp, now: Mono, count: usize) -> Result<Vec<(SocketAddr, Vec<u8>)>, Failure> {
    let mut came = Vec::new();
    for _ in 0..2000 {
        by.receive(now, ELSEWHERE, |from, packet| {
            came.push((from, packet.to_vec()));
            packet[0] == 0xc0
        })?;
        if came.len() >= count {
            break;
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(1));
    }
    Ok(came)
}

#[test]
fn packets_go_both_ways_by_a_connection_that_either_side_opened() {
    let (mut alice, there) = listening();
    let (mut bob, _) = listening();
    bob.add(connected(there));
    assert_eq!(bob.send(there, b"\xc0 from bob", false), Went::Out);
    let came = received(&mut alice, at(0), 1).unwrap();
    let (from, packet) = &came[0];
    assert_eq!(packet, b"\xc0 from bob");
    assert_eq!(alice.send(*from, b"\xc0 from alice", false), Went::Out);
    // As after new keys, when the peer's address is that of its description again.
    assert_eq!(alice.send("192.0.2.1:9".parse().unwrap(), b"\xc1", false), Went::Out);
    let wanted = [(there, b"\xc0 from alice".to_vec()), (there, b"\xc1".to_vec())];
    assert_eq!(received(&mut bob, at(0), 2).unwrap(), wanted);
    assert_eq!(listening().0.send(there, b"\xc0", false), Went::Nowhere);
}

/// Whoever reads nothing gets what fits, and the rest is not kept for him.
#[test]
fn what_does_not_fit_at_once_is_dropped_and_frames_stay_whole() {
    let (mut alice, there) = listening();
    let (mut bob, _) = listening();
    bob.add(connected(there));
    let packet = |n: u32| [&[0xc0, 0][..], &n.to_be_bytes(), &[0; 1200]].concat();
    let went: Vec<Went> = (0..20_000).map(|n| bob.send(there, &packet(n), false)).collect();
    let out = went.iter().filter(|went| **went == Went::Out).count();
    assert!(went.contains(&Went::Dropped) && out > 0 && out < 15_000, "{out}");
    let came = received(&mut alice, at(0), out - 1).unwrap();
    let sent: Vec<Vec<u8>> = (0..).zip(&went).filter(|(_, went)| **went == Went::Out).map(|(n, _)| packet(n)).collect();
    assert!(came.iter().map(|(_, packet)| packet).eq(sent.iter().take(came.len())));
    assert!(came.len() + 1 >= out);
}

#[test]
fn a_broken_frame_by_the_connection_in_use_ends_the_call_with_the_reason() {
    let (mut alice, there) = listening();
    let mut bob = connected(there);
    bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
    let from = received(&mut alice, at(0), 1).unwrap()[0].0;
    assert_eq!(alice.send(from, b"voice", false), Went::Out);
    bob.write_all(b"\xff\xff").unwrap();
    let failure = received(&mut alice, at(20), 1).unwrap_err();
    assert_eq!(failure.code, "media-connection-lost");
    assert!(failure.message.contains("65535 octets"), "{failure}");
    assert_eq!(alice.receive(at(40), ELSEWHERE, |_, _| false), Ok(()), "told once");
}

/// From another host than `connected` comes from.
async fn strangers(count: usize, to: SocketAddr) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut stranger = dial(CALL, "127.0.0.9".parse().unwrap(), to).await.unwrap();
        stranger.write_all(b"IKETCP\x00\x0c0123456789").unwrap();
        all.push(stranger);
    }
    all
}

/// Nothing that anybody can write makes room for him, or takes it from the peer, wherever that is.
#[tokio::test]
async fn strangers_who_send_frames_neither_keep_the_peer_out_nor_drive_it_out() {
    let here = Towards { peer: "127.0.0.1:9".parse().unwrap(), in_clear: false };
    for towards in [ELSEWHERE, here] {
        let (mut alice, there) = listening();
        let take_all = |alice: &mut ByTcp| {
            let mut came = Vec::new();
            for _ in 0..20 {
                let take = |_, packet: &mut [u8]| {
                    came.push(packet.to_vec());
                    packet[0] == 0xc0
                };
                assert_eq!(alice.receive(at(0), towards, take), Ok(()));
                std::thread::park_timeout(Duration::from_millis(1));
            }
            came
        };
        let _before = strangers(CONNECTIONS, there).await;
        assert_eq!(take_all(&mut alice).len(), CONNECTIONS);
        let mut bob = connected(there);
        take_all(&mut alice);
        // It has not spoken yet, and they go on.
        let _more = strangers(3 * CONNECTIONS, there).await;
        take_all(&mut alice);
        bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
        assert!(take_all(&mut alice).contains(&vec![0xc0]), "{towards:?}");
        let _still = strangers(3 * CONNECTIONS, there).await;
        take_all(&mut alice);
        assert_eq!(alice.send(bob.local_addr().unwrap(), b"\xc0 a", false), Went::Out);
        let mut got = [0; 5];
        bob.read_exact(&mut got).unwrap();
        assert_eq!((&got, alice.connections.len()), (b"\x00\x05\xc0 a", CONNECTIONS));
    }
}

/// Who only connects, and speaks another language, is closed, and the call goes on.
#[test]
fn strangers_break_nothing_and_make_room() {
    let (mut alice, there) = listening();
    let mut strangers: Vec<TcpStream> = (0..6).map(|_| connected(there)).collect();
    strangers[5].write_all(b"GET / HTTP/1.1\r\n").unwrap();
    assert_eq!(received(&mut alice, at(0), 1).unwrap(), []);
    assert!(alice.connections.len() < CONNECTIONS);
    let mut bob = connected(there);
    bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
    assert_eq!(received(&mut alice, at(0), 1).unwrap().len(), 1);
}

#[test]
fn a_connection_that_ends_is_told_when_the_call_has_not_ended_by_then() {
    let (mut alice, there) = listening();
    let mut bob = connected(there);
    bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
    let from = received(&mut alice, at(0), 1).unwrap()[0].0;
    alice.send(from, b"voice", false);
    drop(bob);
    for _ in 0..2000 {
        assert_eq!(alice.receive(at(20), ELSEWHERE, |_, _| false), Ok(()));
        if alice.lost.is_some() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert_eq!(alice.receive(at(2000), ELSEWHERE, |_, _| false), Ok(()));
    assert_eq!(alice.receive(at(2021), ELSEWHERE, |_, _| false).unwrap_err().code, "media-connection-lost");
}

/// RFC 4571, in clear: the port of the connection is not the one that was described, and whoever else comes is nobody.
#[test]
fn in_clear_the_peers_host_alone_is_heard_and_gets_anything_and_its_first_connection() {
    let (mut alice, there) = listening_for(StreamFraming::Rtp);
    let (bob_is, eve_is): (SocketAddr, SocketAddr) = ("127.0.0.1:9".parse().unwrap(), "127.0.0.9:9".parse().unwrap());
    let mut bob = connected(there);
    bob.write_all(b"\x00\x00\x00\x03\x80 b").unwrap();
    let mut came = Vec::new();
    while came.is_empty() {
        alice
            .receive(at(0), in_clear(bob_is), |from, packet| {
                came.push((from, packet.to_vec()));
                true
            })
            .unwrap();
    }
    assert_eq!(came, [(bob_is, b"\x80 b".to_vec())]);
    assert_eq!(alice.send(eve_is, b"\x80 to eve", true), Went::Nowhere);
    // Another one from there, which is not the first.
    let mut other = connected(there);
    other.write_all(b"\x00\x03\x80 o").unwrap();
    while alice.connections.len() < 2 {
        alice.receive(at(0), in_clear(bob_is), |_, _| true).unwrap();
    }
    for _ in 0..50 {
        alice.receive(at(0), in_clear(bob_is), |_, _| panic!("it is not the first")).unwrap();
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert_eq!(alice.send(bob_is, b"\x80 a", true), Went::Out);
    let mut got = [0; 5];
    bob.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"\x00\x03\x80 a");
    let (mut alice, there) = listening_for(StreamFraming::Rtp);
    let mut eve = connected(there);
    eve.write_all(b"\x00\x03\x80 e").unwrap();
    eve.set_nonblocking(true).unwrap();
    let is_shut = |eve: &mut TcpStream| match eve.read(&mut [0; 9]) {
        Ok(len) => len == 0,
        Err(error) => !is_later(&error),
    };
    while !is_shut(&mut eve) {
        alice.receive(at(0), in_clear(eve_is), |_, _| panic!("she is not where that is")).unwrap();
    }
}
