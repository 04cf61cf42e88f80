//! What a microphone hears beside a voice: the loudspeaker, noise; and a voice that is too quiet. WebRTC's audio processing (its echo canceller 3, noise
//! suppressor and gain controller 2), by the `sonora` crate. What that takes of the heap for a frame it gives back.

use std::collections::VecDeque;

use sonora::config::{AdaptiveDigital, EchoCanceller, GainController2, MaxProcessingRate, NoiseSuppression, Pipeline};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::Treatment;

/// In hertz.
const RATE: u32 = 48_000;
/// Samples that are treated at once: 10 ms.
const PART: usize = RATE as usize / 100;
/// So much of what was played has to be there, beside what is needed, before it is gone on with: both sides are uneven. An echo comes later.
const SPARE: usize = PART;
/// The most of it that waits: 400 ms.
const MOST: usize = 40 * PART;

/// The most that a voice is made louder, in decibels, and how much louder it is at first: what is loud already must not be cut off then.
const MOST_GAIN: f32 = 30.0;
const FIRST_GAIN: f32 = 5.0;

/// One microphone, and the loudspeaker that it may hear. Both are counted in samples as their devices take and give them, and each of one goes with one of
/// the other: so an echo comes as late as before, whatever lies between the devices and the call for the moment.
pub struct Acoustics {
    engine: AudioProcessing,
    /// What the loudspeaker got, and the microphone has not come to.
    played: VecDeque<i16>,
    /// Too little of it is there.
    waits: bool,
    /// What the microphone gave, and what became of it.
    heard: VecDeque<i16>,
    treated: VecDeque<i16>,
}

impl Acoustics {
    /// `None` where there is nothing to do.
    pub fn new(treatment: Treatment) -> Option<Box<Self>> {
        if treatment == Treatment::default() {
            return None;
        }
        let mono = StreamConfig::new(RATE, 1);
        let builder = AudioProcessing::builder().config(config(treatment));
        let engine = builder.capture_config(mono).render_config(mono).build();
        let mut treated = VecDeque::with_capacity(4 * PART);
        treated.resize(PART, 0);
        let (played, heard) = (VecDeque::with_capacity(MOST), VecDeque::with_capacity(4 * PART));
        Some(Box::new(Self { engine, played, waits: true, heard, treated }))
    }

    /// Samples at 48 kHz that the loudspeaker gets.
    pub fn played(&mut self, samples: &[i16]) {
        let samples = samples.get(samples.len().saturating_sub(MOST)..).unwrap_or_default();
        let too_many = (self.played.len() + samples.len()).saturating_sub(MOST);
        self.played.drain(..too_many.min(self.played.len()));
        self.played.extend(samples);
    }

    /// So many samples of silence, of its own.
    pub fn played_nothing(&mut self, samples: usize) {
        let room = MOST.saturating_sub(self.played.len());
        self.played.extend(std::iter::repeat_n(0, samples.min(room)));
    }

    /// Samples at 48 kHz that the microphone gave, at most 40 ms of them. In their place comes what was heard 10 ms before.
    pub fn heard(&mut self, samples: &mut [i16]) {
        for part in samples.chunks_mut(PART) {
            self.heard.extend(&*part);
            while self.heard.len() >= PART {
                self.treat();
            }
            part.iter_mut().for_each(|sample| *sample = self.treated.pop_front().unwrap_or_default());
        }
    }

    /// So many samples that the microphone gave are left out.
    pub fn passed_over(&mut self, samples: usize) {
        self.played.drain(..samples.min(self.played.len()));
    }

    fn treat(&mut self) {
        let (mut played, mut heard, mut room) = ([0; PART], [0; PART], [0; PART]);
        self.waits = self.played.len() < if self.waits { PART + SPARE } else { PART };
        if !self.waits {
            played.iter_mut().zip(self.played.drain(..PART)).for_each(|(to, from)| *to = from);
        }
        heard.iter_mut().zip(self.heard.drain(..PART)).for_each(|(to, from)| *to = from);
        // Both have the rate and the length that it was made for.
        let _ = self.engine.process_render_i16(&played, &mut room);
        let treated = self.engine.process_capture_i16(&heard, &mut room);
        self.treated.extend(if treated.is_ok() { &room } else { &heard });
    }
}

fn config(treatment: Treatment) -> Config {
    let gain_control = || GainController2 {
        adaptive_digital: Some(AdaptiveDigital {
            max_gain_db: MOST_GAIN,
            initial_gain_db: FIRST_GAIN,
            ..AdaptiveDigital::default()
        }),
        ..GainController2::default()
    };
    Config {
        pipeline: Pipeline { maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz, ..Pipeline::default() },
        echo_canceller: treatment.echo_cancellation.then(EchoCanceller::default),
        noise_suppression: treatment.noise_suppression.then(NoiseSuppression::default),
        gain_controller2: treatment.gain_control.then(gain_control),
        ..Config::default()
    }
}
