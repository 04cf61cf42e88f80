//! Sound devices: which one is meant, and what becomes of a call whose device goes away.

use std::fmt;

use super::{Agent, CallState, Event};
use crate::vocab::{escape, shell_word, CallId, Failure, FailureKind};

/// A sound device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundDevice {
    /// Whichever is the machine's default at the time.
    Default,
    /// As the machine names it.
    Named(String),
}

/// Longest name of a device, in octets.
const MAX_NAME: usize = 256;

impl SoundDevice {
    /// `default`, or `device:` with a name without control characters.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        let named = text.strip_prefix("device:")?;
        let fits = !named.is_empty() && named.len() <= MAX_NAME && !named.chars().any(char::is_control);
        fits.then(|| Self::Named(named.to_owned()))
    }
}

impl fmt::Display for SoundDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Named(name) => write!(f, "device:{name}"),
        }
    }
}

/// Which way sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoundSide {
    /// From our user to the peer.
    Input,
    /// From the peer to our user.
    Output,
}

impl fmt::Display for SoundSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "sound input",
            Self::Output => "sound output",
        })
    }
}

/// What happened to the device of a running call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundNews {
    /// It gives or takes no sound: the call goes on without.
    Gone { device: String, why: String },
    /// Sound goes again, by this device.
    Back { device: String },
}

/// Completes "... or".
pub const ANOTHER: &str = "take another with `sottovoce devices use`; `sottovoce devices list` has their names";

impl Agent {
    /// The call goes on: who plugs in a headset does not want to dial again.
    pub(super) fn handle_sound_changed(&mut self, id: CallId, side: SoundSide, news: SoundNews) {
        let Some(call) = self.calls.call_mut(id) else { return };
        let gone = match &news {
            SoundNews::Gone { device, why } => Some(gone(id, &call.peer, side, (device, why))),
            SoundNews::Back { .. } => None,
        };
        let notice = match &news {
            SoundNews::Back { device } => Some(back(id, &call.peer, side, device)),
            SoundNews::Gone { .. } => gone.clone(),
        };
        match side {
            SoundSide::Input => call.no_input = gone,
            SoundSide::Output => call.no_output = gone,
        }
        if !matches!(call.state, CallState::Ended { .. } | CallState::Failed(_)) {
            notice.into_iter().for_each(|notice| self.event(Event::Notice(notice)));
            self.event(Event::CallChanged(id));
            self.event(Event::SoundChanged);
        }
    }
}

fn gone(id: CallId, peer: &str, side: SoundSide, (device, why): (&str, &str)) -> Failure {
    let lost = match side {
        SoundSide::Input => format!("{peer} hears nothing of you"),
        SoundSide::Output => format!("you hear nothing of {peer}"),
    };
    let device = shell_word(&escape(device));
    let message = format!("the {side} {device} of call {id} is gone ({}): the call goes on, and {lost}", escape(why));
    Failure::new(FailureKind::Failed, "device-gone", message, device, format!("plug it in again, or {ANOTHER}"))
}

fn back(id: CallId, peer: &str, side: SoundSide, device: &str) -> Failure {
    let device = shell_word(&escape(device));
    let message = format!("call {id} with {peer} has its sound again: the {side} is {device}");
    Failure::new(FailureKind::Failed, "device-back", message, device, "you need do nothing")
}
