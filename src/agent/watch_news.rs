//! What a peer that is watched says anew. Every document goes through the gate of an ask: another policy, or a device of which
//! nothing is known, is a question to the user; another place is shown.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::ask::PIDF;
use super::book::Standing;
use super::contact::contact_host;
use super::document::{is_key_alarm, read_document, read_published, DocumentExpected, ReadDocument, ReadPublished};
use super::target::host_address;
use super::waiting::Waiting;
use super::watch::{WatchKey, Watching};
use super::watch_reviews::{opening, News};
use super::{Agent, Effect, Event, StoreOp, WatchState};
use crate::policy::{Entry, Purpose, Statement};
use crate::presence::{statement_hash, PresenceRecord};
use crate::sip::headers::{SubscriptionState, SubscriptionStatus};
use crate::sip::{Body, Uri};
use crate::vocab::{Device, Digest, Failure, Now};

const STANDS: &str = "it stands, and changes are told from now on";

/// Devices of one peer of which the last statement is remembered.
const MAX_JUDGED: usize = 32;

/// Devices of one peer that have a row before our user approved them.
const MAX_UNPINNED: usize = 8;

/// The last statement of each device, of either purpose, and the last failure that was told.
#[derive(Default)]
pub struct Judged {
    last: BTreeMap<(Device, bool), Last>,
    told: Option<String>,
}

struct Last {
    version: u64,
    hash: Digest,
    gruu: Option<Uri>,
}

impl Judged {
    fn is_news(&self, statement: &Statement) -> bool {
        self.last.get(&place_of(statement)).is_none_or(|last| last.version < statement.version)
    }

    fn says_the_same(&self, statement: &Statement, hash: &Digest) -> bool {
        self.last.get(&place_of(statement)).is_some_and(|last| last.hash == *hash)
    }

    fn take(&mut self, statement: &Statement, hash: Digest) {
        let place = place_of(statement);
        if self.last.len() >= MAX_JUDGED && !self.last.contains_key(&place) {
            self.last.pop_first();
        }
        self.last.insert(place, Last { version: statement.version, hash, gruu: gruu_of(statement) });
    }

    /// It counts as news when it comes once more.
    pub fn forget(&mut self, statement: &Statement) {
        self.last.remove(&place_of(statement));
    }

    /// Where the device is asked by itself, as it published.
    fn gruu(&self, device: &Device) -> Option<Uri> {
        self.last.get(&(device.clone(), true)).and_then(|last| last.gruu.clone())
    }
}

fn place_of(statement: &Statement) -> (Device, bool) {
    (statement.device.clone(), statement.purpose == Purpose::Publish)
}

impl Agent {
    pub(super) fn handle_watch_notified(
        &mut self,
        now: Now,
        key: &WatchKey,
        observed: Option<IpAddr>,
        state: &SubscriptionState,
        body: Option<Body>,
    ) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.answered = true;
        watching.notified = true;
        watching.watch.heard = Some(now.wall);
        let body = body.and_then(|body| body.part(PIDF)).filter(|body| !body.bytes.is_empty());
        self.show_state(now, key, state, body.is_some());
        if let Some(body) = body {
            self.take_news(now, key, observed, &body);
        }
    }

    /// `says`: with a document.
    fn show_state(&mut self, now: Now, key: &WatchKey, state: &SubscriptionState, says: bool) {
        let Some(watching) = self.watches.all.get(key) else { return };
        let lasts = state.expires.map(|seconds| Duration::from_secs(u64::from(seconds)));
        let until = now.wall.saturating_add(lasts.unwrap_or(super::watch::LIFE).min(super::watch::LIFE));
        let was_active = matches!(watching.watch.state, WatchState::Active { .. } | WatchState::Recovering);
        let troubled = watching.troubled;
        let known = says || watching.watch.told;
        match state.state {
            SubscriptionStatus::Terminated => {}
            SubscriptionStatus::Pending => {
                if watching.watch.state != WatchState::Pending {
                    self.set_watch(key, WatchState::Pending);
                    self.watch_step(now, key, "the peer's user is being asked whether you may know".into());
                }
            }
            _ => {
                self.set_watch(key, WatchState::Active { until });
                if was_active && troubled {
                    self.tell_it_stands_again(now, key);
                }
                if !was_active {
                    let what = match known {
                        true => STANDS,
                        false => "it is followed from now on, and nothing of it is known yet: it is away, or its name is mistyped",
                    };
                    self.watch_step(now, key, what.into());
                }
            }
        }
    }

    fn take_news(&mut self, now: Now, key: &WatchKey, observed: Option<IpAddr>, body: &Body) {
        let Some(watching) = self.watches.all.get(key) else { return };
        let published = watching.by_server && key.device.is_none();
        let names = self.names();
        let expected = DocumentExpected {
            target: Some(&watching.target),
            nonce: Some(watching.nonce),
            entities: &names,
            device: &self.config.device,
            accept_key: None,
            published,
        };
        let read = match published {
            true => read_published(&self.book, &expected, &body.bytes, now.wall),
            false => read_document(&self.book, &expected, &body.bytes, now.wall)
                .map(|one| ReadPublished { usable: vec![one], unusable: Vec::new() }),
        };
        // Of a server's address nothing follows for the peer's.
        let observed = observed.filter(|_| !watching.by_server);
        let read = read.unwrap_or_else(|failure| ReadPublished { usable: Vec::new(), unusable: vec![failure] });
        if read.unusable.is_empty() {
            self.tell_usable_again(now, key);
        }
        read.unusable.into_iter().for_each(|failure| self.tell_unusable(now, key, failure));
        for one in read.usable {
            self.take_one(now, key, observed, body, one);
        }
    }

    /// Once, and not with every document.
    pub(super) fn tell_unusable(&mut self, now: Now, key: &WatchKey, failure: Failure) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        if watching.judged.told.as_ref() == Some(&failure.message) {
            return;
        }
        watching.judged.told = Some(failure.message.clone());
        if failure.code == "unsigned" && watching.by_server {
            // What is left of an ended publication (PROTOCOL section 3).
            return self.watch_step(now, key, "its server has nothing signed of it: it publishes nothing now".into());
        }
        let target = watching.target.clone();
        let failure = self.in_its_place(&target, failure);
        self.audit_changed_key(now, &failure);
        self.watch_step(now, key, format!("{}; {}", failure.message, failure.next));
        if is_key_alarm(&failure) {
            self.event(Event::Notice(failure));
        }
    }

    fn tell_usable_again(&mut self, now: Now, key: &WatchKey) {
        let told = self.watches.all.get_mut(key).and_then(|watching| watching.judged.told.take());
        if told.is_some() {
            let what = self.with_what_waits(key, "what it says can be used again".into());
            self.watch_step(now, key, what);
        }
    }

    /// The first document that could be used.
    fn note_told(&mut self, now: Now, key: &WatchKey) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        let first = !std::mem::replace(&mut watching.watch.told, true);
        let active = matches!(watching.watch.state, WatchState::Active { .. });
        let said = watching.watch.steps.last().is_some_and(|(_, step)| step == STANDS);
        if first && active && !said {
            self.watch_step(now, key, STANDS.into());
        }
    }

    fn take_one(&mut self, now: Now, key: &WatchKey, observed: Option<IpAddr>, body: &Body, read: ReadDocument) {
        let statement = read.signed.statement.clone();
        let of_device = key.device.as_ref().is_none_or(|device| *device == statement.device);
        let Some(watching) = self.watches.all.get(key).filter(|_| of_device) else { return };
        if !watching.judged.is_news(&statement) {
            return;
        }
        let hash = statement_hash(&statement);
        let settled = watching.judged.says_the_same(&statement, &hash) && !watching.put.waits(&statement);
        self.note_told(now, key);
        self.note_version(&statement);
        if !self.is_outranked(key, &statement) {
            let record = match self.has_a_row_for(&read) {
                true => self.hear(now, key, observed, body, &statement),
                false => PresenceRecord::from_statement(&statement, observed, None),
            };
            if !settled && !self.stands_approved(now, &read, &record, hash) {
                self.put_news(now, key, News { observed, read, record });
            }
        }
        if let Some(watching) = self.watches.all.get_mut(key) {
            watching.judged.take(&statement, hash);
        }
        self.follow_device(now, key, &statement.device);
    }

    /// Whoever invents devices fills no database; one that is approved makes its row (`keep_contact`).
    fn has_a_row_for(&self, read: &ReadDocument) -> bool {
        let statement = &read.signed.statement;
        let pinned = matches!(read.standing, Standing::Pinned { .. });
        let known = || self.book.presence(&statement.entity, &statement.device).is_some();
        let others = || self.book.presences().filter(|row| row.entity == statement.entity).count();
        pinned || known() || others() < MAX_UNPINNED
    }

    /// What the device says to us by itself counts for more than what it published (PROTOCOL section 4).
    fn is_outranked(&self, key: &WatchKey, statement: &Statement) -> bool {
        let device = WatchKey { device: Some(statement.device.clone()), ..key.clone() };
        let heard = |watching: &Watching| {
            matches!(watching.watch.state, WatchState::Active { .. } | WatchState::Recovering)
                && !watching.judged.last.is_empty()
        };
        statement.purpose == Purpose::Publish && self.watches.all.get(&device).is_some_and(heard)
    }

    /// The row of the presence database, and the user is told of another place.
    fn hear(
        &mut self,
        now: Now,
        key: &WatchKey,
        observed: Option<IpAddr>,
        body: &Body,
        statement: &Statement,
    ) -> PresenceRecord {
        let previous = self.book.presence(&statement.entity, &statement.device).cloned();
        let mut record = PresenceRecord::from_statement(statement, observed, previous.as_ref());
        // Entries are looked up by this address. Of a NOTIFY only its tags are known to be right, and a statement says what its
        // device likes: only both together move it, or the user by asking.
        if let Some(before) = previous.as_ref().filter(|_| !observed.is_some_and(|seen| says_so(statement, seen))) {
            (record.address, record.observed) = (before.address, before.observed);
        }
        // What is published for everybody mostly has no place: it takes none away that the device told us.
        let poorer = statement.purpose == Purpose::Publish
            && statement.environment.is_none()
            && previous.as_ref().is_some_and(|row| row.environment.is_some() && row.expires > now.wall);
        if poorer {
            return record;
        }
        if let Some(moved) = previous.as_ref().and_then(|before| moved(before, &record)) {
            self.watch_step(now, key, moved);
        }
        let id = self.expect(Waiting::Heard(record.clone()));
        let op = StoreOp::RememberPresence { record: Box::new(record.clone()), document: body.bytes.to_vec() };
        self.effect(Effect::Store { id, op });
        record
    }

    /// Whether our user has approved this already, in this or in other words.
    pub(super) fn stands_approved(
        &mut self,
        now: Now,
        read: &ReadDocument,
        record: &PresenceRecord,
        hash: Digest,
    ) -> bool {
        let statement = &read.signed.statement;
        let Standing::Pinned { .. } = read.standing else { return false };
        let Some(mut pin) = self.book.pin(&statement.entity, &statement.device).cloned() else { return false };
        if pin.statement == Some(hash) {
            return true;
        }
        let Some(proposed) = self.would_register(now, read, record) else { return false };
        let in_force = self.book.entries_of(&statement.entity, &statement.device);
        let ours: Vec<String> = in_force.filter(|entry| !entry.expired(now.wall)).map(words).collect();
        let same = !ours.is_empty() && proposed.len() == ours.len() && proposed.iter().all(|p| ours.contains(p));
        if same {
            // The same rules: a call bears the newer words.
            pin.statement = Some(hash);
            self.keep_pin(pin);
        }
        same
    }

    fn would_register(&self, now: Now, read: &ReadDocument, record: &PresenceRecord) -> Option<Vec<String>> {
        let opening = opening(now, None, read, record.clone(), self.config.entity.clone());
        let review = self.make_review(now, &opening).ok()?;
        Some(review.proposed.iter().map(words).collect())
    }

    /// Only the device itself tells its place to those whom it knows.
    pub(super) fn follow_device(&mut self, now: Now, key: &WatchKey, device: &Device) {
        let Some(watching) = self.watches.all.get(key).filter(|_| key.device.is_none()) else { return };
        let pinned = self.book.pin(&watching.target.entity, device).is_some();
        if let Some(gruu) = watching.judged.gruu(device).filter(|_| pinned) {
            self.watch_device(now, key, device, gruu);
        }
    }

    /// It is durable.
    pub(super) fn handle_heard(&mut self, now: Now, record: PresenceRecord, result: Result<(), Failure>) {
        match result {
            Ok(()) => {
                let changed = Event::PresenceChanged(record.entity.clone(), record.device.clone());
                self.book.put_presence(record);
                self.places_changed(now);
                self.event(changed);
            }
            Err(failure) => self.event(Event::Notice(failure)),
        }
    }
}

/// It is where it says that it is.
fn says_so(statement: &Statement, seen: IpAddr) -> bool {
    let place = statement.environment.and_then(|environment| environment.address);
    let contact = contact_host(statement.contact.raw()).and_then(|host| host_address(&host));
    place == Some(seen) || contact.is_some_and(|contact| contact.ip() == seen)
}

/// The URI of this one device at the registrar of its domain (RFC 5627).
pub fn gruu_of(statement: &Statement) -> Option<Uri> {
    let contact = Uri::parse(statement.contact.raw()).ok()?;
    let host = contact.host()?.to_string();
    // Whoever signs for himself sends us to nobody else.
    let own = host.eq_ignore_ascii_case(statement.entity.host()) && contact.user() == statement.entity.user();
    (contact.params().has("gr") && own).then_some(contact)
}

/// What it does to packets; who it is for, and where both were when it was approved, are other matters.
fn words(entry: &Entry) -> String {
    Entry { peer: Default::default(), place: None, expires: None, priority: 0, ..entry.clone() }.rule_text()
}

fn moved(before: &PresenceRecord, now: &PresenceRecord) -> Option<String> {
    let scope = |record: &PresenceRecord| record.environment.map(|environment| environment.scope);
    let place = |record: &PresenceRecord| match (&record.place, scope(record)) {
        // A network without a name is called what it is.
        (Some(place), Some(scope)) if place.raw() == format!("{} network", scope.name()) => place.to_string(),
        (Some(place), Some(scope)) => format!("{place} ({} network)", scope.name()),
        (Some(place), None) => place.to_string(),
        (None, _) => "a place that it does not tell".to_owned(),
    };
    let same = (&before.place, scope(before), before.address) == (&now.place, scope(now), now.address);
    let address = now.address.map(|address| format!(", {address}")).unwrap_or_default();
    (!same).then(|| format!("it is at {}{address} now; before: {}", place(now), place(before)))
}
