use super::inbound::Inbound;
use super::refresher::Within;
use super::{Endpoint, EndpointEvent};
use crate::sip::session::{Offering, Phase, Session};
use crate::sip::transaction::Owner;
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

    /// Nobody has answered it, and nobody is waited for any more.
    pub(super) fn withdraw_offer(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if let Some(refresh) = session.refresh.take_if(|refresh| refresh.offer.is_some()) {
            session.withdrawn = Some(refresh.cseq);
            self.transactions.abandon_invites_of(Owner::Session(id));
        }
    }

    /// The peer offers from another place than where our own offer went, and is not heard of there: we look for each other, and no two
    /// offers have met (RFC 3261 section 14.2 has 491 for those). Ours is made anew after its.
    pub(super) fn gives_way(&self, id: SessionId, inbound: &Inbound) -> bool {
        let Some(session) = self.sessions.get(&id).filter(|session| session.is_asking()) else { return false };
        let offers = session.refresh.as_ref().is_some_and(|refresh| refresh.offer.is_some());
        let contact = read::contact(inbound.request.headers());
        let is_elsewhere = contact.is_some_and(|contact| contact.host() != session.dialog.target_host());
        let is_invite = *inbound.request.method() == Method::Invite && session.phase == Phase::Established;
        offers && is_invite && is_elsewhere && self.transactions.is_unheard(Owner::Session(id))
    }

    pub(super) fn postpone_offer(&mut self, now: Mono, id: SessionId) {
        self.withdraw_offer(id);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.offering.get_or_insert_default().due = Some(now);
        }
    }

    /// The peer took an offer that we have withdrawn: it waits for our ACK where it is (RFC 3261 section 13.3.1.4), and the offer that we
    /// make anew says what stands.
    pub(super) fn acknowledge_withdrawn(&mut self, id: SessionId, cseq: u32, response: &Response) {
        let withdrawn = |session: &&Session| session.withdrawn == Some(cseq) && session.phase == Phase::Established;
        let Some(session) = self.sessions.get(&id).filter(withdrawn) else { return };
        let mut dialog = session.dialog.clone();
        dialog.retarget(read::contact(response.headers()));
        let (ack, to) = (dialog.request_numbered(Method::Ack, cseq), dialog.destination());
        self.send_ack(ack, to);
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
