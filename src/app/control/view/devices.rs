use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::media::{Level, Levels, Treatment};

/// The machine's sound devices, and what calls use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DevicesView {
    /// Whose devices they are: `pulseaudio` (PipeWire too) or `alsa`.
    pub server: String,
    pub inputs: Vec<DeviceView>,
    pub outputs: Vec<DeviceView>,
    /// What calls use that name nothing of their own: `default`, `device:NAME`, `silence`, `echo`, `tone:440`, `file:PATH`, `pipe:PATH`.
    pub input: String,
    /// The same, with `none` for silence.
    pub output: String,
    /// Where it rings: `default`, `device:NAME`, `none`.
    pub ring: String,
    /// In decibels, of what devices and other programs say.
    pub input_gain: i8,
    /// And of what they get to hear.
    pub output_gain: i8,
    pub treatment: TreatmentView,
    /// Some of it was chosen with `devices use` or `devices gain`, in the place of the configuration.
    pub chosen: bool,
}

/// What is done to the user's voice before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TreatmentView {
    /// What the input hears of the output is taken out.
    pub echo_cancellation: bool,
    pub noise_suppression: bool,
    /// The voice is made as loud as a voice should be.
    pub gain_control: bool,
}

impl From<Treatment> for TreatmentView {
    fn from(treatment: Treatment) -> Self {
        let Treatment { echo_cancellation, noise_suppression, gain_control } = treatment;
        Self { echo_cancellation, noise_suppression, gain_control }
    }
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

/// What became of a trial of both devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceTrialView {
    pub input: String,
    pub output: String,
    /// What was played was heard.
    pub hears_output: bool,
    /// So much later, with all that is between them.
    pub delay_ms: Option<u64>,
    /// The input gave nothing but zeros.
    pub silent: bool,
    /// The loudest tenth of a second of the time in which the user could say something.
    pub voice: LevelView,
}

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceTrialNowView {
    pub runs: bool,
    /// The user can say something now.
    pub speak: bool,
    /// Of the last tenth of a second.
    pub level: LevelView,
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
