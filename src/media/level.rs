//! How loud sound is, and making it louder or less loud.

use super::FRAMES_A_SECOND;

/// Louder or less loud, in whole decibels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gain(i8);

/// What a factor of one is, in [`Gain::factor`].
const UNITY: i32 = 4096;

impl Gain {
    /// The least and the most that somebody may ask for, in decibels.
    pub const LEAST: i8 = -40;
    pub const MOST: i8 = 20;

    /// `None` outside of that.
    pub fn new(decibels: i8) -> Option<Self> {
        (Self::LEAST..=Self::MOST).contains(&decibels).then_some(Self(decibels))
    }

    pub fn decibels(self) -> i8 {
        self.0
    }

    /// What each sample is multiplied by, in parts of 4096.
    pub fn factor(self) -> i32 {
        (f64::from(UNITY) * 10f64.powf(f64::from(self.0) / 20.0)).round() as i32
    }
}

/// Both of our user's ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gains {
    /// What the peer hears of him.
    pub input: Gain,
    /// What he hears.
    pub output: Gain,
}

/// Multiplies by a [`Gain::factor`]; what would be beyond full scale is cut there.
pub fn amplify(frame: &mut [i16], factor: i32) {
    if factor == UNITY {
        return;
    }
    for sample in frame {
        let louder = (i64::from(*sample) * i64::from(factor)) / i64::from(UNITY);
        *sample = louder.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
    }
}

/// How loud a tenth of a second was, in samples: 32768 is full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The loudest sample.
    pub peak: u16,
    /// The root of the mean square.
    pub rms: u16,
}

impl Level {
    /// Decibels below full scale that stand for silence.
    pub const SILENCE: i8 = -96;

    /// In whole decibels, 0 for full scale.
    pub fn decibels(value: u16) -> i8 {
        match value {
            0 => Self::SILENCE,
            value => (20.0 * (f64::from(value) / 32_768.0).log10()).round() as i8,
        }
    }
}

/// What was measured of a call's sound in the last half second, the newest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Of what is sent.
    pub input: [Level; Meter::KEPT],
    /// Of what is played.
    pub output: [Level; Meter::KEPT],
}

/// Measures frame by frame.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    peak: u16,
    squares: u64,
    samples: u64,
    frames: u32,
    last: [Level; Self::KEPT],
}

impl Meter {
    /// Tenths of a second that are remembered.
    pub const KEPT: usize = 5;
    /// Frames of one.
    const FRAMES: u32 = FRAMES_A_SECOND / 10;

    /// The next 20 ms; `true` when a tenth of a second is complete.
    pub fn note(&mut self, frame: &[i16]) -> bool {
        for sample in frame {
            let loud = sample.unsigned_abs();
            self.peak = self.peak.max(loud);
            self.squares += u64::from(loud) * u64::from(loud);
        }
        self.samples += frame.len() as u64;
        self.frames += 1;
        if self.frames < Self::FRAMES {
            return false;
        }
        let mean = self.squares / self.samples.max(1);
        let level = Level { peak: self.peak, rms: (mean as f64).sqrt().round() as u16 };
        self.last.rotate_left(1);
        if let Some(newest) = self.last.last_mut() {
            *newest = level;
        }
        *self = Self { last: self.last, ..Self::default() };
        true
    }

    /// The newest last.
    pub fn last(&self) -> [Level; Self::KEPT] {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_what_it_says_and_never_turns_a_sample_over() {
        for (decibels, sample, then) in [(0, 1000, 1000), (20, 1000, 10_000), (-20, 1000, 100), (6, 1000, 1995)] {
            let mut frame = [sample, -sample];
            amplify(&mut frame, Gain::new(decibels).unwrap().factor());
            assert!((frame[0] - then).abs() <= 1 && frame[1] == -frame[0], "{decibels}: {frame:?}");
        }
        let mut loud = [i16::MAX, i16::MIN, 20_000];
        amplify(&mut loud, Gain::new(Gain::MOST).unwrap().factor());
        assert_eq!(loud, [i16::MAX, i16::MIN, i16::MAX]);
        assert_eq!((Gain::new(21), Gain::new(-41)), (None, None));
    }

    #[test]
    fn a_sine_has_its_peak_and_a_root_of_two_less_on_the_whole() {
        for rate in [8000u32, 48_000] {
            let mut meter = Meter::default();
            let sine =
                |n: u32| (8192.0 * (std::f64::consts::TAU * 500.0 * f64::from(n) / f64::from(rate)).sin()) as i16;
            let samples: Vec<i16> = (0..rate / 10).map(sine).collect();
            let told: Vec<bool> = samples.chunks(rate as usize / 50).map(|frame| meter.note(frame)).collect();
            assert_eq!(told, [false, false, false, false, true]);
            let level = meter.last()[Meter::KEPT - 1];
            assert!((8190..=8192).contains(&level.peak) && level.rms.abs_diff(5793) < 5, "{level:?}");
            assert_eq!((Level::decibels(level.peak), Level::decibels(level.rms)), (-12, -15));
            assert_eq!(meter.last()[..4], [Level::default(); 4]);
        }
        assert_eq!((Level::decibels(0), Level::decibels(32_768), Level::decibels(1)), (-96, 0, -90));
    }
}
