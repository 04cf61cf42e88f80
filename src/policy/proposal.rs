//! What two devices say to each other about a looser policy (PROTOCOL section 6).

use super::StatedPolicy;
use crate::vocab::{Digest, PeerText};

/// A looser policy that the author would like to have from the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The author's name for it: the same policy proposed anew has another one, and is another question.
    pub id: PeerText,
    /// The reader's policy for the author as it would be, seen by the reader: `out` is reader to author. At least one.
    pub policies: Vec<StatedPolicy>,
    /// The author's user to the reader's.
    pub note: Option<PeerText>,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalAnswer {
    /// Of the proposal that it answers.
    pub proposal: Digest,
    pub decision: ProposalDecision,
    /// What would be accepted instead, seen by the reader of the answer; none unless it was countered.
    pub policies: Vec<StatedPolicy>,
    pub note: Option<PeerText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProposalDecision {
    Accepted,
    /// Another policy would be accepted.
    Countered,
    Refused,
}

impl ProposalDecision {
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Countered, Self::Refused];

    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Countered => "countered",
            Self::Refused => "refused",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.name() == name)
    }
}
