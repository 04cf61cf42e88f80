use std::net::SocketAddr;

use super::inbound::Inbound;
use super::{EndCause, Endpoint, EndpointEvent};
use crate::sip::authentication::Authentication;
use crate::sip::dialog::{By, Destination};
use crate::sip::digest::Login;
use crate::sip::headers::NameAddr;
use crate::sip::message_summary::{MESSAGE_SUMMARY, MESSAGE_SUMMARY_PACKAGE};
use crate::sip::pager::{LONGEST, TEXT};
use crate::sip::transaction::Owner;
use crate::sip::{read, send, Body, Host, MessageId, Method, Refusal, RequestIds, Response, Resumed, Uri};
use crate::vocab::Mono;

/// A text, to whom, and where that is.
#[derive(Clone, Debug)]
pub struct Text {
    pub target: Uri,
    pub remote: SocketAddr,
    /// By TCP.
    pub tcp: bool,
    /// By TLS, to whoever proves this.
    pub domain: Option<Host>,
    pub text: String,
    /// Who writes, where that is another name of ours than the usual one.
    pub from: Option<NameAddr>,
    /// For proxies and servers that want to know who writes.
    pub login: Option<Login>,
    /// It was sent elsewhere before, and redirected.
    pub resumes: Option<Resumed>,
}

/// A text of ours on its way.
#[derive(Debug)]
pub(crate) struct Sending {
    what: Text,
    ids: RequestIds,
    route: Vec<String>,
    authentication: Authentication,
}

impl Sending {
    pub fn forget_login(&mut self, login: &Login) {
        self.authentication.forget(login);
    }
}

/// Pager mode (RFC 3428 sections 4 and 7).
impl Endpoint {
    pub(super) fn open_message(&mut self, now: Mono, id: MessageId, what: Text) {
        let authentication = Authentication::of(what.login.clone());
        let route = what.resumes.as_ref().map(Resumed::route).unwrap_or_default();
        let ids = what.resumes.as_ref().map(|resumes| resumes.ids.clone()).unwrap_or_else(|| RequestIds {
            call_id: self.secret.call_id(),
            tag: self.secret.tag(),
            to: NameAddr::new(what.target.clone()).to_string(),
            cseq: 0,
        });
        self.sending.insert(id, Sending { what, ids, route, authentication });
        self.send_message(now, id);
    }

    fn send_message(&mut self, now: Mono, id: MessageId) {
        let cnonce = self.secret.tag();
        let Some(Sending { what: Text { target, remote, from, .. }, .. }) = self.sending.get(&id) else { return };
        let preferred = self.preferred(from.as_ref(), *remote);
        let from = from.clone().unwrap_or_else(|| self.config.aor.clone());
        let service = self.service_route(target, *remote);
        let Some(sending) = self.sending.get_mut(&id) else { return };
        sending.ids.cseq += 1;
        let Sending { what, ids: RequestIds { call_id, tag, to, cseq }, route, .. } = sending;
        let to = NameAddr::read(to).unwrap_or_else(|_| NameAddr::new(what.target.clone()));
        let mut request = send::outside_dialog(Method::Message, &what.target, (&from, &to), tag, call_id, *cseq);
        send::push_list(&mut request, "Route", if route.is_empty() { &service } else { route });
        send::push_list(&mut request, "P-Preferred-Identity", preferred.as_slice());
        send::set_body(&mut request, &Body::new(format!("{TEXT};charset=UTF-8"), what.text.clone().into_bytes()));
        let by = match &what.domain {
            Some(domain) => By::Tls(domain.clone()),
            None if what.tcp || what.target.asks_for_tcp() => By::Tcp,
            None => By::Size,
        };
        let to = Destination { remote: what.remote, by };
        sending.authentication.prove(&mut request, &cnonce);
        self.dress_plainly(&mut request);
        self.send_request(now, request, to, Owner::Message(id));
    }

    pub(super) fn handle_message_response(&mut self, now: Mono, id: MessageId, response: &Response) {
        match response.status() {
            100..=199 => {}
            200..=299 => {
                if self.sending.remove(&id).is_some() {
                    // 202: somebody keeps it for the peer (RFC 3428 section 7).
                    let kept = response.status() == 202;
                    self.events.push_back(EndpointEvent::MessageDelivered { id, kept });
                }
            }
            status @ (401 | 407) => self.handle_message_challenge(now, id, response, status == 407),
            _ => self.handle_message_failure(id, EndCause::rejected(response)),
        }
    }

    fn handle_message_challenge(&mut self, now: Mono, id: MessageId, response: &Response, by_proxy: bool) {
        let Some(sending) = self.sending.get_mut(&id) else { return };
        match sending.authentication.challenged(response.headers(), by_proxy) {
            Ok(()) => self.send_message(now, id),
            Err(why) => self.handle_message_failure(id, EndCause::Unproven { status: response.status(), why }),
        }
    }

    pub(super) fn handle_message_failure(&mut self, id: MessageId, cause: EndCause) {
        if let Some(Sending { ids, .. }) = self.sending.remove(&id) {
            self.events.push_back(EndpointEvent::MessageFailed { id, cause, ids });
        }
    }

    /// Somebody writes.
    pub(super) fn handle_first_message(&mut self, now: Mono, inbound: &Inbound) {
        let Some(sender) = read::from(inbound.request.headers()) else {
            return self.refuse_statelessly(inbound, 400, "From is missing or unreadable");
        };
        if !self.has_room(inbound.from.remote.ip()) {
            return self.refuse_overload(inbound);
        }
        let body = read::body(&inbound.request).and_then(|body| body.part(TEXT));
        let text = body.filter(|body| body.bytes.len() <= LONGEST);
        let Some(text) = text.and_then(|body| String::from_utf8(body.bytes.to_vec()).ok()) else {
            let refusal = Refusal::new(415, "Unsupported Media Type").with("Accept", TEXT);
            return self.answer_statelessly(inbound, &refusal);
        };
        let id = MessageId(self.next_id());
        self.remember(now, inbound, Owner::None);
        self.arrived.insert(id, inbound.key.clone());
        let (from, relayed) = (inbound.from, inbound.relayed());
        self.events.push_back(EndpointEvent::Messaged { id, from, relayed, sender, text });
    }

    /// Of no subscription. Servers tell so of messages that wait, whether anybody asked or not; whoever is meant decides.
    pub(super) fn handle_first_notify(&mut self, now: Mono, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let is_summary = read::event(headers).is_some_and(|event| event.package == MESSAGE_SUMMARY_PACKAGE);
        let body = read::body(&inbound.request).and_then(|body| body.part(MESSAGE_SUMMARY));
        let (Some(about), Some(body), true) = (read::to(headers), body, is_summary) else {
            return self.refuse_unknown(inbound);
        };
        if !self.has_room_for_news(inbound.from.remote.ip()) {
            return self.refuse_overload(inbound);
        }
        let id = MessageId(self.next_id());
        self.remember(now, inbound, Owner::None);
        self.arrived.insert(id, inbound.key.clone());
        let from = inbound.from;
        self.events.push_back(EndpointEvent::Summarised { id, from, about, body });
    }

    pub(super) fn answer_message(&mut self, now: Mono, id: MessageId, refusal: Option<&Refusal>) {
        let Some(key) = self.arrived.remove(&id) else { return };
        match refusal {
            None => self.respond(now, &key, 200, "OK"),
            Some(refusal) => {
                let tag = self.secret.tag();
                self.send_refusal(now, &key, refusal, &tag);
            }
        }
    }
}
