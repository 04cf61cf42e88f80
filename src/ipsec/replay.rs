/// Which sequence numbers of one SA came already (RFC 4303 section 3.4.3; the ring of words is RFC 6479's).
///
/// Ask [`ReplayWindow::check`] before the packet is authenticated, [`ReplayWindow::mark`] after.
pub struct ReplayWindow {
    highest: u32,
    /// A ring over sequence number / 64. One word more than the window needs, so that the newest word never holds
    /// numbers that are still inside it from one turn earlier.
    words: [u64; WORDS],
}

const BITS: u32 = 64;
const WORDS: usize = (ReplayWindow::SIZE / BITS) as usize + 1;

impl ReplayWindow {
    /// How many sequence numbers, the highest one included, are told apart; older ones are refused.
    pub const SIZE: u32 = 1024;

    pub fn new() -> Self {
        Self { highest: 0, words: [0; WORDS] }
    }

    /// Whether a packet of this number may still be accepted. Zero is never sent.
    #[inline]
    pub fn check(&self, sequence: u32) -> bool {
        sequence > self.highest || (sequence != 0 && self.highest - sequence < Self::SIZE && !self.is_marked(sequence))
    }

    /// Takes note of an authenticated packet that [`ReplayWindow::check`] let pass. True when it is the newest so far.
    #[inline]
    pub fn mark(&mut self, sequence: u32) -> bool {
        let newest = sequence > self.highest;
        if newest {
            self.advance(sequence);
        }
        let (word, bit) = place(sequence);
        self.words[word] |= bit;
        newest
    }

    fn is_marked(&self, sequence: u32) -> bool {
        let (word, bit) = place(sequence);
        self.words[word] & bit != 0
    }

    fn advance(&mut self, sequence: u32) {
        let (old, new) = (self.highest / BITS, sequence / BITS);
        let steps = ((new - old) as usize).min(WORDS);
        for step in 0..steps {
            self.words[(new as usize - step) % WORDS] = 0;
        }
        self.highest = sequence;
    }
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self::new()
    }
}

fn place(sequence: u32) -> (usize, u64) {
    ((sequence / BITS) as usize % WORDS, 1 << (sequence % BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Remembers everything.
    #[derive(Default)]
    struct Dull(BTreeSet<u32>);

    impl Dull {
        fn highest(&self) -> u32 {
            self.0.last().copied().unwrap_or(0)
        }

        fn check(&self, sequence: u32) -> bool {
            sequence != 0
                && !self.0.contains(&sequence)
                && u64::from(sequence) + u64::from(ReplayWindow::SIZE) > u64::from(self.highest())
        }
    }

    fn agree(numbers: impl IntoIterator<Item = u32>) {
        let (mut real, mut dull) = (ReplayWindow::new(), Dull::default());
        for number in numbers {
            let newest = number > dull.highest();
            assert_eq!(real.check(number), dull.check(number), "{number} after {}", dull.highest());
            if dull.check(number) {
                assert_eq!(real.mark(number), newest);
                dull.0.insert(number);
            }
        }
    }

    #[test]
    fn the_edges_of_the_window() {
        let mut window = ReplayWindow::new();
        assert!(!window.check(0));
        assert!(window.check(1) && window.check(u32::MAX));
        assert!(window.mark(2000));
        assert!(!window.check(2000));
        assert!(window.check(2000 - 1023) && !window.check(2000 - 1024));
        assert!(!window.mark(977));
        assert!(!window.check(977));
        assert!(window.mark(u32::MAX));
        assert!(window.check(u32::MAX - 1023) && !window.check(u32::MAX - 1024) && !window.check(u32::MAX));
    }

    #[test]
    fn every_number_near_every_jump() {
        for jump in [1, 63, 64, 65, 1023, 1024, 1025, 1087, 1088, 1089, 5000, u32::MAX - 3000] {
            let near = |n: u32| n.saturating_sub(1100)..=n.saturating_add(1100);
            agree((1..1500).step_by(3).chain([1500, 1500 + jump]).chain(near(1500)).chain(near(1500 + jump)));
        }
    }

    proptest! {
        #[test]
        fn as_the_dull_model(steps in prop::collection::vec((-1200i64..1400, 0u8..20), 1..400)) {
            let mut at = 1i64;
            agree(steps.into_iter().map(|(step, far)| {
                let number = (at + step).clamp(0, i64::from(u32::MAX));
                at = if far == 0 { at + 100_000 } else { at.max(number) };
                number as u32
            }));
        }
    }
}
