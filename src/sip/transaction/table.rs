use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::client::Client;
use super::load::Load;
use super::server::{Origin, Server};
use super::{trying, ClientKey, Expiry, Incoming, Outgoing, Owner, Reaction, ServerKey, Timing};
use crate::sip::timed::TimedMap;
use crate::sip::{Method, Request, Transmit, Transport};
use crate::vocab::{Deadline, Mono};

/// Every transaction of one endpoint.
#[derive(Debug)]
pub(crate) struct Transactions {
    timing: Timing,
    clients: TimedMap<ClientKey, Client>,
    /// Octets that these take.
    client_octets: usize,
    servers: TimedMap<ServerKey, Server>,
    /// What these take.
    load: Load,
    /// Those that began a dialog, by what tells that one came on two paths.
    origins: BTreeMap<Origin, Vec<ServerKey>>,
}

/// What a timer brought about.
#[derive(Debug)]
pub(crate) enum Happened {
    /// A response of ours goes again, or a 100 is due.
    Answer(Transmit),
    /// A request of ours goes again, for the `sent`th time.
    Resent { owner: Owner, method: Method, sent: u32, transmit: Transmit },
    /// Nobody answered our request.
    TimedOut { owner: Owner, method: Method, remote: SocketAddr },
    /// We never answered a request; its client has given up.
    Unanswered { owner: Owner },
}

/// What a response is to a request of ours.
#[derive(Debug)]
pub(crate) struct Answered {
    pub reaction: Reaction,
    pub owner: Owner,
    pub ack: Option<Transmit>,
    /// Where the request went.
    pub asked: SocketAddr,
}

/// What came of a request that could not be sent.
#[derive(Debug)]
pub(crate) enum Failed {
    FellBack(Transmit),
    Over { owner: Owner, method: Method },
}

impl Transactions {
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            clients: TimedMap::new(),
            client_octets: 0,
            servers: TimedMap::new(),
            load: Load::default(),
            origins: BTreeMap::new(),
        }
    }

    /// Opens a client transaction and says what to send first.
    pub fn send(&mut self, now: Mono, outgoing: Outgoing) -> Transmit {
        let transmit = outgoing.transmit.clone();
        let key = outgoing.key.clone();
        let client = Client::new(now, self.timing, outgoing);
        self.abandon(&key);
        self.client_octets += client.octets();
        self.clients.insert(key, client);
        transmit
    }

    /// What to do with a response, and who asked; `None` when nobody did, or asked another host: who reads requests on their way knows their
    /// branches, and his answer must not be the peer's. A first refusal of an INVITE makes `ack` make the ACK, out of the request as it was sent.
    pub fn handle_response(
        &mut self,
        now: Mono,
        (key, from): (&ClientKey, IpAddr),
        status: u16,
        ack: impl FnOnce(&Request) -> Bytes,
    ) -> Option<Answered> {
        let was_asked = |client: &&mut Client| client.transmit.remote.ip().to_canonical() == from.to_canonical();
        let client = self.clients.get_mut(key).filter(was_asked)?;
        let before = client.octets();
        let reaction = client.handle_response(now, status);
        if reaction == Reaction::AckAndDeliver {
            client.ack = Some(Transmit { bytes: ack(&client.request), ..client.transmit.clone() });
        }
        self.client_octets = self.client_octets.saturating_sub(before) + client.octets();
        let acks = matches!(reaction, Reaction::Ack | Reaction::AckAndDeliver);
        let (owner, asked) = (client.owner, client.transmit.remote);
        let ack = client.ack.clone().filter(|_| acks);
        self.sweep_client(key);
        Some(Answered { reaction, owner, ack, asked })
    }

    /// A request could not be sent. One whose answer began to come is left alone.
    pub fn handle_failure(&mut self, now: Mono, key: &ClientKey, by: Transport) -> Option<Failed> {
        let timing = self.timing;
        let fails =
            |client: &&mut Client| client.transmit.transport == by && client.is_pending() && !client.is_proceeding();
        let client = self.clients.get_mut(key).filter(fails)?;
        let before = client.octets();
        if let Some(transmit) = client.fall_back(now, timing) {
            self.client_octets = self.client_octets.saturating_sub(before) + client.octets();
            return Some(Failed::FellBack(transmit));
        }
        let owner = client.owner;
        self.abandon(key);
        Some(Failed::Over { owner, method: key.method.clone() })
    }

    /// Nobody waits for this one any more, and no timer would end it.
    pub fn abandon(&mut self, key: &ClientKey) {
        let octets = self.clients.remove(key).map_or(0, |client| client.octets());
        self.client_octets = self.client_octets.saturating_sub(octets);
    }

    /// The same of every INVITE of this owner that has no final answer.
    pub fn abandon_invites_of(&mut self, owner: Owner) {
        let keys: Vec<ClientKey> = self.invites_of(owner).map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| self.abandon(key));
    }

    /// No response at all has come to the INVITE of this owner that is on its way.
    pub fn is_unheard(&self, owner: Owner) -> bool {
        !self.invites_of(owner).any(|(_, client)| client.is_proceeding())
    }

    fn invites_of(&self, owner: Owner) -> impl Iterator<Item = (&ClientKey, &Client)> {
        self.clients
            .iter()
            .filter(move |(key, client)| key.method == Method::Invite && client.owner == owner && client.is_pending())
    }

    pub fn client(&self, key: &ClientKey) -> Option<&Client> {
        self.clients.get(key)
    }

    /// A request that is not remembered yet.
    pub fn open(&mut self, now: Mono, key: ServerKey, incoming: Incoming) {
        let server = Server::new(now, self.timing, incoming);
        self.forget_server(&key);
        self.load.add(server.address(), server.octets());
        if let Some(origin) = &server.origin {
            self.origins.entry(origin.clone()).or_default().push(key.clone());
        }
        self.servers.insert(key, server);
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
        self.origins.get(origin).is_some_and(|keys| keys.iter().any(|other| other != key))
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
        let transmit = self.change_server(key, |server| server.respond(now, status, bytes))?;
        self.sweep_server(key);
        transmit
    }

    /// Takes one transaction whose timer is due a step further.
    pub fn expire_one(&mut self, now: Mono) -> Option<Option<Happened>> {
        if let Some(key) = self.clients.due(now) {
            let happened = self.clients.get_mut(&key).and_then(|client| expire_client(now, &key, client));
            self.sweep_client(&key);
            return Some(happened);
        }
        let key = self.servers.due(now)?;
        let happened = self.change_server(&key, |server| expire_server(now, server)).flatten();
        self.sweep_server(&key);
        Some(happened)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        Deadline::earliest(self.clients.deadline(), self.servers.deadline())
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
        self.load.of(address).requests
    }

    /// Octets that all of them take, within a small factor.
    pub fn octets(&self) -> usize {
        self.client_octets + self.load.octets()
    }

    /// Of these, those of requests that came from this address.
    pub fn server_octets_of(&self, address: IpAddr) -> usize {
        self.load.of(address).octets
    }

    fn sweep_client(&mut self, key: &ClientKey) {
        if self.clients.get(key).is_some_and(Client::is_terminated) {
            self.abandon(key);
        }
    }

    fn sweep_server(&mut self, key: &ServerKey) {
        if self.servers.get(key).is_some_and(Server::is_terminated) {
            self.forget_server(key);
        }
    }

    /// An answer makes it larger.
    fn change_server<T>(&mut self, key: &ServerKey, change: impl FnOnce(&mut Server) -> T) -> Option<T> {
        let server = self.servers.get_mut(key)?;
        let before = server.octets();
        let changed = change(server);
        self.load.remove(server.address(), before);
        self.load.add(server.address(), server.octets());
        Some(changed)
    }

    fn forget_server(&mut self, key: &ServerKey) {
        let Some(server) = self.servers.remove(key) else { return };
        self.load.remove(server.address(), server.octets());
        let Some(origin) = server.origin else { return };
        if let Some(keys) = self.origins.get_mut(&origin) {
            keys.retain(|other| other != key);
            if keys.is_empty() {
                self.origins.remove(&origin);
            }
        }
    }
}

fn expire_client(now: Mono, key: &ClientKey, client: &mut Client) -> Option<Happened> {
    let (owner, method) = (client.owner, key.method.clone());
    match client.handle_timeout(now)? {
        Expiry::Resend => {
            Some(Happened::Resent { owner, method, sent: client.sent, transmit: client.transmit.clone() })
        }
        Expiry::TimedOut => Some(Happened::TimedOut { owner, method, remote: client.transmit.remote }),
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
