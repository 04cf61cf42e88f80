//! Two legs that hear each other: a conference of their peers and our user. Each leg hands over what its peer said and adds what the
//! other's did to what it sends; neither waits for the other, and nobody hears himself.

use std::sync::mpsc::{sync_channel, Receiver, SyncSender};

use crate::io::audio::FrameConverter;
use crate::media::{mix, FRAMES_A_SECOND, MAX_FRAME};

/// Frames that may be ahead of the other leg: both send every 20 ms, but not at the same moment.
const AHEAD: usize = 2;

/// One leg's side.
pub struct Bridge {
    to: SyncSender<Said>,
    from: Receiver<Said>,
    /// Of the other leg's frames, and of ours, when they differ.
    converter: Option<(usize, usize, Box<FrameConverter>)>,
}

/// 20 ms of what a peer said.
struct Said {
    samples: [i16; MAX_FRAME],
    len: usize,
}

/// Both sides of one.
pub fn bridge() -> [Bridge; 2] {
    let [(to_first, from_second), (to_second, from_first)] = [sync_channel(AHEAD), sync_channel(AHEAD)];
    let one = |to, from| Bridge { to, from, converter: None };
    [one(to_second, from_second), one(to_first, from_first)]
}

impl Bridge {
    /// What the peer of this leg says; when the other leg is behind, it is lost.
    pub fn give(&mut self, frame: &[i16]) {
        self.give_with(frame, |_| ());
    }

    /// With something that is added to it.
    pub fn give_with(&mut self, frame: &[i16], add: impl FnOnce(&mut [i16])) {
        let mut said = Said { samples: [0; MAX_FRAME], len: frame.len().min(MAX_FRAME) };
        said.samples.iter_mut().zip(frame).for_each(|(to, from)| *to = *from);
        add(said.samples.get_mut(..said.len).unwrap_or_default());
        let _ = self.to.try_send(said);
    }

    /// Adds what the peer of the other leg says, if there is something.
    pub fn mix_into(&mut self, frame: &mut [i16]) {
        let Ok(said) = self.from.try_recv() else { return };
        let samples = said.samples.get(..said.len).unwrap_or_default();
        if said.len == frame.len() {
            return mix(frame, samples);
        }
        let mut room = [0; MAX_FRAME];
        let Some(converted) = room.get_mut(..frame.len()) else { return };
        self.between(said.len, frame.len()).convert(samples, converted);
        mix(frame, converted);
    }

    /// Made anew only where one of the legs goes on at another rate.
    fn between(&mut self, from: usize, to: usize) -> &mut FrameConverter {
        let fits = |kept: &(usize, usize, Box<FrameConverter>)| (kept.0, kept.1) == (from, to);
        let kept = self.converter.take().filter(fits);
        let rate = |len: usize| len as u32 * FRAMES_A_SECOND;
        let made = kept.or_else(|| FrameConverter::new(rate(from), rate(to)).map(|made| (from, to, Box::new(made))));
        &mut self.converter.insert(made.expect("two rates of codecs that differ")).2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_gets_what_the_other_gave_once_and_at_its_own_rate() {
        let [mut narrow, mut wide] = bridge();
        let mut frame = [5; 160];
        narrow.mix_into(&mut frame);
        assert_eq!(frame, [5; 160], "nothing was said");
        narrow.give(&[100; 160]);
        narrow.mix_into(&mut frame);
        assert_eq!(frame, [5; 160], "not what its own peer said");
        for _ in 0..4 {
            narrow.give(&[100; 160]);
            wide.give(&[2000; 960]);
            let mut there = [0; 960];
            wide.mix_into(&mut there);
            frame = [5; 160];
            narrow.mix_into(&mut frame);
        }
        assert!(frame.iter().all(|sample| sample.abs_diff(2005) < 30), "{frame:?}");
    }

    #[test]
    fn a_leg_that_stands_still_stops_nobody_and_hears_nothing_old() {
        let [mut one, mut other] = bridge();
        for value in 0..100 {
            one.give(&[value; 160]);
        }
        let mut heard = Vec::new();
        for _ in 0..5 {
            let mut frame = [0; 160];
            other.mix_into(&mut frame);
            heard.push(frame[0]);
        }
        assert_eq!(heard, [0, 1, 0, 0, 0], "no more than waits");
        drop(other);
        one.give(&[1; 160]);
        one.mix_into(&mut [0; 160]);
    }
}
