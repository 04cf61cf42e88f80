//! Registration: our Contact stands at the registrars of our accounts for as long as the agent runs.
//!
//! | step | carries |
//! | --- | --- |
//! | `begin_accounts` | `Effect::Locate` for a proxy that is a name |
//! | `handle_account_located` | `Endpoint::register` |
//! | `EndpointEvent::RegistrationFailed` | the next address, or a wait and then `Effect::Locate` again |
//! | `EndpointEvent::Registered` and its siblings | the account's state, as the user sees it |
//!
//! Those that the user adds and removes meanwhile: `added_account.rs`.

use std::time::Duration;

use super::account_failures::{no_proxy, not_found, not_found_yet, not_registered, refused, sent_away};
use super::config::{AccountConfig, AgentConfig};
use super::effect::AddedAccount;
use super::fail_over::calls_for_another;
use super::flow::{flows, Flow};
use super::publication::Publishing;
use super::redirect::Redirects;
use super::snapshot::reached;
use super::waiting::Waiting;
use super::{Account, AccountState, Agent, Event, PublicationState};
use crate::sip::digest::Login;
use crate::sip::headers::NameAddr;
use crate::sip::{
    Candidate, EndCause, EndpointEvent, Host, Next, PublicationId, Received, Register, RegistrationId, Transport, Uri,
};
use crate::vocab::{escape, Deadline, Entity, Failure, Mono, Now};

/// A proxy whose name is not found is looked for again after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// And after so long where one of its servers was heard of.
const LOOK_SOON: Duration = Duration::from_millis(500);

/// Longest Service-Route that is kept, in hops; a path has few proxies.
const MAX_HOPS: usize = 8;

#[derive(Default)]
pub struct Accounts {
    /// In the order of the configuration, then in that in which they were added.
    all: Vec<Accounting>,
    /// Of removed ones: the registrar does not know yet.
    leaving: Vec<(RegistrationId, Entity)>,
}

pub struct Accounting {
    pub config: AccountConfig,
    pub account: Account,
    pub flows: Vec<Flow>,
    /// By which this device is reached through the registrar.
    pub gruu: Option<String>,
    pub publishing: Publishing,
    /// Where its registrar sent us.
    pub redirects: Redirects,
}

impl Accounts {
    /// An added one that the configuration has too is the configuration's for so long.
    pub fn new(config: &AgentConfig, added: Vec<AddedAccount>) -> Self {
        let mut all: Vec<Accounting> =
            config.accounts.iter().map(|config| Accounting::new(config.clone(), false)).collect();
        for one in added {
            if all.iter().all(|other| other.config.entity != one.config.entity) {
                all.push(one.restored(&config.identity));
            }
        }
        Self { all, leaving: Vec::new() }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.all.iter().map(|accounting| &accounting.account)
    }

    pub fn all(&self) -> impl Iterator<Item = &Accounting> {
        self.all.iter()
    }

    pub fn push(&mut self, one: Accounting) {
        self.all.push(one);
    }

    /// Its registration is left behind, to be taken back.
    pub fn remove(&mut self, entity: &Entity) -> Option<Accounting> {
        let at = self.all.iter().position(|accounting| accounting.config.entity == *entity)?;
        let gone = self.all.remove(at);
        // Where nobody ever answered there is nothing to be forgotten, and who corrects a proxy does not wait for the wrong one.
        let known = gone.flows.iter().filter(|flow| flow.is_known()).filter_map(|flow| flow.registration);
        self.leaving.extend(known.map(|id| (id, entity.clone())));
        Some(gone)
    }

    fn leaves(&self, entity: &Entity) -> bool {
        self.leaving.iter().any(|(_, of)| of == entity)
    }

    /// The registrar has forgotten it: whose it was.
    fn has_left(&mut self, id: RegistrationId) -> Option<Entity> {
        let at = self.leaving.iter().position(|(leaving, _)| *leaving == id)?;
        Some(self.leaving.remove(at).1)
    }

    pub fn get(&mut self, entity: &Entity) -> Option<&mut Accounting> {
        self.all.iter_mut().find(|accounting| accounting.config.entity == *entity)
    }

    pub fn by_publication(&mut self, id: PublicationId) -> Option<&mut Accounting> {
        self.all.iter_mut().find(|accounting| accounting.publishing.id == Some(id))
    }

    /// And which of its flows it is.
    fn by_registration(&mut self, id: RegistrationId) -> Option<(&mut Accounting, usize)> {
        self.all.iter_mut().find_map(|accounting| {
            let at = accounting.flows.iter().position(|flow| flow.registration == Some(id))?;
            Some((accounting, at))
        })
    }

    fn flow(&mut self, (entity, at): (&Entity, usize)) -> Option<(&AccountConfig, &mut Flow)> {
        let accounting = self.get(entity)?;
        Some((&accounting.config, accounting.flows.get_mut(at)?))
    }
}

impl Accounting {
    pub fn new(config: AccountConfig, added: bool) -> Self {
        Self {
            account: Account {
                entity: config.entity.clone(),
                added,
                proxy: config.proxy.to_string(),
                address: None,
                user: escape(&config.user),
                state: AccountState::Resolving,
                heard: None,
                service_route: Vec::new(),
                flows: Vec::new(),
                gruu: None,
                publication: PublicationState::None,
                mailbox: super::MailboxState::default(),
            },
            flows: flows(&config),
            config,
            gruu: None,
            publishing: Publishing::default(),
            redirects: Redirects::default(),
        }
    }

    /// By its proxy.
    ///
    /// # Errors
    /// That is not found yet.
    pub fn route(&self) -> Result<Route, Failure> {
        let hop = self.hop().ok_or_else(|| not_found_yet(&self.account))?;
        let account = Some(self.config.entity.clone());
        Ok(Route { hop, domain: self.config.domain(hop.transport), login: self.login(), account })
    }

    /// For all but REGISTER.
    pub fn login(&self) -> Option<Login> {
        self.config.login(Some(self.config.realm.clone()))
    }

    pub fn registrations(&self) -> impl Iterator<Item = RegistrationId> + '_ {
        self.flows.iter().filter_map(|flow| flow.registration)
    }
}

impl Flow {
    /// Its requests go there from now on.
    fn go(&mut self, config: &AccountConfig, there: Candidate) -> Option<Next> {
        self.hop = Some(there);
        self.elsewhere = None;
        self.shown.address = Some(there.to_string());
        let registrar = registrar_of(&config.entity, there.transport)?;
        let (domain, login) = (config.domain(there.transport), config.login(None));
        Some(Next { registrar, remote: there.address, domain, login })
    }

    fn reached(&self) -> String {
        reached(&self.shown.proxy, self.shown.address.as_deref())
    }
}

/// How requests reach a peer of an account's domain.
pub struct Route {
    pub hop: Candidate,
    /// By TLS: what it must prove.
    pub domain: Option<Host>,
    pub login: Option<Login>,
    /// Whose proxy it is; `None` is none's.
    pub account: Option<Entity>,
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
        self.account_at(host).map(Accounting::route).transpose()
    }

    /// The account of this domain.
    pub(super) fn account_at(&self, host: &str) -> Option<&Accounting> {
        self.accounts.all.iter().find(|accounting| accounting.config.entity.host().eq_ignore_ascii_case(host))
    }

    /// The URI by which one of this domain reaches this device, through the registrar: our own contact where there is none.
    pub(super) fn contact_for(&self, entity: &Entity) -> String {
        let mut of_name = self.accounts.all().filter(|accounting| accounting.config.is_named(entity));
        of_name.find_map(|accounting| accounting.gruu.clone()).unwrap_or_else(|| self.contact.clone())
    }

    /// It came by a proxy that is ours, where we are registered: who sent it proved a name there.
    pub(super) fn is_own_proxy(&self, from: &Received) -> bool {
        let all = self.accounts.all().flat_map(|accounting| &accounting.flows);
        all.into_iter().any(|flow| flow.is_known() && flow.leads_to(from))
    }

    pub(super) fn begin_accounts(&mut self, now: Now) {
        // One whose password does not open is refused already.
        let all = self.accounts.all.iter().filter(|accounting| accounting.account.state == AccountState::Resolving);
        let all: Vec<Entity> = all.map(|accounting| accounting.config.entity.clone()).collect();
        for entity in all {
            match self.config.only_looks {
                true => self.set_account((&entity, 0), AccountState::NotRunning),
                false => self.find_proxy(now, (&entity, 0)),
            }
        }
    }

    /// Not before an earlier registration of that name is taken back: what takes that back would take this with it.
    pub(super) fn find_proxy(&mut self, now: Now, which: (&Entity, usize)) {
        if self.accounts.leaves(which.0) {
            return;
        }
        let Some((config, flow)) = self.accounts.flow(which) else { return };
        let what = config.locate(&flow.proxy);
        if let Some(there) = what.address() {
            return self.register_account(now, which, there);
        }
        self.locate(Waiting::AccountAddress(which.0.clone(), which.1), what);
        self.set_account(which, AccountState::Resolving);
    }

    pub(super) fn handle_account_located(
        &mut self,
        now: Now,
        which: (&Entity, usize),
        result: Result<Vec<Candidate>, Failure>,
    ) {
        let found = result.map(|all| self.reachable(all));
        let Some((_, flow)) = self.accounts.flow(which) else { return };
        if flow.is_idle() {
            return;
        }
        let failure = match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                flow.untried = untried;
                return self.register_account(now, which, first);
            }
            Ok((None, _)) => no_proxy(which.0),
            Err(failure) => not_found(which.0, failure),
        };
        flow.look_again = Some(now.mono + LOOK_AGAIN);
        self.wait_for_account(now, which, failure, LOOK_AGAIN);
    }

    /// For the first time, or after its failures have been waited for.
    fn register_account(&mut self, now: Now, which: (&Entity, usize), there: Candidate) {
        if self.stopping.is_some() {
            return;
        }
        let name = self.config.display_name.clone().unwrap_or_default();
        let Some((config, flow)) = self.accounts.flow(which) else { return };
        let Some(next) = flow.go(config, there) else { return };
        if let Some(id) = flow.registration {
            self.endpoint.resume_registration(now, id, next);
            return self.set_account(which, AccountState::Registering);
        }
        let Ok(aor) = Uri::parse(which.0.as_str()) else { return };
        let Next { registrar, remote, domain, login } = next;
        let (expires, number) = (config.expires, which.1 as u32 + 1);
        let aor = NameAddr::new(aor).with_display(&name);
        let what = Register { aor, registrar, remote, domain, login, expires, number };
        flow.registration = Some(self.endpoint.register(now, what));
        self.set_account(which, AccountState::Registering);
    }

    /// The next server of the domain, at once; or all of them anew, once that has been waited for.
    fn handle_registration_failed(&mut self, now: Now, which: (&Entity, usize), cause: EndCause, again: Duration) {
        let stopping = self.stopping.is_some();
        let Some(id) = self.accounts.flow(which).and_then(|(_, flow)| flow.registration) else { return };
        if !stopping && which.1 == 0 && self.registration_redirected(now, which.0, id, &cause) {
            return self.set_account(which, AccountState::Registering);
        }
        // Whoever was sent away begins anew where the user said.
        let sent_away = which.1 == 0
            && self.accounts.get(which.0).is_some_and(|all| std::mem::take(&mut all.redirects).now().is_some());
        let Some((config, flow)) = self.accounts.flow(which) else { return };
        let reached = flow.reached();
        let next = match calls_for_another(&cause) && !stopping {
            true => flow.untried.next().and_then(|there| flow.go(config, there)),
            false => None,
        };
        if let Some(next) = next {
            self.endpoint.move_registration(now, id, next);
            return self.set_account(which, AccountState::Registering);
        }
        if sent_away || config.locate(&flow.proxy).address().is_none() {
            flow.look_again = Some(now.mono + again);
            self.endpoint.hold_registration(id);
        }
        let beside = self.accounts.get(which.0).is_some_and(|accounting| accounting.stands_beside(which.1));
        let failure = not_registered(which.0, &reached, &cause, beside);
        self.wait_for_account(now, which, failure, again);
    }

    /// The second flow follows what has become of the first.
    fn look_beside(&mut self, now: Now, entity: &Entity) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        let held = accounting.drop_beside();
        accounting.settle();
        if let Some(id) = held {
            self.endpoint.abandon_registration(id);
        } else if accounting.wants_beside() {
            self.find_proxy(now, (entity, 1));
        }
    }

    /// What is published stands where the account is registered.
    fn publication_follows(&mut self, entity: &Entity) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        if let (Some(id), Some(hop)) = (accounting.publishing.id, accounting.hop()) {
            let domain = accounting.config.domain(hop.transport);
            self.endpoint.move_publication(id, hop.address, domain, hop.transport == Transport::Tcp);
        }
    }

    pub(super) fn handle_registration(&mut self, now: Now, event: EndpointEvent) {
        let id = match &event {
            EndpointEvent::Registered { id, .. }
            | EndpointEvent::RegistrationAtRisk { id }
            | EndpointEvent::RegistrationHeard { id }
            | EndpointEvent::RegistrationRetried { id }
            | EndpointEvent::RegistrationFailed { id, .. }
            | EndpointEvent::RegistrationRefused { id, .. }
            | EndpointEvent::Unregistered { id } => *id,
            _ => return,
        };
        let left = match event {
            EndpointEvent::RegistrationAtRisk { .. }
            | EndpointEvent::RegistrationHeard { .. }
            | EndpointEvent::RegistrationRetried { .. } => None,
            _ => self.accounts.has_left(id),
        };
        if let Some(entity) = left {
            return self.find_proxy(now, (&entity, 0));
        }
        let Some((accounting, at)) = self.accounts.by_registration(id) else { return };
        let entity = accounting.config.entity.clone();
        let Some(flow) = accounting.flows.get_mut(at) else { return };
        let which = (&entity, at);
        match event {
            EndpointEvent::Registered { expires, service_route, path, gruu, outbound, seen, .. } => {
                let escaped = |hops: Vec<String>| hops.iter().take(MAX_HOPS).map(|hop| escape(hop)).collect();
                (flow.shown.outbound, flow.shown.seen) = (outbound, seen);
                flow.shown.heard = Some(now.wall);
                (flow.shown.service_route, flow.shown.path) = (escaped(service_route), escaped(path));
                let gruu = gruu.map(|gruu| gruu.to_string());
                accounting.redirects.handle_accepted();
                let moved = std::mem::replace(&mut accounting.gruu, gruu.clone()) != gruu;
                accounting.account.gruu = gruu.as_deref().map(escape);
                let until = now.wall.saturating_add(expires);
                let was_away =
                    matches!(accounting.account.state, AccountState::Waiting { .. } | AccountState::Registering);
                self.set_account(which, AccountState::Registered { until });
                self.look_beside(now, &entity);
                self.publication_follows(&entity);
                self.begin_publication(now, &entity);
                self.begin_mailbox(now, &entity);
                self.watch_by_account(now, &entity, was_away);
                if moved {
                    self.sayings_changed(now);
                }
            }
            EndpointEvent::RegistrationAtRisk { .. } => {
                if flow.is_registered() {
                    self.set_account(which, AccountState::Recovering);
                }
            }
            EndpointEvent::RegistrationHeard { .. } => {
                flow.shown.heard = Some(now.wall);
                flow.look_again = flow.look_again.map(|at| at.min(now.mono + LOOK_SOON));
                accounting.settle();
            }
            EndpointEvent::RegistrationRetried { .. } => {
                if let AccountState::Waiting { failure, .. } = flow.shown.state.clone() {
                    self.set_account(which, AccountState::Waiting { failure, again: None });
                }
            }
            EndpointEvent::RegistrationFailed { cause, again, .. } => {
                self.handle_registration_failed(now, which, cause, again);
            }
            EndpointEvent::RegistrationRefused { why, .. } => {
                flow.registration = None;
                let (reached, elsewhere) = (flow.reached(), flow.elsewhere);
                let failure = match elsewhere.filter(|_| !accounting.trusts_its_registrar()) {
                    Some(there) => sent_away(&accounting.account, there),
                    None => refused(accounting, &reached, &why),
                };
                self.event(Event::Notice(failure.clone()));
                self.set_account(which, AccountState::Refused(failure));
            }
            _ => {
                flow.registration = None;
                self.set_account(which, AccountState::Left);
            }
        }
    }

    /// It was sent to where nobody is: it begins again where the user said.
    pub(super) fn begin_anew_later(&mut self, now: Now, entity: &Entity, id: RegistrationId, failure: Failure) {
        self.endpoint.hold_registration(id);
        let Some(accounting) = self.accounts.get(entity) else { return };
        accounting.redirects = Redirects::default();
        if let Some(flow) = accounting.flows.first_mut() {
            flow.look_again = Some(now.mono + LOOK_AGAIN);
        }
        self.wait_for_account(now, (entity, 0), failure, LOOK_AGAIN);
    }

    /// Told once, and not at every further try.
    fn wait_for_account(&mut self, now: Now, which: (&Entity, usize), failure: Failure, again: Duration) {
        let Some((_, flow)) = self.accounts.flow(which) else { return };
        let known =
            matches!(&flow.shown.state, AccountState::Waiting { failure: before, .. } if before.code == failure.code);
        if !known {
            self.event(Event::Notice(failure.clone()));
        }
        self.set_account(which, AccountState::Waiting { failure, again: Some(now.wall.saturating_add(again)) });
        self.look_beside(now, which.0);
        self.publication_follows(which.0);
    }

    fn set_account(&mut self, (entity, at): (&Entity, usize), state: AccountState) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        if let Some(flow) = accounting.flows.get_mut(at) {
            flow.shown.state = state;
        }
        accounting.settle();
        self.event(Event::AccountChanged(entity.clone()));
    }

    pub(super) fn handle_account_timeout(&mut self, now: Now) {
        let due = |at: Mono| at <= now.mono;
        let mut again = Vec::new();
        for accounting in &mut self.accounts.all {
            for (at, flow) in accounting.flows.iter_mut().enumerate() {
                if flow.look_again.take_if(|at| due(*at)).is_some() {
                    again.push((accounting.config.entity.clone(), at));
                }
            }
        }
        again.iter().for_each(|(entity, at)| self.find_proxy(now, (entity, *at)));
    }

    pub(super) fn account_deadline(&self) -> Option<Deadline> {
        let all = self.accounts.all.iter();
        let looks = all.clone().flat_map(|accounting| &accounting.flows).filter_map(|flow| flow.look_again);
        let looks = looks.map(|at| Deadline { at, why: "proxy to be looked for" });
        looks.chain(all.filter_map(|accounting| accounting.publishing.deadline())).min()
    }
}

/// The domain alone (RFC 3261 section 10.2).
fn registrar_of(entity: &Entity, transport: Transport) -> Option<Uri> {
    let param = match transport {
        Transport::Udp => String::new(),
        // The same over TLS (RFC 7118 section 5.2).
        Transport::Ws | Transport::Wss => ";transport=ws".to_owned(),
        Transport::Tcp | Transport::Tls => format!(";transport={transport}"),
    };
    Uri::parse(format!("sip:{}{param}", entity.host())).ok()
}
