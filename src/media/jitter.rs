use super::sequence::Extender;
use super::MAX_FRAME;

/// One frame of sound, 20 ms.
pub type Frame = [i16; LEN];

/// Samples of the longest frame; shorter ones fill its beginning.
pub const LEN: usize = MAX_FRAME;

/// Puts frames back in order and hands out one every 20 ms.
///
/// It waits for a few frames before it starts, then keeps time: a frame that is missing when its turn comes is
/// concealed and, should it still come, late. When frames keep coming late it starts anew, waiting for one more.
pub(super) struct JitterBuffer {
    slots: Box<[Slot; SLOTS]>,
    extender: Extender,
    state: State,
    /// Frames to wait for before the start.
    target: usize,
    buffered: usize,
    late_in_a_row: u32,
    /// The least that was buffered since, and how many frames ago that was.
    least: (usize, u32),
    last: Frame,
    /// Frames concealed since the last real one.
    concealed: u32,
}

/// What became of a frame that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion {
    Accepted,
    Duplicate,
    Late,
}

/// A frame for the speaker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) frame: Frame,
    /// It stands for one that did not come.
    pub(super) concealed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waiting for [`JitterBuffer::target`] frames.
    Filling,
    /// This number is next.
    Playing(u64),
}

#[derive(Clone, Copy)]
struct Slot {
    number: u64,
    filled: bool,
    frame: Frame,
}

/// What the buffer can hold, 640 ms.
const SLOTS: usize = 32;
const INITIAL_TARGET: usize = 3;
const MAX_TARGET: usize = 10;
/// So many late frames one after the other mean that the delay has grown for good.
const LATE_LIMIT: u32 = 5;
/// Silence from the first real gap on: the fifth repetition has faded out.
const FADE: u32 = 5;
/// After so long without a frame, 500 ms, it waits anew.
const PAUSE: u32 = 25;
/// Every so many frames, 5 s, the delay is looked at, and lowered by one frame when it was never needed.
const SHRINK_EVERY: u32 = 250;

impl JitterBuffer {
    pub(super) fn new() -> Self {
        let empty = Slot { number: 0, filled: false, frame: [0; LEN] };
        Self {
            slots: Box::new([empty; SLOTS]),
            extender: Extender::default(),
            state: State::Filling,
            target: INITIAL_TARGET,
            buffered: 0,
            late_in_a_row: 0,
            least: (SLOTS, 0),
            last: [0; LEN],
            concealed: 0,
        }
    }

    pub(super) fn insert(&mut self, sequence: u16, frame: &Frame) -> Insertion {
        let number = self.extender.extend(sequence);
        if let State::Playing(next) = self.state {
            if number < next {
                return self.note_late(number, frame);
            }
            if number >= next + SLOTS as u64 {
                self.restart();
            }
        }
        self.late_in_a_row = 0;
        self.place(number, frame)
    }

    /// The next 20 ms.
    pub(super) fn play(&mut self) -> Played {
        if self.state == State::Filling && self.buffered >= self.target {
            self.state = self.first().map_or(State::Filling, State::Playing);
        }
        let State::Playing(next) = self.state else { return Played { frame: self.fade(), concealed: false } };
        let next = self.shrink(next);
        self.state = State::Playing(next + 1);
        match self.take(next) {
            Some(frame) => {
                (self.last, self.concealed) = (frame, 0);
                Played { frame, concealed: false }
            }
            None => {
                if self.concealed >= PAUSE && self.buffered == 0 {
                    self.state = State::Filling;
                }
                Played { frame: self.fade(), concealed: true }
            }
        }
    }

    fn place(&mut self, number: u64, frame: &Frame) -> Insertion {
        let slot = &mut self.slots[number as usize % SLOTS];
        if slot.filled && slot.number == number {
            return Insertion::Duplicate;
        }
        if slot.filled && slot.number > number {
            return Insertion::Late;
        }
        self.buffered += usize::from(!slot.filled);
        *slot = Slot { number, filled: true, frame: *frame };
        Insertion::Accepted
    }

    fn take(&mut self, number: u64) -> Option<Frame> {
        let slot = &mut self.slots[number as usize % SLOTS];
        if !slot.filled || slot.number != number {
            return None;
        }
        slot.filled = false;
        self.buffered -= 1;
        Some(slot.frame)
    }

    fn note_late(&mut self, number: u64, frame: &Frame) -> Insertion {
        self.late_in_a_row += 1;
        if self.late_in_a_row < LATE_LIMIT {
            return Insertion::Late;
        }
        self.target = (self.target + 1).min(MAX_TARGET);
        self.restart();
        self.place(number, frame)
    }

    fn restart(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.filled = false);
        (self.buffered, self.late_in_a_row, self.state) = (0, 0, State::Filling);
    }

    fn first(&self) -> Option<u64> {
        self.slots.iter().filter(|slot| slot.filled).map(|slot| slot.number).min()
    }

    /// Skips one frame when so many were waiting all the time that the delay is longer than it need be.
    fn shrink(&mut self, next: u64) -> u64 {
        let (least, age) = self.least;
        self.least = (least.min(self.buffered), age + 1);
        if self.least.1 < SHRINK_EVERY {
            return next;
        }
        let (least, _) = std::mem::replace(&mut self.least, (SLOTS, 0));
        if least <= self.target + 2 {
            return next;
        }
        self.take(next);
        next + 1
    }

    /// The last real frame again, each time more quietly.
    fn fade(&mut self) -> Frame {
        self.concealed = self.concealed.saturating_add(1);
        let left = FADE.saturating_sub(self.concealed) as i32;
        self.last.map(|sample| (i32::from(sample) * left / FADE as i32) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(of: u16) -> Frame {
        [of as i16; LEN]
    }

    /// What is played, by the first sample.
    fn play(buffer: &mut JitterBuffer) -> i16 {
        buffer.play().frame[0]
    }

    fn skip(buffer: &mut JitterBuffer, frames: usize) {
        for _ in 0..frames {
            buffer.play();
        }
    }

    fn filled(numbers: impl IntoIterator<Item = u16>) -> JitterBuffer {
        let mut buffer = JitterBuffer::new();
        for number in numbers {
            assert_eq!(buffer.insert(number, &frame(number)), Insertion::Accepted);
        }
        buffer
    }

    #[test]
    fn it_waits_then_plays_in_order_whatever_the_order_of_arrival() {
        let mut buffer = filled([101, 100]);
        assert_eq!(buffer.play(), Played { frame: [0; LEN], concealed: false });
        buffer.insert(102, &frame(102));
        assert_eq!([play(&mut buffer), play(&mut buffer), play(&mut buffer)], [100, 101, 102]);
    }

    #[test]
    fn numbers_wrap() {
        let mut buffer = filled([65535, 1, 0]);
        assert_eq!([play(&mut buffer), play(&mut buffer), play(&mut buffer)], [-1, 0, 1]);
    }

    #[test]
    fn a_gap_is_concealed_by_fading_and_time_goes_on() {
        let mut buffer = filled([100, 101, 103]);
        assert_eq!([play(&mut buffer), play(&mut buffer)], [100, 101]);
        let played = buffer.play();
        assert!(played.concealed);
        assert_eq!(played.frame[0], 101 * 4 / 5);
        assert_eq!(buffer.insert(102, &frame(102)), Insertion::Late);
        assert_eq!(play(&mut buffer), 103);
    }

    #[test]
    fn duplicates_are_told_from_late_ones() {
        let mut buffer = filled([100, 101, 102]);
        assert_eq!(buffer.insert(101, &frame(9)), Insertion::Duplicate);
        play(&mut buffer);
        assert_eq!(buffer.insert(100, &frame(100)), Insertion::Late);
        assert_eq!(play(&mut buffer), 101);
    }

    #[test]
    fn repetition_ends_in_silence_and_a_pause_in_waiting() {
        let mut buffer = filled([100, 101, 102]);
        skip(&mut buffer, 3);
        let faded: Vec<i16> = (0..6).map(|_| play(&mut buffer)).collect();
        assert_eq!(faded, [81, 61, 40, 20, 0, 0]);
        skip(&mut buffer, 40);
        assert_eq!(buffer.insert(103, &frame(103)), Insertion::Accepted);
        assert_eq!(play(&mut buffer), 0);
    }

    #[test]
    fn when_the_delay_grows_for_good_it_waits_longer() {
        let mut buffer = filled(100..103);
        skip(&mut buffer, 13);
        let came: Vec<Insertion> = (103..108).map(|n| buffer.insert(n, &frame(n))).collect();
        assert_eq!(came[..4], [Insertion::Late; 4]);
        assert_eq!(came[4], Insertion::Accepted);
        for n in 108..111 {
            buffer.insert(n, &frame(n));
        }
        assert_eq!(play(&mut buffer), 107);
    }

    #[test]
    fn a_jump_starts_anew_and_memory_stays_bounded() {
        let mut buffer = filled(100..103);
        play(&mut buffer);
        for number in 5000..5003 {
            buffer.insert(number, &frame(number));
        }
        assert_eq!(play(&mut buffer), 5000);
    }

    #[test]
    fn a_delay_that_is_never_needed_is_lowered() {
        let mut buffer = filled(0..10);
        let mut last = -1;
        for number in 10..300 {
            let played = play(&mut buffer);
            assert!(played == last + 1 || played == last + 2);
            last = played;
            buffer.insert(number, &frame(number));
        }
        assert_eq!(last, 290);
    }
}
