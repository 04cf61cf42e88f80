//! The typed door through which every user interface goes: what may be asked ([`request`]), what is shown ([`view`]),
//! and [`Control`], which does it. Nothing here knows of HTTP, terminals or pages.

mod about;
mod accounts;
mod answer;
mod asks;
mod brain;
mod calls;
mod company;
mod contacts;
mod devices;
mod digits;
mod doctor;
mod door;
mod events;
mod failures;
mod holds;
mod identity;
mod inspect;
mod pages;
mod policy;
mod policy_change;
mod policy_warnings;
mod presence;
mod proposals;
mod records;
pub mod request;
mod reviews;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod texts;
mod tighten;
mod transfers;
pub mod view;
mod wait;
mod watches;

use std::sync::Arc;

use tokio::sync::oneshot;

pub(in crate::app) use about::About;
pub use accounts::{check_account, PasswordSource};
pub use answer::{is_policy, suites};
pub(in crate::app) use brain::{Brain, Known};
pub use doctor::doctor;
pub(in crate::app) use doctor::listens;
pub(in crate::app) use door::reachable;
pub use door::{dial, Dialed, Door, Token};
pub use events::{Events, CALLS_UNTOLD};
pub use inspect::inspect;
pub use pages::{PageLine, Pages};
pub use wait::Wait;

// A user interface knows this module only: what it needs to find or to start an agent is named here too.
pub use super::config::Places;
pub use super::logging;
pub use super::run::{start, Options, Running, Signals};
pub use crate::io::{open_in_browser, stay_small};

use crate::agent::Accepted;
use crate::io::{Clock, Rehearsal};
use crate::policy::{Level, Spd};
use crate::vocab::{Failure, FailureKind};

/// The way to the running agent. Clones share it.
#[derive(Clone)]
pub struct Control {
    brain: Arc<dyn Brain>,
    about: Arc<About>,
    clock: Clock,
    rehearsal: Arc<Rehearsal>,
}

impl Control {
    pub(in crate::app) fn new(brain: Arc<dyn Brain>, about: About, clock: Clock) -> Self {
        Self { brain, about: Arc::new(about), clock, rehearsal: Arc::default() }
    }

    async fn look<R: Send + 'static>(&self, look: impl FnOnce(&dyn Known) -> R + Send + 'static) -> Result<R, Failure> {
        let (seen, sight) = oneshot::channel();
        self.brain
            .look(Box::new(move |known| {
                let _ = seen.send(look(known));
            }))
            .await;
        sight.await.map_err(|_| failures::stopped())
    }

    /// As [`Control::look`], at the policy in force alone, for what takes longer than calls and requests may wait: a walk over a
    /// million entries.
    async fn look_beside<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Spd, Level) -> R + Send + 'static,
    ) -> Result<R, Failure> {
        let (spd, level) = self.look(|known| (known.spd().clone(), known.default_level())).await?;
        tokio::task::spawn_blocking(move || look(&spd, level)).await.map_err(|_| failures::stopped())
    }
}

/// The agent took a command for another one: a fault of ours, told and not hidden.
fn unexpected(what: &str, accepted: &Accepted) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "agent-fault",
        format!("the agent answered {accepted:?} to {what}"),
        what,
        "this is a fault of sottovoce: report it",
    )
}
