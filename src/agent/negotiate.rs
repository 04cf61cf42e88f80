//! Negotiation of a looser policy (PROTOCOL section 6): what is under way, and what it was about. The proposer's side is `propose`,
//! the accepter's `consider`; what was agreed and not used yet is `agreed`.
//!
//! | step | where |
//! | --- | --- |
//! | an answer to a review is looser, and the peer is to be asked | `review` -> `propose` |
//! | SUBSCRIBE with the signed proposal | `propose` -> the peer's `consider` |
//! | review of our own policy for the proposer, time limit, rules that refuse | `consider` |
//! | accepted or countered: stored as pending, then NOTIFY with the signed answer | `consider`, `agreed` |
//! | the answer: registered, or put as another review, or the tighter policy stays | `propose` |
//! | an offer that bears the hash of what was agreed: it comes into force | `agreed` |
//!
//! Whatever is lost or forgotten leaves the tighter policy in force on both sides: the accepter takes looser packets once its answer
//! is durable, which is before the proposer can send any, and sends them only after the proposer has shown that it takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::consider::Considering;
use super::propose::Proposing;
use super::proposed_before::Resuming;
use super::{Agent, Event};
use crate::policy::{Entry, ProposalDecision, StatedPolicy};
use crate::sip::{NotifierId, SubscriptionId};
use crate::vocab::{
    shell_word, Deadline, Device, Digest, Entity, Failure, FailureKind, Mono, Now, PeerText, ProposalId, ReviewId, Wall,
};

/// How long the peer's user has for a proposal, and ours for the peer's.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// Negotiations that are remembered after their end.
const MAX_KEPT: usize = 128;
/// Decisions that are remembered, so that the same proposal gets the same answer.
const MAX_DECIDED: usize = 128;

#[derive(Default)]
pub struct Negotiations {
    pub all: BTreeMap<ProposalId, Negotiated>,
    pub ours: BTreeMap<ProposalId, Proposing>,
    pub theirs: BTreeMap<ProposalId, Considering>,
    /// Of before a restart, until they are proposed again.
    pub resuming: Vec<Resuming>,
    pub subscriptions: BTreeMap<SubscriptionId, ProposalId>,
    pub notifiers: BTreeMap<NotifierId, ProposalId>,
    /// By the hash of the proposal, the oldest first in `order`.
    decided: BTreeMap<Digest, Decided>,
    order: Vec<Digest>,
    /// When each device last put a proposal to our user.
    pub prompts: BTreeMap<(Entity, Device), Vec<Mono>>,
    /// Agreed entries on their way into force: their peers have begun to use them.
    pub promoting: BTreeSet<(Entity, Device)>,
    last: u64,
}

/// What was said to a proposal.
#[derive(Clone, Debug)]
pub struct Decided {
    pub decision: ProposalDecision,
    /// Of a counter-proposal, as its reader sees it.
    pub policies: Vec<StatedPolicy>,
    pub note: Option<String>,
}

/// A proposal of ours or of a peer, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Negotiated {
    pub id: ProposalId,
    /// Ours.
    pub outgoing: bool,
    pub peer: Entity,
    pub device: Device,
    /// By which the answer names it.
    pub hash: Digest,
    /// What would be in force here, out then in.
    pub entries: Vec<Entry>,
    pub note: Option<PeerText>,
    /// What would be accepted in its place, once that was said.
    pub counter: Option<Counter>,
    /// Ours: why its answer has to wait, while the peer cannot be heard.
    pub trouble: Option<String>,
    pub opened: Wall,
    /// Without an answer until then the tighter policy stays.
    pub deadline: Wall,
    pub state: ProposalState,
    /// The review that it came from (ours), or that puts it to our user.
    pub review: Option<ReviewId>,
}

/// What whoever was asked would accept instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// What would be in force here, out then in.
    pub entries: Vec<Entry>,
    pub state: CounterState,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CounterState {
    /// Ours: it was taken back, expired, or other entries rule the peer by now. The peer's: our user does not want it.
    Lapsed,
    /// The peer's: this review puts it to our user.
    Put(ReviewId),
    /// Ours: the peer has begun to use it, so it is in force. The peer's: our user approved it, and it is in force.
    Used,
    /// Ours: stored as pending until the peer uses it.
    Waiting,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ProposalState {
    /// Of ours: registered. Of the peer's: stored as pending.
    Accepted,
    /// Our user took it back, or the peer did.
    Cancelled,
    /// Another policy would be accepted: by the peer, put as a review; by us, stored as pending.
    Countered,
    /// Both sides proposed at once: both lapse.
    Crossed,
    Expired,
    Failed(Failure),
    Refused,
    /// It is on its way, or its answer is waited for.
    Waiting,
}

impl ProposalState {
    pub fn is_open(&self) -> bool {
        *self == Self::Waiting
    }
}

impl Negotiations {
    pub fn next_id(&mut self) -> ProposalId {
        self.last += 1;
        ProposalId(self.last)
    }

    /// The open proposal of ours to this device.
    pub fn ours_to(&self, entity: &Entity, device: &Device) -> Option<ProposalId> {
        self.open_with(entity, device, true)
    }

    /// The open proposal of this device to us.
    pub fn theirs_of(&self, entity: &Entity, device: &Device) -> Option<ProposalId> {
        self.open_with(entity, device, false)
    }

    fn open_with(&self, entity: &Entity, device: &Device, outgoing: bool) -> Option<ProposalId> {
        let with = |one: &&Negotiated| (&one.peer, &one.device, one.outgoing) == (entity, device, outgoing);
        self.all.values().filter(with).find(|one| one.state.is_open()).map(|one| one.id)
    }

    pub fn decide(&mut self, hash: Digest, decided: Decided) {
        if self.decided.insert(hash, decided).is_none() {
            self.order.push(hash);
        }
        if self.order.len() > MAX_DECIDED {
            let oldest = self.order.remove(0);
            self.decided.remove(&oldest);
        }
    }

    pub fn decided(&self, hash: &Digest) -> Option<&Decided> {
        self.decided.get(hash)
    }

    /// What was agreed is not in force any more: the same proposal is a question again.
    pub fn forget_decision(&mut self, hash: &Digest) {
        self.decided.remove(hash);
        self.order.retain(|kept| kept != hash);
    }
}

impl Agent {
    /// Oldest first.
    pub fn proposals(&self) -> impl Iterator<Item = &Negotiated> {
        self.negotiations.all.values()
    }

    pub fn proposal(&self, id: ProposalId) -> Option<&Negotiated> {
        self.negotiations.all.get(&id)
    }

    pub(super) fn open_negotiation(&mut self, one: Negotiated) {
        let id = one.id;
        self.negotiations.all.insert(id, one);
        while self.negotiations.all.len() > MAX_KEPT {
            let ended = self.negotiations.all.values().find(|one| !one.state.is_open()).map(|one| one.id);
            let Some(ended) = ended else { break };
            self.negotiations.all.remove(&ended);
        }
        self.event(Event::ProposalChanged(id));
    }

    pub(super) fn set_proposal(&mut self, id: ProposalId, state: ProposalState) {
        if let Some(one) = self.negotiations.all.get_mut(&id) {
            one.state = state;
            one.trouble = None;
            self.event(Event::ProposalChanged(id));
        }
    }

    pub(super) fn set_trouble(&mut self, id: ProposalId, trouble: Option<String>) {
        if let Some(one) = self.negotiations.all.get_mut(&id).filter(|one| one.trouble != trouble) {
            one.trouble = trouble;
            self.event(Event::ProposalChanged(id));
        }
    }

    pub(super) fn set_counter(&mut self, id: ProposalId, counter: Counter) {
        if let Some(one) = self.negotiations.all.get_mut(&id) {
            one.counter = Some(counter);
            self.event(Event::ProposalChanged(id));
        }
    }

    /// Our own counter to the proposal with this hash, if there was one, waits no more.
    pub(super) fn end_counter(&mut self, proposal: &Digest, state: CounterState) {
        let waits = |one: &&mut Negotiated| !one.outgoing && one.hash == *proposal;
        let Some(one) = self.negotiations.all.values_mut().rfind(waits) else { return };
        let Some(counter) = one.counter.as_mut().filter(|counter| counter.state == CounterState::Waiting) else {
            return;
        };
        counter.state = state;
        let id = one.id;
        self.event(Event::ProposalChanged(id));
    }

    /// The peer's counter to a proposal of ours: what became of the review that puts it.
    pub(super) fn answered_counter(&mut self, id: ProposalId, state: CounterState) {
        let Some(one) = self.negotiations.all.get_mut(&id).filter(|one| one.outgoing) else { return };
        let Some(counter) = one.counter.as_mut().filter(|counter| matches!(counter.state, CounterState::Put(_))) else {
            return;
        };
        counter.state = state;
        self.event(Event::ProposalChanged(id));
    }

    /// Who proposed may be elsewhere when the peer's user has answered.
    pub(super) fn tell_of_agreement(&mut self, review: ReviewId) {
        let proposal = self.reviews.all.get(&review).and_then(|reviewing| reviewing.open.proposal);
        let one = proposal.and_then(|id| self.negotiations.all.get(&id));
        if let Some(one) = one.filter(|one| one.outgoing && one.state == ProposalState::Accepted) {
            let notice = in_force_by_agreement(one);
            self.event(Event::Notice(notice));
        }
    }

    pub(super) fn handle_negotiation_timeout(&mut self, now: Now) {
        self.handle_proposing_timeout(now);
        self.handle_resuming_timeout(now);
    }

    /// The accepter's time limit is that of its review.
    pub(super) fn negotiation_deadline(&self) -> Option<Deadline> {
        let times = self.negotiations.ours.values().flat_map(|proposing| [Some(proposing.deadline), proposing.next]);
        let resuming = self.negotiations.resuming.iter().map(|resuming| resuming.next);
        times.chain(resuming).flatten().min().map(|at| Deadline { at, why: "proposal" })
    }
}

fn in_force_by_agreement(one: &Negotiated) -> Failure {
    let way = |entry: &Entry| format!("{} {}", entry.direction, entry.action);
    let rules = one.entries.iter().map(way).collect::<Vec<_>>().join("; ");
    let Negotiated { id, peer, .. } = one;
    Failure::new(
        FailureKind::RefusedByUser,
        "proposal-agreed",
        format!("the user of {peer} accepted your proposal {id}, and it is in force: {rules}"),
        peer.as_str(),
        format!(
            "`sottovoce policy list --peer {}` shows it; `sottovoce policy undo` takes it back",
            shell_word(peer.as_str())
        ),
    )
}
