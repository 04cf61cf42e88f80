use super::{Approved, ApprovedPeer};
use crate::policy::{agreed_terms, Entry, Level, ProposalDecision, Purpose, StatedPolicy, Statement};
use crate::vocab::{Digest, Generation};

/// What our user would approve if the peer accepts packets that are protected less than it asks. Only a review makes one, and only
/// the peer's word makes it [`Approved`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    pub(super) entries: Vec<Entry>,
    pub(super) peer: ApprovedPeer,
    pub(super) generation: Generation,
    /// In which it is looser, in words.
    pub(super) fields: Vec<String>,
    /// To the peer's user.
    pub(super) note: Option<String>,
}

/// Why an answer makes nothing approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAgreed {
    #[error("it is no word of the device that was asked")]
    Another,
    #[error("it answers another proposal")]
    AnotherProposal,
    #[error("the peer did not accept it")]
    NotAccepted,
}

impl Proposed {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// As the peer sees it.
    pub fn policies(&self, default_level: Level) -> Vec<StatedPolicy> {
        agreed_terms(&self.entries, true, default_level)
    }

    /// `answer` has its signature verified, and answers our question; `proposal` is the hash of what was sent.
    pub fn agreed(self, answer: &Statement, proposal: &Digest) -> Result<Approved, NotAgreed> {
        let from = ApprovedPeer {
            entity: answer.entity.clone(),
            device: answer.device.clone(),
            signing_key: answer.signing_key,
            agreement_key: answer.agreement_key,
        };
        let said = answer.answer.as_ref().filter(|_| answer.purpose == Purpose::Answer && from == self.peer);
        match said {
            None => Err(NotAgreed::Another),
            Some(said) if said.proposal != *proposal => Err(NotAgreed::AnotherProposal),
            Some(said) if said.decision != ProposalDecision::Accepted => Err(NotAgreed::NotAccepted),
            Some(_) => Ok(Approved::of_peer(self.entries, self.peer, self.generation)),
        }
    }
}
