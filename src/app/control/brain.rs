//! What the control door needs of the agent, so that it can be tested without sockets, disk or clock.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::broadcast;

use crate::agent::{
    Accepted, Account, Agent, Ask, Call, Command, ContactGroup, Event, Follower, Metric, Negotiated, OpenReview,
    Pin as PinnedKeys, Restoring, SavedContact, ServerWatchers, Sound, SoundChoice, TextMessage, UnknownWatchers,
    Watch, WatcherRule,
};
use crate::io::{AuditEntry, ChangeEntry, HistoryEntry, HistoryFilter, SignallingHandle};
use crate::policy::{Entry, Environment, Level, Spd};
use crate::presence::{PresenceRecord, Vouch};
use crate::vocab::{AskId, CallId, Entity, EntryId, Failure, ReviewId, TextId, Wall};

pub(in crate::app) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A look at the agent's state; it is called once, or dropped when the agent is gone.
pub(in crate::app) type Look = Box<dyn FnOnce(&dyn Known) + Send>;

/// The agent from afar.
pub(in crate::app) trait Brain: Send + Sync + 'static {
    fn command(&self, what: Command) -> Pending<'_, Result<Accepted, Failure>>;
    fn look(&self, look: Look) -> Pending<'_, ()>;
    fn events(&self) -> broadcast::Receiver<Event>;
    fn audit(&self, limit: u32, before: Option<u64>) -> Pending<'_, Result<Vec<AuditEntry>, Failure>>;
    fn history(&self, limit: u32, filter: HistoryFilter) -> Pending<'_, Result<Vec<HistoryEntry>, Failure>>;
    fn unseen_calls(&self) -> Pending<'_, Result<u64, Failure>>;
    fn see_calls(&self, until: u64) -> Pending<'_, Result<(), Failure>>;
    fn forget_calls(&self, filter: HistoryFilter) -> Pending<'_, Result<u64, Failure>>;
    fn policy_changes(&self, limit: u32, entry: Option<EntryId>) -> Pending<'_, Result<Vec<ChangeEntry>, Failure>>;
    fn policy_restoring(&self, change: Option<u64>) -> Pending<'_, Result<Restoring, Failure>>;
    fn stop(&self) -> Pending<'_, ()>;
}

/// What may be read of the agent: its getters.
pub(in crate::app) trait Known {
    fn accounts(&self) -> Vec<&Account>;
    fn ask(&self, id: AskId) -> Option<&Ask>;
    fn asks(&self) -> Vec<&Ask>;
    fn review(&self, id: ReviewId) -> Option<&OpenReview>;
    fn reviews(&self) -> Vec<&OpenReview>;
    fn proposals(&self) -> Vec<&Negotiated>;
    /// What was agreed and is not used yet.
    fn pendings(&self) -> Vec<&crate::policy::Pending>;
    fn text(&self, id: TextId) -> Option<&TextMessage>;
    fn texts(&self) -> Vec<&TextMessage>;
    fn call(&self, id: CallId) -> Option<&Call>;
    fn calls(&self) -> Vec<&Call>;
    fn spd(&self) -> &Spd;
    /// Whether it was approved for another place.
    fn is_elsewhere(&self, entry: &Entry) -> bool;
    /// What `default` means in an entry.
    fn default_level(&self) -> Level;
    fn presences(&self) -> Vec<&PresenceRecord>;
    fn own_presence(&self) -> PresenceRecord;
    fn environment(&self) -> Environment;
    /// The words of older devices of ours, by name.
    fn vouches(&self) -> Vec<(&Entity, &Vouch)>;
    fn pins(&self) -> Vec<&PinnedKeys>;
    /// Who we are to that device.
    fn name_to(&self, pin: &PinnedKeys) -> Entity;
    fn safety_phrase(&self, pin: &PinnedKeys) -> Vec<&'static str>;
    fn watches(&self) -> Vec<&Watch>;
    fn followers(&self) -> Vec<Follower>;
    fn server_watchers(&self) -> Vec<ServerWatchers>;
    fn watcher_rules(&self) -> Vec<&WatcherRule>;
    fn contacts(&self) -> Vec<&SavedContact>;
    fn groups(&self) -> Vec<&ContactGroup>;
    /// What strangers may learn.
    fn unknown_watchers(&self) -> UnknownWatchers;
    /// When it is not quiet any more.
    fn quiet_until(&self, now: Wall) -> Option<Wall>;
    /// Until when the user does not want to be disturbed.
    fn do_not_disturb(&self, now: Wall) -> Option<Wall>;
    fn metrics(&self) -> Vec<Metric>;
    /// What calls use that name nothing of their own.
    fn sound(&self) -> Sound;
    /// What of it our user chose.
    fn sound_choice(&self) -> SoundChoice;
}

impl Brain for SignallingHandle {
    fn command(&self, what: Command) -> Pending<'_, Result<Accepted, Failure>> {
        Box::pin(self.command(what))
    }

    fn look(&self, look: Look) -> Pending<'_, ()> {
        Box::pin(async move {
            let _ = self.query(move |agent| look(agent)).await;
        })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events()
    }

    fn audit(&self, limit: u32, before: Option<u64>) -> Pending<'_, Result<Vec<AuditEntry>, Failure>> {
        Box::pin(self.audit(limit, before))
    }

    fn history(&self, limit: u32, filter: HistoryFilter) -> Pending<'_, Result<Vec<HistoryEntry>, Failure>> {
        Box::pin(self.history(limit, filter))
    }

    fn unseen_calls(&self) -> Pending<'_, Result<u64, Failure>> {
        Box::pin(self.unseen_calls())
    }

    fn see_calls(&self, until: u64) -> Pending<'_, Result<(), Failure>> {
        Box::pin(self.see_calls(until))
    }

    fn forget_calls(&self, filter: HistoryFilter) -> Pending<'_, Result<u64, Failure>> {
        Box::pin(self.forget_calls(filter))
    }

    fn policy_changes(&self, limit: u32, entry: Option<EntryId>) -> Pending<'_, Result<Vec<ChangeEntry>, Failure>> {
        Box::pin(self.policy_changes(limit, entry))
    }

    fn policy_restoring(&self, change: Option<u64>) -> Pending<'_, Result<Restoring, Failure>> {
        Box::pin(self.policy_restoring(change))
    }

    fn stop(&self) -> Pending<'_, ()> {
        Box::pin(self.stop())
    }
}

impl Known for Agent {
    fn accounts(&self) -> Vec<&Account> {
        self.accounts().collect()
    }

    fn ask(&self, id: AskId) -> Option<&Ask> {
        self.ask(id)
    }

    fn asks(&self) -> Vec<&Ask> {
        self.asks().collect()
    }

    fn review(&self, id: ReviewId) -> Option<&OpenReview> {
        self.review(id)
    }

    fn reviews(&self) -> Vec<&OpenReview> {
        self.reviews().collect()
    }

    fn proposals(&self) -> Vec<&Negotiated> {
        self.proposals().collect()
    }

    fn pendings(&self) -> Vec<&crate::policy::Pending> {
        self.pendings().collect()
    }

    fn text(&self, id: TextId) -> Option<&TextMessage> {
        self.text(id)
    }

    fn texts(&self) -> Vec<&TextMessage> {
        self.texts().collect()
    }

    fn call(&self, id: CallId) -> Option<&Call> {
        self.call(id)
    }

    fn calls(&self) -> Vec<&Call> {
        self.calls().collect()
    }

    fn spd(&self) -> &Spd {
        self.spd()
    }

    fn is_elsewhere(&self, entry: &Entry) -> bool {
        self.entry_is_elsewhere(entry)
    }

    fn default_level(&self) -> Level {
        self.default_level()
    }

    fn presences(&self) -> Vec<&PresenceRecord> {
        self.presences().collect()
    }

    fn own_presence(&self) -> PresenceRecord {
        self.own_presence()
    }

    fn environment(&self) -> Environment {
        self.environment()
    }

    fn pins(&self) -> Vec<&PinnedKeys> {
        self.pins().collect()
    }

    fn vouches(&self) -> Vec<(&Entity, &Vouch)> {
        self.vouches().collect()
    }

    fn name_to(&self, pin: &PinnedKeys) -> Entity {
        self.name_to_entity(&pin.entity)
    }

    fn safety_phrase(&self, pin: &PinnedKeys) -> Vec<&'static str> {
        self.safety_phrase(pin)
    }

    fn watches(&self) -> Vec<&Watch> {
        self.watches().collect()
    }

    fn followers(&self) -> Vec<Follower> {
        self.followers()
    }

    fn server_watchers(&self) -> Vec<ServerWatchers> {
        self.server_watchers()
    }

    fn watcher_rules(&self) -> Vec<&WatcherRule> {
        self.watcher_rules().collect()
    }

    fn contacts(&self) -> Vec<&SavedContact> {
        self.contacts().collect()
    }

    fn groups(&self) -> Vec<&ContactGroup> {
        self.groups().collect()
    }

    fn unknown_watchers(&self) -> UnknownWatchers {
        self.config().unknown_watchers
    }

    fn quiet_until(&self, now: Wall) -> Option<Wall> {
        self.quiet_end(now)
    }

    fn do_not_disturb(&self, now: Wall) -> Option<Wall> {
        self.do_not_disturb(now)
    }

    fn metrics(&self) -> Vec<Metric> {
        self.metrics()
    }

    fn sound(&self) -> Sound {
        self.sound()
    }

    fn sound_choice(&self) -> SoundChoice {
        self.sound_choice().clone()
    }
}
