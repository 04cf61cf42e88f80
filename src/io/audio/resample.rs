use rubato::{FftFixedIn, FftFixedInOut, Resampler as _};

use crate::media::FRAMES_A_SECOND;

/// Input samples that are resampled at once, at least.
const CHUNK: u32 = 1024;

/// Brings sound of any rate to another, chunk by chunk, so that a long file needs no room at its own rate.
pub struct Resampler {
    /// `None` where both are the same: samples go through as they are.
    engine: Option<FftFixedIn<f32>>,
    chunk: usize,
    waiting: Vec<f32>,
    /// Samples at the rate wanted. The first `delay` of them are the filter's own.
    out: Vec<i16>,
    delay: usize,
    rate: u32,
    to: u32,
    taken: u64,
}

impl Resampler {
    /// Both in hertz, not zero.
    pub fn new(rate: u32, to: u32) -> Self {
        let chunk = chunk(rate, to);
        let build = || FftFixedIn::new(rate as usize, to as usize, chunk, 1, 1);
        // It refuses a rate of zero and no channel at all: neither is possible here.
        let engine = (rate != to).then(|| build().expect("a rate above zero and one channel"));
        let delay = engine.as_ref().map_or(0, |engine| engine.output_delay());
        Self { engine, chunk, waiting: Vec::with_capacity(chunk), out: Vec::new(), delay, rate, to, taken: 0 }
    }

    /// One sample, full scale at 1.
    pub fn push(&mut self, sample: f32) {
        self.taken += 1;
        if self.engine.is_none() {
            return self.out.push(to_i16(sample));
        }
        self.waiting.push(sample);
        if self.waiting.len() == self.chunk {
            self.run();
        }
    }

    /// As many samples as the sound lasts at the rate wanted, without the filter's delay.
    pub fn finish(mut self) -> Vec<i16> {
        let len = usize::try_from(self.taken * u64::from(self.to) / u64::from(self.rate)).unwrap_or(usize::MAX);
        while self.engine.is_some() && self.out.len() < len.saturating_add(self.delay) {
            self.waiting.resize(self.chunk, 0.0);
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

/// Frames of 20 ms at one rate become frames of 20 ms at another; each a filter's delay later, which is half a frame. Allocates only at
/// its beginning.
pub struct FrameConverter {
    engine: FftFixedInOut<f32>,
    from: [Vec<f32>; 1],
    to: [Vec<f32>; 1],
}

impl FrameConverter {
    /// Both in hertz, multiples of 50; `None` where they are the same.
    pub fn new(from: u32, to: u32) -> Option<Self> {
        let frame = |rate: u32| (rate / FRAMES_A_SECOND) as usize;
        if from == to {
            return None;
        }
        let engine = FftFixedInOut::new(from as usize, to as usize, frame(from), 1).ok()?;
        Some(Self { engine, from: [vec![0.0; frame(from)]], to: [vec![0.0; frame(to)]] })
    }

    /// Samples of a frame before it is converted.
    pub fn frame_len(&self) -> usize {
        self.from[0].len()
    }

    /// One frame; what is longer of two is left as it is.
    pub fn convert(&mut self, from: &[i16], to: &mut [i16]) {
        self.from[0].iter_mut().zip(from).for_each(|(to, from)| *to = f32::from(*from) / 32768.0);
        let done = self.engine.process_into_buffer(&self.from, &mut self.to, None);
        debug_assert_eq!(done.ok(), Some((self.from[0].len(), self.to[0].len())));
        to.iter_mut().zip(&self.to[0]).for_each(|(to, from)| *to = to_i16(*from));
    }
}

/// An even multiple of the shortest stretch that has whole samples at both rates: with an odd one the filter's delay
/// would be half a sample more than it says.
fn chunk(rate: u32, to: u32) -> usize {
    let stretch = 2 * (rate / greatest_common_divisor(rate, to));
    (CHUNK.div_ceil(stretch) * stretch) as usize
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
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
        let mut resampler = Resampler::new(rate, 8000);
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

    #[test]
    fn frames_of_one_rate_become_frames_of_another_without_a_seam() {
        assert!(FrameConverter::new(8000, 8000).is_none());
        for (from, to) in
            [(8000, 16_000), (8000, 48_000), (16_000, 8000), (16_000, 48_000), (48_000, 8000), (48_000, 16_000)]
        {
            let mut converter = FrameConverter::new(from, to).unwrap();
            let sound: Vec<i16> = sine(from, 440.0, 0.5).into_iter().map(to_i16).collect();
            let mut found = Vec::new();
            for frame in sound.chunks_exact(converter.frame_len()) {
                let mut out = vec![0; (to / FRAMES_A_SECOND) as usize];
                converter.convert(frame, &mut out);
                found.extend(out);
            }
            assert_eq!(found.len(), to as usize / 2);
            let (strength, step) = (16_384.0, std::f32::consts::TAU * 440.0 / to as f32);
            let after = &found[to as usize / 10..];
            let steepest = after.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
            assert!(steepest < Some((strength * step * 1.05) as u16 + 2), "{from} {to}: {steepest:?}");
            let loudest = after.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
            assert!((15_900..16_900).contains(&loudest), "{from} {to}: {loudest}");
        }
    }
}
