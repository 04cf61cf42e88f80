use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    AccountView, AskView, CallView, ContactView, DigitView, ErrorView, GroupView, PresenceView, ProposalView,
    ReviewView, TextView, WatchView, WatcherView,
};

/// What happened, with the whole noun as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "kebab-case")]
pub enum EventView {
    Account(AccountView),
    Ask(AskView),
    Call(Box<CallView>),
    Contact(ContactView),
    /// The entity of a contact that is there no more.
    ContactGone(String),
    /// The peer of a call presses a key of its telephone.
    Digit(DigitView),
    Group(GroupView),
    /// The name of a group that is there no more.
    GroupGone(String),
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
    /// Somebody who follows you, or waits for your answer.
    Watcher(WatcherView),
    /// The number of one who does so no more.
    WatcherGone(String),
}

impl EventView {
    /// The `event:` line of the server-sent event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Ask(_) => "ask",
            Self::Call(_) => "call",
            Self::Contact(_) => "contact",
            Self::ContactGone(_) => "contact-gone",
            Self::Digit(_) => "digit",
            Self::Group(_) => "group",
            Self::GroupGone(_) => "group-gone",
            Self::Message(_) => "message",
            Self::Notice(_) => "notice",
            Self::Policy(_) => "policy",
            Self::Presence(_) => "presence",
            Self::Proposal(_) => "proposal",
            Self::Review(_) => "review",
            Self::Stopped => "stopped",
            Self::Watch(_) => "watch",
            Self::Watcher(_) => "watcher",
            Self::WatcherGone(_) => "watcher-gone",
        }
    }
}
