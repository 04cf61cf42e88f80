//! Journey one, the asker's side: SUBSCRIBE with our request, NOTIFY with the peer's statement.
//!
//! | step | carries |
//! | --- | --- |
//! | `Command::Ask` -> `begin_ask` | target |
//! | `Effect::Locate` -> `Done::Located` | addresses, each tried when the one before is silent |
//! | `send_request` -> SUBSCRIBE | signed request |
//! | NOTIFY -> `handle_notified` | document |
//! | `read_document` | statement, checked |
//! | `StoreOp::RememberPresence` -> `Stored` | row |
//! | `open_review`, see `review.rs` | |

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::account::Route;
use super::ask_failures::{
    by_proxy, by_tls, clear_proxy, ended, no_such_ask, nothing_published, nothing_wanted, too_many,
};
use super::book::Standing;
use super::by_itself::Direct;
use super::document::{read_document, read_published, DocumentExpected, ReadDocument, ReadPublished};
use super::fail_over::{with_tried, Untried};
use super::further::Further;
use super::own::random_nonce;
use super::question::Question;
use super::redirect::Redirects;
use super::target::Target;
use super::waiting::Waiting;
use super::{Agent, Ask, AskRequest, AskState, Effect, Event, StoreOp};
use crate::policy::{Answer, KeyState, Provenance};
use crate::presence::PresenceRecord;
use crate::sip::headers::{SubscriptionState, SubscriptionStatus};
use crate::sip::{Body, Candidate, EndCause, RequestIds, SubscriptionId, Transport};
use crate::vocab::{escape, AskId, CallId, Deadline, Failure, Fingerprint, Mono, Nonce, Now, ReviewId, Wall};

/// Asks under way at once; more are refused.
pub(super) const MAX_OPEN: usize = 64;

/// Asks that are remembered after their end.
const MAX_KEPT: usize = 256;

/// Steps of an ask that are remembered.
const MAX_STEPS: usize = 64;

/// Of them, those that say how it began.
const FIRST_STEPS: usize = 8;

/// How often a wait is shown.
const TICK: Duration = Duration::from_secs(4);

/// Media type of every document of ours (RFC 3863 section 3).
pub const PIDF: &str = "application/pidf+xml";

#[derive(Default)]
pub struct Asks {
    pub all: BTreeMap<AskId, Asking>,
    subscriptions: BTreeMap<SubscriptionId, AskId>,
    /// Single devices that are asked besides.
    pub devices: BTreeMap<SubscriptionId, AskId>,
    last: u64,
    /// Ended just now.
    pub ended: Vec<AskId>,
}

/// An ask with what only its story needs.
pub struct Asking {
    pub ask: Ask,
    pub target: Target,
    nonce: Nonce,
    answer: Option<Answer>,
    pub accept_key: Option<Fingerprint>,
    subscription: Option<SubscriptionId>,
    /// Where else the peer is.
    pub untried: Untried,
    /// Where it was asked.
    pub tried: Vec<Candidate>,
    pub redirects: Redirects,
    /// When SUBSCRIBE was sent, the last time.
    sent: Mono,
    /// It went by TLS.
    pub by_tls: bool,
    /// And accepted: whoever did that is the right one.
    pub accepted: bool,
    /// When to say again that it still waits.
    tick: Option<Mono>,
    /// The call that had to wait for this.
    pub call: Option<CallId>,
    /// It was asked by an account's proxy, where a presence server may answer.
    pub by_server: bool,
    /// What else was in the answer.
    pub further: Further,
    /// What a server answered, while the devices themselves are asked.
    pub direct: Option<Direct>,
}

impl Asks {
    pub fn next_id(&mut self) -> AskId {
        self.last += 1;
        AskId(self.last)
    }
}

impl Asking {
    /// The same question, for another device that answered it.
    pub fn beside(&self, id: AskId, now: Now, further: Further) -> Self {
        let ask = Ask {
            id,
            started: now.wall,
            state: AskState::Asking,
            steps: Vec::new(),
            presence: None,
            review: None,
            next: None,
            ..self.ask.clone()
        };
        Self {
            ask,
            target: self.target.clone(),
            nonce: self.nonce,
            answer: self.answer.clone(),
            accept_key: self.accept_key,
            subscription: None,
            untried: Untried::default(),
            tried: self.tried.clone(),
            redirects: Redirects::default(),
            sent: self.sent,
            by_tls: self.by_tls,
            accepted: self.accepted,
            tick: None,
            call: None,
            by_server: self.by_server,
            further,
            direct: None,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.ask.state, AskState::Asking | AskState::Reviewing(_))
    }

    /// For the peer.
    pub fn waits(&self) -> bool {
        self.ask.state == AskState::Asking
    }
}

impl Agent {
    pub(super) fn begin_ask(&mut self, now: Now, request: AskRequest, call: Option<CallId>) -> Result<AskId, Failure> {
        if !request.wanted.presence && !request.wanted.policy {
            return Err(nothing_wanted(&request.peer));
        }
        let target = self.target(&request.peer, request.account.as_ref())?;
        self.refuse_ourselves(&target)?;
        if self.asks.all.values().filter(|asking| asking.is_open()).count() >= MAX_OPEN {
            return Err(too_many(&request.peer));
        }
        let id = self.asks.next_id();
        let ask = Ask {
            id,
            peer: escape(&request.peer),
            target: target.entity.to_string(),
            wanted: request.wanted,
            started: now.wall,
            state: AskState::Asking,
            steps: Vec::new(),
            presence: None,
            review: None,
            next: None,
        };
        let route = self.route_of(&target)?;
        if target.secure && route.as_ref().is_some_and(|route| route.domain.is_none()) {
            return Err(clear_proxy(&target));
        }
        let what = target.locate();
        let nonce = random_nonce(&mut self.rng);
        let (answer, accept_key) = (request.answer, request.accept_key);
        let asking = Asking {
            ask,
            target,
            nonce,
            answer,
            accept_key,
            subscription: None,
            untried: Untried::default(),
            tried: Vec::new(),
            redirects: Redirects::default(),
            sent: now.mono,
            by_tls: false,
            accepted: false,
            tick: None,
            call,
            by_server: route.is_some(),
            further: Further::default(),
            direct: None,
        };
        self.asks.all.insert(id, asking);
        self.forget_old_asks();
        match (route, what.address()) {
            (Some(route), _) => self.send_request(now, id, route),
            (None, Some(there)) => self.send_directly(now, id, there),
            (None, None) => {
                self.step(now, id, format!("looking up {}", what.host));
                self.locate(Waiting::AskAddress(id), what);
            }
        }
        Ok(id)
    }

    pub(super) fn handle_subscription_accepted(&mut self, id: SubscriptionId) {
        let ask = self.asks.subscriptions.get(&id);
        if let Some(asking) = ask.and_then(|ask| self.asks.all.get_mut(ask)) {
            asking.accepted = true;
        }
    }

    pub(super) fn send_request(&mut self, now: Now, id: AskId, route: Route) {
        let Some(asking) = self.asks.all.get(&id) else { return };
        let Some(uri) = asking.target.uri() else { return };
        let question = Question {
            target: asking.target.clone(),
            uri: asking.redirects.now().map_or(uri, |now| now.uri.clone()),
            resumes: asking.redirects.resumed(),
            nonce: asking.nonce,
            wanted: asking.ask.wanted,
            by_server: asking.by_server,
            expires: Duration::ZERO,
        };
        let hop = route.hop;
        let subscription = self.put_question(now, question, route);
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        asking.subscription = Some(subscription);
        asking.sent = now.mono;
        asking.tried.push(hop);
        asking.by_tls = hop.transport.is_secure();
        asking.tick = Some(now.mono + TICK);
        self.asks.subscriptions.insert(subscription, id);
        let by = if hop.transport == Transport::Udp { String::new() } else { format!(" by {}", hop.transport) };
        self.step(now, id, format!("SUBSCRIBE to {}{by}, waiting for the answer", hop.address));
    }

    /// A long wait is shown, also over TCP, where nothing is sent again.
    pub(super) fn handle_ask_timeout(&mut self, now: Now) {
        self.handle_direct_timeout(now);
        let due = |asking: &&Asking| asking.tick.is_some_and(|tick| tick <= now.mono);
        let due: Vec<AskId> = self.asks.all.values().filter(due).map(|asking| asking.ask.id).collect();
        for id in due {
            let Some(asking) = self.asks.all.get_mut(&id) else { continue };
            let waited = (now.mono - asking.sent).as_secs();
            let waits =
                asking.ask.state == AskState::Asking && asking.ask.presence.is_none() && asking.direct.is_none();
            asking.tick = waits.then(|| now.mono + TICK);
            if waits {
                let then = if asking.untried.is_empty() { "it is given up" } else { "another address is tried" };
                self.step(now, id, format!("no answer yet after {waited} s; {then} after 32 s"));
            }
        }
    }

    pub(super) fn ask_deadline(&self) -> Option<Deadline> {
        let direct = self.asks.all.values().filter_map(|asking| asking.direct.as_ref().map(|direct| direct.until));
        let ticks = self.asks.all.values().filter_map(|asking| asking.tick);
        ticks.chain(direct).min().map(|at| Deadline { at, why: "ask progress" })
    }

    pub(super) fn handle_subscription_progress(&mut self, now: Now, id: SubscriptionId, what: String) {
        if let Some(ask) = self.asks.subscriptions.get(&id).copied() {
            self.step(now, ask, what);
        }
    }

    pub(super) fn handle_notified(
        &mut self,
        now: Now,
        id: SubscriptionId,
        observed: Option<IpAddr>,
        state: &SubscriptionState,
        body: Option<Body>,
    ) {
        let body = body.and_then(|body| body.part(PIDF));
        if self.handle_device_notified(now, id, body.as_ref()) {
            return;
        }
        let Some(ask) = self.asks.subscriptions.get(&id).copied() else { return };
        match body {
            Some(body) => self.take_document(now, ask, observed, &body),
            None if state.state == SubscriptionStatus::Pending => {
                self.step(now, ask, "the peer's user is being asked whether you may know".into());
            }
            None => {}
        }
    }

    pub(super) fn handle_subscription_ended(
        &mut self,
        now: Now,
        id: SubscriptionId,
        cause: EndCause,
        ids: Option<RequestIds>,
    ) {
        if self.handle_device_ended(now, id) {
            return;
        }
        let Some(ask) = self.asks.subscriptions.remove(&id) else { return };
        let Some(asking) = self.asks.all.get(&ask) else { return };
        if asking.ask.state == AskState::Asking && asking.ask.presence.is_none() && asking.direct.is_none() {
            if let Some(asking) = self.asks.all.get_mut(&ask) {
                asking.redirects.keep_ids(ids);
            }
            if self.try_elsewhere(now, ask, &cause) || self.ask_redirected(now, ask, &cause) {
                return;
            }
            let Some(asking) = self.asks.all.get(&ask) else { return };
            let failure = match cause {
                EndCause::Terminated { .. } if asking.by_server => nothing_published(&asking.ask.target),
                cause if asking.by_server => by_proxy(ended(&asking.ask.target, cause)),
                cause if asking.target.secure => by_tls(ended(&asking.ask.target, cause)),
                cause => ended(&asking.ask.target, cause),
            };
            self.fail_ask(now, ask, failure);
        }
    }

    fn take_document(&mut self, now: Now, id: AskId, observed: Option<IpAddr>, body: &Body) {
        let Some(asking) = self.asks.all.get(&id) else { return };
        if asking.ask.state != AskState::Asking || asking.ask.presence.is_some() || asking.direct.is_some() {
            return;
        }
        let expected = DocumentExpected {
            target: Some(&asking.target),
            nonce: Some(asking.nonce),
            entity: &self.config.entity,
            device: &self.config.device,
            accept_key: asking.accept_key,
            published: asking.by_server,
        };
        let read = match asking.by_server {
            true => read_published(&self.book, &expected, &body.bytes, now.wall),
            false => read_document(&self.book, &expected, &body.bytes, now.wall)
                .map(|one| ReadPublished { usable: vec![one], unusable: Vec::new() }),
        };
        // Of a server's address nothing follows for the peer's.
        let observed = observed.filter(|_| !asking.by_server);
        match read {
            Ok(read) if asking.by_server => self.ask_devices(now, id, body, read),
            Ok(read) => self.keep_answers(now, id, observed, body, read),
            Err(failure) => {
                self.audit_changed_key(now, &failure);
                self.fail_ask(now, id, failure);
            }
        }
    }

    pub(super) fn audit_changed_key(&mut self, now: Now, failure: &Failure) {
        if failure.code == "key-changed" {
            self.audit(now, "key-changed", &failure.subject, &failure.message);
        }
    }

    pub(super) fn keep_answer(
        &mut self,
        now: Now,
        id: AskId,
        observed: Option<IpAddr>,
        body: &Body,
        read: ReadDocument,
    ) {
        self.note_version(&read.signed.statement);
        self.audit_statement(now, &read.signed.statement);
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        let statement = read.signed.statement.clone();
        let previous = self.book.presence(&statement.entity, &statement.device);
        let record = PresenceRecord::from_statement(&statement, observed, previous);
        asking.ask.presence = Some(record.clone());
        let wanted = asking.ask.wanted;
        self.step(now, id, "the answer came, signed and checked".into());
        if wanted.presence {
            let effect = self.expect(Waiting::Presence { ask: id, record: record.clone() });
            let body = read.own_body.as_ref().unwrap_or(body);
            let op = StoreOp::RememberPresence { record: Box::new(record.clone()), document: body.bytes.to_vec() };
            self.effect(Effect::Store { id: effect, op });
        }
        if wanted.policy {
            let provenance = Provenance { observed, received: now.wall };
            self.put_to_user(now, id, read, provenance, record);
        }
    }

    fn put_to_user(&mut self, now: Now, id: AskId, read: ReadDocument, provenance: Provenance, record: PresenceRecord) {
        let Some(asking) = self.asks.all.get(&id) else { return };
        let call = asking.call;
        let answer = asking.answer.clone();
        let opening = super::review::Opening {
            wanted_presence: asking.ask.wanted.presence,
            key_state: key_state(read.standing),
            statement: read.signed.statement,
            provenance,
            record,
            ask: Some(id),
            call,
            missing: Vec::new(),
        };
        let review = match self.open_review(now, opening) {
            Ok(review) => review,
            Err(failure) => return self.fail_ask(now, id, failure),
        };
        if let Some(asking) = self.asks.all.get_mut(&id) {
            asking.ask.review = Some(review);
        }
        // With an answer at hand nobody is waited for: the ask goes on until the store has spoken.
        if let Some(answer) = answer {
            let answer = if call.is_some() { self.never_looser(review, answer) } else { answer };
            if let Err(failure) = self.answer_review(now, review, answer, "command") {
                self.fail_ask(now, id, failure);
            }
            return;
        }
        self.set_ask(id, AskState::Reviewing(review));
        if let Some(call) = call {
            self.call_waits_for_review(call, review);
        }
    }

    /// The row is durable: presence alone ends here.
    pub(super) fn handle_presence_stored(
        &mut self,
        now: Now,
        id: AskId,
        record: PresenceRecord,
        result: Result<(), Failure>,
    ) {
        if let Err(failure) = result {
            let review = self.review_of(id);
            self.fail_ask(now, id, failure);
            // A late answer to its review must not make a registered ask of a failed one.
            return self.withdraw(now, review, "nobody: the ask failed");
        }
        self.event(Event::PresenceChanged(record.entity.clone()));
        self.book.put_presence(record);
        let only_presence = self.asks.all.get(&id).is_some_and(|asking| !asking.ask.wanted.policy);
        if only_presence {
            self.set_ask(id, AskState::PresenceStored);
        }
    }

    /// The open review that an ask waits for.
    fn review_of(&self, id: AskId) -> Option<ReviewId> {
        match self.asks.all.get(&id)?.ask.state {
            AskState::Reviewing(review) => Some(review),
            _ => None,
        }
    }

    fn withdraw(&mut self, now: Now, review: Option<ReviewId>, by: &'static str) {
        if let Some(review) = review {
            let _ = self.answer_review(now, review, Answer::Refuse, by);
        }
    }

    pub(super) fn ask_is_open(&self, id: AskId) -> bool {
        self.asks.all.get(&id).is_some_and(Asking::is_open)
    }

    pub(super) fn cancel_ask(&mut self, now: Now, id: AskId) -> Result<(), Failure> {
        let asking = self.asks.all.get(&id).filter(|asking| asking.is_open());
        let Some(asking) = asking else { return Err(no_such_ask(id)) };
        if let Some(subscription) = asking.subscription {
            self.asks.subscriptions.remove(&subscription);
            self.endpoint.unsubscribe(now, subscription);
        }
        self.end_direct(now, id);
        self.withdraw(now, self.review_of(id), "cancelled");
        self.set_ask(id, AskState::Cancelled);
        Ok(())
    }

    pub(super) fn fail_ask(&mut self, now: Now, id: AskId, failure: Failure) {
        self.count("asks_failed");
        let Some(asking) = self.asks.all.get(&id) else { return };
        let failure = with_tried(&asking.target, failure, &asking.tried);
        let call = asking.call;
        self.set_ask(id, AskState::Failed(failure.clone()));
        if let Some(call) = call {
            self.ask_failed_for_call(now, call, failure);
        }
    }

    pub(super) fn set_ask(&mut self, id: AskId, state: AskState) {
        if let Some(asking) = self.asks.all.get_mut(&id) {
            asking.ask.state = state;
            if !asking.is_open() {
                self.asks.ended.push(id);
            }
            self.event(Event::AskChanged(id));
        }
    }

    pub(super) fn step(&mut self, now: Now, id: AskId, what: String) {
        if let Some(asking) = self.asks.all.get_mut(&id) {
            keep_step(&mut asking.ask.steps, (now.wall, what));
            self.event(Event::AskChanged(id));
        }
    }

    pub(super) fn forget_old_asks(&mut self) {
        while self.asks.all.len() > MAX_KEPT {
            let Some(id) = self.asks.all.values().find(|asking| !asking.is_open()).map(|asking| asking.ask.id) else {
                return;
            };
            self.asks.all.remove(&id);
        }
    }
}

/// How it began stays, and what happened last; of what was between the oldest goes.
fn keep_step(steps: &mut Vec<(Wall, String)>, step: (Wall, String)) {
    if steps.len() >= MAX_STEPS {
        steps.remove(FIRST_STEPS);
    }
    steps.push(step);
}

/// A changed key that reached a review is one that the user accepted by its fingerprint.
pub(super) fn key_state(standing: Standing) -> KeyState {
    match standing {
        Standing::Pinned { verified: true } => KeyState::Verified,
        Standing::Pinned { verified: false } => KeyState::Pinned,
        Standing::Changed(pinned) => KeyState::Accepted { pinned },
        Standing::Unknown => KeyState::New,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_steps_the_first_and_the_newest_are_kept() {
        let mut steps = Vec::new();
        (0..100).for_each(|number| keep_step(&mut steps, (Wall(number), number.to_string())));
        let kept: Vec<u64> = steps.iter().map(|(at, _)| at.0).collect();
        let expected: Vec<u64> = (0..8).chain(44..100).collect();
        assert_eq!(kept, expected);
    }
}
