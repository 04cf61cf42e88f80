//! Tones that tell our user how a call stands.

use std::f64::consts::TAU;

use super::FRAMES_A_SECOND;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Somebody calls: a warble of a second, every five.
    Ring,
    /// Whom he calls rings there: 425 Hz for a second, every five, as most networks of ITU-T E.180 supplement 2 have it.
    RingBack,
    /// Somebody calls while he talks: 425 Hz twice for a fifth of a second, every six.
    Waiting,
}

/// Loudest sample: -12 dB.
const PEAK: f64 = 8192.0;
/// In hertz, of the tones of networks.
const NETWORK: f64 = 425.0;
/// The two of the warble.
const WARBLE: [f64; 2] = [660.0, 880.0];
/// Frames of each of them.
const TURN: u32 = FRAMES_A_SECOND / 10;

impl Signal {
    /// Frames from one beginning to the next.
    fn period(self) -> u32 {
        FRAMES_A_SECOND
            * match self {
                Self::Ring | Self::RingBack => 5,
                Self::Waiting => 6,
            }
    }

    /// How often it sounds in that time, and for how many frames, with as many between.
    fn bursts(self) -> (u32, u32) {
        match self {
            Self::Ring | Self::RingBack => (1, FRAMES_A_SECOND),
            Self::Waiting => (2, FRAMES_A_SECOND / 5),
        }
    }

    /// Where in a burst a frame is, if it is in one.
    fn within(self, frame: u32) -> Option<u32> {
        let (count, length) = self.bursts();
        let (nth, at) = (frame / length, frame % length);
        (nth.is_multiple_of(2) && nth / 2 < count).then_some(at)
    }

    fn pitch(self, frame: u32) -> f64 {
        match self {
            Self::Ring if (frame / TURN).is_multiple_of(2) => WARBLE[0],
            Self::Ring => WARBLE[1],
            Self::RingBack | Self::Waiting => NETWORK,
        }
    }
}

/// A signal that sounds, frame by frame.
#[derive(Clone, Debug)]
pub struct Sounding {
    signal: Signal,
    frame: u32,
    phase: f64,
}

impl Sounding {
    pub fn new(signal: Signal) -> Self {
        Self { signal, frame: 0, phase: 0.0 }
    }

    /// The next 20 ms.
    pub fn frame(&mut self, frame: &mut [i16]) {
        let at = self.frame;
        self.frame = (at + 1) % self.signal.period();
        let Some(within) = self.signal.within(at) else {
            self.phase = 0.0;
            return frame.fill(0);
        };
        let step = TAU * self.signal.pitch(at) / (frame.len() as f64 * f64::from(FRAMES_A_SECOND));
        let len = frame.len().max(1) as f64;
        for (n, sample) in frame.iter_mut().enumerate() {
            // A frame each to begin and to end, without a click.
            let through = n as f64 / len;
            let rise = if within == 0 { through } else { 1.0 };
            let fall = if within + 1 == self.signal.bursts().1 { 1.0 - through } else { 1.0 };
            *sample = (PEAK * rise * fall * self.phase.sin()) as i16;
            self.phase = (self.phase + step) % TAU;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of twelve seconds at 48 kHz: frames with sound.
    fn loud(signal: Signal) -> (Vec<usize>, Vec<i16>) {
        let mut sounding = Sounding::new(signal);
        let mut all = Vec::new();
        for _ in 0..600 {
            let mut frame = [7; 960];
            sounding.frame(&mut frame);
            all.extend(frame);
        }
        let is_loud = |frame: &[i16]| frame.iter().any(|sample| sample.unsigned_abs() > 100);
        ((0..600).filter(|n| is_loud(&all[n * 960..(n + 1) * 960])).collect(), all)
    }

    #[test]
    fn each_has_its_rhythm_its_pitch_and_no_click() {
        for (signal, frames, pitch) in [
            (Signal::Ring, (0..50).chain(250..300).chain(500..550).collect::<Vec<_>>(), 770),
            (Signal::RingBack, (0..50).chain(250..300).chain(500..550).collect(), 425),
            (Signal::Waiting, (0..10).chain(20..30).chain(300..310).chain(320..330).collect(), 425),
        ] {
            let (found, sound) = loud(signal);
            assert_eq!(found, frames, "{signal:?}");
            let part = &sound[..frames.iter().take_while(|frame| **frame < 10).count() * 960];
            let rising = part.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
            assert!(rising.abs_diff(pitch / 5) <= 1, "{signal:?}: {rising}");
            assert!(sound.windows(2).all(|pair| pair[0].abs_diff(pair[1]) < 1000), "{signal:?}");
        }
    }
}
