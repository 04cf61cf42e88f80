use super::calls::{call_id, no_call};
use super::request::TightenBody;
use super::view::CallView;
use super::{answer, Control, Wait};
use crate::agent::Command;
use crate::vocab::Failure;

impl Control {
    /// Registers tighter rules for the peer of a running call, and waits until the call goes on under them, or is over.
    pub async fn tighten(&self, id: &str, body: &TightenBody) -> Result<CallView, Failure> {
        let number = call_id(id)?;
        let rules = body.rules.as_deref().map(answer::action).transpose()?;
        self.change_store(Command::Tighten { call: number, rules }).await?;
        let read = move |known: &dyn super::brain::Known| known.call(number).map(CallView::from);
        let found = self.until(Wait::MAX, read, |call| !call.rekeying || call.is_over()).await?;
        found.ok_or_else(|| no_call(id))
    }
}
