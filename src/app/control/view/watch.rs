use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{timestamp, ErrorView, StepView};
use crate::agent::{Follower, FollowerState, ServerWatchers, ServerWatchersState, Watch, WatchState, WatcherRule};
use crate::vocab::escape;

/// A peer that you follow, or one device of it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchView {
    /// The URI that it is asked by.
    pub peer: String,
    /// This device alone: what it tells you counts for more than what it publishes.
    pub device: Option<String>,
    pub since: String,
    pub state: WatchStateView,
    /// It stands until then, unless it is refreshed before, which the agent does.
    pub until: Option<String>,
    /// When whoever is asked was last heard of: it may be gone since.
    pub heard: Option<String>,
    /// Something signed of the peer has come.
    pub told: bool,
    /// Tried again then.
    pub again: Option<String>,
    /// Why it does not stand.
    pub failure: Option<ErrorView>,
    /// What happened, the newest last.
    pub steps: Vec<StepView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WatchStateView {
    /// Changes are told.
    Active,
    /// This agent lives inside one command, and follows nobody.
    Idle,
    /// It begins as soon as the account of its domain is registered.
    NoServer,
    /// The peer's user is being asked whether you may know.
    Pending,
    /// It stood on a connection that broke, and is asked for anew.
    Recovering,
    /// It will not be tried again by itself.
    Refused,
    Subscribing,
    /// It failed, and is tried again.
    Waiting,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchList {
    pub watches: Vec<WatchView>,
}

/// By what it was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GoneWatchView {
    pub peer: String,
    pub device: Option<String>,
}

/// Somebody who follows what you say of yourself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatcherView {
    /// `w1`; absent at a server.
    pub id: Option<String>,
    /// Who: proven at this device, as the server says there. Absent for one who proved nothing.
    pub who: Option<String>,
    /// Who it says to be, where nothing proves it.
    pub claims: Option<String>,
    /// Your name for it.
    pub contact: Option<String>,
    pub group: Option<String>,
    /// Its signing key, in hexadecimal digits.
    pub key: Option<String>,
    pub address: Option<String>,
    pub since: Option<String>,
    pub state: WatcherStateView,
    /// What it is told: `allow` (policy and place), `policy-only`, `polite-block`.
    pub told: Option<String>,
    /// Without an answer until then it is refused.
    pub until: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WatcherStateView {
    /// It is told what changes.
    Active,
    /// It waits for your answer, and is told nothing.
    Pending,
    /// It is gone, without an answer.
    Waiting,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatcherList {
    /// Those of this device.
    pub watchers: Vec<WatcherView>,
    /// What you answered, by key.
    pub answers: Vec<WatcherRuleView>,
    /// Those of what is published, as the presence servers of your accounts tell.
    pub servers: Vec<ServerWatchersView>,
}

/// What you answered about the watcher that holds a key; it outranks what its group says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatcherRuleView {
    /// In hexadecimal digits.
    pub key: String,
    /// Who it is, or said to be when you answered.
    pub entity: String,
    /// `allow`, `policy-only`, `polite-block` or `block`.
    pub watchers: String,
    pub since: String,
}

/// Who follows what stands at a presence server: its word, and nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerWatchersView {
    /// Of which account.
    pub entity: String,
    /// The server has told, and tells what changes.
    pub told: bool,
    /// Why it does not.
    pub failure: Option<ErrorView>,
    pub watchers: Vec<WatcherView>,
}

impl From<&Watch> for WatchView {
    fn from(watch: &Watch) -> Self {
        let (state, until, again, failure) = match &watch.state {
            WatchState::Active { until } => (WatchStateView::Active, Some(*until), None, None),
            WatchState::Idle => (WatchStateView::Idle, None, None, None),
            WatchState::NoServer => (WatchStateView::NoServer, None, None, None),
            WatchState::Pending => (WatchStateView::Pending, None, None, None),
            WatchState::Recovering => (WatchStateView::Recovering, None, None, None),
            WatchState::Refused(failure) => (WatchStateView::Refused, None, None, Some(failure)),
            WatchState::Subscribing => (WatchStateView::Subscribing, None, None, None),
            WatchState::Waiting { failure, again } => (WatchStateView::Waiting, None, Some(*again), Some(failure)),
        };
        let step = |(time, text): &(_, String)| StepView { time: timestamp(*time), text: text.clone() };
        Self {
            peer: watch.peer.clone(),
            device: watch.device.as_ref().map(ToString::to_string),
            since: timestamp(watch.since),
            state,
            until: until.map(timestamp),
            heard: watch.heard.map(timestamp),
            told: watch.told,
            again: again.map(timestamp),
            failure: failure.map(Into::into),
            steps: watch.steps.iter().map(step).collect(),
        }
    }
}

impl From<&ServerWatchers> for ServerWatchersView {
    fn from(at: &ServerWatchers) -> Self {
        let failure = match &at.state {
            ServerWatchersState::Refused(failure) | ServerWatchersState::Waiting(failure) => Some(failure.into()),
            ServerWatchersState::Asking | ServerWatchersState::Told => None,
        };
        Self {
            entity: at.entity.to_string(),
            told: at.state == ServerWatchersState::Told,
            failure,
            watchers: at.watchers.iter().map(WatcherView::from).collect(),
        }
    }
}

impl From<&Follower> for WatcherView {
    fn from(follower: &Follower) -> Self {
        Self {
            id: follower.id.map(|id| id.to_string()),
            claims: follower.claims.clone(),
            contact: follower.contact.as_deref().map(escape),
            group: follower.group.clone(),
            key: follower.key.clone(),
            told: follower.told.map(|told| told.name().to_owned()),
            until: follower.until.map(timestamp),
            who: follower.who.clone(),
            address: follower.address.map(|address| address.to_string()),
            since: follower.since.map(timestamp),
            state: match follower.state {
                FollowerState::Active => WatcherStateView::Active,
                FollowerState::Pending => WatcherStateView::Pending,
                FollowerState::Waiting => WatcherStateView::Waiting,
            },
        }
    }
}

impl From<&WatcherRule> for WatcherRuleView {
    fn from(rule: &WatcherRule) -> Self {
        Self {
            key: rule.watcher.clone(),
            entity: rule.entity.to_string(),
            watchers: rule.permission.name().to_owned(),
            since: timestamp(rule.since),
        }
    }
}
