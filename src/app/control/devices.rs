use super::request::DevicesBody;
use super::view::{DeviceTrialNowView, DeviceTrialView, DeviceView, DevicesView};
use super::{failures, Control};
use crate::agent::{AudioSink, AudioSource, Command, Outlet, Sound, SoundChange, SoundChoice, SoundDevice, SoundSide};
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
            ring: escape(&ring_of(&sound)),
            input: escape(&input),
            output: escape(&output),
            input_gain: sound.gains.input.decibels(),
            output_gain: sound.gains.output.decibels(),
            treatment: sound.treatment().into(),
            chosen: choice != SoundChoice::default(),
        })
    }

    /// Has calls use other devices, or other gains, those that run too. What the machine does not have is refused.
    pub async fn use_devices(&self, body: &DevicesBody) -> Result<DevicesView, Failure> {
        let choice = SoundChoice {
            input: body.input.as_deref().map(|text| outlet(text, SoundSide::Input)).transpose()?,
            output: body.output.as_deref().map(|text| outlet(text, SoundSide::Output)).transpose()?,
            ring: body.ring.as_deref().map(|text| outlet(text, SoundSide::Output)).transpose()?,
            input_gain: body.input_gain.map(gain).transpose()?,
            output_gain: body.output_gain.map(gain).transpose()?,
        };
        let wanted = (choice.input.clone(), [choice.output.clone(), choice.ring.clone()]);
        let checked = tokio::task::spawn_blocking(move || {
            wanted.0.map_or(Ok(()), |input| io::check_source(&input.source()))?;
            wanted.1.into_iter().flatten().try_for_each(|output| io::check_sink(&output.sink()))
        })
        .await;
        checked.map_err(|_| failures::stopped())??;
        self.change_store(Command::ChooseSound(SoundChange { anew: body.configured, choice })).await?;
        self.devices().await
    }

    /// Plays a tone and chirps, listens, and tells what the microphone hears of it; takes seven seconds.
    pub async fn try_devices(&self) -> Result<DeviceTrialView, Failure> {
        let Sound { source, sink, .. } = self.sound().await?;
        let (AudioSource::Device(from), AudioSink::Device(to)) = (&source, &sink) else {
            return Err(no_devices(&source, &sink));
        };
        let (rehearsal, clock, from, to) = (self.rehearsal.clone(), self.clock, from.clone(), to.clone());
        let (input, output) = (source.clone(), sink.clone());
        let tried = tokio::task::spawn_blocking(move || {
            io::check_source(&input)?;
            io::check_sink(&output)?;
            rehearsal.run(clock, &from, &to)
        });
        let result = tried.await.map_err(|_| failures::stopped())??;
        Ok(DeviceTrialView {
            input: escape(&source.to_string()),
            output: escape(&sink.to_string()),
            hears_output: result.delay.is_some(),
            delay_ms: result.delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            silent: result.is_silent,
            voice: result.voice.into(),
        })
    }

    /// What the microphone gives just now, while devices are tried.
    pub fn device_trial(&self) -> DeviceTrialNowView {
        let now = self.rehearsal.now();
        let (level, speak) = now.unwrap_or_default();
        DeviceTrialNowView { runs: now.is_some(), speak, level: level.into() }
    }

    pub(super) async fn sound(&self) -> Result<Sound, Failure> {
        self.look(|known| known.sound()).await
    }
}

fn no_devices(source: &AudioSource, sink: &AudioSink) -> Failure {
    let message = format!("calls come from {source} and go to {sink}: both have to be devices to be tried");
    let next = "choose some first: `sottovoce devices use --input default --output default`";
    Failure::new(FailureKind::Usage, "no-devices", escape(&message), "devices", next)
}

/// What calls may come from or go to, and is no device.
const CONFIGURED: [&str; 3] = ["file:", "pipe:", "tone:"];

/// As `devices list` names them, with or without `device:`.
fn outlet(text: &str, side: SoundSide) -> Result<Outlet, Failure> {
    if CONFIGURED.iter().any(|scheme| text.starts_with(scheme)) {
        return Err(configured_only(text, side));
    }
    let found = Outlet::parse(text).or_else(|| Outlet::parse(&format!("device:{text}")));
    found.ok_or_else(|| no_name(text, side))
}

/// `none` where calls are heard by no device.
fn ring_of(sound: &Sound) -> String {
    let ring = sound.ring.clone().or_else(|| sound.sink.outlet());
    ring.unwrap_or(Outlet::None).to_string()
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

fn configured_only(text: &str, side: SoundSide) -> Failure {
    let text = escape(text);
    let message = format!("{text} is no {side} that can be chosen while the agent runs");
    let next = "write it into [audio] of the configuration, as input = \"pipe:voice\", and restart the agent; \
                what can be chosen meanwhile is a name of `sottovoce devices list`, default or none";
    Failure::new(FailureKind::Usage, "no-device-name", message, text, next)
}

fn no_name(text: &str, side: SoundSide) -> Failure {
    let text = escape(text);
    let message = format!("{text} is no name of a {side}");
    let next = "`sottovoce devices list` has the names; default and none are others";
    Failure::new(FailureKind::Usage, "no-device-name", message, text, next)
}
