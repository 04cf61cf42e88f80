use super::inbound::Inbound;
use super::{Endpoint, EndpointEvent};
use crate::sip::headers::RAck;
use crate::sip::reliable::{self, Early, Manner, Order, Unpracked, RELIABLE};
use crate::sip::session::Session;
use crate::sip::transaction::{Owner, ServerKey};
use crate::sip::{read, send, Refusal, Request, Response, SessionId};
use crate::vocab::Mono;

/// Callees whose provisional answers are acknowledged, of one call.
const EARLY: usize = 8;

/// Reliable provisional answers (RFC 3262). Ours hold no session description, so that no final answer has to wait for one.
impl Endpoint {
    fn is_reliable(&self) -> bool {
        self.config.supported.iter().any(|tag| tag.eq_ignore_ascii_case(RELIABLE))
    }

    /// How a provisional answer to this INVITE goes out.
    pub(super) fn manner(&self, key: &ServerKey, has_offer: bool) -> Manner {
        let server = self.transactions.server(key).filter(|_| self.is_reliable());
        server.map_or(Manner::Plain, |server| Manner::wanted(server.request.headers(), has_offer))
    }

    /// One at a time (RFC 3262 section 3).
    pub(super) fn send_reliably(&mut self, now: Mono, id: SessionId, key: &ServerKey, mut response: Response) {
        let random = self.secret.random();
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.unpracked.is_none()) else { return };
        let rseq = reliable::next_rseq(session.rseq, random);
        session.rseq = Some(rseq);
        send::push_to(&mut response, "Require", RELIABLE);
        send::push_to(&mut response, "RSeq", &rseq.to_string());
        let cseq = read::cseq(response.headers()).map_or(0, |cseq| cseq.number);
        let Some(sent) = self.send_response(now, key, &response) else { return };
        let unpracked = Unpracked::new(now, &self.timing, sent, rseq, cseq);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.unpracked = Some(unpracked);
        }
    }

    pub(super) fn handle_prack(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        let Some(rack) = inbound.request.headers().typed::<RAck>().ok().flatten() else {
            return self.refuse_statelessly(inbound, 400, "RAck is missing or unreadable");
        };
        let Some(session) = self.sessions.get_mut(&id) else { return self.refuse_unknown(inbound) };
        if !session.dialog.accept_cseq_from(inbound.from.remote.ip(), inbound.cseq) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        if session.unpracked.take_if(|unpracked| unpracked.is_meant_by(&rack)).is_none() {
            return self.refuse_unknown(inbound);
        }
        self.remember(now, inbound, Owner::None);
        // Nothing was offered or answered yet that an offer could change.
        match read::body(&inbound.request) {
            Some(_) => self.respond(now, &inbound.key, 488, "Not Acceptable Here"),
            None => self.respond(now, &inbound.key, 200, "OK"),
        }
    }

    /// `true`: nobody acknowledged, and the call is over (RFC 3262 section 3).
    pub(super) fn expire_unpracked(&mut self, now: Mono, id: SessionId) -> bool {
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let Some(unpracked) = session.unpracked.as_mut() else { return false };
        if unpracked.is_over(now) {
            self.refuse_caller(now, id, &Refusal::new(504, "No PRACK Came"));
            let reason = Some("that it rings was never acknowledged".to_owned());
            self.events.push_back(EndpointEvent::Ended { id, reason, by_peer: false });
            return true;
        }
        if let Some(again) = unpracked.resend(now) {
            self.transmits.push_back(again);
        }
        false
    }

    /// A provisional answer to our first INVITE. `false`: it is to be taken for one that did not come.
    pub(super) fn acknowledge_progress(&mut self, now: Mono, id: SessionId, response: &Response) -> bool {
        let Some(tag) = read::to_tag(response.headers()).filter(|_| self.is_reliable()) else { return true };
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let known = session.early.iter().position(|early| early.dialog.remote_tag == tag);
        let last = known.and_then(|at| session.early.get(at)).and_then(|early| early.rseq);
        let rseq = match reliable::order(response, last) {
            Order::Unreliable => return true,
            Order::Out => return false,
            Order::Next(_) if known.is_none() && session.early.len() >= EARLY => return false,
            Order::Next(rseq) => rseq,
        };
        if known.is_none() {
            let route = read::record_route(response.headers(), false);
            if route.iter().map(String::len).sum::<usize>() > reliable::LONGEST_ROUTE {
                return false;
            }
            let mut dialog = session.dialog.clone();
            dialog.establish(tag, route);
            session.early.push(Early { dialog, rseq: None, count: 0, answer: None });
        }
        let at = known.unwrap_or(session.early.len() - 1);
        let Some(early) = session.early.get_mut(at) else { return false };
        if early.count >= reliable::MOST {
            return false;
        }
        early.count += 1;
        early.rseq = Some(rseq);
        early.dialog.retarget(read::contact(response.headers()));
        early.answer = early.answer.take().or_else(|| read::response_body(response));
        let Some(request) = reliable::prack(&mut early.dialog, rseq, response) else { return false };
        let to = early.dialog.destination();
        self.send_prack(now, id, request, to);
        true
    }

    /// The same for a re-INVITE, in the dialog that there is.
    pub(super) fn acknowledge_refreshing(&mut self, now: Mono, id: SessionId, response: &Response) {
        let reliable = self.is_reliable();
        let Some(session) = self.sessions.get_mut(&id).filter(|_| reliable) else { return };
        let Some(refresh) = session.refresh.as_mut() else { return };
        let Order::Next(rseq) = reliable::order(response, refresh.rseq) else { return };
        if refresh.pracks >= reliable::MOST {
            return;
        }
        refresh.pracks += 1;
        refresh.rseq = Some(rseq);
        let Some(request) = reliable::prack(&mut session.dialog, rseq, response) else { return };
        let to = session.dialog.destination();
        self.send_prack(now, id, request, to);
    }

    fn send_prack(&mut self, now: Mono, id: SessionId, mut request: Request, to: crate::sip::dialog::Destination) {
        let cnonce = self.secret.tag();
        let Some(session) = self.sessions.get_mut(&id) else { return };
        // Only whoever asked for them: the peer could try passwords against them.
        if let Some(proven) = session.proven.as_mut().filter(|proven| proven.invite.remote == to.remote) {
            proven.authentication.prove(&mut request, &cnonce);
        }
        self.dress_plainly(&mut request);
        if self.transactions.clients() < self.config.limits.client_transactions {
            self.send_request(now, request, to, Owner::Session(id));
        }
    }
}

impl Session {
    /// The dialog that the provisional answers of this callee made goes on: its numbers are used up.
    pub(super) fn resume_early(&mut self, tag: &str) -> Option<crate::sip::Body> {
        let early = self.early.iter().find(|early| early.dialog.remote_tag == tag)?;
        self.dialog.count_on(&early.dialog);
        early.answer.clone()
    }
}
