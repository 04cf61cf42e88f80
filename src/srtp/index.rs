/// Which packets of a source came already, and what the number of the next one is in full.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    /// The highest number that authenticated.
    highest: Option<u64>,
    /// Bit `n` stands for `highest - n`.
    seen: u128,
}

/// Numbers that are told apart, the highest one included; RFC 3711 section 3.3.2 wants at least 64.
const SIZE: u64 = 128;

impl Window {
    /// Of a source that was there before: up to its highest number all counts as come.
    pub(super) fn closed(highest: Option<u64>) -> Self {
        Self { highest, seen: highest.map_or(0, |_| u128::MAX) }
    }

    /// The index of an RTP packet by its 16-bit number (RFC 3711 section 3.3.1): the nearest to the highest that came. `None` when it
    /// would be before the first, or beyond the last.
    pub(super) fn estimate(&self, sequence: u16) -> Option<u64> {
        let Some(highest) = self.highest else { return Some(u64::from(sequence)) };
        let ahead = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        highest.checked_add_signed(ahead).filter(|index| *index < 1 << 48)
    }

    pub(super) fn is_fresh(&self, index: u64) -> bool {
        match self.highest.map(|highest| highest.checked_sub(index)) {
            Some(Some(age)) => age < SIZE && self.seen & (1 << age) == 0,
            Some(None) | None => true,
        }
    }

    /// Takes note of an authenticated packet that was fresh. True when it is the newest so far.
    pub(super) fn mark(&mut self, index: u64) -> bool {
        let ahead = match self.highest {
            None => SIZE,
            Some(highest) if index <= highest => {
                self.seen |= 1u128.checked_shl((highest - index) as u32).unwrap_or(0);
                return false;
            }
            Some(highest) => (index - highest).min(SIZE),
        };
        self.seen = self.seen.checked_shl(ahead as u32).unwrap_or(0) | 1;
        self.highest = Some(index);
        true
    }

    pub(super) fn highest(&self) -> Option<u64> {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_number_turns_over() {
        let mut window = Window::default();
        assert_eq!(window.estimate(0xffff), Some(0xffff));
        assert!(window.mark(0xffff));
        assert_eq!((window.estimate(0), window.estimate(0xfffe)), (Some(0x1_0000), Some(0xfffe)));
        assert!(window.mark(0x1_0000));
        assert_eq!((window.estimate(0xffff), window.estimate(5)), (Some(0xffff), Some(0x1_0005)));
        assert!(!window.is_fresh(0xffff) && window.is_fresh(0xfffe));
        let mut last = Window::default();
        last.mark((1 << 48) - 1);
        assert_eq!(last.estimate(0), None);
        let mut first = Window::default();
        first.mark(3);
        assert_eq!(first.estimate(0xffff), None);
    }

    proptest! {
        #[test]
        fn as_a_set_that_remembers_everything(steps in prop::collection::vec(-140i64..200, 1..400)) {
            let (mut window, mut all, mut at) = (Window::default(), BTreeSet::new(), 1000i64);
            for step in steps {
                let index = (at + step).max(0) as u64;
                at = at.max(index as i64);
                let highest = all.last().copied();
                let fresh = !all.contains(&index) && highest.is_none_or(|highest: u64| index + SIZE > highest);
                prop_assert_eq!(window.is_fresh(index), fresh);
                prop_assert_eq!(window.estimate(index as u16), Some(index));
                if fresh {
                    prop_assert_eq!(window.mark(index), highest.is_none_or(|highest| index > highest));
                    all.insert(index);
                }
            }
        }
    }
}
