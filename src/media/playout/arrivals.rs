/// How long packets are under way, and what delay follows from it. All times are in microseconds.
///
/// The delay of a packet is counted from the quickest of the last [`WINDOW`]; the target is what nearly all of them keep. It follows a line
/// that gets worse within a few packets, and one that gets better when the window has passed. As the quickest is of the window, too, a
/// clock of the peer that runs fast or slow moves it along.
pub(super) struct Arrivals {
    /// Arrival less RTP time.
    transits: Box<[i64; WINDOW]>,
    /// Noted in all.
    count: usize,
    base: i64,
    spread: i64,
    /// More than what the spread says, because sound ran out all the same.
    margin: i64,
    later: Later,
}

/// The packets that came last, as far as each was much later than the quickest: how many, and the least and the greatest transit of them.
#[derive(Clone, Copy, Default)]
struct Later {
    packets: usize,
    least: i64,
    most: i64,
}

/// So many packets in a row that are all so much later, and among themselves no more apart than that, in microseconds, are a peer that
/// stood still, or another way: what was before does not count any more. A line that was blocked gives its packets at once, each less late.
const SHIFTED: usize = 8;
const SHIFT: i64 = 120_000;
const TOGETHER: i64 = 60_000;

/// Packets: 8 s of 20 ms each.
const WINDOW: usize = 400;
/// Of a hundred packets so many are in time.
const IN_TIME: usize = 99;
/// Every so many packets the spread is looked at.
const EVERY: usize = 8;
/// Sound is asked for in frames of 20 ms: what comes after the one moment waits for the next, and the clocks of both sides drift through all
/// of the frame.
const LEAST_MARGIN: i64 = 28_000;
const MOST_MARGIN: i64 = 65_000;
const MARGIN_STEP: i64 = 5_000;
/// The margin shrinks by that much with each packet: 2 ms in a second.
const MARGIN_DECAY: i64 = 40;
/// Until the line is known.
const FIRST_SPREAD: i64 = 20_000;
/// The line is known after so many packets.
const KNOWN: usize = 50;
/// The greatest target.
const MOST: i64 = 500_000;

impl Arrivals {
    pub(super) fn new() -> Self {
        Self {
            transits: Box::new([0; WINDOW]),
            count: 0,
            base: 0,
            spread: FIRST_SPREAD,
            margin: LEAST_MARGIN,
            later: Later::default(),
        }
    }

    /// Forgets when packets came, and keeps what is known of the line.
    pub(super) fn restart(&mut self) {
        self.count = 0;
        self.later = Later::default();
    }

    /// A packet came, `transit` after its RTP time.
    pub(super) fn note(&mut self, transit: i64) {
        self.transits[self.count % WINDOW] = transit;
        self.count += 1;
        self.margin = (self.margin - MARGIN_DECAY).max(LEAST_MARGIN);
        let first = self.count == 1;
        if first || transit < self.base {
            self.base = transit;
        }
        if self.is_shifted(transit) {
            self.begin_at(transit);
        }
        if self.count.is_multiple_of(EVERY) {
            self.look();
        }
    }

    fn is_shifted(&mut self, transit: i64) -> bool {
        if transit - self.base < SHIFT {
            self.later = Later::default();
            return false;
        }
        let Later { packets, least, most } = self.later;
        self.later = match packets {
            0 => Later { packets: 1, least: transit, most: transit },
            _ => Later { packets: packets + 1, least: least.min(transit), most: most.max(transit) },
        };
        if self.later.most - self.later.least > TOGETHER {
            self.later = Later { packets: 1, least: transit, most: transit };
        }
        self.later.packets >= SHIFTED
    }

    /// The line is another one from this packet on.
    fn begin_at(&mut self, transit: i64) {
        let Later { least, most, .. } = std::mem::take(&mut self.later);
        self.restart();
        self.spread = (most - least).max(FIRST_SPREAD);
        self.transits[0] = transit;
        (self.count, self.base) = (1, transit);
    }

    /// Sound ran out although it should not have.
    pub(super) fn note_underrun(&mut self) {
        self.margin = (self.margin + MARGIN_STEP).min(MOST_MARGIN);
    }

    /// The transit of the quickest.
    pub(super) fn base(&self) -> i64 {
        self.base
    }

    /// How much later than it could be each sample should be played.
    pub(super) fn target(&self) -> i64 {
        (self.spread + self.margin).min(MOST)
    }

    fn look(&mut self) {
        let len = self.count.min(WINDOW);
        self.base = self.transits[..len].iter().copied().min().unwrap_or_default();
        let mut sorted = *self.transits;
        let sorted = &mut sorted[..len];
        let (_, in_time, _) = sorted.select_nth_unstable((len * IN_TIME / 100).min(len - 1));
        let spread = *in_time - self.base;
        self.spread = if self.count < KNOWN { spread.max(self.spread) } else { spread };
    }
}
