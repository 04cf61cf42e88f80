//! Registration: our Contact stands at the registrars of our accounts for as long as the agent runs.
//!
//! | step | carries |
//! | --- | --- |
//! | `begin_accounts` | `Effect::Locate` for a proxy that is a name |
//! | `handle_account_located` | `Endpoint::register` |
//! | `EndpointEvent::RegistrationFailed` | the next address, or a wait and then `Effect::Locate` again |
//! | `EndpointEvent::Registered` and its siblings | the account's state, as the user sees it |

use std::time::Duration;

use super::config::AccountConfig;
use super::fail_over::{calls_for_another, Untried};
use super::publication::Publishing;
use super::redirect::Redirects;
use super::waiting::Waiting;
use super::{Account, AccountState, Agent, Event, PublicationState};
use crate::sip::digest::Login;
use crate::sip::headers::NameAddr;
use crate::sip::{
    Candidate, EndCause, EndpointEvent, Host, Next, PublicationId, Received, Register, RegistrationId, Transport, Uri,
};
use crate::vocab::{escape, Deadline, Entity, Failure, FailureKind, Mono, Now};

/// A proxy whose name is not found is looked for again after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Longest Service-Route that is kept, in hops; a path has few proxies.
const MAX_HOPS: usize = 8;

/// In the order of the configuration.
pub struct Accounts(Vec<Accounting>);

pub struct Accounting {
    pub config: AccountConfig,
    pub account: Account,
    registration: Option<RegistrationId>,
    /// Where the proxy is: what was tried last.
    pub hop: Option<Candidate>,
    /// Where else it is.
    untried: Untried,
    look_again: Option<Mono>,
    /// By which this device is reached through the registrar.
    pub gruu: Option<String>,
    pub publishing: Publishing,
    /// Where its registrar sent us.
    pub redirects: Redirects,
}

impl Accounts {
    pub fn new(configs: Vec<AccountConfig>) -> Self {
        let accounting = |config: AccountConfig| Accounting {
            account: Account {
                entity: config.entity.clone(),
                proxy: config.proxy.to_string(),
                address: None,
                user: escape(&config.user),
                state: AccountState::Resolving,
                service_route: Vec::new(),
                gruu: None,
                publication: PublicationState::None,
            },
            config,
            registration: None,
            hop: None,
            untried: Untried::default(),
            look_again: None,
            gruu: None,
            publishing: Publishing::default(),
            redirects: Redirects::default(),
        };
        Self(configs.into_iter().map(accounting).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.0.iter().map(|accounting| &accounting.account)
    }

    pub fn all(&self) -> impl Iterator<Item = &Accounting> {
        self.0.iter()
    }

    pub fn get(&mut self, entity: &Entity) -> Option<&mut Accounting> {
        self.0.iter_mut().find(|accounting| accounting.config.entity == *entity)
    }

    pub fn by_publication(&mut self, id: PublicationId) -> Option<&mut Accounting> {
        self.0.iter_mut().find(|accounting| accounting.publishing.id == Some(id))
    }

    fn by_registration(&mut self, id: RegistrationId) -> Option<&mut Accounting> {
        self.0.iter_mut().find(|accounting| accounting.registration == Some(id))
    }
}

impl Accounting {
    /// Its requests go there from now on.
    fn go(&mut self, there: Candidate) -> Option<Next> {
        self.hop = Some(there);
        self.account.address = Some(there.to_string());
        let registrar = registrar_of(&self.config.entity, there.transport)?;
        Some(Next { registrar, remote: there.address, domain: self.config.domain(there.transport) })
    }
}

/// How requests reach a peer of an account's domain.
pub struct Route {
    pub hop: Candidate,
    /// By TLS: what it must prove.
    pub domain: Option<Host>,
    pub login: Option<Login>,
}

impl AccountConfig {
    /// `realm` is the one that is answered alone.
    pub fn login(&self, realm: Option<String>) -> Option<Login> {
        let user = self.user.clone();
        self.password.clone().map(|password| Login { user, password, realm })
    }
}

impl Agent {
    /// By the proxy of the account whose domain the peer is of; `None` goes to the peer itself.
    ///
    /// # Errors
    /// There is such an account, and its proxy is not found yet.
    pub(super) fn route_to(&self, host: &str) -> Result<Option<Route>, Failure> {
        let of_domain = |accounting: &&Accounting| accounting.config.entity.host().eq_ignore_ascii_case(host);
        let Some(accounting) = self.accounts.0.iter().find(of_domain) else { return Ok(None) };
        let hop = accounting.hop.ok_or_else(|| not_found_yet(&accounting.account))?;
        let login = accounting.config.login(Some(accounting.config.realm.clone()));
        Ok(Some(Route { hop, domain: accounting.config.domain(hop.transport), login }))
    }

    /// The URI by which one of this domain reaches this device, through the registrar: our own contact where there is none.
    pub(super) fn contact_for(&self, entity: &Entity) -> String {
        let gruu = self.accounts.all().find(|accounting| accounting.config.entity == *entity);
        gruu.and_then(|accounting| accounting.gruu.clone()).unwrap_or_else(|| self.contact.clone())
    }

    /// It came by a proxy that is ours, where we are registered: who sent it proved a name there.
    pub(super) fn is_own_proxy(&self, from: &Received) -> bool {
        let same = |hop: Candidate| {
            let secure = hop.transport != Transport::Tls || from.transport == Transport::Tls;
            secure && hop.address.ip().to_canonical() == from.remote.ip().to_canonical()
        };
        let is_there = |accounting: &Accounting| matches!(accounting.account.state, AccountState::Registered { .. });
        self.accounts.all().any(|accounting| is_there(accounting) && accounting.hop.is_some_and(same))
    }

    pub(super) fn begin_accounts(&mut self, now: Now) {
        let all: Vec<AccountConfig> = self.accounts.0.iter().map(|accounting| accounting.config.clone()).collect();
        all.into_iter().for_each(|config| self.find_proxy(now, &config));
    }

    fn find_proxy(&mut self, now: Now, config: &AccountConfig) {
        let what = config.locate();
        if let Some(there) = what.address() {
            return self.register_account(now, &config.entity, there);
        }
        self.locate(Waiting::AccountAddress(config.entity.clone()), what);
        self.set_account(&config.entity, AccountState::Resolving);
    }

    pub(super) fn handle_account_located(
        &mut self,
        now: Now,
        entity: &Entity,
        result: Result<Vec<Candidate>, Failure>,
    ) {
        let found = result.map(|all| self.reachable(all));
        let Some(accounting) = self.accounts.get(entity) else { return };
        let failure = match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                accounting.untried = untried;
                return self.register_account(now, entity, first);
            }
            Ok((None, _)) => no_proxy(entity),
            Err(failure) => failure,
        };
        accounting.look_again = Some(now.mono + LOOK_AGAIN);
        self.wait_for_account(now, entity, failure, LOOK_AGAIN);
    }

    /// For the first time, or after its failures have been waited for.
    fn register_account(&mut self, now: Now, entity: &Entity, there: Candidate) {
        if self.stopping.is_some() {
            return;
        }
        let name = self.config.display_name.clone().unwrap_or_default();
        let Some(accounting) = self.accounts.get(entity) else { return };
        let Some(next) = accounting.go(there) else { return };
        if let Some(id) = accounting.registration {
            self.endpoint.resume_registration(now, id, next);
            return self.set_account(entity, AccountState::Registering);
        }
        let Ok(aor) = Uri::parse(entity.as_str()) else { return };
        let Next { registrar, remote, domain } = next;
        let (login, expires) = (accounting.config.login(None), accounting.config.expires);
        let what = Register { aor: NameAddr::new(aor).with_display(&name), registrar, remote, domain, login, expires };
        accounting.registration = Some(self.endpoint.register(now, what));
        self.set_account(entity, AccountState::Registering);
    }

    /// The next server of the domain, at once; or all of them anew, once that has been waited for.
    fn handle_registration_failed(&mut self, now: Now, entity: &Entity, cause: EndCause, again: Duration) {
        let stopping = self.stopping.is_some();
        let Some(accounting) = self.accounts.get(entity) else { return };
        let Some(id) = accounting.registration else { return };
        if !stopping && self.registration_redirected(now, entity, id, &cause) {
            return self.set_account(entity, AccountState::Registering);
        }
        let Some(accounting) = self.accounts.get(entity) else { return };
        let failure = not_registered(entity, &accounting.account.reached(), &cause);
        let next = match calls_for_another(&cause) && !stopping {
            true => accounting.untried.next().and_then(|there| accounting.go(there)),
            false => None,
        };
        if let Some(next) = next {
            self.endpoint.move_registration(now, id, next);
            return self.set_account(entity, AccountState::Registering);
        }
        // Whoever was sent away begins anew where the user said.
        let sent_away = std::mem::take(&mut accounting.redirects).now().is_some();
        if sent_away || accounting.config.locate().address().is_none() {
            accounting.look_again = Some(now.mono + again);
            self.endpoint.hold_registration(id);
        }
        self.wait_for_account(now, entity, failure, again);
    }

    /// What is published stands where the account is registered.
    fn publication_follows(&mut self, entity: &Entity) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        if let (Some(id), Some(hop)) = (accounting.publishing.id, accounting.hop) {
            let domain = accounting.config.domain(hop.transport);
            self.endpoint.move_publication(id, hop.address, domain, hop.transport == Transport::Tcp);
        }
    }

    pub(super) fn handle_registration(&mut self, now: Now, event: EndpointEvent) {
        let id = match &event {
            EndpointEvent::Registered { id, .. }
            | EndpointEvent::RegistrationFailed { id, .. }
            | EndpointEvent::RegistrationRefused { id, .. }
            | EndpointEvent::Unregistered { id } => *id,
            _ => return,
        };
        let Some(accounting) = self.accounts.by_registration(id) else { return };
        let (entity, proxy) = (accounting.config.entity.clone(), accounting.account.reached());
        match event {
            EndpointEvent::Registered { expires, service_route, gruu, .. } => {
                let gruu = gruu.map(|gruu| gruu.to_string());
                accounting.redirects.handle_accepted();
                let moved = std::mem::replace(&mut accounting.gruu, gruu.clone()) != gruu;
                accounting.account.gruu = gruu.as_deref().map(escape);
                accounting.account.service_route = service_route.iter().take(MAX_HOPS).map(|hop| escape(hop)).collect();
                let until = now.wall.saturating_add(expires);
                self.set_account(&entity, AccountState::Registered { until });
                self.publication_follows(&entity);
                self.begin_publication(now, &entity);
                if moved {
                    self.published_changed(now);
                }
            }
            EndpointEvent::RegistrationFailed { cause, again, .. } => {
                self.handle_registration_failed(now, &entity, cause, again);
            }
            EndpointEvent::RegistrationRefused { why, .. } => {
                accounting.registration = None;
                let failure = refused(&entity, &proxy, &why);
                self.event(Event::Notice(failure.clone()));
                self.set_account(&entity, AccountState::Refused(failure));
            }
            _ => {
                accounting.registration = None;
                self.set_account(&entity, AccountState::Left);
            }
        }
    }

    /// Told once, and not at every further try.
    fn wait_for_account(&mut self, now: Now, entity: &Entity, failure: Failure, again: Duration) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        let known = matches!(&accounting.account.state, AccountState::Waiting { failure: before, .. } if before.code == failure.code);
        if !known {
            self.event(Event::Notice(failure.clone()));
        }
        self.set_account(entity, AccountState::Waiting { failure, again: now.wall.saturating_add(again) });
    }

    fn set_account(&mut self, entity: &Entity, state: AccountState) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        accounting.account.state = state;
        self.event(Event::AccountChanged(entity.clone()));
    }

    pub(super) fn handle_account_timeout(&mut self, now: Now) {
        let due = |at: Mono| at <= now.mono;
        let mut again = Vec::new();
        for accounting in &mut self.accounts.0 {
            if accounting.look_again.take_if(|at| due(*at)).is_some() {
                again.push(accounting.config.clone());
            }
        }
        again.iter().for_each(|config| self.find_proxy(now, config));
    }

    pub(super) fn account_deadline(&self) -> Option<Deadline> {
        let all = self.accounts.0.iter();
        let looks = all.clone().filter_map(|accounting| accounting.look_again);
        let looks = looks.map(|at| Deadline { at, why: "proxy to be looked for" });
        looks.chain(all.filter_map(|accounting| accounting.publishing.deadline())).min()
    }
}

/// The domain alone (RFC 3261 section 10.2).
fn registrar_of(entity: &Entity, transport: Transport) -> Option<Uri> {
    let param = if transport.is_reliable() { format!(";transport={transport}") } else { String::new() };
    Uri::parse(format!("sip:{}{param}", entity.host())).ok()
}

fn not_registered(entity: &Entity, proxy: &str, cause: &EndCause) -> Failure {
    let (code, why) = match cause {
        EndCause::Rejected { status, reason, .. } | EndCause::Redirected { status, reason, .. } => {
            ("registration-rejected", format!("{proxy} answered {status} {}", escape(reason)))
        }
        EndCause::TimedOut => ("registrar-silent", format!("{proxy} did not answer")),
        EndCause::Transport { why } => ("registrar-unreachable", format!("{proxy} cannot be reached: {}", escape(why))),
        _ => ("registration-rejected", format!("{proxy} did not keep it")),
    };
    let message = format!("{entity} is not registered: {why}");
    let next = "it is tried again by itself; check the account's proxy and that its server runs";
    Failure::new(FailureKind::Unreachable, code, message, entity.as_str(), next)
}

fn refused(entity: &Entity, proxy: &str, why: &str) -> Failure {
    let message = format!("{entity} is not registered at {proxy}: {}", escape(why));
    let next = "correct `user` and the password of this [[account]], then start the agent again";
    Failure::new(FailureKind::RefusedByPolicy, "registration-refused", message, entity.as_str(), next)
}

fn not_found_yet(account: &Account) -> Failure {
    let message = format!("the proxy {} of {} is not found yet", account.proxy, account.entity);
    let next = "see `sottovoce account list`; ask again when it is found";
    Failure::new(FailureKind::Unreachable, "no-proxy", message, account.entity.as_str(), next)
}

fn no_proxy(entity: &Entity) -> Failure {
    let message = format!("the proxy of {entity} has no address that can be reached from here");
    Failure::new(FailureKind::Unreachable, "no-proxy", message, entity.as_str(), "check the account's proxy")
}
