//! Which devices calls use, and how loud: as configured, until the user chooses others (`devices use`, `devices gain`), over restarts
//! too. Calls that run go over at once, those excepted that play or record a file.

use std::fmt;

use super::waiting::Waiting;
use super::{Agent, AgentConfig, AudioSink, AudioSource, Effect, Event, SoundDevice, StoreOp};
use crate::media::{Gain, Gains, SoundEnd, Treatment, TreatmentWish};
use crate::vocab::EffectId;

/// A device, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlet {
    Device(SoundDevice),
    None,
}

impl Outlet {
    /// `default`, `device:NAME`, `none`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" | "silence" => Some(Self::None),
            _ => SoundDevice::parse(text).map(Self::Device),
        }
    }

    pub fn source(&self) -> AudioSource {
        match self {
            Self::Device(device) => AudioSource::Device(device.clone()),
            Self::None => AudioSource::Silence,
        }
    }

    pub fn sink(&self) -> AudioSink {
        match self {
            Self::Device(device) => AudioSink::Device(device.clone()),
            Self::None => AudioSink::Discard,
        }
    }
}

impl fmt::Display for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => device.fmt(f),
            Self::None => f.write_str("none"),
        }
    }
}

/// What the user chose; what is absent is as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoundChoice {
    pub input: Option<Outlet>,
    pub output: Option<Outlet>,
    /// Where it rings.
    pub ring: Option<Outlet>,
    pub input_gain: Option<Gain>,
    pub output_gain: Option<Gain>,
}

impl SoundChoice {
    fn take(&mut self, newer: Self) {
        let Self { input, output, ring, input_gain, output_gain } = newer;
        self.input = input.or(self.input.take());
        self.output = output.or(self.output.take());
        self.ring = ring.or(self.ring.take());
        self.input_gain = input_gain.or(self.input_gain);
        self.output_gain = output_gain.or(self.output_gain);
    }
}

/// What of it calls use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    pub source: AudioSource,
    pub sink: AudioSink,
    /// Where it rings, where that is not the sink's device.
    pub ring: Option<Outlet>,
    pub gains: Gains,
    pub treatment: TreatmentWish,
}

impl Sound {
    /// What is done to our user's voice in calls that use it.
    pub fn treatment(&self) -> Treatment {
        let input = match self.source {
            AudioSource::Device(_) => SoundEnd::Device,
            AudioSource::Pipe(_) => SoundEnd::Program,
            AudioSource::Echo | AudioSource::File(_) | AudioSource::Silence | AudioSource::Tone(_) => SoundEnd::Other,
        };
        let output = match self.sink {
            AudioSink::Device(_) => SoundEnd::Device,
            AudioSink::Pipe(_) => SoundEnd::Program,
            AudioSink::File(_) | AudioSink::Discard => SoundEnd::Other,
        };
        self.treatment.between(input, output)
    }
}

/// How the user wants to change what he chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundChange {
    /// All that he chose before is forgotten first.
    pub anew: bool,
    pub choice: SoundChoice,
}

/// What is configured, and what was chosen in its place.
pub(super) struct Sounds {
    configured: Sound,
    choice: SoundChoice,
}

impl Sounds {
    pub fn new(config: &mut AgentConfig, choice: SoundChoice) -> Self {
        let sounds = Self { configured: used(config), choice };
        sounds.settle(config);
        sounds
    }

    fn settle(&self, config: &mut AgentConfig) {
        let (choice, configured) = (&self.choice, &self.configured);
        config.audio_source = choice.input.as_ref().map_or_else(|| configured.source.clone(), Outlet::source);
        config.audio_sink = choice.output.as_ref().map_or_else(|| configured.sink.clone(), Outlet::sink);
        config.ring = choice.ring.clone().or_else(|| configured.ring.clone());
        config.gains = Gains {
            input: choice.input_gain.unwrap_or(configured.gains.input),
            output: choice.output_gain.unwrap_or(configured.gains.output),
        };
    }
}

fn used(config: &AgentConfig) -> Sound {
    let (source, sink) = (config.audio_source.clone(), config.audio_sink.clone());
    Sound { source, sink, ring: config.ring.clone(), gains: config.gains, treatment: config.treatment }
}

impl Agent {
    /// What calls use that name nothing of their own.
    pub fn sound(&self) -> Sound {
        used(&self.config)
    }

    /// What of that the user chose.
    pub fn sound_choice(&self) -> &SoundChoice {
        &self.sounds.choice
    }

    pub(super) fn choose_sound(&mut self, change: SoundChange) -> EffectId {
        let id = self.expect(Waiting::Sound(change.clone()));
        self.effect(Effect::Store { id, op: StoreOp::ChooseSound(change) });
        id
    }

    pub(super) fn sound_chosen(&mut self, change: SoundChange) {
        let before = self.sound();
        if change.anew {
            self.sounds.choice = SoundChoice::default();
        }
        self.sounds.choice.take(change.choice);
        self.sounds.settle(&mut self.config);
        let now = self.sound();
        if now.gains != before.gains {
            self.effect(Effect::SetGains(now.gains));
        }
        self.change_sound_of_calls(&before, &now);
        self.calls_changed = true;
        self.event(Event::SoundChanged);
    }

    fn change_sound_of_calls(&mut self, before: &Sound, now: &Sound) {
        let source = (before.source != now.source && goes_over(&before.source) && goes_over(&now.source))
            .then(|| now.source.clone());
        let sink =
            (before.sink != now.sink && takes_over(&before.sink) && takes_over(&now.sink)).then(|| now.sink.clone());
        let source = source.map(|source| (&before.source, source));
        let sink = sink.map(|sink| (&before.sink, sink));
        for (call, source, sink) in self.calls.change_sound(source.as_ref(), sink.as_ref()) {
            self.effect(Effect::UseSound { call, source, sink });
            self.event(Event::CallChanged(call));
        }
    }
}

/// A call can go from it, and to it, while it runs: nothing waits for a disk.
fn goes_over(source: &AudioSource) -> bool {
    matches!(source, AudioSource::Device(_) | AudioSource::Echo | AudioSource::Silence | AudioSource::Tone(_))
}

fn takes_over(sink: &AudioSink) -> bool {
    matches!(sink, AudioSink::Device(_) | AudioSink::Discard)
}
