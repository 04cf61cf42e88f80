use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::keys::Identity;
use crate::policy::{Entry, Level, Prefix, Scope};
use crate::sip::Transport;
use crate::vocab::{Device, Entity};

/// What the agent needs to know of its configuration, checked.
pub struct AgentConfig {
    pub entity: Entity,
    pub display_name: Option<String>,
    pub device: Device,
    pub identity: Identity,
    /// The addresses that really are bound, the first one is ours in Contact and SDP.
    pub listen: Vec<Listen>,
    /// Media sockets are bound here.
    pub media_address: IpAddr,
    /// T1 of RFC 3261 section 17.1.1.1.
    pub t1: Duration,
    pub answer: AnswerMode,
    pub audio_source: AudioSource,
    pub audio_sink: AudioSink,
    pub places: Vec<Place>,
    pub unknown_watchers: UnknownWatchers,
    /// What `default` means in an entry: never itself `Default`.
    pub default_level: Level,
    /// The default entry for everybody else, out then in.
    pub default_policy: Vec<Entry>,
    /// Write the SAs of each call for a packet analyser. Dangerous.
    pub keylog: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    pub transport: Transport,
    pub address: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerMode {
    Auto,
    Prompt,
    Reject,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioSource {
    /// A WAV file, played once, then silence.
    File(PathBuf),
    Silence,
    /// A sine of so many hertz.
    Tone(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioSink {
    /// A WAV file, PCM16 mono 8 kHz.
    File(PathBuf),
    Discard,
}

/// A network that has a name (PROTOCOL section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub scope: Scope,
    pub networks: Vec<Prefix>,
}

/// What a watcher that we do not know may learn (PROTOCOL section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownWatchers {
    /// The user is asked; the subscription is pending until then.
    Ask,
    Block,
    /// Policy and key, no place and no address beyond our contact.
    Policy,
    /// Policy, key and place.
    Place,
}
