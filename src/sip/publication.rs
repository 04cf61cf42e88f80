use std::time::Duration;

use super::authentication::Authentication;
use super::dialog::By;
use super::headers::NameAddr;
use super::{Body, Uri};
use crate::vocab::Mono;

/// One publication of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicationId(pub u64);

/// Event state of ours that a server holds for us (RFC 3903).
#[derive(Debug)]
pub(crate) struct Publication {
    pub call_id: String,
    pub cseq: u32,
    pub tag: String,
    /// Of whom: From and To.
    pub presentity: NameAddr,
    /// The Request-URI.
    pub target: Uri,
    pub remote: std::net::SocketAddr,
    pub by: By,
    /// The event package.
    pub event: String,
    /// The newest state.
    pub body: Body,
    pub authentication: Authentication,
    /// What we ask for.
    pub asked: Duration,
    pub phase: Phase,
    /// What the PUBLISH under way is to do; none is sent before its answer has come (RFC 3903 section 4).
    pub asking: Option<Step>,
    /// The server does not have the newest state yet.
    pub is_new: bool,
    /// What the server calls the state that it holds (RFC 3903 section 4.1).
    pub etag: Option<String>,
    /// A 423 was followed; a second one fails it.
    pub bargained: bool,
    /// In a row.
    pub failures: u32,
    /// As of a registration.
    pub silent: bool,
    pub hastened: Option<Mono>,
    /// Refresh, or another try.
    pub next: Option<Mono>,
}

/// What one PUBLISH does (RFC 3903 section 4.1, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A body and no entity tag.
    Initial,
    /// An entity tag and a body.
    Modify,
    /// An entity tag, no body, and `Expires: 0`.
    Remove,
    /// An entity tag and no body.
    Refresh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// The user is done with it; the PUBLISH that removes it waits for the answer to the one before.
    Leaving,
}

impl Publication {
    /// What has to be sent next.
    pub fn step(&self) -> Step {
        match (&self.etag, self.phase) {
            (Some(_), Phase::Leaving) => Step::Remove,
            (Some(_), Phase::Open) if !self.is_new => Step::Refresh,
            (Some(_), Phase::Open) => Step::Modify,
            (None, _) => Step::Initial,
        }
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        let next = self.next.filter(|_| self.asking.is_none() && self.phase == Phase::Open);
        next.map(|at| (at, "publication to be refreshed"))
    }
}

impl Step {
    pub fn has_body(self) -> bool {
        matches!(self, Self::Initial | Self::Modify)
    }
}
