//! The built-in echo peer, `sip:echo@localhost`: a second agent in this process, with whom one user alone can ask, review, tighten and call. It is started
//! when it is looked up first, is there for the agent that it belongs to and for nobody else, says what it hears, and ends with that agent.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{watch, Mutex};

use super::config::{Config, Machine};
use crate::agent::{AgentConfig, BuiltInPeer, Listen, ECHO};
use crate::io::{BuiltIn, Location, Opened, Parts, Resolver, Signalling, SignallingHandle, SipSockets, Store, Tls};
use crate::vocab::{Entity, Failure, FailureKind, VerifyKey};

/// The agent that it belongs to.
pub struct Owner {
    pub location: Location,
    /// Where that agent listens.
    pub first: IpAddr,
    pub stays: bool,
    pub t1: Duration,
    pub key: VerifyKey,
    pub tls: Tls,
}

/// Runs from the first time that it is looked up.
pub struct EchoPeer {
    owner: Owner,
    running: Mutex<Option<(SignallingHandle, BuiltInPeer)>>,
    /// Where that agent is heard from.
    owner_at: watch::Sender<Vec<Listen>>,
}

impl EchoPeer {
    pub fn of(owner: Owner) -> Self {
        Self { owner, running: Mutex::default(), owner_at: watch::Sender::default() }
    }

    /// With the agent that it belongs to.
    pub async fn stop(&self) {
        let running = self.running.lock().await.take();
        if let Some((running, _)) = running {
            running.stop().await;
        }
    }

    async fn start(&self) -> Result<(SignallingHandle, BuiltInPeer), Failure> {
        let Owner { location, first, stays, t1, key, tls } = &self.owner;
        let location = beside(location);
        let config = configuration(loopback(*first))?;
        let opened = tokio::task::spawn_blocking(move || Store::open(&location)).await;
        let Opened { store, loaded, device, identity } = opened.map_err(|_| interrupted())??;
        let sockets = SipSockets::bind_udp_alone(loopback(*first)).await?;
        let address = sockets.listening().first().map(|listen| listen.address).ok_or_else(interrupted)?;
        let found = BuiltInPeer { address, keys: (identity.verify_key(), identity.agreement_key()) };
        let config = config.into_agent(identity, device, sockets.listening().to_vec(), false);
        let config = AgentConfig { stays: *stays, t1: *t1, serves: Some(*key), ..config };
        let (tls, resolver, only) = (tls.clone(), Resolver::default(), Some(self.owner_at.subscribe()));
        let handle = Signalling::start(Parts { config, loaded, store, sockets, tls, resolver, keylog: None, only })?;
        Ok((handle, found))
    }

    async fn started(&self) -> Result<BuiltInPeer, Failure> {
        let mut running = self.running.lock().await;
        match &*running {
            Some((_, found)) => Ok(*found),
            None => Ok(running.insert(self.start().await?).1),
        }
    }
}

impl BuiltIn for EchoPeer {
    fn find(&self) -> Pin<Box<dyn Future<Output = Result<BuiltInPeer, Failure>> + Send + '_>> {
        Box::pin(async move { self.started().await.map_err(no_echo) })
    }

    fn hear(&self, owner: &[Listen]) {
        self.owner_at.send_replace(owner.to_vec());
    }
}

/// No other machine reaches it; its owner does, whatever his own address is.
fn loopback(owner: IpAddr) -> IpAddr {
    match owner {
        _ if owner.is_loopback() => owner,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
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
fn configuration(address: IpAddr) -> Result<Config, Failure> {
    let listen = SocketAddr::new(address, 0);
    let text = format!(
        r#"
display-name = "Echo"
[sip]
listen = ["udp:{listen}"]
follow = false
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
    let read = Config::from_text(&text, None, PathBuf::new(), &Machine { variable: &|_| None, address })?;
    // No configuration takes this name.
    Ok(Config { entity: Entity::parse(ECHO).map_err(|_| interrupted())?, ..read })
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
        for (owner, address) in [
            ("127.1.2.3", "127.1.2.3"),
            ("192.168.1.2", "127.0.0.1"),
            ("::1", "::1"),
            ("2001:db8::1", "::1"),
            ("::", "::1"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(loopback(owner.parse().unwrap()), address, "{owner}");
            let config = configuration(address).unwrap();
            assert_eq!(config.entity.as_str(), ECHO);
            assert_eq!((config.listen[0].address, config.listen.len()), (SocketAddr::new(address, 0), 1));
            assert!(!config.follows && config.accounts.is_empty() && config.answer == AnswerMode::Auto);
            assert_eq!((config.audio_source, config.audio_sink), (AudioSource::Echo, AudioSink::Discard));
        }
    }
}
