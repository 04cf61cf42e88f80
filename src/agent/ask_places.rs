//! Where an ask goes: the addresses of its peer one after the other, and where it is redirected.

use super::account::Route;
use super::ask_failures::{ended, no_address};
use super::fail_over::{calls_for_another, Untried};
use super::redirect::{astray, direct, ends_onward, Reach};
use super::waiting::Waiting;
use super::{Agent, AskState};
use crate::sip::{Candidate, EndCause};
use crate::vocab::{escape, AskId, Failure, Now};

impl Agent {
    pub(super) fn handle_ask_located(&mut self, now: Now, id: AskId, result: Result<Vec<Candidate>, Failure>) {
        let found = result.map(|all| self.reachable(all));
        let Some(asking) = self.asks.all.get_mut(&id).filter(|asking| asking.ask.state == AskState::Asking) else {
            return;
        };
        let host = asking.target.host.clone();
        match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                asking.untried = untried;
                self.send_directly(now, id, first);
            }
            _ if self.ask_onward(now, id) => {}
            Ok((None, _)) => self.fail_ask(now, id, no_address(&host)),
            Err(failure) => self.fail_ask(now, id, failure),
        }
    }

    /// To the peer itself, or to the servers of its domain.
    pub(super) fn send_directly(&mut self, now: Now, id: AskId, there: Candidate) {
        let Some(asking) = self.asks.all.get(&id) else { return };
        let route = match asking.redirects.now() {
            Some(now) => direct(now.place(), there),
            None => Route { hop: there, domain: asking.target.domain(there.transport), login: None, account: None },
        };
        self.send_request(now, id, route);
    }

    /// The next address of the peer, when this cause is one for it.
    pub(super) fn try_elsewhere(&mut self, now: Now, id: AskId, cause: &EndCause) -> bool {
        let Some(asking) = self.asks.all.get_mut(&id) else { return false };
        if asking.accepted || !calls_for_another(cause) {
            return false;
        }
        let Some(next) = asking.untried.next() else { return false };
        let failure = ended(&asking.ask.target, cause.clone());
        self.step(now, id, format!("{}; there is another address", failure.message));
        self.send_directly(now, id, next);
        true
    }

    /// `true`: it goes on elsewhere, or is over.
    pub(super) fn ask_redirected(&mut self, now: Now, id: AskId, cause: &EndCause) -> bool {
        let Some(asking) = self.asks.all.get_mut(&id) else { return false };
        if !ends_onward(cause, asking.redirects.now().is_some()) || asking.accepted {
            return false;
        }
        if let (EndCause::Redirected { status, contacts, .. }, Some(asked)) = (cause, asking.target.uri()) {
            asking.redirects.handle_redirection(&asked, asking.by_tls, *status, contacts);
        }
        if self.ask_onward(now, id) {
            return true;
        }
        let Some(asking) = self.asks.all.get(&id) else { return false };
        let EndCause::Redirected { status, reason, .. } = cause else { return false };
        let failure = astray(&asking.ask.target, *status, reason, &asking.redirects);
        self.fail_ask(now, id, failure);
        true
    }

    /// To the next place that a redirection named. Whoever answers there is still asked as the peer that the user named.
    fn ask_onward(&mut self, now: Now, id: AskId) -> bool {
        let Some(asking) = self.asks.all.get_mut(&id) else { return false };
        let mut redirects = std::mem::take(&mut asking.redirects);
        let next = self.next_redirect(&mut redirects);
        let place = redirects.now().map(|now| escape(now.place().as_str())).unwrap_or_default();
        let Some(asking) = self.asks.all.get_mut(&id) else { return false };
        asking.redirects = redirects;
        let Some(next) = next else { return false };
        asking.untried = Untried::default();
        asking.by_server = matches!(next, Reach::Proxy(_));
        self.step(now, id, format!("sent on to {place}"));
        match next {
            Reach::Proxy(route) => self.send_request(now, id, route),
            Reach::There(there) => self.send_directly(now, id, there),
            Reach::Looked(what) => self.locate(Waiting::AskAddress(id), what),
        }
        true
    }
}
