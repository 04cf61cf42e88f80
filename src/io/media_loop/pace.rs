use std::time::Duration;

use crate::media::FRAMES_A_SECOND;
use crate::vocab::Mono;

/// One frame.
const FRAME_TIME: Duration = Duration::from_millis(20);
/// A leg that is later than this skips the frames that it missed: a peer would only drop a burst of old sound.
const LATEST: Duration = Duration::from_millis(200);
/// Frames are due at a multiple of it, so that one awakening serves several legs.
pub const TICK: Duration = Duration::from_millis(5);

/// When frames are due. The n-th is due n times 20 ms after the first, however late the one before was.
#[derive(Debug)]
pub struct Pace {
    next: Mono,
}

impl Pace {
    /// The first frame is due at once, the second up to a tick earlier than 20 ms after it.
    pub fn start(now: Mono) -> Self {
        let since_tick = now.0.as_nanos() % TICK.as_nanos();
        Self { next: Mono(now.0 - Duration::from_nanos(since_tick as u64)) }
    }

    /// When the next frame is due.
    pub fn next(&self) -> Mono {
        self.next
    }

    /// A frame was sent. How many after it are skipped.
    pub fn advance(&mut self, now: Mono) -> u32 {
        self.next = self.next + FRAME_TIME;
        let mut skipped = 0;
        while now - self.next > LATEST {
            self.next = self.next + FRAME_TIME;
            skipped += 1;
        }
        skipped
    }
}

const _: () = assert!(FRAME_TIME.as_millis() * FRAMES_A_SECOND as u128 == 1000);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Mono {
        Mono(Duration::from_millis(milliseconds))
    }

    #[test]
    fn frames_are_due_by_absolute_deadlines_however_late_each_one_was() {
        let mut pace = Pace::start(at(1003));
        for frame in 0..5000u64 {
            let due = at(1000 + 20 * frame);
            assert_eq!(pace.next(), due, "frame {frame}");
            pace.advance(due + Duration::from_millis(frame % 15));
        }
    }

    #[test]
    fn after_a_long_halt_the_missed_frames_are_skipped_and_the_rhythm_is_kept() {
        let mut pace = Pace::start(at(0));
        let mut skipped = pace.advance(at(5005));
        assert!(pace.next() <= at(5005));
        let mut burst = 0;
        while pace.next() <= at(5005) {
            skipped += pace.advance(at(5005));
            burst += 1;
        }
        assert_eq!(skipped + burst + 1, 251, "each frame until 5,000 ms is sent or skipped");
        assert!(burst <= 11, "{burst} frames at once");
        assert_eq!(pace.next(), at(5020));
    }
}
