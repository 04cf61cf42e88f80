use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::{Expiry, Owner, Reply, ServerInvite, ServerRequest, Timing};
use crate::sip::timed::Timed;
use crate::sip::{Method, Request, Transmit, Transport};
use crate::vocab::Mono;

/// A request of somebody else, to be remembered.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub owner: Owner,
    /// Without its body: what responses are built from.
    pub request: Request,
    pub reply: Reply,
    /// Set when it began a dialog: tells the same request that came on two paths (RFC 3261 section 8.2.2.2).
    pub origin: Option<Origin>,
}

/// From tag, Call-ID and CSeq of a request without To tag.
pub(crate) type Origin = (String, String, u32);

/// A server transaction: the machine, and what it answered.
#[derive(Debug)]
pub(crate) struct Server {
    pub owner: Owner,
    pub request: Request,
    pub origin: Option<Origin>,
    reply: Reply,
    last: Option<Bytes>,
    machine: Machine,
    /// Of the request.
    octets: usize,
}

/// A request is kept as it was read, its values beside it, and some of these again as its key and its origin.
const COPIES: usize = 3;

#[derive(Debug)]
enum Machine {
    Invite(ServerInvite),
    Request(ServerRequest),
}

impl Server {
    pub fn new(now: Mono, timing: Timing, incoming: Incoming) -> Self {
        let Incoming { owner, request, reply, origin } = incoming;
        let machine = match *request.method() == Method::Invite {
            true => Machine::Invite(ServerInvite::new(now, timing, reply.is_reliable())),
            false => Machine::Request(ServerRequest::new(now, timing, reply.is_reliable())),
        };
        let octets = COPIES * request.to_bytes().len();
        Self { owner, request, origin, reply, last: None, machine, octets }
    }

    /// Octets that it takes, the answer included; about.
    pub fn octets(&self) -> usize {
        self.octets + self.last.as_ref().map_or(0, Bytes::len)
    }

    pub fn transport(&self) -> Transport {
        self.reply.transport()
    }

    pub fn address(&self) -> IpAddr {
        self.reply.address()
    }

    /// Where the answer goes.
    pub fn remote(&self) -> SocketAddr {
        self.reply.remote()
    }

    /// We answer; `None` when it is too late for that.
    pub fn respond(&mut self, now: Mono, status: u16, bytes: Bytes) -> Option<Transmit> {
        let send = match &mut self.machine {
            Machine::Invite(machine) => machine.respond(now, status),
            Machine::Request(machine) => machine.respond(now, status),
        };
        send.then(|| {
            self.last = Some(bytes.clone());
            self.reply.transmit(bytes)
        })
    }

    pub fn handle_retransmission(&mut self) -> Option<Transmit> {
        let send = match &mut self.machine {
            Machine::Invite(machine) => machine.handle_retransmission(),
            Machine::Request(machine) => machine.handle_retransmission(),
        };
        self.again().filter(|_| send)
    }

    pub fn handle_ack(&mut self, now: Mono) {
        if let Machine::Invite(machine) = &mut self.machine {
            machine.handle_ack(now);
        }
    }

    pub fn handle_timeout(&mut self, now: Mono) -> Option<Expiry> {
        match &mut self.machine {
            Machine::Invite(machine) => machine.handle_timeout(now),
            Machine::Request(machine) => machine.handle_timeout(now),
        }
    }

    /// The last answer once more.
    pub fn again(&self) -> Option<Transmit> {
        self.last.clone().map(|bytes| self.reply.transmit(bytes))
    }

    pub fn is_pending(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_pending(),
            Machine::Request(machine) => machine.is_pending(),
        }
    }

    pub fn is_terminated(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_terminated(),
            Machine::Request(machine) => machine.is_terminated(),
        }
    }
}

impl Timed for Server {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        match &self.machine {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Request(machine) => machine.deadline(),
        }
    }
}
