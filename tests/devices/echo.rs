//! A microphone that hears the loudspeaker.

use std::path::Path;
use std::time::Duration;

use crate::calls::Call;
use crate::server::Server;

const SECONDS: usize = 60;

/// Noise in bursts of a fifth of a second, at 8 kHz.
fn write_speech(path: &Path) {
    let format =
        hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, format).unwrap();
    let mut seed = 1u32;
    for n in 0..8000 * SECONDS {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let envelope = (std::f32::consts::PI * n as f32 / 1600.0).sin().powi(2);
        writer.write_sample(((seed >> 17) as f32 * envelope) as i16 / 2 - (8192.0 * envelope) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

fn loud(sound: &[i16]) -> f64 {
    (sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / sound.len() as f64).sqrt()
}

/// How loud Bob hears himself, who speaks all the time while Alice's microphone hears her loudspeaker: the median of nine seconds, once he has
/// spoken for some.
fn echo(server: &Server, cancelled: bool) -> f64 {
    let room =
        "input = \"device:room.monitor\"\noutput = \"device:room\"\nnoise-suppression = false\ngain-control = false";
    let mut alice = server.treating("alice", &format!("{room}\necho-cancellation = {cancelled}"));
    let mut bob = server.agent("bob", "input = \"file:speech.wav\"\noutput = \"device:ear\"");
    write_speech(&bob.path("speech.wav"));
    alice.start();
    bob.start();
    let call = Call::place(&alice, &bob);
    let played = loud(&server.hear("room", Duration::from_secs(5)));
    let mut heard: Vec<f64> = (0..9).map(|_| loud(&server.hear("ear", Duration::from_secs(1)))).collect();
    call.end(&alice);
    println!("played {played:.0}, heard again {heard:.0?}");
    assert!(played > 1000.0, "he is heard");
    heard.sort_by(f64::total_cmp);
    heard[4]
}

#[test]
fn who_speaks_does_not_hear_himself_by_the_loudspeaker_of_the_other() {
    let Some(server) = Server::start() else { return };
    server.plug("room");
    server.plug("ear");
    let (with, without) = (echo(&server, true), echo(&server, false));
    assert!(without > 1000.0, "there is an echo to take out: {without}");
    assert!(with * 10.0 < without, "20 dB at least: {with} of {without}");
}
