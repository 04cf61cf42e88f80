/// Turns 16-bit sequence numbers into ones that do not wrap (RFC 3550 appendix A.1).
#[derive(Debug, Default)]
pub(super) struct Extender {
    highest: Option<u64>,
}

impl Extender {
    /// The number nearest to the highest so far. The first is placed one turn up, so that what came before it fits too.
    pub(super) fn extend(&mut self, sequence: u16) -> u64 {
        let Some(highest) = self.highest else {
            let first = (1 << 16) + u64::from(sequence);
            self.highest = Some(first);
            return first;
        };
        let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        let extended = highest.saturating_add_signed(step);
        self.highest = Some(highest.max(extended));
        extended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_over_the_wrap_and_back() {
        let mut extender = Extender::default();
        let numbers: Vec<u64> = [65534, 65533, 1, 65535, 0, 2].into_iter().map(|n| extender.extend(n)).collect();
        assert_eq!(numbers, [131070, 131069, 131073, 131071, 131072, 131074]);
    }
}
