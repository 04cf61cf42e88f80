//! Sound put together, sample by sample, at one rate.

use std::f64::consts::TAU;

use super::FRAMES_A_SECOND;

/// Sums up to this, three quarters of full scale, stay as they are.
const KNEE: i32 = 24_576;

/// What two samples can have above it, and what is left above it: `1` of `STEEP`.
const STEEP: i32 = 5;

/// Adds `other` to `frame`. What is loud together is pressed, so that it never reaches beyond full scale.
pub fn mix(frame: &mut [i16], other: &[i16]) {
    for (to, from) in frame.iter_mut().zip(other) {
        *to = pressed(i32::from(*to) + i32::from(*from));
    }
}

/// One sample alone stays what it was.
fn pressed(sum: i32) -> i16 {
    let over = sum.abs() - KNEE;
    let magnitude = if over > 0 { KNEE + over / STEEP } else { sum.abs() };
    i16::try_from(magnitude * sum.signum()).unwrap_or(i16::MAX)
}

/// The beep that tells a peer that a call is recorded: a fifth of a second of 1400 Hz every 15 seconds, the first at once.
#[derive(Clone, Debug, Default)]
pub struct ConsentTone {
    /// Frames since the last one began; `None` before the first.
    frame: Option<u32>,
}

impl ConsentTone {
    /// Frames from one to the next.
    pub const EVERY: u32 = 15 * FRAMES_A_SECOND;
    /// In hertz.
    pub const PITCH: f64 = 1400.0;
    /// Frames of one.
    const LENGTH: u32 = FRAMES_A_SECOND / 5;
    /// Loudest sample: -18 dB.
    const PEAK: f64 = 4096.0;

    /// To the next frame of 20 ms.
    pub fn go_on(&mut self) {
        self.frame = Some(self.frame.map_or(0, |at| (at + 1) % Self::EVERY));
    }

    /// Puts what is due into the frame.
    pub fn mix_into(&self, frame: &mut [i16]) {
        let Some(at) = self.frame.filter(|at| *at < Self::LENGTH) else { return };
        let rate = frame.len() as f64 * f64::from(FRAMES_A_SECOND);
        let (first, all) = (at as usize * frame.len(), Self::LENGTH as usize * frame.len());
        for (n, sample) in frame.iter_mut().enumerate() {
            let n = first + n;
            // Half a sine over the whole: it begins and ends without a click.
            let loud = (TAU * n as f64 / all as f64 / 2.0).sin();
            let tone = Self::PEAK * loud * (TAU * Self::PITCH * n as f64 / rate).sin();
            *sample = pressed(i32::from(*sample) + tone as i32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together_is_the_sum_and_never_beyond_full_scale() {
        let mixed = |a: i16, b: i16| {
            let mut frame = [a];
            mix(&mut frame, &[b]);
            frame[0]
        };
        assert_eq!([mixed(100, 23), mixed(-100, 23), mixed(12_000, 12_000)], [123, -77, 24_000]);
        for (a, b) in [(i16::MAX, i16::MAX), (i16::MIN, i16::MIN), (30_000, 20_000), (i16::MIN, i16::MAX)] {
            let sum = i32::from(a) + i32::from(b);
            let got = i32::from(mixed(a, b));
            assert!(got.signum() == sum.signum() && got.abs() <= sum.abs(), "{a} {b}: {got}");
        }
        let rising: Vec<i16> = (0..=i16::MAX).step_by(7).map(|sample| mixed(sample, i16::MAX)).collect();
        assert!(rising.windows(2).all(|pair| pair[0] <= pair[1]), "louder stays louder");
        assert_eq!(rising.last(), Some(&i16::MAX), "the loudest two");
    }

    #[test]
    fn the_consent_tone_comes_every_fifteen_seconds_at_any_rate() {
        for rate in [8000, 16_000, 48_000] {
            let mut tone = ConsentTone::default();
            let len = (rate / FRAMES_A_SECOND) as usize;
            let mut samples = Vec::new();
            for _ in 0..2 * ConsentTone::EVERY {
                let mut frame = vec![0; len];
                tone.go_on();
                tone.mix_into(&mut frame);
                samples.extend(frame);
            }
            let period = samples.len() / 2;
            assert_eq!(samples[..period], samples[period..]);
            let (beep, rest) = samples[..period].split_at(rate as usize / 5);
            assert!(rest.iter().all(|sample| *sample == 0));
            let rising = beep.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
            assert!((278..=281).contains(&rising), "1400 Hz for a fifth of a second: {rising}");
            assert!(beep.iter().any(|sample| *sample > 4000) && beep[..4].iter().all(|sample| sample.abs() < 100));
        }
    }
}
