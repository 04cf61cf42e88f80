//! The proposer's side of a negotiation.
//!
//! | step | carries |
//! | --- | --- |
//! | `propose` | `policy::Proposed` -> proposal number, `ReviewState::Proposed` |
//! | `send_proposal` -> SUBSCRIBE | signed proposal; again, with another nonce, when it came to nothing |
//! | NOTIFY -> `handle_proposal_notified` | signed answer |
//! | accepted -> `register` | `Approved`, made of the user's answer and the peer's |
//! | countered -> `open_review` | what the peer would take, beside ours |
//! | refused, expired, crossed, cancelled | the review is open again, the tighter policy stands |

use std::time::Duration;

use super::ask::PIDF;
use super::contact::{contact_host, contact_place};
use super::negotiate::{Counter, CounterState, Negotiated, ProposalState, PATIENCE};
use super::own::{random_nonce, Saying};
use super::propose_failures::{
    answer_theirs, bad_note, cancelled, countered, crossed, crowded, expired, no_such_proposal, not_agreed, refused,
    rejected, silent, unreachable, waits_already,
};
use super::redirect::Reach;
use super::reviews::Opening;
use super::target::host_address;
use super::waiting::Waiting;
use super::{Agent, Event, ReviewState};
use crate::policy::{Answer, Audience, Decision, Proposal, ProposalDecision, Proposed, Purpose, ReviewKind, Statement};
use crate::presence::{self, Expected};
use crate::sip::{Body, Candidate, EndCause, Subscribe, SubscriptionId, Transport, Uri};
use crate::vocab::{Digest, Failure, Mono, Nonce, Now, PeerText, ProposalId, ReviewId};

/// Longest note, in octets.
pub const MAX_NOTE: usize = 256;
/// The subscription lives so long at a time: a peer that died or was restarted is found out when it is refreshed.
const LIFE: Duration = Duration::from_secs(60);
/// First pause before a proposal that came to nothing is sent again; doubled each time.
const PAUSE: Duration = Duration::from_secs(4);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// A proposal of ours with what only its story needs.
pub struct Proposing {
    review: ReviewId,
    /// The user's own, held against the entries of the moment when the peer has answered.
    answer: Answer,
    by: &'static str,
    proposal: Proposal,
    hash: Digest,
    nonce: Nonce,
    subscription: Option<SubscriptionId>,
    failures: u32,
    pub deadline: Mono,
    /// When it is sent again.
    pub next: Option<Mono>,
}

impl Agent {
    /// The user wants what the peer must allow first.
    pub(super) fn propose(
        &mut self,
        now: Now,
        review: ReviewId,
        answer: Answer,
        proposed: &Proposed,
        by: &'static str,
    ) -> Result<(), Failure> {
        let Some(reviewing) = self.reviews.all.get(&review) else { return Ok(()) };
        let (entity, device) = (reviewing.statement().entity.clone(), reviewing.statement().device.clone());
        if let Some(other) = self.negotiations.theirs_of(&entity, &device) {
            return Err(answer_theirs(entity.as_str(), other));
        }
        if let Some(before) = self.negotiations.ours_to(&entity, &device) {
            return Err(waits_already(entity.as_str(), before));
        }
        let note = proposed.note().map(PeerText::new);
        if note.as_ref().is_some_and(|note| note.raw().len() > MAX_NOTE || !presence::is_writable(note.raw())) {
            return Err(bad_note());
        }
        let ours = reviewing.ours().clone();
        let fresh =
            random_nonce(&mut self.rng).0.iter().take(8).map(|octet| format!("{octet:02x}")).collect::<String>();
        // The same as before a restart is the same to the peer.
        let (name, patience) = self.resumed(now, review).unwrap_or((fresh, PATIENCE));
        let deadline = now.wall.saturating_add(patience);
        self.keep_proposed(review, (&name, &answer), deadline);
        let policies = proposed.policies(self.config.default_level);
        let proposal = Proposal { id: PeerText::new(name), policies, note: note.clone() };
        let hash = presence::proposal_hash((&ours, &self.config.device), &proposal);
        let id = self.negotiations.next_id();
        let entries = proposed.entries().to_vec();
        let told = entries.iter().map(crate::policy::Entry::to_setkey).collect::<Vec<_>>().join(" ");
        let detail = format!("proposal {id} {hash} by {by}: {told}");
        self.audit(now, "proposed", entity.as_str(), &detail);
        self.count("proposals_sent");
        self.open_negotiation(Negotiated {
            id,
            outgoing: true,
            peer: entity,
            device,
            hash,
            entries,
            note,
            counter: None,
            trouble: None,
            opened: now.wall,
            deadline,
            state: ProposalState::Waiting,
            review: Some(review),
        });
        let proposing = Proposing {
            review,
            answer,
            by,
            proposal,
            hash,
            nonce: random_nonce(&mut self.rng),
            subscription: None,
            failures: 0,
            deadline: now.mono + patience,
            next: None,
        };
        self.negotiations.ours.insert(id, proposing);
        if let Some(reviewing) = self.reviews.all.get_mut(&review) {
            reviewing.open.proposal = Some(id);
        }
        self.set_review(review, ReviewState::Proposed { proposal: id });
        self.tell_waiters(now, review, id);
        self.reach_for_proposal(now, id);
        Ok(())
    }

    /// To the device itself, where it says that it is.
    fn reach_for_proposal(&mut self, now: Now, id: ProposalId) {
        let Some(proposing) = self.negotiations.ours.get(&id) else { return };
        let Some(reviewing) = self.reviews.all.get(&proposing.review) else { return };
        let contact = reviewing.record().contact.raw().to_owned();
        let host = contact_host(&contact).unwrap_or_default();
        if let Some(address) = host_address(&host) {
            return self.send_proposal(now, id, Reach::There(Candidate { address, transport: Transport::Udp }));
        }
        match self.route_to(&host) {
            Ok(Some(route)) => self.send_proposal(now, id, Reach::Proxy(route)),
            Ok(None) => match contact_place(&contact) {
                Some(place) => self.locate(Waiting::ProposalAddress(id), place),
                None => self.fail_proposal(now, id, unreachable(&host)),
            },
            Err(failure) => self.try_proposal_again(now, id, failure, None),
        }
    }

    pub(super) fn handle_proposal_located(
        &mut self,
        now: Now,
        id: ProposalId,
        result: Result<Vec<Candidate>, Failure>,
    ) {
        match result.map(|all| all.into_iter().next()) {
            Ok(Some(first)) => self.send_proposal(now, id, Reach::There(first)),
            Ok(None) => {}
            Err(failure) => self.try_proposal_again(now, id, failure, None),
        }
    }

    fn send_proposal(&mut self, now: Now, id: ProposalId, reach: Reach) {
        let nonce = random_nonce(&mut self.rng);
        let Some(proposing) = self.negotiations.ours.get_mut(&id) else { return };
        proposing.nonce = nonce;
        proposing.next = None;
        let (review, proposal) = (proposing.review, proposing.proposal.clone());
        let Some(reviewing) = self.reviews.all.get(&review) else { return };
        let (name, device) = (reviewing.ours().clone(), reviewing.statement().device.clone());
        let discloses = self.discloses_to(&reviewing.statement().entity);
        let Ok(target) = Uri::parse(reviewing.record().contact.raw()) else {
            let contact = reviewing.record().contact.to_string();
            return self.fail_proposal(now, id, unreachable(&contact));
        };
        let (hop, domain, login, contact) = match reach {
            Reach::Proxy(route) => (route.hop, route.domain, route.login, self.contact_for(&name)),
            Reach::There(hop) => (hop, None, None, self.contact.clone()),
            Reach::Looked(_) => return,
        };
        let from = self.written_as(&name);
        let saying = Saying {
            entity: name,
            purpose: Purpose::Proposal,
            audience: Audience::Device(device),
            nonce,
            presence: discloses,
            policies: Vec::new(),
            request: None,
            proposal: Some(proposal),
            answer: None,
        };
        let signed = self.own.sign(&self.config, &contact, saying, now.wall);
        let what = Subscribe {
            target,
            remote: hop.address,
            domain,
            tcp: hop.transport == Transport::Tcp,
            event: "presence".into(),
            expires: LIFE,
            accept: vec![PIDF.into()],
            body: Some(Body { content_type: PIDF.into(), bytes: presence::write(&signed).into() }),
            from,
            login,
            resumes: None,
        };
        let subscription = self.endpoint.subscribe(now, what);
        self.negotiations.subscriptions.insert(subscription, id);
        if let Some(proposing) = self.negotiations.ours.get_mut(&id) {
            proposing.subscription = Some(subscription);
        }
    }

    /// Whether the NOTIFY belongs to a proposal of ours.
    pub(super) fn handle_proposal_notified(&mut self, now: Now, id: SubscriptionId, body: Option<&Body>) -> bool {
        let Some(proposal) = self.negotiations.subscriptions.get(&id).copied() else { return false };
        self.set_trouble(proposal, None);
        let document = body.and_then(|body| body.part(PIDF));
        if let Some(statement) = document.and_then(|body| self.read_proposal_answer(now, proposal, &body.bytes)) {
            self.take_proposal_answer(now, proposal, statement);
        }
        true
    }

    /// What is no answer of that device to this proposal is passed over: somebody on the way may have written it.
    fn read_proposal_answer(&mut self, now: Now, id: ProposalId, bytes: &[u8]) -> Option<Statement> {
        let proposing = self.negotiations.ours.get(&id)?;
        let asked = self.reviews.all.get(&proposing.review)?.statement();
        let document = presence::read(bytes).ok()?;
        let signed = document.tuples.into_iter().find_map(|tuple| tuple.signed)?.ok()?;
        let statement = signed.verify().ok()?;
        let names = self.names();
        let expected = Expected {
            purpose: Purpose::Answer,
            entity: Some(&asked.entity),
            our_entities: &names,
            our_device: &self.config.device,
            nonce: Some(proposing.nonce),
            now: now.wall,
        };
        presence::check(statement, &expected).ok()?;
        let of = |statement: &Statement| (statement.device.clone(), statement.signing_key, statement.agreement_key);
        let fits = of(statement) == of(asked) && statement.answer.as_ref()?.proposal == proposing.hash;
        fits.then(|| statement.clone())
    }

    fn take_proposal_answer(&mut self, now: Now, id: ProposalId, statement: Statement) {
        let Some(answer) = statement.answer.clone() else { return };
        self.note_version(&statement);
        let subject = statement.entity.to_string();
        let note = answer.note.as_ref().map(|note| format!(", and says \"{note}\"")).unwrap_or_default();
        let detail = format!("proposal {id} {}: the peer's user {}{note}", answer.proposal, answer.decision.name());
        self.audit(now, "proposal-answered", &subject, &detail);
        match answer.decision {
            ProposalDecision::Accepted => self.register_agreed(now, id, statement),
            ProposalDecision::Countered => self.put_counter(now, id, statement),
            ProposalDecision::Refused => {
                let said = answer.note.map(|note| format!(": \"{note}\"")).unwrap_or_default();
                self.end_proposal(now, id, ProposalState::Refused, refused(&subject, &said));
            }
        }
    }

    /// The user's answer is held against the entries of this moment: what he would not have been asked any more is not registered.
    fn register_agreed(&mut self, now: Now, id: ProposalId, statement: Statement) {
        let Some(proposing) = self.negotiations.ours.get(&id) else { return };
        let (review, hash, by) = (proposing.review, proposing.hash, proposing.by);
        let given = proposing.answer.clone();
        let subject = statement.entity.to_string();
        let judged = self.judge_again(now, review, &given);
        let same = |proposed: &Proposed| {
            let policies = proposed.policies(self.config.default_level);
            presence::entry_hash(&policies) == presence::entry_hash(&self.policies_of(id))
        };
        match judged {
            Ok(Decision::Proposed(proposed)) if same(&proposed) => match proposed.agreed(&statement, &hash) {
                Ok(approved) => {
                    self.close_proposal(now, id, ProposalState::Accepted);
                    if let Some(reviewing) = self.reviews.all.get_mut(&review) {
                        reviewing.agreed(statement);
                    }
                    self.register(now, review, approved, by);
                }
                Err(why) => self.end_proposal(now, id, ProposalState::Refused, not_agreed(&subject, &why.to_string())),
            },
            _ => {
                let why = "your entries changed meanwhile";
                self.end_proposal(now, id, ProposalState::Expired, not_agreed(&subject, why));
            }
        }
    }

    fn policies_of(&self, id: ProposalId) -> Vec<crate::policy::StatedPolicy> {
        self.negotiations.ours.get(&id).map(|proposing| proposing.proposal.policies.clone()).unwrap_or_default()
    }

    /// What the peer would accept is another question; it is bound by it already, and takes such packets.
    fn put_counter(&mut self, now: Now, id: ProposalId, statement: Statement) {
        let Some(proposing) = self.negotiations.ours.get(&id) else { return };
        let Some(before) = self.reviews.all.get(&proposing.review).map(|reviewing| reviewing.opening().clone()) else {
            return;
        };
        let (review, by) = (proposing.review, proposing.by);
        let Some(answer) = statement.answer.clone() else { return };
        let subject = statement.entity.to_string();
        let opening = Opening {
            kind: ReviewKind::Counter,
            statement: Statement {
                policies: answer.policies,
                environment: before.statement.environment,
                ..statement.clone()
            },
            said: Some(statement),
            note: answer.note,
            proposal: Some(id),
            ..before
        };
        match self.open_review(now, opening) {
            Ok(next) => {
                self.close_proposal(now, id, ProposalState::Countered);
                let entries =
                    self.reviews.all.get(&next).map(|one| one.open.review.proposed.clone()).unwrap_or_default();
                self.set_counter(id, Counter { entries, state: CounterState::Put(next) });
                self.forget_kept(&before.statement.entity, &before.statement.device);
                self.set_answered(review, ReviewState::Stale, by);
                self.follow_review(next);
                self.event(Event::Notice(countered(&subject, next)));
            }
            Err(failure) => self.end_proposal(now, id, ProposalState::Refused, failure),
        }
    }

    pub(super) fn is_of_proposal(&self, id: SubscriptionId) -> bool {
        self.negotiations.subscriptions.contains_key(&id)
    }

    pub(super) fn handle_proposal_ended(&mut self, now: Now, id: SubscriptionId, cause: EndCause) {
        let Some(proposal) = self.negotiations.subscriptions.remove(&id) else { return };
        let Some(proposing) = self.negotiations.ours.get_mut(&proposal) else { return };
        proposing.subscription = None;
        let subject = self.negotiations.all.get(&proposal).map(|one| one.peer.to_string()).unwrap_or_default();
        match cause {
            EndCause::Unsubscribed => {}
            EndCause::Rejected { status: 491, .. } => {
                self.end_proposal(now, proposal, ProposalState::Crossed, crossed(&subject));
            }
            EndCause::Rejected { status: 480, retry_after: Some(after), .. } => {
                self.try_proposal_again(now, proposal, crowded(&subject), Some(after));
            }
            EndCause::Rejected { status, reason, retry_after } => match status {
                408 | 480 | 481 | 486 | 500 | 503 | 504 => {
                    self.try_proposal_again(now, proposal, silent(&subject), retry_after);
                }
                _ => self.fail_proposal(now, proposal, rejected(&subject, status, &crate::vocab::escape(&reason))),
            },
            EndCause::Terminated { retry_after, .. } => {
                self.try_proposal_again(now, proposal, silent(&subject), retry_after);
            }
            EndCause::InClear { .. } | EndCause::Redirected { .. } | EndCause::Unproven { .. } => {
                self.fail_proposal(now, proposal, unreachable(&subject));
            }
            EndCause::Full | EndCause::TimedOut | EndCause::Transport { .. } => {
                self.try_proposal_again(now, proposal, silent(&subject), None);
            }
        }
    }

    /// Until its time is up; the peer knows it again by its hash.
    fn try_proposal_again(&mut self, now: Now, id: ProposalId, why: Failure, after: Option<Duration>) {
        let Some(proposing) = self.negotiations.ours.get_mut(&id) else { return };
        let doubled = PAUSE.saturating_mul(1 << proposing.failures.min(5)).min(LONGEST_PAUSE);
        proposing.failures += 1;
        let at = now.mono + doubled.max(after.unwrap_or_default());
        proposing.next = Some(at);
        let what = format!("{}; tried again in {} s", why.message, (at - now.mono).as_secs());
        let review = proposing.review;
        self.step_waiters(now, review, what.clone());
        self.set_trouble(id, Some(what));
    }

    pub(super) fn handle_proposing_timeout(&mut self, now: Now) {
        let due =
            |proposing: &Proposing| proposing.deadline <= now.mono || proposing.next.is_some_and(|at| at <= now.mono);
        let due: Vec<ProposalId> =
            self.negotiations.ours.iter().filter(|(_, proposing)| due(proposing)).map(|(id, _)| *id).collect();
        for id in due {
            let Some(proposing) = self.negotiations.ours.get_mut(&id) else { continue };
            if proposing.deadline <= now.mono {
                let subject = self.negotiations.all.get(&id).map(|one| one.peer.to_string()).unwrap_or_default();
                self.end_proposal(now, id, ProposalState::Expired, expired(&subject));
            } else {
                proposing.next = None;
                self.reach_for_proposal(now, id);
            }
        }
    }

    /// Our user takes it back, or a crossing does.
    pub(super) fn cancel_proposal(&mut self, now: Now, id: ProposalId) -> Result<(), Failure> {
        let open = self.negotiations.all.get(&id).filter(|one| one.state.is_open() && one.outgoing);
        let Some(one) = open else { return Err(no_such_proposal(id)) };
        let subject = one.peer.to_string();
        self.end_proposal(now, id, ProposalState::Cancelled, cancelled(&subject));
        Ok(())
    }

    pub(super) fn cross_proposal(&mut self, now: Now, id: ProposalId) {
        let subject = self.negotiations.all.get(&id).map(|one| one.peer.to_string()).unwrap_or_default();
        self.end_proposal(now, id, ProposalState::Crossed, crossed(&subject));
    }

    fn fail_proposal(&mut self, now: Now, id: ProposalId, failure: Failure) {
        self.end_proposal(now, id, ProposalState::Failed(failure.clone()), failure);
    }

    /// Nothing was agreed: what is in force stays, and the review can be answered otherwise.
    fn end_proposal(&mut self, now: Now, id: ProposalId, state: ProposalState, failure: Failure) {
        let review = self.negotiations.ours.get(&id).map(|proposing| proposing.review);
        let (entity, device, hash) = match self.negotiations.all.get(&id) {
            Some(one) => (one.peer.clone(), one.device.clone(), one.hash),
            None => return,
        };
        self.forget_kept(&entity, &device);
        let peer = entity.to_string();
        self.close_proposal(now, id, state);
        self.audit(now, "not-agreed", &peer, &format!("proposal {id} {hash}: {}", failure.message));
        if let Some(review) = review {
            self.reopen_review(now, review, failure);
        }
    }

    fn close_proposal(&mut self, now: Now, id: ProposalId, state: ProposalState) {
        if let Some(proposing) = self.negotiations.ours.remove(&id) {
            if let Some(subscription) = proposing.subscription {
                self.negotiations.subscriptions.remove(&subscription);
                self.endpoint.unsubscribe(now, subscription);
            }
        }
        self.set_proposal(id, state);
    }
}
