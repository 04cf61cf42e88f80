use std::f64::consts::TAU;

use super::device::{check_device, Microphone};
use super::echo::DelayLine;
use super::pipe::{check_pipe, PipeSource};
use super::resample::FrameConverter;
use super::wav::read_wav;
use crate::agent::{AudioSource, SoundNews, SoundSide};
use crate::media::{Acoustics, SoundEnd, FRAMES_A_SECOND, MAX_FRAME};
use crate::vocab::{Failure, FailureKind};

/// Of all codecs, in hertz: a tone is heard by each.
const LOWEST_RATE: u32 = 8000;

/// Of what comes from a device or another program, in hertz.
pub const LIVE_RATE: u32 = 48_000;

/// Loudest sample of a tone: a quarter of full scale, -12 dB.
const TONE_PEAK: f64 = 8192.0;

/// Frames for a call, without end: after a file's last sample comes silence.
pub struct Source {
    sound: Sound,
    /// Samples a second of the sound.
    rate: u32,
    /// What the call wants by now.
    wanted: u32,
    /// Where that is another rate.
    converter: Option<FrameConverter>,
}

enum Sound {
    Device(Box<Microphone>),
    Echo(DelayLine),
    File { samples: Vec<i16>, next: usize },
    Pipe(Box<PipeSource>),
    Silence,
    Tone { hertz: u32, next: u32 },
}

/// Reads and checks all of a file, looks for a device or a pipe, before a call is placed.
pub fn check_source(source: &AudioSource) -> Result<(), Failure> {
    match source {
        AudioSource::Device(device) => check_device(device, SoundSide::Input),
        AudioSource::Pipe(path) => check_pipe(path),
        _ => Source::open(source, LOWEST_RATE).map(drop),
    }
}

impl Source {
    /// Frames of silence.
    pub fn silence() -> Self {
        Self { sound: Sound::Silence, rate: LOWEST_RATE, wanted: LOWEST_RATE, converter: None }
    }

    /// Reads a file at once and whole, so that nothing waits for the disk during the call. `rate` in hertz, a multiple of 50.
    pub fn open(source: &AudioSource, rate: u32) -> Result<Self, Failure> {
        let sound = match source {
            AudioSource::Device(device) => {
                return Ok(Self::live(Sound::Device(Box::new(Microphone::start(device.clone()))), rate))
            }
            AudioSource::Pipe(path) => return Ok(Self::live(Sound::Pipe(Box::new(PipeSource::open(path)?)), rate)),
            AudioSource::Echo => Sound::Echo(DelayLine::new(rate)),
            AudioSource::File(path) => Sound::File { samples: read_wav(path, rate)?, next: 0 },
            AudioSource::Silence => Sound::Silence,
            AudioSource::Tone(hertz) if *hertz == 0 || *hertz >= LOWEST_RATE / 2 => return Err(no_tone(*hertz)),
            AudioSource::Tone(hertz) => Sound::Tone { hertz: *hertz, next: 0 },
        };
        Ok(Self { sound, rate, wanted: rate, converter: None })
    }

    /// What comes at its own pace comes at 48 kHz.
    fn live(sound: Sound, rate: u32) -> Self {
        Self { sound, rate: LIVE_RATE, wanted: rate, converter: FrameConverter::new(LIVE_RATE, rate) }
    }

    /// That a device went away, or is there again.
    pub fn news(&mut self) -> Option<SoundNews> {
        match &mut self.sound {
            Sound::Device(microphone) => microphone.news(),
            Sound::Echo(_) | Sound::File { .. } | Sound::Pipe(_) | Sound::Silence | Sound::Tone { .. } => None,
        }
    }

    /// Where it comes from.
    pub fn end(&self) -> SoundEnd {
        match self.sound {
            Sound::Device(_) => SoundEnd::Device,
            Sound::Pipe(_) => SoundEnd::Program,
            Sound::Echo(_) | Sound::File { .. } | Sound::Silence | Sound::Tone { .. } => SoundEnd::Other,
        }
    }

    /// It comes from a device, or from another program.
    pub fn is_live(&self) -> bool {
        self.end() != SoundEnd::Other
    }

    /// The call goes on at another rate.
    pub fn set_rate(&mut self, rate: u32) {
        self.wanted = rate;
        self.converter = FrameConverter::new(self.rate, rate);
    }

    /// The next 20 ms, at the rate that was asked for last. `acoustics`, for what is live, treats it.
    pub fn frame(&mut self, frame: &mut [i16], acoustics: Option<&mut Acoustics>) {
        let Some(converter) = &mut self.converter else { return self.sound.treated(self.rate, frame, acoustics) };
        let mut own = [0; MAX_FRAME];
        let own = own.get_mut(..converter.frame_len()).unwrap_or_default();
        self.sound.treated(self.rate, own, acoustics);
        converter.convert(own, frame);
    }

    /// What was played in these 20 ms, after [`Source::frame`] of the same: an echo says it again.
    pub fn hear(&mut self, heard: &[i16]) {
        let Sound::Echo(line) = &mut self.sound else { return };
        let rate = u32::try_from(heard.len()).unwrap_or_default() * FRAMES_A_SECOND;
        if rate != self.rate {
            (*line, self.rate) = (DelayLine::new(rate), rate);
            self.converter = FrameConverter::new(rate, self.wanted);
        }
        line.push(heard);
    }

    /// A file's last sample has been handed out.
    pub fn has_ended(&self) -> bool {
        matches!(&self.sound, Sound::File { samples, next } if *next >= samples.len())
    }
}

impl Sound {
    fn treated(&mut self, rate: u32, frame: &mut [i16], acoustics: Option<&mut Acoustics>) {
        if let Self::Device(microphone) = self {
            return microphone.frame(frame, acoustics);
        }
        self.frame(rate, frame);
        if let Some(acoustics) = acoustics {
            acoustics.heard(frame);
        }
    }

    fn frame(&mut self, rate: u32, frame: &mut [i16]) {
        match self {
            Self::File { samples, next } => {
                let rest = samples.get(*next..).unwrap_or_default().iter().copied();
                *next = next.saturating_add(frame.len()).min(samples.len());
                frame.iter_mut().zip(rest.chain(std::iter::repeat(0))).for_each(|(to, from)| *to = from);
            }
            Self::Device(microphone) => microphone.frame(frame, None),
            Self::Echo(line) => line.next(frame),
            Self::Pipe(pipe) => pipe.frame(frame),
            Self::Silence => frame.fill(0),
            Self::Tone { hertz, next } => frame.fill_with(|| {
                let sample = (TAU * f64::from(*next) / f64::from(rate)).sin();
                // The phase is counted in whole samples of one second, so that it never drifts.
                *next = (*next + *hertz) % rate;
                (sample * TONE_PEAK) as i16
            }),
        }
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

    fn next(source: &mut Source, rate: u32) -> Vec<i16> {
        let mut frame = vec![7; (rate / FRAMES_A_SECOND) as usize];
        source.frame(&mut frame, None);
        frame
    }

    #[test]
    fn a_file_is_played_once_and_then_there_is_silence() {
        let samples: Vec<i16> = (1..=200).collect();
        let mut source = Source { sound: Sound::File { samples, next: 0 }, ..Source::silence() };
        assert_eq!(next(&mut source, 8000)[..3], [1, 2, 3]);
        assert!(!source.has_ended());
        let last = next(&mut source, 8000);
        assert_eq!((last[39], last[40]), (200, 0));
        assert!(source.has_ended());
        assert_eq!(next(&mut source, 8000), [0; 160]);
    }

    #[test]
    fn a_tone_goes_on_over_frames_at_its_pitch() {
        for (rate, then) in [(8000, 8000), (48_000, 48_000), (8000, 48_000), (48_000, 16_000)] {
            let mut source = Source::open(&AudioSource::Tone(440), rate).unwrap();
            source.set_rate(then);
            // A converter rings while it begins.
            (0..2).for_each(|_| drop(next(&mut source, then)));
            let second: Vec<i16> = (0..50).flat_map(|_| next(&mut source, then)).collect();
            let rising = second.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
            assert!((439..=441).contains(&rising), "{rate} {then}: {rising}");
            assert!(second.windows(2).all(|pair| pair[0].abs_diff(pair[1]) < 3000), "no jump between frames");
        }
        assert_eq!(check_source(&AudioSource::Tone(4000)).unwrap_err().code, "no-such-tone");
    }
}
