//! A little more or less sound in the same time, without a seam.

/// Samples of before that the next ones are drawn between.
const BEFORE: usize = 3;

/// Draws a curve through samples (Catmull and Rom's cubic) and reads it at other places. What comes out is two samples later than what went in,
/// and the same where there are as many.
#[derive(Debug, Default)]
pub struct Stretch {
    before: [f32; BEFORE],
}

impl Stretch {
    /// All of `from` in as many samples as `to` has.
    pub fn stretch(&mut self, from: &[i16], to: &mut [i16]) {
        let step = from.len() as f32 / to.len().max(1) as f32;
        let before = self.before;
        let at = |index: usize| match before.get(index) {
            Some(sample) => *sample,
            None => from.get(index - BEFORE).copied().map_or(0.0, f32::from),
        };
        for (n, sample) in to.iter_mut().enumerate() {
            let place = n as f32 * step;
            let index = place as usize;
            let points = [at(index), at(index + 1), at(index + 2), at(index + 3)];
            // A cast from float saturates.
            *sample = between(points, place - index as f32).round() as i16;
        }
        self.before = std::array::from_fn(|n| at(from.len() + n));
    }
}

/// The curve between the second and the third point.
fn between([a, b, c, d]: [f32; 4], at: f32) -> f32 {
    let first = 0.5 * (c - a);
    let second = a - 2.5 * b + 2.0 * c - 0.5 * d;
    let third = 0.5 * (d - a) + 1.5 * (b - c);
    ((third * at + second) * at + first) * at + b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(n: usize) -> i16 {
        (10_000.0 * (std::f64::consts::TAU * 1000.0 * n as f64 / 48_000.0).sin()) as i16
    }

    #[test]
    fn as_many_samples_stay_what_they_are() {
        let sound: Vec<i16> = (0..2880).map(sine).collect();
        let (mut stretch, mut found) = (Stretch::default(), vec![0; 2880]);
        sound.chunks(960).zip(found.chunks_mut(960)).for_each(|(from, to)| stretch.stretch(from, to));
        assert_eq!(found[2..], sound[..2878]);
    }

    #[test]
    fn more_and_fewer_samples_have_no_seam() {
        let (mut stretch, mut next, mut found) = (Stretch::default(), 0, Vec::new());
        for len in [960, 964, 956, 960, 956, 964, 964] {
            let from: Vec<i16> = (next..next + len).map(sine).collect();
            next += len;
            let mut to = [0; 960];
            stretch.stretch(&from, &mut to);
            found.extend(to);
        }
        // A sine of 1000 Hz bends by no more than (2 pi 1000 / 48000)^2 of its height; a seam would bend more.
        let bend = |three: &[i16]| (i32::from(three[0]) - 2 * i32::from(three[1]) + i32::from(three[2])).abs();
        let worst = found[8..].windows(3).map(bend).max();
        assert!(worst < Some(185), "{worst:?}");
        let loudest = found.iter().map(|sample| sample.unsigned_abs()).max();
        assert!((Some(9_950)..Some(10_050)).contains(&loudest), "{loudest:?}");
    }
}
