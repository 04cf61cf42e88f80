//! What anybody can do to a handshake of DTLS: its records are octets from whoever knows the port.

use std::sync::Arc;
use std::time::Duration;

use sottovoce::dtls::{DtlsError, Handshake, Identity, Role, SrtpKeys, SEED_LEN};
use sottovoce::vocab::Mono;

use crate::held::octets;

type End = Option<Result<SrtpKeys, DtlsError>>;

fn at(ms: u64) -> Mono {
    Mono(Duration::from_millis(ms))
}

fn identities() -> [Arc<Identity>; 2] {
    [(); 2].map(|()| Arc::new(sottovoce::io::dtls_identity().unwrap()))
}

fn pair([client, server]: &[Arc<Identity>; 2]) -> [Handshake; 2] {
    let side = |role, ours: &Arc<Identity>, theirs: &Arc<Identity>, seed| {
        Handshake::new(role, ours.clone(), vec![theirs.fingerprint().clone()], &[seed; SEED_LEN], at(0))
    };
    [side(Role::Client, client, server, 1), side(Role::Server, server, client, 2)]
}

/// Both speak until they have ended; `path` says what becomes of a datagram, of which it has the number.
fn run(sides: &mut [Handshake; 2], mut path: impl FnMut(usize, Vec<u8>) -> Vec<Vec<u8>>) -> [End; 2] {
    let (mut ends, mut number) = ([None, None], 0);
    for ms in (0..30_000).step_by(100) {
        for from in [0, 1] {
            while let Some(datagram) = sides[from].poll_transmit() {
                number += 1;
                path(number, datagram).iter().for_each(|datagram| sides[1 - from].handle_datagram(at(ms), datagram));
            }
        }
        for (side, end) in sides.iter_mut().zip(&mut ends) {
            side.handle_timeout(at(ms));
            *end = side.take_result().or_else(|| end.take());
        }
        if ends.iter().all(Option::is_some) {
            break;
        }
    }
    ends
}

/// Datagrams of a whole handshake.
fn datagrams(identities: &[Arc<Identity>; 2]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let ends = run(&mut pair(identities), |_, datagram| {
        all.push(datagram.clone());
        vec![datagram]
    });
    assert!(ends.iter().all(|end| matches!(end, Some(Ok(_)))), "{ends:?}");
    all
}

/// Each datagram cut off everywhere, before the whole one comes: nothing of it counts.
#[test]
fn what_is_cut_off_spoils_nothing() {
    let identities = identities();
    for (which, whole) in datagrams(&identities).iter().enumerate() {
        for len in 0..whole.len() {
            let ends = run(&mut pair(&identities), |number, datagram| match number == which + 1 {
                true => vec![datagram[..len.min(datagram.len())].to_vec(), datagram],
                false => vec![datagram],
            });
            assert!(ends.iter().all(|end| matches!(end, Some(Ok(_)))), "{which} {len}: {ends:?}");
        }
    }
}

/// Each octet of each datagram is another one, and the true datagram comes behind: the same keys at both ends, or none.
#[test]
fn what_is_changed_makes_no_keys_that_only_one_side_has() {
    let identities = identities();
    for (which, whole) in datagrams(&identities).iter().enumerate() {
        for place in 0..whole.len() {
            let ends = run(&mut pair(&identities), |number, datagram| {
                let mut changed = datagram.clone();
                if let Some(octet) = changed.get_mut(place).filter(|_| number == which + 1) {
                    *octet ^= 0x41;
                }
                vec![changed, datagram]
            });
            if let [Some(Ok(client)), Some(Ok(server))] = &ends {
                assert_eq!((&client.ours, &client.theirs), (&server.theirs, &server.ours), "{which} {place}");
            }
        }
    }
}

/// Pieces of long messages that never come, of every number and kind.
#[test]
fn pieces_of_what_never_comes_take_no_more_than_so_much() {
    let identities = identities();
    for mut side in pair(&identities) {
        while side.poll_transmit().is_some() {}
        let before = octets();
        for round in 0u32..50_000 {
            let [.., high, low] = (round % 4096).to_be_bytes();
            let body = [(round % 21) as u8, 0, 0x1f, 0xff, high, low, 0, 0, (round % 250) as u8, 0, 0, 1, 7];
            let record = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13][..], &body].concat();
            side.handle_datagram(at(1), &record);
            while side.poll_transmit().is_some() {}
        }
        let more = octets() - before;
        assert!(more < 200_000, "{more}");
    }
}
