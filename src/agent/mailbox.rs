//! Voice messages that wait at the server of an account (RFC 3842), where the account has `mailbox`. It is shown, and decides nothing.
//!
//! | step | carries |
//! | --- | --- |
//! | `EndpointEvent::Registered` -> `begin_mailbox` | SUBSCRIBE for our own entity |
//! | NOTIFY -> `handle_mailbox` | `sip::MessageSummary` |
//! | `EndpointEvent::Summarised` -> `handle_summarised` | the same, unasked: many servers tell whoever is registered |
//! | `EndpointEvent::SubscriptionEnded` | as for any subscription of ours, see `own_server` |

use std::collections::BTreeMap;

use rand_core::RngCore;

use super::ask_failures::ended;
use super::own_server::AtOwnServer;
use super::{Agent, Event, MailboxState};
use crate::sip::{
    Body, EndCause, MessageId, MessageSummary, Received, Refusal, SubscriptionId, Uri, MESSAGE_SUMMARY,
    MESSAGE_SUMMARY_PACKAGE,
};
use crate::vocab::{escape, Deadline, Entity, Failure, FailureKind, Now};

#[derive(Default)]
pub struct Mailboxes(BTreeMap<Entity, AtOwnServer>);

impl Agent {
    /// The account is registered.
    pub(super) fn begin_mailbox(&mut self, now: Now, entity: &Entity) {
        let wanted = self.accounts.get(entity).is_some_and(|accounting| accounting.config.mailbox);
        let known = self.mailboxes.0.contains_key(entity);
        if wanted && !known && self.config.stays && self.stopping.is_none() {
            self.mailboxes.0.insert(entity.clone(), AtOwnServer::default());
            self.set_mailbox(entity, MailboxState::Asking);
            self.ask_for_mailbox(now, entity);
        }
    }

    fn ask_for_mailbox(&mut self, now: Now, entity: &Entity) {
        let id = self.subscribe_at_own_server(now, entity, (MESSAGE_SUMMARY_PACKAGE, MESSAGE_SUMMARY));
        if let (Some(id), Some(asked)) = (id, self.mailboxes.0.get_mut(entity)) {
            asked.begin(id);
        }
    }

    /// The account is gone: its server is not asked again.
    pub(super) fn end_mailbox(&mut self, now: Now, entity: &Entity) {
        let gone = self.mailboxes.0.remove(entity);
        if let Some(id) = gone.and_then(|asked| asked.id()) {
            self.endpoint.unsubscribe(now, id);
        }
    }

    /// Whose mailbox it is about.
    pub(super) fn mailbox_of(&self, id: SubscriptionId) -> Option<Entity> {
        let found = self.mailboxes.0.iter().find(|(_, asked)| asked.id() == Some(id));
        found.map(|(entity, _)| entity.clone())
    }

    pub(super) fn handle_mailbox(&mut self, entity: &Entity, body: Option<Body>) {
        let Some(asked) = self.mailboxes.0.get_mut(entity) else { return };
        asked.note_heard();
        let body = body.and_then(|body| body.part(MESSAGE_SUMMARY)).filter(|body| !body.bytes.is_empty());
        if let Some(body) = body {
            self.take_summary(entity, &body);
        }
    }

    /// Unasked, and outside of any dialog: from a server where we are registered, for an account that wants it.
    pub(super) fn handle_summarised(&mut self, now: Now, id: MessageId, (from, about): (Received, &Uri), body: &Body) {
        let mut fitting = self.accounts.all().filter(|accounting| {
            accounting.config.mailbox && accounting.flows.iter().any(|flow| flow.is_known() && flow.leads_to(&from))
        });
        let first = fitting.next().map(|accounting| accounting.config.entity.clone());
        let others = fitting.map(|accounting| accounting.config.entity.clone());
        // Some servers name the contact, which is the same for all accounts.
        let named = about.to_string();
        let all: Vec<Entity> = first.into_iter().chain(others).collect();
        let meant =
            all.iter().find(|entity| entity.as_str() == named).or(all.first().filter(|_| all.len() == 1)).cloned();
        match meant {
            Some(entity) => {
                self.endpoint.take_message(now, id, None);
                self.take_summary(&entity, body);
            }
            None => {
                let refusal = Refusal::new(481, "Call/Transaction Does Not Exist");
                self.endpoint.take_message(now, id, Some(refusal));
            }
        }
    }

    fn take_summary(&mut self, entity: &Entity, body: &Body) {
        let state = match MessageSummary::read(&body.bytes) {
            Ok(summary) => MailboxState::Told(summary),
            Err(why) => MailboxState::Refused(unreadable(entity, &why.to_string())),
        };
        self.set_mailbox(entity, state);
    }

    fn set_mailbox(&mut self, entity: &Entity, state: MailboxState) {
        let Some(accounting) = self.accounts.get(entity).filter(|accounting| accounting.account.mailbox != state)
        else {
            return;
        };
        accounting.account.mailbox = state;
        self.event(Event::AccountChanged(entity.clone()));
    }

    pub(super) fn handle_mailbox_ended(&mut self, now: Now, entity: &Entity, cause: EndCause) {
        let random = self.rng.next_u32();
        let stopping = self.stopping.is_some();
        let Some(asked) = self.mailboxes.0.get_mut(entity).filter(|_| !stopping) else { return };
        let comes_back = asked.end(now, &cause, random);
        let failure = ended(entity.as_str(), cause);
        let state = match comes_back {
            true => MailboxState::Waiting(untold(entity, &failure, "it is asked again by itself")),
            false => MailboxState::Refused(untold(entity, &failure, NEVER)),
        };
        self.set_mailbox(entity, state);
    }

    pub(super) fn handle_mailbox_timeout(&mut self, now: Now) {
        let all = self.mailboxes.0.iter_mut();
        let due: Vec<Entity> = all.filter_map(|(entity, asked)| asked.take_due(now).then(|| entity.clone())).collect();
        for entity in due {
            if self.stopping.is_none() {
                self.ask_for_mailbox(now, &entity);
            }
        }
    }

    pub(super) fn mailbox_deadline(&self) -> Option<Deadline> {
        let next = self.mailboxes.0.values().filter_map(AtOwnServer::next);
        next.min().map(|at| Deadline { at, why: "a mailbox to be asked for" })
    }
}

/// It may tell all the same, unasked.
const NEVER: &str = "some servers have no mailbox, or tell of it unasked, which is taken; else ask who runs the server, or leave mailbox = true out (an account that was added: remove it, and add it without --mailbox)";

fn untold(entity: &Entity, failure: &Failure, next: &str) -> Failure {
    let message = format!("the server does not tell of messages that wait for {entity}: {}", failure.message);
    Failure { code: "mailbox-unknown", message, next: next.into(), ..failure.clone() }
}

fn unreadable(entity: &Entity, why: &str) -> Failure {
    let message = format!("what the server tells of messages for {entity} cannot be read: {}", escape(why));
    Failure::new(FailureKind::Failed, "mailbox-unknown", message, entity.as_str(), "ask who runs the server")
}
