//! Which entries rule the media between us and a peer: the lookup that every packet gets, made before there is one.

use std::net::{IpAddr, SocketAddr};

use super::answer_watcher::AskersPlace;
use super::Agent;
use crate::keys::agreement::Bundles;
use crate::media::PORTS;
use crate::policy::{
    Action, Bundle, Direction, Entry, Flow, Guarantee, Level, Protocol, Rule, Selector, Strength, Suite, Upper,
};
use crate::vocab::{Device, Entity, Now, Wall};

/// An address of media whose port is not known yet: the first of those that media uses stands for all.
pub fn some_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, *PORTS.start())
}

/// The entries that a call has to obey, every one of them: at least one for each direction.
pub struct Demands(Vec<Entry>);

/// What protects the packets that we send, and those that we receive.
#[derive(Clone, Copy, Debug, Default)]
pub struct Protected {
    pub outbound: Bundle,
    pub inbound: Bundle,
}

impl Protected {
    /// An ordinary telephone, both ways.
    pub const SRTP: Self = Self { outbound: Bundle::SRTP, inbound: Bundle::SRTP };

    /// Of what an initiator and a responder agreed, one of whom we are.
    pub fn of(bundles: Bundles, we_offered: bool) -> Self {
        let Bundles { to_responder, to_initiator } = bundles;
        match we_offered {
            true => Self { outbound: to_responder, inbound: to_initiator },
            false => Self { outbound: to_initiator, inbound: to_responder },
        }
    }

    /// What has both: one lies around the other.
    pub fn with(self, other: Self) -> Self {
        Self { outbound: self.outbound.with(other.outbound), inbound: self.inbound.with(other.inbound) }
    }

    pub fn towards(self, direction: Direction) -> Bundle {
        match direction {
            Direction::Out => self.outbound,
            Direction::In => self.inbound,
        }
    }

    fn lacks(self, entry: &Entry, level: Level) -> Vec<Rule> {
        self.towards(entry.direction).missing_for(&entry.action, level)
    }
}

impl Demands {
    /// The rules that are not kept, each once; `discard` demands no rule.
    pub fn missing(&self, protected: Protected, level: Level) -> Vec<Rule> {
        let mut missing = Vec::new();
        for rule in self.0.iter().flat_map(|entry| protected.lacks(entry, level)) {
            if !missing.contains(&rule) {
                missing.push(rule);
            }
        }
        missing
    }

    /// One of them has a rule of this protocol, whatever its level.
    pub fn names(&self, protocol: Protocol) -> bool {
        self.0.iter().any(|entry| entry.action.rule(protocol).is_some())
    }

    /// When the first of them ends.
    pub fn end(&self) -> Option<Wall> {
        self.0.iter().filter_map(|entry| entry.expires).min()
    }

    /// Packets of one direction would never pass.
    pub fn discard(&self) -> bool {
        self.0.iter().any(|entry| entry.action == Action::Discard)
    }

    /// An entry that is not obeyed.
    pub fn broken(&self, protected: Protected, level: Level) -> Option<&Entry> {
        let broken = |entry: &&Entry| entry.action == Action::Discard || !protected.lacks(entry, level).is_empty();
        self.0.iter().find(broken)
    }

    /// An entry that is not obeyed by what protects a call, or by the suite that serves it.
    pub fn unmet(&self, protected: Protected, suite: Option<Suite>, level: Level) -> Option<&Entry> {
        self.broken(protected, level).or_else(|| self.forbids(suite?))
    }

    /// Every rule for packets of this direction, whatever its level.
    pub fn bundle(&self, direction: Direction, variable_rate: bool) -> Bundle {
        let entries = self.0.iter().filter(|entry| entry.direction == direction);
        entries.fold(Bundle::NONE, |all, entry| all.with(Bundle::of_entry(entry, variable_rate)))
    }

    /// Of these suites, those that every entry allows.
    pub fn suites(&self, offered: &[Suite]) -> Vec<Suite> {
        let allowed: Vec<&[Suite]> = self.0.iter().map(|entry| entry.suites.as_slice()).collect();
        Suite::common(offered, &allowed)
    }

    /// An entry that does not allow this suite.
    pub fn forbids(&self, suite: Suite) -> Option<&Entry> {
        self.0.iter().find(|entry| Suite::common(&[suite], &[&entry.suites]).is_empty())
    }

    /// An entry that tunnels to somewhere else than the two ends of the call, and the rule that would fit.
    pub fn tunnels_elsewhere(&self, ours: IpAddr, theirs: IpAddr) -> Option<(&Entry, Rule)> {
        self.0.iter().find_map(|entry| Some((entry, entry.tunnel_elsewhere(ours, theirs)?.1)))
    }

    /// What they demand of a call whose tunnel, from us to a gateway, `gives` the rest.
    ///
    /// # Errors
    /// The entry of which the tunnel serves too little.
    pub fn beyond(self, (ours, gateway): (IpAddr, IpAddr), gives: Protected, level: Level) -> Result<Self, Box<Entry>> {
        let far = |entry: Entry| match entry.split_at(ours, gateway) {
            Some((near, far)) if gives.lacks(&near, level).is_empty() => Ok(far),
            Some(_) => Err(Box::new(entry)),
            None => Ok(entry),
        };
        self.0.into_iter().map(far).collect::<Result<_, _>>().map(Self)
    }

    /// The same of a call that has no tunnel yet, where it can get one: to these gateways.
    pub fn beyond_gateways(self, ours: IpAddr, is_gateway: impl Fn(IpAddr) -> bool) -> Self {
        let far = |entry: Entry| entry.beyond(ours, &is_gateway).unwrap_or(entry);
        Self(self.0.into_iter().map(far).collect())
    }

    /// Whether an entry wants packets of this direction padded to one size.
    pub fn pads(&self, direction: Direction, variable_rate: bool) -> bool {
        let wants = |entry: &Entry| Bundle::of_entry(entry, variable_rate).framing.tfc;
        self.0.iter().any(|entry| entry.direction == direction && wants(entry))
    }

    /// Whether what we send has to be hidden, whatever the other side can do.
    pub fn hides(&self, level: Level) -> bool {
        let hides = |entry: &&Entry| Guarantee::of(&entry.action, level).confidentiality == Strength::Always;
        self.0.iter().filter(|entry| entry.direction == Direction::Out).any(|entry| hides(&entry))
    }

    /// The first for packets that we send; of a caller's, what it is told.
    pub fn outgoing(&self) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.direction == Direction::Out)
    }
}

impl Agent {
    /// The entries for media between these addresses, out and in; `peer` when its keys are known.
    pub(super) fn entries_between(
        &self,
        now: Now,
        peer: Option<(&Entity, &Device)>,
        ours: SocketAddr,
        theirs: SocketAddr,
    ) -> (Entry, Entry) {
        self.entries_by(now, peer, (ours, theirs), Upper::Udp)
    }

    /// The same for media by this transport.
    pub(super) fn entries_by(
        &self,
        now: Now,
        peer: Option<(&Entity, &Device)>,
        ends: (SocketAddr, SocketAddr),
        upper: Upper,
    ) -> (Entry, Entry) {
        let find = |direction| {
            let flow = flow(direction, ends, upper, peer);
            self.book.spd().lookup(&flow, now.wall).entry.clone()
        };
        (find(Direction::Out), find(Direction::In))
    }

    /// What we demand of a call that we place.
    pub(super) fn demands_on_callee(
        &self,
        now: Now,
        peer: (&Entity, &Device),
        ends: (SocketAddr, SocketAddr),
        upper: Upper,
    ) -> Demands {
        let (out, inbound) = self.entries_by(now, Some(peer), ends, upper);
        Demands(vec![out, inbound])
    }

    /// What we demand of a caller: what its packets are looked up by, and what it was told, or would be if it asked. An
    /// address alone loosens nothing (PROTOCOL section 2), and what is told must hold.
    pub(super) fn demands_on_caller(
        &self,
        now: Now,
        known: Option<&(Entity, Device)>,
        ends: (SocketAddr, SocketAddr),
        upper: Upper,
        place: AskersPlace,
    ) -> Demands {
        let peer = known.map(|(entity, device)| (entity, device));
        let (out, inbound) = self.entries_by(now, peer, ends, upper);
        // What was agreed and is used just now stands in the place of what it was agreed against.
        let agreed = |entry: Entry| {
            let coming = self.coming_into_force(now, peer, &entry, &flow(entry.direction, ends, upper, peer));
            coming.unwrap_or(entry)
        };
        let told = self.entries_for(now, known, place);
        let first = |direction| {
            let flow = flow(direction, ends, upper, peer);
            let fits = |entry: &&Entry| entry.direction == direction && entry.selector.matches(&flow);
            let nothing = || Entry::new(Selector::ANY, direction, Action::Discard);
            told.iter().find(fits).cloned().unwrap_or_else(nothing)
        };
        Demands([first(Direction::Out), first(Direction::In), out, inbound].into_iter().map(agreed).collect())
    }
}

pub(super) fn flow<'a>(
    direction: Direction,
    (ours, theirs): (SocketAddr, SocketAddr),
    upper: Upper,
    peer: Option<(&'a Entity, &'a Device)>,
) -> Flow<'a> {
    let (source, destination) = match direction {
        Direction::Out => (ours, theirs),
        Direction::In => (theirs, ours),
    };
    Flow { source, destination, upper, direction, peer }
}
