//! Sound devices. A device's own thread calls back whenever it likes, with as much as it likes; a call takes and gives a frame every 20 ms. Between
//! them is a ring without a lock, and a [`margin`] that is held in spite of their clocks.

mod cards;
mod keeper;
mod machine;
mod margin;
mod microphone;
mod server;
mod speaker;
mod stream;
mod stretch;

pub use machine::{check_device, list_devices, FoundDevice};
pub use microphone::Microphone;
pub use speaker::Speaker;

use crate::agent::{SoundDevice, SoundNews};
use crate::media::FRAMES_A_SECOND;

/// Frames without sound before the user hears of it: one second, which an opening may take.
const PATIENCE: u32 = FRAMES_A_SECOND;

/// Whether sound goes, and what the user was told of it.
struct Flow {
    /// Frames without.
    stands: u32,
    told: bool,
    flows: bool,
    /// The device that was open last.
    device: String,
}

impl Flow {
    fn new(wanted: &SoundDevice) -> Self {
        let device = match wanted {
            SoundDevice::Default => "default".to_owned(),
            SoundDevice::Named(name) => name.clone(),
        };
        Self { stands: 0, told: false, flows: false, device }
    }

    fn opened(&mut self, state: Result<String, String>) {
        if let Ok(device) = state {
            self.device = device;
        }
    }

    fn note(&mut self, flows: bool) {
        self.flows = flows;
        self.stands = if flows { 0 } else { self.stands.saturating_add(1) };
    }

    /// Once for each time that it stood or went again.
    fn news(&mut self, state: impl FnOnce() -> Result<String, String>) -> Option<SoundNews> {
        if self.told && self.flows {
            self.told = false;
            return Some(SoundNews::Back { device: self.device.clone() });
        }
        if self.told || self.stands < PATIENCE {
            return None;
        }
        self.told = true;
        let why = state().map_or_else(|why| why, |_| "it gives and takes nothing".to_owned());
        Some(SoundNews::Gone { device: self.device.clone(), why })
    }
}
