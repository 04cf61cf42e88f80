//! What our user agreed to and the peer has not used yet (PROTOCOL section 6), and the hash by which an offer uses it.
//!
//! | step | carries |
//! | --- | --- |
//! | `keep_pending` -> `StoreOp::KeepPending` -> `Stored::Pending` | agreed entries: packets may arrive under them |
//! | an offer bears their hash -> `use_agreed` -> `StoreOp::UsePending` | in force, in the place of what the peer had here |
//! | what they were agreed against is not in force any more -> `lapse_pending` | gone; the newer word of our user counts |

use super::answer_watcher::{watcher_name, AskersPlace};
use super::consider::Asker;
use super::negotiate::{Counter, CounterState, Decided, ProposalState};
use super::ruling::some_port;
use super::waiting::Waiting;
use super::{Agent, AuditRow, Effect, Event, Given, ReviewState, StoreOp, Stored};
use crate::policy::{
    agreed_terms, state_policy, tighten, Approved, Asked, Asker as PolicyAsker, Direction, Entry, Pending,
    ProposalDecision, StatedPolicy, Statement, Terms, Upper,
};
use crate::presence;
use crate::vocab::{Device, Digest, Entity, Failure, FailureKind, Now, ProposalId, ReviewId};

/// An agreement on its way to the disk.
#[derive(Clone)]
pub struct Agreed {
    pub id: ProposalId,
    pub review: ReviewId,
    /// Its hash.
    pub proposal: Digest,
    pub asker: Asker,
    pub decided: Decided,
}

impl Agent {
    /// Nothing is said before it is durable.
    pub(super) fn keep_pending(&mut self, now: Now, agreed: Agreed, approved: &Approved, by: &'static str) {
        let Some(reviewing) = self.reviews.all.get(&agreed.review) else { return };
        let terms = Terms {
            hash: presence::entry_hash(&agreed_terms(approved.entries(), false, self.config.default_level)),
            proposal: agreed.proposal,
            against: reviewing.open.review.current.iter().map(Entry::digest).collect(),
            since: now.wall,
        };
        let Some(pending) = Pending::of(approved, terms) else { return };
        let lines = pending.entries().iter().map(Entry::to_setkey).collect::<Vec<_>>().join(" ");
        let audit = AuditRow {
            at: now.wall,
            kind: "agreed",
            subject: pending.entity().to_string(),
            detail: format!(
                "proposal {} {} by {by}, pending as {}: {lines}",
                agreed.proposal,
                agreed.decided.decision.name(),
                pending.terms().hash
            ),
        };
        let review = agreed.review;
        let generation = approved.generation();
        let effect = self.expect(Waiting::Agreed { pending: Box::new(pending.clone()), agreed: Box::new(agreed) });
        self.effect(Effect::Store {
            id: effect,
            op: StoreOp::KeepPending { pending: Box::new(pending), generation, audit },
        });
        self.set_answered(review, ReviewState::Storing, by);
    }

    pub(super) fn handle_pending_kept(
        &mut self,
        now: Now,
        pending: Pending,
        agreed: Agreed,
        result: Result<Stored, Failure>,
    ) {
        match result {
            Ok(Stored::Pending { generation }) => {
                let review = agreed.review;
                if agreed.decided.decision == ProposalDecision::Countered {
                    let entries = pending.entries().to_vec();
                    self.set_counter(agreed.id, Counter { entries, state: CounterState::Waiting });
                }
                self.book.put_pending(pending, generation);
                self.say_agreed(now, agreed);
                self.policy_changed(now, generation);
                let by = self.reviews.all.get(&review).map_or("", super::reviews::Reviewing::answered_by);
                self.set_review(review, ReviewState::Registered { generation, by });
            }
            Ok(_) => {}
            Err(failure) => self.set_review(agreed.review, ReviewState::Failed(failure)),
        }
    }

    /// An offer of this device bears this hash: what was agreed comes into force. Until that is durable packets of its arrive, and
    /// ours stay here.
    pub(super) fn use_agreed(&mut self, now: Now, peer: &(Entity, Device), hash: &Digest) {
        let (entity, device) = peer;
        let found = self.book.pending_of(entity, device).filter(|pending| pending.terms().hash == *hash);
        let Some(pending) = found.filter(|pending| !pending.expired(now.wall)).cloned() else { return };
        if !self.negotiations.promoting.insert(peer.clone()) {
            return;
        }
        let audit = AuditRow {
            at: now.wall,
            kind: "agreed",
            subject: entity.to_string(),
            detail: format!(
                "an offer bears {hash}: what was agreed by proposal {} is in force",
                pending.terms().proposal
            ),
        };
        let id = self.expect(Waiting::Used(Box::new(pending.clone())));
        self.effect(Effect::Store { id, op: StoreOp::UsePending { pending: Box::new(pending), audit } });
    }

    pub(super) fn handle_pending_used(&mut self, now: Now, pending: &Pending, result: Result<Stored, Failure>) {
        let peer = (pending.entity().clone(), pending.device().clone());
        self.negotiations.promoting.remove(&peer);
        match result {
            Ok(Stored::Registered { generation, entries }) => {
                self.book.use_pending(pending, entries, generation);
                self.end_counter(&pending.terms().proposal, CounterState::Used);
                self.policy_changed(now, generation);
                self.count("agreements_used");
            }
            Ok(_) => {}
            Err(failure) => self.event(Event::Notice(failure)),
        }
        self.answer_those_of(now, &peer);
        self.take_waiting_offers(now, &peer);
    }

    pub(super) fn is_coming_into_force(&self, peer: &(Entity, Device)) -> bool {
        self.negotiations.promoting.contains(peer)
    }

    /// The entry beside `ruling` that was agreed with this peer and comes into force just now.
    pub(super) fn coming_into_force(
        &self,
        now: Now,
        peer: Option<(&Entity, &Device)>,
        ruling: &Entry,
        flow: &crate::policy::Flow<'_>,
    ) -> Option<Entry> {
        let (entity, device) = peer?;
        let coming = self.negotiations.promoting.contains(&(entity.clone(), device.clone()));
        let pending = self.book.pending_of(entity, device).filter(|_| coming)?;
        pending.beside(ruling, flow, now.wall).cloned()
    }

    /// What we send to a peer that may not know yet that we agreed is what both policies demand.
    pub(super) fn with_pending(
        &self,
        now: Now,
        peer: (&Entity, &Device),
        (mut out, mut inbound): (Entry, Entry),
        (ours, theirs): (std::net::SocketAddr, std::net::SocketAddr),
    ) -> (Entry, Entry) {
        let level = self.config.default_level;
        for (entry, direction) in [(&mut out, Direction::Out), (&mut inbound, Direction::In)] {
            let flow = super::ruling::flow(direction, (ours, theirs), Upper::Udp, Some(peer));
            let beside = self.book.spd().pending_beside(entry, &flow, now.wall).map(|beside| beside.action.clone());
            if let Some(action) = beside {
                entry.action = tighten(&entry.action, &action, level);
            }
        }
        (out, inbound)
    }

    /// The hash of the approved entry in an offer: of all that stands for this device, as it sees it; of what rules it where
    /// nothing does.
    pub(super) fn offered_hash(&self, now: Now, peer: (&Entity, &Device), ruling: &[Entry]) -> Digest {
        let lives = |entry: &&Entry| entry.in_force(now.wall);
        let own: Vec<Entry> = self.book.entries_of(peer.0, peer.1).filter(lives).cloned().collect();
        let entries = if own.is_empty() { ruling } else { &own };
        presence::entry_hash(&agreed_terms(entries, true, self.config.default_level))
    }

    /// What was said to this very proposal, if it is true still: our user may have said something else of this device since.
    pub(super) fn said_before(&self, now: Now, asker: &Asker, hash: &Digest) -> Option<Decided> {
        let decided = self.negotiations.decided(hash)?;
        let waits = self.book.pending_of(&asker.entity, &asker.device).is_some_and(|one| one.terms().proposal == *hash);
        let counter = || self.agreed_before(now, asker, &mirrored(&decided.policies)).is_some();
        let stands = match decided.decision {
            ProposalDecision::Accepted => waits,
            ProposalDecision::Countered => waits || counter(),
            ProposalDecision::Refused => true,
        };
        stands.then(|| decided.clone())
    }

    /// Our user agreed to these very rules with this device before: they wait for it, or are in force.
    pub(super) fn agreed_before(&self, now: Now, asker: &Asker, policies: &[StatedPolicy]) -> Option<Decided> {
        let hash = presence::entry_hash(policies);
        let lives = |entry: &&Entry| entry.in_force(now.wall);
        let own: Vec<Entry> = self.book.entries_of(&asker.entity, &asker.device).filter(lives).cloned().collect();
        let in_force =
            || !own.is_empty() && presence::entry_hash(&agreed_terms(&own, false, self.config.default_level)) == hash;
        let pending = self.book.pending_of(&asker.entity, &asker.device);
        let agreed = pending.is_some_and(|pending| pending.terms().hash == hash) || in_force();
        agreed.then(|| Decided { decision: ProposalDecision::Accepted, policies: Vec::new(), note: None })
    }

    /// Our policy for the peer as it is once it has used what was agreed: its calls bear the hash of that.
    pub(super) fn policy_once_used(&self, now: Now, asker: &Asker) -> Vec<StatedPolicy> {
        let spd = self.book.spd_once_used(&asker.entity, &asker.device);
        let verified = Some((&asker.entity, &asker.device));
        let AskersPlace { address, observed } = asker.place;
        let asked = Asked {
            address: self.config.media_address,
            evidence: self.own.environment().evidence,
            default_level: self.config.default_level,
        };
        let entries = spd.answer_for(&PolicyAsker { verified, address, observed }, &asked, now.wall);
        state_policy(&entries, self.config.media_address, address, self.config.default_level)
    }

    /// A call may bear the hash of what an answer said.
    pub(super) fn remember_given(&mut self, now: Now, entity: &Entity, device: &Device, statement: &Statement) {
        let Some(pin) = self.book.pin(entity, device) else { return };
        let given = Given {
            watcher: watcher_name(&pin.signing_key),
            version: statement.version,
            hash: presence::statement_hash(statement),
            expires: now.wall.saturating_add(super::own::STATEMENT_LIFE),
            nonce: Some(statement.nonce),
        };
        self.book.give(given.clone());
        self.keep(StoreOp::RecordGiven { given, known: true });
    }

    /// Our user's newer word counts: what was agreed against other entries than those in force is gone.
    pub(super) fn lapse_pending(&mut self, now: Now) {
        let stale: Vec<Pending> =
            self.book.pendings().filter(|pending| self.is_overtaken(now, pending)).cloned().collect();
        for pending in stale {
            self.forget_pending(now, &pending, "other entries rule this peer by now");
        }
    }

    fn is_overtaken(&self, now: Now, pending: &Pending) -> bool {
        if pending.expired(now.wall) {
            return true;
        }
        let peer = (pending.entity(), pending.device());
        let address = self.book.presence(peer.0, peer.1).and_then(|record| self.peer_address(record));
        let first = pending.entries().iter().find(|entry| entry.direction == Direction::Out);
        let end = first.and_then(|entry| entry.selector.destination.only_address());
        let Some(address) = end.or(address) else { return false };
        let (out, inbound) =
            self.entries_between(now, Some(peer), some_port(self.config.media_address), some_port(address));
        [out, inbound].iter().any(|entry| !pending.terms().against.contains(&entry.digest()))
    }

    /// Our user takes back what he agreed to, or something newer does.
    pub(super) fn forget_pending(&mut self, now: Now, pending: &Pending, why: &str) {
        let (entity, device) = (pending.entity().clone(), pending.device().clone());
        let generation = self.book.generation();
        self.negotiations.forget_decision(&pending.terms().proposal);
        self.end_counter(&pending.terms().proposal, CounterState::Lapsed);
        self.book.drop_pending(&entity, &device, generation);
        let audit = AuditRow {
            at: now.wall,
            kind: "lapsed",
            subject: entity.to_string(),
            detail: format!("what was agreed as {} lapses: {why}", pending.terms().hash),
        };
        self.effect(Effect::SetSpd { spd: self.book.spd().clone() });
        self.event(Event::PolicyChanged(generation));
        let id = self.expect(Waiting::Nobody);
        self.effect(Effect::Store { id, op: StoreOp::ForgetPending { entity, device, audit } });
    }

    /// The user takes back a proposal of his, or what he agreed to with this entity.
    pub(super) fn take_back(&mut self, now: Now, what: &super::request::TakeBack) -> Result<(), Failure> {
        match what {
            super::request::TakeBack::Proposal(id) => self.cancel_proposal(now, *id),
            super::request::TakeBack::Agreed(entity) => {
                let all: Vec<Pending> = self.book.pendings().filter(|one| one.entity() == entity).cloned().collect();
                let resumed = self.forget_resuming(now, entity);
                if all.is_empty() && !resumed {
                    return Err(nothing_agreed(entity));
                }
                all.iter().for_each(|pending| self.forget_pending(now, pending, "the user took it back"));
                let of_it = |one: &&super::Negotiated| {
                    !one.outgoing && one.peer == *entity && one.state == ProposalState::Accepted
                };
                let ids: Vec<ProposalId> = self.proposals().filter(of_it).map(|one| one.id).collect();
                ids.into_iter().for_each(|id| self.set_proposal(id, ProposalState::Cancelled));
                Ok(())
            }
        }
    }

    /// What our user agreed to and the peer has not used yet.
    pub fn pendings(&self) -> impl Iterator<Item = &Pending> {
        self.book.pendings()
    }
}

/// As the other side sees them.
fn mirrored(policies: &[StatedPolicy]) -> Vec<StatedPolicy> {
    let seen = |policy: &StatedPolicy| StatedPolicy { direction: policy.direction.mirror(), ..policy.clone() };
    policies.iter().map(seen).collect()
}

fn nothing_agreed(entity: &Entity) -> Failure {
    let message = format!("nothing that was agreed with {entity} waits to be used");
    let next = "see `sottovoce policy list`; what is in force already is changed by another review, or removed";
    Failure::new(FailureKind::Usage, "no-such-agreement", message, entity.as_str(), next)
}
