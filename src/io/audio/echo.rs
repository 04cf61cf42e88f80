use std::time::Duration;

/// After so long an echo says what it heard: long enough to be heard as an answer, and not as a fault of the line.
const DELAY: Duration = Duration::from_millis(700);

/// Sound that comes out as it went in, [`DELAY`] later. Allocates only at its beginning.
pub struct DelayLine {
    samples: Vec<i16>,
    /// The oldest of them, in whose place the next one goes.
    at: usize,
}

impl DelayLine {
    /// `rate` in hertz. Silence comes out first.
    pub fn new(rate: u32) -> Self {
        let len = u64::from(rate) * u64::try_from(DELAY.as_millis()).unwrap_or_default() / 1000;
        Self { samples: vec![0; usize::try_from(len).unwrap_or_default()], at: 0 }
    }

    /// What comes out now. It stays until [`DelayLine::push`] puts something in its place.
    pub fn next(&self, frame: &mut [i16]) {
        let (newest, oldest) = self.samples.split_at(self.at.min(self.samples.len()));
        let out = oldest.iter().chain(newest).copied().chain(std::iter::repeat(0));
        frame.iter_mut().zip(out).for_each(|(to, from)| *to = from);
    }

    pub fn push(&mut self, heard: &[i16]) {
        for sample in heard {
            if let Some(place) = self.samples.get_mut(self.at) {
                *place = *sample;
            }
            self.at = (self.at + 1) % self.samples.len().max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out while `frames` go in, 20 ms each.
    fn through(line: &mut DelayLine, frames: &[Vec<i16>]) -> Vec<i16> {
        let mut out = Vec::new();
        for heard in frames {
            let mut frame = vec![7; heard.len()];
            line.next(&mut frame);
            line.push(heard);
            out.extend(frame);
        }
        out
    }

    #[test]
    fn what_went_in_comes_out_after_the_delay_and_nothing_else() {
        for rate in [8000_u32, 16_000, 48_000] {
            let frame = (rate / 50) as usize;
            let delay = rate as usize * 7 / 10;
            let said: Vec<i16> = (1..=4 * frame).map(|n| (n % 30_000) as i16).collect();
            let mut frames: Vec<Vec<i16>> = said.chunks(frame).map(<[i16]>::to_vec).collect();
            frames.resize(100, vec![0; frame]);
            let out = through(&mut DelayLine::new(rate), &frames);
            let (before, rest) = out.split_at(delay);
            let (echo, after) = rest.split_at(said.len());
            assert!(before.iter().chain(after).all(|sample| *sample == 0), "{rate}");
            assert_eq!(echo, said, "{rate}");
        }
    }

    #[test]
    fn while_nothing_goes_out_the_delay_stays_as_it_is() {
        let mut line = DelayLine::new(8000);
        (0..90).for_each(|n| line.push(&[n; 160]));
        let mut frame = [0; 160];
        line.next(&mut frame);
        assert_eq!(frame, [55; 160], "35 frames are 700 ms");
    }
}
