use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use super::os;

/// Whose a file is, beside who we are: for messages about what may not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The number of the user that it belongs to.
    pub uid: u32,
    pub mode: u32,
    /// Ours.
    pub me: u32,
}

impl Owner {
    pub fn of(found: &Metadata) -> Self {
        Self { uid: found.uid(), mode: found.mode() & 0o7777, me: os::user() }
    }

    pub fn is_other(&self) -> bool {
        self.uid != self.me && self.me != 0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it belongs to user {} (mode {:04o}), and you are user {}", self.uid, self.mode, self.me)
    }
}
