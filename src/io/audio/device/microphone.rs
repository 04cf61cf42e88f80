use super::keeper::Keeper;
use super::margin::Margin;
use super::stream::{Heard, RATE};
use super::stretch::Stretch;
use crate::agent::{SoundDevice, SoundNews, SoundSide};
use crate::io::audio::resample::FrameConverter;
use crate::media::{Acoustics, FRAMES_A_SECOND, MAX_FRAME};

/// Samples that a frame may be longer than itself, for a clock that is slow.
const MORE: usize = 32;

/// Frames of what a device hears, at 48 kHz. Silence while there is none.
pub struct Microphone {
    keeper: Keeper<Heard>,
    open: Option<Open>,
    flow: super::Flow,
}

struct Open {
    heard: Heard,
    frame: usize,
    margin: Margin,
    stretch: Stretch,
    /// For a device of another rate.
    converter: Option<FrameConverter>,
    /// Until enough is there.
    waits: bool,
}

impl Microphone {
    /// Returns at once; the device is opened meanwhile.
    pub fn start(wanted: SoundDevice) -> Self {
        let flow = super::Flow::new(&wanted);
        Self { keeper: Keeper::start(wanted, SoundSide::Input), open: None, flow }
    }

    /// The next 20 ms, at 48 kHz, as `acoustics` treat it.
    pub fn frame(&mut self, frame: &mut [i16], acoustics: Option<&mut Acoustics>) {
        if let Some(heard) = self.keeper.take() {
            self.open = Some(Open::new(heard));
            self.flow.opened(self.keeper.state());
        }
        let flows = self.open.as_mut().is_some_and(|open| open.frame(frame, acoustics));
        if !flows {
            frame.fill(0);
        }
        self.flow.note(flows);
    }

    /// A device was opened at least once.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// That it gives no sound any more, or again.
    pub fn news(&mut self) -> Option<SoundNews> {
        self.flow.news(|| self.keeper.state())
    }
}

impl Open {
    fn new(heard: Heard) -> Self {
        let frame = (heard.rate / FRAMES_A_SECOND) as usize;
        let converter = FrameConverter::new(heard.rate, RATE);
        Self { margin: Margin::new(frame), stretch: Stretch::default(), converter, waits: true, frame, heard }
    }

    /// `false` where there is not enough.
    fn frame(&mut self, to: &mut [i16], mut acoustics: Option<&mut Acoustics>) -> bool {
        let there = self.heard.samples.slots();
        if self.waits && there < self.frame + self.margin.target() {
            return false;
        }
        if there < self.frame + MORE {
            self.margin.ran_dry();
            self.waits = true;
            return false;
        }
        self.waits = false;
        let advice = self.margin.note(there - self.frame);
        self.skip(advice.skip);
        if let Some(acoustics) = &mut acoustics {
            acoustics.passed_over(advice.skip);
        }
        let (mut room, mut own) = ([0; MAX_FRAME + MORE], [0; MAX_FRAME]);
        let taken = self.frame.saturating_add_signed(advice.shrink);
        let (Some(room), Some(own)) = (room.get_mut(..taken), own.get_mut(..self.frame)) else { return false };
        if self.heard.samples.pop_entire_slice(room).is_err() {
            return false;
        }
        match &mut self.converter {
            None => {
                treat(room, acoustics);
                self.stretch.stretch(room, to);
            }
            Some(converter) => {
                self.stretch.stretch(room, own);
                converter.convert(own, to);
                treat(to, acoustics);
            }
        }
        true
    }

    fn skip(&mut self, samples: usize) {
        if let Ok(gone) = self.heard.samples.read_chunk(samples) {
            gone.commit_all();
        }
    }
}

/// By the device's clock where its rate is that of the treatment.
fn treat(samples: &mut [i16], acoustics: Option<&mut Acoustics>) {
    if let Some(acoustics) = acoustics {
        acoustics.heard(samples);
    }
}
