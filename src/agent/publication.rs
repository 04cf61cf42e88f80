//! Publication (PROTOCOL section 4): what a stranger may know of this device stands at the presence server of its account,
//! signed, so that it can be asked for while the way to the device itself is closed, and together with our other devices.
//!
//! | step | carries |
//! | --- | --- |
//! | `EndpointEvent::Registered` -> `begin_publication` | our statement for everybody |
//! | `Endpoint::publish` | PUBLISH |
//! | entries, presence or time change -> `published_changed` | the newest statement, paced |
//! | `EndpointEvent::Published` and its siblings | the account's publication, as the user sees it |

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::account::Accounting;
use super::answer_watcher::{document_body, AskersPlace};
use super::own::{random_nonce, Saying, STATEMENT_LIFE};
use super::snapshot::reached;
use super::{Agent, Event, Given, PublicationState, StoreOp};
use crate::policy::{publish_policy, tightens_somewhere, Audience, Entry, Purpose, Spd, Statement, View};
use crate::presence;
use crate::sip::headers::NameAddr;
use crate::sip::{Body, EndCause, EndpointEvent, PublicationId, Publish, Transport, Uri};
use crate::vocab::{escape, shell_word, Deadline, Entity, Failure, FailureKind, Generation, Mono, Now};

/// Least time between two publications, unless the newer one tightens (PROTOCOL section 4).
pub(super) const PACE: Duration = Duration::from_secs(5);
/// A statement is said anew when half of its life is over.
const SAY_AGAIN: Duration = Duration::from_secs(STATEMENT_LIFE.as_secs() / 2);
/// The name under which statements for everybody are remembered as given; of accounts of other names than the agent's, with
/// that name after it, so that none pushes out another's.
const EVERYBODY: &str = "everybody";

/// An account's publication.
#[derive(Default)]
pub struct Publishing {
    pub id: Option<PublicationId>,
    said: Option<Said>,
    /// The next change, or the next time it is said anew.
    due: Option<Mono>,
}

/// What was published last.
struct Said {
    at: Mono,
    statement: Statement,
    entries: Vec<Entry>,
}

impl Publishing {
    pub fn deadline(&self) -> Option<Deadline> {
        self.due.map(|at| Deadline { at, why: "publication to be said anew" })
    }
}

impl Agent {
    /// The account is registered, for the first time or again.
    pub(super) fn begin_publication(&mut self, now: Now, entity: &Entity) {
        let discloses = self.config.unknown_watchers.may_learn_policy();
        let Some(accounting) = self.accounts.get(entity).filter(|accounting| accounting.publishing.id.is_none()) else {
            return;
        };
        let state = match accounting.config.publish {
            false => PublicationState::Off,
            true if !discloses => PublicationState::Withheld("[watchers] unknown lets nobody unknown learn it"),
            true => return self.publish_first(now, entity),
        };
        self.set_publication(entity, state);
    }

    fn publish_first(&mut self, now: Now, entity: &Entity) {
        // A server that refused it once would refuse it at every refresh of the registration.
        let refused = |accounting: &&mut Accounting| accounting.account.publication.is_final();
        if self.stopping.is_some() || self.accounts.get(entity).as_ref().is_some_and(refused) {
            return;
        }
        let body = self.say_to_everybody(now, entity);
        let name = self.config.display_name.clone().unwrap_or_default();
        let Some(accounting) = self.accounts.get(entity) else { return };
        let (Some(hop), Ok(target)) = (accounting.hop(), Uri::parse(entity.as_str())) else { return };
        let what = Publish {
            presentity: NameAddr::new(target.clone()).with_display(&name),
            target,
            remote: hop.address,
            tcp: hop.transport == Transport::Tcp,
            domain: accounting.config.domain(hop.transport),
            event: "presence".into(),
            expires: accounting.config.expires,
            body,
            login: accounting.login(),
        };
        accounting.publishing.id = Some(self.endpoint.publish(now, what));
        self.set_publication(entity, PublicationState::Publishing);
    }

    /// Signs what everybody may know, and remembers it as said: whoever calls can bear its hash.
    fn say_to_everybody(&mut self, now: Now, entity: &Entity) -> Body {
        let entries = self.entries_for_everybody(now);
        let nonce = random_nonce(&mut self.rng);
        let name = self.our_name(entity).unwrap_or_else(|| entity.clone());
        let saying = self.saying_to_everybody(name, &entries, nonce);
        let contact = self.contact_for(entity);
        let signed = self.own.sign(&self.config, &contact, saying, now.wall);
        let given = Given {
            watcher: self.everybody(&signed.statement.entity),
            version: signed.statement.version,
            hash: presence::statement_hash(&signed.statement),
            expires: signed.statement.expires,
            nonce: None,
        };
        self.book.give(given.clone());
        self.keep(StoreOp::RecordGiven { given, known: true });
        if let Some(accounting) = self.accounts.get(entity) {
            let statement = signed.statement.clone();
            accounting.publishing.said = Some(Said { at: now.mono, statement, entries });
            accounting.publishing.due = Some(now.mono + SAY_AGAIN);
        }
        document_body(&signed)
    }

    pub(super) fn everybody(&self, name: &Entity) -> String {
        match *name == self.config.entity {
            true => EVERYBODY.to_owned(),
            false => format!("{EVERYBODY} {name}"),
        }
    }

    fn saying_to_everybody(&self, entity: Entity, entries: &[Entry], nonce: crate::vocab::Nonce) -> Saying {
        Saying {
            entity,
            purpose: Purpose::Publish,
            audience: Audience::Any,
            nonce,
            presence: self.config.unknown_watchers.may_learn_place(),
            policies: publish_policy(entries, self.config.media_address, self.config.default_level),
            request: None,
            proposal: None,
            answer: None,
        }
    }

    /// Our own entries for somebody of whom nothing is known, not even an address.
    fn entries_for_everybody(&self, now: Now) -> Vec<Entry> {
        let nowhere = match self.config.media_address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        self.entries_for(now, None, AskersPlace { address: nowhere, observed: false })
    }

    /// What we would publish now of the account of this name.
    pub(super) fn published_today(&self, now: Now, entity: &Entity) -> Option<Statement> {
        let is = |accounting: &Accounting| accounting.config.is_named(entity) && accounting.publishing.id.is_some();
        if !self.accounts.all().any(is) {
            return None;
        }
        let name = self.our_name(entity)?;
        let saying = self.saying_to_everybody(name, &self.entries_for_everybody(now), crate::vocab::Nonce([0; 16]));
        Some(self.own.statement(&self.config, &self.contact_for(entity), saying, now.wall))
    }

    /// Entries or presence may be others: what is published follows, at once when it tightens.
    pub(super) fn published_changed(&mut self, now: Now) {
        let entries = self.entries_for_everybody(now);
        let all: Vec<Entity> = self.accounts.all().map(|accounting| accounting.config.entity.clone()).collect();
        for entity in all {
            let level = self.config.default_level;
            let Some(today) = self.published_today(now, &entity) else { continue };
            let Some(accounting) = self.accounts.get(&entity) else { continue };
            let Some(said) = &accounting.publishing.said else { continue };
            if says_the_same(&said.statement, &today) {
                continue;
            }
            let view = View { peer: None, ends: None, default_level: level, now: now.wall };
            let tightens = tightens_somewhere(&compiled(&entries), &compiled(&said.entries), &view);
            let at = if tightens { now.mono } else { now.mono.max(said.at + PACE) };
            accounting.publishing.due = accounting.publishing.due.map_or(Some(at), |due| Some(due.min(at)));
        }
        self.handle_publication_timeout(now);
    }

    pub(super) fn handle_publication_timeout(&mut self, now: Now) {
        let due = |accounting: &&Accounting| accounting.publishing.due.is_some_and(|at| at <= now.mono);
        let due: Vec<Entity> = self.accounts.all().filter(due).map(|a| a.config.entity.clone()).collect();
        for entity in due {
            let Some(accounting) = self.accounts.get(&entity) else { continue };
            accounting.publishing.due = None;
            let Some(id) = accounting.publishing.id else { continue };
            let body = self.say_to_everybody(now, &entity);
            self.endpoint.republish(now, id, body);
        }
    }

    pub(super) fn handle_publication(&mut self, now: Now, event: EndpointEvent) {
        let id = match &event {
            EndpointEvent::PublicationFailed { id, .. }
            | EndpointEvent::PublicationRetried { id }
            | EndpointEvent::PublicationRefused { id, .. }
            | EndpointEvent::Published { id, .. }
            | EndpointEvent::Unpublished { id } => *id,
            _ => return,
        };
        let Some(accounting) = self.accounts.by_publication(id) else { return };
        // Not where its registrar may have sent the registration.
        let hop = accounting.hop().map(|hop| hop.to_string());
        let added = accounting.account.added;
        let (entity, proxy) = (accounting.config.entity.clone(), reached(&accounting.account.proxy, hop.as_deref()));
        let state = match event {
            EndpointEvent::Published { expires, .. } => {
                PublicationState::Published { until: now.wall.saturating_add(expires) }
            }
            EndpointEvent::PublicationFailed { cause, again, .. } => {
                let failure = not_published(&entity, &proxy, cause, "it is tried again by itself");
                PublicationState::Waiting { failure, again: Some(now.wall.saturating_add(again)) }
            }
            EndpointEvent::PublicationRetried { .. } => match accounting.account.publication.clone() {
                PublicationState::Waiting { failure, .. } => PublicationState::Waiting { failure, again: None },
                state => state,
            },
            EndpointEvent::PublicationRefused { cause: cause @ EndCause::Unproven { .. }, .. } => {
                PublicationState::Refused(not_published(&entity, &proxy, cause, &proving(&entity, added)))
            }
            EndpointEvent::PublicationRefused { cause, .. } => {
                let how = match added {
                    true => "remove the account and add it with --no-publish",
                    false => "write `publish = false` in its [[account]]",
                };
                let next =
                    format!("with a server that takes no publications {how}; askers then reach this device itself");
                PublicationState::Refused(not_published(&entity, &proxy, cause, &next))
            }
            _ => PublicationState::Left,
        };
        if matches!(state, PublicationState::Refused(_) | PublicationState::Left) {
            accounting.publishing = Publishing::default();
        }
        let published = matches!(state, PublicationState::Published { .. });
        self.set_publication(&entity, state);
        if published {
            self.begin_server_watchers(now, &entity);
        }
    }

    /// A failure is told once, and not at every further try.
    fn set_publication(&mut self, entity: &Entity, state: PublicationState) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        let before = std::mem::replace(&mut accounting.account.publication, state.clone());
        let code = |state: &PublicationState| state.failure().map(|failure| failure.code);
        if let Some(failure) = state.failure().filter(|failure| code(&before) != Some(failure.code)) {
            self.event(Event::Notice(failure.clone()));
        }
        self.event(Event::AccountChanged(entity.clone()));
    }
}

/// All but what every statement has of its own.
pub(super) fn says_the_same(one: &Statement, other: &Statement) -> bool {
    presence::statement_hash(one) == presence::statement_hash(other)
        && (&one.person, &one.environment, &one.contact) == (&other.person, &other.environment, &other.contact)
}

pub(super) fn compiled(entries: &[Entry]) -> Spd {
    Spd::compile(Generation::default(), entries.to_vec(), Vec::new())
}

/// The registrar may have asked for no password at all.
fn proving(entity: &Entity, added: bool) -> String {
    match added {
        true => format!(
            "`sottovoce account remove {}`, then add it with the user, password and realm (--realm) that its server wants",
            shell_word(entity.as_str())
        ),
        false => "correct `user`, password and `realm` of this [[account]], then start the agent again".to_owned(),
    }
}

fn not_published(entity: &Entity, proxy: &str, cause: EndCause, next: &str) -> Failure {
    let (code, why) = match cause {
        EndCause::Rejected { status, reason, .. } | EndCause::Redirected { status, reason, .. } => {
            ("publication-rejected", format!("{proxy} answered {status} {}", escape(&reason)))
        }
        EndCause::Unproven { why, .. } => ("publication-rejected", escape(&why)),
        EndCause::TimedOut => ("publication-unanswered", format!("{proxy} did not answer")),
        EndCause::Transport { why } => {
            ("publication-unanswered", format!("{proxy} cannot be reached: {}", escape(&why)))
        }
        _ => ("publication-rejected", format!("{proxy} did not keep it")),
    };
    let message = format!("what {entity} says of itself is not published: {why}");
    Failure::new(FailureKind::Unreachable, code, message, entity.as_str(), next)
}
