use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair, SigningKey};

use super::*;
use crate::vocab::Mono;

fn identity() -> Arc<Identity> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
    Arc::new(Identity::new(certificate, Box::new(move |octets| key.sign(octets).ok())))
}

fn at(ms: u64) -> Mono {
    Mono(Duration::from_millis(ms))
}

/// A client and a server that expect each other.
fn pair() -> (Handshake, Handshake) {
    let [client, server] = [(); 2].map(|()| identity());
    expecting(&client, &server, client.fingerprint(), server.fingerprint())
}

fn expecting(
    client: &Arc<Identity>,
    server: &Arc<Identity>,
    of_client: &CertificateFingerprint,
    of_server: &CertificateFingerprint,
) -> (Handshake, Handshake) {
    (
        Handshake::new(Role::Client, client.clone(), vec![of_server.clone()], &[1; SEED_LEN], at(0)),
        Handshake::new(Role::Server, server.clone(), vec![of_client.clone()], &[2; SEED_LEN], at(0)),
    )
}

type Ends = [Option<Result<SrtpKeys, DtlsError>>; 2];

/// Datagrams go to and fro, each as `path` lets it through, until both have a result or a minute is over. `path` has the number of
/// the datagram.
fn run(client: &mut Handshake, server: &mut Handshake, mut path: impl FnMut(usize, Vec<u8>) -> Vec<Vec<u8>>) -> Ends {
    let mut ends = [None, None];
    let mut number = 0;
    for ms in (0..60_000).step_by(20) {
        let now = at(ms);
        let both = [&mut *client, &mut *server];
        let sent = both.map(|one| std::iter::from_fn(|| one.poll_transmit()).collect::<Vec<_>>());
        for (to, datagrams) in [(&mut *server, &sent[0]), (&mut *client, &sent[1])] {
            for datagram in datagrams {
                number += 1;
                path(number, datagram.clone()).iter().for_each(|datagram| to.handle_datagram(now, datagram));
            }
        }
        for (one, end) in [&mut *client, &mut *server].into_iter().zip(&mut ends) {
            one.handle_timeout(now);
            *end = one.take_result().or_else(|| end.take());
        }
        if ends.iter().all(Option::is_some) {
            break;
        }
    }
    ends
}

#[track_caller]
fn agreed(ends: &Ends) {
    let [Some(Ok(client)), Some(Ok(server))] = ends else { panic!("{ends:?}") };
    assert_eq!((&client.ours, &client.theirs), (&server.theirs, &server.ours));
    assert_eq!((client.suite, server.suite), (crate::srtp::CryptoSuite::AeadAes256Gcm, client.suite));
    assert_ne!(client.ours, client.theirs);
}

#[test]
fn both_have_the_same_keys() {
    let (mut client, mut server) = pair();
    agreed(&run(&mut client, &mut server, |_, datagram| vec![datagram]));
}

/// Each datagram in turn, and each two, are lost once; all come twice; and in octets one by one nothing comes of it.
#[test]
fn what_is_lost_is_said_again() {
    for lost in 1..=8 {
        for beside in lost..=8 {
            let (mut client, mut server) = pair();
            let path = |number, datagram| if number == lost || number == beside { vec![] } else { vec![datagram] };
            agreed(&run(&mut client, &mut server, path));
        }
    }
    let (mut client, mut server) = pair();
    agreed(&run(&mut client, &mut server, |_, datagram| vec![datagram.clone(), datagram]));
}

/// The client is done, and the server's last words were lost: it says them again when the client does.
#[test]
fn the_last_words_are_said_again_but_not_for_ever() {
    let (mut client, mut server) = pair();
    let mut last = Vec::new();
    let ends = run(&mut client, &mut server, |number, datagram| {
        if number == 3 {
            last = datagram.clone();
        }
        if number == 4 {
            vec![]
        } else {
            vec![datagram]
        }
    });
    agreed(&ends);
    let answers = (0..50).filter(|_| {
        server.handle_datagram(at(70_000), &last);
        server.poll_transmit().is_some()
    });
    assert!(answers.count() <= 8);
}

/// Whoever can send to either side, and hears all, but cannot take anything away.
#[test]
fn what_is_forged_in_clear_ends_nothing() {
    let alert = record::clear(record::ALERT, 7, &[2, 40]);
    let wrong = |kind: u8, sequence: u16, len: usize| {
        let message = message::Message { kind, sequence, body: vec![0xff; len] };
        record::clear(record::HANDSHAKE, 9, &message.encode())
    };
    for kind in 0..=20 {
        let (mut client, mut server) = pair();
        let ends = run(&mut client, &mut server, |_, datagram| {
            let forged = (0..8).flat_map(|sequence| [wrong(kind, sequence, 40), wrong(kind, sequence, 0)]);
            std::iter::once(alert.clone()).chain(forged).chain([datagram, alert.clone()]).collect()
        });
        agreed(&ends);
        for one in [&mut client, &mut server] {
            (0..8).for_each(|sequence| one.handle_datagram(at(60_000), &wrong(kind, sequence, 40)));
            one.handle_datagram(at(60_000), &alert);
            one.handle_timeout(at(90_000));
            assert_eq!(one.take_result(), None, "it stays as it ended");
        }
    }
}

#[test]
fn a_certificate_that_was_not_named_is_refused_by_either_side() {
    let [client, server, other] = [(); 3].map(|()| identity());
    let (mut one, mut two) = expecting(&client, &server, client.fingerprint(), other.fingerprint());
    let ends = run(&mut one, &mut two, |_, datagram| vec![datagram]);
    assert_eq!(ends, [Some(Err(DtlsError::Fingerprint)), Some(Err(DtlsError::Alert(42)))]);
    let (mut one, mut two) = expecting(&client, &server, other.fingerprint(), server.fingerprint());
    let ends = run(&mut one, &mut two, |_, datagram| vec![datagram]);
    assert_eq!(ends, [Some(Err(DtlsError::Alert(42))), Some(Err(DtlsError::Fingerprint))]);
}

/// Whoever has the certificate and not its key.
#[test]
fn a_certificate_without_its_key_proves_nothing() {
    let [client, server, other] = [(); 3].map(|()| identity());
    let stolen = |of: &Arc<Identity>| {
        let other = other.clone();
        Arc::new(Identity::new(of.certificate().to_vec(), Box::new(move |octets| other.sign(octets))))
    };
    let (mut one, mut two) = expecting(&client, &stolen(&server), client.fingerprint(), server.fingerprint());
    let ends = run(&mut one, &mut two, |_, datagram| vec![datagram]);
    assert_eq!(ends[0], Some(Err(DtlsError::Proof)));
    let (mut one, mut two) = expecting(&stolen(&client), &server, client.fingerprint(), server.fingerprint());
    let ends = run(&mut one, &mut two, |_, datagram| vec![datagram]);
    assert_eq!(ends[1], Some(Err(DtlsError::Proof)));
}

#[test]
fn nobody_there_is_asked_again_and_given_up() {
    let (mut client, _) = pair();
    let mut sent = Vec::new();
    for ms in (0..30_000).step_by(20) {
        client.handle_timeout(at(ms));
        while client.poll_transmit().is_some() {
            sent.push(ms);
        }
    }
    assert_eq!(sent, [0, 1000, 3000, 7000, 15_000]);
    assert_eq!(client.take_result(), Some(Err(DtlsError::TimedOut)));
}

/// A server that wants to see its cookie first (RFC 6347 section 4.2.1), once.
#[test]
fn a_cookie_is_given_back() {
    let (mut client, _) = pair();
    let first = client.poll_transmit().unwrap();
    let request =
        message::Message { kind: message::HELLO_VERIFY_REQUEST, sequence: 0, body: vec![0xfe, 0xff, 3, 7, 7, 7] };
    client.handle_datagram(at(1), &record::clear(record::HANDSHAKE, 0, &request.encode()));
    let second = client.poll_transmit().unwrap();
    let hello = |datagram: &[u8]| datagram[record::HEADER + 12..].to_vec();
    let (first, second) = (hello(&first), hello(&second));
    assert_eq!((&first[..35], first[35], &second[35..39]), (&second[..35], 0, &[3, 7, 7, 7][..]));
    let again = message::Message { sequence: 1, ..request };
    client.handle_datagram(at(1), &record::clear(record::HANDSHAKE, 1, &again.encode()));
    client.handle_timeout(at(2000));
    assert_eq!(client.take_result(), None, "somebody else may have said that");
    client.handle_timeout(at(2001));
    assert_eq!(client.take_result(), Some(Err(DtlsError::Malformed)));
}

#[test]
fn hash_functions_that_are_worth_nothing_name_no_certificate() {
    assert!(CertificateFingerprint::new("SHA-256", vec![0; 32]).is_some());
    assert!(CertificateFingerprint::new("sha-512", vec![0; 64]).is_some());
    assert!(CertificateFingerprint::new("sha-1", vec![0; 20]).is_none());
    assert!(CertificateFingerprint::new("sha-256", vec![0; 20]).is_none());
}

/// Every message, in pieces of seven octets, from the last to the first.
#[test]
fn messages_in_pieces_are_put_together() {
    let whole = message::Message { kind: 1, sequence: 0, body: (0..100).collect() };
    let mut assembly = assembly::Assembly::default();
    let pieces: Vec<usize> = (0..100).step_by(7).collect();
    for offset in pieces.iter().rev() {
        assert_eq!(assembly.take(), None);
        let body = &whole.body[*offset..(*offset + 7).min(100)];
        assembly.add(&message::Fragment { kind: 1, sequence: 0, len: 100, offset: *offset, body });
    }
    assert_eq!(assembly.take(), Some(whole));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// One octet of one datagram is changed: it is said again, or there are no keys; never such as the other side does not have.
    #[test]
    fn what_is_changed_on_the_way_makes_no_keys_that_differ(which in 1usize..6, place in any::<prop::sample::Index>(), by in 1u8..) {
        let (mut client, mut server) = pair();
        let ends = run(&mut client, &mut server, |number, mut datagram| {
            if number == which {
                let place = place.index(datagram.len());
                datagram[place] ^= by;
            }
            vec![datagram]
        });
        if let [Some(Ok(client)), Some(Ok(server))] = &ends {
            prop_assert_eq!((&client.ours, &client.theirs), (&server.theirs, &server.ours));
        }
    }

    #[test]
    fn no_octets_make_it_panic(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..4)) {
        let (mut client, mut server) = pair();
        for octets in &datagrams {
            for kind in [record::HANDSHAKE, record::ALERT, record::CHANGE_CIPHER_SPEC] {
                for one in [&mut client, &mut server] {
                    one.handle_datagram(at(1), octets);
                    one.handle_datagram(at(1), &record::clear(kind, 0, octets));
                    for kind in 0..24u8 {
                        let message = message::Message { kind, sequence: 0, body: octets.clone() };
                        one.handle_datagram(at(1), &record::clear(record::HANDSHAKE, 0, &message.encode()));
                    }
                }
            }
        }
    }
}

/// The numbers of the sealed records in a datagram.
fn sealed(datagram: &[u8], into: &mut Vec<u64>) {
    let mut rest = datagram;
    while let Some((header, body)) = rest.split_at_checked(13) {
        let number = |octets: &[u8]| octets.iter().fold(0, |number: u64, octet| number << 8 | u64::from(*octet));
        if number(&header[3..5]) == 1 {
            into.push(number(&header[5..11]));
        }
        rest = &body[number(&header[11..13]) as usize..];
    }
}

/// Somebody copies the server's words to us from elsewhere: both handshakes come to the same keys, and to other signatures.
#[test]
fn of_two_handshakes_under_the_same_keys_none_seals_by_a_number_of_the_other() {
    let (mut client, mut server) = pair();
    let mut other = client.beside(at(0), 1);
    let (mut ours, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        for datagram in std::iter::from_fn(|| client.poll_transmit()) {
            sealed(&datagram, &mut ours);
            server.handle_datagram(at(0), &datagram);
        }
        std::iter::from_fn(|| other.poll_transmit()).for_each(|datagram| sealed(&datagram, &mut beside));
        for datagram in std::iter::from_fn(|| server.poll_transmit()) {
            client.handle_datagram(at(0), &datagram);
            other.handle_datagram(at(0), &datagram);
        }
    }
    assert!(matches!(client.take_result(), Some(Ok(_))));
    assert!(!ours.is_empty() && !beside.is_empty(), "{ours:?} {beside:?}");
    assert!(ours.iter().all(|number| !beside.contains(number)), "{ours:?} {beside:?}");
}
