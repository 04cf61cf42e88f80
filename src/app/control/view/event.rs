use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountView, AskView, CallView, ErrorView, PresenceView, ProposalView, ReviewView, TextView, WatchView};

/// What happened, with the whole noun as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "kebab-case")]
pub enum EventView {
    Account(AccountView),
    Ask(AskView),
    Call(Box<CallView>),
    /// Something the user should see now.
    Notice(ErrorView),
    /// The policy database changed: its new generation.
    Policy(u64),
    Presence(PresenceView),
    Proposal(ProposalView),
    /// A text came, or it is known what became of ours.
    Message(TextView),
    Review(Box<ReviewView>),
    /// The agent is gone; no event follows.
    Stopped,
    Watch(WatchView),
}

impl EventView {
    /// The `event:` line of the server-sent event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Ask(_) => "ask",
            Self::Call(_) => "call",
            Self::Message(_) => "message",
            Self::Notice(_) => "notice",
            Self::Policy(_) => "policy",
            Self::Presence(_) => "presence",
            Self::Proposal(_) => "proposal",
            Self::Review(_) => "review",
            Self::Stopped => "stopped",
            Self::Watch(_) => "watch",
        }
    }
}
