//! What the agent shows of its state: accounts, and asks, reviews and calls, each of these kept for a while after its end.

use std::time::Duration;

use crate::media::Counters;
use crate::policy::{Review, Wanted};
use crate::presence::PresenceRecord;
use crate::vocab::{AskId, CallId, Device, Entity, Failure, Generation, ReviewId, TextId, Wall};

/// An account, and how it stands with its registrar. Texts are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub entity: Entity,
    /// The user added it, and can remove it; others are the configuration's.
    pub added: bool,
    /// As the configuration names it.
    pub proxy: String,
    /// By which transport and where it is reached, or was tried last: `tcp:192.0.2.1:5060`.
    pub address: Option<String>,
    pub user: String,
    pub state: AccountState,
    pub service_route: Vec<String>,
    /// The URI of this device at its registrar (RFC 5627).
    pub gruu: Option<String>,
    pub publication: PublicationState,
}

impl Account {
    /// The proxy, and where that is.
    pub fn reached(&self) -> String {
        match self.address.as_ref().filter(|address| **address != self.proxy) {
            Some(address) => format!("{} ({address})", self.proxy),
            None => self.proxy.clone(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum AccountState {
    /// We stop, and have taken it back.
    Left,
    /// It is of no use to try again.
    Refused(Failure),
    Registered {
        until: Wall,
    },
    Registering,
    /// Its proxy is looked for.
    Resolving,
    Waiting {
        failure: Failure,
        again: Wall,
    },
}

/// How what strangers may know of us stands at an account's presence server.
#[derive(Clone, Debug, PartialEq)]
pub enum PublicationState {
    /// We stop, and have taken it back.
    Left,
    /// Not registered yet.
    None,
    /// The configuration wants none.
    Off,
    Published {
        until: Wall,
    },
    Publishing,
    /// It is of no use to try again.
    Refused(Failure),
    Waiting {
        failure: Failure,
        again: Wall,
    },
    /// It is nobody's business, or not this account's; why.
    Withheld(&'static str),
}

impl PublicationState {
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Refused(failure) | Self::Waiting { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// Nothing will change it while the agent runs.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Left | Self::Refused(_))
    }
}

#[derive(Clone, Debug)]
pub struct Ask {
    pub id: AskId,
    /// As the user typed it.
    pub peer: String,
    /// The SIP URI that it came to mean.
    pub target: String,
    pub wanted: Wanted,
    pub started: Wall,
    pub state: AskState,
    /// What happened so far, in words of ours, for progress.
    pub steps: Vec<(Wall, String)>,
    pub presence: Option<PresenceRecord>,
    /// The review that it led to, answered or not.
    pub review: Option<ReviewId>,
    /// Another device answered too: what it says is put to the user once this has ended.
    pub next: Option<AskId>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AskState {
    Asking,
    Cancelled,
    Failed(Failure),
    /// Presence alone was asked: it is shown and stored.
    PresenceStored,
    Refused,
    Registered {
        generation: Generation,
    },
    Reviewing(ReviewId),
}

/// A review with its number and its fate.
#[derive(Clone, Debug)]
pub struct OpenReview {
    pub id: ReviewId,
    pub ask: Option<AskId>,
    pub review: Review,
    /// The peer's row of the presence database, with our user's own names.
    pub presence: PresenceRecord,
    pub opened: Wall,
    /// Without an answer until then it is refused.
    pub deadline: Wall,
    pub state: ReviewState,
    /// What a refused call said was missing: rules in setkey's form. Empty otherwise.
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ReviewState {
    Failed(Failure),
    /// The answer was looser than the peer asked, in these fields; still open for another answer.
    Looser {
        fields: Vec<String>,
    },
    Pending,
    Refused {
        by: &'static str,
    },
    Registered {
        generation: Generation,
        by: &'static str,
    },
    /// The entries changed meanwhile: ask again.
    Stale,
    /// Approved, on its way to the disk.
    Storing,
}

/// One short text. Texts and names are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct TextMessage {
    pub id: TextId,
    pub at: Wall,
    /// To whom, or who says that he wrote it.
    pub peer: String,
    pub outgoing: bool,
    pub text: String,
    pub state: TextState,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TextState {
    Delivered,
    Failed(Failure),
    /// A server keeps it for the peer.
    Kept,
    Received,
    Sending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Callee,
    Caller,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub id: CallId,
    /// As typed, or the caller's entity.
    pub peer: String,
    pub entity: Option<Entity>,
    pub device: Option<Device>,
    /// The peer holds the keys that our user approved. Without it a caller is only who it says that it is.
    pub known: bool,
    pub side: Side,
    pub state: CallState,
    pub started: Wall,
    /// The action of the entry that rules it, setkey's form.
    pub action: String,
    /// What both sides agreed: `none`, `esp`, `ah`, `ah+esp`.
    pub bundle: String,
    pub suite: Option<String>,
    /// From INVITE to established.
    pub setup: Option<Duration>,
    pub counters: Counters,
    /// Nothing was heard of the peer for some seconds now.
    pub quiet: bool,
    /// The ask that had to come first, or that a refusal led to.
    pub ask: Option<AskId>,
    pub review: Option<ReviewId>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CallState {
    /// Both sides hold the keys; the stream runs.
    Active,
    /// The policy comes first.
    Asking,
    Ended {
        reason: String,
    },
    Failed(Failure),
    /// We ring.
    Incoming,
    Inviting,
    /// The peer rings.
    Ringing,
    Reviewing(ReviewId),
}
