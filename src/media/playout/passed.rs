/// Packets that are no sound, and have a number of the source's all the same: a hole that they leave is no loss.
#[derive(Default)]
pub(super) struct Passed {
    /// The numbers of the newest of them; the oldest gives way.
    newest: [u64; NEWEST],
    total: u64,
    /// What sound that came now would be numbered as.
    next: Option<u64>,
}

/// Sound that is overtaken by more than so many of them is taken for another.
const NEWEST: usize = 32;

impl Passed {
    pub(super) fn note(&mut self, number: u64) {
        if !self.newest.contains(&number) {
            if let Some(slot) = self.newest.get_mut(self.total as usize % NEWEST) {
                *slot = number;
            }
            self.total += 1;
        }
        self.next = Some(self.without(number)).max(self.next);
    }

    /// What sound that came now would be numbered as.
    pub(super) fn next(&self) -> Option<u64> {
        self.next
    }

    /// The newest of them came after the sound with this number, and before any other.
    pub(super) fn follows(&self, last: u64) -> bool {
        self.next == Some(last + 1)
    }

    /// The number that a packet of sound would have without them.
    pub(super) fn without(&self, number: u64) -> u64 {
        let later = self.newest.iter().take(self.total as usize).filter(|passed| **passed >= number).count();
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
            passed.note(number);
        }
        let numbers = [100, 101, 104, 105, 107].map(|number| passed.without(number));
        assert_eq!(numbers, [100, 101, 102, 103, 104]);
        (200..300).for_each(|number| passed.note(number));
        assert_eq!((passed.without(190), passed.without(300)), (190 - 3 - 68, 197), "the oldest are forgotten");
        assert!(passed.follows(196) && !passed.follows(195) && !passed.follows(197));
    }
}
