//! Journey one, the asker's side: SUBSCRIBE with our request, NOTIFY with the peer's statement.
//!
//! | step | carries |
//! | --- | --- |
//! | `Command::Ask` -> `begin_ask` | target |
//! | `Effect::Locate` -> `Done::Located` | addresses, each tried when the one before is silent |
//! | `send_request` -> SUBSCRIBE | signed request |
//! | NOTIFY -> `handle_notified` | document |
//! | `take_document`, see `ask_answer.rs` | statement, checked |
//! | `StoreOp::RememberPresence` -> `Stored` | row |
//! | `open_review`, see `review.rs` | |

use std::net::IpAddr;
use std::time::Duration;

use super::account::Route;
use super::ask_failures::{
    by_proxy, by_tls, clear_proxy, ended, no_such_ask, nothing_published, nothing_wanted, too_many,
};
use super::asks::{keep_step, Asking};
use super::fail_over::with_tried;
use super::own::random_nonce;
use super::question::Question;
use super::waiting::Waiting;
use super::{Agent, AskRequest, AskState, Event};
use crate::policy::Answer;
use crate::sip::headers::{SubscriptionState, SubscriptionStatus};
use crate::sip::{Body, EndCause, RequestIds, SubscriptionId, Transport};
use crate::vocab::{escape, AskId, CallId, Deadline, Failure, Now, ReviewId};

/// Asks under way at once; more are refused.
pub(super) const MAX_OPEN: usize = 64;

/// Asks that are remembered after their end.
const MAX_KEPT: usize = 256;

/// How often a wait is shown.
const TICK: Duration = Duration::from_secs(4);

/// Media type of every document of ours (RFC 3863 section 3).
pub const PIDF: &str = "application/pidf+xml";

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
        let route = self.route_of(&target)?;
        if target.secure && route.as_ref().is_some_and(|route| route.domain.is_none()) {
            return Err(clear_proxy(&target));
        }
        let what = target.locate();
        let nonce = random_nonce(&mut self.rng);
        let asking = Asking {
            answer: request.answer,
            accept_key: request.accept_key,
            intent: request.intent,
            call,
            by_server: route.is_some(),
            ..Asking::new(id, now, (escape(&request.peer), target), request.wanted, nonce)
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
            let (call, is_last) = (asking.call.filter(|_| waits && !asking.accepted), asking.untried.is_empty());
            if call.is_some_and(|call| self.needs_no_answer(now, call)) {
                self.ask_no_longer(now, id);
            } else if waits {
                let then = if is_last { "it is given up" } else { "another address is tried" };
                self.step(now, id, format!("no answer yet after {waited} s; {then} after 32 s"));
            }
        }
    }

    /// The call that waits for it needs no answer.
    fn ask_no_longer(&mut self, now: Now, id: AskId) {
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        let (target, subscription) = (asking.ask.target.clone(), asking.subscription.take());
        if let Some(subscription) = subscription {
            self.asks.subscriptions.remove(&subscription);
            self.endpoint.unsubscribe(now, subscription);
        }
        self.step(now, id, "no answer: it is called as an ordinary telephone, in clear".into());
        self.fail_ask(now, id, ended(&target, EndCause::TimedOut));
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

    /// The review whose answer waits for the peer, and this ask with it.
    fn proposed_for(&self, id: AskId) -> Option<ReviewId> {
        let review = self.asks.all.get(&id)?.ask.review?;
        let proposed = matches!(self.review(review)?.state, super::ReviewState::Proposed { .. });
        proposed.then_some(review)
    }

    /// The open review that an ask waits for.
    pub(super) fn review_of(&self, id: AskId) -> Option<ReviewId> {
        match self.asks.all.get(&id)?.ask.state {
            AskState::Reviewing(review) => Some(review),
            _ => None,
        }
    }

    pub(super) fn withdraw(&mut self, now: Now, review: Option<ReviewId>, by: &'static str) {
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
        let call = asking.call;
        if let Some(subscription) = asking.subscription {
            self.asks.subscriptions.remove(&subscription);
            self.endpoint.unsubscribe(now, subscription);
        }
        self.end_direct(now, id);
        let review = self.review_of(id).or_else(|| self.proposed_for(id));
        let alone = |review: &ReviewId| !self.is_waited_for(*review, (Some(id), call));
        self.withdraw(now, review.filter(alone), "cancelled");
        self.set_ask(id, AskState::Cancelled);
        Ok(())
    }

    pub(super) fn fail_ask(&mut self, now: Now, id: AskId, failure: Failure) {
        self.count("asks_failed");
        let Some(asking) = self.asks.all.get(&id) else { return };
        let failure = with_tried(&asking.target, self.in_its_place(&asking.target, failure), &asking.tried);
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
