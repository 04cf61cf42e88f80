//! The callee is elsewhere: the INVITE follows, and still means the device that our user approved.

use super::{CallState, Calling};
use crate::agent::fail_over::Untried;
use crate::agent::redirect::{astray, direct, goes_on, Reach};
use crate::agent::ruling::some_port;
use crate::agent::waiting::Waiting;
use crate::agent::Agent;
use crate::policy::{tighten, Entry};
use crate::sip::headers::NameAddr;
use crate::sip::{redirects, Candidate, RequestIds};
use crate::vocab::{escape, CallId, Now};
use std::net::SocketAddr;

impl Agent {
    /// `true`: nothing more is to be said of this answer.
    pub(super) fn call_redirected(
        &mut self,
        now: Now,
        id: CallId,
        (status, reason): (u16, &str),
        contacts: &[NameAddr],
        ids: Option<RequestIds>,
    ) -> bool {
        let waits = |calling: &Calling| matches!(calling.call.state, CallState::Inviting | CallState::Ringing);
        let Some(calling) = self.calls.all.get(&id).filter(|calling| calling.is_open() && waits(calling)) else {
            return false;
        };
        if !goes_on(status, calling.redirects.now().is_some()) {
            return false;
        }
        let Some((entity, device)) = calling.peer.clone() else { return false };
        let Ok(asked) = self.invite_target(id, &entity, &device) else { return false };
        let Some(calling) = self.calls.all.get_mut(&id) else { return false };
        calling.redirects.keep_ids(ids);
        if redirects(status) {
            let by_tls = asked.asks_for_tls() || calling.hop.is_some_and(|hop| hop.transport.is_secure());
            calling.redirects.handle_redirection(&asked, by_tls, status, contacts);
        }
        if self.call_onward(now, id) {
            return true;
        }
        if !redirects(status) {
            return false;
        }
        let Some(calling) = self.calls.all.get(&id) else { return false };
        let failure = astray(&calling.call.peer, status, reason, &calling.redirects);
        self.end_call(now, id, CallState::Failed(failure));
        true
    }

    /// To the next place that a redirection named.
    pub(super) fn call_onward(&mut self, now: Now, id: CallId) -> bool {
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()) else { return false };
        let mut redirects = std::mem::take(&mut calling.redirects);
        let next = self.next_redirect(&mut redirects);
        let place = redirects.now().map(|now| escape(now.place().as_str())).unwrap_or_default();
        let Some(calling) = self.calls.all.get_mut(&id) else { return false };
        calling.redirects = redirects;
        let Some(next) = next else { return false };
        calling.until = None;
        // The other addresses are those of the place before.
        calling.untried = Untried::default();
        (calling.login, calling.domain) = (None, None);
        let peer = calling.call.peer.clone();
        self.audit(now, "redirected", &peer, &format!("its call goes to {place}"));
        self.set_call(id, CallState::Inviting);
        match next {
            Reach::Looked(what) => self.locate(Waiting::CallAddress(id), what),
            Reach::There(hop) => {
                self.prove_redirect(id, hop);
                self.open_media(now, id, hop);
            }
            Reach::Proxy(route) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    (calling.login, calling.domain) = (route.login, route.domain);
                }
                self.open_media(now, id, route.hop);
            }
        }
        true
    }

    /// What the host of a redirection proves by TLS, once it is known where it is.
    pub(super) fn prove_redirect(&mut self, id: CallId, hop: Candidate) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        if let Some(now) = calling.redirects.now() {
            calling.domain = direct(now.place(), hop).domain;
        }
    }

    /// Media goes to another place than the approved one, perhaps: what rules packets to there is looked up afresh, and
    /// can only add to what the call has to have.
    pub(super) fn tightened_for_place(
        &self,
        now: Now,
        id: CallId,
        (mut out, mut inbound): (Entry, Entry),
        local: SocketAddr,
    ) -> (Entry, Entry) {
        let calling = self.calls.all.get(&id).filter(|calling| calling.redirects.now().is_some());
        let Some((calling, hop)) = calling.and_then(|calling| Some((calling, calling.hop?))) else {
            return (out, inbound);
        };
        let peer = calling.peer.as_ref().map(|(entity, device)| (entity, device));
        let (there, back) = self.entries_by(now, peer, (local, some_port(hop.address.ip())), calling.upper);
        let level = self.config.default_level;
        out.action = tighten(&out.action, &there.action, level);
        inbound.action = tighten(&inbound.action, &back.action, level);
        (out, inbound)
    }
}
