//! Why nobody is called, in the words that our user sees.

use crate::agent::target::Target;
use crate::agent::Pin;
use crate::policy::{Entry, Origin};
use crate::vocab::{escape, CallId, Entity, EntryId, Failure, FailureKind};

pub(super) fn ambiguous(target: &Target, meant: &[&Pin]) -> Failure {
    let names: Vec<&str> = meant.iter().map(|pin| pin.entity.as_str()).collect();
    Failure::new(
        FailureKind::Usage,
        "ambiguous-peer",
        format!("several approved peers are at {}: {}", target.host, names.join(", ")),
        target.entity.as_str(),
        "call the one that you mean by its full name",
    )
}

pub(super) fn nobody_approved(target: &Target) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "nothing-approved",
        format!("no entry for {} is approved", target.entity),
        target.entity.as_str(),
        "ask it, and approve its policy",
    )
}

pub(super) fn discarded(entity: &Entity, entry: &Entry) -> Failure {
    let (id, rule) = (entry.id, entry.rule_text());
    let next = match entry.origin {
        Origin::Review => format!(
            "`{rule}` ({id}) is what you approved for it: ask it again, if it takes calls by now, and approve its policy"
        ),
        _ if id == EntryId::default() => {
            format!("`{rule}` in force by default discards it: add an entry for it with `sottovoce policy add`")
        }
        _ => format!("`{rule}` discards it: `sottovoce policy disable {id}` takes it out of force, `policy edit` changes it"),
    };
    Failure::new(
        FailureKind::RefusedByPolicy,
        "discarded",
        format!("your policy discards what media with {entity} would send, or receive, so it is not called"),
        entity.as_str(),
        next,
    )
}

pub(super) fn recorded_already(other: CallId) -> Failure {
    let message = format!("call {other} is being recorded in that file");
    let next = "name another file with --record; nobody was called";
    Failure::new(FailureKind::Usage, "recording-impossible", message, other.to_string(), next)
}

pub(super) fn played_already(file: &str) -> Failure {
    let file = escape(file);
    let message = format!("{file} is what this call plays: the recording would overwrite it");
    Failure::new(
        FailureKind::Usage,
        "recording-impossible",
        message,
        file,
        "name another file with --record; nobody was called",
    )
}

pub(super) fn too_many(peer: &str, most: usize) -> Failure {
    let message = format!("{most} calls are open already");
    Failure::new(FailureKind::Failed, "too-many-calls", message, escape(peer), "hang up some of them first")
}

/// The user had answered the review beforehand.
pub(super) fn unreviewed(failure: Failure) -> Failure {
    let message = format!(
        "{}; so there was no review for `--approve`, or another answer given beforehand, to count in",
        failure.message
    );
    Failure { message, ..failure }
}
