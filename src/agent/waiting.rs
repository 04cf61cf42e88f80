//! Who waits for the answer to an effect, and where that answer goes.

use super::address_book::{ContactGroup, SavedContact};
use super::agreed::Agreed;
use super::config::AccountConfig;
use super::effect::{Pin, StoreOp, Stored, Watched};
use super::permissions::WatcherRule;
use super::sound_choice::SoundChange;
use super::watch::WatchKey;
use super::{Agent, Event};
use crate::policy::{Approved, Pending};
use crate::presence::{Names, PresenceRecord, Vouch};
use crate::sip::{Candidate, RegistrationId};
use crate::vocab::{AskId, CallId, EffectId, Entity, EntryId, Failure, Now, ProposalId, ReviewId, TextId, Wall};

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
    DoNotDisturb(Option<Wall>),
    Sound(SoundChange),
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

impl Agent {
    pub(super) fn handle_located(&mut self, now: Now, waiting: Waiting, result: Result<Vec<Candidate>, Failure>) {
        match waiting {
            Waiting::AccountAddress(entity, flow) => self.handle_account_located(now, (&entity, flow), result),
            Waiting::AccountRedirect(entity, registration) => {
                self.handle_registrar_located(now, &entity, registration, result);
            }
            Waiting::TextAddress(text) => self.handle_text_located(now, text, result),
            Waiting::AskAddress(ask) => self.handle_ask_located(now, ask, result),
            Waiting::ProposalAddress(proposal) => self.handle_proposal_located(now, proposal, result),
            Waiting::WatchAddress(key) => self.handle_watch_located(now, &key, result),
            Waiting::CallAddress(call) => self.handle_call_located(now, call, result),
            _ => {}
        }
    }

    pub(super) fn handle_stored(&mut self, now: Now, id: EffectId, waiting: Waiting, result: Result<Stored, Failure>) {
        if result.is_ok() {
            self.keep_what_waited();
        }
        match waiting {
            Waiting::Presence { ask, record } => self.handle_presence_stored(now, ask, record, result.map(|_| ())),
            Waiting::Review { review, approved, replace_keys } => {
                self.handle_registered(now, review, &approved, replace_keys, result);
            }
            Waiting::Agreed { pending, agreed } => self.handle_pending_kept(now, *pending, *agreed, result),
            Waiting::Used(pending) => self.handle_pending_used(now, &pending, result),
            Waiting::Heard(record) => self.handle_heard(now, record, result.map(|_| ())),
            Waiting::Nobody => {
                if let Err(failure) = result {
                    self.event(Event::Notice(failure));
                }
            }
            Waiting::Row { op, again } => {
                if let Err(failure) = result {
                    self.handle_row_refused(op, again, failure);
                }
            }
            // Or strangers could fill the screen too.
            Waiting::Stranger => {
                if result.is_err() {
                    self.count("strangers_forgotten");
                }
            }
            own => self.handle_own_stored(now, id, own, result),
        }
    }
}
