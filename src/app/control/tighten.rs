use super::calls::{call_id, no_call};
use super::request::{RelaxBody, TightenBody};
use super::view::{AskView, CallView};
use super::{answer, Control, Wait};
use crate::agent::{Accepted, Command};
use crate::policy::Action;
use crate::vocab::Failure;

impl Control {
    /// Registers tighter rules for the peer of a running call, and waits until the call goes on under them, or is over.
    pub async fn tighten(&self, id: &str, body: &TightenBody) -> Result<CallView, Failure> {
        let number = call_id(id)?;
        let rules = body.rules.as_deref().map(answer::action).transpose()?;
        let discards = rules == Some(Action::Discard);
        self.change_store(Command::Tighten { call: number, rules }).await?;
        let read = move |known: &dyn super::brain::Known| known.call(number).map(CallView::from);
        let found = self.until(Wait::MAX, read, |call| call.is_over() || !call.rekeying && !discards).await?;
        found.ok_or_else(|| no_call(id))
    }

    /// Asks the peer of a running call whether less will do: an ask, which a proposal may follow.
    pub async fn relax(&self, id: &str, body: &RelaxBody) -> Result<AskView, Failure> {
        let rules = body.rules.as_deref().map(answer::action).transpose()?;
        let what = Command::Relax { call: call_id(id)?, rules, note: body.note.clone() };
        match self.brain.command(what).await? {
            Accepted::Ask(ask) => self.ask_view(&ask.to_string(), &Wait::default()).await,
            other => Err(super::unexpected("relax", &other)),
        }
    }
}
