//! opusinfo and opusdec read what was recorded as Opus.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::{finish, installed, look_until, skip, Home};
use crate::tone::energies;

const ALICE: f64 = 500.0;
const BOB: f64 = 1300.0;

fn home(name: &'static str, hertz: f64) -> Home {
    let home = Home::new(name, "ipsec esp/transport//require");
    let usual = home.usual("ipsec esp/transport//require;");
    home.configure(&format!("{usual}[audio]\ninput = \"tone:{hertz}\"\n"));
    home
}

fn the_call(home: &Home) -> Value {
    home.run(&["calls"]).expect(0).json()["calls"][0].clone()
}

fn goes_on(home: &Home, packets: u64) {
    let received = || the_call(home)["packets"]["received"].as_u64().unwrap();
    let before = received();
    look_until(|| (received() >= before + packets).then_some(()));
}

fn is_over(home: &Home) {
    look_until(|| the_call(home)["recording"].is_null().then_some(()));
}

/// The channels that opusdec finds, at 48 kHz.
fn decoded(file: &Path) -> Vec<Vec<f64>> {
    let wav = file.with_extension("wav");
    finish(Command::new("opusdec").args(["--quiet", "--rate", "48000"]).arg(file).arg(&wav)).expect(0);
    let mut reader = hound::WavReader::open(&wav).unwrap();
    let step = usize::from(reader.spec().channels);
    let samples: Vec<f64> = reader.samples::<i16>().map(|sample| f64::from(sample.unwrap())).collect();
    (0..step).map(|first| samples.iter().skip(first).step_by(step).copied().collect()).collect()
}

/// The share of a tone in it, but for its first and last fifths of a second.
fn share(channel: &[f64], hertz: f64) -> f64 {
    let pieces = channel[9600..channel.len() - 9600].chunks_exact(9600);
    let (at_tone, all) = pieces
        .map(|piece| energies(piece, hertz / 48_000.0))
        .fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    at_tone / all
}

/// Seconds of it; each side is heard at its side.
#[track_caller]
fn both_sides(file: &Path) -> f64 {
    let [left, right] = &decoded(file)[..] else { panic!("two channels") };
    // Who is heard where, and not how evenly: a machine that is busy with other tests loses frames of one or the other.
    let (own, others) = ([share(left, BOB), share(right, ALICE)], [share(left, ALICE), share(right, BOB)]);
    assert!(own.iter().all(|share| *share > 0.6) && others.iter().all(|share| *share < 0.03), "{own:?} {others:?}");
    left.len() as f64 / 48_000.0
}

/// What opusinfo says of the file.
fn told(file: &Path) -> String {
    finish(Command::new("opusinfo").arg(file)).stdout
}

#[test]
fn opusdec_plays_each_side_at_its_side_of_a_killed_agent_too() {
    if !installed("opusdec") {
        return skip("opus-tools are not installed");
    }
    let (mut alice, mut bob) = (home("alice", ALICE), home("bob", BOB));
    alice.start();
    bob.start();
    let [heard, both, full, killed] =
        ["heard.opus", "both.Opus", "full.opus", "killed.opus"].map(|name| bob.path(name));
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let into = |file: &Path| file.to_str().unwrap().to_owned();
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60", "--record", &into(&heard)]);
    let mut call = call.spawn().unwrap();
    look_until(|| (the_call(&bob)["state"] == "active").then_some(()));
    bob.run(&["record", "c1", &into(&full)]).expect(0);
    is_over(&bob);
    bob.run(&["record", "c1", &into(&both)]).expect(0);
    goes_on(&bob, 150);
    bob.run(&["record", "c1", "--stop"]).expect(0);
    is_over(&bob);
    let seconds = both_sides(&both);
    let told_of = told(&both);
    assert!(seconds > 2.5 && !told_of.contains("WARNING") && told_of.contains("Opus stream"), "{seconds} {told_of}");
    bob.run(&["record", "c1", &into(&killed)]).expect(0);
    goes_on(&bob, 150);
    bob.signal("KILL");
    // Whole seconds, without what precedes the sound: 6.5 ms.
    let seconds = both_sides(&killed) + 0.0065;
    assert!(seconds > 1.5 && (seconds - seconds.round()).abs() < 0.001, "{seconds}");
    alice.run(&["hangup"]).expect(0);
    call.wait().unwrap();
    let [channel] = &decoded(&heard)[..] else { panic!("one channel") };
    assert!(share(channel, BOB) > 0.6 && channel.len() > 48_000 * 5);
    assert!(!told(&heard).contains("WARNING"), "{}", told(&heard));
}
