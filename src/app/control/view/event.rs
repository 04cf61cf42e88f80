use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    AccountView, AskView, CallView, ContactView, DigitView, ErrorView, GonePresenceView, GoneWatchView, GroupView,
    PresenceView, ProposalView, ReviewView, TextView, WatchView, WatcherView,
};

/// What happened, with the whole noun as it is now; or, where that is long, only that it is to be asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "kebab-case")]
pub enum EventView {
    Account(AccountView),
    /// The entity of an account that is there no more.
    AccountGone(String),
    Ask(AskView),
    /// The audit table has rows that it had not (`GET /v1/audit`).
    Audit,
    Call(Box<CallView>),
    Contact(ContactView),
    /// The entity of a contact that is there no more.
    ContactGone(String),
    /// The peer of a call presses a key of its telephone.
    Digit(DigitView),
    /// Until when the user is not to be disturbed, or that he is again (`GET /v1/status`).
    DoNotDisturb,
    Group(GroupView),
    /// The name of a group that is there no more.
    GroupGone(String),
    /// Calls were added to the history, seen in it, or forgotten (`GET /v1/history`).
    History,
    /// Something the user should see now.
    Notice(ErrorView),
    /// The keys that the user approved: he compared the safety phrases (`GET /v1/identity`).
    Pins,
    /// The policy database changed: its new generation.
    Policy(u64),
    Presence(PresenceView),
    /// A device of a peer whose record is there no more.
    PresenceGone(GonePresenceView),
    Proposal(ProposalView),
    /// A text came, or it is known what became of ours.
    Message(TextView),
    Review(Box<ReviewView>),
    /// Calls use other devices, or one that they use went away or is there again (`GET /v1/devices`).
    Sound,
    /// The agent is gone; no event follows.
    Stopped,
    Watch(WatchView),
    /// A peer, or one device of it, that is followed no more.
    WatchGone(GoneWatchView),
    /// Somebody who follows you, or waits for your answer.
    Watcher(WatcherView),
    /// The number of one who does so no more.
    WatcherGone(String),
    /// What the user answered about watchers (`GET /v1/watchers`).
    Watchers,
}

impl EventView {
    /// The `event:` line of the server-sent event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::AccountGone(_) => "account-gone",
            Self::Ask(_) => "ask",
            Self::Audit => "audit",
            Self::Call(_) => "call",
            Self::Contact(_) => "contact",
            Self::ContactGone(_) => "contact-gone",
            Self::Digit(_) => "digit",
            Self::DoNotDisturb => "do-not-disturb",
            Self::Group(_) => "group",
            Self::GroupGone(_) => "group-gone",
            Self::History => "history",
            Self::Message(_) => "message",
            Self::Notice(_) => "notice",
            Self::Pins => "pins",
            Self::Policy(_) => "policy",
            Self::Presence(_) => "presence",
            Self::PresenceGone(_) => "presence-gone",
            Self::Proposal(_) => "proposal",
            Self::Review(_) => "review",
            Self::Sound => "sound",
            Self::Stopped => "stopped",
            Self::Watch(_) => "watch",
            Self::WatchGone(_) => "watch-gone",
            Self::Watcher(_) => "watcher",
            Self::WatcherGone(_) => "watcher-gone",
            Self::Watchers => "watchers",
        }
    }
}
