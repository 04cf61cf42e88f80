//! What a watch puts to the user. A peer's devices are put one after the other: what is pinned first decides whether the next is a
//! changed key.
//!
//! | step | carries |
//! | --- | --- |
//! | `put_news` -> `open_review` | the news of one device, or it waits for the answer to the review before |
//! | an answer, or none in time -> `settle_watches` | what the watch says of it; the approved device is followed |
//! | `put_waiting` -> `put_news` | the news that waited, judged anew |

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::ask_answer::key_state;
use super::book::Standing;
use super::document::{is_key_alarm, still_lives, trusted, ReadDocument};
use super::reviews::Opening;
use super::watch::WatchKey;
use super::{Agent, ReviewState};
use crate::policy::{Intent, Provenance, ReviewKind, Statement};
use crate::presence::{statement_hash, PresenceRecord};
use crate::vocab::{shell_word, Entity, Failure, Now, ReviewId};

/// News of one watch that wait for an answer.
const MAX_WAITING: usize = 8;

/// What a watch has put to the user, and what waits behind it.
#[derive(Default)]
pub struct Put {
    open: BTreeSet<ReviewId>,
    /// In the order in which they are put.
    waiting: Vec<News>,
}

/// What a device says that our user has not approved.
pub struct News {
    pub observed: Option<IpAddr>,
    pub read: ReadDocument,
    pub record: PresenceRecord,
}

impl News {
    fn statement(&self) -> &Statement {
        &self.read.signed.statement
    }

    fn is_of(&self, statement: &Statement) -> bool {
        let own = self.statement();
        own.entity == statement.entity && own.device == statement.device
    }
}

impl Put {
    /// Something that this device said waits.
    pub fn waits(&self, statement: &Statement) -> bool {
        self.waiting.iter().any(|news| news.is_of(statement))
    }

    fn waits_for(&self, entity: &Entity) -> bool {
        self.waiting.iter().any(|news| news.statement().entity == *entity)
    }

    /// Whether there was room. The newest of a device takes the place of the one before.
    fn defer(&mut self, news: News) -> bool {
        let room = self.waiting.len() < MAX_WAITING;
        match self.waiting.iter_mut().find(|one| one.is_of(news.statement())) {
            Some(one) => *one = news,
            None if !room => return false,
            None => self.waiting.push(news),
        }
        true
    }

    /// What was refused is not put again.
    fn forget_refused(&mut self, refused: &Statement) {
        let hash = statement_hash(refused);
        self.waiting.retain(|news| !news.is_of(refused) || statement_hash(news.statement()) != hash);
    }
}

impl Agent {
    pub(super) fn put_news(&mut self, now: Now, key: &WatchKey, news: News) {
        if let Some(before) = self.answered_before(news.statement()) {
            return self.defer_news(now, key, news, before);
        }
        let known = matches!(news.read.standing, Standing::Pinned { .. });
        let Some(watching) = self.watches.all.get(key) else { return };
        let ours = self.name_to(&watching.target);
        let opened = self.open_review(now, opening(now, news.observed, &news.read, news.record.clone(), ours));
        if let Ok(review) = opened {
            self.audit_statement(now, news.statement());
            if let Some(watching) = self.watches.all.get_mut(key) {
                watching.put.open.insert(review);
            }
        }
        let ruled = opened.as_ref().is_ok_and(|review| self.approve_by_rule(now, *review));
        let what = match opened {
            Ok(review) if ruled => {
                format!("its policy was approved by a rule of yours: `sottovoce review show {review}`")
            }
            Ok(review) if known => format!("its policy has changed: `sottovoce review show {review}`"),
            Ok(review) => format!("its policy waits for your answer: `sottovoce review show {review}`"),
            Err(failure) => format!("{}; {}", failure.message, failure.next),
        };
        self.watch_step(now, key, what);
    }

    /// The review that has to be answered before this is put.
    fn answered_before(&self, statement: &Statement) -> Option<ReviewId> {
        let known = self.book.pin(&statement.entity, &statement.device).is_some();
        let same = self.reviews.open_of(&statement.entity, &statement.device);
        same.or_else(|| self.reviews.open_of_somebody_of(&statement.entity).filter(|_| !known))
    }

    fn defer_news(&mut self, now: Now, key: &WatchKey, news: News, before: ReviewId) {
        let same = self.reviews.open_of(&news.statement().entity, &news.statement().device).is_some();
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        let waited = watching.put.waits(news.statement());
        let what = match (watching.put.defer(news), same) {
            (true, _) if waited => return,
            (true, true) => {
                format!("it says something new, which waits until you answer: `sottovoce review show {before}`")
            }
            (true, false) => format!("a further device of it waits until you answer: `sottovoce review show {before}`"),
            (false, _) => {
                format!(
                    "more of its devices wait than are kept: `sottovoce ask {}` puts them to you",
                    shell_word(&key.peer)
                )
            }
        };
        self.watch_step(now, key, what);
    }

    /// Reviews have ended, of watches or not: what waited for them is put. Whether any has.
    pub(super) fn settle_watches(&mut self, now: Now) -> bool {
        let ended = std::mem::take(&mut self.reviews.ended);
        if self.stopping.is_none() {
            ended.iter().for_each(|id| self.settle_review(now, *id));
        }
        !ended.is_empty()
    }

    fn settle_review(&mut self, now: Now, id: ReviewId) {
        let Some(reviewing) = self.reviews.all.get(&id) else { return };
        let statement = reviewing.statement().clone();
        let state = reviewing.open.state.clone();
        let keys: Vec<WatchKey> = self.watches.all.keys().cloned().collect();
        for key in keys {
            self.tell_answer(now, &key, id, &statement, &state);
            match state {
                ReviewState::Registered { .. } => self.follow_approved(now, &key, &statement),
                ReviewState::Refused { .. } => self.forget_refused(&key, &statement),
                _ => {}
            }
            self.put_waiting(now, &key);
        }
    }

    /// A watch that speaks of this review says how it ended.
    fn tell_answer(&mut self, now: Now, key: &WatchKey, id: ReviewId, statement: &Statement, state: &ReviewState) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        let own = watching.put.open.remove(&id);
        if !own && !watching.put.waits_for(&statement.entity) {
            return;
        }
        let what = match (state, self.reviews.open_of(&statement.entity, &statement.device)) {
            (ReviewState::Registered { .. }, _) => format!("review {id} was approved"),
            (ReviewState::Refused { by }, _) => format!("review {id} was refused ({by})"),
            (_, Some(next)) => {
                watching.put.open.extend(Some(next).filter(|_| own));
                self.reviews.why_overtaken(id)
            }
            (_, None) => return,
        };
        let what = self.with_what_waits(key, what);
        self.watch_step(now, key, what);
    }

    /// `what`, and the first review of this watch that still waits.
    pub(super) fn with_what_waits(&self, key: &WatchKey, what: String) -> String {
        let open = self.watches.all.get(key).and_then(|watching| watching.put.open.first());
        match open {
            Some(review) => format!("{what}; this waits for your answer: `sottovoce review show {review}`"),
            None => what,
        }
    }

    fn follow_approved(&mut self, now: Now, key: &WatchKey, statement: &Statement) {
        let of_it = self.watches.all.get(key).is_some_and(|watching| watching.target.entity == statement.entity);
        if of_it {
            self.follow_device(now, key, &statement.device);
        }
    }

    fn forget_refused(&mut self, key: &WatchKey, statement: &Statement) {
        if let Some(watching) = self.watches.all.get_mut(key) {
            watching.put.forget_refused(statement);
        }
    }

    fn put_waiting(&mut self, now: Now, key: &WatchKey) {
        while let Some(news) = self.next_waiting(key) {
            self.judge_anew(now, key, news);
        }
    }

    fn next_waiting(&mut self, key: &WatchKey) -> Option<News> {
        let waiting = &self.watches.all.get(key)?.put.waiting;
        let at = waiting.iter().position(|news| self.answered_before(news.statement()).is_none())?;
        Some(self.watches.all.get_mut(key)?.put.waiting.remove(at))
    }

    /// While it waited, keys were pinned, or it ran out.
    fn judge_anew(&mut self, now: Now, key: &WatchKey, mut news: News) {
        let lives = still_lives(news.statement(), now.wall);
        match lives.and_then(|()| trusted(&self.book, None, news.statement())) {
            Ok(standing) => {
                news.read.standing = standing;
                let hash = statement_hash(news.statement());
                if !self.stands_approved(now, &news.read, &news.record, hash) {
                    self.put_news(now, key, news);
                }
            }
            Err(failure) => self.drop_news(now, key, &news, failure),
        }
    }

    /// What ran out, or has a newer one behind it, comes with the next document.
    fn drop_news(&mut self, now: Now, key: &WatchKey, news: &News, failure: Failure) {
        if let Some(watching) = self.watches.all.get_mut(key) {
            watching.judged.forget(news.statement());
        }
        if is_key_alarm(&failure) {
            self.tell_unusable(now, key, failure);
        }
    }
}

pub(super) fn opening(
    now: Now,
    observed: Option<IpAddr>,
    read: &ReadDocument,
    record: PresenceRecord,
    ours: Entity,
) -> Opening {
    Opening {
        kind: ReviewKind::Statement,
        ours,
        statement: read.signed.statement.clone(),
        provenance: Provenance { observed, received: now.wall },
        key_state: key_state(read.standing),
        wanted_presence: true,
        intent: Intent::default(),
        record,
        ask: None,
        call: None,
        missing: Vec::new(),
        said: None,
        note: None,
        proposal: None,
    }
}
