//! The sound devices that this machine has, by PulseAudio (or PipeWire in its place) where it runs, otherwise by ALSA.

use std::sync::Arc;

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host, HostId};

use super::cards::{is_place, opens, sound_cards};
use super::server::sound_server;
use crate::agent::{SoundDevice, SoundSide, ANOTHER_DEVICE as ANOTHER};
use crate::vocab::{escape, shell_word, Failure, FailureKind};

/// Longest name of a device, in octets: it is a server's word, or that of a card.
const MAX_NAME: usize = 256;
/// Most devices that are looked at.
const MOST: usize = 256;

/// A way to the machine's devices; none where not even ALSA is there. Whoever asks waits for the sound server.
pub struct Machine(Option<Arc<Host>>);

impl Machine {
    /// Waits two seconds at most for a sound server that does not answer.
    pub fn find() -> Self {
        Self(sound_server().or_else(|| sound_cards().map(Arc::new)))
    }

    /// Whether devices can be asked for again and again: ALSA opens what it is asked about.
    pub fn tells_changes(&self) -> bool {
        self.0.as_ref().is_some_and(|host| host.id() == HostId::PulseAudio)
    }

    /// A sound server came, and has the device that was found without one.
    pub fn is_superseded(&self, wanted: &SoundDevice, side: SoundSide) -> bool {
        !self.tells_changes() && sound_server().is_some_and(|host| Self(Some(host)).device(wanted, side).is_some())
    }

    /// By its name, or by what it is called for people where one only is called so.
    pub fn device(&self, wanted: &SoundDevice, side: SoundSide) -> Option<Device> {
        let SoundDevice::Named(wanted) = wanted else { return self.default(side) };
        if let Some(found) = self.devices(side).find(|device| name(device) == *wanted) {
            return Some(found);
        }
        let mut called = self.devices(side).filter(|device| described(device) == *wanted);
        called.next().filter(|_| called.next().is_none())
    }

    fn default(&self, side: SoundSide) -> Option<Device> {
        let host = self.0.as_ref()?;
        match side {
            SoundSide::Input => host.default_input_device(),
            SoundSide::Output => host.default_output_device(),
        }
    }

    fn devices(&self, side: SoundSide) -> impl Iterator<Item = Device> {
        let fits = move |device: &Device| match side {
            SoundSide::Input => device.supports_input(),
            SoundSide::Output => device.supports_output(),
        };
        self.0.as_ref().and_then(|host| host.devices().ok()).into_iter().flatten().take(MOST).filter(fits)
    }
}

/// What `device:` takes.
pub fn name(device: &Device) -> String {
    cut(device.id().as_ref().map_or("", |id| id.id()))
}

fn described(device: &Device) -> String {
    device.description().map_or_else(|_| name(device), |found| cut(found.name()))
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

/// A device that the machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDevice {
    /// What `device:` takes.
    pub name: String,
    /// What it is called for people.
    pub description: String,
    pub is_default: bool,
}

/// What the machine has of one kind, by name; and whose devices they are: `pulseaudio` or `alsa`.
pub fn list_devices(side: SoundSide) -> (&'static str, Vec<FoundDevice>) {
    let machine = Machine::find();
    let is_alsa = !machine.tells_changes();
    let default = machine.default(side).as_ref().map(name);
    let places = machine.devices(side).filter(|device| !is_alsa || is_place(device, &name(device), side));
    let mut found: Vec<FoundDevice> = places
        .map(|device| {
            let (name, description) = (name(&device), described(&device));
            FoundDevice { is_default: default.as_ref() == Some(&name), name, description }
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let server = if is_alsa { "alsa" } else { "pulseaudio" };
    (server, found)
}

/// Whether the machine has it now. Asked before anybody's telephone rings.
pub fn check_device(wanted: &SoundDevice, side: SoundSide) -> Result<(), Failure> {
    let machine = Machine::find();
    let Some(device) = machine.device(wanted, side) else { return Err(no_device(wanted, side)) };
    if machine.tells_changes() {
        return Ok(());
    }
    opens(&device, side).map_err(|why| not_opened(wanted, side, &why))
}

fn no_device(wanted: &SoundDevice, side: SoundSide) -> Failure {
    let (message, next) = match wanted {
        SoundDevice::Default => (format!("this machine has no {side}"), without(side)),
        SoundDevice::Named(name) => (
            format!("this machine has no {side} named {}", shell_word(&escape(name))),
            format!("plug it in, or {ANOTHER}"),
        ),
    };
    Failure::new(FailureKind::Failed, "no-such-device", message, wanted.to_string(), next)
}

/// ALSA always has a default, and says only when it is opened that there is nothing behind.
fn not_opened(wanted: &SoundDevice, side: SoundSide, why: &str) -> Failure {
    let why = escape(why);
    let (message, next) = match wanted {
        SoundDevice::Default => (
            format!("this machine has no {side}: no sound server answers, and ALSA's default does not open: {why}"),
            without(side),
        ),
        SoundDevice::Named(name) => (
            format!("the {side} {} does not open ({why}), and no sound server answers", shell_word(&escape(name))),
            format!("start PulseAudio or PipeWire as this user, or {ANOTHER}"),
        ),
    };
    Failure::new(FailureKind::Failed, "no-such-device", message, wanted.to_string(), next)
}

fn without(side: SoundSide) -> String {
    let option = match side {
        SoundSide::Input => "--input",
        SoundSide::Output => "--output",
    };
    format!("start PulseAudio or PipeWire as this user, or plug in a card; `sottovoce devices use {option} none` goes without")
}
