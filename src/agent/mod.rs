//! The brain: what a user's request means over time. Change one thing, drain [`Agent::poll`] to the end, then change the next.

pub mod config;
pub mod effect;
pub mod request;
pub mod snapshot;

use crate::policy::{Entry, Environment, Spd};
use crate::presence::PresenceRecord;
use crate::sip::{Received, Transmit};
use crate::vocab::{AskId, CallId, Deadline, Now, ReviewId};

pub use config::{AgentConfig, AnswerMode, AudioSink, AudioSource, Listen, Place, UnknownWatchers};
pub use effect::{AuditRow, CallRecord, Done, Effect, Given, Loaded, Pin, StoreOp, Stored};
pub use request::{Accepted, AskRequest, CallRequest, Command, Event};
pub use snapshot::{Ask, AskState, Call, CallState, OpenReview, ReviewState, Side};

/// What the caller must do next.
pub enum Output {
    Effect(Effect),
    Event(Event),
    Transmit(Transmit),
}

/// The agent, without clock, socket, disk or thread.
pub struct Agent {}

impl Agent {
    pub fn new(_config: AgentConfig, _loaded: Loaded, _seed: [u8; 32], _now: Now) -> Self {
        unimplemented!()
    }

    /// One whole SIP message, or garbage, which is counted and never an error.
    pub fn handle_message(&mut self, _now: Now, _from: Received, _bytes: &[u8]) {
        unimplemented!()
    }

    /// A message of [`Output::Transmit`] could not be sent, or its connection broke.
    pub fn handle_transport_failure(&mut self, _now: Now, _what: &Transmit, _why: &str) {
        unimplemented!()
    }

    pub fn handle_done(&mut self, _now: Now, _done: Done) {
        unimplemented!()
    }

    pub fn handle_timeout(&mut self, _now: Now) {
        unimplemented!()
    }

    /// What the user wants. Refused at once, or accepted and followed by events.
    pub fn command(&mut self, _now: Now, _what: Command) -> Result<Accepted, crate::vocab::Failure> {
        unimplemented!()
    }

    pub fn poll(&mut self) -> Option<Output> {
        unimplemented!()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        unimplemented!()
    }

    pub fn config(&self) -> &AgentConfig {
        unimplemented!()
    }

    pub fn ask(&self, _id: AskId) -> Option<&Ask> {
        unimplemented!()
    }

    /// Oldest first.
    pub fn asks(&self) -> impl Iterator<Item = &Ask> {
        [].iter()
    }

    pub fn review(&self, _id: ReviewId) -> Option<&OpenReview> {
        unimplemented!()
    }

    pub fn reviews(&self) -> impl Iterator<Item = &OpenReview> {
        [].iter()
    }

    pub fn call(&self, _id: CallId) -> Option<&Call> {
        unimplemented!()
    }

    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        [].iter()
    }

    /// Every entry in force, in lookup order, the default last.
    pub fn entries(&self) -> Vec<Entry> {
        unimplemented!()
    }

    pub fn spd(&self) -> &Spd {
        unimplemented!()
    }

    pub fn presences(&self) -> impl Iterator<Item = &PresenceRecord> {
        [].iter()
    }

    /// What we say of ourselves.
    pub fn own_presence(&self) -> PresenceRecord {
        unimplemented!()
    }

    pub fn environment(&self) -> Environment {
        unimplemented!()
    }

    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        [].iter()
    }

    /// Safety phrase of PROTOCOL section 9 with this pinned device, as words.
    pub fn safety_phrase(&self, _pin: &Pin) -> Vec<&'static str> {
        unimplemented!()
    }

    /// Counters for `/v1/metrics`: name and value, sorted by name.
    pub fn metrics(&self) -> Vec<(&'static str, u64)> {
        unimplemented!()
    }
}
