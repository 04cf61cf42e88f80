use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::ErrorView;
use crate::agent::{Account, AccountFlow, AccountState, MailboxState, PublicationState};
use crate::vocab::{Failure, Wall};

/// An address of record at a registrar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    pub entity: String,
    /// It was added, and can be removed; others are the configuration's.
    pub added: bool,
    /// Where its requests go, as the configuration names it.
    pub proxy: String,
    /// The transport and address that this came to, in use or tried last: `tcp:192.0.2.1:5060`.
    pub address: Option<String>,
    /// The name that goes with the password.
    pub user: String,
    pub state: AccountStateView,
    /// Registered until then, unless it is refreshed before, which the agent does.
    pub until: Option<String>,
    /// When its server was last heard of: it may be gone since.
    pub heard: Option<String>,
    /// Tried again then; `null` while it waits: it is being tried.
    pub again: Option<String>,
    /// Why it is not registered.
    pub failure: Option<ErrorView>,
    /// Whether what unknown watchers may learn stands at the presence server.
    pub publication: PublicationView,
    /// Proxies that the registrar wants requests to pass (RFC 3608).
    pub service_route: Vec<String>,
    /// The ways to the registrar, the first one first (RFC 5626). What stands above is of the one in use.
    pub flows: Vec<FlowView>,
    /// The URI by which this device, and no other of yours, is reached through the registrar (RFC 5627).
    pub gruu: Option<String>,
    /// Voice messages that wait at its server.
    pub mailbox: MailboxView,
}

/// Voice messages that wait (RFC 3842).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailboxView {
    pub state: MailboxStateView,
    /// Something waits; `null` before the server has told.
    pub waiting: Option<bool>,
    /// Voice messages not heard yet, where it counts them.
    pub new: Option<u32>,
    /// And those that were.
    pub old: Option<u32>,
    /// Of the new ones, where it tells.
    pub urgent: Option<u32>,
    /// Why it does not tell.
    pub failure: Option<ErrorView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailboxStateView {
    Asking,
    /// The configuration wants none.
    Off,
    /// It is not asked again; it may tell unasked.
    Refused,
    Told,
    /// It is asked again.
    Waiting,
}

/// One way to a registrar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowView {
    pub proxy: String,
    /// The transport and address that this came to.
    pub address: Option<String>,
    pub state: AccountStateView,
    /// Whether calls come on the connection, or from the address, that we registered by (RFC 5626).
    pub outbound: bool,
    /// Proxies that requests to this device pass on it (RFC 3327).
    pub path: Vec<String>,
    /// The address at which the registrar sees this device, and has it registered, when a NAT changes it.
    pub seen: Option<String>,
    /// When its server was last heard of on it.
    pub heard: Option<String>,
    /// Tried again then; `null` while it waits: it is being tried.
    pub again: Option<String>,
    /// Why it is not registered.
    pub failure: Option<ErrorView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountStateView {
    /// A second way, of which there is no need: the first one stands, and the registrar knows no second.
    Idle,
    /// The agent stops, and has taken its registration back.
    Left,
    /// No agent runs.
    #[serde(rename = "not-running")]
    NotRunning,
    /// It was registered on a connection that broke, or its server does not answer: that may not reach this device, and is asked
    /// anew.
    Recovering,
    /// It will not be tried again: the password is wrong.
    Refused,
    Registered,
    Registering,
    /// The proxy's name is looked up.
    Resolving,
    /// It failed, and is tried again.
    Waiting,
}

/// What this device publishes of itself (RFC 3903).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicationView {
    pub state: PublicationStateView,
    /// It stands until then, unless it is refreshed before, which the agent does.
    pub until: Option<String>,
    /// Tried again then; `null` while it waits: it is being tried.
    pub again: Option<String>,
    /// Why nothing is published.
    pub failure: Option<ErrorView>,
    /// Why nothing is to be published.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublicationStateView {
    /// The agent stops, and has taken it back.
    Left,
    /// Not registered yet.
    None,
    /// The configuration wants none.
    Off,
    Published,
    Publishing,
    /// It will not be tried again: the server does not take it.
    Refused,
    /// It failed, and is tried again.
    Waiting,
    /// It is nobody's business, or not this account's.
    Withheld,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// In the order of the configuration, then in that in which they were added.
    pub accounts: Vec<AccountView>,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        let (state, until, again, failure) = parts(&account.state);
        Self {
            entity: account.entity.to_string(),
            added: account.added,
            proxy: account.proxy.clone(),
            address: account.address.clone(),
            user: account.user.clone(),
            state,
            until: until.map(timestamp),
            heard: account.heard.map(timestamp),
            again: again.map(timestamp),
            failure: failure.map(Into::into),
            publication: (&account.publication).into(),
            service_route: account.service_route.clone(),
            flows: account.flows.iter().map(Into::into).collect(),
            gruu: account.gruu.clone(),
            mailbox: (&account.mailbox).into(),
        }
    }
}

impl From<&MailboxState> for MailboxView {
    fn from(state: &MailboxState) -> Self {
        let (name, summary, failure) = match state {
            MailboxState::Asking => (MailboxStateView::Asking, None, None),
            MailboxState::Off => (MailboxStateView::Off, None, None),
            MailboxState::Refused(failure) => (MailboxStateView::Refused, None, Some(failure)),
            MailboxState::Told(summary) => (MailboxStateView::Told, Some(summary), None),
            MailboxState::Waiting(failure) => (MailboxStateView::Waiting, None, Some(failure)),
        };
        let voice = summary.and_then(|summary| summary.voice);
        Self {
            state: name,
            waiting: summary.map(|summary| summary.waiting),
            new: voice.map(|voice| voice.new),
            old: voice.map(|voice| voice.old),
            urgent: voice.and_then(|voice| voice.urgent),
            failure: failure.map(Into::into),
        }
    }
}

impl From<&AccountFlow> for FlowView {
    fn from(flow: &AccountFlow) -> Self {
        let (state, _, again, failure) = parts(&flow.state);
        Self {
            proxy: flow.proxy.clone(),
            address: flow.address.clone(),
            state,
            outbound: flow.outbound,
            path: flow.path.clone(),
            seen: flow.seen.map(|seen| seen.to_string()),
            heard: flow.heard.map(timestamp),
            again: again.map(timestamp),
            failure: failure.map(Into::into),
        }
    }
}

/// Until when it is registered, when it is tried again, and why it failed.
fn parts(state: &AccountState) -> (AccountStateView, Option<Wall>, Option<Wall>, Option<&Failure>) {
    match state {
        AccountState::Idle => (AccountStateView::Idle, None, None, None),
        AccountState::Left => (AccountStateView::Left, None, None, None),
        AccountState::NotRunning => (AccountStateView::NotRunning, None, None, None),
        AccountState::Recovering => (AccountStateView::Recovering, None, None, None),
        AccountState::Refused(failure) => (AccountStateView::Refused, None, None, Some(failure)),
        AccountState::Registered { until } => (AccountStateView::Registered, Some(*until), None, None),
        AccountState::Registering => (AccountStateView::Registering, None, None, None),
        AccountState::Resolving => (AccountStateView::Resolving, None, None, None),
        AccountState::Waiting { failure, again } => (AccountStateView::Waiting, None, *again, Some(failure)),
    }
}

impl From<&PublicationState> for PublicationView {
    fn from(state: &PublicationState) -> Self {
        let (until, again, reason) = match state {
            PublicationState::Published { until } => (Some(*until), None, None),
            PublicationState::Waiting { again, .. } => (None, *again, None),
            PublicationState::Withheld(why) => (None, None, Some((*why).to_owned())),
            _ => (None, None, None),
        };
        Self {
            state: state.into(),
            until: until.map(timestamp),
            again: again.map(timestamp),
            failure: state.failure().map(Into::into),
            reason,
        }
    }
}

impl From<&PublicationState> for PublicationStateView {
    fn from(state: &PublicationState) -> Self {
        match state {
            PublicationState::Left => Self::Left,
            PublicationState::None => Self::None,
            PublicationState::Off => Self::Off,
            PublicationState::Published { .. } => Self::Published,
            PublicationState::Publishing => Self::Publishing,
            PublicationState::Refused(_) => Self::Refused,
            PublicationState::Waiting { .. } => Self::Waiting,
            PublicationState::Withheld(_) => Self::Withheld,
        }
    }
}
