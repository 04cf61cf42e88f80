//! Redirections (RFC 3261 section 8.1.3.4). They change where a request goes, and nothing of whom it is for: entries, keys
//! and what the user approved stay those of the peer that he named (`docs/protocol.md`, section 4).

use std::net::IpAddr;

use super::account::{Accounting, Route};
use super::account_failures::{no_proxy, not_found};
use super::config::AccountConfig;
use super::contact::{contact_host, contact_place};
use super::fail_over::calls_for_another;
use super::flow::Flow;
use super::target::host_address;
use super::waiting::Waiting;
use super::Agent;
use crate::sip::headers::NameAddr;
use crate::sip::{
    redirects, Candidate, EndCause, Exhausted, Host, Locate, Next, Redirect, RegistrationId, RequestIds, Resumed,
    TargetSet, Transport, Uri,
};
use crate::vocab::{escape, Entity, Failure, FailureKind, Now};

/// Where a request was sent by others, and may be sent yet.
#[derive(Clone, Debug, Default)]
pub struct Redirects {
    targets: TargetSet,
    ids: Option<RequestIds>,
    now: Option<Redirect>,
    /// It went by TLS, and does so wherever it is sent.
    by_tls: bool,
}

/// How the place of a redirection is reached.
pub enum Reach {
    /// By the proxy of an account of ours.
    Proxy(Route),
    There(Candidate),
    /// Where DNS says.
    Looked(Locate),
}

impl Redirects {
    /// The request to `asked` was answered so. `by_tls`: it went by TLS.
    pub fn handle_redirection(&mut self, asked: &Uri, by_tls: bool, status: u16, contacts: &[NameAddr]) {
        let asked = self.now.as_ref().map_or(asked, |now| &now.uri).clone();
        self.by_tls |= by_tls;
        self.targets.add(&asked, status, contacts);
    }

    /// Of the request that came to nothing.
    pub fn keep_ids(&mut self, ids: Option<RequestIds>) {
        self.ids = ids;
    }

    /// Where it goes instead of where the user sent it.
    pub fn now(&self) -> Option<&Redirect> {
        self.now.as_ref()
    }

    pub fn resumed(&self) -> Option<Resumed> {
        let (now, ids) = self.now.as_ref().zip(self.ids.clone())?;
        Some(Resumed { ids, proxy: now.proxy.clone() })
    }

    /// It was accepted there: a later redirection is one of a request of its own.
    pub fn handle_accepted(&mut self) {
        self.targets = TargetSet::default();
    }
}

impl Agent {
    /// The next target that there is a way to. What went by TLS goes by nothing else.
    pub(super) fn next_redirect(&self, redirects: &mut Redirects) -> Option<Reach> {
        loop {
            let next = redirects.targets.pop()?;
            let reach = self.reach(next.place(), redirects.by_tls);
            redirects.now = Some(next);
            if reach.is_some() {
                return reach;
            }
        }
    }

    fn reach(&self, place: &Uri, by_tls: bool) -> Option<Reach> {
        let by_tls = by_tls || place.asks_for_tls();
        let host = contact_host(place.as_str())?;
        // What we cannot do is not done in another way.
        let known = |name: &str| ["udp", "tcp", "tls"].iter().any(|known| known.eq_ignore_ascii_case(name));
        if place.param("transport").is_some_and(|name| !known(name)) {
            return None;
        }
        if let Some(route) = self.route_to(&host).ok()? {
            return (!by_tls || route.domain.is_some()).then_some(Reach::Proxy(route));
        }
        let transport = match (by_tls, place.asks_for_tcp()) {
            (true, _) => Transport::Tls,
            (false, true) => Transport::Tcp,
            (false, false) => Transport::Udp,
        };
        if let Some(mut address) = host_address(&host) {
            address.set_port(place.port().unwrap_or(transport.default_port()));
            return Some(Reach::There(Candidate { address, transport }));
        }
        let what = contact_place(place.as_str())?;
        let transport = if by_tls { Some(Transport::Tls) } else { what.transport };
        Some(Reach::Looked(Locate { transport, ..what }))
    }

    /// `true`: the registration is asked for elsewhere.
    pub(super) fn registration_redirected(
        &mut self,
        now: Now,
        entity: &Entity,
        id: RegistrationId,
        cause: &EndCause,
    ) -> bool {
        let Some(accounting) = self.accounts.get(entity) else { return false };
        let mut redirects = std::mem::take(&mut accounting.redirects);
        if let EndCause::Redirected { status, contacts, .. } = cause {
            let by_tls =
                accounting.flows.first().and_then(Flow::registrar).is_some_and(|hop| hop.transport.is_secure());
            let asked = Uri::parse(format!("sip:{}", entity.host()));
            if let Ok(asked) = asked {
                redirects.handle_redirection(&asked, by_tls, *status, contacts);
            }
        }
        let next = redirects.targets.pop();
        redirects.now = next.clone().or(redirects.now);
        let by_tls = redirects.by_tls;
        if let Some(accounting) = self.accounts.get(entity) {
            accounting.redirects = redirects;
        }
        // Not by the account's own proxy: that is who sends us away.
        let Some(place) = next.map(|next| next.place().clone()) else { return false };
        let by_tls = by_tls || place.asks_for_tls();
        let Some(what) = contact_place(place.as_str()) else { return false };
        let transport = if by_tls { Some(Transport::Tls) } else { what.transport };
        let what = Locate { transport, ..what };
        match what.address() {
            Some(there) => self.register_elsewhere(now, entity, id, there),
            None => self.locate(Waiting::AccountRedirect(entity.clone(), id), what),
        }
        true
    }

    pub(super) fn handle_registrar_located(
        &mut self,
        now: Now,
        entity: &Entity,
        id: RegistrationId,
        result: Result<Vec<Candidate>, Failure>,
    ) {
        let found = result.map_err(|failure| not_found(entity, failure));
        let found = found.and_then(|all| self.reachable(all).next().ok_or_else(|| no_proxy(entity)));
        match found {
            Ok(there) => self.register_elsewhere(now, entity, id, there),
            Err(_) if self.registration_redirected(now, entity, id, &EndCause::TimedOut) => {}
            Err(failure) => self.begin_anew_later(now, entity, id, failure),
        }
    }

    /// The registration alone: all else goes by the proxy that the user named.
    fn register_elsewhere(&mut self, now: Now, entity: &Entity, id: RegistrationId, there: Candidate) {
        let Some(accounting) = self.accounts.get(entity) else { return };
        let Some(place) = accounting.redirects.now().map(|now| now.place().clone()) else { return };
        let Some(host) = place.host().cloned() else { return };
        let login = match accounting.trusts_its_registrar() {
            true => accounting.login(),
            false => None,
        };
        if let Some(flow) = accounting.flows.first_mut() {
            flow.elsewhere = Some(there);
            flow.shown.address = Some(there.to_string());
        }
        accounting.settle();
        let mut registrar = Uri::sip(None, host.clone(), place.port());
        match there.transport {
            Transport::Udp => {}
            other => registrar.set_param("transport", Some(&other.to_string())),
        }
        let registrar = if place.is_sips() { registrar.secured() } else { registrar };
        let domain = (there.transport == Transport::Tls).then_some(host);
        self.endpoint.move_registration(now, id, Next { registrar, remote: there.address, domain, login });
    }
}

impl Accounting {
    /// Whoever its registrar named is one to whom its password may be proven.
    pub fn trusts_its_registrar(&self) -> bool {
        self.redirects.now().and_then(|now| now.place().host()).is_none_or(|host| trusts(&self.config, host))
    }
}

/// 3xx is not authenticated: its own domain and what is under that, and the proxy that the user named, and nobody else.
fn trusts(config: &AccountConfig, host: &Host) -> bool {
    let host = host.to_string().trim_matches(['[', ']']).to_ascii_lowercase();
    let is = |name: &str| name.eq_ignore_ascii_case(&host);
    let domain = config.entity.host();
    let is_name = domain.parse::<IpAddr>().is_err();
    let beside = config.beside.as_ref().is_some_and(|proxy| is(&proxy.host));
    let under = host.strip_suffix(&domain.to_ascii_lowercase()).is_some_and(|rest| rest.ends_with('.'));
    is(domain) || is(&config.proxy.host) || beside || is_name && under
}

/// Straight to whoever is there, who has no business with a password of ours.
pub fn direct(place: &Uri, hop: Candidate) -> Route {
    let domain = place.host().filter(|_| hop.transport == Transport::Tls).cloned();
    Route { hop, domain, login: None, account: None }
}

/// Whether the next target is tried after this answer: a redirection, or any other failure of one that we were sent to,
/// unless it speaks for all of them (RFC 3261 section 21.6).
pub fn goes_on(status: u16, redirected: bool) -> bool {
    redirects(status) || redirected && (300..600).contains(&status) && status != 488
}

/// The same of a request that ended so.
pub fn ends_onward(cause: &EndCause, redirected: bool) -> bool {
    match cause {
        EndCause::Rejected { status, .. } | EndCause::Redirected { status, .. } => goes_on(*status, redirected),
        cause => redirected && calls_for_another(cause),
    }
}

/// Where a redirection leads to nobody.
pub fn astray(peer: &str, status: u16, reason: &str, redirects: &Redirects) -> Failure {
    let said = format!("{status} {}", escape(reason));
    let (code, why, next) = match redirects.targets.exhausted() {
        Exhausted::Loop => (
            "redirected-in-a-circle",
            "names only places that were tried already",
            "its server is set up in a circle: tell who runs it, or try the peer by its IP address",
        ),
        Exhausted::TooMany => (
            "redirected-too-often",
            "is one redirection too many",
            "its server sends on and on: tell who runs it, or try the peer by its IP address",
        ),
        Exhausted::Nowhere => (
            "redirected-nowhere",
            "names no place that can be reached from here, or none as safe as what was asked",
            "ask its user how it is reached, or try later",
        ),
    };
    Failure::new(FailureKind::Unreachable, code, format!("{peer} answered {said}, which {why}"), peer, next)
}
