use super::address_book::{ContactGroup, SavedContact};
use super::agreed::Agreed;
use super::config::AccountConfig;
use super::effect::{Pin, StoreOp, Watched};
use super::permissions::WatcherRule;
use super::watch::WatchKey;
use crate::policy::{Approved, Pending};
use crate::presence::{Names, PresenceRecord, Vouch};
use crate::sip::RegistrationId;
use crate::vocab::{AskId, CallId, Entity, EntryId, ProposalId, ReviewId, TextId};

/// What an effect under way was for, so that its answer finds the story that waits for it.
pub enum Waiting {
    /// And which of its flows.
    AccountAddress(Entity, usize),
    AddAccount(Box<AccountConfig>),
    AccountRedirect(Entity, RegistrationId),
    /// What our user agreed to, and to whom that is said.
    Agreed {
        pending: Box<Pending>,
        agreed: Box<Agreed>,
    },
    AskAddress(AskId),
    CallAddress(CallId),
    /// Entries that were changed: those that are gone.
    Change {
        default: bool,
        gone: Vec<EntryId>,
    },
    Contact {
        contact: Box<SavedContact>,
        before: Option<Entity>,
    },
    ForgetWatcherRules(Vec<String>),
    Group(ContactGroup),
    /// A peer that is followed said something new.
    Heard(PresenceRecord),
    /// Nobody waits; a failure is told to the user.
    Nobody,
    /// Entries of our own: command, import.
    Own {
        approved: Approved,
        default: bool,
    },
    OwnPresence(Names),
    Pins(Vec<Pin>),
    Presence {
        ask: AskId,
        record: PresenceRecord,
    },
    RemoveAccount(Entity),
    RevokeVouch(Entity),
    RemoveContact(Entity),
    RemoveGroup(String),
    RemovePresence(Entity),
    ProposalAddress(ProposalId),
    /// A row that is not to be lost.
    Row {
        op: StoreOp,
        /// It was refused before.
        again: bool,
    },
    Rename(Entity, Names),
    Review {
        review: ReviewId,
        approved: Approved,
        replace_keys: bool,
    },
    /// Nobody waits, and a failure is counted.
    Stranger,
    TextAddress(TextId),
    Unwatch(String),
    /// The peer uses what was agreed.
    Used(Box<Pending>),
    Vouch(Entity, Vouch),
    Watch(Watched),
    WatchAddress(WatchKey),
    WatcherRules(Vec<WatcherRule>),
}
