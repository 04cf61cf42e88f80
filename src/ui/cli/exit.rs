use std::process::ExitCode;

use crate::app::control::view::{ErrorKind, ErrorView};

/// How a command ended, as the shell learns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    RefusedByUser = 3,
    /// Also: a review waits for its answer; a server does not take the user and password of an account.
    RefusedByPolicy = 4,
    Unreachable = 5,
    Trust = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&ErrorView> for Exit {
    fn from(error: &ErrorView) -> Self {
        match error.kind {
            ErrorKind::Failed => Self::Failed,
            ErrorKind::RefusedByPolicy => Self::RefusedByPolicy,
            ErrorKind::RefusedByUser => Self::RefusedByUser,
            ErrorKind::Trust => Self::Trust,
            ErrorKind::Unreachable => Self::Unreachable,
            ErrorKind::Usage => Self::Usage,
        }
    }
}
