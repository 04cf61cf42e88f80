use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::media::{Level, Levels};

/// The machine's sound devices, and what calls use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DevicesView {
    /// Whose devices they are: `pulseaudio` (PipeWire too) or `alsa`.
    pub server: String,
    pub inputs: Vec<DeviceView>,
    pub outputs: Vec<DeviceView>,
    /// What calls use that name nothing of their own: `default`, `device:NAME`, `silence`, `tone:440`, `file:PATH`, `pipe:PATH`.
    pub input: String,
    /// The same, with `none` for silence.
    pub output: String,
    /// In decibels, of what devices and other programs say.
    pub input_gain: i8,
    /// And of what they get to hear.
    pub output_gain: i8,
    /// Some of it was chosen with `devices use` or `devices gain`, in the place of the configuration.
    pub chosen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    pub name: String,
    /// What it is called for people.
    pub description: String,
    /// The machine's own choice.
    pub default: bool,
    /// Calls use it.
    pub used: bool,
}

/// How loud a call was in the last half second: five tenths of a second, the newest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelsView {
    /// Of what is sent.
    pub input: Vec<LevelView>,
    /// Of what is played.
    pub output: Vec<LevelView>,
}

/// In decibels: 0 is full scale, -96 silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelView {
    /// The loudest sample.
    pub peak: i8,
    /// The root of the mean square.
    pub rms: i8,
}

impl From<Level> for LevelView {
    fn from(level: Level) -> Self {
        Self { peak: Level::decibels(level.peak), rms: Level::decibels(level.rms) }
    }
}

impl From<&Levels> for LevelsView {
    fn from(levels: &Levels) -> Self {
        let views = |levels: &[Level]| levels.iter().copied().map(LevelView::from).collect();
        Self { input: views(&levels.input), output: views(&levels.output) }
    }
}
