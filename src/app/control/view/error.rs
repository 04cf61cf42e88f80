use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::vocab::{Failure, FailureKind};

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorView,
}

/// What happened, to what, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorView {
    /// Stable, for programs: `peer-silent`, `key-changed`.
    pub code: String,
    /// What happened, one sentence.
    pub message: String,
    /// To what: a peer, a file, an option.
    pub subject: String,
    /// What to do next, one sentence.
    pub next: String,
    /// Which exit code of the command line it is.
    pub kind: ErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Exit code 1.
    Failed,
    /// Exit code 4.
    RefusedByPolicy,
    /// Exit code 3.
    RefusedByUser,
    /// Exit code 6.
    Trust,
    /// Exit code 5.
    Unreachable,
    /// Exit code 2.
    Usage,
}

impl From<&Failure> for ErrorView {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.to_owned(),
            message: failure.message.clone(),
            subject: failure.subject.clone(),
            next: failure.next.clone(),
            kind: failure.kind.into(),
        }
    }
}

impl From<&Failure> for ErrorBody {
    fn from(failure: &Failure) -> Self {
        Self { error: failure.into() }
    }
}

impl From<FailureKind> for ErrorKind {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Failed => Self::Failed,
            FailureKind::RefusedByPolicy => Self::RefusedByPolicy,
            FailureKind::RefusedByUser => Self::RefusedByUser,
            FailureKind::Trust => Self::Trust,
            FailureKind::Unreachable => Self::Unreachable,
            FailureKind::Usage => Self::Usage,
        }
    }
}
