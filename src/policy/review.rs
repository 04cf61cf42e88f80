//! The question put to the user, and the only maker of what may be enforced (ARCHITECTURE section 2).

mod answer;
mod approved;
mod cut;
mod differences;
mod proposed;
mod weighed;

use std::net::IpAddr;

use super::advice::{advise, Advice, Circumstances};
use super::guarantee::Tightness;
use super::{infer, Action, Entry, Environment, Level, PlaceCondition, RulesError, Scope, Spd, Statement, Upper};
use crate::vocab::{Device, Entity, Fingerprint, Generation, Wall};

pub use answer::AnswerError;
pub use approved::{Approved, ApprovedPeer};
pub use proposed::{NotAgreed, Proposed};
pub use weighed::{Held, Weighed, WeighedField};

/// A peer's statement held against our own entries. Answering it is [`Review::answer`].
#[derive(Clone, Debug)]
pub struct Review {
    pub kind: ReviewKind,
    pub statement: Statement,
    pub provenance: Provenance,
    pub key_state: KeyState,
    pub surroundings: Surroundings,
    pub own_environment: Environment,
    /// The entries of ours that rule this peer today, out then in.
    pub current: Vec<Entry>,
    /// Those of them that name TCP, where they rule it.
    by_tcp: Vec<Entry>,
    /// What approving as it is would register, out then in: the statement's policy, completed to both directions and cut to the two ends.
    pub proposed: Vec<Entry>,
    /// Each selector of the statement that reached beyond the two ends, in words of ours.
    pub cuts: Vec<String>,
    pub differences: Vec<Difference>,
    pub advice: Advice,
    pub circumstances: Circumstances,
    /// The generation that it was made against; a stale one is asked again.
    pub generation: Generation,
    /// Ours, theirs.
    ends: (IpAddr, IpAddr),
    /// Where tunnels may end beside those.
    gateways: Vec<IpAddr>,
    default_level: Level,
}

/// What a review is made of.
#[derive(Clone, Debug)]
pub struct ReviewInput {
    pub kind: ReviewKind,
    /// Its signature is verified.
    pub statement: Statement,
    pub provenance: Provenance,
    pub key_state: KeyState,
    /// False when only the policy was asked for.
    pub wanted_presence: bool,
    pub circumstances: Circumstances,
    pub own_environment: Environment,
    /// The two ends of the streams to come.
    pub own_address: IpAddr,
    pub peer_address: IpAddr,
    /// Where devices are that our user approved, the peer's own excepted: a tunnel may end there.
    pub gateways: Vec<IpAddr>,
    /// The entries of ours that rule this peer today, the default's where there are no others.
    pub current: Vec<Entry>,
    /// The same for media over TCP.
    pub by_tcp: Vec<Entry>,
    pub generation: Generation,
    pub default_level: Level,
}

/// Why a statement cannot be put to the user as a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreviewable {
    #[error("policy {policy} leaves a level to its reader, which a statement must not")]
    DefaultLevel { policy: usize },
    #[error("the statement has no policy")]
    NoPolicy,
    #[error("no policy of the statement is about packets between the two of you")]
    NotAboutUs,
    #[error("policy {policy} needs {source}")]
    Rules { policy: usize, source: RulesError },
    #[error("the statement has more than {} policies", Review::MAX_POLICIES)]
    TooManyPolicies,
}

impl Review {
    /// Most policies of one statement.
    pub const MAX_POLICIES: usize = 64;

    /// Holds a statement against our own entries. Nothing is enforced by it.
    pub fn new(input: ReviewInput) -> Result<Self, Unreviewable> {
        let ends = (input.own_address.to_canonical(), input.peer_address.to_canonical());
        let surroundings = surroundings(&input, ends);
        let place = PlaceCondition { ours: input.own_environment.scope, theirs: surroundings.scope() };
        let (proposed, cuts) = cut::propose(&input.statement, ends, place)?;
        let advice = advise(&surroundings, &input.own_environment, input.circumstances, &proposed, input.default_level);
        let mut review = Self {
            kind: input.kind,
            statement: input.statement,
            provenance: input.provenance,
            key_state: input.key_state,
            surroundings,
            own_environment: input.own_environment,
            current: input.current,
            by_tcp: input.by_tcp.into_iter().filter(|entry| entry.selector.upper == Upper::Tcp).collect(),
            proposed,
            cuts,
            differences: Vec::new(),
            advice,
            circumstances: input.circumstances,
            generation: input.generation,
            ends,
            gateways: input.gateways.into_iter().map(|gateway| gateway.to_canonical()).collect(),
            default_level: input.default_level,
        };
        review.differences = differences::differences(&review);
        Ok(review)
    }

    /// Our two ends: our own address, the peer's.
    pub fn ends(&self) -> (IpAddr, IpAddr) {
        self.ends
    }

    /// What `default` means in an answer.
    pub fn default_level(&self) -> Level {
        self.default_level
    }

    fn peer(&self) -> (&Entity, &Device) {
        (&self.statement.entity, &self.statement.device)
    }

    /// What of an entry protects packets as far as the peer, and not to a gateway only.
    fn beyond(&self, entry: Entry) -> Entry {
        entry.beyond(self.ends.0, |end| self.gateways.contains(&end.to_canonical())).unwrap_or(entry)
    }

    fn current_spd(&self) -> Spd {
        Spd::compile(self.generation, self.current.clone(), Vec::new())
    }
}

impl Surroundings {
    /// Where the peer says that it is; nothing is believed of one that does not say.
    pub fn scope(&self) -> Scope {
        match self {
            Self::NotAsked | Self::Withheld { .. } => Scope::Unknown,
            Self::Stated(environment) => environment.scope,
        }
    }
}

fn surroundings(input: &ReviewInput, (ours, theirs): (IpAddr, IpAddr)) -> Surroundings {
    match (input.wanted_presence, input.statement.environment) {
        (false, _) => Surroundings::NotAsked,
        (true, Some(environment)) => Surroundings::Stated(environment),
        (true, None) => Surroundings::Withheld { inference: infer(theirs, ours).text },
    }
}

/// What is put to the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReviewKind {
    /// What the peer would accept in place of what we proposed: its statement has that for its policy.
    Counter,
    /// A looser policy that the peer would like to have from us: its statement has that for its policy.
    Proposal,
    /// What the peer says of itself.
    #[default]
    Statement,
}

/// How a statement came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The network source of the NOTIFY, when it came straight from the peer.
    pub observed: Option<IpAddr>,
    pub received: Wall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Another key is pinned for this entity, and the user accepted this one by its fingerprint: approving pins it
    /// instead of the other.
    Accepted {
        pinned: Fingerprint,
    },
    /// Never seen: approving pins it.
    New,
    Pinned,
    /// Pinned, and the safety phrase was compared.
    Verified,
    /// Another key is pinned for this entity: everything stops until the user decides.
    Changed {
        pinned: Fingerprint,
    },
}

/// What we know of where the peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surroundings {
    NotAsked,
    Stated(Environment),
    /// Not told; the text is our inference from the two addresses, and says so.
    Withheld {
        inference: String,
    },
}

/// One field in which the peer's policy and ours differ, or agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As `out action`, `in esp level`.
    pub field: String,
    pub ours: String,
    pub theirs: String,
    /// Theirs, held against ours.
    pub relation: Tightness,
}

/// What the user says to a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As it is.
    Approve,
    /// With this action instead, in both directions.
    Rules(Action),
    /// With these entries instead; the peer's scope is set on each, a missing direction is mirrored.
    Edit(Vec<Entry>),
    /// This, and where only the peer can make that possible it is to be asked: a looser policy is proposed, and another
    /// than the one that it proposed is its counter-proposal.
    Propose {
        answer: Box<Answer>,
        note: Option<String>,
    },
    Refuse,
}

/// What becomes of a review.
#[derive(Clone, Debug)]
pub enum Decision {
    Approved(Approved),
    /// Not what the peer proposed, but this would be accepted.
    Countered {
        approved: Approved,
        note: Option<String>,
    },
    /// Looser than the peer asked: nothing is approved; negotiation comes first (PROTOCOL section 6).
    Looser {
        fields: Vec<String>,
    },
    /// The same, and the peer is to be asked.
    Proposed(Proposed),
    Refused,
}

#[cfg(test)]
mod tests;
