//! Servers of STUN and TURN: where they are, and whether they answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::net::UdpSocket;

use super::gather::{give_up, take_answer};
use super::socket;
use crate::ice::{reflexive, relayed, Credentials, Gathering, RelayAccount, Servers, Traversal};
use crate::io::{Clock, Resolver};
use crate::sip::{Locate, Transport};
use crate::vocab::{escape, Failure, FailureKind};

/// Addresses of one server that are asked.
const EACH: usize = 2;
/// A server that has not answered by then does not.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where those are that were named, and why that of TURN is not found. What is not found of the others is logged.
pub(super) async fn locate_servers(resolver: &Resolver, gathering: &Gathering) -> (Servers, Option<Failure>) {
    let (mut servers, mut failure) = (Servers::default(), None);
    for server in &gathering.stun {
        match locate(resolver, server).await {
            Ok(found) => servers.stun.extend(found),
            Err(failure) => tracing::warn!(%failure, server, "a server of STUN is not found"),
        }
    }
    if let Some(account) = &gathering.turn {
        match locate(resolver, &account.server).await {
            Ok(found) => servers.turn = found.first().copied(),
            Err(why) => failure = Some(why),
        }
    }
    (servers, failure)
}

async fn locate(resolver: &Resolver, server: &str) -> Result<Vec<SocketAddr>, Failure> {
    let (host, port) = server.rsplit_once(':').unwrap_or((server, ""));
    let (host, port) = (host.trim_matches(['[', ']']), port.parse().ok());
    let what = Locate { transport: Some(Transport::Udp), ..Locate::host(host, port) };
    let found = resolver.locate(what, [0; 32]).await?;
    Ok(found.iter().map(|candidate| candidate.address).take(EACH).collect())
}

/// One server.
#[derive(Clone, Copy, Debug)]
pub enum Server<'s> {
    Stun(&'s str),
    Turn(&'s RelayAccount),
}

impl Server<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Stun(name) => name,
            Self::Turn(account) => &account.server,
        }
    }

    fn gathering(&self, seed: [u8; 32]) -> Gathering {
        let credentials = Credentials::random(&mut ChaCha20Rng::from_seed(seed));
        match *self {
            Self::Stun(name) => Gathering { credentials, stun: vec![name.to_owned()], turn: None, seed },
            Self::Turn(account) => Gathering { credentials, stun: Vec::new(), turn: Some(account.clone()), seed },
        }
    }
}

/// What a server answers to a socket at `local`: from where it sees that, or what it relays for it, which is given back at once.
///
/// # Errors
///
/// No socket can be opened there, the name is not found, or the server is silent or refuses.
pub async fn check_server(local: IpAddr, server: Server<'_>, resolver: &Resolver) -> Result<SocketAddr, Failure> {
    let (socket, local) = socket::bind(local)?;
    let socket = UdpSocket::from_std(socket).map_err(|error| unasked(local, &error))?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| unasked(local, &error))?;
    let found = locate(resolver, server.name()).await?;
    let servers = match server {
        Server::Stun(_) => Servers { stun: found, turn: None },
        Server::Turn(_) => Servers { stun: Vec::new(), turn: found.first().copied() },
    };
    let clock = Clock::start();
    let end = clock.now().mono + PATIENCE;
    let begins = (Clock::any_instant(), clock.now().mono);
    let mut traversal = Box::new(Traversal::gather(server.gathering(seed), local, &servers, begins));
    while !traversal.is_gathered() && clock.now().mono < end {
        take_answer(&clock, &socket, &mut traversal, end).await;
    }
    let (failure, ice) = (traversal.take_failure(), traversal.ours());
    give_up(&socket, traversal);
    let answer = ice.as_ref().and_then(|ice| relayed(ice).or_else(|| reflexive(ice)));
    answer.ok_or_else(|| failure.unwrap_or_else(|| silent(server.name())))
}

fn unasked(local: SocketAddr, error: &dyn std::fmt::Display) -> Failure {
    let message = format!("no server can be asked from {local}: {error}");
    Failure::new(FailureKind::Failed, "no-socket", message, local.to_string(), "try again; else restart the machine")
}

fn silent(server: &str) -> Failure {
    let server = escape(server);
    let message = format!("{server} has not answered within {} s", PATIENCE.as_secs());
    let next = "see that it is the right one, and that UDP to there is let through; calls go on without it";
    Failure::new(FailureKind::Unreachable, "server-silent", message, server, next)
}
