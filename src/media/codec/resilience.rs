/// How much of an encoder's octets is for what may be lost, by what the peer reports of losses. Losses are answered at once, and forgotten slowly:
/// a line that loses now and then is not sent another sound with each report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Resilience {
    step: usize,
    /// Reports in a row by which less would do.
    calm: u32,
}

/// What is done from so many lost parts of a thousand on.
struct Step {
    from: u16,
    /// Percent of packets that are taken to be lost: the more, the better the copy of each in the next.
    expected: i32,
    /// Most bit/s. The copies of packets must not make these worse; but where a third is lost, there may be too much of everything.
    bitrate: u32,
}

/// Full-band speech takes 28 to 40 kbit/s, wide-band speech 16 to 20 (RFC 7587 section 3.1.1); a copy of each packet takes a part of it.
const STEPS: [Step; 4] = [
    Step { from: 0, expected: 15, bitrate: 36_000 },
    Step { from: 30, expected: 18, bitrate: 40_000 },
    Step { from: 80, expected: 20, bitrate: 44_000 },
    Step { from: 300, expected: 25, bitrate: 20_000 },
];
/// Reports, of five seconds each, after which one step less is tried.
const CALM: u32 = 3;

impl Resilience {
    /// The peer reports so many lost parts of a thousand. Whether another step is taken.
    pub(super) fn note(&mut self, lost: u16) -> bool {
        let wanted = STEPS.iter().rposition(|step| lost >= step.from).unwrap_or_default();
        if wanted > self.step {
            *self = Self { step: wanted, calm: 0 };
            return true;
        }
        // Two thirds of what began the step.
        let begins = STEPS.get(self.step).map_or(0, |step| step.from);
        self.calm = if u32::from(lost) * 3 < u32::from(begins) * 2 { self.calm + 1 } else { 0 };
        if self.calm < CALM {
            return false;
        }
        *self = Self { step: self.step.saturating_sub(1), calm: 0 };
        true
    }

    /// In percent.
    pub(super) fn expected(self) -> i32 {
        STEPS.get(self.step).map_or(0, |step| step.expected)
    }

    /// In bit/s.
    pub(super) fn bitrate(self) -> u32 {
        STEPS.get(self.step).map_or(0, |step| step.bitrate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is expected after each report.
    fn expected(reports: &[u16]) -> Vec<i32> {
        let mut resilience = Resilience::default();
        let note = |lost: &u16| {
            resilience.note(*lost);
            resilience.expected()
        };
        reports.iter().map(note).collect()
    }

    #[test]
    fn losses_are_answered_at_once_and_forgotten_slowly() {
        assert_eq!(expected(&[0, 29, 30, 310]), [15, 15, 18, 25]);
        assert_eq!(expected(&[120, 0, 0, 0, 0, 0, 0, 0]), [20, 20, 20, 18, 18, 18, 15, 15]);
        assert_eq!(expected(&[1000, 0, 0, 250, 0, 0, 0]), [25, 25, 25, 25, 25, 25, 20]);
    }

    #[test]
    fn a_line_at_the_edge_does_not_change_the_sound_with_each_report() {
        let mut resilience = Resilience::default();
        let changes = (0..100).filter(|n| resilience.note(if n % 2 == 0 { 85 } else { 75 })).count();
        assert_eq!(changes, 1);
        assert!((0..100).filter(|_| resilience.note(70)).count() == 0, "more than two thirds");
    }

    #[test]
    fn where_a_third_is_lost_less_is_sent() {
        assert!(STEPS.windows(2).all(|pair| pair[0].from < pair[1].from && pair[0].expected < pair[1].expected));
        let [calm, .., lossy, jammed] = STEPS;
        assert!(calm.bitrate < lossy.bitrate && jammed.bitrate < calm.bitrate);
    }
}
