use super::*;
use crate::agent::Seen;
use crate::vocab::{Nonce, VerifyKey};

fn nonce(number: u64, ends: u64) -> Seen {
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&number.to_be_bytes());
    Seen::Nonce { nonce: Nonce(octets), ends: Wall(ends) }
}

fn offer(number: u64, time: u64) -> Seen {
    offer_of(1, number, time)
}

fn offer_of(device: u8, number: u64, time: u64) -> Seen {
    let mut ephemeral = [0; 32];
    ephemeral[..8].copy_from_slice(&number.to_be_bytes());
    Seen::Offer { device: VerifyKey([device; 32]), ephemeral, time: Wall(time) }
}

/// What is left after all of them, each recorded at its time.
fn left(all: impl IntoIterator<Item = (Seen, u64)>) -> Vec<Seen> {
    let mut database = schema::open(None).unwrap();
    let step = database.transaction().unwrap();
    for (seen, at) in all {
        ops::apply(&step, &StoreOp::RecordSeen { seen, at: Wall(at) }).unwrap();
    }
    step.commit().unwrap();
    load::load(&database).unwrap().seen
}

#[test]
fn what_counts_once_is_there_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.seen, []);
    for seen in [offer(1, 20), nonce(1, 30), nonce(1, 30)] {
        run(&store, StoreOp::RecordSeen { seen, at: Wall(10) }).unwrap();
    }
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.close());
    let (_store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.seen, [nonce(1, 30), offer(1, 20)]);
}

#[test]
fn nonces_go_when_their_requests_are_too_old_and_never_become_too_many() {
    assert_eq!(left([(nonce(1, 30), 10), (nonce(2, 40), 30)]), [nonce(2, 40)]);
    let many = Seen::MAX_NONCES as u64 + 5;
    let kept = left((0..many).map(|n| (nonce(n, 100 + n), 0)));
    assert_eq!((kept.len(), kept[0]), (Seen::MAX_NONCES, nonce(5, 105)));
}

#[test]
fn of_offers_the_newest_by_their_time_stay_in_whatever_order_they_came() {
    let many = Seen::MAX_OFFERS as u64 + 5;
    let others = (offer_of(2, 7, 1), 1_000_000);
    let kept = left(std::iter::once(others).chain((0..many).rev().map(|n| (offer(n, 100 + n), 1_000_000))));
    assert_eq!(
        (kept.len(), kept[0], kept[1]),
        (Seen::MAX_OFFERS + 1, others.0, offer(5, 105)),
        "none goes for its age: a clock may jump back; nor for what another device sent"
    );
}
