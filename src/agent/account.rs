//! Registration: our Contact stands at the registrars of our accounts for as long as the agent runs.
//!
//! | step | carries |
//! | --- | --- |
//! | `begin_accounts` | `Effect::Resolve` for a proxy that is a name |
//! | `handle_account_address` | `Endpoint::register` |
//! | `EndpointEvent::Registered` and its siblings | the account's state, as the user sees it |

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::config::AccountConfig;
use super::publication::Publishing;
use super::waiting::Waiting;
use super::{Account, AccountState, Agent, Effect, Event, PublicationState};
use crate::sip::digest::Login;
use crate::sip::headers::NameAddr;
use crate::sip::{EndCause, EndpointEvent, Host, PublicationId, Register, RegistrationId, Transport, Uri};
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
    /// Where the proxy is.
    pub remote: Option<SocketAddr>,
    look_again: Option<Mono>,
    /// By which this device is reached through the registrar.
    pub gruu: Option<String>,
    pub publishing: Publishing,
}

impl Accounts {
    pub fn new(configs: Vec<AccountConfig>) -> Self {
        let accounting = |config: AccountConfig| Accounting {
            account: Account {
                entity: config.entity.clone(),
                proxy: config.proxy.to_string(),
                user: escape(&config.user),
                state: AccountState::Resolving,
                service_route: Vec::new(),
                gruu: None,
                publication: PublicationState::None,
            },
            config,
            registration: None,
            remote: None,
            look_again: None,
            gruu: None,
            publishing: Publishing::default(),
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

/// How requests reach a peer of an account's domain.
pub struct Route {
    pub proxy: SocketAddr,
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

    /// What the proxy must prove, by TLS: the domain that the user named, wherever DNS has it (RFC 5922 section 4).
    pub fn domain(&self) -> Option<Host> {
        let uri = Uri::parse(self.entity.as_str()).ok();
        let host = uri.and_then(|uri| uri.host().cloned());
        // One that cannot be read is proven by nobody.
        let domain = host.unwrap_or_else(|| Host::Name(self.entity.host().to_owned()));
        (self.proxy.transport == Transport::Tls).then_some(domain)
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
        let proxy = accounting.remote.ok_or_else(|| not_found_yet(&accounting.account))?;
        let login = accounting.config.login(Some(accounting.config.realm.clone()));
        Ok(Some(Route { proxy, domain: accounting.config.domain(), login }))
    }

    /// The URI by which one of this domain reaches this device, through the registrar: our own contact where there is none.
    pub(super) fn contact_for(&self, entity: &Entity) -> String {
        let gruu = self.accounts.all().find(|accounting| accounting.config.entity == *entity);
        gruu.and_then(|accounting| accounting.gruu.clone()).unwrap_or_else(|| self.contact.clone())
    }

    /// It came by a proxy that is ours: who sent it proved a name there.
    pub(super) fn is_own_proxy(&self, address: IpAddr) -> bool {
        let is = |remote: SocketAddr| remote.ip().to_canonical() == address.to_canonical();
        self.accounts.all().any(|accounting| accounting.remote.is_some_and(is))
    }

    pub(super) fn begin_accounts(&mut self, now: Now) {
        let all: Vec<AccountConfig> = self.accounts.0.iter().map(|accounting| accounting.config.clone()).collect();
        all.into_iter().for_each(|config| self.find_proxy(now, &config));
    }

    fn find_proxy(&mut self, now: Now, config: &AccountConfig) {
        if let Ok(address) = config.proxy.host.parse() {
            return self.register_account(now, &config.entity, SocketAddr::new(address, config.proxy.port));
        }
        let id = self.expect(Waiting::AccountAddress(config.entity.clone()));
        self.effect(Effect::Resolve { id, host: config.proxy.host.clone(), port: config.proxy.port });
        self.set_account(&config.entity, AccountState::Resolving);
    }

    pub(super) fn handle_account_address(
        &mut self,
        now: Now,
        entity: &Entity,
        result: Result<Vec<SocketAddr>, Failure>,
    ) {
        let found = result.and_then(|all| self.reachable(&all).ok_or_else(|| no_proxy(entity)));
        match found {
            Ok(remote) => self.register_account(now, entity, remote),
            Err(failure) => {
                if let Some(accounting) = self.accounts.get(entity) {
                    accounting.look_again = Some(now.mono + LOOK_AGAIN);
                }
                self.wait_for_account(now, entity, failure, LOOK_AGAIN);
            }
        }
    }

    fn register_account(&mut self, now: Now, entity: &Entity, remote: SocketAddr) {
        if self.stopping.is_some() {
            return;
        }
        let name = self.config.display_name.clone().unwrap_or_default();
        let Some(accounting) = self.accounts.get(entity) else { return };
        accounting.remote = Some(remote);
        let AccountConfig { proxy, expires, .. } = accounting.config.clone();
        let (Ok(aor), Some(registrar)) = (Uri::parse(entity.as_str()), registrar_of(entity, proxy.transport)) else {
            return;
        };
        let domain = accounting.config.domain();
        let login = accounting.config.login(None);
        let what = Register { aor: NameAddr::new(aor).with_display(&name), registrar, remote, domain, login, expires };
        accounting.registration = Some(self.endpoint.register(now, what));
        self.set_account(entity, AccountState::Registering);
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
        let (entity, proxy) = (accounting.config.entity.clone(), accounting.account.proxy.clone());
        match event {
            EndpointEvent::Registered { expires, service_route, gruu, .. } => {
                let gruu = gruu.map(|gruu| gruu.to_string());
                let moved = std::mem::replace(&mut accounting.gruu, gruu.clone()) != gruu;
                accounting.account.gruu = gruu.as_deref().map(escape);
                accounting.account.service_route = service_route.iter().take(MAX_HOPS).map(|hop| escape(hop)).collect();
                let until = now.wall.saturating_add(expires);
                self.set_account(&entity, AccountState::Registered { until });
                self.begin_publication(now, &entity);
                if moved {
                    self.published_changed(now);
                }
            }
            EndpointEvent::RegistrationFailed { cause, again, .. } => {
                let failure = not_registered(&entity, &proxy, cause);
                self.wait_for_account(now, &entity, failure, again);
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

fn not_registered(entity: &Entity, proxy: &str, cause: EndCause) -> Failure {
    let (code, why) = match cause {
        EndCause::Rejected { status, reason, .. } => {
            ("registration-rejected", format!("{proxy} answered {status} {}", escape(&reason)))
        }
        EndCause::TimedOut => ("registrar-silent", format!("{proxy} did not answer")),
        EndCause::Transport { why } => {
            ("registrar-unreachable", format!("{proxy} cannot be reached: {}", escape(&why)))
        }
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
