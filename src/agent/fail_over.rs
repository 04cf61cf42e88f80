//! Several addresses of one name, tried one after the other (RFC 3263 section 4.3).

use std::collections::VecDeque;

use super::target::Target;
use super::Agent;
use crate::sip::{Candidate, EndCause};
use crate::vocab::{Failure, FailureKind};

/// The status by which a server sends its clients to the next one (RFC 3263 section 4.3).
pub const UNAVAILABLE: u16 = 503;

/// Those that have not been tried yet, the next one first.
#[derive(Clone, Debug, Default)]
pub struct Untried(VecDeque<Candidate>);

impl Untried {
    pub fn next(&mut self) -> Option<Candidate> {
        self.0.pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Agent {
    /// Those of our own family come first and alone, for we have no other to send from; without any of them it is as found.
    pub(super) fn reachable(&self, mut all: Vec<Candidate>) -> Untried {
        let ours = |candidate: &Candidate| candidate.address.is_ipv4() == self.config.media_address.is_ipv4();
        if all.iter().any(ours) {
            all.retain(ours);
        }
        Untried(all.into())
    }
}

/// With what was tried, for whoever named an e-mail address. Before anybody was asked, only what finds nobody is about that.
pub fn with_tried(target: &Target, failure: Failure, tried: &[Candidate]) -> Failure {
    match tried.is_empty() && failure.kind != FailureKind::Unreachable {
        true => failure,
        false => target.tried(failure, tried),
    }
}

/// Nobody there, or nobody who has time: another server of the same name may do better.
pub fn calls_for_another(cause: &EndCause) -> bool {
    match cause {
        EndCause::Rejected { status, .. } => *status == UNAVAILABLE,
        EndCause::TimedOut | EndCause::Transport { .. } => true,
        EndCause::Full
        | EndCause::InClear { .. }
        | EndCause::Redirected { .. }
        | EndCause::Terminated { .. }
        | EndCause::Unproven { .. }
        | EndCause::Unsubscribed => false,
    }
}
