use super::e_model;

/// How a call sounds: here, over its last seconds, and at the peer, as that reports. Shares are in thousandths, times in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Of the packets that the peer sent and that did not come.
    pub lost: u16,
    /// Of the sound that was made up, because its packets were lost or late.
    pub concealed: u16,
    /// Interarrival jitter (RFC 3550 section 6.4.1).
    pub jitter: u16,
    /// From the arrival of the quickest packets to the ear: the playout's delay.
    pub delay: u16,
    /// There and back; known when the peer has answered a report of ours (RFC 3550 section 6.4.1).
    pub round_trip: Option<u16>,
    /// Mean opinion score in hundredths, 100 to 441, as ITU-T G.107 estimates it for a conversation.
    pub mos: Option<u16>,
    /// What the peer reports of what it hears of us.
    pub far: Option<Far>,
}

/// The same at the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    pub lost: u16,
    pub jitter: u16,
    /// In hundredths, where the peer sends VoIP metrics (RFC 3611 section 4.7).
    pub mos: Option<u16>,
}

/// Milliseconds of sound in a packet, which wait before it leaves.
const PACKET: u16 = 20;

impl Quality {
    /// G.107's rating R of what is heard here, 0 to 93.
    pub(super) fn rating(&self) -> f32 {
        let under_way = self.round_trip.unwrap_or_default() / 2;
        let delay = f32::from(self.delay) + f32::from(under_way) + f32::from(PACKET);
        e_model::rating(f32::from(self.concealed) / 1000.0, delay)
    }

    /// Notes what a listener would say.
    pub(super) fn judge(&mut self) {
        self.mos = Some((e_model::mos(self.rating()) * 100.0) as u16);
    }
}

/// What is measured from second to second, smoothed over the last few.
#[derive(Default)]
pub(super) struct Meter {
    frames: u32,
    before: Totals,
}

/// Since the stream began: packets, and samples.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) expected: u64,
    pub(super) received: u64,
    pub(super) played: u64,
    pub(super) concealed: u64,
}

impl Meter {
    /// A frame was played; true once a second.
    pub(super) fn tick(&mut self) -> bool {
        self.frames = (self.frames + 1) % super::FRAMES_A_SECOND;
        self.frames == 0
    }

    /// Takes what came since the last time into `quality`: a fourth of it is what this second was.
    pub(super) fn take(&mut self, now: Totals, quality: &mut Quality) {
        let before = std::mem::replace(&mut self.before, now);
        let since = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        let expected = since(now.expected, before.expected);
        let missing = expected.saturating_sub(since(now.received, before.received));
        let concealed = since(now.concealed, before.concealed);
        quality.lost = smooth(quality.lost, missing, expected);
        quality.concealed = smooth(quality.concealed, concealed, since(now.played, before.played));
    }
}

fn smooth(so_far: u16, part: u64, whole: u64) -> u16 {
    let share = (part * 1000).checked_div(whole).unwrap_or_default().min(1000);
    // Rounded towards the new value, so that it is reached.
    let step = (share as i64 - i64::from(so_far)) as f32 / 4.0;
    (f32::from(so_far) + step.signum() * step.abs().ceil()) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(seconds: u64, lost: u64) -> Totals {
        let expected = seconds * 50;
        Totals { expected, received: expected - lost, played: seconds * 8000, concealed: lost * 160 }
    }

    #[test]
    fn loss_shows_within_seconds_and_is_forgotten_within_seconds() {
        let (mut meter, mut quality) = (Meter::default(), Quality::default());
        for second in 1..=10 {
            meter.take(totals(second, second * 5), &mut quality);
        }
        assert!((90..=100).contains(&quality.lost) && (90..=100).contains(&quality.concealed), "{quality:?}");
        quality.judge();
        let lossy = quality.mos.unwrap();
        for second in 11..=40 {
            meter.take(totals(second, 50), &mut quality);
        }
        assert_eq!((quality.lost, quality.concealed), (0, 0));
        quality.judge();
        assert!(quality.mos.unwrap() > 430 && lossy < 350, "{lossy} {quality:?}");
    }

    #[test]
    fn numbers_that_begin_anew_are_no_loss() {
        let (mut meter, mut quality) = (Meter::default(), Quality::default());
        meter.take(totals(10, 0), &mut quality);
        meter.take(totals(1, 0), &mut quality);
        assert_eq!(quality.lost, 0);
    }
}
