//! What our user hears of calls that do not stand: it rings here, it rings there, or somebody calls while he talks.
//!
//! One at a time, on a device and nowhere else: a file or another program is no ear.

use super::call::Standing;
use super::{Agent, Effect, Event, Outlet, SoundDevice};
use crate::media::Signal;
use crate::vocab::{escape, shell_word, Failure, FailureKind};

const NO_DEFAULT: &str =
    "start PulseAudio or PipeWire as this user, or plug in a card; `sottovoce calls` shows who calls";
const NOT_NAMED: &str =
    "plug it in again, or ring elsewhere with `sottovoce devices use --ring default`; `sottovoce calls` shows who calls";

impl Agent {
    /// After calls have changed.
    pub(super) fn settle_signal(&mut self) {
        if !std::mem::take(&mut self.calls_changed) {
            return;
        }
        let wanted = self.wanted_signal();
        if self.signal != wanted {
            self.signal.clone_from(&wanted);
            self.effect(Effect::Signal(wanted));
        }
    }

    /// A call would be missed without a sign.
    pub(super) fn handle_ring_silent(&mut self, device: &SoundDevice, why: &str) {
        let (named, next) = match device {
            SoundDevice::Default => ("the default sound output".to_owned(), NO_DEFAULT),
            SoundDevice::Named(name) => (format!("the sound output {}", shell_word(&escape(name))), NOT_NAMED),
        };
        let message = format!("somebody calls, and nothing rings here: {named} takes no sound ({})", escape(why));
        let failure = Failure::new(FailureKind::Failed, "ring-silent", message, escape(&device.to_string()), next);
        self.event(Event::Notice(failure));
    }

    fn wanted_signal(&self) -> Option<(Signal, SoundDevice)> {
        let (hears, rings) = (self.ear(), self.bell());
        if hears.is_none() && rings.is_none() {
            return None;
        }
        let Standing { rings_here, rings_there, talks } = self.calls.standing();
        match (rings_here, talks, rings_there) {
            (true, true, _) => Some((Signal::Waiting, hears?)),
            (true, false, _) => Some((Signal::Ring, rings?)),
            (false, _, true) => Some((Signal::RingBack, hears?)),
            (false, _, false) => None,
        }
    }

    /// Where calls are heard.
    fn ear(&self) -> Option<SoundDevice> {
        device(self.config.audio_sink.outlet()?)
    }

    /// Where it rings: where calls are heard, if nothing else was said.
    fn bell(&self) -> Option<SoundDevice> {
        self.config.ring.clone().map_or_else(|| self.ear(), device)
    }
}

fn device(outlet: Outlet) -> Option<SoundDevice> {
    match outlet {
        Outlet::Device(device) => Some(device),
        Outlet::None => None,
    }
}
