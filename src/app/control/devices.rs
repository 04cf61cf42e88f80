use super::request::DevicesBody;
use super::view::{DeviceView, DevicesView};
use super::{failures, Control};
use crate::agent::{Command, Outlet, Sound, SoundChange, SoundChoice, SoundDevice, SoundSide};
use crate::io::{self, FoundDevice};
use crate::media::Gain;
use crate::vocab::{escape, Failure, FailureKind};

impl Control {
    /// The machine's sound devices, and what of them calls use.
    pub async fn devices(&self) -> Result<DevicesView, Failure> {
        let (sound, choice) = self.look(|known| (known.sound(), known.sound_choice())).await?;
        let found = tokio::task::spawn_blocking(|| [SoundSide::Input, SoundSide::Output].map(io::list_devices)).await;
        let [(server, inputs), (_, outputs)] = found.map_err(|_| failures::stopped())?;
        let (input, output) = (sound.source.to_string(), sound.sink.to_string());
        let shown = |found: Vec<FoundDevice>, used: &str| found.iter().map(|device| shown(device, used)).collect();
        Ok(DevicesView {
            server: server.to_owned(),
            inputs: shown(inputs, &input),
            outputs: shown(outputs, &output),
            input: escape(&input),
            output: escape(&output),
            input_gain: sound.gains.input.decibels(),
            output_gain: sound.gains.output.decibels(),
            chosen: choice != SoundChoice::default(),
        })
    }

    /// Has calls use other devices, or other gains, those that run too. What the machine does not have is refused.
    pub async fn use_devices(&self, body: &DevicesBody) -> Result<DevicesView, Failure> {
        let choice = SoundChoice {
            input: body.input.as_deref().map(|text| outlet(text, SoundSide::Input)).transpose()?,
            output: body.output.as_deref().map(|text| outlet(text, SoundSide::Output)).transpose()?,
            input_gain: body.input_gain.map(gain).transpose()?,
            output_gain: body.output_gain.map(gain).transpose()?,
        };
        let wanted = (choice.input.clone(), choice.output.clone());
        let checked = tokio::task::spawn_blocking(move || {
            wanted.0.map_or(Ok(()), |input| io::check_source(&input.source()))?;
            wanted.1.map_or(Ok(()), |output| io::check_sink(&output.sink()))
        })
        .await;
        checked.map_err(|_| failures::stopped())??;
        self.change_store(Command::ChooseSound(SoundChange { anew: body.configured, choice })).await?;
        self.devices().await
    }

    pub(super) async fn sound(&self) -> Result<Sound, Failure> {
        self.look(|known| known.sound()).await
    }
}

/// As `devices list` names them, with or without `device:`.
fn outlet(text: &str, side: SoundSide) -> Result<Outlet, Failure> {
    let found = Outlet::parse(text).or_else(|| Outlet::parse(&format!("device:{text}")));
    found.ok_or_else(|| no_name(text, side))
}

fn gain(decibels: i8) -> Result<Gain, Failure> {
    Gain::new(decibels).ok_or_else(|| {
        let message = format!("a gain of {decibels} dB is none: it reaches from {} to {} dB", Gain::LEAST, Gain::MOST);
        let next = "choose another, as 6; 0 leaves the sound as it is";
        Failure::new(FailureKind::Usage, "no-such-gain", message, decibels.to_string(), next)
    })
}

fn shown(device: &FoundDevice, used: &str) -> DeviceView {
    let names = [&device.name, &device.description].map(|name| SoundDevice::Named(name.clone()).to_string());
    let follows = device.is_default && used == SoundDevice::Default.to_string();
    DeviceView {
        name: escape(&device.name),
        description: escape(&device.description),
        default: device.is_default,
        used: follows || names.iter().any(|name| name == used),
    }
}

fn no_name(text: &str, side: SoundSide) -> Failure {
    let text = escape(text);
    let message = format!("{text} is no name of a {side}");
    let next = "`sottovoce devices list` has the names; default and none are others";
    Failure::new(FailureKind::Usage, "no-device-name", message, text, next)
}
