use std::net::TcpStream;

use super::bridge::Bridge;
use super::recorder::Recorder;
use super::slot::Slot;
use crate::io::audio::{Sink, Source};
use crate::media::MAX_FRAME;

/// What a leg may be given beside its own sound.
#[derive(Default)]
pub struct Given {
    pub recorder: Slot<Recorder>,
    pub bridge: Slot<Bridge>,
    /// Another device, or none.
    pub source: Slot<Source>,
    pub sink: Slot<Sink>,
    /// The connection that its media goes by.
    pub connection: Slot<TcpStream>,
}

/// What goes on beside a leg's own sound: a recording, a conference.
#[derive(Default)]
pub struct Beside {
    recorder: Option<Recorder>,
    bridge: Option<Bridge>,
}

impl Beside {
    pub fn look_at(&mut self, given: &Given) {
        if let Some(recorder) = given.recorder.take() {
            self.recorder = recorder;
        }
        if let Some(bridge) = given.bridge.take() {
            self.bridge = bridge;
        }
    }

    /// What the peer hears beside our user.
    pub fn mix_into(&mut self, frame: &mut [i16]) {
        if let Some(bridge) = &mut self.bridge {
            bridge.mix_into(frame);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.mix_into(frame);
        }
    }

    /// The frame that goes out, where it is needed later; `silent`: it does not go out.
    pub fn keep(&self, frame: &[i16], silent: bool) -> Option<[i16; MAX_FRAME]> {
        if self.recorder.is_none() && self.bridge.is_none() {
            return None;
        }
        let mut kept = [0; MAX_FRAME];
        if !silent {
            kept.iter_mut().zip(frame).for_each(|(to, from)| *to = *from);
        }
        Some(kept)
    }

    /// What was sent, and what the peer said.
    pub fn take(&mut self, ours: &[i16], theirs: &[i16]) {
        if let Some(bridge) = &mut self.bridge {
            bridge.give(theirs);
        }
        self.recorder.take_if(|recorder| !recorder.write(ours, theirs));
    }
}
