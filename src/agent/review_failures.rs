//! Why a review cannot be put, or is not answered as its user wanted, in the words that he sees.

use super::reviews::Reviewing;
use super::ReviewState;
use crate::policy::AnswerError;
use crate::vocab::{Failure, FailureKind, ReviewId};

pub(super) fn no_such_review(id: ReviewId) -> Failure {
    let next = "see `sottovoce review list` for those that wait";
    Failure::new(FailureKind::Usage, "no-such-review", format!("there is no review {id}"), id.to_string(), next)
}

pub(super) fn answered_already(reviewing: &Reviewing, newest: Option<ReviewId>) -> Failure {
    let open = &reviewing.open;
    if let Some(newer) = newest {
        return super::overtaken::overtaken(open.id, newer);
    }
    if open.state == ReviewState::Stale {
        return Failure::new(
            FailureKind::Failed,
            "review-stale",
            format!("your entries changed since review {} was put", open.id),
            open.id.to_string(),
            "see `sottovoce review list` for the one that took its place, and answer that",
        );
    }
    let how = match &open.state {
        ReviewState::Refused { by } => format!("was refused ({by})"),
        ReviewState::Proposed { proposal } => format!("waits for the peer's answer to proposal {proposal}"),
        ReviewState::Registered { by, .. } => format!("was approved ({by})"),
        _ => "is being stored".into(),
    };
    let message = format!("review {} {how}", open.id);
    Failure::new(
        FailureKind::Failed,
        "review-closed",
        message,
        open.id.to_string(),
        "the first answer wins; ask again to decide anew",
    )
}

pub(super) fn stale(id: ReviewId, next: ReviewId) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "review-stale",
        format!("your entries changed since review {id} was put"),
        id.to_string(),
        format!("look at review {next}, which takes its place, and answer that"),
    )
}

pub(super) fn no_peer_address(subject: &str) -> Failure {
    let message = format!("the answer of {subject} names no address that a policy could rule");
    Failure::new(FailureKind::Failed, "no-peer-address", message, subject, "ask it directly, by its IP address")
}

pub(super) fn unreadable(subject: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "policy-unreadable",
        format!("the policy of {subject} cannot be reviewed: {why}"),
        subject,
        "your policy stands as it was; ask the peer's user to mend its policy, then ask again",
    )
}

pub(super) fn impossible(subject: &str, why: &AnswerError) -> Failure {
    let next = format!("{}; the review is still open", why.failure(subject).next);
    Failure::new(FailureKind::RefusedByPolicy, "answer-impossible", why.to_string(), subject, next)
}

pub(super) fn refused(subject: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByUser,
        "review-refused",
        format!("the policy of {subject} was refused"),
        subject,
        "nothing was registered; ask again when you want to decide anew",
    )
}

/// `named`: the fields that are looser.
pub(super) fn looser(id: ReviewId, subject: &str, named: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "looser-than-asked",
        format!("this is looser than {subject} asks, which would discard your packets: {named}"),
        subject,
        format!(
            "approve review {id} as it is or tighten it, or let the peer's user be asked with --propose; it is still open, and \
             nothing was changed"
        ),
    )
}
