//! Ways through NATs on real sockets: the descriptions lead nowhere, and only the checks know where the other is.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::ice::{reflexive, Credentials, Start};
use crate::sdp::Ice;
use crate::sip::stun::{self, Stun};

/// Sees everybody at this address.
const SEEN: &str = "203.0.113.1:4000";

/// A server of STUN, which answers `answers` requests; its address.
fn server(answers: usize) -> SocketAddr {
    #[expect(clippy::disallowed_methods, reason = "the server")]
    let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::Builder::new()
        .spawn(move || {
            let mut room = [0; 1500];
            for _ in 0..answers {
                let (len, from) = socket.recv_from(&mut room).unwrap();
                let Some(Stun::Request { id, .. }) = Stun::read(&room[..len]) else {
                    panic!("it asks for nothing else")
                };
                socket.send_to(&stun::success(id, SEEN.parse().unwrap()), from).unwrap();
            }
        })
        .unwrap();
    address
}

fn gathering(seed: u8, server: SocketAddr) -> Gathering {
    let credentials = Credentials::random(&mut ChaCha20Rng::from_seed([seed; 32]));
    Gathering { credentials, stun: vec![server.to_string()], turn: None, seed: [seed; 32] }
}

/// What was gathered.
async fn opened(answers: &mut mpsc::Receiver<Done>, wanted: CallId) -> (SocketAddr, Ice) {
    match answers.recv().await {
        Some(Done::MediaOpened { call, result: Ok(local), ice: Some(ice) }) if call == wanted => (local, ice),
        _ => panic!("it was to be opened, with what was gathered"),
    }
}

fn start_of(ours: &Ice, theirs: &Ice, controlling: bool, described: SocketAddr) -> Option<Box<Start>> {
    let ours = Credentials { user: ours.user.clone(), password: ours.password.clone() };
    Some(Box::new(Start { ours, theirs: theirs.clone(), controlling, described }))
}

#[tokio::test]
async fn two_legs_find_each_other_where_their_descriptions_lead_nowhere() {
    let (dones, mut answers) = mpsc::channel(64);
    let mut loops = MediaLoops::new(Clock::start(), dones);
    let server = server(2);
    let mut gathered = Vec::new();
    for (call, seed) in [(ALICE, 1), (BOB, 2)] {
        let local = loops.open(call, LOCAL).unwrap();
        loops.gather(call, local, gathering(seed, server), Resolver::default());
        gathered.push(opened(&mut answers, call).await);
    }
    let [(at_alice, alice), (at_bob, bob)] = &gathered[..] else { panic!("two") };
    assert_eq!([reflexive(alice), reflexive(bob)], [SEEN.parse().ok(); 2]);
    // Nobody is there.
    let nowhere = "127.0.0.9:9".parse().unwrap();
    for (call, here) in [(ALICE, *at_alice), (BOB, *at_bob)] {
        loops.start(call, stream(here, nowhere), AudioSource::Silence, AudioSink::Discard).unwrap();
    }
    loops.set_ice(ALICE, start_of(alice, bob, true, nowhere));
    loops.set_ice(BOB, start_of(bob, alice, false, nowhere));
    let mut counted = std::collections::BTreeMap::new();
    let enough = |counters: &Counters| counters.received >= 25;
    while counted.len() < 2 || !counted.values().all(enough) {
        let done = tokio::time::timeout(Duration::from_secs(20), answers.recv()).await.expect("voice comes").unwrap();
        if let Done::Counted { call, counters, .. } = done {
            assert!(counters.dropped.is_empty(), "checks are no packets of a stream: {counters:?}");
            counted.insert(call, counters);
        }
    }
    loops.close_all().await;
}

/// It costs a call half a second, and the next one nothing.
#[tokio::test]
async fn a_server_that_says_nothing_holds_no_call_up_for_long() {
    let (dones, mut answers) = mpsc::channel(64);
    let clock = Clock::start();
    let mut loops = MediaLoops::new(clock, dones);
    let local = loops.open(ALICE, LOCAL).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server, which reads nothing")]
    let silent = UdpSocket::bind((LOCAL, 0)).unwrap();
    let server = silent.local_addr().unwrap();
    loops.gather(ALICE, local, gathering(1, server), Resolver::default());
    let (_, ice) = opened(&mut answers, ALICE).await;
    let waited = clock.now().mono.0;
    assert_eq!((ice.candidates.len(), reflexive(&ice)), (1, None));
    assert!((Duration::from_millis(500)..Duration::from_millis(1400)).contains(&waited), "{waited:?}");
    let local = loops.open(BOB, LOCAL).unwrap();
    loops.gather(BOB, local, gathering(2, server), Resolver::default());
    opened(&mut answers, BOB).await;
    let again = clock.now().mono.0 - waited;
    assert!(again < Duration::from_millis(400), "{again:?}");
    assert!(loops.close(ALICE, false).is_some() && loops.close(BOB, false).is_some());
}

#[tokio::test]
async fn a_call_that_ends_while_it_asks_tells_nothing_and_its_port_is_free() {
    let (dones, mut answers) = mpsc::channel(64);
    let mut loops = MediaLoops::new(Clock::start(), dones);
    let local = loops.open(ALICE, LOCAL).unwrap();
    // It answers nobody.
    loops.gather(ALICE, local, gathering(1, server(0)), Resolver::default());
    assert!(loops.close(ALICE, false).is_some());
    #[expect(clippy::disallowed_methods, reason = "looks whether the port is free")]
    let is_free = || UdpSocket::bind(local).is_ok();
    let freed = async {
        while !is_free() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), freed).await.expect("the port is freed");
    assert!(answers.try_recv().is_err());
}
