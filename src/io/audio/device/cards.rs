//! What ALSA has, where no sound server answers.

use cpal::traits::DeviceTrait;
use cpal::{Device, ErrorKind, Host, HostId};

use crate::agent::SoundSide;

/// What ALSA lists beside its devices on any machine, with a card or without: its plug-ins, which are no place to speak or hear
/// (`alsa-lib`, `alsa-plugins`). By name they can be taken all the same.
const PLUGINS: [&str; 11] =
    ["a52", "jack", "lavrate", "null", "oss", "samplerate", "speex", "speexrate", "upmix", "usbstream", "vdownmix"];
/// Those that lead to a server or a card, which may be missing.
const WAYS: [&str; 4] = ["default", "pipewire", "pulse", "sysdefault"];

/// What ALSA's library has to say of a missing card, or server, reaches this thread's terminal no more: it is told by what fails.
pub fn sound_cards() -> Option<Host> {
    // Without memory for it the lines are seen.
    let _ = alsa::Output::local_error_handler();
    cpal::host_from_id(HostId::Alsa).ok()
}

/// Opens it, and closes it again. A device that somebody has for himself is one all the same.
///
/// # Errors
/// ALSA's word for it.
pub fn opens(device: &Device, side: SoundSide) -> Result<(), String> {
    let found = match side {
        SoundSide::Input => device.default_input_config(),
        SoundSide::Output => device.default_output_config(),
    };
    match found.map_err(|error| (error.kind(), error)) {
        Ok(_) | Err((ErrorKind::DeviceBusy, _)) => Ok(()),
        Err((ErrorKind::DeviceNotAvailable, _)) => Err("nothing is there".to_owned()),
        Err((_, error)) => Err(error.to_string()),
    }
}

/// Somebody can speak or hear there.
pub fn is_place(device: &Device, name: &str, side: SoundSide) -> bool {
    !PLUGINS.contains(&name) && (!WAYS.contains(&name) || opens(device, side).is_ok())
}
