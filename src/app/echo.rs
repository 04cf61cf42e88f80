//! The built-in echo peer, `sip:echo@localhost`: a second agent in this process, with whom one user alone can ask, review, tighten and call. It is started
//! when it is looked up first, is there for the agent that it belongs to and for nobody else, says what it hears, and ends with that agent.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::Mutex;

use super::config::{Config, Machine};
use crate::agent::{AgentConfig, ECHO};
use crate::io::{BuiltIn, Location, Opened, Parts, Resolver, Signalling, SignallingHandle, SipSockets, Store, Tls};
use crate::vocab::{Failure, FailureKind, VerifyKey};

/// The agent that it belongs to.
pub struct Owner {
    pub location: Location,
    /// Where that agent listens: there the two reach each other, whatever the address is.
    pub first: IpAddr,
    pub follows: bool,
    pub stays: bool,
    pub t1: Duration,
    pub key: VerifyKey,
    pub tls: Tls,
}

/// Runs from the first time that it is looked up.
pub struct EchoPeer {
    owner: Owner,
    running: Mutex<Option<SignallingHandle>>,
}

impl EchoPeer {
    pub fn of(owner: Owner) -> Self {
        Self { owner, running: Mutex::default() }
    }

    /// With the agent that it belongs to.
    pub async fn stop(&self) {
        let running = self.running.lock().await.take();
        if let Some(running) = running {
            running.stop().await;
        }
    }

    async fn start(&self) -> Result<SignallingHandle, Failure> {
        let Owner { location, first, follows, stays, t1, key, tls } = &self.owner;
        let location = beside(location);
        let config = configuration(*first, *follows)?;
        let opened = tokio::task::spawn_blocking(move || Store::open(&location)).await;
        let Opened { store, loaded, device, identity } = opened.map_err(|_| interrupted())??;
        let sockets = SipSockets::bind(&config.listen).await?;
        let config = config.into_agent(identity, device, sockets.listening().to_vec(), false);
        let config = AgentConfig { stays: *stays, t1: *t1, serves: Some(*key), ..config };
        let (tls, resolver) = (tls.clone(), Resolver::default());
        Signalling::start(Parts { config, loaded, store, sockets, tls, resolver, keylog: None })
    }

    async fn address(&self) -> Result<SocketAddr, Failure> {
        let mut running = self.running.lock().await;
        let handle = match &*running {
            Some(handle) => handle.clone(),
            None => running.insert(self.start().await?).clone(),
        };
        let listens = handle.query(|agent| agent.config().listen.first().map(|listen| listen.address)).await?;
        listens.ok_or_else(interrupted)
    }
}

impl BuiltIn for EchoPeer {
    fn find(&self) -> Pin<Box<dyn Future<Output = Result<SocketAddr, Failure>> + Send + '_>> {
        Box::pin(async move { self.address().await.map_err(no_echo) })
    }
}

/// It has keys of its own, which are the same after a restart where those of the other are.
fn beside(location: &Location) -> Location {
    match location {
        Location::Disk(dir) => Location::Disk(dir.join("echo")),
        Location::Memory => Location::Memory,
    }
}

/// As a user would write it. It asks for no protection at all, and says that it is outside, so that there is something to tighten.
fn configuration(address: IpAddr, follows: bool) -> Result<Config, Failure> {
    let listen = SocketAddr::new(address, 0);
    let text = format!(
        r#"
entity = "{ECHO}"
display-name = "Echo"
[sip]
listen = ["udp:{listen}"]
follow = {follows}
[audio]
input = "echo"
[answer]
mode = "auto"
[watchers]
unknown = "place"
[policy]
default = ["spdadd any any udp -P out none;"]
proposals = "refuse"
[[place]]
name = "as if outside"
scope = "public"
networks = ["0.0.0.0/0", "::/0"]
"#
    );
    Config::from_text(&text, None, PathBuf::new(), &Machine { variable: &|_| None, address })
}

fn no_echo(why: Failure) -> Failure {
    Failure { message: format!("the built-in echo peer cannot be started: {}", why.message), ..why }
}

fn interrupted() -> Failure {
    let next = "start the agent again";
    Failure::new(FailureKind::Failed, "agent-stopped", "its start was interrupted", ECHO, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{AnswerMode, AudioSink, AudioSource};

    #[test]
    fn it_is_configured_as_the_agent_that_it_belongs_to_needs_it() {
        for address in ["127.0.0.1", "192.168.1.2", "::1", "2001:db8::1"] {
            let address: IpAddr = address.parse().unwrap();
            let config = configuration(address, !address.is_loopback()).unwrap();
            assert_eq!(config.entity.as_str(), ECHO);
            assert_eq!((config.listen[0].address, config.listen.len()), (SocketAddr::new(address, 0), 1));
            assert_eq!(config.follows, !address.is_loopback());
            assert!(config.accounts.is_empty() && config.answer == AnswerMode::Auto);
            assert_eq!((config.audio_source, config.audio_sink), (AudioSource::Echo, AudioSink::Discard));
        }
    }
}
