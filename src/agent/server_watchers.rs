//! Who follows what we publish: `presence.winfo` at the presence server of an account (RFC 3857). The server alone knows,
//! and nothing of it is proven: it is shown, and decides nothing.
//!
//! | step | carries |
//! | --- | --- |
//! | `EndpointEvent::Published` -> `begin_server_watchers` | SUBSCRIBE for our own entity |
//! | NOTIFY -> `handle_server_watchers` | `presence::WatcherInfo`, whole or in part |
//! | `EndpointEvent::SubscriptionEnded` | as for any subscription of ours, see `comeback` |

use std::collections::BTreeMap;
use std::time::Duration;

use rand_core::RngCore;

use super::ask_failures::ended;
use super::comeback::{after, Return};
use super::{Agent, Follower, FollowerState, ServerWatchers, ServerWatchersState};
use crate::presence::{
    ServerWatcher, Taken, WatcherInfo, WatcherStatus, WatcherTable, WATCHER_INFO, WATCHER_INFO_PACKAGE,
};
use crate::sip::{Body, EndCause, Subscribe, SubscriptionId, Transport, Uri};
use crate::vocab::{escape, Deadline, Entity, Failure, Mono, Now, Wall};

/// An hour is the package's own default (RFC 3857).
const LIFE: Duration = Duration::from_secs(3600);
/// Least time between two questions for the whole list.
const PACE: Duration = Duration::from_secs(30);

#[derive(Default)]
pub struct AtServers(BTreeMap<Entity, AtServer>);

struct AtServer {
    subscription: Option<SubscriptionId>,
    table: WatcherTable,
    /// When the last document came: durations count from then.
    heard: Option<Wall>,
    state: ServerWatchersState,
    stood: bool,
    failures: u32,
    next: Option<Mono>,
}

impl Agent {
    /// What is published has watchers; the account is there again.
    pub(super) fn begin_server_watchers(&mut self, now: Now, entity: &Entity) {
        let wanted = self.accounts.get(entity).is_some_and(|accounting| accounting.config.watchers);
        let known = self.at_servers.0.contains_key(entity);
        if wanted && !known && self.config.stays && self.stopping.is_none() {
            let fresh = AtServer {
                subscription: None,
                table: WatcherTable::default(),
                heard: None,
                state: ServerWatchersState::Asking,
                stood: false,
                failures: 0,
                next: None,
            };
            self.at_servers.0.insert(entity.clone(), fresh);
            self.ask_server(now, entity);
        }
    }

    fn ask_server(&mut self, now: Now, entity: &Entity) {
        let route = self.accounts.get(entity).and_then(|accounting| accounting.route().ok());
        let (Some(route), Ok(target)) = (route, Uri::parse(entity.as_str())) else { return };
        let what = Subscribe {
            target,
            remote: route.hop.address,
            domain: route.domain,
            tcp: route.hop.transport == Transport::Tcp,
            event: WATCHER_INFO_PACKAGE.into(),
            expires: LIFE,
            accept: vec![WATCHER_INFO.into()],
            body: None,
            from: self.written_as(entity),
            login: route.login,
            resumes: None,
        };
        let id = self.endpoint.subscribe(now, what);
        let Some(at) = self.at_servers.0.get_mut(entity) else { return };
        at.subscription = Some(id);
        at.stood = false;
        at.table.begin_anew();
    }

    /// The account is gone: its server is not asked again.
    pub(super) fn end_server_watchers(&mut self, now: Now, entity: &Entity) {
        let gone = self.at_servers.0.remove(entity);
        if let Some(id) = gone.and_then(|at| at.subscription) {
            self.endpoint.unsubscribe(now, id);
        }
    }

    /// Whose list of watchers it is about.
    pub(super) fn server_watchers_of(&self, id: SubscriptionId) -> Option<Entity> {
        let found = self.at_servers.0.iter().find(|(_, at)| at.subscription == Some(id));
        found.map(|(entity, _)| entity.clone())
    }

    pub(super) fn handle_server_watchers(&mut self, now: Now, entity: &Entity, body: Option<Body>) {
        let Some(at) = self.at_servers.0.get_mut(entity) else { return };
        at.stood = true;
        at.failures = 0;
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
                if let Some(id) = at.subscription {
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
        at.subscription = None;
        let back = after(&cause, at.stood);
        let added = self.accounts.get(entity).is_some_and(|accounting| accounting.account.added);
        let failure = ended(entity.as_str(), cause);
        if back == Return::Never {
            at.state = ServerWatchersState::Refused(not_told(entity, added, &failure));
            return;
        }
        let wait = back.delay(at.failures, random);
        at.failures = at.failures.saturating_add(1);
        at.next = Some(now.mono + wait);
        at.state = ServerWatchersState::Waiting(not_told_yet(entity, &failure));
    }

    pub(super) fn handle_server_watchers_timeout(&mut self, now: Now) {
        let due = |at: &AtServer| at.next.is_some_and(|next| next <= now.mono);
        let due: Vec<Entity> =
            self.at_servers.0.iter().filter(|(_, at)| due(at)).map(|(entity, _)| entity.clone()).collect();
        for entity in due {
            if let Some(at) = self.at_servers.0.get_mut(&entity) {
                at.next = None;
            }
            if self.stopping.is_none() {
                self.ask_server(now, &entity);
            }
        }
    }

    pub(super) fn server_watchers_deadline(&self) -> Option<Deadline> {
        let next = self.at_servers.0.values().filter_map(|at| at.next);
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
