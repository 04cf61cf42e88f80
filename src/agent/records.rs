//! What a store operation adds to the tables that users read newest first. They are told once it is durable: whoever looks again then finds it.

use super::{Agent, Effect, Event, StoreOp};
use crate::vocab::EffectId;

impl StoreOp {
    fn adds(&self) -> Option<Event> {
        match self {
            Self::AddAccount { .. }
            | Self::Audit(_)
            | Self::ChangePolicy { .. }
            | Self::ForgetPending { .. }
            | Self::ForgetVouch { .. }
            | Self::ForgetWatcherRules { .. }
            | Self::KeepContact { .. }
            | Self::KeepGroup { .. }
            | Self::KeepPending { .. }
            | Self::KeepWatcherRules { .. }
            | Self::Register { .. }
            | Self::RemoveAccount { .. }
            | Self::RemoveContact { .. }
            | Self::RemoveGroup { .. }
            | Self::UsePending { .. }
            | Self::VerifyPins { .. } => Some(Event::AuditChanged),
            Self::RecordCall(_) => Some(Event::HistoryChanged),
            Self::BeginCall(_)
            | Self::ChooseSound(_)
            | Self::CountReview(_)
            | Self::ForgetProposal { .. }
            | Self::ForgetWatch { .. }
            | Self::KeepProposal(_)
            | Self::KeepVouch { .. }
            | Self::KeepWatch(_)
            | Self::RecordGiven { .. }
            | Self::RecordSeen { .. }
            | Self::RememberPresence { .. }
            | Self::RemovePresence { .. }
            | Self::RenamePresence { .. }
            | Self::SetDoNotDisturb { .. }
            | Self::SetOwnPresence { .. }
            | Self::UpdatePin(_) => None,
        }
    }
}

impl Agent {
    /// Remembers what is to be told when this is done.
    pub(super) fn note_rows(&mut self, effect: &Effect) {
        if let Effect::Store { id, op } = effect {
            self.adding.extend(op.adds().map(|event| (*id, event)));
        }
    }

    pub(super) fn tell_rows(&mut self, id: EffectId, stored: bool) {
        if let Some(event) = self.adding.remove(&id).filter(|_| stored) {
            self.event(event);
        }
    }
}
