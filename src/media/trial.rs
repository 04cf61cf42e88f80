//! A trial of a loudspeaker and a microphone: a tone for the user's ear, chirps by which the way from the one to the other is measured, and
//! then time to say something.

use std::f64::consts::TAU;
use std::time::Duration;

use super::{Level, Meter, FRAMES_A_SECOND};

/// Of both, in hertz.
const RATE: usize = 48_000;
const FRAME: usize = RATE / FRAMES_A_SECOND as usize;
/// The tone, in frames and hertz.
const TONE: usize = 50;
const PITCH: f64 = 440.0;
/// Frames from the end of the tone to the first chirp, and from each to the next: what is heard of one is over by then.
const PAUSE: usize = 25;
const APART: usize = 40;
const CHIRPS: usize = 3;
/// Of one: frames, and the hertz from which and to which it rises.
const CHIRP: usize = 5;
const RISE: (f64, f64) = (500.0, 2500.0);
/// Frames in which the user can say something.
const VOICE: usize = 100;
const LENGTH: usize = TONE + PAUSE + CHIRPS * APART + VOICE;
/// -12 dB.
const PEAK: f64 = 8192.0;
/// Samples that are made one before chirps are looked for: 8000 a second are left, which is an eighth of a millisecond each.
const COARSE: usize = 6;
/// A chirp that is as like as this is one: noise is far below.
const LIKE: f64 = 0.4;
/// Delays of two chirps that differ by less are the same, in coarse samples: 10 ms.
const SAME: usize = 80;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialResult {
    /// From the loudspeaker to the microphone, with all that is between them; `None`: it does not hear the loudspeaker.
    pub delay: Option<Duration>,
    /// Nothing but zeros came of the microphone.
    pub is_silent: bool,
    /// The loudest tenth of a second while the user could say something.
    pub voice: Level,
}

/// Frame by frame.
#[derive(Default)]
pub struct Trial {
    frame: usize,
    heard: Vec<i16>,
    meter: Meter,
    voice: Level,
}

impl Trial {
    /// 20 ms at 48 kHz each way: what the microphone gave, and what is for the loudspeaker. `false` when it is over.
    pub fn frame(&mut self, heard: &[i16], said: &mut [i16]) -> bool {
        for (n, sample) in (self.frame * FRAME..).zip(said.iter_mut()) {
            *sample = signal(n);
        }
        self.heard.extend_from_slice(heard);
        if self.meter.note(heard) && self.speaks() && self.level().rms >= self.voice.rms {
            self.voice = self.level();
        }
        self.frame += 1;
        self.frame < LENGTH
    }

    /// The user can say something now.
    pub fn speaks(&self) -> bool {
        self.frame >= LENGTH - VOICE
    }

    /// Of the last tenth of a second.
    pub fn level(&self) -> Level {
        self.meter.last().last().copied().unwrap_or_default()
    }

    pub fn result(&self) -> TrialResult {
        let is_silent = self.heard.iter().all(|sample| *sample == 0);
        TrialResult { delay: self.delay(), is_silent, voice: self.voice }
    }

    /// Two chirps at least have to say the same.
    fn delay(&self) -> Option<Duration> {
        let (heard, chirp) = (coarse(&self.heard), coarse(&chirp()));
        let mut lags: Vec<usize> = (0..CHIRPS).filter_map(|nth| lag(&heard, &chirp, begins(nth) / COARSE)).collect();
        lags.sort_unstable();
        let near = lags.windows(2).find(|pair| matches!(pair, [one, other] if other - one < SAME))?;
        let samples = near.iter().sum::<usize>() * COARSE / near.len();
        Some(Duration::from_micros((samples * 1_000_000 / RATE) as u64))
    }
}

/// The first sample of a chirp.
fn begins(nth: usize) -> usize {
    (TONE + PAUSE + nth * APART) * FRAME
}

fn signal(n: usize) -> i16 {
    let tone = TONE * FRAME;
    if n < tone {
        let edge = (n.min(tone - n) as f64 / FRAME as f64).min(1.0);
        return (PEAK * edge * (TAU * PITCH * n as f64 / RATE as f64).sin()) as i16;
    }
    let since = (0..CHIRPS).filter_map(|nth| n.checked_sub(begins(nth))).min();
    since.filter(|since| *since < CHIRP * FRAME).map_or(0, rising)
}

/// The pitch rises evenly; its phase is the integral of that.
fn rising(n: usize) -> i16 {
    let all = (CHIRP * FRAME) as f64 / RATE as f64;
    let at = n as f64 / RATE as f64;
    let phase = RISE.0 * at + (RISE.1 - RISE.0) * at * at / (2.0 * all);
    let edge = (n.min(CHIRP * FRAME - n) as f64 / (FRAME as f64 / 4.0)).min(1.0);
    (PEAK * edge * (TAU * phase).sin()) as i16
}

fn chirp() -> Vec<i16> {
    (0..CHIRP * FRAME).map(rising).collect()
}

fn coarse(sound: &[i16]) -> Vec<f64> {
    let mean = |part: &[i16]| part.iter().map(|sample| f64::from(*sample)).sum::<f64>() / COARSE as f64;
    sound.chunks_exact(COARSE).map(mean).collect()
}

/// How much later than it was said the chirp is heard, in coarse samples, if it is.
fn lag(heard: &[f64], chirp: &[f64], said: usize) -> Option<usize> {
    let last = (APART - CHIRP) * FRAME / COARSE;
    let likeness = |lag: usize| Some((lag, like(heard.get(said + lag..said + lag + chirp.len())?, chirp)));
    let best = (0..last).filter_map(likeness).max_by(|one, other| one.1.total_cmp(&other.1))?;
    (best.1 > LIKE).then_some(best.0)
}

/// The normalised correlation: 1 for the same, however loud.
fn like(heard: &[f64], chirp: &[f64]) -> f64 {
    let dot: f64 = heard.iter().zip(chirp).map(|(one, other)| one * other).sum();
    let power = |sound: &[f64]| sound.iter().map(|sample| sample * sample).sum::<f64>();
    // Of what is quieter than a step of the samples nothing is taken for a chirp.
    dot / (power(heard) * power(chirp)).sqrt().max(1.0 * chirp.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A room that gives back a part of it so many samples later, with noise of so much.
    fn tried(delay: usize, part: f64, noise: i32) -> TrialResult {
        let (mut trial, mut said) = (Trial::default(), Vec::new());
        let mut seed = 7u32;
        let mut frame = [0; FRAME];
        for at in 0.. {
            let heard: Vec<i16> = (at * FRAME..(at + 1) * FRAME)
                .map(|n| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let noise = if noise == 0 { 0 } else { (seed >> 16) as i32 % noise };
                    let echo = n.checked_sub(delay).and_then(|n| said.get(n)).copied().unwrap_or(0i16);
                    (f64::from(echo) * part) as i16 + noise as i16
                })
                .collect();
            let goes_on = trial.frame(&heard, &mut frame);
            said.extend(frame);
            if !goes_on {
                break;
            }
        }
        trial.result()
    }

    #[test]
    fn a_delay_is_measured_through_noise_and_however_quiet() {
        for (delay, part, noise) in [(960, 1.0, 0), (4800, 0.5, 100), (24_000, 0.1, 300), (2400, 0.01, 20)] {
            let found = tried(delay, part, noise).delay.expect("it is heard").as_secs_f64() * RATE as f64;
            assert!((found - delay as f64).abs() < 24.0, "{delay}: {found}");
        }
    }

    #[test]
    fn what_does_not_hear_the_loudspeaker_has_no_delay_and_silence_is_silence() {
        let quiet = TrialResult { delay: None, is_silent: true, voice: Level::default() };
        assert_eq!(tried(960, 0.0, 0), quiet);
        let noisy = tried(960, 0.0, 2000);
        assert!(noisy.delay.is_none() && !noisy.is_silent && noisy.voice.peak > 1500, "{noisy:?}");
    }
}
