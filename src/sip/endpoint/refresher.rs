use std::time::Duration;

use super::inbound::Inbound;
use super::{Endpoint, EndpointEvent};
use crate::sip::headers::{CSeq, Reason, Refresher, SessionExpires};
use crate::sip::session::{Phase, Refresh, Session};
use crate::sip::session_timer::{self, SessionTimer, LEAST, TIMER};
use crate::sip::transaction::{Owner, ServerKey};
use crate::sip::{read, send, Body, HeaderName, Method, Refusal, Request, Response, SessionId};
use crate::vocab::Mono;

/// Whoever wants a longer pause before a request of ours within a session refuses it.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
/// Whoever wants none at all is asked no faster than this.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// What a request of ours within a session says.
pub(super) struct Within {
    pub expires: Option<SessionExpires>,
    pub body: Option<Body>,
    pub is_offer: bool,
}

/// Refreshing sessions (RFC 4028), and UPDATE (RFC 3311).
impl Endpoint {
    /// The peer knows UPDATE, or gets its last session description again (RFC 4028 section 7.4).
    pub(super) fn send_refresh(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.is_calm()) else { return };
        let Some(timer) = session.timer else {
            session.refresh = None;
            return;
        };
        let said = session.said.clone();
        let (method, body) = match (session.peer_updates, said) {
            (false, Some(said)) => (Method::Invite, Some(said)),
            _ => (Method::Update, None),
        };
        let expires = SessionExpires::new(timer.seconds, Some(Refresher::Uac));
        self.ask_within(now, id, method, Within { expires: Some(expires), body, is_offer: false });
    }

    /// A re-INVITE or UPDATE of ours.
    pub(super) fn ask_within(&mut self, now: Mono, id: SessionId, method: Method, what: Within) {
        let cnonce = self.secret.tag();
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let mut request = session.dialog.request(method.clone());
        if let Some(expires) = &what.expires {
            send::push(&mut request, "Session-Expires", &expires.to_string());
        }
        if let Some(body) = &what.body {
            send::set_body(&mut request, body);
        }
        let cseq = read::cseq(request.headers()).map_or(0, |cseq| cseq.number);
        let offer = what.body.filter(|_| what.is_offer);
        session.refresh = Some(Refresh { method, cseq, again: None, rseq: None, pracks: 0, offer });
        let to = session.dialog.destination();
        // Only whoever asked for them: the peer could try passwords against them.
        if let Some(proven) = session.proven.as_mut().filter(|proven| proven.invite.remote == to.remote) {
            proven.authentication.prove(&mut request, &cnonce);
        }
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Session(id));
    }

    /// `true`: it was the answer to a refresh of ours.
    pub(super) fn handle_refresh_response(&mut self, now: Mono, id: SessionId, response: &Response) -> bool {
        let answers = read::cseq(response.headers());
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let ours = |refresh: &Refresh| {
            answers.as_ref().is_some_and(|CSeq { number, method }| *number == refresh.cseq && *method == refresh.method)
        };
        if !session.refresh.as_ref().is_some_and(ours) {
            return false;
        }
        let ending = session.phase == Phase::Ending;
        match response.status() {
            // BYE is on its way already.
            300.. if ending => {}
            100..=199 => self.acknowledge_refreshing(now, id, response),
            200..=299 => self.handle_refreshed(now, id, response),
            401 | 407 if self.prove_within(now, id, response) => {}
            481 | 408 => self.end_stale(now, id, "the peer does not know the call any more"),
            491 => self.wait_for_glare(now, id, response),
            // Something before it is not finished there: our ACK was lost, or theirs is on its way.
            500 if read::retry_after(response.headers()).is_some_and(|pause| pause <= LONGEST_PAUSE) => {
                let pause = read::retry_after(response.headers()).unwrap_or_default().max(SHORTEST_PAUSE);
                self.ask_again(now + pause, id, response);
            }
            _ => self.note_refused_within(id, response),
        }
        true
    }

    fn handle_refreshed(&mut self, now: Mono, id: SessionId, response: &Response) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(refresh) = session.refresh.take() else { return };
        let offered = refresh.offer.is_some();
        session.unacked.take_if(|unacked| unacked.left_behind);
        if let Some(offer) = refresh.offer {
            session.said = Some(offer);
            session.offering = None;
        }
        session.dialog.retarget(read::contact(response.headers()));
        session.timer = session_timer::granted(now, response.headers());
        if refresh.method != Method::Invite {
            return;
        }
        let ack = session.dialog.request_numbered(Method::Ack, refresh.cseq);
        let to = session.dialog.destination();
        let ack = self.send_ack(ack, to);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.ack = Some((refresh.cseq, ack));
        }
        if offered {
            self.events.push_back(EndpointEvent::OfferAnswered { id, body: read::response_body(response) });
        }
    }

    /// Both sides asked at once: the owner of the Call-ID waits longer (RFC 3261 section 14.1).
    fn wait_for_glare(&mut self, now: Mono, id: SessionId, response: &Response) {
        let random = u64::from(self.secret.random());
        let Some(session) = self.sessions.get(&id) else { return };
        let pause = if session.proven.is_some() { 2100 + random % 1900 } else { random % 2000 };
        self.ask_again(now + Duration::from_millis(pause), id, response);
    }

    fn ask_again(&mut self, again: Mono, id: SessionId, response: &Response) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match session.refresh.as_mut() {
            Some(refresh) if refresh.offer.is_some() => self.offer_after(id, again, response),
            Some(refresh) => refresh.again = Some(again),
            None => {}
        }
    }

    /// A proxy on the way wants to know who asks: the same once more. `false` when that is of no use.
    fn prove_within(&mut self, now: Mono, id: SessionId, response: &Response) -> bool {
        let by_proxy = response.status() == 407;
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let remote = session.dialog.destination().remote;
        let (said, timer) = (session.said.clone(), session.timer);
        let Some(refresh) = session.refresh.clone() else { return false };
        let proven = session.proven.as_mut().filter(|proven| proven.invite.remote == remote);
        if proven.is_none_or(|proven| proven.authentication.challenged(response.headers(), by_proxy).is_err()) {
            return false;
        }
        let is_offer = refresh.offer.is_some();
        let body = refresh.offer.or(said).filter(|_| refresh.method == Method::Invite);
        let expires = timer.map(|timer| timer.expires());
        self.ask_within(now, id, refresh.method, Within { expires, body, is_offer });
        true
    }

    /// A refused offer leaves the session as it was (RFC 3261 section 14.1).
    fn note_refused_within(&mut self, id: SessionId, response: &Response) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match session.refresh.take_if(|refresh| refresh.offer.is_some()) {
            Some(_) => self.refuse_offering(id, response),
            None => self.note_refresh_failed(id),
        }
    }

    /// The session lives on until its time is over.
    pub(super) fn note_refresh_failed(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.refresh = None;
            session.timer = session.timer.map(|timer| SessionTimer { ours: false, ..timer });
        }
    }

    pub(super) fn end_stale(&mut self, now: Mono, id: SessionId, why: &str) {
        self.events.push_back(EndpointEvent::Ended { id, reason: Some(why.to_owned()), by_peer: false });
        let reason = Reason { protocol: "SIP".to_owned(), cause: Some(408), text: Some(why.to_owned()) };
        self.send_bye(now, id, Some(reason));
    }

    /// `true`: something was due.
    pub(super) fn expire_timer(&mut self, now: Mono, id: SessionId) -> bool {
        let Some(session) = self.sessions.get(&id) else { return false };
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if due(session.over_at()) {
            self.end_stale(now, id, "nobody refreshed the call");
            return true;
        }
        if due(session.offer_at()) {
            self.tell_offer_due(id);
            return true;
        }
        let refresh = due(session.refresh_at());
        if refresh {
            self.send_refresh(now, id);
        }
        refresh
    }

    /// UPDATE within a session: a refresh, or an offer (RFC 3311 section 5.2).
    pub(super) fn handle_update(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        let Some((session, from_peer)) = self.session_for(now, id, inbound) else { return };
        let body = read::body(&inbound.request);
        if body.is_none() && !from_peer {
            // How long the call lasts without it is the peer's to say.
            return self.refuse_statelessly(inbound, 403, "Forbidden");
        }
        if body.is_some() {
            session.ask(inbound.key.clone(), read::contact(inbound.request.headers()).filter(|_| !from_peer));
        }
        self.remember(now, inbound, Owner::Session(id));
        match body {
            Some(body) => {
                let body = Some(body);
                self.events.push_back(EndpointEvent::Reinvited { id, from: inbound.from, from_peer, body });
            }
            None => self.answer_refresh(now, id, &inbound.key),
        }
    }

    /// UPDATE of a callee that has not picked up: what it offers instead of the answer that we wait for meets our offer, and what it
    /// offers after that is not taken before its 2xx (RFC 3311 section 5.2).
    pub(super) fn answer_early_update(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        if !self.has_room(inbound.from.remote.ip()) {
            return self.refuse_overload(inbound);
        }
        let tag = &inbound.from_tag;
        let answered =
            |session: &Session| session.early.iter().any(|e| e.dialog.remote_tag == *tag && e.answer.is_some());
        let answered = self.sessions.get(&id).is_some_and(answered);
        match (read::body(&inbound.request), answered) {
            (None, _) => {
                self.remember(now, inbound, Owner::None);
                let Some(mut response) = self.response(&inbound.key, 200, "OK", None) else { return };
                send::push_to(&mut response, "Contact", &self.contact(self.way_back(&inbound.key)));
                self.push_abilities(&mut response);
                self.send_response(now, &inbound.key, &response);
            }
            (Some(_), true) => self.refuse_statelessly(inbound, 488, "Not Acceptable Here"),
            (Some(_), false) => self.refuse_statelessly(inbound, 491, "Request Pending"),
        }
    }

    fn answer_refresh(&mut self, now: Mono, id: SessionId, key: &ServerKey) {
        let Some(mut response) = self.response(key, 200, "OK", None) else { return };
        send::push_to(&mut response, "Contact", &self.contact(self.way_back(key)));
        self.push_abilities(&mut response);
        self.set_timer(now, id, key, &mut response);
        self.send_response(now, key, &response);
    }

    /// Into our 2xx, what the request asked for of the session's life (RFC 4028 section 9).
    pub(super) fn set_timer(&mut self, now: Mono, id: SessionId, key: &ServerKey, response: &mut Response) {
        let Some(headers) = self.transactions.server(key).map(|server| server.request.headers()) else { return };
        let timer = session_timer::asked(now, headers);
        let updates = allows_update(headers);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.timer = timer;
        session.peer_updates = session.peer_updates || updates;
        let Some(timer) = timer else { return };
        let refresher = if timer.ours { Refresher::Uas } else { Refresher::Uac };
        send::push_to(response, "Session-Expires", &SessionExpires::new(timer.seconds, Some(refresher)).to_string());
        if !timer.ours {
            send::push_to(response, "Require", TIMER);
        }
    }

    /// 422 for a session that would be too brief.
    pub(super) fn refuse_interval(&self, inbound: &Inbound) -> Option<Refusal> {
        let brief = session_timer::is_too_brief(inbound.request.headers());
        brief.then(|| Refusal::new(422, "Session Interval Too Small").with("Min-SE", LEAST.to_string()))
    }
}

/// What a request of ours that begins or refreshes a session asks for.
pub(super) fn push_interval(request: &mut Request, least: Option<u32>) {
    let seconds = session_timer::ASKED.max(least.unwrap_or_default());
    send::push(request, "Session-Expires", &seconds.to_string());
    if let Some(least) = least {
        send::push(request, "Min-SE", &least.to_string());
    }
}

/// The peer can be refreshed by UPDATE.
pub(super) fn allows_update(headers: &crate::sip::Headers) -> bool {
    read::list(headers, HeaderName::ALLOW).iter().any(|method| method == Method::Update.as_str())
}

impl Session {
    /// No request of ours that could collide with one of theirs is under way.
    pub(super) fn is_asking(&self) -> bool {
        self.refresh.as_ref().is_some_and(|refresh| refresh.again.is_none())
    }

    pub(in crate::sip) fn is_calm(&self) -> bool {
        let acked = self.unacked.as_ref().is_none_or(|unacked| unacked.left_behind);
        self.phase == Phase::Established && self.asked.is_none() && acked && !self.is_asking()
    }
}
