use std::f64::consts::TAU;

use super::wav::read_wav;
use crate::agent::AudioSource;
use crate::media::Codec;
use crate::vocab::{Failure, FailureKind};

/// Loudest sample of a tone: a quarter of full scale, -12 dB.
const TONE_PEAK: f64 = 8192.0;

/// Frames for a call, without end: after a file's last sample comes silence.
#[derive(Debug)]
pub enum Source {
    File { samples: Vec<i16>, next: usize },
    Silence,
    Tone { hertz: u32, next: u32 },
}

/// Reads and checks all of it, before a call is placed.
pub fn check_source(source: &AudioSource) -> Result<(), Failure> {
    Source::open(source).map(drop)
}

impl Source {
    /// Reads a file at once and whole, so that nothing waits for the disk during the call.
    pub fn open(source: &AudioSource) -> Result<Self, Failure> {
        match source {
            AudioSource::File(path) => Ok(Self::File { samples: read_wav(path)?, next: 0 }),
            AudioSource::Silence => Ok(Self::Silence),
            AudioSource::Tone(hertz) if *hertz == 0 || *hertz >= Codec::RATE / 2 => Err(no_tone(*hertz)),
            AudioSource::Tone(hertz) => Ok(Self::Tone { hertz: *hertz, next: 0 }),
        }
    }

    /// The next 20 ms.
    pub fn frame(&mut self) -> [i16; Codec::FRAME] {
        match self {
            Self::File { samples, next } => {
                let rest = samples.get(*next..).unwrap_or_default();
                let mut frame = [0; Codec::FRAME];
                frame.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                *next = next.saturating_add(Codec::FRAME).min(samples.len());
                frame
            }
            Self::Silence => [0; Codec::FRAME],
            Self::Tone { hertz, next } => std::array::from_fn(|_| {
                let sample = (TAU * f64::from(*next) / f64::from(Codec::RATE)).sin();
                // The phase is counted in whole samples of one second, so that it never drifts.
                *next = (*next + *hertz) % Codec::RATE;
                (sample * TONE_PEAK) as i16
            }),
        }
    }

    /// A file's last sample has been handed out.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::File { samples, next } if *next >= samples.len())
    }
}

fn no_tone(hertz: u32) -> Failure {
    Failure::new(
        FailureKind::Usage,
        "no-such-tone",
        format!("a tone of {hertz} Hz cannot be sent: the sound of a call reaches from 1 to 3999 Hz"),
        format!("tone:{hertz}"),
        "choose another tone, as tone:440",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_played_once_and_then_there_is_silence() {
        let samples: Vec<i16> = (1..=200).collect();
        let mut source = Source::File { samples, next: 0 };
        assert_eq!(source.frame()[..3], [1, 2, 3]);
        assert!(!source.has_ended());
        let last = source.frame();
        assert_eq!((last[39], last[40]), (200, 0));
        assert!(source.has_ended());
        assert_eq!(source.frame(), [0; Codec::FRAME]);
    }

    #[test]
    fn a_tone_goes_on_over_frames_at_its_pitch() {
        let mut source = Source::open(&AudioSource::Tone(440)).unwrap();
        let second: Vec<i16> = (0..50).flat_map(|_| source.frame()).collect();
        let rising = second.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
        assert!((439..=440).contains(&rising), "{rising}");
        assert!(second.windows(2).all(|pair| pair[0].abs_diff(pair[1]) < 3000), "no jump between frames");
        assert_eq!(check_source(&AudioSource::Tone(4000)).unwrap_err().code, "no-such-tone");
    }
}
