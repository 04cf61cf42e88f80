use super::refresher::Within;
use super::{Endpoint, EndpointEvent};
use crate::sip::session::Offering;
use crate::sip::{read, Body, Method, Response, SessionId};
use crate::vocab::Mono;

/// Offers of ours that met one of the peer's so often are given up: it never lets us.
const GLARES: u32 = 5;

/// Offers of ours within a session (RFC 3261 section 14.1). One is made when none of the peer's is under way, and what it says is
/// asked for then: the session may have changed meanwhile.
impl Endpoint {
    pub(super) fn want_offer_at(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.offering = Some(Offering { due: Some(now), glares: 0 });
        if session.offer_at().is_some_and(|at| at <= now) {
            self.tell_offer_due(id);
        }
    }

    pub(super) fn tell_offer_due(&mut self, id: SessionId) {
        if let Some(offering) = self.sessions.get_mut(&id).and_then(|session| session.offering.as_mut()) {
            offering.due = None;
            self.events.push_back(EndpointEvent::OfferDue { id });
        }
    }

    pub(super) fn send_offer(&mut self, now: Mono, id: SessionId, body: Body) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if !session.is_calm() {
            let offering = session.offering.get_or_insert_default();
            offering.due = Some(now);
            return;
        }
        session.offering.get_or_insert_default();
        session.proven.iter_mut().for_each(|proven| proven.authentication.begin());
        let expires = session.timer.map(|timer| timer.expires());
        self.ask_within(now, id, Method::Invite, Within { expires, body: Some(body), is_offer: true });
    }

    /// 491: once more then, unless it was so too often.
    pub(super) fn offer_after(&mut self, id: SessionId, again: Mono, response: &Response) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.refresh = None;
        let offering = session.offering.get_or_insert_default();
        offering.glares += 1;
        if offering.glares > GLARES {
            return self.refuse_offering(id, response);
        }
        offering.due = Some(again);
    }

    pub(super) fn refuse_offering(&mut self, id: SessionId, response: &Response) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.offering = None;
        }
        let (status, reason) = (response.status(), read::reason_phrase(response));
        let warnings = read::warnings(response.headers());
        self.events.push_back(EndpointEvent::OfferRefused { id, status, reason, warnings });
    }
}
