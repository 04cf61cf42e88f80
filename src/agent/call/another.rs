//! A call that comes while our user has one. It rings as any does, and he is told which one runs: answering it holds the other. Or it
//! is refused as busy, where he wants that.

use super::{CallState, Calling};
use crate::agent::config::CallWaiting;
use crate::agent::{Agent, AnswerMode};
use crate::sip::Refusal;
use crate::vocab::{CallId, Entity, Failure, Now};

impl Agent {
    /// The call that our user has besides this one, and besides the one whose place it takes.
    pub(super) fn call_besides(&self, id: CallId, replaced: Option<CallId>) -> Option<CallId> {
        let others = self.calls.open.iter().filter(|other| **other != id && Some(**other) != replaced);
        others.copied().find(|other| self.calls.all.get(other).is_some_and(Calling::engages))
    }

    /// Whether it is to be refused because of the call that runs; which one that is can be seen in it.
    pub(super) fn finds_us_busy(&mut self, id: CallId, replaced: Option<CallId>) -> bool {
        let Some(runs) = self.call_besides(id, replaced) else { return false };
        let Some(calling) = self.calls.all.get_mut(&id) else { return false };
        calling.call.behind = Some(runs);
        replaced.is_none() && self.config.answering.waiting == CallWaiting::Busy
    }

    /// RFC 3261 section 21.4.20. Our user hears of it in the history: he missed it.
    pub(super) fn be_busy(&mut self, now: Now, id: CallId) {
        let runs = self.calls.call(id).and_then(|call| call.behind);
        self.dismiss(now, id, Refusal::new(486, "Busy Here"));
        let besides = runs.map(|runs| format!(": call {runs} runs")).unwrap_or_default();
        self.end_call(now, id, CallState::Ended { reason: format!("you were busy{besides}") });
    }

    /// How a call is answered that our user is asked about: some contacts need not wait for him. Their keys have to prove them, and
    /// what somebody writes into his call of how it is to be answered (RFC 5373, `answer-after`) counts for nothing.
    pub(super) fn mode_for(&self, now: Now, id: CallId) -> AnswerMode {
        let proven = self.calls.all.get(&id).filter(|calling| calling.call.known && calling.call.behind.is_none());
        let entity = proven.and_then(|calling| calling.peer.as_ref()).map(|(entity, _)| entity);
        let by_itself = entity.is_some_and(|entity| self.answers_by_itself(entity) && !self.is_quiet_for(now, entity));
        match self.config.answer {
            AnswerMode::Prompt if by_itself => AnswerMode::Auto,
            mode => mode,
        }
    }

    fn answers_by_itself(&self, entity: &Entity) -> bool {
        let answering = &self.config.answering;
        let named = self.address_book.contact(entity).map(|contact| contact.name.to_lowercase());
        let group = self.group_named_of(entity);
        named.is_some_and(|name| answering.contacts.iter().any(|contact| contact.to_lowercase() == name))
            || group.is_some_and(|group| answering.groups.contains(&group))
    }

    fn is_quiet_for(&self, now: Now, entity: &Entity) -> bool {
        self.quiet_until(now, Some(entity)).is_some()
    }

    /// Our user goes on with this call.
    pub(in crate::agent) fn take_up(&mut self, now: Now, id: CallId) -> Result<CallId, Failure> {
        let taken = self.hold_call(now, id, false)?;
        self.hold_others(now, id);
        Ok(taken)
    }

    /// Our user takes this call: nobody of his other calls hears it.
    pub(super) fn hold_others(&mut self, now: Now, id: CallId) {
        let replaced = self.calls.transfers.replacing.get(&id).copied();
        let company = self.calls.call(id).and_then(|call| call.conference);
        let runs = |calling: &&Calling| calling.engages() && calling.call.state == CallState::Active;
        let others: Vec<CallId> = self.calls.all.values().filter(runs).map(|calling| calling.call.id).collect();
        for other in others.into_iter().filter(|other| *other != id && ![replaced, company].contains(&Some(*other))) {
            // One whose peer still has to answer to another wish is as that wish has it.
            let _ = self.hold_call(now, other, true);
        }
    }
}

impl Calling {
    /// Our user is in it, or waits for its peer to pick up.
    fn engages(&self) -> bool {
        let placed = matches!(self.call.state, CallState::Active | CallState::Inviting | CallState::Ringing);
        self.is_open()
            && !self.is_tunnel()
            && (placed || self.call.state == CallState::Incoming && self.said.ours.is_some())
    }
}
