/// The mean square of samples up to which sound is quiet: 50 dB below the loudest.
const QUIET: f32 = 10_000.0;

/// The mean square.
pub(super) fn power(samples: &[i16]) -> f32 {
    samples.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / samples.len().max(1) as f32
}

/// Decoded sound: what was played lately, and what comes next.
pub(super) struct Sound {
    samples: Box<[i16]>,
    /// Samples of the past that are kept.
    past: usize,
    /// Where the next sample to be played is, and where the sound ends.
    head: usize,
    end: usize,
}

impl Sound {
    /// Keeps `past` samples of what was played, and has room for `room` to come.
    pub(super) fn new(past: usize, room: usize) -> Self {
        Self { samples: vec![0; past * 2 + room].into_boxed_slice(), past, head: past, end: past }
    }

    pub(super) fn clear(&mut self) {
        self.samples.fill(0);
        (self.head, self.end) = (self.past, self.past);
    }

    /// Samples to come.
    pub(super) fn ahead(&self) -> usize {
        self.end - self.head
    }

    /// The last samples, played or not.
    pub(super) fn latest(&self) -> &[i16] {
        &self.samples[self.end - self.past..self.end]
    }

    /// The samples to come, after `back` that were played.
    pub(super) fn around(&self, back: usize) -> &[i16] {
        &self.samples[self.head - back.min(self.past)..self.end]
    }

    pub(super) fn ahead_mut(&mut self) -> &mut [i16] {
        &mut self.samples[self.head..self.end]
    }

    /// Nobody would hear a change in what is ahead.
    pub(super) fn is_quiet(&self) -> bool {
        power(&self.samples[self.head..self.end]) <= QUIET
    }

    /// Adds samples; those for which there is no room are left out.
    pub(super) fn push(&mut self, samples: &[i16]) {
        if self.end + samples.len() > self.samples.len() {
            self.samples.copy_within(self.head - self.past..self.end, 0);
            (self.head, self.end) = (self.past, self.end - (self.head - self.past));
        }
        let samples = &samples[..samples.len().min(self.samples.len() - self.end)];
        self.samples[self.end..][..samples.len()].copy_from_slice(samples);
        self.end += samples.len();
    }

    /// The samples to come, after `back` that were played.
    pub(super) fn around_mut(&mut self, back: usize) -> &mut [i16] {
        &mut self.samples[self.head - back.min(self.past)..self.end]
    }

    /// Leaves out the next samples.
    pub(super) fn skip(&mut self, count: usize) {
        let count = count.min(self.ahead());
        self.samples.copy_within(self.head + count..self.end, self.head);
        self.end -= count;
    }

    /// Puts `count` samples before those to come, for the caller to write; false where there is no room.
    pub(super) fn open(&mut self, count: usize) -> bool {
        if self.end + count > self.samples.len() {
            return false;
        }
        self.samples.copy_within(self.head..self.end, self.head + count);
        self.end += count;
        true
    }

    /// Plays: what is not there is silence.
    pub(super) fn pop(&mut self, out: &mut [i16]) {
        let len = out.len().min(self.ahead());
        let (now, rest) = out.split_at_mut(len);
        now.copy_from_slice(&self.samples[self.head..][..len]);
        rest.fill(0);
        self.head += len;
    }
}
