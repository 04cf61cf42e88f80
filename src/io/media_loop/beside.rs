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
            match &self.recorder {
                // Who hears it through us is recorded too, and is told so too.
                Some(recorder) => bridge.give_with(theirs, |frame| recorder.mix_into_others(frame)),
                None => bridge.give(theirs),
            }
        }
        self.recorder.take_if(|recorder| !recorder.write(ours, theirs));
    }
}

#[cfg(test)]
mod tests {
    use super::super::bridge::bridge;
    use super::*;
    use crate::agent::CallRecording;
    use crate::vocab::CallId;

    #[test]
    fn whoever_is_recorded_by_way_of_a_conference_hears_the_tone_too() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = CallRecording { file: dir.path().join("both.wav"), mixed: false, consent_tone: true };
        let (dones, _ended) = tokio::sync::mpsc::channel(1);
        let (recorder, _whole) = Recorder::start(CallId(1), wanted, dones).unwrap();
        let [one, mut other] = bridge();
        let mut beside = Beside { recorder: Some(recorder), bridge: Some(one) };
        let (mut to_peer, mut to_third) = ([0; 160], [0; 160]);
        beside.mix_into(&mut to_peer);
        beside.take(&to_peer, &[0; 160]);
        other.mix_into(&mut to_third);
        assert_ne!(to_peer, [0; 160]);
        assert_eq!(to_third, to_peer);
    }
}
