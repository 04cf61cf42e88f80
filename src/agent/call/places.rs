//! Where a call goes: the addresses of its peer one after the other.

use std::net::{IpAddr, SocketAddr};

use super::failures::no_address;
use super::{CallState, Calling};
use crate::agent::ask_failures::{clear_proxy, LISTEN_FOR_TLS};
use crate::agent::contact::{contact_host, contact_place};
use crate::agent::fail_over::calls_for_another;
use crate::agent::redirect::{ends_onward, Reach};
use crate::agent::target::{host_address, Target};
use crate::agent::{Agent, Pin};
use crate::sip::{Candidate, EndCause, Locate, RequestIds, SessionId, Transport};
use crate::vocab::{escape, CallId, Device, Entity, Failure, FailureKind, Now};

impl Agent {
    /// Where this device's media is, as far as we know before it answers.
    pub(super) fn media_end(&self, entity: &Entity, device: &Device, ours: SocketAddr) -> IpAddr {
        self.address_of(entity, device).unwrap_or(unspecified(ours))
    }

    /// Where the INVITE goes first: by the proxy of an account, or to where the device says that it is.
    pub(super) fn first_reach(&self, id: CallId, pin: &Pin) -> Result<Reach, Failure> {
        let target = self.calls.all.get(&id).and_then(|calling| calling.target.as_ref());
        if let Some(target) = target.filter(|target| target.secure) {
            return self.secure_reach(target);
        }
        if let Some(target) = target.filter(|target| self.is_built_in(target)) {
            return Ok(Reach::Looked(target.locate()));
        }
        let record = self.book.presence(&pin.entity, &pin.device);
        let contact = record.map_or(pin.entity.as_str(), |record| record.contact.raw());
        let host = contact_host(contact).unwrap_or_default();
        // A telephone number goes by its account, wherever the device says that it is.
        let is_phone = target.is_some_and(|target| target.uri.is_some());
        let route = match target.filter(|target| target.account.is_some()) {
            Some(target) => self.route_of(target),
            None => self.route_to(&host),
        };
        if let Some(address) = host_address(&host).filter(|_| !is_phone) {
            return Ok(Reach::There(Candidate { address, transport: Transport::Udp }));
        }
        let looked = || Reach::Looked(contact_place(contact).unwrap_or_else(|| Locate::host(&host, None)));
        Ok(route?.map_or_else(looked, Reach::Proxy))
    }

    /// It listens elsewhere each time that it is started, and has to be started.
    pub(super) fn is_built_in(&self, target: &Target) -> bool {
        target.is_echo() && matches!(self.account_of(target), Ok(None))
    }

    /// By TLS to the domain that `sips:` names, wherever the device says that it is: each hop from there on is by TLS too (RFC 3261
    /// section 26.2.2).
    fn secure_reach(&self, target: &Target) -> Result<Reach, Failure> {
        match self.route_of(target)? {
            Some(route) if route.domain.is_none() => Err(clear_proxy(target)),
            Some(route) => Ok(Reach::Proxy(route)),
            None => Ok(target.locate().address().map_or_else(|| Reach::Looked(target.locate()), Reach::There)),
        }
    }

    pub(in crate::agent) fn handle_call_located(
        &mut self,
        now: Now,
        id: CallId,
        result: Result<Vec<Candidate>, Failure>,
    ) {
        if self.calls.all.get(&id).is_none_or(|calling| !calling.is_open()) {
            return;
        }
        let found = result.map(|all| self.reachable(all));
        match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.untried = untried;
                }
                self.prove_redirect(id, first);
                self.open_media(now, id, first);
            }
            _ if self.call_onward(now, id) => {}
            Ok((None, _)) => {
                let failure = no_address(&self.peer_name(id));
                self.end_call(now, id, CallState::Failed(failure));
            }
            Err(failure) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }

    /// The next address of the peer, when this cause is one for it and nobody rings yet. The offer is a new one: what was
    /// offered elsewhere is not offered twice.
    pub(super) fn call_elsewhere(&mut self, now: Now, id: CallId, cause: &EndCause) -> bool {
        let waits = |calling: &&mut Calling| calling.is_open() && calling.call.state == CallState::Inviting;
        let Some(calling) = self.calls.all.get_mut(&id).filter(waits) else { return false };
        let next = if calls_for_another(cause) { calling.untried.next() } else { None };
        let Some(next) = next else { return false };
        calling.until = None;
        self.open_media(now, id, next);
        true
    }

    pub(super) fn handle_invite_failed(
        &mut self,
        now: Now,
        session: SessionId,
        cause: EndCause,
        ids: Option<RequestIds>,
    ) {
        let Some(id) = self.calls.sessions.remove(&session) else { return };
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.session = None;
        let (peer, by_proxy) = (calling.call.peer.clone(), calling.login.is_some());
        let secure = calling.target.as_ref().is_some_and(|target| target.secure);
        calling.redirects.keep_ids(ids);
        self.drop_early(id);
        let Some(calling) = self.calls.all.get(&id) else { return };
        let onward = ends_onward(&cause, calling.redirects.now().is_some());
        if self.call_elsewhere(now, id, &cause) || onward && self.call_onward(now, id) {
            return;
        }
        self.end_call(now, id, CallState::Failed(failed(&peer, cause, by_proxy, secure)));
    }
}

fn unspecified(like: SocketAddr) -> IpAddr {
    match like {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn failed(peer: &str, cause: EndCause, by_proxy: bool, secure: bool) -> Failure {
    if let EndCause::InClear { why } = cause {
        return in_clear(peer, why);
    }
    let (code, message) = match cause {
        EndCause::TimedOut => ("peer-silent", format!("{peer} did not answer")),
        EndCause::Transport { why } => ("peer-unreachable", format!("{peer} cannot be reached: {}", escape(&why))),
        other => ("call-failed", format!("the call to {peer} could not be placed ({other:?})")),
    };
    let next = match by_proxy {
        false if secure => LISTEN_FOR_TLS,
        true => {
            "it goes by your account's proxy: `sottovoce account list` tells whether that is there; then call again"
        }
        false => "check that the peer's agent runs and that its address is still the same: `sottovoce ask` tells",
    };
    Failure::new(FailureKind::Unreachable, code, message, peer, next)
}

/// What is said is protected by the policy, either way; who calls whom is not, where a hop is in clear.
fn in_clear(peer: &str, why: &str) -> Failure {
    let message =
        format!("{peer} was called by sips:, and not every hop of the call would go by TLS: {why}; it was ended");
    let next = "have the peer's agent, or its proxy, keep to sips:; or call by sip:, which the policy protects as well";
    Failure::new(FailureKind::RefusedByPolicy, "not-by-tls", message, peer, next)
}
