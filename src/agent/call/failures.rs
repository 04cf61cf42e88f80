//! What several stories of a call tell their user when they fail.

use crate::vocab::{escape, CallId, Failure, FailureKind};

pub(super) fn gone(id: CallId) -> Failure {
    let message = format!("call {id} has no peer any more");
    Failure::new(FailureKind::Failed, "call-gone", message, id.to_string(), "call again")
}

/// `said` is what the peer's telephone had to say, in brackets, or empty.
pub(super) fn nobody_answered(peer: &str, said: &str) -> Failure {
    let message = format!("nobody answered at {peer}{said}");
    Failure::new(FailureKind::Unreachable, "nobody-answered", message, peer, "try again later")
}

pub(super) fn no_address(peer: &str) -> Failure {
    let message = format!("no address of {peer} is known");
    Failure::new(FailureKind::Unreachable, "no-address", message, peer, "ask the peer anew")
}

pub(super) fn no_agreement_text(peer: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "no-key-agreement",
        format!("no keys could be agreed with {peer}: {why}"),
        peer,
        "nothing was sent; ask the peer anew, its keys may have changed",
    )
}

pub(super) fn downgrade(peer: &str) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "downgrade",
        format!(
            "the answer of {peer} lacks the protection that was offered; somebody on the way may have taken it out"
        ),
        peer,
        "nothing was sent; call again, and if it stays so, reach the peer by another network",
    )
}

pub(super) fn unreadable_sdp(peer: &str, why: &str) -> Failure {
    let message = format!("the answer of {peer} cannot be used: {}", escape(why));
    Failure::new(
        FailureKind::Failed,
        "answer-unusable",
        message,
        peer,
        "call again, or ask the peer which agent it runs",
    )
}
