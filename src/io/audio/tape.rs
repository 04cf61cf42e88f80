use super::recording::Recording;
use super::resample::FrameConverter;
use crate::agent::CallRecording;
use crate::media::{mix, FRAMES_A_SECOND, MAX_FRAME};
use crate::vocab::Failure;

/// A file with both sides of a call: ours left, the peer's right, or both mixed.
pub struct Tape {
    file: Recording,
    is_mixed: bool,
    /// Samples a second of the file.
    rate: u32,
    /// Of both sides' frames that came last, and what brings each to the rate of the file.
    sides: [(u32, Option<Box<FrameConverter>>); 2],
}

impl Tape {
    /// Makes or overwrites the file, 0600. `rate` in hertz, a multiple of 50.
    pub fn open(wanted: &CallRecording, rate: u32) -> Result<Self, Failure> {
        let file = Recording::create(&wanted.file, rate, if wanted.mixed { 1 } else { 2 })?;
        Ok(Self { file, is_mixed: wanted.mixed, rate, sides: [(rate, None), (rate, None)] })
    }

    /// 20 ms of both sides, at whichever rate the call has by now.
    pub fn write(&mut self, ours: &[i16], theirs: &[i16]) -> Result<(), Failure> {
        let mut room = [[0; MAX_FRAME]; 2];
        let len = (self.rate / FRAMES_A_SECOND) as usize;
        for ((from, converter), (room, frame)) in self.sides.iter_mut().zip(room.iter_mut().zip([ours, theirs])) {
            let rate = frame.len() as u32 * FRAMES_A_SECOND;
            if std::mem::replace(from, rate) != rate {
                *converter = FrameConverter::new(rate, self.rate).map(Box::new);
            }
            match converter {
                Some(converter) => converter.convert(frame, room),
                None => room.iter_mut().zip(frame).for_each(|(to, from)| *to = *from),
            }
        }
        let [mut left, right] = room;
        let (left, right) = (left.get_mut(..len).unwrap_or_default(), right.get(..len).unwrap_or_default());
        let written = match self.is_mixed {
            true => {
                mix(left, right);
                self.file.put(left.iter().copied())
            }
            false => self.file.put(left.iter().zip(right).flat_map(|(left, right)| [*left, *right])),
        };
        written.map_err(|error| self.file.failure(&error))
    }

    /// Writes the rest, and the final header.
    pub fn finish(self) -> Result<(), Failure> {
        self.file.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn wanted(file: std::path::PathBuf, mixed: bool) -> CallRecording {
        CallRecording { file, mixed, consent_tone: false }
    }

    #[test]
    fn ours_is_left_and_theirs_right_or_both_are_one() {
        let dir = tempfile::tempdir().unwrap();
        for (name, mixed, expected) in [("two.wav", false, vec![100, -7, 100, -7]), ("one.wav", true, vec![93, 93])] {
            let path = dir.path().join(name);
            let mut tape = Tape::open(&wanted(path.clone(), mixed), 8000).unwrap();
            (0..60).for_each(|_| tape.write(&[100; 160], &[-7; 160]).unwrap());
            tape.finish().unwrap();
            let mut found = hound::WavReader::open(&path).unwrap();
            assert_eq!(found.duration(), 60 * 160);
            let first: Vec<i16> = found.samples().map(Result::unwrap).take(expected.len()).collect();
            assert_eq!(first, expected);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_call_that_goes_on_at_another_rate_has_one_file_of_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("two.wav");
        let mut tape = Tape::open(&wanted(path.clone(), false), 8000).unwrap();
        (0..50).for_each(|_| tape.write(&[1000; 160], &[0; 160]).unwrap());
        (0..50).for_each(|_| tape.write(&[1000; 960], &[0; 320]).unwrap());
        tape.finish().unwrap();
        let mut found = hound::WavReader::open(&path).unwrap();
        assert_eq!(found.duration(), 2 * 8000);
        let samples: Vec<i16> = found.samples().map(Result::unwrap).collect();
        let (left, right) = (samples[24_000], samples[24_001]);
        assert!((left.abs_diff(1000) < 20, right) == (true, 0), "{left} {right}");
    }

    #[test]
    fn a_full_disk_is_told() {
        let full = Tape::open(&wanted("/dev/full".into(), false), 8000);
        assert_eq!(full.err().unwrap().code, "recording-failed");
    }
}
