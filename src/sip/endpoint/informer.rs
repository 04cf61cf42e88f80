use super::inbound::Inbound;
use super::{Endpoint, EndpointEvent};
use crate::sip::authentication::Authentication;
use crate::sip::dialog::By;
use crate::sip::session::Phase;
use crate::sip::transaction::Owner;
use crate::sip::{dtmf, read, send, HeaderName, Method, Refusal, Response, SessionId};
use crate::vocab::{Digit, Mono};

/// A key of ours on its way by INFO.
#[derive(Debug)]
pub(crate) struct Informing {
    digit: Digit,
    pub authentication: Authentication,
}

/// Keys of a telephone by INFO, within a call.
impl Endpoint {
    pub(super) fn open_info(&mut self, now: Mono, id: SessionId, digit: Digit) {
        let calling = self.sessions.get(&id).filter(|session| session.phase == Phase::Established);
        let Some(calling) = calling.filter(|_| !self.informing.contains_key(&id)) else {
            return self.events.push_back(EndpointEvent::DigitRefused { id, status: 0, reason: "it is over".into() });
        };
        let login = calling.proven.as_ref().and_then(|proven| proven.invite.login.clone());
        self.informing.insert(id, Informing { digit, authentication: Authentication::of(login) });
        self.send_info(now, id);
    }

    fn send_info(&mut self, now: Mono, id: SessionId) {
        let cnonce = self.secret.tag();
        let Some((session, informing)) = self.sessions.get_mut(&id).zip(self.informing.get_mut(&id)) else { return };
        let mut request = session.dialog.request(Method::Info);
        let to = session.dialog.destination();
        send::set_body(&mut request, &dtmf::write(informing.digit));
        // Only to whoever asked for them: the peer could try passwords against them.
        if session.asked_by(to.remote) {
            informing.authentication.prove(&mut request, &cnonce);
        }
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Session(id));
    }

    pub(super) fn handle_info_response(&mut self, now: Mono, id: SessionId, response: &Response) {
        match response.status() {
            100..=199 => {}
            200..=299 => {
                if self.informing.remove(&id).is_some() {
                    self.events.push_back(EndpointEvent::DigitTaken { id });
                }
            }
            status @ (401 | 407) if self.is_proven_anew(id, response, status == 407) => self.send_info(now, id),
            status => self.handle_info_failure(id, status, response.reason()),
        }
    }

    fn is_proven_anew(&mut self, id: SessionId, response: &Response, by_proxy: bool) -> bool {
        let session = self.sessions.get(&id);
        let ours = session.is_some_and(|session| session.asked_by(session.dialog.destination().remote));
        let informing = self.informing.get_mut(&id).filter(|_| ours);
        informing.is_some_and(|informing| informing.authentication.challenged(response.headers(), by_proxy).is_ok())
    }

    /// `status` is 0 where nobody answered.
    pub(super) fn handle_info_failure(&mut self, id: SessionId, status: u16, reason: &str) {
        if self.informing.remove(&id).is_some() {
            self.events.push_back(EndpointEvent::DigitRefused { id, status, reason: reason.to_owned() });
        }
    }

    /// INFO without a body is an old way to ask whether somebody is there (RFC 2976 section 2.4). Of what names its package, we take none (RFC 6086
    /// section 4.2.2).
    pub(super) fn handle_info(&mut self, now: Mono, id: SessionId, inbound: &Inbound) {
        if inbound.request.headers().has(HeaderName::INFO_PACKAGE) {
            let refusal = Refusal::new(469, "Bad Info Package").with("Recv-Info", "");
            return self.answer_statelessly(inbound, &refusal);
        }
        let digit = match read::body(&inbound.request).map(|body| dtmf::read(&body)) {
            Some(Err(dtmf::NoDigits)) => {
                let accept = format!("{}, {}", dtmf::RELAY, dtmf::PLAIN);
                let refusal = Refusal::new(415, "Unsupported Media Type").with("Accept", accept);
                return self.answer_statelessly(inbound, &refusal);
            }
            Some(Ok(digit)) => digit,
            None => None,
        };
        if !self.dialog_of(id).is_some_and(|dialog| dialog.accept_cseq(inbound.cseq)) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        self.remember(now, inbound, Owner::None);
        self.respond(now, &inbound.key, 200, "OK");
        if let Some(digit) = digit {
            self.events.push_back(EndpointEvent::Digit { id, digit });
        }
    }

    /// What is sent within the call goes by TLS, as far as the next hop.
    pub fn goes_by_tls(&self, id: SessionId) -> bool {
        let to = self.sessions.get(&id).map(|session| session.dialog.destination());
        to.is_some_and(|to| matches!(to.by, By::Tls(_) | By::TlsTo(_) | By::WebSocket(Some(_))))
    }
}
