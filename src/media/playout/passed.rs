/// Packets that are no sound, and have a number of the source's all the same: a hole that they leave is no loss.
#[derive(Default)]
pub(super) struct Passed {
    /// The newest of them; the oldest gives way.
    newest: [One; NEWEST],
    total: u64,
}

#[derive(Clone, Copy, Default)]
struct One {
    number: u64,
    /// What makes the noise of the pause that it tells of.
    codec: Option<u8>,
}

/// Sound that is overtaken by more than so many of them is taken for another.
const NEWEST: usize = 32;

impl Passed {
    /// `codec` is the payload type whose decoder is to go on by itself, where it says that.
    pub(super) fn note(&mut self, number: u64, codec: Option<u8>) {
        if self.kept().any(|one| one.number == number) {
            return;
        }
        if let Some(slot) = self.newest.get_mut(self.total as usize % NEWEST) {
            *slot = One { number, codec };
        }
        self.total += 1;
    }

    /// One of them came after the sound with this number, and before any other. Later sound may be here: it is heard a playout delay after
    /// it came.
    pub(super) fn follows(&self, last: u64) -> bool {
        self.behind(last).next().is_some()
    }

    /// After that sound the decoder of this payload type is to go on by itself.
    pub(super) fn leaves_noise_to(&self, codec: u8, last: u64) -> bool {
        self.behind(last).any(|one| one.codec == Some(codec))
    }

    fn behind(&self, last: u64) -> impl Iterator<Item = &One> {
        self.kept().filter(move |one| self.without(one.number) == last + 1)
    }

    fn kept(&self) -> impl Iterator<Item = &One> {
        self.newest.iter().take(self.total as usize)
    }

    /// The number that a packet of sound would have without them.
    pub(super) fn without(&self, number: u64) -> u64 {
        let later = self.kept().filter(|one| one.number >= number).count();
        number.saturating_sub(self.total - later as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_numbered_as_if_it_were_alone_whatever_the_order() {
        let mut passed = Passed::default();
        for number in [103, 102, 103, 106] {
            passed.note(number, None);
        }
        let numbers = [100, 101, 104, 105, 107].map(|number| passed.without(number));
        assert_eq!(numbers, [100, 101, 102, 103, 104]);
        (200..300).for_each(|number| passed.note(number, None));
        assert_eq!((passed.without(190), passed.without(300)), (190 - 3 - 68, 197), "the oldest are forgotten");
        assert!(passed.follows(196) && !passed.follows(195) && !passed.follows(197));
    }

    #[test]
    fn each_pause_stands_behind_its_sound_whatever_came_since() {
        let mut passed = Passed::default();
        for (number, codec) in [(101, Some(96)), (103, None), (105, Some(96))] {
            passed.note(number, codec);
        }
        let found = [99, 100, 101, 102, 103].map(|last| (passed.follows(last), passed.leaves_noise_to(96, last)));
        assert_eq!(found, [(false, false), (true, true), (true, false), (true, true), (false, false)]);
        assert!(!passed.leaves_noise_to(0, 100));
    }
}
