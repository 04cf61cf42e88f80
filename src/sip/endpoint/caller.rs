use super::refresher::{allows_update, push_interval};
use super::{limits, EndCause, Endpoint, EndpointEvent, Invite, Usage};
use crate::sip::dialog::{route_uri, Dialog};
use crate::sip::headers::Reason;
use crate::sip::session::{Phase, Proven, Session};
use crate::sip::session_timer;
use crate::sip::transaction::{ClientKey, Owner};
use crate::sip::{read, send, Method, Received, Response, SessionId};
use crate::vocab::Mono;

/// Other devices that answered the same INVITE, each sent away; more are not listened to.
const FORKS: usize = 8;

/// The caller (RFC 3261 sections 9.1, 13.2 and 15.1.1).
impl Endpoint {
    pub(super) fn open_call(&mut self, now: Mono, id: SessionId, what: Invite) {
        if self.sessions.len() >= self.config.limits.sessions {
            return self.events.push_back(EndpointEvent::InviteFailed {
                id,
                cause: EndCause::Full,
                ids: what.resumes.map(|r| r.ids),
            });
        }
        let mut dialog = self.new_dialog(what.target.clone(), what.remote, what.domain.clone(), what.resumes.as_ref());
        dialog.by_tcp(what.tcp);
        what.from.iter().for_each(|from| dialog.speak_as(from));
        self.usages.insert((dialog.call_id.clone(), dialog.local_tag.clone()), Usage::Session(id));
        let mut proven = Proven::new(what);
        let invite = self.send_invite(now, id, &mut dialog, &mut proven, None);
        let mut session = Session::new(dialog, Phase::Calling { invite });
        session.proven = Some(proven);
        self.sessions.insert(id, session);
    }

    fn send_invite(
        &mut self,
        now: Mono,
        id: SessionId,
        dialog: &mut Dialog,
        proven: &mut Proven,
        least: Option<u32>,
    ) -> ClientKey {
        let mut request = dialog.request(Method::Invite);
        send::push_list(&mut request, "Require", &proven.invite.require);
        send::push_list(&mut request, "Accept", &proven.invite.accept);
        if let Some(replaces) = &proven.invite.replaces {
            send::push(&mut request, "Require", "replaces");
            send::push(&mut request, "Replaces", &replaces.to_string());
        }
        if let Some(by) = &proven.invite.referred_by {
            send::push(&mut request, "Referred-By", &by.to_string());
        }
        if let Some(preferred) = self.preferred(proven.invite.from.as_ref(), proven.invite.remote) {
            send::push(&mut request, "P-Preferred-Identity", &preferred);
        }
        push_interval(&mut request, least);
        send::set_body(&mut request, &proven.invite.body);
        proven.authentication.prove(&mut request, &self.secret.tag());
        proven.keep_credentials(&request);
        let to = dialog.destination();
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Session(id))
    }

    /// 401 or 407: the same INVITE once more, with the next number (RFC 3261 section 22.1). `false` when that is of no use.
    fn prove_invite(&mut self, now: Mono, id: SessionId, response: &Response) -> bool {
        let Some(mut session) = self.sessions.remove(&id) else { return false };
        let by_proxy = response.status() == 407;
        let calling = matches!(session.phase, Phase::Calling { .. }) && session.leaving.is_none();
        let again = session
            .proven
            .as_mut()
            .filter(|_| calling)
            .is_some_and(|proven| proven.authentication.challenged(response.headers(), by_proxy).is_ok());
        if let Some(proven) = session.proven.as_mut().filter(|_| again) {
            let invite = self.send_invite(now, id, &mut session.dialog, proven, session.least);
            session.phase = Phase::Calling { invite };
        }
        self.sessions.insert(id, session);
        again
    }

    /// 422: the same INVITE once more, for a session as long as is asked for (RFC 4028 section 7.3). `false` when that is of
    /// no use.
    fn lengthen_invite(&mut self, now: Mono, id: SessionId, response: &Response) -> bool {
        let Some(mut session) = self.sessions.remove(&id) else { return false };
        let calling = matches!(session.phase, Phase::Calling { .. }) && session.leaving.is_none();
        let wanted = session_timer::wanted(response.headers()).filter(|_| calling && session.least.is_none());
        if let (Some(least), Some(proven)) = (wanted, session.proven.as_mut()) {
            session.least = Some(least);
            proven.authentication.begin();
            let invite = self.send_invite(now, id, &mut session.dialog, proven, Some(least));
            session.phase = Phase::Calling { invite };
        }
        self.sessions.insert(id, session);
        wanted.is_some()
    }

    pub(super) fn cancel_call(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if matches!(session.phase, Phase::Calling { .. }) {
            session.leaving.get_or_insert(None);
            self.send_cancel(now, id);
        }
    }

    /// CANCEL has the URI, Via, Route and number of its INVITE (RFC 3261 section 9.1), and goes where that went.
    fn send_cancel(&mut self, now: Mono, id: SessionId) {
        let deadline = now + self.timing.patience();
        let Some(session) = self.sessions.get_mut(&id).filter(|s| s.cancelled.is_none()) else { return };
        let Phase::Calling { invite } = &session.phase else { return };
        let Some(client) = self.transactions.client(invite).filter(|c| c.is_proceeding()) else { return };
        session.cancelled = Some(deadline);
        let reason = session.leaving.clone().flatten();
        let outgoing = send::cancel(client, invite, Owner::Session(id), reason.as_ref());
        self.launch(now, outgoing);
    }

    pub(super) fn handle_invite_response(&mut self, now: Mono, id: SessionId, from: Received, response: &Response) {
        if self.handle_refresh_response(now, id, response) {
            return;
        }
        let (status, reason) = (response.status(), read::reason_phrase(response));
        match status {
            100..=199 if !self.acknowledge_progress(now, id, response) => {}
            100..=199 => {
                self.note_ringing(id, response);
                self.handle_progress(now, id, status, reason);
                self.tell_early_answer(id, response);
            }
            200..=299 => self.handle_call_answered(now, id, from, response),
            401 | 407 if self.prove_invite(now, id, response) => {}
            422 if self.lengthen_invite(now, id, response) => {}
            _ => {
                let calling = self.sessions.get(&id).filter(|s| matches!(s.phase, Phase::Calling { .. }));
                let Some(ids) = calling.map(|session| session.dialog.ids()) else { return };
                self.drop_session(id);
                let (warnings, contacts) = (read::warnings(response.headers()), read::contacts(response.headers()));
                let (retry_after, body) = (read::retry_after(response.headers()), read::response_body(response));
                let event =
                    EndpointEvent::Rejected { id, from, status, reason, warnings, contacts, retry_after, body, ids };
                self.events.push_back(event);
            }
        }
    }

    fn handle_progress(&mut self, now: Mono, id: SessionId, status: u16, reason: String) {
        let Some(session) = self.sessions.get(&id) else { return };
        let leaving = session.leaving.is_some();
        self.events.push_back(EndpointEvent::InviteProgress { id, status, reason });
        if leaving {
            self.send_cancel(now, id);
        }
    }

    /// An early dialog (RFC 3261 section 12.1.2), of which there is no more to know than its tag.
    fn note_ringing(&mut self, id: SessionId, response: &Response) {
        let tag = read::to_tag(response.headers()).filter(|tag| tag.len() <= limits::TOKEN && response.status() > 100);
        let Some((tag, session)) = tag.zip(self.sessions.get_mut(&id)) else { return };
        if session.ringing.len() < FORKS && !session.ringing.contains(&tag) {
            session.ringing.push(tag);
        }
    }

    /// Only who has a tag can be told from others; 100 is of the next hop.
    fn tell_early_answer(&mut self, id: SessionId, response: &Response) {
        let calling = |session: &Session| matches!(session.phase, Phase::Calling { .. }) && session.leaving.is_none();
        let wanted = self.sessions.get(&id).is_some_and(calling) && response.status() > 100;
        let body = read::response_body(response).filter(|body| body.part("application/sdp").is_some());
        if let (true, Some(_), Some(body)) = (wanted, read::to_tag(response.headers()), body) {
            self.events.push_back(EndpointEvent::EarlyAnswered { id, body });
        }
    }

    /// Every 2xx is acknowledged: the first makes the dialog, the same again means that our ACK was lost, and another
    /// tag is another device that answered too, which is sent away (RFC 3261 section 13.2.2.4).
    pub(super) fn handle_call_answered(&mut self, now: Mono, id: SessionId, from: Received, response: &Response) {
        let tag = read::to_tag(response.headers()).unwrap_or_default();
        let Some(session) = self.sessions.get_mut(&id) else {
            self.counters.responses_stray += 1;
            return;
        };
        if matches!(session.phase, Phase::Calling { .. }) {
            return self.establish_call(now, id, &tag, from, response);
        }
        if session.dialog.remote_tag != tag {
            return self.dismiss_fork(now, id, tag, response);
        }
        let number = read::cseq(response.headers()).map(|cseq| cseq.number);
        match (session.ack.clone(), number) {
            (Some((cseq, ack)), Some(number)) if cseq == number => self.transmits.push_back(ack),
            (_, Some(number)) => self.acknowledge_withdrawn(id, number, response),
            (_, None) => {}
        }
    }

    fn establish_call(&mut self, now: Mono, id: SessionId, tag: &str, from: Received, response: &Response) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let early = session.resume_early(tag);
        session.dialog.establish(tag.to_owned(), read::record_route(response.headers(), false));
        session.dialog.retarget(read::contact(response.headers()));
        session.phase = Phase::Established;
        session.cancelled = None;
        session.timer = session_timer::granted(now, response.headers());
        session.peer_updates = allows_update(response.headers());
        session.said = session.proven.as_ref().map(|proven| proven.invite.body.clone());
        let leaving = session.leaving.take();
        let ack = session.acknowledgement(&session.dialog);
        let cseq = read::cseq(ack.headers()).map_or(1, |cseq| cseq.number);
        let to = session.dialog.destination();
        let ack = self.send_ack(ack, to);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.ack = Some((cseq, ack));
        }
        match (leaving, self.in_clear(id, response)) {
            (Some(reason), _) => self.send_bye(now, id, reason),
            (None, Some(why)) => {
                let ids = self.sessions.get(&id).map(|session| session.dialog.ids());
                self.events.push_back(EndpointEvent::InviteFailed { id, cause: EndCause::InClear { why }, ids });
                self.send_bye(now, id, Some(Reason::sip(488, why)));
            }
            (None, None) => {
                // What was answered reliably before is the answer, whatever the 2xx repeats of it.
                let body = early.or_else(|| read::response_body(response));
                self.events.push_back(EndpointEvent::Answered { id, from, body });
            }
        }
    }

    /// Why requests within this call, which began by `sips:`, would not go by TLS on every hop (RFC 3261 sections 12.1.1 and 16.6,
    /// step 4).
    fn in_clear(&self, id: SessionId, response: &Response) -> Option<&'static str> {
        let proven = self.sessions.get(&id).and_then(|session| session.proven.as_ref());
        proven.filter(|proven| proven.invite.target.is_sips())?;
        if !read::contact(response.headers()).is_some_and(|contact| contact.is_sips()) {
            return Some("the Contact of its answer is no sips: URI");
        }
        let routes = read::record_route(response.headers(), false);
        let secure = |hop: &String| route_uri(hop).is_some_and(|uri| uri.is_sips());
        (!routes.iter().all(secure)).then_some("a proxy on the way is recorded by no sips: URI")
    }

    fn dismiss_fork(&mut self, now: Mono, id: SessionId, tag: String, response: &Response) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let known = session.forks.contains(&tag);
        if !known && session.forks.len() >= FORKS {
            return;
        }
        let mut dialog = session.dialog.clone();
        session.early.iter().filter(|e| e.dialog.remote_tag == tag).for_each(|e| dialog.count_on(&e.dialog));
        dialog.establish(tag.clone(), read::record_route(response.headers(), false));
        dialog.retarget(read::contact(response.headers()));
        let ack = session.acknowledgement(&dialog);
        if !known {
            session.forks.push(tag);
        }
        let to = dialog.destination();
        self.send_ack(ack, to.clone());
        if !known && self.transactions.clients() < self.config.limits.client_transactions {
            let mut bye = dialog.request(Method::Bye);
            self.dress_plainly(&mut bye);
            self.send_request(now, bye, to, Owner::None);
        }
    }

    pub(super) fn hang_up(&mut self, now: Mono, id: SessionId, reason: Option<Reason>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match session.phase {
            Phase::Calling { .. } => {
                session.leaving.get_or_insert(reason);
                self.send_cancel(now, id);
            }
            Phase::Ringing => self.refuse_ringing(now, id),
            Phase::Established if session.awaits_first_ack() => {
                session.leaving.get_or_insert(reason);
            }
            Phase::Established => self.send_bye(now, id, reason),
            Phase::Ending => {}
        }
    }

    pub(super) fn send_bye(&mut self, now: Mono, id: SessionId, reason: Option<Reason>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.phase = Phase::Ending;
        session.unacked = None;
        let asked = session.asked.take();
        let mut request = session.dialog.request(Method::Bye);
        let to = session.dialog.destination();
        if let Some(reason) = &reason {
            send::push(&mut request, "Reason", &reason.to_string());
        }
        if let Some(key) = asked {
            self.respond(now, &key, 487, "Request Terminated");
        }
        self.dress_plainly(&mut request);
        self.send_request(now, request, to, Owner::Session(id));
    }

    /// BYE was answered, or never will be: over either way (RFC 3261 section 15.1.1).
    pub(super) fn handle_bye_done(&mut self, id: SessionId) {
        let ending = self.sessions.get(&id).is_some_and(|s| s.phase == Phase::Ending);
        if ending && self.drop_session(id) {
            self.events.push_back(EndpointEvent::Ended { id, reason: None, by_peer: false });
        }
    }

    pub(super) fn handle_session_failure(&mut self, now: Mono, id: SessionId, method: &Method, cause: EndCause) {
        if *method == Method::Bye {
            return self.handle_bye_done(id);
        }
        if *method == Method::Info {
            return self.handle_info_failure(id, 0, "nobody answers");
        }
        let established = self.sessions.get(&id).is_some_and(|session| session.phase == Phase::Established);
        if established && matches!(method, Method::Invite | Method::Update) {
            return self.end_stale(now, id, "the peer does not answer any more");
        }
        // A CANCEL or PRACK that nobody answered says nothing yet of the INVITE, which has its own deadline.
        if *method == Method::Prack || *method == Method::Cancel && cause == EndCause::TimedOut {
            return;
        }
        self.fail_call(id, cause);
    }

    pub(super) fn fail_call(&mut self, id: SessionId, cause: EndCause) {
        let Some(Session { phase: Phase::Calling { invite }, dialog, .. }) = self.sessions.get(&id) else { return };
        let ids = Some(dialog.ids());
        self.transactions.abandon(&invite.clone());
        self.drop_session(id);
        self.events.push_back(EndpointEvent::InviteFailed { id, cause, ids });
    }

    pub(super) fn report_invite_resent(&mut self, id: SessionId, sent: u32) {
        if self.sessions.contains_key(&id) {
            let reason = format!("no answer yet, sent {sent} times");
            self.events.push_back(EndpointEvent::InviteProgress { id, status: 0, reason });
        }
    }

    pub(super) fn drop_session(&mut self, id: SessionId) -> bool {
        let Some(session) = self.sessions.remove(&id) else { return false };
        session.address.into_iter().for_each(|address| self.calling.leave(address));
        self.informing.remove(&id);
        self.outlive(id, session.dialog);
        true
    }
}
