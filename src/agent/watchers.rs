//! Who follows what we say of ourselves: subscriptions of others that stay (PROTOCOL section 4, journey three).
//!
//! | step | carries |
//! | --- | --- |
//! | `tell`, `keep_waiting` -> `let_follow` | who it is, and what was said |
//! | entries, place or pins change -> `watchers_may_differ` | whose statement is another now, paced |
//! | `handle_watchers_timeout` -> NOTIFY | the newest statement |
//! | the user's answer -> `watcher_may_differ` -> `let_know`, `turn_away` | active with the statement; `rejected` |
//! | no answer in time -> `end_watcher` | `giveup` |
//! | SUBSCRIBE within the dialog -> `handle_resubscribed` | the same, for as long again |
//! | `EndpointEvent::NotifierEnded` -> `handle_watcher_ended` | nobody |
//!
//! `notifying` routes to here; who came and who left is told to `informed`.

use std::collections::VecDeque;
use std::time::Duration;

use rand_core::RngCore;

use super::answer_watcher::{told_body, Watcher, MAX_EXPIRES};
use super::claim::JudgedClaim;
use super::publication::{compiled, says_the_same, PACE};
use super::waiting_watchers::WaitingWatchers;
use super::{Agent, Follower, FollowerState};
use crate::policy::{tightens_somewhere, Entry, Permission, Statement, View};
use crate::presence::WatcherEvent;
use crate::sip::{Body, NotifierId, NotifyState, Refusal, Timed, TimedMap};
use crate::vocab::{Deadline, Entity, Mono, Now, Wall, WatcherId};

pub struct Watchers {
    /// As many as the endpoint holds, and no more.
    staying: TimedMap<NotifierId, StayingWatcher>,
    pub(super) waiting: WaitingWatchers,
    gone: VecDeque<Gone>,
    last: u64,
}

/// One that left, and has its number again when it comes back: by that our user knows it.
struct Gone {
    number: WatcherId,
    /// Its key.
    name: String,
    /// Who it says to be.
    entity: Entity,
}

/// As many are remembered; then the oldest is forgotten.
const MAX_GONE: usize = 64;

impl Default for Watchers {
    fn default() -> Self {
        Self { staying: TimedMap::new(), waiting: WaitingWatchers::default(), gone: VecDeque::new(), last: 0 }
    }
}

impl Watchers {
    pub(super) fn next_id(&mut self) -> WatcherId {
        self.last += 1;
        WatcherId(self.last)
    }

    /// That of the same key before, unless another subscription of it has it.
    pub(super) fn number_of(&mut self, name: &str) -> WatcherId {
        let gone = self.gone.iter().position(|gone| gone.name == name).and_then(|at| self.gone.remove(at));
        let before = gone.map(|gone| gone.number).or_else(|| self.waiting.number_of(name));
        let is_taken = |number: WatcherId| self.staying.values().any(|staying| staying.number == number);
        match before.filter(|number| !is_taken(*number)) {
            Some(number) => number,
            None => self.next_id(),
        }
    }

    fn note_gone(&mut self, staying: &StayingWatcher) {
        let Some(judged) = &staying.watcher.claim else { return };
        let (name, entity) = (staying.watcher.name.clone(), judged.claim.entity.clone());
        self.gone.retain(|gone| gone.name != name);
        self.gone.truncate(MAX_GONE - 1);
        self.gone.push_front(Gone { number: staying.number, name, entity });
    }
}

/// A subscription to us that stays.
pub struct StayingWatcher {
    /// By which our user names it.
    pub number: WatcherId,
    /// By which our user's other devices know it.
    pub mark: u64,
    pub watcher: Watcher,
    pub since: Wall,
    /// What brought it to where it stands.
    pub event: WatcherEvent,
    /// It has been told nothing and waits for our user: his answer changes that, or a subscription that proves more.
    pub said: Option<Said>,
    /// Without an answer until then it is refused.
    answer_by: Option<(Mono, Wall)>,
    /// When it is told what has changed.
    due: Option<Mono>,
}

/// What it was told last.
pub struct Said {
    at: Mono,
    pub told: Permission,
    statement: Statement,
    entries: Vec<Entry>,
}

impl Agent {
    /// A subscription that stays was answered, with this or with nothing yet.
    pub(super) fn let_follow(
        &mut self,
        now: Now,
        id: NotifierId,
        watcher: Watcher,
        said: Option<(Statement, Permission)>,
    ) -> WatcherId {
        let entries = self.entries_for(now, watcher.known.as_ref(), watcher.place);
        let said = said.map(|(statement, told)| Said { at: now.mono, told, statement, entries });
        let asked = watcher.asked.clone();
        let limit = match said {
            Some(_) => Duration::ZERO,
            None => self.watcher_patience(now, &watcher),
        };
        let staying = StayingWatcher {
            number: self.watchers.number_of(&watcher.name),
            mark: self.rng.next_u64(),
            since: now.wall,
            event: WatcherEvent::Subscribe,
            answer_by: said.is_none().then(|| (now.mono + limit, now.wall.saturating_add(limit))),
            watcher,
            said,
            due: None,
        };
        let number = staying.number;
        // Strangers that may know come and go without a word.
        let (waits, proven) = (staying.said.is_none(), staying.watcher.known.is_some());
        self.no_longer_waiting(&staying.watcher.name);
        self.watchers.staying.insert(id, staying);
        self.watchers_changed(now, &asked, None);
        if waits || proven {
            self.tell_of_watcher(number);
        }
        number
    }

    /// A refresh, or the end: what stands is told once more (RFC 6665 section 4.2.1.2). It is who it was, whoever it
    /// says to be by now: another would have to subscribe anew.
    pub(super) fn handle_resubscribed(&mut self, now: Now, id: NotifierId, expires: Duration) {
        let Some(staying) = self.watchers.staying.get_mut(&id) else {
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

    /// One that waited, and that can be known again, may still be answered.
    pub(super) fn handle_watcher_ended(&mut self, now: Now, id: NotifierId) {
        let Some(staying) = self.watchers.staying.remove(&id) else { return };
        self.watchers.note_gone(&staying);
        let waits = staying.said.is_none() && self.keep_waiting_for(&staying);
        match (waits, &staying.said) {
            (true, _) => self.watchers_changed(now, &staying.watcher.asked, None),
            (false, Some(_)) => self.watcher_left(now, &staying, WatcherEvent::Timeout),
            (false, None) => self.watcher_left(now, &staying, WatcherEvent::Giveup),
        }
        self.tell_of_end(&staying);
    }

    /// Each is told what is another now, or nothing any more, or has to prove itself anew.
    pub(super) fn watchers_may_differ(&mut self, now: Now) {
        let all: Vec<NotifierId> = self.watchers.staying.keys().copied().collect();
        all.into_iter().for_each(|id| self.watcher_may_differ(now, id));
    }

    fn watcher_may_differ(&mut self, now: Now, id: NotifierId) {
        let Some(staying) = self.watchers.staying.get(&id) else { return };
        let blocked = self.watcher_rules.of(&staying.watcher.name) == Some(Permission::Block);
        let waits = staying.said.is_none();
        let permission = self.permission_of(&staying.watcher);
        match permission {
            // Who repeats a request in another's name may be blocked for it.
            _ if blocked => self.turn_away(now, id),
            _ if !self.is_still_who_it_was(id) => self.let_come_back(now, id),
            Permission::Block => self.turn_away(now, id),
            Permission::Ask if waits => {}
            Permission::Ask => self.let_come_back(now, id),
            _ if waits => self.let_know(now, id),
            _ => self.plan_to_tell(now, id),
        }
    }

    /// Our user answered, or no longer wants to be asked.
    fn let_know(&mut self, now: Now, id: NotifierId) {
        self.tell_again(now, id);
        let Some(staying) = self.watchers.staying.get_mut(&id) else { return };
        staying.event = WatcherEvent::Approved;
        staying.answer_by = None;
        let (asked, number) = (staying.watcher.asked.clone(), staying.number);
        self.watchers_changed(now, &asked, None);
        self.tell_of_watcher(number);
    }

    fn turn_away(&mut self, now: Now, id: NotifierId) {
        self.end_watcher(now, id, ("rejected", WatcherEvent::Rejected));
    }

    fn end_watcher(&mut self, now: Now, id: NotifierId, (reason, event): (&str, WatcherEvent)) {
        if let Some(staying) = self.watchers.staying.remove(&id) {
            self.watchers.note_gone(&staying);
            self.watcher_left(now, &staying, event);
            self.tell_of_end(&staying);
        }
        let state = NotifyState::Terminated { reason: reason.into(), retry_after: None };
        self.endpoint.notify(now, id, state, None);
    }

    fn tell_of_end(&mut self, staying: &StayingWatcher) {
        if staying.said.is_none() || staying.watcher.known.is_some() {
            self.tell_of_watcher(staying.number);
        }
    }

    /// And we are still whom it asked for.
    fn is_still_who_it_was(&self, id: NotifierId) -> bool {
        let Some(StayingWatcher { watcher, .. }) = self.watchers.staying.get(&id) else { return true };
        if !self.is_our_name(&watcher.asked) {
            return false;
        }
        let is_as_it_was = |claim: &JudgedClaim| claim.is_as_it_was(&self.book, &self.watcher_rules, watcher.fresh);
        watcher.claim.as_ref().is_none_or(is_as_it_was)
    }

    /// Its keys were approved, or are no more, or the account is gone by whose name it knows us. A fresh request has to prove
    /// that it holds them: the one that stands here could have been repeated by anybody. `deactivated` asks for that (RFC 6665
    /// section 4.1.3).
    fn let_come_back(&mut self, now: Now, id: NotifierId) {
        self.end_watcher(now, id, ("deactivated", WatcherEvent::Deactivated));
    }

    /// At once when it tightens, or when our user answered what it is told, else not more often than once in five seconds (PROTOCOL section 4).
    fn plan_to_tell(&mut self, now: Now, id: NotifierId) {
        let Some(staying) = self.watchers.staying.get(&id) else { return };
        let Some(said) = &staying.said else { return };
        let saying = self.saying_to(now, &staying.watcher);
        let contact = self.contact_to(&staying.watcher);
        let today = self.own.statement(&self.config, &contact, saying, now.wall);
        let told = self.permission_of(&staying.watcher);
        if says_the_same(&said.statement, &today) && told == said.told {
            return;
        }
        let answered = told != said.told;
        let entries = self.entries_for(now, staying.watcher.known.as_ref(), staying.watcher.place);
        let view = View { peer: None, ends: None, default_level: self.config.default_level, now: now.wall };
        let tightens = tightens_somewhere(&compiled(&entries), &compiled(&said.entries), &view);
        let at = if tightens || answered { now.mono } else { now.mono.max(said.at + PACE) };
        if let Some(staying) = self.watchers.staying.get_mut(&id) {
            staying.due = staying.due.map_or(Some(at), |due| Some(due.min(at)));
        }
    }

    pub(super) fn handle_watchers_timeout(&mut self, now: Now) {
        for id in self.watchers.staying.all_due(now.mono) {
            let in_time = self.watchers.staying.get(&id).and_then(|staying| staying.answer_by);
            match in_time {
                Some((by, _)) if by <= now.mono => self.end_watcher(now, id, ("giveup", WatcherEvent::Giveup)),
                Some(_) => {}
                None => self.tell_again(now, id),
            }
        }
        self.forget_who_waited(now);
    }

    fn tell_again(&mut self, now: Now, id: NotifierId) {
        let body = self.say_to(now, id);
        self.endpoint.notify(now, id, NotifyState::Active, body);
    }

    /// A statement of now, remembered as said.
    fn say_to(&mut self, now: Now, id: NotifierId) -> Option<Body> {
        let mut staying = self.watchers.staying.remove(&id)?;
        let told = self.permission_of(&staying.watcher);
        let signed = self.statement_for(now, &staying.watcher);
        let entries = self.entries_for(now, staying.watcher.known.as_ref(), staying.watcher.place);
        staying.said = Some(Said { at: now.mono, told, statement: signed.statement.clone(), entries });
        staying.due = None;
        self.watchers.staying.insert(id, staying);
        Some(told_body(&signed, told))
    }

    pub(super) fn watchers_deadline(&self) -> Option<Deadline> {
        Deadline::earliest(self.watchers.staying.deadline(), self.watchers.waiting.deadline())
    }

    /// It is there, and nobody signs its requests.
    pub(super) fn is_silent_watcher(&self, number: WatcherId) -> bool {
        self.staying(number).is_some_and(|staying| staying.watcher.claim.is_none())
    }

    pub(super) fn answer_silent(&mut self, now: Now, number: WatcherId, permission: Permission) {
        let found = self.watchers.staying.iter().find(|(_, staying)| staying.number == number);
        let Some(id) = found.map(|(id, _)| *id) else { return };
        if let Some(staying) = self.watchers.staying.get_mut(&id) {
            staying.watcher.answered = Some(permission);
        }
        self.watcher_may_differ(now, id);
    }

    /// The key of one that follows us, waits or has left, and who it is, or says to be.
    pub(super) fn key_of_watcher(&self, number: WatcherId) -> Option<(String, Entity)> {
        let key = |watcher: &Watcher| Some((watcher.name.clone(), watcher.claim.as_ref()?.claim.entity.clone()));
        let staying = self.staying(number).and_then(|staying| key(&staying.watcher));
        let gone = || {
            let gone = self.watchers.gone.iter().find(|gone| gone.number == number)?;
            Some((gone.name.clone(), gone.entity.clone()))
        };
        staying.or_else(|| self.watchers.waiting.key_of(number)).or_else(gone)
    }

    fn staying(&self, number: WatcherId) -> Option<&StayingWatcher> {
        self.watchers.staying.values().find(|staying| staying.number == number)
    }

    /// The subscriptions that stay, longest first.
    pub(super) fn all_who_follow(&self) -> impl Iterator<Item = (&NotifierId, &StayingWatcher)> {
        self.watchers.staying.iter()
    }

    /// Who follows this device itself, longest first; then who asked, and left without an answer.
    pub fn followers(&self) -> Vec<Follower> {
        let staying = self.watchers.staying.values().map(|staying| self.shown_follower(staying));
        staying.chain(self.watchers.waiting.shown()).collect()
    }

    fn shown_follower(&self, staying: &StayingWatcher) -> Follower {
        let Watcher { known, place, claim, name, .. } = &staying.watcher;
        let entity = known.as_ref().map(|(entity, _)| entity);
        let claims = claim.as_ref().filter(|_| known.is_none());
        Follower {
            id: Some(staying.number),
            who: entity.map(ToString::to_string),
            claims: claims.map(|judged| judged.claim.entity.to_string()),
            contact: entity.and_then(|entity| self.address_book.contact(entity)).map(|saved| saved.name.clone()),
            group: entity.and_then(|entity| self.group_named_of(entity)),
            key: claim.as_ref().map(|_| name.clone()),
            address: Some(place.address),
            since: Some(staying.since),
            state: if staying.said.is_some() { FollowerState::Active } else { FollowerState::Pending },
            told: staying.said.as_ref().map(|said| said.told),
            until: staying.answer_by.map(|(_, wall)| wall),
        }
    }
}

impl StayingWatcher {
    pub fn answer_by(&self) -> Option<(Mono, Wall)> {
        self.answer_by
    }
}

impl Timed for StayingWatcher {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        let due = self.due.map(|at| (at, "watchers to be told"));
        let unanswered = self.answer_by.map(|(at, _)| (at, "watcher unanswered"));
        due.into_iter().chain(unanswered).min()
    }
}
