/// What went wrong, to what, and what to do next: every error that a user can meet has this form.
/// Sentences stand behind `sottovoce: ` and `next: `, so they begin small and end without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub kind: FailureKind,
    /// Stable, for programs: `peer-silent`, `key-changed`.
    pub code: &'static str,
    /// What happened, one sentence. Peer text in it is escaped already.
    pub message: String,
    /// To what: a peer, a file, an option.
    pub subject: String,
    /// What to do next, one sentence.
    pub next: String,
}

/// Sorts failures as the exit codes of the command line do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    Failed,
    Usage,
    RefusedByUser,
    RefusedByPolicy,
    Unreachable,
    Trust,
}

impl Failure {
    pub fn new(
        kind: FailureKind,
        code: &'static str,
        message: impl Into<String>,
        subject: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { kind, code, message: message.into(), subject: subject.into(), next: next.into() }
    }
}
