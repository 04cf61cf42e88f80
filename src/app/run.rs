use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{signal, Signal, SignalKind};

use super::config::{Config, Machine, Places, StoreKind};
use super::control::{listens, reachable, About, Control, Door};
use super::echo::{EchoPeer, Owner};
use crate::agent::{AgentConfig, AudioSink, AudioSource, Outlet};
use crate::io::{
    check_sink, check_source, Clock, KeyLog, Location, Parts, Resolver, Signalling, SignallingHandle, SipSockets,
    Store, Tls,
};
use crate::vocab::{Failure, FailureKind};

/// How an agent is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub places: Places,
    /// With a control door, for `run`; an agent inside one command has none.
    pub door: bool,
    /// For a look into the database: nothing is registered or published.
    pub only_looks: bool,
}

/// An agent at work.
pub struct Running {
    pub control: Control,
    /// Bound and not yet served: give it to a user interface, once.
    pub door: Option<Door>,
    /// What a user should see at start: assumed configuration, a store that forgets, a key log that tells.
    pub notices: Vec<String>,
    signalling: SignallingHandle,
    echo: Arc<EchoPeer>,
}

/// Listened for from when this is made: make it before anybody is told that the agent runs, and could stop it.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// # Errors
    /// The system does not let us listen.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| no_signals(&error));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }
}

/// Reads the configuration and starts an agent in this tokio runtime. On failure nothing is left running.
pub async fn start(options: &Options) -> Result<Running, Failure> {
    let config = Config::load(&options.places, &Machine::this())?;
    let keylog = std::env::var_os("SOTTOVOCE_KEYLOG").filter(|file| !file.is_empty()).map(PathBuf::from);
    start_as(config, options, keylog).await
}

/// The same, with a configuration at hand; `keylog` names the file for the keys of every call.
pub async fn start_with(config: Config, door: bool, keylog: Option<PathBuf>) -> Result<Running, Failure> {
    start_as(config, &Options { door, ..Options::default() }, keylog).await
}

async fn start_as(config: Config, options: &Options, keylog: Option<PathBuf>) -> Result<Running, Failure> {
    let door = options.door;
    let mut notices = notices(&config, keylog.as_deref());
    if config.store == StoreKind::Sqlite {
        reachable(&config.data_dir)?;
    }
    // The store's lock comes first: two agents on one data directory must not get further than this.
    let opened = Store::open(&location(&config))?;
    if door {
        let chosen = opened.loaded.sound.input.as_ref().map(Outlet::source);
        notices.extend(unheard(&chosen.unwrap_or_else(|| config.audio_source.clone())));
        let chosen = opened.loaded.sound.output.as_ref().map(Outlet::sink);
        notices.extend(sounds_not("output", &chosen.unwrap_or_else(|| config.audio_sink.clone())));
        let ring = opened.loaded.sound.ring.as_ref().or(config.ring.as_ref());
        notices.extend(ring.and_then(|ring| sounds_not("ring", &ring.sink())));
        let is_saved = |name: &&String| {
            opened.loaded.contacts.iter().any(|contact| contact.name.to_lowercase() == name.to_lowercase())
        };
        notices.extend(config.answering.contacts.iter().filter(|name| !is_saved(name)).map(|name| nobody_called(name)));
    }
    let tls = Tls::new(&config.tls).map_err(|why| no_tls(&why))?;
    let sockets = SipSockets::bind(&listens(&config)).await?;
    let door = if door { Some(Door::open(&config.data_dir, config.control).await?) } else { None };
    let log = keylog.as_deref().map(KeyLog::open).transpose()?;
    let listening = sockets.listening().to_vec();
    let about = About {
        entity: config.entity.clone(),
        display_name: config.display_name.clone(),
        device: opened.device.clone(),
        signing_key: opened.identity.verify_key(),
        agreement_key: opened.identity.agreement_key(),
        fingerprint: opened.identity.fingerprint(),
        listen: listening.clone(),
        control: door.as_ref().map(|door| door.address),
        store: config.store,
        data_dir: config.data_dir.clone(),
        answer: config.answer,
        keylog: log.is_some(),
        config_file: config.file.clone(),
    };
    let echo = Arc::new(EchoPeer::of(Owner {
        location: location(&config),
        first: config.contact_address(&listening),
        stays: door.is_some(),
        t1: config.t1,
        key: opened.identity.verify_key(),
        tls: tls.clone(),
    }));
    let resolver = Resolver::new(&config.dns).with_echo(Arc::clone(&echo) as _);
    let config = config.into_agent(opened.identity, opened.device, listening, log.is_some());
    let config = AgentConfig { stays: door.is_some(), only_looks: options.only_looks, ..config };
    let parts =
        Parts { config, loaded: opened.loaded, store: opened.store, sockets, tls, resolver, keylog: log, only: None };
    let signalling = Signalling::start(parts)?;
    let control = Control::new(Arc::new(signalling.clone()), about, Clock::start());
    Ok(Running { control, door, notices, signalling, echo })
}

impl Running {
    /// Until somebody stops the agent: SIGINT, SIGTERM, or the control door. Then every peer has been told goodbye; `stopping` is called
    /// before that, where a signal was it.
    pub async fn wait(&self, mut signals: Signals, stopping: impl FnOnce()) {
        tokio::select! {
            () = self.signalling.stopped() => return self.echo.stop().await,
            _ = signals.interrupt.recv() => tracing::info!("interrupted: stopping"),
            _ = signals.terminate.recv() => tracing::info!("terminated: stopping"),
        }
        stopping();
        self.stop().await;
    }

    /// Says goodbye to every peer, closes the store, frees the sockets.
    pub async fn stop(&self) {
        self.signalling.stop().await;
        // It hears the goodbye first.
        self.echo.stop().await;
    }
}

fn location(config: &Config) -> Location {
    match config.store {
        StoreKind::Memory => Location::Memory,
        StoreKind::Sqlite => Location::Disk(config.data_dir.clone()),
    }
}

fn notices(config: &Config, keylog: Option<&std::path::Path>) -> Vec<String> {
    let mut notices = config.assumed.clone();
    if config.store == StoreKind::Memory {
        notices.push("the store is memory: identity, policy and presence are forgotten at the end".to_owned());
    }
    if let Some(file) = keylog {
        let file = file.display();
        notices.push(format!(
            "DANGER: SOTTOVOCE_KEYLOG is on: the keys of every call are written to {file} and {file}.json"
        ));
    }
    notices
}

/// It would never be answered by itself.
fn nobody_called(name: &str) -> String {
    let name = crate::vocab::escape(name);
    format!(
        "WARNING: answer.auto-contacts: no contact is called {name}; `sottovoce contact list` has those that are there"
    )
}

/// The sound is not there: calls from here would be refused, and those of others be silent.
fn unheard(source: &AudioSource) -> Option<String> {
    let failure = check_source(source).err()?;
    Some(format!("WARNING: audio.input: {}; {}", failure.message, failure.next))
}

/// The same of where others are heard, and of where it rings (`what` of [audio]).
fn sounds_not(what: &str, sink: &AudioSink) -> Option<String> {
    let failure = check_sink(sink).err()?;
    Some(format!("WARNING: audio.{what}: {}; {}", failure.message, failure.next))
}

/// The files were looked at when the configuration was read.
fn no_tls(why: &str) -> Failure {
    Failure::new(FailureKind::Usage, "tls-unusable", format!("TLS cannot be used: {why}"), "tls", "correct [tls]")
}

fn no_signals(error: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "no-signals",
        format!("signals cannot be listened for: {error}"),
        "SIGINT, SIGTERM",
        "start it in another environment",
    )
}
