//! Why a proposal of ours came to nothing, in the words that its user sees.

use super::propose::MAX_NOTE;
use crate::vocab::{Failure, FailureKind, ProposalId, ReviewId};

const TIGHTER_STANDS: &str =
    "what was in force stays in force; approve the policy as the peer asks, or propose another one";

pub(super) fn refused(subject: &str, said: &str) -> Failure {
    let message = format!("the user of {subject} refused the looser policy{said}");
    Failure::new(FailureKind::RefusedByUser, "proposal-refused", message, subject, TIGHTER_STANDS)
}

pub(super) fn expired(subject: &str) -> Failure {
    let message = format!("{subject} did not answer the proposal of a looser policy in time");
    Failure::new(FailureKind::RefusedByUser, "proposal-expired", message, subject, TIGHTER_STANDS)
}

pub(super) fn crossed(subject: &str) -> Failure {
    let message = format!("{subject} proposed a policy at the same time as you: both proposals lapse");
    let next = "what was in force stays in force; agree with its user on who proposes, and propose again";
    Failure::new(FailureKind::Failed, "proposals-crossed", message, subject, next)
}

pub(super) fn cancelled(subject: &str) -> Failure {
    let message = format!("the proposal to {subject} was taken back");
    Failure::new(FailureKind::RefusedByUser, "proposal-cancelled", message, subject, TIGHTER_STANDS)
}

pub(super) fn not_agreed(subject: &str, why: &str) -> Failure {
    let message = format!("{subject} accepted the looser policy, and it was not registered: {why}");
    let next =
        "what was in force stays in force; ask again, and propose it again: what the peer's user accepted stands";
    Failure::new(FailureKind::Failed, "not-agreed", message, subject, next)
}

pub(super) fn silent(subject: &str) -> Failure {
    let message = format!("{subject} does not answer the proposal");
    Failure::new(FailureKind::Unreachable, "peer-silent", message, subject, TIGHTER_STANDS)
}

/// 480 with Retry-After.
pub(super) fn crowded(subject: &str) -> Failure {
    let message =
        format!("{subject} puts no further proposal to its user yet: it takes three of a device in ten minutes");
    Failure::new(FailureKind::Unreachable, "proposals-crowded", message, subject, TIGHTER_STANDS)
}

pub(super) fn unreachable(subject: &str) -> Failure {
    let message = format!("{subject} cannot be reached to propose a policy to it");
    Failure::new(FailureKind::Unreachable, "peer-unreachable", message, subject, TIGHTER_STANDS)
}

pub(super) fn rejected(subject: &str, status: u16, reason: &str) -> Failure {
    let (kind, next) = match status {
        403 => (
            FailureKind::RefusedByPolicy,
            "it takes proposals of devices only that its user approved: have its user ask you and approve, then propose again",
        ),
        _ => (FailureKind::Failed, "its agent may not know of proposals; what was in force stays in force"),
    };
    let message = format!("{subject} does not take the proposal: it answered {status} {reason}");
    Failure::new(kind, "proposal-rejected", message, subject, next)
}

pub(super) fn countered(subject: &str, review: ReviewId) -> Failure {
    let message = format!("the user of {subject} would accept another policy than the one that you proposed");
    let next =
        format!("look at it with `sottovoce review show {review}`, and answer it: `sottovoce review answer {review}`");
    Failure::new(FailureKind::RefusedByUser, "proposal-countered", message, subject, next)
}

pub(super) fn answer_theirs(subject: &str, other: ProposalId) -> Failure {
    let message = format!("{subject} has proposed a policy itself ({other}), which waits for your answer");
    let next = "answer that first: `sottovoce review list` shows its review";
    Failure::new(FailureKind::RefusedByPolicy, "proposal-waits", message, subject, next)
}

pub(super) fn waits_already(subject: &str, before: ProposalId) -> Failure {
    let message = format!("your proposal {before} to {subject} waits for its answer");
    let next = format!("wait for it, or take it back: `sottovoce proposal cancel {before}`");
    Failure::new(FailureKind::RefusedByPolicy, "proposal-waits", message, subject, next)
}

pub(super) fn bad_note() -> Failure {
    let message = format!("a note has at most {MAX_NOTE} octets and no control characters");
    Failure::new(FailureKind::Usage, "bad-note", message, "note", "write it shorter and plainer")
}

pub(super) fn no_such_proposal(id: ProposalId) -> Failure {
    let message = format!("there is no open proposal {id} of yours");
    Failure::new(FailureKind::Usage, "no-such-proposal", message, id.to_string(), "see `sottovoce proposal list`")
}
