//! Another program is the voice.
#![allow(clippy::disallowed_methods)] // a thread of the other program, outside of ours

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};

use crate::haste::before_others;
use crate::process::{look_until, Home};
use crate::sound::{gaps, loudness, tone};

#[test]
fn programs_speak_and_hear_through_fifos_in_a_call() {
    before_others();
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    for (home, audio) in [(&alice, "input = \"pipe:voice\""), (&bob, "output = \"pipe:ear\"")] {
        home.configure(&format!("[audio]\n{audio}\n{}", home.usual("none;")));
    }
    let fifo = |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let (voice, ear) = (alice.path("voice"), bob.path("ear"));
    fifo(&ear);
    alice.start();
    bob.start();
    let failed = alice.run(&["call", &bob.entity(), "--approve"]);
    assert_eq!(failed.failure(), "no-pipe");
    fifo(&voice);
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60"]).spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    let speaking = std::thread::spawn(move || {
        let mut voice = OpenOptions::new().write(true).open(voice).unwrap();
        for second in 0..4 {
            let sound = second * 48_000..(second + 1) * 48_000;
            voice.write_all(&sound.flat_map(|n| tone(700.0, n).to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        }
    });
    let mut octets = vec![0; 96_000];
    let mut hearing = File::open(ear).unwrap();
    let mut second = || {
        hearing.read_exact(&mut octets).unwrap();
        octets.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<i16>>()
    };
    // Until a second of it is heard without a gap.
    while gaps(&second(), 700.0) > 5.0 {}
    let heard = second();
    assert!((7000.0..9000.0).contains(&loudness(&heard, 700.0)), "{}", loudness(&heard, 700.0));
    drop(hearing);
    speaking.join().unwrap();
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
}
