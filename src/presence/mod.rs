//! The PIDF document with our policy extension (PROTOCOL section 3): presence in, [`Statement`](crate::policy::Statement)
//! out, and back. Pure.
//!
//! A document is read in three steps, each of which can refuse:
//!
//! 1. [`read`] makes a [`Document`] out of octets. Whatever stands outside of `statement` and is unknown
//!    is ignored; inside it, nothing unknown, twice or out of bounds is let through.
//! 2. [`Signed::verify`] checks the Ed25519 signature over the [`canonical_text`], which is rebuilt from the
//!    values that were read, because presence servers write the XML anew. Whether the key is one that
//!    the user trusts is the agent's matter.
//! 3. [`check()`] holds the statement against what was expected: whose, for whom, when, in answer to what.
//!
//! [`write()`] is the way back, [`inspect()`] tells a person all of it at once. The grammar of the canonical
//! text, with vectors, is in `docs/protocol.md`; the schemas are in `config/`.

mod canonical;
mod check;
mod document;
mod fields;
mod inspect;
mod namespace;
mod negotiation;
mod place_type;
pub mod record;
mod signed;
mod stated_policy;
mod statement;
#[cfg(test)]
mod tests;
mod unreadable;
mod vouch;
mod watcher_info;
mod words;
mod write;
mod xml;
mod xml_writer;

pub use canonical::{canonical_text, entry_hash, proposal_hash, statement_hash};
pub use check::{check, entity_host_is, Expected, Unfit, CLOCK_SKEW, MAX_REQUEST_AGE};
pub use document::{read, Basic, Document, Tuple};
pub use inspect::{inspect, InspectedTuple, Inspection};
pub use record::{Names, PresenceRecord};
pub use signed::{BadSignature, Signed};
pub use unreadable::Unreadable;
pub use vouch::{vouch_text, vouched, Introduction, Vouch, VOUCH};
pub use watcher_info::{
    write_watchers, ServerWatcher, Taken, ToldWatcher, WatcherEvent, WatcherInfo, WatcherStatus, WatcherTable,
    WATCHER_INFO, WATCHER_INFO_PACKAGE,
};
pub use write::{write, write_away};
pub use xml_writer::is_writable;
