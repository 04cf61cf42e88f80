//! Tones, and what became of them.

/// A quarter of full scale, at 48 kHz.
pub fn tone(hertz: f64, n: u32) -> i16 {
    (8192.0 * (std::f64::consts::TAU * hertz * f64::from(n) / 48_000.0).sin()) as i16
}

/// How loud one tone is in it, as the height of its sine (Goertzel's algorithm).
pub fn strength(sound: &[i16], hertz: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * hertz / 48_000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in sound {
        (one, two) = (f64::from(*sample) + turn * one - two, one);
    }
    let power = one * one + two * two - turn * one * two;
    2.0 * power.max(0.0).sqrt() / sound.len() as f64
}

/// The same, as it mostly is in 10 ms: however slowly its phase turns.
pub fn loudness(sound: &[i16], hertz: f64) -> f64 {
    let mut all: Vec<f64> = sound.chunks_exact(480).map(|part| strength(part, hertz)).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Parts of a hundred of it in which the tone is not at least half as loud as it should be; 10 ms at a time.
pub fn gaps(sound: &[i16], hertz: f64) -> f64 {
    let all: Vec<bool> = sound.chunks_exact(480).map(|part| strength(part, hertz) < 4096.0).collect();
    100.0 * all.iter().filter(|gap| **gap).count() as f64 / all.len() as f64
}

#[test]
fn strength_and_gaps_are_measured() {
    let mut sound: Vec<i16> = (0..48_000).map(|n| tone(1000.0, n)).collect();
    assert!((strength(&sound, 1000.0) - 8192.0).abs() < 10.0 && strength(&sound, 1500.0) < 10.0);
    assert_eq!(gaps(&sound, 1000.0), 0.0);
    sound[4800..9600].fill(0);
    assert_eq!(gaps(&sound, 1000.0), 10.0);
}
