use std::sync::atomic::Ordering;

use super::keeper::Keeper;
use super::margin::Margin;
use super::stream::{Said, RATE};
use super::stretch::Stretch;
use crate::agent::{SoundDevice, SoundNews, SoundSide};
use crate::io::audio::resample::FrameConverter;
use crate::media::{Acoustics, FRAMES_A_SECOND, MAX_FRAME};

/// Samples that a frame may be longer than itself, for a clock that is fast.
const MORE: usize = 32;

/// Takes frames at 48 kHz to a device. They are lost while there is none.
pub struct Speaker {
    keeper: Keeper<Said>,
    open: Option<Open>,
    flow: super::Flow,
}

struct Open {
    said: Said,
    frame: usize,
    margin: Margin,
    stretch: Stretch,
    /// For a device of another rate.
    converter: Option<FrameConverter>,
    /// Samples that are to be left out.
    skip: usize,
    /// So many were missing when it was looked last.
    missing: u32,
    /// Samples that lay there after the frame before.
    after: usize,
    /// Nothing is between it and the device: some silence goes first.
    empty: bool,
}

impl Speaker {
    /// Returns at once; the device is opened meanwhile.
    pub fn start(wanted: SoundDevice) -> Self {
        let flow = super::Flow::new(&wanted);
        Self { keeper: Keeper::start(wanted, SoundSide::Output), open: None, flow }
    }

    /// 20 ms, at 48 kHz. `acoustics` learn what the device gets of it.
    pub fn write(&mut self, frame: &[i16], acoustics: Option<&mut Acoustics>) {
        if let Some(said) = self.keeper.take() {
            self.open = Some(Open::new(said));
            self.flow.opened(self.keeper.state());
        }
        let flows = self.open.as_mut().is_some_and(|open| open.write(frame, acoustics));
        self.flow.note(flows);
    }

    /// A device was opened at least once.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// That it takes no sound any more, or again.
    pub fn news(&mut self) -> Option<SoundNews> {
        self.flow.news(|| self.keeper.state())
    }
}

impl Open {
    fn new(said: Said) -> Self {
        let frame = (said.rate / FRAMES_A_SECOND) as usize;
        let converter = FrameConverter::new(RATE, said.rate);
        let missing = said.missing.load(Ordering::Relaxed);
        let (margin, stretch) = (Margin::new(frame), Stretch::default());
        Self { margin, stretch, converter, skip: 0, missing, after: 0, empty: true, frame, said }
    }

    /// `false` where the device takes nothing.
    fn write(&mut self, from: &[i16], mut acoustics: Option<&mut Acoustics>) -> bool {
        let missing = self.note_missing();
        let samples = &mut self.said.samples;
        let spare = samples.buffer().capacity() - samples.slots();
        let took = self.empty || spare < self.after;
        self.after = spare;
        let advice = if self.empty { Default::default() } else { self.margin.note(spare) };
        self.skip += advice.skip;
        if self.skip >= self.frame {
            self.skip -= self.frame;
            return took;
        }
        if std::mem::take(&mut self.empty) {
            let silence = self.margin.target().min(samples.slots());
            if let Ok(room) = samples.write_chunk(silence) {
                room.commit_all();
            }
            if let Some(acoustics) = &mut acoustics {
                acoustics.played_nothing(missing + silence);
            }
        }
        let (mut room, mut own) = ([0; MAX_FRAME + MORE], [0; MAX_FRAME]);
        let given = self.frame.saturating_add_signed(-advice.shrink);
        let (Some(room), Some(own)) = (room.get_mut(..given), own.get_mut(..self.frame)) else { return false };
        match &mut self.converter {
            None => self.stretch.stretch(from, room),
            Some(converter) => {
                converter.convert(from, own);
                self.stretch.stretch(own, room);
            }
        }
        if self.said.samples.push_entire_slice(room).is_ok() {
            let samples = &self.said.samples;
            self.after = samples.buffer().capacity() - samples.slots();
            if let Some(acoustics) = acoustics {
                // By the device's clock where its rate is that of the treatment.
                acoustics.played(if self.converter.is_none() { room } else { from });
            }
        }
        took
    }

    /// The device wanted more than there was, by so many samples since it was looked last.
    fn note_missing(&mut self) -> usize {
        let missing = self.said.missing.load(Ordering::Relaxed);
        let since = missing.wrapping_sub(std::mem::replace(&mut self.missing, missing));
        if since > 0 && !self.empty {
            self.margin.ran_dry();
            self.empty = true;
        }
        since as usize
    }
}
