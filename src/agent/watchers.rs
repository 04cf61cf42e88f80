//! Who follows what we say of ourselves: subscriptions of others that stay (PROTOCOL section 4, journey three).
//!
//! | step | carries |
//! | --- | --- |
//! | `tell`, `keep_waiting` -> `let_follow` | who it is, and what was said |
//! | entries, place or pins change -> `watchers_may_differ` | whose statement is another now, paced |
//! | `handle_watchers_timeout` -> NOTIFY | the newest statement |
//! | SUBSCRIBE within the dialog -> `handle_resubscribed` | the same, for as long again |
//! | `EndpointEvent::NotifierEnded` -> `handle_watcher_ended` | nobody |
//!
//! `notifying` routes to here; who came and who left is told to `informed`.

use std::time::Duration;

use rand_core::RngCore;

use super::answer_watcher::{document_body, Watcher, MAX_EXPIRES};
use super::publication::{compiled, says_the_same, PACE};
use super::{Agent, Follower, FollowerState};
use crate::policy::{tightens_somewhere, Entry, Statement, View};
use crate::presence::WatcherEvent;
use crate::sip::{Body, NotifierId, NotifyState, Refusal, Timed, TimedMap};
use crate::vocab::{Deadline, Mono, Now, Wall};

/// As many as the endpoint holds, and no more.
pub struct Watchers(TimedMap<NotifierId, StayingWatcher>);

impl Default for Watchers {
    fn default() -> Self {
        Self(TimedMap::new())
    }
}

/// A subscription to us that stays.
pub struct StayingWatcher {
    /// By which our user's other devices know it.
    pub mark: u64,
    pub watcher: Watcher,
    pub since: Wall,
    /// It has been told nothing and waits for our user: nothing changes that but a subscription that proves more.
    pub said: Option<Said>,
    /// When it is told what has changed.
    due: Option<Mono>,
}

/// What it was told last.
pub struct Said {
    at: Mono,
    statement: Statement,
    entries: Vec<Entry>,
}

impl Agent {
    /// A subscription that stays was answered, with this or with nothing yet.
    pub(super) fn let_follow(&mut self, now: Now, id: NotifierId, watcher: Watcher, said: Option<Statement>) {
        let entries = self.entries_for(now, watcher.known.as_ref(), watcher.place);
        let said = said.map(|statement| Said { at: now.mono, statement, entries });
        let asked = watcher.asked.clone();
        let mark = self.rng.next_u64();
        self.watchers.0.insert(id, StayingWatcher { mark, watcher, since: now.wall, said, due: None });
        self.watchers_changed(now, &asked, None);
    }

    /// A refresh, or the end: what stands is told once more (RFC 6665 section 4.2.1.2). It is who it was, whoever it
    /// says to be by now: another would have to subscribe anew.
    pub(super) fn handle_resubscribed(&mut self, now: Now, id: NotifierId, expires: Duration) {
        let Some(staying) = self.watchers.0.get_mut(&id) else {
            return self.endpoint.reject_subscription(now, id, Refusal::new(481, "Subscription Does Not Exist"));
        };
        staying.due = None;
        let waits = staying.said.is_none();
        self.endpoint.accept_subscription(now, id, expires.min(MAX_EXPIRES));
        match (expires.is_zero(), waits) {
            (true, _) => {
                let state = NotifyState::Terminated { reason: "timeout".into(), retry_after: None };
                let body = if waits { None } else { self.say_to(now, id) };
                self.endpoint.notify(now, id, state, body);
            }
            (false, true) => self.endpoint.notify(now, id, NotifyState::Pending, None),
            (false, false) => self.tell_again(now, id),
        }
    }

    pub(super) fn handle_watcher_ended(&mut self, now: Now, id: NotifierId) {
        if let Some(staying) = self.watchers.0.remove(&id) {
            let event = if staying.said.is_some() { WatcherEvent::Timeout } else { WatcherEvent::Giveup };
            self.watcher_left(now, &staying, event);
        }
    }

    /// Each is told what is another now, or has to prove itself anew.
    pub(super) fn watchers_may_differ(&mut self, now: Now) {
        let all: Vec<NotifierId> = self.watchers.0.keys().copied().collect();
        for id in all {
            match self.is_still_who_it_was(id) {
                true => self.plan_to_tell(now, id),
                false => self.let_come_back(now, id),
            }
        }
    }

    /// And we are still whom it asked for.
    fn is_still_who_it_was(&self, id: NotifierId) -> bool {
        let Some(StayingWatcher { watcher, .. }) = self.watchers.0.get(&id) else { return true };
        if !self.is_our_name(&watcher.asked) {
            return false;
        }
        watcher.claim.as_ref().is_none_or(|claim| claim.is_as_it_was(&self.book))
    }

    /// Its keys were approved, or are no more, or the account is gone by whose name it knows us. A fresh request has to prove
    /// that it holds them: the one that stands here could have been repeated by anybody. `deactivated` asks for that (RFC 6665
    /// section 4.1.3).
    fn let_come_back(&mut self, now: Now, id: NotifierId) {
        if let Some(staying) = self.watchers.0.remove(&id) {
            self.watcher_left(now, &staying, WatcherEvent::Deactivated);
        }
        let state = NotifyState::Terminated { reason: "deactivated".into(), retry_after: None };
        self.endpoint.notify(now, id, state, None);
    }

    /// At once when it tightens, else not more often than once in five seconds (PROTOCOL section 4).
    fn plan_to_tell(&mut self, now: Now, id: NotifierId) {
        let Some(staying) = self.watchers.0.get(&id) else { return };
        let Some(said) = &staying.said else { return };
        let saying = self.saying_to(now, &staying.watcher);
        let contact = self.contact_to(&staying.watcher);
        let today = self.own.statement(&self.config, &contact, saying, now.wall);
        if says_the_same(&said.statement, &today) {
            return;
        }
        let entries = self.entries_for(now, staying.watcher.known.as_ref(), staying.watcher.place);
        let view = View { peer: None, ends: None, default_level: self.config.default_level, now: now.wall };
        let tightens = tightens_somewhere(&compiled(&entries), &compiled(&said.entries), &view);
        let at = if tightens { now.mono } else { now.mono.max(said.at + PACE) };
        if let Some(staying) = self.watchers.0.get_mut(&id) {
            staying.due = staying.due.map_or(Some(at), |due| Some(due.min(at)));
        }
    }

    pub(super) fn handle_watchers_timeout(&mut self, now: Now) {
        self.watchers.0.all_due(now.mono).into_iter().for_each(|id| self.tell_again(now, id));
    }

    fn tell_again(&mut self, now: Now, id: NotifierId) {
        let body = self.say_to(now, id);
        self.endpoint.notify(now, id, NotifyState::Active, body);
    }

    /// A statement of now, remembered as said.
    fn say_to(&mut self, now: Now, id: NotifierId) -> Option<Body> {
        let mut staying = self.watchers.0.remove(&id)?;
        let signed = self.statement_for(now, &staying.watcher);
        let entries = self.entries_for(now, staying.watcher.known.as_ref(), staying.watcher.place);
        staying.said = Some(Said { at: now.mono, statement: signed.statement.clone(), entries });
        staying.due = None;
        self.watchers.0.insert(id, staying);
        Some(document_body(&signed))
    }

    pub(super) fn watchers_deadline(&self) -> Option<Deadline> {
        self.watchers.0.deadline()
    }

    /// The subscriptions that stay, longest first.
    pub(super) fn all_who_follow(&self) -> impl Iterator<Item = (&NotifierId, &StayingWatcher)> {
        self.watchers.0.iter()
    }

    /// Who follows this device itself, longest first.
    pub fn followers(&self) -> Vec<Follower> {
        self.watchers.0.values().map(StayingWatcher::shown).collect()
    }
}

impl Timed for StayingWatcher {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        self.due.map(|at| (at, "watchers to be told"))
    }
}

impl StayingWatcher {
    fn shown(&self) -> Follower {
        let Watcher { known, place, .. } = &self.watcher;
        Follower {
            who: known.as_ref().map(|(entity, _)| entity.to_string()),
            address: Some(place.address),
            since: Some(self.since),
            state: if self.said.is_some() { FollowerState::Active } else { FollowerState::Pending },
        }
    }
}
