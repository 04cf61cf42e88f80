//! The configuration: one TOML file in which every key has a default, checked as a whole before anything starts.

mod account;
mod agent;
mod document;
mod gateway;
mod nat;
mod paths;
mod prompts;
mod read;
mod spelling;
#[cfg(test)]
mod tests;
mod tls;
mod value;
mod zone;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::agent::{
    AccountConfig, AnswerMode, Answering, AudioSink, AudioSource, DtmfWay, GatewayConfig, Listen, NatConfig, Outlet,
    Place, Prompts, SrtpKeying, UnknownWatchers,
};
use crate::io::TlsFiles;
use crate::media::{Gains, TreatmentWish};
use crate::policy::{Entry, Level};
use crate::sdp::AudioFormat;
use crate::vocab::{escape, Entity, Failure, FailureKind};

/// Everything that the configuration file can say, checked, with its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file that was read; `None` when there was none to read.
    pub file: Option<PathBuf>,
    pub data_dir: PathBuf,
    pub entity: Entity,
    pub display_name: Option<String>,
    pub accounts: Vec<AccountConfig>,
    /// Where SIP is listened for: where over UDP, over TCP as well (RFC 3261 section 18.2.1). At least one is of UDP.
    pub listen: Vec<Listen>,
    /// Name servers; none are those of the machine.
    pub dns: Vec<SocketAddr>,
    pub tls: TlsFiles,
    pub t1: Duration,
    /// Of the control door: a loopback address.
    pub control: SocketAddr,
    pub audio_source: AudioSource,
    pub audio_sink: AudioSink,
    pub gains: Gains,
    pub treatment: TreatmentWish,
    /// Where it rings; `None`: where calls are heard.
    pub ring: Option<Outlet>,
    pub comfort_noise: bool,
    pub ptime: u16,
    pub dtmf: DtmfWay,
    /// Those that are spoken, the preferred first; never empty.
    pub codecs: Vec<AudioFormat>,
    pub answer: AnswerMode,
    pub answering: Answering,
    /// When the machine loses the address that is listened on, we go to the one that it has then.
    pub follows: bool,
    pub places: Vec<Place>,
    pub unknown_watchers: UnknownWatchers,
    /// Proposals of a looser policy are put to the user; otherwise they are refused.
    pub take_proposals: bool,
    pub prompts: Prompts,
    /// We are a gateway for others.
    pub gateway: Option<GatewayConfig>,
    pub nat: NatConfig,
    /// Keys for SRTP may go by UDP and TCP too.
    pub sdes_without_tls: bool,
    pub srtp_keys: Vec<SrtpKeying>,
    pub default_level: Level,
    /// Out, then in.
    pub default_policy: Vec<Entry>,
    pub store: StoreKind,
    /// How many times what a telephone of one user needs may be remembered for others.
    pub limits: usize,
    /// What was assumed because the file does not say it; for the user to see at start.
    pub assumed: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Nothing is left on disk.
    Memory,
    Sqlite,
}

/// What the command line says about configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `--data-dir`, else `SOTTOVOCE_DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// `--config`, else `SOTTOVOCE_CONFIG`. It must exist; the default one need not.
    pub config: Option<PathBuf>,
}

/// What the configuration takes from the machine, so that tests can stand in for it.
pub struct Machine<'a> {
    /// An environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The first IPv4 address that is not loopback, else 127.0.0.1.
    pub address: IpAddr,
}

impl Machine<'static> {
    /// The one that we run on.
    pub fn this() -> Self {
        Machine { variable: &|name: &str| std::env::var(name).ok(), address: crate::io::own_address() }
    }
}

/// Largest configuration file that is read, in octets.
pub const MAX_FILE: u64 = 1 << 20;

impl Config {
    /// Finds the file, reads it and checks all of it.
    pub fn load(places: &Places, machine: &Machine<'_>) -> Result<Self, Failure> {
        let file = paths::config_file(places, machine);
        let text = file.as_deref().map(read_file).transpose()?.unwrap_or_default();
        Self::from_text(&text, file, paths::data_dir(places, machine), machine)
    }

    /// Checks `text`, the content of `file`.
    pub fn from_text(
        text: &str,
        file: Option<PathBuf>,
        data_dir: PathBuf,
        machine: &Machine<'_>,
    ) -> Result<Self, Failure> {
        read::read(text, file, data_dir, machine)
    }
}

impl StoreKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        }
    }
}

impl Places {
    /// Where the data directory is, without reading the configuration: enough to find a running agent's door.
    pub fn data_dir(&self, machine: &Machine<'_>) -> PathBuf {
        paths::data_dir(self, machine)
    }
}

fn read_file(file: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| {
        Failure::new(
            FailureKind::Usage,
            "config-unreadable",
            format!("the configuration {} cannot be read: {why}", escape(&file.display().to_string())),
            file.display().to_string(),
            "make the file readable, name another one with --config, or leave it out: every key has a default",
        )
    };
    let size = std::fs::metadata(file).map_err(|e| unreadable(e.to_string()))?.len();
    if size > MAX_FILE {
        return Err(unreadable(format!("it has {size} octets, more than {MAX_FILE}")));
    }
    let octets = std::fs::read(file).map_err(|e| unreadable(e.to_string()))?;
    String::from_utf8(octets).map_err(|e| {
        let before = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        unreadable(format!("line {line} is not UTF-8"))
    })
}
