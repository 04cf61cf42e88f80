//! Comfort noise (RFC 3389): where nobody speaks nothing is sent but how loud the room is, and the other side makes such noise.
//!
//! Who sees the packets then sees who speaks when. So [`Pauses`] is for streams alone whose packets are to hide nothing, or whose user knows.

/// Frames of a pause between two packets that tell of it.
const AGAIN: u32 = 25;
/// Frames that are still sent after speech: 200 ms, so that no end of a word is cut off.
const HANGOVER: u32 = 10;
/// Speech is so many times as strong as the room: 6 dB.
const ABOVE: f32 = 4.0;
/// A room that is louder than this, 40 dB below the most, is heard as it is; one that is softer than -75 dB is as good as still.
const LOUDEST: f32 = 1e-4;
const STILL: f32 = 3.2e-8;
/// How the idea of the room follows it, in a frame: down quickly, and up by 2.5 dB in a second.
const DOWN: f32 = 0.25;
const UP: f32 = 1.0116;

/// What becomes of a frame of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pause {
    /// Nothing is sent.
    Kept,
    /// It is told how loud the room is, in dB below the most (RFC 3389 section 3.1).
    Told(u8),
    /// Somebody speaks: it is sent.
    No,
}

/// Finds the pauses of who speaks here.
pub(super) struct Pauses {
    /// The power of the room, 1 being the most there is.
    room: f32,
    hangover: u32,
    /// Frames of this pause.
    lasts: u32,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self { room: LOUDEST, hangover: HANGOVER, lasts: 0 }
    }

    /// Nobody speaks just now.
    pub(super) fn is_pause(&self) -> bool {
        self.lasts > 0
    }

    pub(super) fn judge(&mut self, frame: &[i16]) -> Pause {
        let power = power(frame);
        self.room = if power < self.room { self.room + (power - self.room) * DOWN } else { self.room * UP };
        self.room = self.room.clamp(STILL, LOUDEST);
        if power > self.room * ABOVE {
            self.hangover = HANGOVER;
        } else {
            self.hangover = self.hangover.saturating_sub(1);
        }
        if self.hangover > 0 {
            self.lasts = 0;
            return Pause::No;
        }
        self.lasts += 1;
        match self.lasts % AGAIN {
            1 => Pause::Told(level(self.room)),
            _ => Pause::Kept,
        }
    }
}

/// Noise of a level that the peer told.
pub(super) struct Noise {
    /// The most that a sample of it is.
    peak: f32,
    seed: u32,
}

impl Noise {
    pub(super) fn new() -> Self {
        Self { peak: 0.0, seed: 0x9E37_79B9 }
    }

    /// What a packet says: its level, and perhaps how the noise is coloured, which we leave. `None` when it says nothing.
    pub(super) fn level_of(payload: &[u8]) -> Option<u8> {
        payload.first().map(|level| level & 0x7f)
    }

    /// In dB below the most. Even noise has a third of the power of its peak.
    pub(super) fn set_level(&mut self, level: u8) {
        let effective = 32_768.0 * 10f32.powf(-f32::from(level) / 20.0);
        self.peak = (effective * 3f32.sqrt()).min(32_767.0);
    }

    pub(super) fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 17;
            self.seed ^= self.seed << 5;
            let even = self.seed as f32 / u32::MAX as f32 * 2.0 - 1.0;
            *sample = (even * self.peak) as i16;
        }
    }
}

fn power(frame: &[i16]) -> f32 {
    let sum: f32 = frame.iter().map(|sample| (f32::from(*sample) / 32_768.0).powi(2)).sum();
    sum / frame.len().max(1) as f32
}

fn level(power: f32) -> u8 {
    (-10.0 * power.max(f32::MIN_POSITIVE).log10()).round().clamp(0.0, 127.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(level: u8, frames: usize) -> Vec<i16> {
        let mut noise = Noise::new();
        noise.set_level(level);
        let mut samples = vec![0; frames * 160];
        noise.fill(&mut samples);
        samples
    }

    fn judged(pauses: &mut Pauses, samples: &[i16]) -> Vec<Pause> {
        samples.chunks(160).map(|frame| pauses.judge(frame)).collect()
    }

    fn tone(frames: usize) -> Vec<i16> {
        (0..frames * 160).map(|n| ((n as f32 * 0.35).sin() * 6000.0) as i16).collect()
    }

    #[test]
    fn noise_is_as_loud_as_was_told() {
        for asked in [10, 30, 50, 70] {
            let made = level(power(&room(asked, 50)));
            assert!(made.abs_diff(asked) <= 1, "{asked} {made}");
        }
        assert!(room(127, 5).iter().all(|sample| *sample == 0));
        assert_eq!((Noise::level_of(&[]), Noise::level_of(&[0xbc, 1, 2])), (None, Some(60)));
    }

    #[test]
    fn a_pause_is_told_at_its_beginning_and_twice_a_second_and_speech_never_is_one() {
        let mut pauses = Pauses::new();
        let quiet = judged(&mut pauses, &room(60, 200));
        let sent = quiet.iter().filter(|pause| **pause == Pause::No).count();
        assert!((1..60).contains(&sent), "{sent}");
        let told: Vec<u8> =
            quiet.iter().filter_map(|pause| if let Pause::Told(level) = pause { Some(*level) } else { None }).collect();
        assert!((6..=8).contains(&told.len()), "{told:?}");
        assert!(told.last().unwrap().abs_diff(60) <= 3, "{told:?}");
        let mut speech = tone(100);
        speech.extend(room(60, 30));
        let spoken = judged(&mut pauses, &speech);
        assert!(spoken[..109].iter().all(|pause| *pause == Pause::No), "the end of a word is sent");
        assert!(matches!(spoken[109], Pause::Told(_)), "{:?}", &spoken[105..115]);
    }

    /// A minute of one tone, or of a loud room, is no pause.
    #[test]
    fn what_is_loud_is_heard_however_long_it_lasts() {
        for sound in [tone(3000), room(30, 3000)] {
            assert!(judged(&mut Pauses::new(), &sound).iter().all(|pause| *pause == Pause::No));
        }
    }
}
