//! Who asked, may not know without our user's answer, and is gone: the state `waiting` of RFC 3857 section 4.7.1. By its key it is
//! known when it comes again, and so it can still be answered.

use std::collections::BTreeMap;
use std::time::Duration;

use rand_core::RngCore;

use super::answer_watcher::{AskersPlace, Watcher};
use super::watchers::StayingWatcher;
use super::{Agent, Follower, FollowerState};
use crate::presence::{ToldWatcher, WatcherEvent, WatcherStatus};
use crate::vocab::{Deadline, Entity, Mono, Now, Wall, WatcherId};

/// As many as wait; then the oldest gives way: strangers can come in any number.
const MAX_WAITING: usize = 64;

#[derive(Default)]
pub struct WaitingWatchers(BTreeMap<WatcherId, WaitingWatcher>);

/// One who waits for an answer without being there.
#[derive(Clone)]
struct WaitingWatcher {
    mark: u64,
    /// Its key.
    name: String,
    /// Who it says to be.
    entity: Entity,
    /// Which of our names it asked for.
    asked: Entity,
    place: AskersPlace,
    since: Wall,
    until: (Mono, Wall),
}

impl WaitingWatchers {
    pub fn deadline(&self) -> Option<Deadline> {
        let first = self.0.values().map(|waiting| waiting.until.0).min()?;
        Some(Deadline { at: first, why: "watcher unanswered" })
    }

    pub fn key_of(&self, id: WatcherId) -> Option<(String, Entity)> {
        self.0.get(&id).map(|waiting| (waiting.name.clone(), waiting.entity.clone()))
    }

    pub fn number_of(&self, name: &str) -> Option<WatcherId> {
        self.0.iter().find(|(_, waiting)| waiting.name == name).map(|(id, _)| *id)
    }

    pub fn shown(&self) -> impl Iterator<Item = Follower> + '_ {
        self.0.iter().map(|(id, waiting)| Follower {
            id: Some(*id),
            who: None,
            claims: Some(waiting.entity.to_string()),
            contact: None,
            group: None,
            key: Some(waiting.name.clone()),
            address: Some(waiting.place.address),
            since: Some(waiting.since),
            state: FollowerState::Waiting,
            told: None,
            until: Some(waiting.until.1),
        })
    }

    /// For the other devices of our user.
    pub fn told(&self, now: Now, asked: &Entity) -> impl Iterator<Item = ToldWatcher> {
        let mine: Vec<WaitingWatcher> = self.0.values().filter(|waiting| waiting.asked == *asked).cloned().collect();
        mine.into_iter().map(move |waiting| ToldWatcher {
            id: format!("{:016x}", waiting.mark),
            uri: format!("sip:{}", super::own::uri_host(waiting.place.address)),
            display_name: Some(super::informed::how_unknown(waiting.place).to_owned()),
            status: WatcherStatus::Waiting,
            event: WatcherEvent::Timeout,
            subscribed: now.wall.since(waiting.since),
            lasts: None,
        })
    }
}

impl Agent {
    /// One asked once, and its answer is up to our user. `None`: it proves nothing by which it could be known again.
    pub(super) fn let_wait(&mut self, now: Now, watcher: &Watcher) -> Option<WatcherId> {
        let entity = watcher.claim.as_ref()?.claim.entity.clone();
        let limit = self.watcher_patience(now, watcher);
        let id = self.watchers.number_of(&watcher.name);
        let waiting = WaitingWatcher {
            mark: self.rng.next_u64(),
            name: watcher.name.clone(),
            entity,
            asked: watcher.asked.clone(),
            place: watcher.place,
            since: now.wall,
            until: (now.mono + limit, now.wall.saturating_add(limit)),
        };
        self.put_waiting_watcher(id, waiting);
        self.watchers_changed(now, &watcher.asked, None);
        self.tell_of_watcher(id);
        Some(id)
    }

    /// One that waited has left. Whether it can still be answered.
    pub(super) fn keep_waiting_for(&mut self, staying: &StayingWatcher) -> bool {
        let Some((claim, until)) = staying.watcher.claim.as_ref().zip(staying.answer_by()) else { return false };
        let waiting = WaitingWatcher {
            mark: staying.mark,
            name: staying.watcher.name.clone(),
            entity: claim.claim.entity.clone(),
            asked: staying.watcher.asked.clone(),
            place: staying.watcher.place,
            since: staying.since,
            until,
        };
        self.put_waiting_watcher(staying.number, waiting);
        true
    }

    /// How long it waits for our user's answer.
    pub(super) fn watcher_patience(&mut self, now: Now, watcher: &Watcher) -> Duration {
        let quiet = self.quiet_for_watcher(now, watcher);
        self.put_off(now, quiet, self.config.prompts.watcher_limit)
    }

    pub(super) fn quiet_for_watcher(&self, now: Now, watcher: &Watcher) -> Option<Wall> {
        self.quiet_until(now, watcher.known.as_ref().map(|(entity, _)| entity))
    }

    fn put_waiting_watcher(&mut self, id: WatcherId, waiting: WaitingWatcher) {
        let all = &mut self.watchers.waiting.0;
        all.insert(id, waiting);
        while all.len() > MAX_WAITING {
            all.pop_first();
        }
    }

    /// It is there again, or answered.
    pub(super) fn no_longer_waiting(&mut self, watcher: &str) {
        self.watchers.waiting.0.retain(|_, waiting| waiting.name != watcher);
    }

    pub(super) fn forget_who_waited(&mut self, now: Now) {
        let due = |waiting: &WaitingWatcher| waiting.until.0 <= now.mono;
        let gone: Vec<(WatcherId, Entity)> = self
            .watchers
            .waiting
            .0
            .iter()
            .filter(|(_, waiting)| due(waiting))
            .map(|(id, waiting)| (*id, waiting.asked.clone()))
            .collect();
        for (id, asked) in gone {
            self.watchers.waiting.0.remove(&id);
            self.watchers_changed(now, &asked, None);
            self.tell_of_watcher(id);
        }
    }
}
