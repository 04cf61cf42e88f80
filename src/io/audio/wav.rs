use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec};

use super::resample::Resampler;
use crate::vocab::{Failure, FailureKind};

/// The longest file that is played, in seconds: an hour is 55 MiB in memory at 8 kHz, and 330 at 48.
pub const LONGEST: u32 = 3600;

/// Reads PCM of 16 bits, mono or stereo (mixed), 8 to 48 kHz, as mono of the `rate`, in hertz.
pub fn read_wav(path: &Path, rate: u32) -> Result<Vec<i16>, Failure> {
    let mut reader = WavReader::open(path).map_err(|error| unreadable(path, &error))?;
    let spec = check(path, &reader)?;
    let mut resampler = Resampler::new(spec.sample_rate, rate);
    let channels = usize::from(spec.channels);
    let scale = 1.0 / (32768.0 * f32::from(spec.channels));
    let mut sum = 0.0;
    for (index, sample) in reader.samples::<i16>().enumerate() {
        sum += f32::from(sample.map_err(|error| unreadable(path, &error))?);
        if index % channels == channels - 1 {
            resampler.push(sum * scale);
            sum = 0.0;
        }
    }
    Ok(resampler.finish())
}

fn check(path: &Path, reader: &WavReader<BufReader<File>>) -> Result<WavSpec, Failure> {
    let spec = reader.spec();
    if spec.sample_format == SampleFormat::Float {
        return Err(unfit(path, "its samples are floating point"));
    }
    if spec.bits_per_sample != 16 {
        return Err(unfit(path, &format!("its samples have {} bits", spec.bits_per_sample)));
    }
    if !(1..=2).contains(&spec.channels) {
        return Err(unfit(path, &format!("it has {} channels", spec.channels)));
    }
    if !(8000..=48_000).contains(&spec.sample_rate) {
        return Err(unfit(path, &format!("its rate is {} Hz", spec.sample_rate)));
    }
    if reader.duration() == 0 {
        return Err(unfit(path, "it holds no sound"));
    }
    if reader.duration() / spec.sample_rate > LONGEST {
        return Err(unfit(path, "it lasts longer than an hour"));
    }
    Ok(spec)
}

fn unfit(path: &Path, why: &str) -> Failure {
    let name = path.display();
    Failure::new(
        FailureKind::Usage,
        "wav-unfit",
        format!("the sound file {name} cannot be played: {why}"),
        name.to_string(),
        "convert it to PCM of 16 bits, mono or stereo, 8 to 48 kHz, at most an hour, as with `sox IN -b 16 -r 8000 -c 1 OUT.wav`",
    )
}

fn unreadable(path: &Path, error: &hound::Error) -> Failure {
    use hound::Error::{FormatError, IoError, Unsupported};
    match error {
        // A file that is too short is an error of hound's own, without a number of the system.
        IoError(error) if error.raw_os_error().is_some() => {
            let name = path.display();
            let message = format!("the sound file {name} cannot be read: {error}");
            let next = "check the name, and that you may read the file";
            Failure::new(FailureKind::Usage, "wav-unreadable", message, name.to_string(), next)
        }
        FormatError("no RIFF tag found" | "no WAVE tag found") => unfit(path, "it is no WAV file"),
        Unsupported => unfit(path, "its samples are not plain PCM"),
        FormatError(why) => unfit(path, &format!("it is damaged ({why})")),
        _ => unfit(path, "it is damaged or cut short"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::WavWriter;

    fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample, sample_format }
    }

    fn write(path: &Path, spec: WavSpec, samples: &[i16]) {
        let mut writer = WavWriter::create(path, spec).unwrap();
        samples.iter().for_each(|sample| match (spec.sample_format, spec.bits_per_sample) {
            (SampleFormat::Float, _) => writer.write_sample(f32::from(*sample)).unwrap(),
            (_, 8) => writer.write_sample((sample >> 8) as i8).unwrap(),
            (_, 24) => writer.write_sample(i32::from(*sample)).unwrap(),
            _ => writer.write_sample(*sample).unwrap(),
        });
        writer.finalize().unwrap();
    }

    #[test]
    fn eight_kilohertz_come_back_as_they_are_and_stereo_is_mixed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        write(&path, spec(1, 8000, 16, SampleFormat::Int), &[0, 1, -1, i16::MAX, i16::MIN, 1234]);
        assert_eq!(read_wav(&path, 8000).unwrap(), [0, 1, -1, i16::MAX, i16::MIN, 1234]);
        write(&path, spec(2, 8000, 16, SampleFormat::Int), &[100, 300, -50, 50, i16::MAX, i16::MAX]);
        assert_eq!(read_wav(&path, 8000).unwrap(), [200, 0, i16::MAX]);
        write(&path, spec(2, 48_000, 16, SampleFormat::Int), &[0; 96_000]);
        assert_eq!(read_wav(&path, 8000).unwrap(), [0; 8000]);
    }

    #[test]
    fn what_cannot_be_played_says_why_and_what_to_do() {
        use SampleFormat::{Float, Int};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let cases = [
            (spec(1, 8000, 24, Int), "24 bits"),
            (spec(1, 8000, 8, Int), "8 bits"),
            (spec(1, 8000, 32, Float), "floating point"),
            (spec(3, 8000, 16, Int), "3 channels"),
            (spec(1, 7999, 16, Int), "7999 Hz"),
            (spec(1, 96_000, 16, Int), "96000 Hz"),
        ];
        for (spec, why) in cases {
            write(&path, spec, &[1, 2, 3]);
            let failure = read_wav(&path, 8000).unwrap_err();
            assert_eq!(failure.code, "wav-unfit");
            assert!(failure.message.contains(why) && failure.message.contains("a.wav"), "{failure}");
        }
        write(&path, spec(1, 8000, 16, Int), &[]);
        assert!(read_wav(&path, 8000).unwrap_err().message.contains("no sound"));
        assert_eq!(read_wav(&dir.path().join("none.wav"), 8000).unwrap_err().code, "wav-unreadable");
    }

    #[test]
    fn a_broken_file_is_refused_at_every_length_and_never_panics() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        write(&path, spec(1, 16_000, 16, SampleFormat::Int), &[7; 20]);
        let whole = std::fs::read(&path).unwrap();
        for len in 0..whole.len() {
            std::fs::write(&path, &whole[..len]).unwrap();
            let failure = read_wav(&path, 8000).unwrap_err();
            assert_eq!(failure.code, "wav-unfit", "{len}: {failure}");
        }
        for bit in 0..44 * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &flipped).unwrap();
            let _ = read_wav(&path, 8000);
        }
        std::fs::write(&path, "This is a letter, and no sound at all; and quite a long letter it is.").unwrap();
        assert!(read_wav(&path, 8000).unwrap_err().message.contains("no WAV file"));
    }
}
