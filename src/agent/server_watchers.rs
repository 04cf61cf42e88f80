//! Who follows what we publish: `presence.winfo` at the presence server of an account (RFC 3857). The server alone knows,
//! and nothing of it is proven: it is shown, and decides nothing.
//!
//! | step | carries |
//! | --- | --- |
//! | `EndpointEvent::Published` -> `begin_server_watchers` | SUBSCRIBE for our own entity |
//! | NOTIFY -> `handle_server_watchers` | `presence::WatcherInfo`, whole or in part |
//! | `EndpointEvent::SubscriptionEnded` | as for any subscription of ours, see `own_server` |

use std::collections::BTreeMap;
use std::time::Duration;

use rand_core::RngCore;

use super::ask_failures::ended;
use super::own_server::AtOwnServer;
use super::{Agent, Follower, FollowerState, ServerWatchers, ServerWatchersState};
use crate::presence::{
    ServerWatcher, Taken, WatcherInfo, WatcherStatus, WatcherTable, WATCHER_INFO, WATCHER_INFO_PACKAGE,
};
use crate::sip::{Body, EndCause, SubscriptionId};
use crate::vocab::{escape, Deadline, Entity, Failure, Now, Wall};

/// Least time between two questions for the whole list.
const PACE: Duration = Duration::from_secs(30);

#[derive(Default)]
pub struct AtServers(BTreeMap<Entity, AtServer>);

struct AtServer {
    subscription: AtOwnServer,
    table: WatcherTable,
    /// When the last document came: durations count from then.
    heard: Option<Wall>,
    state: ServerWatchersState,
}

impl Agent {
    /// What is published has watchers; the account is there again.
    pub(super) fn begin_server_watchers(&mut self, now: Now, entity: &Entity) {
        let wanted = self.accounts.get(entity).is_some_and(|accounting| accounting.config.watchers);
        let known = self.at_servers.0.contains_key(entity);
        if wanted && !known && self.config.stays && self.stopping.is_none() {
            let fresh = AtServer {
                subscription: AtOwnServer::default(),
                table: WatcherTable::default(),
                heard: None,
                state: ServerWatchersState::Asking,
            };
            self.at_servers.0.insert(entity.clone(), fresh);
            self.ask_server(now, entity);
        }
    }

    fn ask_server(&mut self, now: Now, entity: &Entity) {
        let id = self.subscribe_at_own_server(now, entity, (WATCHER_INFO_PACKAGE, WATCHER_INFO));
        let (Some(id), Some(at)) = (id, self.at_servers.0.get_mut(entity)) else { return };
        at.subscription.begin(id);
        at.table.begin_anew();
    }

    /// The account is gone: its server is not asked again.
    pub(super) fn end_server_watchers(&mut self, now: Now, entity: &Entity) {
        let gone = self.at_servers.0.remove(entity);
        if let Some(id) = gone.and_then(|at| at.subscription.id()) {
            self.endpoint.unsubscribe(now, id);
        }
    }

    /// Whose list of watchers it is about.
    pub(super) fn server_watchers_of(&self, id: SubscriptionId) -> Option<Entity> {
        let found = self.at_servers.0.iter().find(|(_, at)| at.subscription.id() == Some(id));
        found.map(|(entity, _)| entity.clone())
    }

    pub(super) fn handle_server_watchers(&mut self, now: Now, entity: &Entity, body: Option<Body>) {
        let Some(at) = self.at_servers.0.get_mut(entity) else { return };
        at.subscription.note_heard();
        let Some(body) = body.and_then(|body| body.part(WATCHER_INFO)).filter(|body| !body.bytes.is_empty()) else {
            return;
        };
        match WatcherInfo::read(&body.bytes).map(|info| at.table.take(info)) {
            Ok(Taken::Applied) => {
                at.heard = Some(now.wall);
                at.state = ServerWatchersState::Told;
            }
            Ok(Taken::Old) => {}
            Ok(Taken::Gap) => {
                if let Some(id) = at.subscription.id() {
                    self.endpoint.refresh_subscription(now, id, PACE);
                }
            }
            Err(why) => at.state = ServerWatchersState::Refused(unreadable(entity, &why.to_string())),
        }
    }

    pub(super) fn handle_server_watchers_ended(&mut self, now: Now, entity: &Entity, cause: EndCause) {
        let random = self.rng.next_u32();
        let stopping = self.stopping.is_some();
        let Some(at) = self.at_servers.0.get_mut(entity).filter(|_| !stopping) else { return };
        let comes_back = at.subscription.end(now, &cause, random);
        let added = self.accounts.get(entity).is_some_and(|accounting| accounting.account.added);
        let failure = ended(entity.as_str(), cause);
        at.state = match comes_back {
            true => ServerWatchersState::Waiting(not_told_yet(entity, &failure)),
            false => ServerWatchersState::Refused(not_told(entity, added, &failure)),
        };
    }

    pub(super) fn handle_server_watchers_timeout(&mut self, now: Now) {
        let all = self.at_servers.0.iter_mut();
        let due = all.filter_map(|(entity, at)| at.subscription.take_due(now).then(|| entity.clone()));
        for entity in due.collect::<Vec<_>>() {
            if self.stopping.is_none() {
                self.ask_server(now, &entity);
            }
        }
    }

    pub(super) fn server_watchers_deadline(&self) -> Option<Deadline> {
        let next = self.at_servers.0.values().filter_map(|at| at.subscription.next());
        next.min().map(|at| Deadline { at, why: "watchers at a server to be asked for" })
    }

    /// What each presence server of ours tells of our watchers.
    pub fn server_watchers(&self) -> Vec<ServerWatchers> {
        let shown = |(entity, at): (&Entity, &AtServer)| ServerWatchers {
            entity: entity.clone(),
            state: at.state.clone(),
            watchers: at.table.rows().map(|row| shown(row, at.heard)).collect(),
        };
        self.at_servers.0.iter().map(shown).collect()
    }
}

fn shown(row: &ServerWatcher, heard: Option<Wall>) -> Follower {
    let since = heard.zip(row.subscribed).map(|(heard, for_so_long)| {
        Wall(heard.0.saturating_sub(u64::try_from(for_so_long.as_millis()).unwrap_or(u64::MAX)))
    });
    Follower {
        id: None,
        claims: None,
        contact: None,
        group: None,
        key: None,
        told: None,
        until: None,
        who: Some(row.uri.to_string()),
        address: None,
        since,
        state: match row.status {
            WatcherStatus::Active => FollowerState::Active,
            WatcherStatus::Pending => FollowerState::Pending,
            WatcherStatus::Terminated | WatcherStatus::Waiting => FollowerState::Waiting,
        },
    }
}

fn not_told_yet(entity: &Entity, failure: &Failure) -> Failure {
    let message = format!("the presence server does not tell who follows {entity}: {}", failure.message);
    Failure { code: "watchers-unknown", message, next: "it is asked again by itself".into(), ..failure.clone() }
}

fn not_told(entity: &Entity, added: bool, failure: &Failure) -> Failure {
    let message = format!("the presence server does not tell who follows {entity}: {}", failure.message);
    let next = match added {
        true => "some servers know no presence.winfo: remove the account and add it with --no-watchers; nothing else depends on it",
        false => "with a server that knows no presence.winfo write `watchers = false` in this [[account]]",
    };
    Failure { code: "watchers-unknown", message, next: next.into(), ..failure.clone() }
}

fn unreadable(entity: &Entity, why: &str) -> Failure {
    let kind = crate::vocab::FailureKind::Failed;
    let message = format!("what the presence server tells of the watchers of {entity} cannot be read: {}", escape(why));
    Failure::new(kind, "watchers-unknown", message, entity.as_str(), "ask who runs the server")
}
