use super::inbound::Inbound;
use super::{limits, EndCause, Endpoint, EndpointEvent, Usage};
use crate::sip::reliable::{Manner, Unpracked};
use crate::sip::session::{Phase, Session, Unacked};
use crate::sip::transaction::{Owner, ServerKey};
use crate::sip::{read, send, Body, HeaderName, Method, Refusal, SessionId};
use crate::vocab::Mono;

/// Whoever comes too early is told to come again within so many seconds, chosen at random (RFC 3261 section 14.2, RFC 3311 section
/// 5.2).
const LONGEST_PUT_OFF: u32 = 10;

/// The callee (RFC 3261 sections 9.2, 13.3, 14.2 and 15.1.2).
impl Endpoint {
    /// An INVITE without To tag.
    pub(super) fn handle_first_invite(&mut self, now: Mono, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let (Some(contact), Some(caller)) = (read::contact(headers), read::from(headers)) else {
            return self.refuse_statelessly(inbound, 400, "Contact or From is missing or unreadable");
        };
        // RFC 3261 section 8.1.1.8: or what we ask within the call could go in clear.
        if inbound.request.uri().is_sips() && !contact.is_sips() {
            return self.refuse_statelessly(inbound, 400, "Contact is no sips: URI");
        }
        if !self.has_room_for_session(inbound) {
            return self.refuse_overload(inbound);
        }
        if let Some(refusal) = self.refuse_interval(inbound) {
            return self.answer_statelessly(inbound, &refusal);
        }
        let replaces = match self.replaced(inbound) {
            Ok(replaces) => replaces,
            Err(refusal) => return self.answer_statelessly(inbound, &refusal),
        };
        let id = SessionId(self.next_id());
        let mut dialog = self.answering_dialog(inbound, contact);
        dialog.accept_cseq(inbound.cseq);
        dialog.hold(true);
        self.usages.insert((dialog.call_id.clone(), dialog.local_tag.clone()), Usage::Session(id));
        let mut session = Session::new(dialog, Phase::Ringing);
        session.asked = Some(inbound.key.clone());
        session.has_offer = !inbound.request.body().is_empty();
        session.address = Some(inbound.from.remote.ip());
        let wanted = read::expires(headers).filter(|wanted| *wanted < limits::RINGING);
        session.expires = wanted.is_some();
        session.ringing_until = Some(now + wanted.unwrap_or(limits::RINGING));
        self.calling.enter(inbound.from.remote.ip());
        self.sessions.insert(id, session);
        self.remember(now, inbound, Owner::Session(id));
        self.events.push_back(EndpointEvent::Invited {
            id,
            from: inbound.from,
            relayed: inbound.relayed(),
            caller,
            called: inbound.request.uri().clone(),
            require: read::list(headers, HeaderName::REQUIRE),
            accept: read::list(headers, HeaderName::ACCEPT),
            replaces,
            body: read::body(&inbound.request),
        });
    }

    pub(super) fn believe_caller(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.dialog.hold(false);
        }
    }

    /// An INVITE within the dialog (RFC 3261 section 14.2).
    pub(super) fn handle_reinvite(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        let Some((session, from_peer)) = self.session_for(now, id, inbound) else { return };
        session.ask(inbound.key.clone(), read::contact(inbound.request.headers()).filter(|_| !from_peer));
        self.remember(now, inbound, Owner::Session(id));
        let body = read::body(&inbound.request);
        self.events.push_back(EndpointEvent::Reinvited { id, from: inbound.from, from_peer, body });
    }

    /// The session, when it can take a re-INVITE or UPDATE now (RFC 3261 section 14.2, RFC 3311 section 5.2); otherwise the
    /// request is refused. And whether it came from where the call goes: from there alone it says where the peer is reached.
    pub(super) fn session_for(&mut self, now: Mono, id: SessionId, inbound: &Inbound) -> Option<(&mut Session, bool)> {
        let gives_way = self.gives_way(id, inbound);
        if let Some(refusal) = self.refuse_within(id, inbound, gives_way) {
            self.answer_statelessly(inbound, &refusal);
            return None;
        }
        if gives_way {
            self.postpone_offer(now, id);
        }
        let session = self.sessions.get_mut(&id)?;
        let from_peer = session.dialog.is_from_peer(inbound.from.remote.ip());
        if from_peer {
            session.dialog.retarget(read::contact(inbound.request.headers()));
        }
        Some((session, from_peer))
    }

    fn refuse_within(&mut self, id: SessionId, inbound: &Inbound, gives_way: bool) -> Option<Refusal> {
        let too_brief = self.refuse_interval(inbound);
        let pause = self.secret.random() % (LONGEST_PUT_OFF + 1);
        let unknown = || Some(Refusal::new(481, "Call/Transaction Does Not Exist"));
        let Some(session) = self.sessions.get_mut(&id) else { return unknown() };
        if too_brief.is_some() {
            return too_brief;
        }
        if !matches!(session.phase, Phase::Established | Phase::Ringing) {
            return unknown();
        }
        let offers = *inbound.request.method() == Method::Invite || !inbound.request.body().is_empty();
        if session.is_asking() && !gives_way || offers && session.meets_offer(inbound.request.method()) {
            return Some(Refusal::new(491, "Request Pending"));
        }
        if session.is_busy(offers) {
            let refusal = Refusal::new(500, "The offer before is not finished yet");
            return Some(refusal.with("Retry-After", pause.to_string()));
        }
        let in_order = session.dialog.accept_cseq_from(inbound.from.remote.ip(), inbound.cseq);
        (!in_order).then(|| Refusal::new(500, "CSeq is out of order"))
    }

    pub(super) fn ring_caller(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get(&id).filter(|s| s.phase == Phase::Ringing) else { return };
        let Some(key) = session.asked.clone() else { return };
        let (tag, manner) = (session.dialog.local_tag.clone(), self.manner(&key, session.has_offer));
        let Some(mut response) = self.response(&key, 180, "Ringing", Some(&tag)) else { return };
        send::push_to(&mut response, "Contact", &self.contact(self.way_back(&key)));
        match manner {
            Manner::Plain => {
                self.send_response(now, &key, &response);
            }
            Manner::Reliable => self.send_reliably(now, id, &key, response),
            Manner::Silent => {}
        }
    }

    pub(super) fn answer_caller(&mut self, now: Mono, id: SessionId, body: Body) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(key) = session.asked.take() else { return };
        let tag = session.dialog.local_tag.clone();
        let Some(mut response) = self.response(&key, 200, "OK", Some(&tag)) else { return };
        send::push_to(&mut response, "Contact", &self.contact(self.way_back(&key)));
        self.push_abilities(&mut response);
        self.set_timer(now, id, &key, &mut response);
        send::set_response_body(&mut response, &body);
        let cseq = read::cseq(response.headers()).map_or(0, |cseq| cseq.number);
        let offers = self.transactions.server(&key).is_some_and(|server| server.request.body().is_empty());
        let Some(answer) = self.send_response(now, &key, &response) else { return };
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let first = session.phase == Phase::Ringing;
        session.phase = Phase::Established;
        session.ringing_until = None;
        session.said = Some(body);
        session.unpracked.iter_mut().for_each(Unpracked::stop);
        if *key.method() == Method::Update {
            return;
        }
        session.unacked = Some(Unacked::new(now, &self.timing, answer, cseq, first, offers));
    }

    pub(super) fn refuse_caller(&mut self, now: Mono, id: SessionId, refusal: &Refusal) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(key) = session.asked.take() else { return };
        let tag = session.dialog.local_tag.clone();
        if session.phase == Phase::Ringing {
            self.drop_session(id);
        }
        self.send_refusal(now, &key, refusal, &tag);
    }

    /// Our side hangs up, or let it ring too long, before it answered.
    pub(super) fn refuse_ringing(&mut self, now: Mono, id: SessionId) {
        let expired = self.sessions.get(&id).is_some_and(|s| s.expires && s.ringing_until.is_some_and(|at| at <= now));
        let refusal = match expired {
            true => Refusal::new(487, "Request Terminated"),
            false => Refusal::new(480, "Temporarily Unavailable"),
        };
        self.refuse_caller(now, id, &refusal);
        self.events.push_back(EndpointEvent::Ended { id, reason: None, by_peer: false });
    }

    /// The CANCEL itself is always answered; the INVITE with 487 if it still waits (RFC 3261 section 9.2).
    pub(super) fn handle_cancel(&mut self, now: Mono, inbound: &Inbound) {
        let invite = inbound.key.cancelled();
        let Some(server) = self.transactions.server(&invite) else { return self.refuse_unknown(inbound) };
        let (pending, owner) = (server.is_pending(), server.owner);
        let Owner::Session(id) = owner else {
            return self.answer_statelessly(inbound, &Refusal::new(200, "OK"));
        };
        // The tag is that of the answer to the INVITE (RFC 3261 section 9.2).
        match self.sessions.get(&id).map(|session| session.dialog.local_tag.clone()) {
            Some(tag) => self.answer_tagged(inbound, &Refusal::new(200, "OK"), &tag),
            None => self.answer_statelessly(inbound, &Refusal::new(200, "OK")),
        }
        if pending {
            let reason = read::reason_text(inbound.request.headers());
            self.terminate_invite(now, id, &invite, reason);
        }
    }

    fn terminate_invite(&mut self, now: Mono, id: SessionId, invite: &ServerKey, reason: Option<String>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let tag = session.dialog.local_tag.clone();
        session.asked = None;
        let first = session.phase == Phase::Ringing;
        self.send_refusal(now, invite, &Refusal::new(487, "Request Terminated"), &tag);
        if first && self.drop_session(id) {
            self.events.push_back(EndpointEvent::Cancelled { id, reason });
        }
    }

    /// An answer in it is taken from where the call goes, or our 200 went, alone; the peer's own comes when that is sent again.
    pub(super) fn handle_ack(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let (cseq, body) = (inbound.cseq, read::body(&inbound.request));
        let from_peer = session.dialog.is_from_peer(inbound.from.remote.ip());
        let from = inbound.from.remote.ip().to_canonical();
        let is_from_there = |unacked: &Unacked| from_peer || unacked.answer.remote.ip().to_canonical() == from;
        let is_meant = |unacked: &mut Unacked| unacked.cseq == cseq && (!unacked.offers || is_from_there(unacked));
        let Some(unacked) = session.unacked.take_if(is_meant) else { return };
        let leaving = session.leaving.take();
        if leaving.is_none() || unacked.first {
            self.events.push_back(EndpointEvent::Confirmed { id, body });
        }
        if let Some(reason) = leaving {
            self.send_bye(now, id, reason);
        }
    }

    pub(super) fn handle_bye(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        let Some(session) = self.sessions.get_mut(&id) else { return self.refuse_unknown(inbound) };
        if !session.dialog.accept_cseq_from(inbound.from.remote.ip(), inbound.cseq) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        let (asked, tag) = (session.asked.take(), session.dialog.local_tag.clone());
        self.remember(now, inbound, Owner::None);
        self.respond(now, &inbound.key, 200, "OK");
        if let Some(key) = asked {
            self.send_refusal(now, &key, &Refusal::new(487, "Request Terminated"), &tag);
        }
        self.drop_session(id);
        let reason = read::reason_text(inbound.request.headers());
        self.events.push_back(EndpointEvent::Ended { id, reason, by_peer: true });
    }

    pub(super) fn expire_session(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if due(session.cancelled) {
            return self.fail_call(id, EndCause::TimedOut);
        }
        if due(session.ringing_until) {
            return self.refuse_ringing(now, id);
        }
        if self.expire_timer(now, id) || self.expire_unpracked(now, id) {
            return;
        }
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(unacked) = session.unacked.as_mut() else { return };
        if unacked.give_up <= now {
            let left = session.leaving.take();
            if left.is_none() {
                // Now, not after the BYE: nothing says that the caller wants to hear us (RFC 3261 section 13.3.1.4).
                let reason = Some("the answer was never acknowledged".to_owned());
                self.events.push_back(EndpointEvent::Ended { id, reason, by_peer: false });
            }
            return self.send_bye(now, id, left.flatten());
        }
        if unacked.resend <= now {
            unacked.resent(now, &self.timing);
            self.transmits.push_back(unacked.answer.clone());
        }
    }

    fn has_room_for_session(&self, inbound: &Inbound) -> bool {
        let address = inbound.from.remote.ip();
        self.sessions.len() < self.config.limits.sessions
            && self.calling.of(address) < self.config.limits.sessions_per_address
            && self.has_room(address)
    }
}

impl Session {
    /// An UPDATE that offers meets our offer, which is in a 2xx whose ACK brings the answer (RFC 3311 section 5.2).
    fn meets_offer(&self, method: &Method) -> bool {
        *method == Method::Update && self.unacked.as_ref().is_some_and(|unacked| unacked.offers)
    }

    /// What comes has to wait; an UPDATE that `offers` nothing only for the answer to another one (RFC 3311 section 5.2).
    fn is_busy(&self, offers: bool) -> bool {
        match &self.asked {
            Some(asked) => offers || *asked.method() == Method::Update,
            None => offers && self.unacked.is_some(),
        }
    }
}
