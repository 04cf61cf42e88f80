//! The accepter's side of a negotiation: a peer wants a looser policy from us.
//!
//! | step | carries |
//! | --- | --- |
//! | SUBSCRIBE -> `handle_proposed` | a proposal, signed with keys that our user approved; nobody else hears more than 403 |
//! | the same again | the same answer, or the same review |
//! | rules, bounds, crossing | refused, 480 for later, 491 |
//! | `open_review` | our own policy for the proposer, as it is and as it would be |
//! | the user's answer, or none in time -> `StoreOp::KeepPending` | what was agreed, durable before it is said |
//! | NOTIFY | signed answer; again whenever the proposal comes again |

use std::time::Duration;

use super::agreed::Agreed;
use super::answer_watcher::{document_body, AskersPlace, MAX_EXPIRES};
use super::ask_answer::key_state;
use super::negotiate::{Decided, Negotiated, ProposalState, PATIENCE};
use super::own::Saying;
use super::reviews::Opening;
use super::waiting::Waiting;
use super::{Agent, Effect, Event, StoreOp};
use crate::policy::{
    agreed_terms, Approved, Audience, Intent, ProposalAnswer, ProposalDecision, Provenance, Purpose, ReviewKind,
    Statement,
};
use crate::presence::{self, PresenceRecord};
use crate::sip::{NotifierId, NotifyState, Refusal};
use crate::vocab::{Device, Digest, Entity, Failure, FailureKind, Nonce, Now, PeerText, ProposalId, ReviewId};

/// Proposals that wait for our user at once.
const MAX_WAITING: usize = 16;
/// Proposals of one device that are considered in [`SPAN`], put to our user or not.
const MAX_PROMPTS: usize = 3;
const SPAN: Duration = Duration::from_secs(600);
/// Devices whose proposals are counted at once; of a further one none is considered until there is room.
const MAX_PROMPTERS: usize = 256;

/// A proposal of a peer that waits for our user.
pub struct Considering {
    pub review: ReviewId,
    pub hash: Digest,
    pub asker: Asker,
}

/// Whom an answer is for.
#[derive(Clone)]
pub struct Asker {
    pub entity: Entity,
    pub device: Device,
    /// Which of our names was asked.
    pub ours: Entity,
    /// Of the newest SUBSCRIBE.
    pub nonce: Nonce,
    pub notifier: NotifierId,
    pub place: AskersPlace,
}

impl Agent {
    /// `statement` is a fresh proposal to us, signed with pinned keys, and came for the first time.
    pub(super) fn handle_proposed(
        &mut self,
        now: Now,
        id: NotifierId,
        (place, ours): (AskersPlace, Entity),
        expires: Duration,
        statement: Statement,
    ) {
        let Some(proposal) = statement.proposal.clone() else { return };
        let hash = presence::proposal_hash((&statement.entity, &statement.device), &proposal);
        let (entity, device) = (statement.entity.clone(), statement.device.clone());
        self.note_version(&statement);
        self.endpoint.believe_subscription(id);
        let asker = Asker { entity, device, ours, nonce: statement.nonce, notifier: id, place };
        if let Some(ours) = self.negotiations.ours_to(&asker.entity, &asker.device) {
            self.cross_proposal(now, ours);
            let refusal = Refusal::new(491, "Request Pending");
            return self.endpoint.reject_subscription(now, id, refusal);
        }
        let before =
            self.said_before(now, &asker, &hash).or_else(|| self.agreed_before(now, &asker, &proposal.policies));
        if let Some(decided) = before {
            self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
            return self.say_decision(now, &asker, hash, &decided);
        }
        match self.negotiations.theirs_of(&asker.entity, &asker.device) {
            Some(open) if self.negotiations.theirs.get(&open).is_some_and(|one| one.hash == hash) => {
                self.attach(now, open, asker, expires);
            }
            other => {
                if let Some(other) = other {
                    self.withdraw_theirs(now, other);
                }
                self.consider(now, asker, expires, statement, hash);
            }
        }
    }

    /// The same proposal came again: it waits where it waited.
    fn attach(&mut self, now: Now, proposal: ProposalId, asker: Asker, expires: Duration) {
        let id = asker.notifier;
        if let Some(considering) = self.negotiations.theirs.get_mut(&proposal) {
            self.negotiations.notifiers.remove(&considering.asker.notifier);
            considering.asker = asker;
        }
        self.negotiations.notifiers.insert(id, proposal);
        self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
        self.endpoint.notify(now, id, NotifyState::Pending, None);
    }

    fn consider(&mut self, now: Now, asker: Asker, expires: Duration, statement: Statement, hash: Digest) {
        let id = asker.notifier;
        if let Some(wait) = self.crowded(now, &asker) {
            let refusal = Refusal::new(480, "Temporarily Unavailable").with("Retry-After", wait.as_secs().to_string());
            return self.endpoint.reject_subscription(now, id, refusal);
        }
        // Whatever becomes of it, it leaves rows.
        self.prompted(now, &asker);
        if !self.config.take_proposals {
            self.audit_proposal(now, &statement, hash, "refused by the configuration");
            self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
            return self.decide_proposal(now, &asker, hash, refusal(None));
        }
        let proposal = self.negotiations.next_id();
        let opening = self.opening_of(now, proposal, &asker, statement.clone());
        let review = match self.open_review(now, opening) {
            Ok(review) if self.is_about_us(review, &statement) => review,
            other => {
                let why = match other {
                    Ok(review) => {
                        self.drop_review(review);
                        "it reaches beyond the two ends".to_owned()
                    }
                    Err(failure) => failure.message,
                };
                self.audit_proposal(now, &statement, hash, &why);
                self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
                return self.decide_proposal(now, &asker, hash, refusal(Some("it cannot be put to the user here")));
            }
        };
        self.hear_proposer(review, &statement);
        self.audit_proposal(now, &statement, hash, &format!("put as review {review}"));
        self.count("proposals_received");
        let put = self.reviews.all.get(&review).map(|one| one.open.deadline);
        let entries = self.reviews.all.get(&review).map(|one| one.open.review.proposed.clone()).unwrap_or_default();
        let note = statement.proposal.as_ref().and_then(|proposal| proposal.note.clone());
        self.open_negotiation(Negotiated {
            id: proposal,
            outgoing: false,
            peer: asker.entity.clone(),
            device: asker.device.clone(),
            hash,
            entries,
            note,
            counter: None,
            trouble: None,
            opened: now.wall,
            deadline: put.unwrap_or_default().min(now.wall.saturating_add(PATIENCE)),
            state: ProposalState::Waiting,
            review: Some(review),
        });
        // In quiet hours it waits, and is told of with all else when they end.
        if self.quiet_until(now, Some(&asker.entity)).is_none() {
            self.event(Event::Notice(came(asker.entity.as_str(), review)));
        }
        let considering = Considering { review, hash, asker: asker.clone() };
        self.negotiations.theirs.insert(proposal, considering);
        self.attach(now, proposal, asker, expires);
    }

    fn opening_of(&self, now: Now, proposal: ProposalId, asker: &Asker, statement: Statement) -> Opening {
        let previous = self.book.presence(&asker.entity, &asker.device);
        let observed = asker.place.observed.then_some(asker.place.address);
        let mut record = PresenceRecord::from_statement(&statement, observed, previous);
        record.address = Some(asker.place.address);
        let keys = (statement.signing_key, statement.agreement_key);
        let standing = self.book.standing(&statement.entity, &statement.device, keys, None);
        let proposed = statement.proposal.clone();
        Opening {
            kind: ReviewKind::Proposal,
            ours: asker.ours.clone(),
            key_state: key_state(standing),
            intent: Intent::default(),
            wanted_presence: true,
            provenance: Provenance { observed, received: now.wall },
            record,
            ask: None,
            call: None,
            missing: Vec::new(),
            note: proposed.as_ref().and_then(|proposed| proposed.note.clone()),
            said: Some(statement.clone()),
            proposal: Some(proposal),
            statement: Statement { policies: proposed.map(|one| one.policies).unwrap_or_default(), ..statement },
        }
    }

    /// What is agreed is for the place that the review names: whether it suits is judged by that from then on.
    fn hear_proposer(&mut self, review: ReviewId, statement: &Statement) {
        let Some(reviewing) = self.reviews.all.get(&review).filter(|_| statement.environment.is_some()) else { return };
        let mut record = reviewing.record().clone();
        // Entries are looked up by this address, which a proposal does not move.
        if let Some(before) = self.book.presence(&statement.entity, &statement.device) {
            (record.address, record.observed) = (before.address, before.observed);
        }
        let id = self.expect(Waiting::Heard(record.clone()));
        self.effect(Effect::Store {
            id,
            op: StoreOp::RememberPresence { record: Box::new(record), document: Vec::new() },
        });
    }

    /// What the review would register is what was proposed, to the letter: both sides have to hash the same.
    fn is_about_us(&self, review: ReviewId, statement: &Statement) -> bool {
        let Some(reviewing) = self.reviews.all.get(&review) else { return false };
        let Some(proposal) = &statement.proposal else { return false };
        let terms = agreed_terms(&reviewing.open.review.proposed, false, self.config.default_level);
        presence::entry_hash(&terms) == presence::entry_hash(&proposal.policies)
    }

    /// How long the peer has to wait before it may ask our user again.
    fn crowded(&mut self, now: Now, asker: &Asker) -> Option<Duration> {
        if self.negotiations.theirs.len() >= MAX_WAITING {
            return Some(Duration::from_secs(60));
        }
        let all = &mut self.negotiations.prompts;
        for prompts in all.values_mut() {
            prompts.retain(|at| *at + SPAN > now.mono);
        }
        all.retain(|_, prompts| !prompts.is_empty());
        let Some(prompts) = all.get(&(asker.entity.clone(), asker.device.clone())) else {
            return (all.len() >= MAX_PROMPTERS).then_some(SPAN);
        };
        let first = prompts.first().filter(|_| prompts.len() >= MAX_PROMPTS)?;
        Some((*first + SPAN) - now.mono)
    }

    fn prompted(&mut self, now: Now, asker: &Asker) {
        let key = (asker.entity.clone(), asker.device.clone());
        self.negotiations.prompts.entry(key).or_default().push(now.mono);
    }

    /// The proposal that this review puts.
    pub(super) fn considered_in(&self, review: ReviewId) -> Option<ProposalId> {
        let mut all = self.negotiations.theirs.iter();
        all.find(|(_, considering)| considering.review == review).map(|(id, _)| *id)
    }

    /// Our user said yes, to this or to something else. It is said once it is durable.
    pub(super) fn accept_proposal(
        &mut self,
        now: Now,
        review: ReviewId,
        approved: Approved,
        by: &'static str,
        countered: Option<Option<String>>,
    ) {
        let Some(id) = self.considered_in(review) else { return };
        let Some(considering) = self.negotiations.theirs.get(&id) else { return };
        let agreed = Agreed {
            proposal: considering.hash,
            asker: considering.asker.clone(),
            decided: Decided {
                decision: if countered.is_some() { ProposalDecision::Countered } else { ProposalDecision::Accepted },
                policies: match &countered {
                    Some(_) => agreed_terms(approved.entries(), true, self.config.default_level),
                    None => Vec::new(),
                },
                note: countered.flatten(),
            },
            id,
            review,
        };
        self.keep_pending(now, agreed, &approved, by);
    }

    /// It is durable, and may be said.
    pub(super) fn say_agreed(&mut self, now: Now, agreed: Agreed) {
        let state = match agreed.decided.decision {
            ProposalDecision::Countered => ProposalState::Countered,
            _ => ProposalState::Accepted,
        };
        // The newest SUBSCRIBE for it is the one that waits for the answer.
        let asker = self.negotiations.theirs.remove(&agreed.id).map_or(agreed.asker, |considering| considering.asker);
        self.negotiations.notifiers.remove(&asker.notifier);
        self.set_proposal(agreed.id, state);
        self.decide_proposal(now, &asker, agreed.proposal, agreed.decided);
    }

    /// Our user refused, or did not answer in time.
    pub(super) fn refuse_proposal(&mut self, now: Now, review: ReviewId) {
        let Some(id) = self.considered_in(review) else { return };
        let Some(considering) = self.negotiations.theirs.remove(&id) else { return };
        self.negotiations.notifiers.remove(&considering.asker.notifier);
        self.set_proposal(id, ProposalState::Refused);
        self.decide_proposal(now, &considering.asker, considering.hash, refusal(None));
    }

    fn decide_proposal(&mut self, now: Now, asker: &Asker, hash: Digest, decided: Decided) {
        let detail = format!("proposal {hash}: {}", decided.decision.name());
        self.audit(now, "proposal-decided", asker.entity.as_str(), &detail);
        self.negotiations.decide(hash, decided.clone());
        self.say_decision(now, asker, hash, &decided);
    }

    /// The same words for the same proposal, however often it comes.
    fn say_decision(&mut self, now: Now, asker: &Asker, hash: Digest, decided: &Decided) {
        let accepted = decided.decision != ProposalDecision::Refused;
        let policies = if accepted { self.policy_once_used(now, asker) } else { Vec::new() };
        let answer = ProposalAnswer {
            proposal: hash,
            decision: decided.decision,
            policies: decided.policies.clone(),
            note: decided.note.as_deref().map(PeerText::new),
        };
        let saying = Saying {
            entity: asker.ours.clone(),
            purpose: Purpose::Answer,
            audience: Audience::Device(asker.device.clone()),
            nonce: asker.nonce,
            presence: self.discloses_to(&asker.entity),
            policies,
            request: None,
            proposal: None,
            answer: Some(answer),
        };
        let contact = if asker.place.observed { self.contact.clone() } else { self.contact_for(&asker.ours) };
        let signed = self.own.sign(&self.config, &contact, saying, now.wall);
        self.remember_given(now, &asker.entity, &asker.device, &signed.statement);
        // RFC 6665 section 4.1.3: what was asked will not change any more.
        let state = NotifyState::Terminated { reason: "invariant".into(), retry_after: None };
        self.endpoint.notify(now, asker.notifier, state, Some(document_body(&signed)));
    }

    pub(super) fn is_considered(&self, id: NotifierId) -> bool {
        self.negotiations.notifiers.contains_key(&id)
    }

    /// A refresh; or the peer takes its proposal back.
    pub(super) fn consider_again(&mut self, now: Now, id: NotifierId, expires: Duration) {
        self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
        if !expires.is_zero() {
            return self.endpoint.notify(now, id, NotifyState::Pending, None);
        }
        let state = NotifyState::Terminated { reason: "timeout".into(), retry_after: None };
        self.endpoint.notify(now, id, state, None);
        if let Some(proposal) = self.negotiations.notifiers.get(&id).copied() {
            self.tell_of_withdrawal(now, proposal);
            self.withdraw_theirs(now, proposal);
        }
    }

    /// Whoever sits before its review sees it vanish.
    fn tell_of_withdrawal(&mut self, now: Now, proposal: ProposalId) {
        let Some(considering) = self.negotiations.theirs.get(&proposal) else { return };
        let (peer, review) = (considering.asker.entity.clone(), considering.review);
        if self.quiet_until(now, Some(&peer)).is_none() {
            self.event(Event::Notice(taken_back(peer.as_str(), review)));
        }
    }

    /// The way to the proposer is lost, not its proposal: it may come again.
    pub(super) fn consider_no_more(&mut self, id: NotifierId) {
        self.negotiations.notifiers.remove(&id);
    }

    fn withdraw_theirs(&mut self, now: Now, proposal: ProposalId) {
        let Some(considering) = self.negotiations.theirs.remove(&proposal) else { return };
        self.negotiations.notifiers.remove(&considering.asker.notifier);
        self.set_proposal(proposal, ProposalState::Cancelled);
        self.withdraw(now, Some(considering.review), "the peer, who took it back");
    }

    fn audit_proposal(&mut self, now: Now, statement: &Statement, hash: Digest, what: &str) {
        let policies = statement.proposal.iter().flat_map(|proposal| &proposal.policies);
        let says = policies.map(|policy| format!("{} {}", policy.direction, policy.action)).collect::<Vec<_>>();
        let detail = format!("device {}, proposal {hash}: {}; {what}", statement.device, says.join("; "));
        self.audit(now, "proposal", statement.entity.as_str(), &detail);
    }
}

fn refusal(note: Option<&str>) -> Decided {
    Decided { decision: ProposalDecision::Refused, policies: Vec::new(), note: note.map(str::to_owned) }
}

fn came(subject: &str, review: ReviewId) -> Failure {
    Failure::new(
        FailureKind::RefusedByUser,
        "proposal-came",
        format!("{subject} would like a looser policy from you; what you have stays in force until you accept"),
        subject,
        format!(
            "look at it with `sottovoce review show {review}`, and answer it: `sottovoce review answer {review}`; without an \
             answer it is refused"
        ),
    )
}

fn taken_back(subject: &str, review: ReviewId) -> Failure {
    Failure::new(
        FailureKind::RefusedByUser,
        "proposal-taken-back",
        format!(
            "{subject} does not propose a looser policy any more (review {review}): taken back, or its time is over"
        ),
        subject,
        "there is nothing to answer any more; what you have stays in force",
    )
}
