//! Keys of a telephone in RTP (RFC 4733): [`Dialled`] sends them in the place of sound, [`Keyed`] tells each that comes once.

use std::collections::VecDeque;
use std::time::Duration;

use crate::vocab::{Digit, Mono};

/// Octets of the payload (RFC 4733 section 2.3).
pub const PAYLOAD: usize = 4;
/// Digits that wait to be sent.
pub const MOST: usize = 64;
/// Frames that a key is pressed: 100 ms, and as many of silence before the next one. Receivers need 40 ms of either (ITU-T Q.24).
const PRESSED: u8 = 5;
const PAUSE: u8 = 5;
/// How long one takes, with all that.
pub const EACH: Duration = Duration::from_millis(20 * (PRESSED + ENDS + PAUSE) as u64);
/// The last packet of a digit is sent three times (RFC 4733 section 2.5.1.4).
const ENDS: u8 = 3;
/// -10 dBm0, as loud as telephones are.
const VOLUME: u8 = 10;

/// What a frame of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Sound, as always.
    Sound,
    /// A packet of a digit.
    Digit(Packet),
    /// Sound, but silent: two digits are kept apart.
    Pause,
}

/// One packet of a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub payload: [u8; PAYLOAD],
    /// The first of its digit.
    pub first: bool,
    /// When its key was pressed, in frames before this one: its timestamp is that of then.
    pub frames_ago: u32,
}

/// Digits of ours on their way.
#[derive(Default)]
pub struct Dialled {
    waiting: VecDeque<Digit>,
    /// The one that is sent, and how many packets of it were.
    current: Option<(Digit, u8)>,
    pause: u8,
}

impl Dialled {
    /// Gives back how many there was no room for.
    pub fn push(&mut self, digits: &[Digit]) -> usize {
        let room = MOST.saturating_sub(self.waiting.len());
        self.waiting.extend(digits.iter().take(room));
        digits.len().saturating_sub(room)
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What the next frame is. `ticks` are those of one frame, at the clock of the digits.
    pub fn turn(&mut self, ticks: u32) -> Turn {
        if self.pause > 0 {
            self.pause -= 1;
            return Turn::Pause;
        }
        let next = self.current.or_else(|| self.waiting.pop_front().map(|digit| (digit, 0)));
        let Some((digit, sent)) = next else { return Turn::Sound };
        let sent_now = sent + 1;
        let ended = sent_now > PRESSED;
        self.current = (sent_now < PRESSED + ENDS).then_some((digit, sent_now));
        if self.current.is_none() {
            self.pause = PAUSE;
        }
        // What stands in it has passed when it is sent.
        let duration = (ticks * u32::from(sent_now.min(PRESSED))).min(u32::from(u16::MAX)) as u16;
        let flags = if ended { 0x80 | VOLUME } else { VOLUME };
        let [high, low] = duration.to_be_bytes();
        let payload = [digit.code(), flags, high, low];
        Turn::Digit(Packet { payload, first: sent == 0, frames_ago: u32::from(sent) })
    }
}

/// The digits of a peer: of each come some ten packets, and one of them is enough.
#[derive(Default)]
pub struct Keyed {
    /// The source and the timestamp of the newest.
    newest: Option<(u32, u32)>,
    pace: Pace,
}

impl Keyed {
    /// A packet of digits came: `Ok(None)` when it tells nothing new, or no key. A key that is still pressed counts already, so
    /// its end may be lost.
    ///
    /// # Errors
    /// Why it counts for nothing.
    pub fn take(
        &mut self,
        now: Mono,
        (ssrc, timestamp): (u32, u32),
        payload: &[u8],
    ) -> Result<Option<Digit>, &'static str> {
        // Where several stand in one packet the first counts (RFC 4733 section 2.5.1.5): nobody sends keys so.
        let Some((&[code, _, _, _], _)) = payload.split_first_chunk::<PAYLOAD>() else { return Err("malformed") };
        let Some(digit) = Digit::of_code(code) else { return Ok(None) };
        if self.newest.is_some_and(|(from, newest)| from == ssrc && timestamp.wrapping_sub(newest).cast_signed() <= 0) {
            return Ok(None);
        }
        if !self.pace.allows(now) {
            return Err("digit-flood");
        }
        self.newest = Some((ssrc, timestamp));
        Ok(Some(digit))
    }
}

/// Nobody presses more keys than this: each is shown to the user.
#[derive(Default)]
pub struct Pace {
    /// When all that came would have been pressed at the quickest.
    until: Mono,
}

impl Pace {
    /// One digit at the quickest, pressed and released (ITU-T Q.24).
    const QUICKEST: Duration = Duration::from_millis(80);
    /// So many may come at once, after a gap of the network.
    const BURST: u32 = 16;

    /// Whether one more is believed.
    pub fn allows(&mut self, now: Mono) -> bool {
        let next = self.until.max(now) + Self::QUICKEST;
        let allowed = next - now <= Self::QUICKEST * Self::BURST;
        if allowed {
            self.until = next;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(keys: &str) -> Vec<Digit> {
        keys.chars().map(|key| Digit::new(key).unwrap()).collect()
    }

    fn at(milliseconds: u64) -> Mono {
        Mono(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_digit_grows_ends_three_times_and_is_kept_apart_from_the_next() {
        let mut dialled = Dialled::default();
        assert_eq!(dialled.turn(160), Turn::Sound);
        assert_eq!(dialled.push(&digits("5#")), 0);
        for code in [5, 11] {
            for nth in 0..8u32 {
                let Turn::Digit(packet) = dialled.turn(160) else { panic!("{nth}") };
                let duration = u16::from_be_bytes([packet.payload[2], packet.payload[3]]);
                assert_eq!((packet.first, packet.frames_ago), (nth == 0, nth));
                assert_eq!((packet.payload[0], u32::from(duration)), (code, 160 * (nth + 1).min(5)));
                assert_eq!(packet.payload[1], if nth < 5 { 10 } else { 0x8a });
            }
            assert_eq!([0; 5].map(|_| dialled.turn(160)), [Turn::Pause; 5]);
        }
        assert_eq!(dialled.turn(160), Turn::Sound);
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut dialled = Dialled::default();
        assert_eq!(dialled.push(&digits(&"7".repeat(MOST + 3))), 3);
        assert_eq!(dialled.push(&digits("1")), 1);
        dialled.clear();
        assert_eq!((dialled.turn(160), dialled.push(&digits("1"))), (Turn::Sound, 0));
    }

    #[test]
    fn each_digit_is_told_once_whatever_of_it_comes() {
        let told = |order: &[(u32, u8)]| {
            let mut keyed = Keyed::default();
            let each = order.iter().map(|(timestamp, code)| keyed.take(at(0), (7, *timestamp), &[*code, 10, 0, 160]));
            each.filter_map(|told| told.unwrap().map(Digit::key)).collect::<String>()
        };
        assert_eq!(told(&[(0, 1), (0, 1), (0, 1)]), "1");
        assert_eq!(told(&[(0, 1), (1600, 1), (1600, 1), (3200, 2)]), "112");
        // The end of the one before comes late.
        assert_eq!(told(&[(0, 1), (1600, 2), (0, 1), (1600, 2)]), "12");
        assert_eq!(told(&[(u32::MAX - 100, 3), (1500, 4), (u32::MAX - 100, 3)]), "34");
        assert_eq!(told(&[(0, 16), (100, 255), (200, 15)]), "D", "a flash is no key");
        let mut keyed = Keyed::default();
        assert_eq!(keyed.take(at(0), (7, 0), &[1, 10, 0]), Err("malformed"));
        let sources = [1, 2, 1].map(|ssrc| keyed.take(at(0), (ssrc, 50), &[1, 10, 0, 160]).unwrap().is_some());
        assert_eq!(sources, [true; 3], "another source counts anew");
    }

    #[test]
    fn nobody_presses_a_thousand_keys_at_once() {
        let mut keyed = Keyed::default();
        let mut told = |ms: u64, timestamps: std::ops::Range<u32>| {
            timestamps.filter(|nth| keyed.take(at(ms), (7, nth * 10), &[1, 10, 0, 160]) != Err("digit-flood")).count()
        };
        assert_eq!(told(0, 0..1000), 16);
        assert_eq!(told(800, 1000..2000), 10);
        assert_eq!(told(10_000, 2000..3000), 16);
    }
}
