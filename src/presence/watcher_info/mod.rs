//! Who watches a presentity: `application/watcherinfo+xml` (RFC 3858), the document of `presence.winfo` (RFC 3857), within the limits
//! of every other document. [`read`] is for whoever subscribes to it, [`mod@write`] for whoever notifies of it.

mod read;
mod write;

pub use read::{ServerWatcher, Taken, WatcherInfo, WatcherTable};
pub use write::{write_watchers, ToldWatcher, WatcherEvent};

/// The template package `winfo` applied to presence (RFC 3857 section 4.1).
pub const WATCHER_INFO_PACKAGE: &str = "presence.winfo";
/// Media type of its document (RFC 3858).
pub const WATCHER_INFO: &str = "application/watcherinfo+xml";

/// Most watchers of one document, and of one list (our own bound).
const MAX_WATCHERS: usize = 256;
/// Longest text of a watcher that is kept, in octets.
const MAX_TEXT: usize = 256;

/// RFC 3858 section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatcherStatus {
    Active,
    Pending,
    Terminated,
    Waiting,
}

impl WatcherStatus {
    const ALL: [Self; 4] = [Self::Active, Self::Pending, Self::Terminated, Self::Waiting];

    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Terminated => "terminated",
            Self::Waiting => "waiting",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}
