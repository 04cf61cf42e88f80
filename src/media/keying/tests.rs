use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, SigningKey};

use super::*;
use crate::dtls::{Identity, Role, SEED_LEN};

/// A fatal alert in clear (RFC 5246 section 7.2), which anybody can write.
const ALERT: [u8; 15] = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40];

fn at(millis: u64) -> Mono {
    Mono(Duration::from_millis(millis))
}

fn place(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

fn named() -> SocketAddr {
    place(1)
}

fn identity() -> Arc<Identity> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
    Arc::new(Identity::new(certificate, Box::new(move |octets| key.sign(octets).ok())))
}

fn handshake(role: Role, ours: &Arc<Identity>, theirs: &Identity, seed: u8) -> Box<Handshake> {
    Box::new(Handshake::new(role, ours.clone(), vec![theirs.fingerprint().clone()], &[seed; SEED_LEN], at(0)))
}

/// Where the other side was in the end, who is first heard after 1.3 s from `peer_at`, while so many strangers say what can be said without
/// its key: an octet, alerts, and the first words of handshakes of their own.
fn keyed(role: Role, peer_at: SocketAddr, strangers: u16) -> Result<SocketAddr, DtlsError> {
    let [we, they, eve] = [(); 3].map(|()| identity());
    let theirs = if role == Role::Client { Role::Server } else { Role::Client };
    let mut keying = Keying::new(handshake(role, &we, &they, 1));
    let mut peer = handshake(theirs, &they, &we, 2);
    let mut eves: Vec<_> =
        (0..strangers).map(|n| (place(100 + n), handshake(theirs, &eve, &we, 3 + n as u8))).collect();
    for ms in (0..25_000).step_by(20) {
        let (now, is_there) = (at(ms), ms >= 1300);
        for (from, eve) in &mut eves {
            eve.handle_timeout(now);
            keying.handle(now, (*from, named()), &[22]);
            keying.handle(now, (*from, named()), &ALERT);
            while let Some(datagram) = eve.poll_transmit() {
                keying.handle(now, (*from, named()), &datagram);
            }
        }
        peer.handle_timeout(now);
        while let Some(datagram) = is_there.then(|| peer.poll_transmit()).flatten() {
            keying.handle(now, (peer_at, named()), &datagram);
        }
        if let Some(came) = keying.settle(now) {
            return came.map(|_| keying.peer.unwrap());
        }
        assert!(keying.elsewhere.len() <= MOST_ELSEWHERE);
        while let Some((to, datagram)) = keying.poll() {
            let to = to.unwrap_or(named());
            if is_there && (to == named() || to == peer_at) {
                peer.handle_datagram(now, &datagram);
            }
            // They hear whatever is said.
            eves.iter_mut().for_each(|(_, eve)| eve.handle_datagram(now, &datagram));
        }
    }
    unreachable!("it is given up after 20 s")
}

#[test]
fn strangers_do_not_keep_out_a_telephone_that_is_heard_late() {
    for role in [Role::Client, Role::Server] {
        for strangers in [0, 1, 9] {
            assert_eq!(keyed(role, named(), strangers), Ok(named()), "{role:?} {strangers}");
        }
    }
}

#[test]
fn nor_one_that_is_heard_from_elsewhere() {
    for role in [Role::Client, Role::Server] {
        for strangers in [0, 1, 3] {
            assert_eq!(keyed(role, place(2), strangers), Ok(place(2)), "{role:?} {strangers}");
        }
    }
}

#[test]
fn who_says_nothing_to_go_on_with_takes_no_place() {
    let [we, they] = [(); 2].map(|()| identity());
    let mut keying = Keying::new(handshake(Role::Client, &we, &they, 1));
    keying.settle(at(0));
    for (port, said) in (10..60).flat_map(|port| [(port, &ALERT[..]), (port, &[22])]) {
        keying.handle(at(900), (place(port), named()), said);
    }
    assert_eq!((keying.elsewhere.len(), keying.peer, keying.settle(at(5000)).is_none()), (0, None, true));
    // What it says goes to where the other side said that it is.
    assert_eq!(std::iter::from_fn(|| keying.poll()).filter(|(to, _)| to.is_none()).count(), 2);
}

/// One host has as many ports as it likes.
#[test]
fn nor_does_a_host_with_many_ports() {
    let [we, they, eve] = [(); 3].map(|()| identity());
    let mut keying = Keying::new(handshake(Role::Server, &we, &they, 1));
    let mut peer = handshake(Role::Client, &they, &we, 2);
    let words = handshake(Role::Client, &eve, &we, 3).poll_transmit().unwrap();
    let peer_at = SocketAddr::from(([198, 51, 100, 7], 9));
    for ms in (0..25_000).step_by(20) {
        let now = at(ms);
        for port in 0..4 {
            keying.handle(now, (place(1000 + (ms / 20 * 4 + port) as u16), named()), &words);
        }
        peer.handle_timeout(now);
        while let Some(datagram) = peer.poll_transmit().filter(|_| ms >= 1300) {
            keying.handle(now, (peer_at, named()), &datagram);
        }
        if let Some(came) = keying.settle(now) {
            return assert_eq!(came.map(|_| keying.peer), Ok(Some(peer_at)));
        }
        while let Some((to, datagram)) = keying.poll() {
            if to == Some(peer_at) {
                peer.handle_datagram(now, &datagram);
            }
        }
    }
    unreachable!("it is given up after 20 s")
}

/// As behind one NAT: what came to its end keeps no place from who speaks next there.
#[test]
fn nor_does_somebody_with_another_certificate_behind_the_same_nat() {
    let [we, they, eve] = [(); 3].map(|()| identity());
    let mut keying = Keying::new(handshake(Role::Server, &we, &they, 1));
    let mut first = Some(handshake(Role::Client, &eve, &we, 3));
    let mut peer = handshake(Role::Client, &they, &we, 2);
    let (eve_at, peer_at) = (place(50), place(51));
    for ms in (0..25_000).step_by(20) {
        let now = at(ms);
        // Until the other end has said what it thinks of that certificate.
        let speaks = |other: &mut Handshake, from: SocketAddr, keying: &mut Keying| {
            other.handle_timeout(now);
            while let Some(datagram) = other.poll_transmit() {
                keying.handle(now, (from, named()), &datagram);
            }
        };
        match &mut first {
            Some(eve) if ms >= 900 => speaks(eve, eve_at, &mut keying),
            None => speaks(&mut peer, peer_at, &mut keying),
            Some(_) => {}
        }
        if let Some(came) = keying.settle(now) {
            assert!(ms < 4000, "it had to wait for {ms} ms");
            return assert_eq!(came.map(|_| keying.peer), Ok(Some(peer_at)));
        }
        while let Some((to, datagram)) = keying.poll() {
            match &mut first {
                Some(eve) if to == Some(eve_at) => eve.handle_datagram(now, &datagram),
                None if to == Some(peer_at) => peer.handle_datagram(now, &datagram),
                _ => {}
            }
        }
        first = first.filter(|_| keying.failed.is_none());
    }
    unreachable!("it is given up after 20 s")
}
