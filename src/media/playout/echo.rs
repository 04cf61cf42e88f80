use super::pitch::{self, Period};

/// What a voice would have gone on to say: its last period again and again, after a while more quietly, at last silence
/// (in the manner of ITU-T G.711 Appendix I).
pub(super) struct Echo {
    rate: u32,
    /// One period, whose end leads to its beginning.
    period: Box<[f32]>,
    len: usize,
    at: usize,
    /// Samples so far.
    made: usize,
    /// What is missing at the seam with what was heard; it fades within a millisecond.
    step: f32,
    found: Period,
}

/// Milliseconds at full strength, and until there is silence.
const FULL: usize = 30;
const GONE: usize = 120;
/// What repeats itself less than this is a noise: a long piece of it is repeated, which has no tone of its own.
const VOICED: f32 = 0.5;

impl Echo {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            period: vec![0.0; *pitch::lags(rate).end() * 2].into_boxed_slice(),
            len: 1,
            at: 0,
            made: 0,
            step: 0.0,
            found: Period { lag: 1, likeness: 0.0 },
        }
    }

    /// Of a rate that is no higher than that of the construction.
    pub(super) fn set_rate(&mut self, rate: u32) {
        self.rate = rate;
    }

    /// Of how many samples it wants to know.
    pub(super) fn past(rate: u32) -> usize {
        *pitch::lags(rate).end() * 2 + Self::window(rate)
    }

    fn window(rate: u32) -> usize {
        rate as usize / 100
    }

    /// Takes up what was heard last, [`past`](Self::past) samples or fewer.
    pub(super) fn take_up(&mut self, heard: &[i16]) {
        let lags = pitch::lags(self.rate);
        let window = Self::window(self.rate).min(heard.len() / 2);
        let longest = (*lags.end()).min(heard.len().saturating_sub(window));
        (self.at, self.made) = (0, 0);
        if longest <= *lags.start() {
            (self.len, self.found, self.step) = (1, Period { lag: 1, likeness: 0.0 }, 0.0);
            return self.period.fill(0.0);
        }
        self.found = pitch::period(heard, window, *lags.start()..=longest, self.rate);
        self.len = if self.found.likeness < VOICED { longest } else { self.found.lag };
        self.len = self.len.min(heard.len() * 2 / 3);
        self.copy_period(heard);
    }

    fn copy_period(&mut self, heard: &[i16]) {
        let (len, end) = (self.len, heard.len());
        let overlap = (len / 4).min(end - len).min(self.rate as usize / 250);
        for (to, from) in self.period.iter_mut().zip(&heard[end - len..]) {
            *to = f32::from(*from);
        }
        // The last of it becomes what comes before its beginning.
        for i in 0..overlap {
            let weight = (i + 1) as f32 / (overlap + 1) as f32;
            let before = f32::from(heard[end - len - overlap + i]);
            let at = len - overlap + i;
            self.period[at] += (before - self.period[at]) * weight;
        }
        self.step = f32::from(heard[end - 1]) - self.period[len - 1];
    }

    pub(super) fn period(&self) -> Period {
        self.found
    }

    /// How strong it still is, from 1 to 0.
    fn strength(&self) -> f32 {
        let ms = self.made as f32 * 1000.0 / self.rate as f32;
        ((GONE as f32 - ms) / (GONE - FULL) as f32).clamp(0.0, 1.0)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.made * 1000 >= GONE * self.rate as usize
    }

    /// Goes on.
    pub(super) fn go_on(&mut self, out: &mut [f32]) {
        let seam = (self.rate / 1000) as usize;
        for sample in out {
            let strength = self.strength();
            let step = self.step * seam.saturating_sub(self.made) as f32 / seam as f32;
            *sample = (self.period[self.at] + step) * strength;
            self.at = (self.at + 1) % self.len;
            self.made += 1;
        }
    }

    /// What [`go_on`](Self::go_on) would make, without going on.
    pub(super) fn foretell(&mut self, out: &mut [i16]) {
        let place = (self.at, self.made);
        let mut made = [0.0];
        for sample in out {
            self.go_on(&mut made);
            *sample = made[0] as i16;
        }
        (self.at, self.made) = place;
    }
}
