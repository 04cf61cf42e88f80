use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;

use super::client::Client;
use super::server::{Origin, Server};
use super::{trying, ClientKey, Expiry, Incoming, Outgoing, Owner, Reaction, ServerKey, Timing};
use crate::sip::{Method, Request, Transmit, Transport};
use crate::vocab::{Deadline, Mono};

/// Every transaction of one endpoint.
#[derive(Debug)]
pub(crate) struct Transactions {
    timing: Timing,
    clients: BTreeMap<ClientKey, Client>,
    servers: BTreeMap<ServerKey, Server>,
}

/// What a timer brought about.
#[derive(Debug)]
pub(crate) enum Happened {
    /// A response of ours goes again, or a 100 is due.
    Answer(Transmit),
    /// A request of ours goes again, for the `sent`th time.
    Resent { owner: Owner, method: Method, sent: u32, transmit: Transmit },
    /// Nobody answered our request.
    TimedOut { owner: Owner, method: Method },
    /// We never answered a request; its client has given up.
    Unanswered { owner: Owner },
}

/// What came of a request that could not be sent.
#[derive(Debug)]
pub(crate) enum Failed {
    FellBack(Transmit),
    Over { owner: Owner, method: Method },
}

impl Transactions {
    pub fn new(timing: Timing) -> Self {
        Self { timing, clients: BTreeMap::new(), servers: BTreeMap::new() }
    }

    /// Opens a client transaction and says what to send first.
    pub fn send(&mut self, now: Mono, outgoing: Outgoing) -> Transmit {
        let transmit = outgoing.transmit.clone();
        let key = outgoing.key.clone();
        self.clients.insert(key, Client::new(now, self.timing, outgoing));
        transmit
    }

    /// What to do with a response, and who asked; `None` when nobody did. A first refusal of an INVITE makes
    /// `ack` make the ACK, out of the request as it was sent.
    pub fn handle_response(
        &mut self,
        now: Mono,
        key: &ClientKey,
        status: u16,
        ack: impl FnOnce(&Request) -> Bytes,
    ) -> Option<(Reaction, Owner, Option<Transmit>)> {
        let client = self.clients.get_mut(key)?;
        let reaction = client.handle_response(now, status);
        if reaction == Reaction::AckAndDeliver {
            client.ack = Some(Transmit { bytes: ack(&client.request), ..client.transmit.clone() });
        }
        let acks = matches!(reaction, Reaction::Ack | Reaction::AckAndDeliver);
        let outcome = (reaction, client.owner, client.ack.clone().filter(|_| acks));
        self.sweep_client(key);
        Some(outcome)
    }

    /// A request could not be sent. One whose answer began to come is left alone.
    pub fn handle_failure(&mut self, now: Mono, key: &ClientKey, by: Transport) -> Option<Failed> {
        let timing = self.timing;
        let fails =
            |client: &&mut Client| client.transmit.transport == by && client.is_pending() && !client.is_proceeding();
        let client = self.clients.get_mut(key).filter(fails)?;
        if let Some(transmit) = client.fall_back(now, timing) {
            return Some(Failed::FellBack(transmit));
        }
        let owner = client.owner;
        self.clients.remove(key);
        Some(Failed::Over { owner, method: key.method.clone() })
    }

    /// Nobody waits for this one any more, and no timer would end it.
    pub fn abandon(&mut self, key: &ClientKey) {
        self.clients.remove(key);
    }

    pub fn client(&self, key: &ClientKey) -> Option<&Client> {
        self.clients.get(key)
    }

    /// A request that is not remembered yet.
    pub fn open(&mut self, now: Mono, key: ServerKey, incoming: Incoming) {
        self.servers.insert(key, Server::new(now, self.timing, incoming));
    }

    pub fn knows(&self, key: &ServerKey) -> bool {
        self.servers.contains_key(key)
    }

    /// A request came again: the answer to repeat, if there is one.
    pub fn handle_retransmission(&mut self, key: &ServerKey) -> Option<Transmit> {
        self.servers.get_mut(key)?.handle_retransmission()
    }

    /// The same request on another path.
    pub fn is_merged(&self, key: &ServerKey, origin: &Origin) -> bool {
        self.servers.iter().any(|(other, server)| other != key && server.origin.as_ref() == Some(origin))
    }

    pub fn server(&self, key: &ServerKey) -> Option<&Server> {
        self.servers.get(key)
    }

    /// An ACK for an answer of 300 or more. Says whether it belongs to a transaction.
    pub fn handle_ack(&mut self, now: Mono, key: &ServerKey) -> bool {
        let Some(server) = self.servers.get_mut(key) else { return false };
        server.handle_ack(now);
        self.sweep_server(key);
        true
    }

    /// We answer; `None` when it is too late for that.
    pub fn respond(&mut self, now: Mono, key: &ServerKey, status: u16, bytes: Bytes) -> Option<Transmit> {
        let server = self.servers.get_mut(key)?;
        let transmit = server.respond(now, status, bytes);
        self.sweep_server(key);
        transmit
    }

    /// Takes one transaction whose timer is due a step further.
    pub fn expire_one(&mut self, now: Mono) -> Option<Option<Happened>> {
        let due = |at: Option<(Mono, &'static str)>| at.is_some_and(|(at, _)| at <= now);
        if let Some((key, client)) = self.clients.iter_mut().find(|(_, client)| due(client.deadline())) {
            let (key, happened) = (key.clone(), expire_client(now, key, client));
            self.sweep_client(&key);
            return Some(happened);
        }
        let (key, server) = self.servers.iter_mut().find(|(_, server)| due(server.deadline()))?;
        let (key, happened) = (key.clone(), expire_server(now, server));
        self.sweep_server(&key);
        Some(happened)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let clients = self.clients.values().filter_map(Client::deadline);
        let servers = self.servers.values().filter_map(Server::deadline);
        clients.chain(servers).min().map(|(at, why)| Deadline { at, why })
    }

    /// A request of ours waits for its answer.
    pub fn is_asking(&self) -> bool {
        self.clients.values().any(Client::is_pending)
    }

    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// Those whose requests came from this address.
    pub fn servers_of(&self, address: IpAddr) -> usize {
        self.servers.values().filter(|server| server.address() == address).count()
    }

    /// Octets that all of them take, within a small factor.
    pub fn octets(&self) -> usize {
        let clients = self.clients.values().map(Client::octets).sum::<usize>();
        clients + self.servers.values().map(Server::octets).sum::<usize>()
    }

    /// Of these, those of requests that came from this address.
    pub fn server_octets_of(&self, address: IpAddr) -> usize {
        self.servers.values().filter(|server| server.address() == address).map(Server::octets).sum()
    }

    fn sweep_client(&mut self, key: &ClientKey) {
        if self.clients.get(key).is_some_and(Client::is_terminated) {
            self.clients.remove(key);
        }
    }

    fn sweep_server(&mut self, key: &ServerKey) {
        if self.servers.get(key).is_some_and(Server::is_terminated) {
            self.servers.remove(key);
        }
    }
}

fn expire_client(now: Mono, key: &ClientKey, client: &mut Client) -> Option<Happened> {
    let (owner, method) = (client.owner, key.method.clone());
    match client.handle_timeout(now)? {
        Expiry::Resend => {
            Some(Happened::Resent { owner, method, sent: client.sent, transmit: client.transmit.clone() })
        }
        Expiry::TimedOut => Some(Happened::TimedOut { owner, method }),
        Expiry::Over | Expiry::Trying => None,
    }
}

fn expire_server(now: Mono, server: &mut Server) -> Option<Happened> {
    let unanswered = server.is_pending();
    match server.handle_timeout(now)? {
        Expiry::Resend => server.again().map(Happened::Answer),
        Expiry::TimedOut if unanswered => Some(Happened::Unanswered { owner: server.owner }),
        Expiry::Trying => {
            let bytes = trying::to(&server.request).to_bytes();
            server.respond(now, 100, bytes).map(Happened::Answer)
        }
        Expiry::Over | Expiry::TimedOut => None,
    }
}
