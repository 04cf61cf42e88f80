//! How much sound lies between a device and a call. The two have clocks of their own: what lies there is kept near what the device's
//! unsteadiness needs, by a little more or less than a frame at a time.

use crate::media::FRAMES_A_SECOND;

/// Frames of half a second: the least of such a time is what really was spare.
const WINDOW: u32 = FRAMES_A_SECOND / 2;
/// Half a percent: nobody hears it.
const STEEPEST: usize = 200;
/// Frames of two minutes without a gap, after which a millisecond less may do.
const CALM: u32 = 120 * FRAMES_A_SECOND;

/// What to do with the frame at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Samples too many, to be left out at once.
    pub skip: usize,
    /// Samples by which what lies between is to shrink with this frame; grow, where negative.
    pub shrink: isize,
}

/// Counts in samples of one rate.
#[derive(Debug)]
pub struct Margin {
    frame: usize,
    target: usize,
    least: usize,
    frames: u32,
    calm: u32,
    shrink: isize,
}

impl Margin {
    /// For frames of so many samples.
    pub fn new(frame: usize) -> Self {
        Self { frame, target: frame / 2, least: usize::MAX, frames: 0, calm: 0, shrink: 0 }
    }

    /// What should be spare when a frame is taken or given: 10 to 40 ms.
    pub fn target(&self) -> usize {
        self.target
    }

    /// There was a gap: so little does not do.
    pub fn ran_dry(&mut self) {
        self.target = (self.target + self.frame / 2).min(2 * self.frame);
        (self.least, self.frames, self.calm, self.shrink) = (usize::MAX, 0, 0, 0);
    }

    /// A frame is taken or given, and so many samples were spare.
    pub fn note(&mut self, spare: usize) -> Advice {
        self.least = self.least.min(spare);
        self.frames += 1;
        self.calm += 1;
        if self.calm >= CALM {
            self.calm = 0;
            self.target = (self.target - self.frame / 20).max(self.frame / 2);
        }
        if self.frames < WINDOW {
            return Advice { skip: 0, shrink: self.shrink };
        }
        let least = std::mem::replace(&mut self.least, usize::MAX);
        self.frames = 0;
        let steepest = (self.frame / STEEPEST).max(1) as isize;
        let off = least as isize - self.target as isize;
        // Two and a half frames spare in the worst moment of half a second: 50 ms that nobody needs.
        if least > 5 * self.frame / 2 {
            self.shrink = 0;
            return Advice { skip: least - self.target, shrink: 0 };
        }
        self.shrink = (off / WINDOW as isize).clamp(-steepest, steepest);
        Advice { skip: 0, shrink: self.shrink }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A microphone whose clock is off by so many parts of a million and that gives its sound in such pieces, and a call that takes a frame of
    /// 960 every 20 ms: gaps, samples left out, and the most that was spare in the worst moment of any later second.
    fn hour(ppm: f64, piece: usize) -> (u32, usize, usize) {
        let mut margin = Margin::new(960);
        let (mut made, mut held, mut filling) = (0.0f64, 0usize, true);
        let (mut gaps, mut skipped, mut most, mut least) = (0, 0, 0, usize::MAX);
        for frame in 0..50 * 3600u32 {
            made += 960.0 * (1.0 + ppm / 1e6);
            while made >= piece as f64 {
                made -= piece as f64;
                held += piece;
            }
            if filling && held < 960 + margin.target() {
                continue;
            }
            filling = false;
            if held < 970 {
                margin.ran_dry();
                (gaps, filling) = (gaps + 1, true);
                continue;
            }
            let advice = margin.note(held - 960);
            skipped += advice.skip;
            held -= advice.skip + (960 + advice.shrink) as usize;
            least = least.min(held);
            if frame % 50 == 49 {
                let settled = frame > 50 * 60;
                (most, least) = (most.max(if settled { least } else { 0 }), usize::MAX);
            }
        }
        (gaps, skipped, most)
    }

    #[test]
    fn clocks_that_drift_for_an_hour_cost_no_sound_and_no_time() {
        for ppm in [-200.0, -20.0, 0.0, 200.0, 1000.0] {
            for piece in [128, 480, 960, 1920] {
                let (gaps, skipped, most) = hour(ppm, piece);
                assert!(gaps <= 4 && skipped == 0 && most <= 2 * 960, "{ppm} {piece}: {gaps} {skipped} {most}");
            }
        }
    }

    #[test]
    fn what_piled_up_is_left_out_at_once() {
        let mut margin = Margin::new(960);
        let advised: Vec<Advice> = (0..25).map(|_| margin.note(9600)).collect();
        assert_eq!(advised[24], Advice { skip: 9600 - 480, shrink: 0 });
        assert!(advised[..24].iter().all(|advice| *advice == Advice::default()));
    }

    #[test]
    fn gaps_ask_for_more_up_to_two_frames_and_calm_for_less() {
        let mut margin = Margin::new(960);
        (0..10).for_each(|_| margin.ran_dry());
        assert_eq!(margin.target(), 1920);
        (0..50 * 120).for_each(|_| assert_eq!(margin.note(1000).skip, 0));
        assert_eq!(margin.target(), 1920 - 48);
        (0..50 * 3600).for_each(|_| assert_eq!(margin.note(1000).skip, 0));
        assert_eq!(margin.target(), 480);
    }
}
