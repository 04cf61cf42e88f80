//! What is in a recording.

use std::f64::consts::TAU;
use std::path::Path;

use crate::tone::energies;

/// The share of the energy of a recording that is at `hertz`, give or take what its length blurs: 1 of a pure tone, about 0 of another.
/// Without its first and last quarters: calls begin and end raggedly. `None` when there is less than half a second of it.
pub fn share_of_tone(recording: &Path, hertz: f64) -> Option<f64> {
    let mut reader = hound::WavReader::open(recording).ok()?;
    let rate = f64::from(reader.spec().sample_rate) * f64::from(reader.spec().channels);
    let samples: Vec<f64> = reader.samples::<i16>().map_while(Result::ok).map(f64::from).collect();
    let middle =
        samples.get(samples.len() / 4..samples.len() * 3 / 4).filter(|middle| middle.len() as f64 > rate / 4.0)?;
    // Frames that were lost or stretched turn the phase: each fifth of a second is judged by itself.
    let pieces = middle.chunks_exact((rate / 5.0) as usize);
    let (at_tone, all) =
        pieces.map(|piece| energies(piece, hertz / rate)).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Some(if all > 0.0 { at_tone / all } else { 0.0 })
}

/// A minute of a tone at 8000 Hz.
pub fn write_tone(file: &Path, hertz: f64) {
    write_tone_as(file, hertz, 8000, 1);
}

/// The same, so many samples a second in so many channels.
pub fn write_tone_as(file: &Path, hertz: f64, sample_rate: u32, channels: u16) {
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(file, spec).unwrap();
    for n in 0..sample_rate * 60 {
        let sample = (8000.0 * (TAU * hertz * f64::from(n) / f64::from(sample_rate)).sin()) as i16;
        for _ in 0..channels {
            writer.write_sample(sample).unwrap();
        }
    }
    writer.finalize().unwrap();
}
