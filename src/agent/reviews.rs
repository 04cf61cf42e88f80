//! The reviews of this agent, those that wait for an answer and the last ones, with what each was opened with.

use std::collections::BTreeMap;

use super::{OpenReview, ReviewState};
use crate::policy::{Intent, KeyState, Provenance, ReviewKind, Rule, Statement};
use crate::presence::PresenceRecord;
use crate::vocab::{AskId, CallId, Device, Entity, Mono, PeerText, ProposalId, ReviewId};

#[derive(Default)]
pub struct Reviews {
    pub all: BTreeMap<ReviewId, Reviewing>,
    pub(super) last: u64,
    /// Ended just now.
    pub ended: Vec<ReviewId>,
}

/// A review with what only its story needs.
pub struct Reviewing {
    pub open: OpenReview,
    pub(super) opening: Opening,
    pub(super) deadline: Mono,
    pub(super) answered_by: &'static str,
    /// What the device said since, and is put in its place.
    pub(super) newer: Option<ReviewId>,
}

/// What a review is opened with.
#[derive(Clone)]
pub struct Opening {
    pub kind: ReviewKind,
    /// Who we are to the peer.
    pub ours: Entity,
    pub statement: Statement,
    pub provenance: Provenance,
    pub key_state: KeyState,
    pub wanted_presence: bool,
    pub intent: Intent,
    pub record: PresenceRecord,
    pub ask: Option<AskId>,
    pub call: Option<CallId>,
    /// Rules that a refused call lacked.
    pub missing: Vec<Rule>,
    /// What the peer signed, where `statement` has a proposed policy in the place of its own.
    pub said: Option<Statement>,
    /// The peer's user to ours, with a proposal.
    pub note: Option<PeerText>,
    /// The proposal that is put, or that it counters.
    pub proposal: Option<ProposalId>,
}

impl Opening {
    /// The user accepted keys that differ from the pinned ones.
    pub(super) fn replaces_keys(&self) -> bool {
        matches!(self.key_state, KeyState::Accepted { .. })
    }

    /// Which key takes the place of which, for the audit table.
    pub(super) fn replacement(&self) -> Option<String> {
        let KeyState::Accepted { pinned } = self.key_state else { return None };
        let print = crate::keys::fingerprint(&self.statement.signing_key, &self.statement.agreement_key);
        Some(format!("key {print} accepted in place of {pinned}"))
    }
}

impl Reviews {
    /// Numbers go on after the last one that was given: a late answer must not meet another review.
    pub fn after(last: u64) -> Self {
        Self { last, ..Self::default() }
    }

    /// The one in which what this device says waits for an answer.
    pub fn open_of(&self, entity: &Entity, device: &Device) -> Option<ReviewId> {
        self.open_about(entity).find(|reviewing| reviewing.statement().device == *device).map(|r| r.open.id)
    }

    pub fn open_of_somebody_of(&self, entity: &Entity) -> Option<ReviewId> {
        self.open_about(entity).next().map(|reviewing| reviewing.open.id)
    }

    fn open_about<'a>(&'a self, entity: &'a Entity) -> impl Iterator<Item = &'a Reviewing> {
        self.all.values().filter(|reviewing| reviewing.is_open() && reviewing.statement().entity == *entity)
    }
}

impl Reviewing {
    pub fn statement(&self) -> &Statement {
        &self.opening.statement
    }

    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Who we are to the peer.
    pub fn ours(&self) -> &Entity {
        &self.opening.ours
    }

    pub fn record(&self) -> &PresenceRecord {
        &self.opening.record
    }

    pub fn answered_by(&self) -> &'static str {
        self.answered_by
    }

    /// What the peer said when it accepted.
    pub fn agreed(&mut self, statement: Statement) {
        self.opening.said = Some(statement);
    }

    pub fn is_open(&self) -> bool {
        matches!(
            self.open.state,
            ReviewState::Pending | ReviewState::Looser { .. } | ReviewState::Declined(_) | ReviewState::Failed(_)
        )
    }
}
