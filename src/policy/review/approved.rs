use super::answer::padding_fits;
use super::AnswerError;
use crate::policy::{Entry, Origin};
use crate::vocab::{AgreementKey, Device, Entity, EntryId, Generation, VerifyKey, Wall};

/// The user's answer. Only a review makes one, and nothing but an approved entry reaches the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    entries: Vec<Entry>,
    peer: Option<ApprovedPeer>,
    origin: Origin,
    generation: Generation,
}

/// Whose statement was approved, and the keys that this pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedPeer {
    pub entity: Entity,
    pub device: Device,
    pub signing_key: VerifyKey,
    pub agreement_key: AgreementKey,
}

impl Approved {
    /// Entries that the user, an import or the configuration made: a review without a peer's side, answered at
    /// once. They are taken as they are; who wants the other direction too calls [`both_directions`](crate::policy::both_directions) first.
    /// Their number, origin and age are ours to give, whatever their text claims.
    pub fn own(entries: Vec<Entry>, origin: Origin, generation: Generation, now: Wall) -> Result<Self, AnswerError> {
        if entries.is_empty() {
            return Err(AnswerError::Nothing);
        }
        entries.iter().try_for_each(padding_fits)?;
        let ours = |entry: Entry| Entry { id: EntryId::default(), origin, created: now, ..entry };
        Ok(Self { entries: entries.into_iter().map(ours).collect(), peer: None, origin, generation })
    }

    /// Entries of the database that our user has changed: they keep their number and their age.
    pub fn changed(entries: Vec<Entry>, generation: Generation) -> Result<Self, AnswerError> {
        entries.iter().try_for_each(padding_fits)?;
        Ok(Self { entries, peer: None, origin: Origin::User, generation })
    }

    /// What a review's user said yes to.
    pub(super) fn of_peer(entries: Vec<Entry>, peer: ApprovedPeer, generation: Generation) -> Self {
        Self { entries, peer: Some(peer), origin: Origin::Review, generation }
    }

    /// Entries that were approved before a restart, as the store kept them. Named in `io/store` only.
    pub fn restore(entries: Vec<Entry>, origin: Origin, generation: Generation) -> Self {
        Self { entries, peer: None, origin, generation }
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// `None` for entries of our own (command, import, configuration).
    pub fn peer(&self) -> Option<&ApprovedPeer> {
        self.peer.as_ref()
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The generation that the review was made against.
    pub fn generation(&self) -> Generation {
        self.generation
    }
}
