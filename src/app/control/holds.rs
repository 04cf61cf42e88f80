use super::calls::{call_id, no_call};
use super::view::HoldView;
use super::{Control, Wait};
use crate::agent::Command;
use crate::vocab::{Failure, FailureKind};

impl Control {
    /// Holds a call, or takes it up again.
    pub async fn hold(&self, id: &str, wanted: bool) -> Result<HoldView, Failure> {
        self.brain.command(Command::Hold { call: call_id(id)?, wanted }).await?;
        self.hold_view(id, &Wait::default()).await
    }

    /// What became of that, once it is known, or after the wait.
    pub async fn hold_view(&self, id: &str, wait: &Wait) -> Result<HoldView, Failure> {
        let number = call_id(id)?;
        let read = move |known: &dyn super::brain::Known| known.call(number).map(HoldView::of);
        let over = |found: &Option<HoldView>| found.as_ref().is_none_or(|hold| wait.is_over(&hold.state, &["asking"]));
        let found = self.until(wait.limit, read, over).await?;
        found.ok_or_else(|| no_call(id))?.ok_or_else(|| never_held(id))
    }
}

fn never_held(id: &str) -> Failure {
    let message = format!("call {id} was not held, and nobody tried");
    let next = format!("`sottovoce hold {id}` does");
    Failure::new(FailureKind::Usage, "no-such-hold", message, id, next)
}
