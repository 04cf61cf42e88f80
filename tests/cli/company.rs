//! A conference of three agents as processes, each with a tone of its own, and recordings of it: what each hears is measured.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{look_until, Home};
use crate::schema::{check, refused};
use crate::tone::energies;

const ESP: &str = "ipsec esp/transport//require";
const ALICE: f64 = 500.0;
const BOB: f64 = 1300.0;
const CAROL: f64 = 900.0;

/// A channel, and its samples a second.
struct Sound {
    rate: usize,
    samples: Vec<i16>,
}

impl Sound {
    /// How much of a fifth of a second is a tone.
    fn share(&self, from: usize, hertz: f64) -> f64 {
        let piece = &self.samples[from..from + self.rate / 5];
        let piece: Vec<f64> = piece.iter().copied().map(f64::from).collect();
        let (at_tone, all) = energies(&piece, hertz / self.rate as f64);
        at_tone / all.max(1.0)
    }

    /// How much of the last two seconds, but for the very last fifth of one, is each of the three.
    fn shares(&self) -> [f64; 3] {
        let step = self.rate / 5;
        let last = self.samples.len() - step;
        [ALICE, BOB, CAROL].map(|hertz| (1..=10).map(|back| self.share(last - back * step, hertz)).sum::<f64>() / 10.0)
    }
}

fn home(name: &'static str, hertz: f64, action: &str) -> Home {
    let home = Home::new(name, action);
    home.configure(&format!("{}[audio]\ninput = \"tone:{hertz}\"\n", home.usual(&format!("{action};"))));
    home
}

fn calls(home: &Home) -> Vec<Value> {
    check(&home.run(&["calls"]).expect(0), "CallList")["calls"].as_array().unwrap().clone()
}

fn the_call(home: &Home, id: &str) -> Value {
    calls(home).into_iter().find(|call| call["id"] == id).unwrap()
}

/// Until so many more packets of it came.
fn goes_on(home: &Home, id: &str, packets: u64) {
    let received = || the_call(home, id)["packets"]["received"].as_u64().unwrap();
    let before = received();
    look_until(|| (received() >= before + packets).then_some(()));
}

/// Calls Bob, and records what is heard; the call at Bob.
fn calls_bob(bob: &Home, caller: &Home, heard: &Path) -> (std::process::Child, String) {
    let before = calls(bob).len();
    let arguments = ["call", &bob.entity(), "--approve", "--duration", "60", "--record", heard.to_str().unwrap()];
    let child = caller.command(&arguments).spawn().unwrap();
    let active = || calls(bob).get(before).filter(|call| call["state"] == "active").cloned();
    (child, look_until(active)["id"].as_str().unwrap().to_owned())
}

/// Both channels, or the only one twice.
fn channels(file: &Path) -> [Sound; 2] {
    let mut reader = hound::WavReader::open(file).unwrap();
    let (spec, samples) = (reader.spec(), reader.samples::<i16>().map(Result::unwrap).collect::<Vec<_>>());
    let (rate, step) = (spec.sample_rate as usize, usize::from(spec.channels));
    [0, step - 1].map(|first| Sound { rate, samples: samples.iter().skip(first).step_by(step).copied().collect() })
}

#[track_caller]
fn has(sound: &Sound, expected: [bool; 3]) {
    let shares = sound.shares();
    let others = expected.iter().filter(|there| **there).count() as f64;
    for (share, there) in shares.iter().zip(expected) {
        // Who is heard, and not how evenly: a machine that is busy with other tests loses frames of one or the other.
        let fits = if there { share * others > 0.3 } else { *share < 0.03 };
        assert!(fits, "{shares:?} instead of {expected:?}");
    }
}

#[test]
fn three_talk_each_hears_the_others_and_not_himself_and_it_is_recorded() {
    let mut alice = home("alice", ALICE, ESP);
    let mut carol = home("carol", CAROL, ESP);
    let mut bob = home("bob", BOB, ESP);
    // Her call has another rate than Alice's.
    carol.configure(&format!(
        "{}[audio]\ninput = \"tone:{CAROL}\"\ncodecs = [\"pcmu\"]\n",
        carol.usual(&format!("{ESP};"))
    ));
    for home in [&mut alice, &mut bob, &mut carol] {
        home.start();
    }
    let [first_heard, second_heard] = [alice.path("heard.wav"), carol.path("heard.wav")];
    let (mut first, c1) = calls_bob(&bob, &alice, &first_heard);
    refused(bob.run(&["conference", &c1, &c1]), 2, "same-call");
    refused(bob.run(&["conference", &c1, "c99"]), 2, "no-such-call");
    refused(bob.run(&["record", &c1, "--stop"]), 2, "not-recorded");
    let failed = refused(bob.run(&["record", &c1, "/nonexistent/both.mp3"]), 2, "no-recording");
    assert!(failed["next"].as_str().unwrap().contains("end in .wav or .opus"), "{failed}");
    refused(bob.run(&["record", &c1, "/nonexistent/x.wav"]), 2, "recording-impossible");
    let (mut second, c2) = calls_bob(&bob, &carol, &second_heard);
    let conference = check(&bob.run(&["conference", &c1, &c2]).expect(0), "ConferenceView");
    assert!(conference["weakest"].as_str().unwrap().starts_with("esp"), "{conference}");
    assert_eq!(conference["weaker"], Value::Null, "{conference}");
    assert_eq!(the_call(&bob, &c2)["conference"], c1.as_str());
    refused(bob.run(&["conference", &c1, &c2]), 2, "conference-full");
    let [both, mixed] = ["both.wav", "mixed.wav"].map(|name| bob.path(name));
    let into = |file: &Path| file.to_str().unwrap().to_owned();
    let recorded = check(&bob.run(&["record", &c1, &into(&both), "--consent-tone"]).expect(0), "CallView");
    assert_eq!(recorded["recording"], into(&both).as_str());
    refused(bob.run(&["record", &c1, &into(&mixed)]), 2, "recorded-already");
    refused(bob.run(&["record", &c2, &into(&both)]), 2, "recording-impossible");
    bob.run(&["record", &c2, &into(&mixed), "--mixed"]).expect(0);
    goes_on(&bob, &c1, 150);
    bob.run(&["record", &c1, "--stop"]).expect(0);
    look_until(|| the_call(&bob, &c1)["recording"].is_null().then_some(()));
    // A disk that is full ends a recording and not the call.
    bob.run(&["record", &c1, "/dev/full"]).expect(0);
    look_until(|| the_call(&bob, &c1)["recording"].is_null().then_some(()));
    let own = check(&bob.run(&["record", &c1]).expect(0), "CallView");
    let own = PathBuf::from(own["recording"].as_str().unwrap());
    assert_eq!(own.parent().unwrap(), bob.data().join("recordings"));
    assert!(own.to_str().unwrap().ends_with(&format!("-{c1}.opus")), "{own:?}");
    goes_on(&bob, &c1, 10);
    bob.run(&["record", &c1, "--stop"]).expect(0);
    look_until(|| the_call(&bob, &c1)["recording"].is_null().then_some(()));
    assert!(std::fs::read(&own).unwrap().starts_with(b"OggS"));
    let [left, right] = channels(&both);
    has(&left, [false, true, true]);
    has(&right, [true, false, false]);
    let beep = |seconds: usize| left.share(seconds * left.rate, 1400.0);
    assert!(beep(0) > 0.02 && beep(1) < 0.005, "{} {}", beep(0), beep(1));
    // Carol leaves: Alice and Bob talk on.
    second.kill().unwrap();
    second.wait().unwrap();
    carol.run(&["hangup"]).expect(0);
    look_until(|| the_call(&bob, &c1)["conference"].is_null().then_some(()));
    let [all, _] = channels(&mixed);
    has(&all, [true, true, true]);
    has(&channels(&second_heard)[0], [true, true, false]);
    goes_on(&bob, &c1, 150);
    bob.run(&["hangup"]).expect(0);
    first.wait().unwrap();
    has(&channels(&first_heard)[0], [false, true, false]);
}

/// Who is held hears nothing; the third goes on hearing: both, and how they come together again, are said.
#[test]
fn who_is_held_is_out_of_the_conference_and_that_is_said() {
    let [mut alice, mut bob, mut carol] =
        [("alice", ALICE), ("bob", BOB), ("carol", CAROL)].map(|(name, hertz)| home(name, hertz, ESP));
    for home in [&mut alice, &mut bob, &mut carol] {
        home.start();
    }
    let [(first, c1), (second, c2)] = [&alice, &carol].map(|caller| calls_bob(&bob, caller, &caller.path("heard.wav")));
    let told = |args: &[&str]| {
        let output = bob.command(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let alone = told(&["hold", &c1]);
    assert!(alone.contains("nobody hears anything until"), "{alone}");
    told(&["conference", &c1, &c2]);
    let is_taken_up =
        || (the_call(&bob, &c1)["on_hold"] == false && the_call(&bob, &c1)["hold"]["state"] == "done").then_some(());
    look_until(is_taken_up);
    let held = told(&["hold", &c1]);
    let again = format!("until `sottovoce conference {c1} {c2}`; call {c2} goes on hearing you");
    assert!(held.contains(&again) && !held.contains("nobody"), "{held}");
    let resumed = told(&["resume", &c1]);
    assert!(resumed.contains(&format!("call {c2} is on hold meanwhile (`sottovoce resume {c2}`)")), "{resumed}");
    bob.run(&["hangup"]).expect(0);
    for mut call in [first, second] {
        call.wait().unwrap();
    }
}

#[test]
fn who_is_muted_hears_and_is_not_heard_until_that_is_taken_back() {
    let (mut alice, mut bob) = (home("alice", ALICE, ESP), home("bob", BOB, ESP));
    alice.start();
    bob.start();
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60"]).spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    let loud = |home: &Home, side: &str| {
        let levels = the_call(home, "c1")["levels"][side].as_array().cloned().unwrap_or_default();
        let last = levels.last().map_or(-99, |level| level["rms"].as_i64().unwrap());
        last > -40
    };
    look_until(|| loud(&bob, "output").then_some(()));
    assert_eq!(check(&alice.run(&["mute", "c1"]).expect(0), "CallView")["muted"], true);
    look_until(|| (!loud(&bob, "output")).then_some(()));
    assert!(loud(&alice, "output") && loud(&bob, "input"), "the other way goes on");
    assert_eq!(check(&alice.run(&["unmute", "c1"]).expect(0), "CallView")["muted"], false);
    look_until(|| loud(&bob, "output").then_some(()));
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
    refused(alice.run(&["mute", "c1"]), 2, "no-such-call");
}
