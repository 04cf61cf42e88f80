use super::{ClientInvite, ClientKey, ClientRequest, Expiry, Reaction, Timing};
use crate::sip::timed::Timed;
use crate::sip::{
    MessageId, Method, NotifierId, PublicationId, ReferralId, RegistrationId, Request, SessionId, SubscriptionId,
    Transmit, Transport,
};
use crate::vocab::Mono;

/// Who asked, and is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Nobody: a fork that was sent away.
    None,
    Message(MessageId),
    Notifier(NotifierId),
    Publication(PublicationId),
    Referral(ReferralId),
    Registration(RegistrationId),
    Session(SessionId),
    Subscription(SubscriptionId),
}

/// A request on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub key: ClientKey,
    pub owner: Owner,
    /// As sent, Via included.
    pub request: Request,
    pub transmit: Transmit,
    /// It took TCP only for its size (RFC 3261 section 18.1.1): the same request as it would go by UDP.
    pub by_datagram: Option<(Request, Transmit)>,
}

/// A client transaction: the machine, and what it sends.
#[derive(Debug)]
pub(crate) struct Client {
    pub owner: Owner,
    pub request: Request,
    pub transmit: Transmit,
    /// The ACK for a final answer of 300 or more.
    pub ack: Option<Transmit>,
    /// How often the request was sent.
    pub sent: u32,
    machine: Machine,
    by_datagram: Option<(Request, Transmit)>,
}

/// A request is kept as it was written, with the values in it, and as it was sent.
const COPIES: usize = 3;

#[derive(Debug)]
enum Machine {
    Invite(ClientInvite),
    Request(ClientRequest),
}

impl Client {
    pub fn new(now: Mono, timing: Timing, outgoing: Outgoing) -> Self {
        let Outgoing { key, owner, request, transmit, by_datagram } = outgoing;
        let machine = Machine::new(now, timing, key.method == Method::Invite, transmit.transport);
        Self { owner, request, transmit, ack: None, sent: 1, machine, by_datagram }
    }

    pub fn handle_response(&mut self, now: Mono, status: u16) -> Reaction {
        match &mut self.machine {
            Machine::Invite(machine) => machine.handle_response(now, status),
            Machine::Request(machine) => machine.handle_response(now, status),
        }
    }

    pub fn handle_timeout(&mut self, now: Mono) -> Option<Expiry> {
        let expiry = match &mut self.machine {
            Machine::Invite(machine) => machine.handle_timeout(now),
            Machine::Request(machine) => machine.handle_timeout(now),
        };
        self.sent += u32::from(expiry == Some(Expiry::Resend));
        expiry
    }

    /// Starts over by UDP if it went by TCP only for its size.
    pub fn fall_back(&mut self, now: Mono, timing: Timing) -> Option<Transmit> {
        let (request, transmit) = self.by_datagram.take()?;
        let invite = matches!(self.machine, Machine::Invite(_));
        self.machine = Machine::new(now, timing, invite, transmit.transport);
        self.request = request;
        self.transmit = transmit;
        Some(self.transmit.clone())
    }

    pub fn is_pending(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_pending(),
            Machine::Request(machine) => machine.is_pending(),
        }
    }

    /// Octets that it takes; about.
    pub fn octets(&self) -> usize {
        let by_datagram = self.by_datagram.as_ref().map_or(0, |(_, transmit)| transmit.bytes.len());
        COPIES * (self.transmit.bytes.len() + by_datagram) + self.ack.as_ref().map_or(0, |ack| ack.bytes.len())
    }

    pub fn is_proceeding(&self) -> bool {
        matches!(&self.machine, Machine::Invite(machine) if machine.is_proceeding())
    }

    pub fn is_terminated(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_terminated(),
            Machine::Request(machine) => machine.is_terminated(),
        }
    }
}

impl Timed for Client {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        match &self.machine {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Request(machine) => machine.deadline(),
        }
    }
}

impl Machine {
    fn new(now: Mono, timing: Timing, invite: bool, transport: Transport) -> Self {
        let reliable = transport.is_reliable();
        match invite {
            true => Self::Invite(ClientInvite::new(now, timing, reliable)),
            false => Self::Request(ClientRequest::new(now, timing, reliable)),
        }
    }
}
