//! Another program is the voice.
#![allow(clippy::disallowed_methods)] // a thread of the other program, outside of ours

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread::JoinHandle;

use crate::haste::before_others;
use crate::process::{look_until, Home};
use crate::sound::{gaps, loudness, tone};

/// Alice speaks through the first path, Bob hears through the second one.
fn pair() -> (Home, PathBuf, Home, PathBuf) {
    before_others();
    let (alice, bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    for (home, audio) in [(&alice, "input = \"pipe:voice\""), (&bob, "output = \"pipe:ear\"")] {
        home.configure(&format!("[audio]\n{audio}\n{}", home.usual("none;")));
    }
    let (voice, ear) = (alice.path("voice"), bob.path("ear"));
    (alice, voice, bob, ear)
}

fn call(alice: &Home, bob: &Home) -> Child {
    let call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60"]).spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    call
}

fn speak<W: Write>(open: impl FnOnce() -> W + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut voice = open();
        for second in 0..4 {
            let sound = second * 48_000..(second + 1) * 48_000;
            voice.write_all(&sound.flat_map(|n| tone(700.0, n).to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        }
    })
}

/// Until a second of it is heard without a gap, and the one after that.
fn hear(mut from: impl Read) {
    let mut octets = vec![0; 96_000];
    let mut second = || {
        from.read_exact(&mut octets).unwrap();
        octets.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<i16>>()
    };
    while gaps(&second(), 700.0) > 5.0 {}
    let heard = second();
    assert!((7000.0..9000.0).contains(&loudness(&heard, 700.0)), "{}", loudness(&heard, 700.0));
}

#[test]
fn programs_speak_and_hear_through_fifos_in_a_call() {
    let (mut alice, voice, mut bob, ear) = pair();
    let fifo = |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    fifo(&ear);
    alice.start();
    bob.start();
    let failed = alice.run(&["call", &bob.entity(), "--approve"]);
    assert_eq!(failed.failure(), "no-pipe");
    fifo(&voice);
    let mut call = call(&alice, &bob);
    let speaking = speak(move || OpenOptions::new().write(true).open(voice).unwrap());
    hear(File::open(ear).unwrap());
    speaking.join().unwrap();
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
}

#[test]
fn programs_that_listen_at_sockets_speak_and_hear_in_a_call() {
    let (mut alice, voice, mut bob, ear) = pair();
    let (voice, ear) = (UnixListener::bind(voice).unwrap(), UnixListener::bind(ear).unwrap());
    alice.start();
    bob.start();
    let mut call = call(&alice, &bob);
    let speaking = speak(move || voice.accept().unwrap().0);
    hear(ear.accept().unwrap().0);
    speaking.join().unwrap();
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
}
