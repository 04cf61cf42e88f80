//! The voices: Debian's test sentences, joined, in another order for each direction.

use std::path::{Path, PathBuf};

const FOLDER: &str = "/usr/share/sounds/alsa";
const SENTENCES: [&str; 8] =
    ["Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right"];

/// Samples a second of the sentences.
pub const RATE: usize = 48_000;
/// Samples a second in a call.
pub const CALL_RATE: usize = 8_000;
const LEAST_SECONDS: usize = 8;

pub struct Speech {
    pub file: PathBuf,
    pub samples: Vec<i16>,
}

impl Speech {
    /// Joins sentences, beginning with number `first`, until they last eight seconds, and writes them to `file`.
    pub fn join(first: usize, file: PathBuf) -> Result<Self, String> {
        let mut samples = Vec::new();
        for sentence in SENTENCES.iter().cycle().skip(first) {
            samples.extend(read(&Path::new(FOLDER).join(format!("{sentence}.wav")), RATE)?);
            if samples.len() >= LEAST_SECONDS * RATE {
                break;
            }
        }
        write(&file, &samples)?;
        Ok(Self { file, samples })
    }

    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / RATE as f64
    }
}

/// All samples of a mono file that has this rate.
pub fn read(file: &Path, rate: usize) -> Result<Vec<i16>, String> {
    let told = |error: hound::Error| format!("{} cannot be read: {error}", file.display());
    let mut reader = hound::WavReader::open(file).map_err(told)?;
    let spec = reader.spec();
    if spec.channels != 1 || spec.sample_rate as usize != rate {
        return Err(format!("{} is no mono file of {rate} Hz", file.display()));
    }
    reader.samples::<i16>().collect::<Result<_, _>>().map_err(told)
}

fn write(file: &Path, samples: &[i16]) -> Result<(), String> {
    let told = |error: hound::Error| format!("{} cannot be written: {error}", file.display());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).map_err(told)?;
    samples.iter().try_for_each(|sample| writer.write_sample(*sample)).map_err(told)?;
    writer.finalize().map_err(told)
}
