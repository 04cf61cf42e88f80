//! What whoever shows this agent reads of it.

use super::{Account, Agent, AgentConfig, Ask, Call, OpenReview, Pin};
use crate::policy::{Entry, Environment, Level, Spd};
use crate::presence::PresenceRecord;
use crate::vocab::{AskId, CallId, ReviewId};

impl Agent {
    pub fn config(&self) -> &AgentConfig {
        &self.config
    }

    /// In the order of the configuration, then in that in which they were added.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    pub fn ask(&self, id: AskId) -> Option<&Ask> {
        self.asks.all.get(&id).map(|asking| &asking.ask)
    }

    /// Oldest first.
    pub fn asks(&self) -> impl Iterator<Item = &Ask> {
        self.asks.all.values().map(|asking| &asking.ask)
    }

    pub fn review(&self, id: ReviewId) -> Option<&OpenReview> {
        self.reviews.all.get(&id).map(|reviewing| &reviewing.open)
    }

    pub fn reviews(&self) -> impl Iterator<Item = &OpenReview> {
        self.reviews.all.values().map(|reviewing| &reviewing.open)
    }

    pub fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.call(id)
    }

    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter()
    }

    /// Every entry, in lookup order, the default last.
    pub fn entries(&self) -> Vec<Entry> {
        self.book.spd().entries().cloned().collect()
    }

    pub fn spd(&self) -> &Spd {
        self.book.spd()
    }

    pub fn default_level(&self) -> Level {
        self.config.default_level
    }

    pub fn presences(&self) -> impl Iterator<Item = &PresenceRecord> {
        self.book.presences()
    }

    /// What we say of ourselves.
    pub fn own_presence(&self) -> PresenceRecord {
        self.own.record(&self.config, &self.contact)
    }

    pub fn environment(&self) -> Environment {
        self.own.environment()
    }

    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.book.pins()
    }
}
