//! Failures of the control door itself.

use crate::vocab::{escape, Failure, FailureKind};

pub(super) fn no_such(code: &'static str, what: &str, id: &str, list: &str) -> Failure {
    let id = escape(&id.chars().take(80).collect::<String>());
    Failure::new(
        FailureKind::Usage,
        code,
        format!("there is no {what} {id}"),
        id,
        format!("see `sottovoce {list}` for those there are"),
    )
}

pub(super) fn stopped() -> Failure {
    Failure::new(
        FailureKind::Failed,
        "agent-stopped",
        "the agent is stopping",
        "agent",
        "start it again with `sottovoce run`",
    )
}

/// A wait on the agent itself, which only a fault can make so long.
pub(super) fn silent(what: &str) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "agent-silent",
        format!("{what} is not finished after 30 s; it may still become so"),
        what,
        "look at `sottovoce status`, then at the agent's log",
    )
}

pub(super) fn usage(code: &'static str, message: String, subject: &str, next: &str) -> Failure {
    Failure::new(FailureKind::Usage, code, message, subject, next)
}
