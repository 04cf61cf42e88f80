use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::alias::Alias;
use super::{KEPT_FOR_OURS, MAX_ALIASES, MAX_CONNECTIONS, MAX_OPENED_TO, MAX_PER_REMOTE, QUEUE};
use crate::sip::{ConnectionId, Host, Transmit, Transport};

/// The connections that are open or being opened, by number and by what they were opened to.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<ConnectionId, Row>,
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Accepted,
    Opened,
}

/// What a connection of ours leads to. A message goes on another one than it names only if all of this is the same: what
/// one name has proven is not said to another (RFC 5923).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub transport: Transport,
    pub remote: SocketAddr,
    /// What its certificate has to prove.
    pub domain: Option<Host>,
}

#[derive(Debug)]
pub enum Queued {
    Full(Transmit),
    NoConnection(Transmit),
    Yes,
}

#[derive(Debug)]
struct Row {
    peer: Peer,
    origin: Origin,
    /// Of one that was accepted: where it leads, as its other end has proven.
    aliases: Vec<Alias>,
    messages: mpsc::Sender<Transmit>,
}

impl Peer {
    pub fn of(what: &Transmit) -> Self {
        Self { transport: what.transport, remote: what.remote, domain: what.domain.clone() }
    }
}

impl Table {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Numbers a new connection and makes its queue; `None` over a limit.
    pub fn add(&mut self, peer: Peer, origin: Origin) -> Option<(ConnectionId, mpsc::Receiver<Transmit>)> {
        let share = match origin {
            Origin::Accepted => MAX_PER_REMOTE,
            Origin::Opened => MAX_OPENED_TO,
        };
        let crowded = self.with(peer.remote.ip(), origin) >= share;
        let room = match origin {
            Origin::Accepted => MAX_CONNECTIONS - KEPT_FOR_OURS,
            Origin::Opened => MAX_CONNECTIONS,
        };
        if crowded || self.rows.len() >= room {
            return None;
        }
        self.last += 1;
        let (messages, queue) = mpsc::channel(QUEUE);
        self.rows.insert(ConnectionId(self.last), Row { peer, origin, aliases: Vec::new(), messages });
        Some((ConnectionId(self.last), queue))
    }

    pub fn remove(&mut self, id: ConnectionId) {
        self.rows.remove(&id);
    }

    /// Whoever writes on them sees that nothing more will come.
    pub fn remove_opened(&mut self, transport: Transport, remote: SocketAddr) {
        let there =
            |row: &Row| row.origin == Origin::Opened && row.peer.transport == transport && row.peer.remote == remote;
        self.rows.retain(|_, row| !there(row));
    }

    /// For one that the connection does not have yet.
    pub fn has_room_for(&self, id: ConnectionId, alias: &Alias) -> bool {
        let row = self.rows.get(&id).filter(|row| row.origin == Origin::Accepted);
        row.is_some_and(|row| row.aliases.len() < MAX_ALIASES && !row.aliases.contains(alias))
    }

    /// Of which the other end has given proof.
    pub fn add_alias(&mut self, id: ConnectionId, alias: Alias) {
        if self.has_room_for(id, &alias) {
            self.rows.entry(id).and_modify(|row| row.aliases.push(alias));
        }
    }

    /// On the connection that the message names, else on one that was opened to the same peer, else on one that the peer opened.
    pub fn queue(&self, what: Transmit) -> Queued {
        queue_on(self.row_for(&what), what)
    }

    /// On one that was opened to the same peer, whatever the message names.
    pub fn queue_on_ours(&self, what: Transmit) -> Queued {
        queue_on(self.opened_to(&what), what)
    }

    fn row_for(&self, what: &Transmit) -> Option<&Row> {
        let named = what.connection.and_then(|id| self.rows.get(&id)).filter(|row| !row.messages.is_closed());
        let aliased = |row: &&Row| row.aliases.iter().any(|alias| alias.serves(what)) && !row.messages.is_closed();
        named.or_else(|| self.opened_to(what)).or_else(|| self.rows.values().rev().find(aliased))
    }

    /// The newest one: an older one to the same address may be about to end.
    fn opened_to(&self, what: &Transmit) -> Option<&Row> {
        let peer = Peer::of(what);
        let opened = |row: &&Row| row.origin == Origin::Opened && row.peer == peer && !row.messages.is_closed();
        self.rows.values().rev().find(opened)
    }

    fn with(&self, remote: IpAddr, origin: Origin) -> usize {
        self.rows.values().filter(|row| row.origin == origin && row.peer.remote.ip() == remote).count()
    }
}

fn queue_on(row: Option<&Row>, what: Transmit) -> Queued {
    let Some(row) = row else { return Queued::NoConnection(what) };
    match row.messages.try_send(what) {
        Ok(()) => Queued::Yes,
        Err(TrySendError::Closed(what)) => Queued::NoConnection(what),
        Err(TrySendError::Full(what)) => Queued::Full(what),
    }
}
