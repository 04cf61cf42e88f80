//! Locating SIP servers (RFC 3263 section 4): which lookups to make, and what their answers come to.
//!
//! | stage | asks DNS for | by |
//! | --- | --- | --- |
//! | services | NAPTR of the domain | section 4.1, where neither transport nor port is named |
//! | servers | SRV of every service | section 4.2, where no port is named |
//! | hosts | A and AAAA of every server | section 4.2, where it is no address already |
//!
//! DNS is believed as far as where to send goes, and for nothing else: what TLS must prove is the name that the user gave
//! (RFC 5922 section 4), which is none of this file's business.

mod naptr;
mod srv;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::Transport;

pub use naptr::Naptr;
pub use srv::Srv;

/// Addresses that are kept of all answers, and servers whose addresses are looked up.
pub const CANDIDATES: usize = 16;

/// Whom to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locate {
    /// A name or an address, without brackets.
    pub host: String,
    pub port: Option<u16>,
    pub transport: Option<Transport>,
    /// Named by `sips:`: by TLS, or not at all.
    pub secure: bool,
}

/// Where a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub address: SocketAddr,
    pub transport: Transport,
}

/// One lookup. Names are as the records have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A and AAAA.
    Addresses(String),
    Naptr(String),
    Srv(String),
}

/// What came of it; a lookup that failed is one without records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Addresses(Vec<IpAddr>),
    Naptr(Vec<Naptr>),
    Srv(Vec<Srv>),
}

/// A search under way: ask what [`questions`](Self::questions) has, give all the answers, until nothing is asked any more.
/// That is after three rounds at most.
pub struct Locating {
    what: Locate,
    rng: ChaCha20Rng,
    stage: Stage,
}

enum Stage {
    Services,
    Servers(Vec<Service>),
    Hosts(Vec<Server>),
    Located(Vec<Candidate>),
}

/// The name of SRV records, and the transport that they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    name: String,
    transport: Transport,
}

/// One that a SRV record names, or the host itself.
struct Server {
    host: String,
    port: u16,
    transport: Transport,
}

impl Locating {
    /// `seed` is for the choice between servers of the same priority.
    pub fn new(what: Locate, seed: [u8; 32]) -> Self {
        let stage = first_stage(&what);
        Self { what, rng: ChaCha20Rng::from_seed(seed), stage }
    }

    /// What to look up now; nothing when the search is over.
    pub fn questions(&self) -> Vec<Question> {
        match &self.stage {
            Stage::Services => vec![Question::Naptr(self.what.host.clone())],
            Stage::Servers(services) => services.iter().map(|service| Question::Srv(service.name.clone())).collect(),
            Stage::Hosts(servers) => servers.iter().map(|server| Question::Addresses(server.host.clone())).collect(),
            Stage::Located(_) => Vec::new(),
        }
    }

    /// One for each question, in their order.
    pub fn handle_answers(&mut self, answers: Vec<Answer>) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Located(Vec::new())) {
            Stage::Services => Stage::Servers(self.services(answers)),
            Stage::Servers(services) => self.servers(&services, answers),
            Stage::Hosts(servers) => Stage::Located(candidates(&servers, answers)),
            located @ Stage::Located(_) => located,
        };
    }

    /// Nobody answers for the domain any more: its host, by the transport that it named first, or else the usual one.
    pub fn give_up_services(&mut self) {
        let transport = match &self.stage {
            Stage::Services => self.what.usual_transport(),
            Stage::Servers(services) => self.first_of(services),
            Stage::Hosts(_) | Stage::Located(_) => return,
        };
        self.stage = Stage::Hosts(vec![self.host_itself(transport)]);
    }

    /// In the order in which they are to be tried; at most [`CANDIDATES`].
    pub fn located(self) -> Vec<Candidate> {
        match self.stage {
            Stage::Located(candidates) => candidates,
            _ => Vec::new(),
        }
    }

    /// RFC 3263 section 4.1: where the domain has no NAPTR record that is of use, every transport is tried with SRV.
    fn services(&self, answers: Vec<Answer>) -> Vec<Service> {
        let records = answers.into_iter().find_map(|answer| match answer {
            Answer::Naptr(records) => Some(records),
            _ => None,
        });
        let services = naptr::services(records.unwrap_or_default(), self.what.secure);
        match (services.is_empty(), self.what.secure) {
            (false, _) => services,
            (true, true) => vec![Service::of(&self.what.host, Transport::Tls)],
            (true, false) => [Transport::Udp, Transport::Tcp].map(|by| Service::of(&self.what.host, by)).into(),
        }
    }

    /// RFC 3263 section 4.2: without any SRV record it is the host itself. A domain that says that it has no such service
    /// (RFC 2782, a target of `.`) is taken at its word.
    fn servers(&mut self, services: &[Service], answers: Vec<Answer>) -> Stage {
        let (mut servers, mut known) = (Vec::new(), false);
        for (service, answer) in services.iter().zip(answers) {
            let Answer::Srv(records) = answer else { continue };
            known |= !records.is_empty();
            let to_server = |Srv { target: host, port, .. }| Server { host, port, transport: service.transport };
            servers.extend(srv::in_order(records, &mut self.rng).into_iter().map(to_server));
        }
        if !known {
            servers = vec![self.host_itself(self.first_of(services))];
        }
        servers.truncate(CANDIDATES);
        match servers.is_empty() {
            true => Stage::Located(Vec::new()),
            false => Stage::Hosts(servers),
        }
    }

    fn first_of(&self, services: &[Service]) -> Transport {
        services.first().map_or(self.what.usual_transport(), |service| service.transport)
    }

    fn host_itself(&self, transport: Transport) -> Server {
        let port = self.what.port.unwrap_or(transport.default_port());
        Server { host: self.what.host.clone(), port, transport }
    }
}

impl Locate {
    /// Nothing but where, as a URI without parameters has it.
    pub fn host(host: &str, port: Option<u16>) -> Self {
        Self { host: host.to_owned(), port, transport: None, secure: false }
    }

    /// What is used where nobody says otherwise (RFC 3263 section 4.1).
    fn usual_transport(&self) -> Transport {
        match (self.secure, self.transport) {
            (true, Some(Transport::Wss)) => Transport::Wss,
            (true, _) => Transport::Tls,
            (false, named) => named.unwrap_or(Transport::Udp),
        }
    }

    /// When it needs no lookup at all.
    pub fn address(&self) -> Option<Candidate> {
        let transport = self.usual_transport();
        let ip: IpAddr = self.host.parse().ok()?;
        let address = SocketAddr::new(ip, self.port.unwrap_or(transport.default_port()));
        Some(Candidate { address, transport })
    }
}

impl Service {
    /// The names of RFC 3263 section 4.1: `_sips._tcp` is SIP over TLS.
    fn of(domain: &str, transport: Transport) -> Self {
        let prefix = match transport {
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
            Transport::Udp => "_sip._udp",
            // Nobody asks for them: whoever wants a WebSocket names its host.
            Transport::Ws => "_sip._ws",
            Transport::Wss => "_sips._ws",
        };
        Self { name: format!("{prefix}.{domain}"), transport }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.address)
    }
}

/// What is named needs not be asked for (RFC 3263 sections 4.1 and 4.2).
fn first_stage(what: &Locate) -> Stage {
    let transport = what.usual_transport();
    if let Some(candidate) = what.address() {
        return Stage::Located(vec![candidate]);
    }
    match (what.port, what.transport) {
        (Some(port), _) => Stage::Hosts(vec![Server { host: what.host.clone(), port, transport }]),
        (None, Some(by)) if by.is_websocket() => {
            Stage::Hosts(vec![Server { host: what.host.clone(), port: transport.default_port(), transport }])
        }
        (None, Some(_)) => Stage::Servers(vec![Service::of(&what.host, transport)]),
        (None, None) => Stage::Services,
    }
}

fn candidates(servers: &[Server], answers: Vec<Answer>) -> Vec<Candidate> {
    let mut all = Vec::new();
    for (server, answer) in servers.iter().zip(answers) {
        let Answer::Addresses(addresses) = answer else { continue };
        for ip in addresses.into_iter().filter(|ip| !ip.is_unspecified() && !ip.is_multicast()) {
            let candidate = Candidate { address: SocketAddr::new(ip, server.port), transport: server.transport };
            if all.len() < CANDIDATES && !all.contains(&candidate) {
                all.push(candidate);
            }
        }
    }
    all
}
