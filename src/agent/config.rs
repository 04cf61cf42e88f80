use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::keys::Identity;
use crate::policy::{Entry, Level, Prefix, Scope};
use crate::sip::{Host, Locate, Transport, Uri};
use crate::vocab::{Device, Entity, Redacted};

/// What the agent needs to know of its configuration, checked.
pub struct AgentConfig {
    pub entity: Entity,
    pub display_name: Option<String>,
    pub device: Device,
    pub identity: Identity,
    /// Where we register.
    pub accounts: Vec<AccountConfig>,
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
    /// How many times what a telephone of one user needs may be remembered for others.
    pub limits: usize,
    /// Write the SAs of each call for a packet analyser. Dangerous.
    pub keylog: bool,
}

/// An address of record at a registrar (RFC 3261 section 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    pub entity: Entity,
    /// Where its requests go: the registrar, or a proxy before it; the domain of the entity where nothing is named.
    pub proxy: Hop,
    /// The name that goes with the password.
    pub user: String,
    pub password: Option<Redacted<String>>,
    /// In which user and password hold: other challenges than those to REGISTER are answered there only.
    pub realm: String,
    /// Registered, and published, for so long at a time.
    pub expires: Duration,
    /// What strangers may know is to stand at its presence server (RFC 3903).
    pub publish: bool,
}

impl AccountConfig {
    pub fn locate(&self) -> Locate {
        let Hop { host, port, transport } = self.proxy.clone();
        Locate { host, port, transport, secure: self.entity.as_str().starts_with("sips:") }
    }

    /// What the proxy must prove, by TLS: the domain that the user named, wherever DNS has it (RFC 5922 section 4).
    pub fn domain(&self, by: Transport) -> Option<Host> {
        let uri = Uri::parse(self.entity.as_str()).ok();
        let host = uri.and_then(|uri| uri.host().cloned());
        // One that cannot be read is proven by nobody.
        let domain = host.unwrap_or_else(|| Host::Name(self.entity.host().to_owned()));
        (by == Transport::Tls).then_some(domain)
    }
}

/// The next hop, by name or address. What is not named is found by RFC 3263.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Without brackets.
    pub host: String,
    pub port: Option<u16>,
    /// By TLS the certificate must prove the account's domain (RFC 5922 section 4).
    pub transport: Option<Transport>,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(transport) = self.transport {
            write!(f, "{transport}:")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => write!(f, "{}", self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
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
