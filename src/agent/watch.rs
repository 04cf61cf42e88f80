//! Watching: a peer's presence and policy, followed for as long as the user wants (PROTOCOL section 4, journey three).
//!
//! | step | carries |
//! | --- | --- |
//! | `Command::Watch` -> `StoreOp::KeepWatch` | whom, over restarts too |
//! | `subscribe_watch` -> SUBSCRIBE | signed request |
//! | NOTIFY -> `watch_news` | a document, judged as the answer to an ask |
//! | `EndpointEvent::SubscriptionEnded` -> `watch_return` | when to come back, or why never |
//!
//! A presence server tells what a peer published, and no place; a device that our user approved is followed by itself as
//! well, along its GRUU.

use std::collections::BTreeMap;
use std::time::Duration;

use rand_core::RngCore;

use super::account::Route;
use super::comeback::Return;
use super::fail_over::Untried;
use super::own::random_nonce;
use super::question::Question;
use super::target::Target;
use super::waiting::Waiting;
use super::watch_news::Judged;
use super::watch_reviews::Put;
use super::{Account, AccountState, Agent, Effect, Event, StoreOp, Watch, WatchState, Watched};
use crate::policy::Wanted;
use crate::sip::{Candidate, SubscriptionId, Uri};
use crate::vocab::{escape, Deadline, Device, EffectId, Entity, Failure, FailureKind, Mono, Nonce, Now};

/// Peers that are watched at most.
const MAX_WATCHES: usize = 128;
/// Devices of one peer that are followed by themselves, and so many of all peers.
const MAX_DEVICES: usize = 4;
/// How long a subscription is asked for; it is refreshed before (RFC 3856 section 6.4).
pub const LIFE: Duration = Duration::from_secs(3600);
/// Spreads subscriptions that begin together, milliseconds.
const SPREAD: u32 = 2000;
/// What happened is remembered for so many steps.
const MAX_STEPS: usize = 16;

#[derive(Default)]
pub struct Watches {
    pub all: BTreeMap<WatchKey, Watching>,
    subscriptions: BTreeMap<SubscriptionId, WatchKey>,
}

/// A peer by the URI that its user named; or one device of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchKey {
    pub peer: String,
    pub device: Option<Device>,
}

/// A watch with what only its story needs.
pub struct Watching {
    pub watch: Watch,
    pub target: Target,
    /// Of a single device: its GRUU.
    uri: Uri,
    pub nonce: Nonce,
    pub subscription: Option<SubscriptionId>,
    pub untried: Untried,
    /// It was asked by an account's proxy, where a presence server may answer.
    pub by_server: bool,
    /// A 2xx came, or a NOTIFY: whoever sent it is the right one.
    pub answered: bool,
    /// A NOTIFY came.
    pub notified: bool,
    /// When the subscription that runs now began.
    pub began: Mono,
    /// Ends in a row, none after a while of quiet.
    pub failures: u32,
    /// It ended in silence: a server that is there again is reason to try at once.
    pub in_silence: bool,
    pub next: Option<Mono>,
    pub judged: Judged,
    pub put: Put,
    /// Its last step says that it may not stand any more.
    pub troubled: bool,
}

impl Watching {
    /// It goes by the proxy of this account.
    fn is_of(&self, entity: &Entity) -> bool {
        match &self.target.account {
            Some(account) => account == entity,
            None => self.target.entity.host().eq_ignore_ascii_case(entity.host()),
        }
    }
}

impl Agent {
    /// Follows a peer from now on; once more when it is followed already, without waiting.
    pub(super) fn watch(&mut self, now: Now, peer: &str) -> Result<EffectId, Failure> {
        let target = self.target(peer, None)?;
        self.refuse_ourselves(&target)?;
        let key = key_of(&target)?;
        let many = self.watches.all.keys().filter(|key| key.device.is_none()).count() >= MAX_WATCHES;
        if many && !self.watches.all.contains_key(&key) {
            return Err(too_many(peer));
        }
        let since = self.watches.all.get(&key).map_or(now.wall, |watching| watching.watch.since);
        let watched = Watched { peer: key.peer, since };
        let id = self.expect(Waiting::Watch(watched.clone()));
        self.effect(Effect::Store { id, op: StoreOp::KeepWatch(watched) });
        Ok(id)
    }

    pub(super) fn unwatch(&mut self, peer: &str) -> Result<EffectId, Failure> {
        let key = key_of(&self.kept_target(peer)?)?;
        if !self.watches.all.contains_key(&key) {
            return Err(no_such_watch(peer));
        }
        let id = self.expect(Waiting::Unwatch(key.peer.clone()));
        self.effect(Effect::Store { id, op: StoreOp::ForgetWatch { peer: key.peer } });
        Ok(id)
    }

    /// What was watched before a restart is watched again, not all at once.
    pub(super) fn begin_watches(&mut self, now: Now, watched: Vec<Watched>) {
        for watched in watched {
            let spread = Duration::from_millis(u64::from(self.rng.next_u32() % SPREAD));
            let key = self.add_watch(now, &watched).filter(|_| self.config.stays);
            if let Some(watching) = key.and_then(|key| self.watches.all.get_mut(&key)) {
                watching.next = Some(now.mono + spread);
            }
        }
    }

    /// It is durable: it begins.
    pub(super) fn begin_watch(&mut self, now: Now, watched: &Watched) {
        let Some(key) = self.add_watch(now, watched) else { return };
        let runs = self.watches.all.get(&key).is_some_and(|watching| watching.subscription.is_some());
        if !runs {
            self.subscribe_watch(now, &key);
        }
    }

    fn add_watch(&mut self, now: Now, watched: &Watched) -> Option<WatchKey> {
        let target = self.kept_target(&watched.peer).ok()?;
        let key = key_of(&target).ok()?;
        let uri = target.uri()?;
        let watch = Watch {
            peer: escape(&key.peer),
            device: None,
            since: watched.since,
            state: if self.config.stays { WatchState::Subscribing } else { WatchState::Idle },
            heard: None,
            told: false,
            steps: Vec::new(),
        };
        self.put_watch(now, &key, watch, target, uri);
        Some(key)
    }

    /// A device of a peer that is watched, by itself.
    pub(super) fn watch_device(&mut self, now: Now, of: &WatchKey, device: &Device, gruu: Uri) {
        let key = WatchKey { peer: of.peer.clone(), device: Some(device.clone()) };
        let many = self.watches.all.keys().filter(|key| key.peer == of.peer).count() > MAX_DEVICES;
        let Some(parent) = self.watches.all.get(of).filter(|_| !many && !self.watches.all.contains_key(&key)) else {
            return;
        };
        let watch = Watch {
            device: Some(device.clone()),
            since: now.wall,
            state: WatchState::Subscribing,
            heard: None,
            told: false,
            steps: Vec::new(),
            ..parent.watch.clone()
        };
        let target = parent.target.clone();
        self.put_watch(now, &key, watch, target, gruu);
        self.subscribe_watch(now, &key);
    }

    fn put_watch(&mut self, now: Now, key: &WatchKey, watch: Watch, target: Target, uri: Uri) {
        let nonce = random_nonce(&mut self.rng);
        let fresh = || Watching {
            watch,
            target,
            uri,
            nonce,
            subscription: None,
            untried: Untried::default(),
            by_server: false,
            answered: false,
            notified: false,
            began: now.mono,
            failures: 0,
            in_silence: false,
            next: None,
            judged: Judged::default(),
            put: Put::default(),
            troubled: false,
        };
        self.watches.all.entry(key.clone()).or_insert_with(fresh);
    }

    pub(super) fn end_watch(&mut self, now: Now, peer: &str) {
        let keys: Vec<WatchKey> = self.watches.all.keys().filter(|key| key.peer == peer).cloned().collect();
        for key in keys {
            self.end_one_watch(now, &key);
        }
    }

    pub(super) fn end_one_watch(&mut self, now: Now, key: &WatchKey) {
        let Some(watching) = self.watches.all.remove(key) else { return };
        if let Some(id) = watching.subscription {
            self.watches.subscriptions.remove(&id);
            self.endpoint.unsubscribe(now, id);
        }
        self.event(Event::WatchChanged { peer: key.peer.clone(), device: key.device.clone() });
    }

    /// Anew, with a nonce of its own.
    pub(super) fn subscribe_watch(&mut self, now: Now, key: &WatchKey) {
        let nonce = random_nonce(&mut self.rng);
        let stopping = self.stopping.is_some();
        let Some(watching) = self.watches.all.get_mut(key).filter(|_| !stopping) else { return };
        watching.next = None;
        watching.nonce = nonce;
        watching.answered = false;
        watching.notified = false;
        watching.troubled = false;
        let waits = watching.watch.state == WatchState::NoServer;
        let target = watching.target.clone();
        if !self.config.stays {
            return self.set_watch(key, WatchState::Idle);
        }
        if !self.is_there_for(&target) {
            self.set_watch(key, WatchState::NoServer);
            if !waits {
                self.watch_step(now, key, "its account is not registered: it is asked for as soon as it is".into());
            }
            return;
        }
        self.set_watch(key, WatchState::Subscribing);
        match (self.route_of(&target), target.locate().address()) {
            (Err(failure), _) => self.return_later(now, key, failure, Return::Later(None)),
            (Ok(Some(route)), _) if target.secure && route.domain.is_none() => {
                self.give_watch_up(now, key, super::ask_failures::clear_proxy(&target));
            }
            (Ok(Some(route)), _) => self.send_watch(now, key, route, true),
            (Ok(None), Some(there)) => self.send_watch_directly(now, key, there),
            (Ok(None), None) => self.locate(Waiting::WatchAddress(key.clone()), target.locate()),
        }
    }

    /// No account is of its domain, or one that is registered.
    fn is_there_for(&self, target: &Target) -> bool {
        let of_it = |account: &&Account| match &target.account {
            Some(chosen) => account.entity == *chosen,
            None => account.entity.host().eq_ignore_ascii_case(target.entity.host()),
        };
        let mut of_domain = self.accounts().filter(of_it);
        of_domain.next().is_none_or(|account| matches!(account.state, AccountState::Registered { .. }))
    }

    pub(super) fn handle_watch_located(&mut self, now: Now, key: &WatchKey, result: Result<Vec<Candidate>, Failure>) {
        let found = result.map(|all| self.reachable(all));
        let Some(watching) = self.watches.all.get_mut(key).filter(|watching| watching.subscription.is_none()) else {
            return;
        };
        let host = watching.target.host.clone();
        match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                watching.untried = untried;
                self.send_watch_directly(now, key, first);
            }
            Ok((None, _)) => {
                self.return_later(now, key, super::ask_failures::no_address(&host), Return::Later(None));
            }
            Err(failure) => self.return_later(now, key, failure, Return::Later(None)),
        }
    }

    pub(super) fn send_watch_directly(&mut self, now: Now, key: &WatchKey, there: Candidate) {
        let domain = self.watches.all.get(key).and_then(|watching| watching.target.domain(there.transport));
        self.send_watch(now, key, Route { hop: there, domain, login: None, account: None }, false);
    }

    fn send_watch(&mut self, now: Now, key: &WatchKey, route: Route, by_server: bool) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.by_server = by_server;
        watching.began = now.mono;
        watching.next = None;
        let question = Question {
            target: watching.target.clone(),
            uri: watching.uri.clone(),
            nonce: watching.nonce,
            wanted: Wanted::BOTH,
            by_server,
            expires: LIFE,
            resumes: None,
        };
        let id = self.put_question(now, question, route);
        if let Some(watching) = self.watches.all.get_mut(key) {
            watching.subscription = Some(id);
            self.watches.subscriptions.insert(id, key.clone());
        }
    }

    /// Whose subscription it is.
    pub(super) fn watch_of(&self, id: SubscriptionId) -> Option<WatchKey> {
        self.watches.subscriptions.get(&id).cloned()
    }

    pub(super) fn forget_watch_subscription(&mut self, id: SubscriptionId) {
        self.watches.subscriptions.remove(&id);
    }

    pub(super) fn handle_watch_accepted(&mut self, now: Now, key: &WatchKey, expires: Duration) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.answered = true;
        watching.watch.heard = Some(now.wall);
        let until = now.wall.saturating_add(expires);
        let troubled = watching.troubled;
        if matches!(watching.watch.state, WatchState::Active { .. } | WatchState::Recovering) {
            self.set_watch(key, WatchState::Active { until });
            if troubled {
                self.tell_it_stands_again(now, key);
            }
        }
    }

    /// Its connection broke.
    pub(super) fn handle_watch_at_risk(&mut self, now: Now, key: &WatchKey) {
        let active = |watching: &&mut Watching| matches!(watching.watch.state, WatchState::Active { .. });
        if let Some(watching) = self.watches.all.get_mut(key).filter(active) {
            watching.troubled = true;
            self.set_watch(key, WatchState::Recovering);
            self.watch_step(now, key, "the way there is lost, and it is asked for anew".into());
        }
    }

    /// The account of this domain is registered: what waits for that, or for a server that was silent, begins. `again`:
    /// the server was away, and may have forgotten what stands there.
    pub(super) fn watch_by_account(&mut self, now: Now, entity: &Entity, again: bool) {
        let mut seed = self.rng.next_u32();
        for watching in self.watches.all.values_mut().filter(|watching| watching.is_of(entity)) {
            let spread = Duration::from_millis(u64::from(seed % SPREAD));
            seed = seed.rotate_left(7) ^ 0x5bd1_e995;
            let waits = watching.watch.state == WatchState::NoServer;
            match watching.subscription {
                Some(id) if again => self.endpoint.refresh_subscription(now, id, spread),
                None if waits || watching.in_silence => watching.next = Some(now.mono + spread),
                _ => {}
            }
        }
    }

    /// The account is gone: what went by its proxy, or waited for it, goes where DNS says, without its login. Single devices
    /// are found anew.
    pub(super) fn watch_without(&mut self, now: Now, entity: &Entity) {
        let concerned = |watching: &&Watching| {
            let waits = !matches!(watching.watch.state, WatchState::Idle | WatchState::Subscribing);
            watching.is_of(entity) && (watching.by_server || watching.subscription.is_none() && waits)
        };
        let concerned = self.watches.all.iter().filter(|(_, watching)| concerned(watching));
        let keys: Vec<WatchKey> = concerned.map(|(key, _)| key.clone()).collect();
        for key in keys {
            match key.device {
                Some(_) => self.end_one_watch(now, &key),
                None => self.begin_watch_anew(now, &key),
            }
        }
    }

    fn begin_watch_anew(&mut self, now: Now, key: &WatchKey) {
        let spread = Duration::from_millis(u64::from(self.rng.next_u32() % SPREAD));
        let Some(watching) = self.watches.all.get(key) else { return };
        let target = self.kept_target(&key.peer).unwrap_or_else(|_| watching.target.clone());
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        watching.target = target;
        watching.next = Some(now.mono + spread);
        watching.failures = 0;
        if let Some(id) = watching.subscription.take() {
            self.watches.subscriptions.remove(&id);
            self.endpoint.unsubscribe(now, id);
        }
        self.set_watch(key, WatchState::Subscribing);
        self.watch_step(now, key, "its account was removed: it is asked for anew without it".into());
    }

    pub(super) fn handle_watch_timeout(&mut self, now: Now) {
        let due = |watching: &Watching| watching.next.is_some_and(|at| at <= now.mono);
        let due: Vec<WatchKey> = self.watches.all.iter().filter(|(_, w)| due(w)).map(|(key, _)| key.clone()).collect();
        due.iter().for_each(|key| self.subscribe_watch(now, key));
    }

    pub(super) fn watch_deadline(&self) -> Option<Deadline> {
        let next = self.watches.all.values().filter_map(|watching| watching.next);
        next.min().map(|at| Deadline { at, why: "watch to begin again" })
    }

    pub(super) fn set_watch(&mut self, key: &WatchKey, state: WatchState) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        if watching.watch.state != state {
            watching.watch.state = state;
            self.event(Event::WatchChanged { peer: key.peer.clone(), device: key.device.clone() });
        }
    }

    /// What happened, in words of ours.
    pub(super) fn watch_step(&mut self, now: Now, key: &WatchKey, what: String) {
        let Some(watching) = self.watches.all.get_mut(key) else { return };
        let steps = &mut watching.watch.steps;
        if steps.len() >= MAX_STEPS {
            steps.remove(0);
        }
        steps.push((now.wall, what));
        self.event(Event::WatchChanged { peer: key.peer.clone(), device: key.device.clone() });
    }

    /// In the order of their names, the devices that are followed by themselves after their peer.
    pub fn watches(&self) -> impl Iterator<Item = &Watch> {
        self.watches.all.values().map(|watching| &watching.watch)
    }
}

fn key_of(target: &Target) -> Result<WatchKey, Failure> {
    let uri = target.uri().ok_or_else(|| no_such_watch(target.entity.as_str()))?;
    Ok(WatchKey { peer: uri.to_string(), device: None })
}

fn too_many(peer: &str) -> Failure {
    let message = format!("{MAX_WATCHES} peers are watched already");
    let next = "end one with `sottovoce presence unwatch PEER`";
    Failure::new(FailureKind::Failed, "too-many-watches", message, escape(peer), next)
}

fn no_such_watch(peer: &str) -> Failure {
    let peer = escape(peer);
    let message = format!("`{peer}` is not watched");
    Failure::new(FailureKind::Usage, "no-such-watch", message, peer, "see `sottovoce presence watching`")
}
