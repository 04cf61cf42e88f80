use rubato::{FftFixedIn, Resampler as _};

use crate::media::Codec;

/// Input frames that are resampled at once.
const CHUNK: usize = 1024;

/// Brings sound of any rate to 8 kHz, chunk by chunk, so that a long file needs no room at its own rate.
pub struct Resampler {
    /// `None` at 8 kHz: samples go through as they are.
    engine: Option<FftFixedIn<f32>>,
    waiting: Vec<f32>,
    /// Samples at 8 kHz. The first `delay` of them are the filter's own.
    out: Vec<i16>,
    delay: usize,
    rate: u32,
    taken: u64,
}

impl Resampler {
    /// `rate` in hertz, not zero.
    pub fn new(rate: u32) -> Self {
        let build = || FftFixedIn::new(rate as usize, Codec::RATE as usize, CHUNK, 1, 1);
        // It refuses a rate of zero and no channel at all: neither is possible here.
        let engine = (rate != Codec::RATE).then(|| build().expect("a rate above zero and one channel"));
        let delay = engine.as_ref().map_or(0, |engine| engine.output_delay());
        Self { engine, waiting: Vec::with_capacity(CHUNK), out: Vec::new(), delay, rate, taken: 0 }
    }

    /// One sample, full scale at 1.
    pub fn push(&mut self, sample: f32) {
        self.taken += 1;
        if self.engine.is_none() {
            return self.out.push(to_i16(sample));
        }
        self.waiting.push(sample);
        if self.waiting.len() == CHUNK {
            self.run();
        }
    }

    /// As many samples as the sound lasts at 8 kHz, without the filter's delay.
    pub fn finish(mut self) -> Vec<i16> {
        let len = usize::try_from(self.taken * u64::from(Codec::RATE) / u64::from(self.rate)).unwrap_or(usize::MAX);
        while self.engine.is_some() && self.out.len() < len.saturating_add(self.delay) {
            self.waiting.resize(CHUNK, 0.0);
            self.run();
        }
        self.out.drain(..self.delay.min(self.out.len()));
        self.out.truncate(len);
        self.out
    }

    fn run(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        let done = engine.process(&[&self.waiting], None).expect("a whole chunk of one channel");
        self.out.extend(done.iter().flatten().map(|sample| to_i16(*sample)));
        self.waiting.clear();
    }
}

fn to_i16(sample: f32) -> i16 {
    // A cast from float saturates.
    (sample * 32768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hertz: f32, seconds: f32) -> Vec<f32> {
        let len = (rate as f32 * seconds) as usize;
        (0..len).map(|n| 0.5 * (std::f32::consts::TAU * hertz * n as f32 / rate as f32).sin()).collect()
    }

    fn resampled(rate: u32, sound: &[f32]) -> Vec<i16> {
        let mut resampler = Resampler::new(rate);
        sound.iter().for_each(|sample| resampler.push(*sample));
        resampler.finish()
    }

    #[test]
    fn a_tone_keeps_length_pitch_phase_and_strength_from_every_rate() {
        let wanted: Vec<i16> = sine(8000, 440.0, 0.5).into_iter().map(to_i16).collect();
        for rate in [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000] {
            let found = resampled(rate, &sine(rate, 440.0, 0.5));
            assert_eq!(found.len(), (u64::from(rate) / 2 * 8000 / u64::from(rate)) as usize, "{rate}");
            // The ends ring a little: the tone starts and stops there.
            let worst = (200..found.len() - 200).map(|n| found[n].abs_diff(wanted[n])).max();
            assert!(worst < Some(330), "{rate} Hz: off by {worst:?}");
        }
    }

    #[test]
    fn what_8_khz_cannot_carry_is_filtered_out() {
        let found = resampled(48_000, &sine(48_000, 6000.0, 0.5));
        let loudest = found[200..found.len() - 200].iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest < Some(200), "{loudest:?}");
    }
}
