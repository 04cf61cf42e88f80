/// Which packets were lost or too late, as stretches of many ("bursts") and of few ("gaps"): RFC 3611 section 4.7.2, counted as its
/// appendix A.2 does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bursts {
    lost: u64,
    discarded: u64,
    packets: u64,
    /// Heard since the last that was not.
    run: u64,
    /// Missed since the last run of at least [`GMIN`].
    close: u64,
    /// Of the four states (1 heard in a gap, 2 heard in a burst, 3 missed in a burst, 4 missed in a gap), how often one followed another.
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

/// So many packets heard in a row end a burst: the recommended value.
pub(super) const GMIN: u8 = 16;

/// What is reported of them: parts of 256, and milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) loss_rate: u8,
    pub(super) discard_rate: u8,
    pub(super) burst_density: u8,
    pub(super) gap_density: u8,
    pub(super) burst_duration: u16,
    pub(super) gap_duration: u16,
}

impl Bursts {
    pub(super) fn heard(&mut self) {
        self.packets += 1;
        self.run += 1;
    }

    pub(super) fn lost(&mut self) {
        self.lost += 1;
        self.missed();
    }

    /// It came too late to be played.
    pub(super) fn discarded(&mut self) {
        self.discarded += 1;
        self.missed();
    }

    fn missed(&mut self) {
        self.packets += 1;
        let run = std::mem::take(&mut self.run);
        if run >= u64::from(GMIN) {
            if self.close == 1 {
                self.c14 += 1;
            } else {
                self.c13 += 1;
            }
            self.close = 1;
            self.c11 += run;
            return;
        }
        self.close += 1;
        if run == 0 {
            self.c33 += 1;
        } else {
            self.c23 += 1;
            self.c22 += run - 1;
        }
    }

    /// Of all packets so far, each `packet` milliseconds long.
    pub(super) fn summary(&self, packet: u64) -> Summary {
        let Self { c11, c13, c14, c22, c23, c33, .. } = *self;
        let of_256 = |part: f64| (256.0 * part).clamp(0.0, 255.0) as u8;
        let of_all = |count: u64| of_256(count as f64 / self.packets.max(1) as f64);
        let millis = |packets: u64| u16::try_from(packets * packet / c13.max(1)).unwrap_or(u16::MAX);
        // Every burst that began has ended, or is taken to end now.
        let (c31, c32) = (c13, c23);
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let p32 = share(c32, c31 + c32 + c33);
        let p23 = if c22 + c23 < 1 { 1.0 } else { 1.0 - share(c22, c22 + c23) };
        let has_bursts = c23 + c33 > 0;
        let gap = c11 + c14 + c13;
        let all = gap + c22 + c23 + c31 + c32 + c33;
        Summary {
            loss_rate: of_all(self.lost),
            discard_rate: of_all(self.discarded),
            burst_density: if has_bursts { of_256(p23 / (p23 + p32)) } else { 0 },
            gap_density: of_256(share(c14, c11 + c14)),
            burst_duration: if has_bursts { millis(all - gap) } else { 0 },
            gap_duration: if c13 == 0 { millis(self.packets) } else { millis(gap) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` was heard, `x` was lost, `l` was late.
    fn of(packets: &str) -> Summary {
        let mut bursts = Bursts::default();
        for packet in packets.chars() {
            match packet {
                '.' => bursts.heard(),
                'x' => bursts.lost(),
                _ => bursts.discarded(),
            }
        }
        bursts.summary(20)
    }

    #[test]
    fn nothing_lost_is_one_gap() {
        let summary = Summary { gap_duration: 2000, ..Summary::default() };
        assert_eq!(of(&".".repeat(100)), summary);
        assert_eq!(of(""), Summary::default());
    }

    #[test]
    fn single_losses_far_apart_are_of_the_gap() {
        let one = format!("{}x", ".".repeat(31));
        let summary = of(&one.repeat(8));
        assert_eq!((summary.loss_rate, summary.burst_density, summary.burst_duration), (8, 0, 0));
        // Seven of the eight are known to be alone: one in 31 and a bit.
        assert_eq!(summary.gap_density, 7);
    }

    #[test]
    fn losses_close_together_are_a_burst() {
        let burst = format!("{}x.x.xxx", ".".repeat(93));
        let summary = of(&burst.repeat(4));
        assert_eq!((summary.loss_rate, summary.discard_rate), (12, 0));
        assert!((140..=200).contains(&summary.burst_density), "five of seven: {summary:?}");
        assert!((100..=220).contains(&summary.burst_duration), "seven packets: {summary:?}");
        assert!((1700..=2000).contains(&summary.gap_duration), "93 packets: {summary:?}");
    }

    #[test]
    fn what_comes_late_is_told_apart_from_what_is_lost() {
        let summary = of(&format!("{}xl..", ".".repeat(60)));
        assert_eq!((summary.loss_rate, summary.discard_rate), (4, 4));
    }
}
