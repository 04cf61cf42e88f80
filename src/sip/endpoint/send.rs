use super::inbound::Inbound;
use super::Endpoint;
use crate::sip::dialog::{Destination, Dialog};
use crate::sip::headers::{NameAddr, Via};
use crate::sip::transaction::{ClientKey, Incoming, Outgoing, Owner, ServerKey};
use crate::sip::{read, send, HeaderName, Host, Refusal, Request, Response, Transmit, Transport, Uri};
use crate::vocab::Mono;

/// A request above this goes by TCP, unless the path MTU is known (RFC 3261 section 18.1.1). Octets.
const LARGEST_DATAGRAM: usize = 1300;

/// What all roles need to speak.
impl Endpoint {
    pub(super) fn transmit(&mut self, transmit: Transmit) {
        self.transmits.push_back(transmit);
    }

    /// Our Contact, with the device's instance.
    pub(super) fn contact(&self) -> String {
        let mut contact = NameAddr::new(self.config.contact.clone());
        if let Some(instance) = &self.config.instance {
            contact.set_instance(instance);
        }
        contact.to_string()
    }

    pub(super) fn new_dialog(&mut self, target: Uri, remote: std::net::SocketAddr) -> Dialog {
        let (call_id, tag) = (self.secret.call_id(), self.secret.tag());
        Dialog::caller(call_id, tag, &self.config.aor, target, remote)
    }

    /// The dialog that our answer to `inbound` makes (RFC 3261 section 12.1.1).
    pub(super) fn answering_dialog(&mut self, inbound: &Inbound, target: Uri) -> Dialog {
        let headers = inbound.request.headers();
        let parties = (headers.first(HeaderName::TO).unwrap_or(""), headers.first(HeaderName::FROM).unwrap_or(""));
        let tag = self.secret.tag();
        let mut dialog = Dialog::callee(inbound.call_id.clone(), tag, parties, target, inbound.from.remote);
        dialog.establish(inbound.from_tag.clone(), read::record_route(headers, true));
        dialog
    }

    /// What a request that makes or refreshes a dialog carries of us.
    pub(super) fn dress(&self, request: &mut Request) {
        send::push(request, "Contact", &self.contact());
        send::push(request, "Allow", &send::allow());
        send::push_list(request, "Supported", &self.config.supported);
        send::push_list(request, "Allow-Events", &self.config.events);
        self.dress_plainly(request);
    }

    pub(super) fn dress_plainly(&self, request: &mut Request) {
        send::push(request, "User-Agent", &self.config.user_agent);
    }

    pub(super) fn dress_response(&self, response: &mut Response) {
        send::push_to(response, "Server", &self.config.user_agent);
    }

    pub(super) fn push_abilities(&self, response: &mut Response) {
        send::push_to(response, "Allow", &send::allow());
        if !self.config.supported.is_empty() {
            send::push_to(response, "Supported", &self.config.supported.join(", "));
        }
    }

    /// Sends a request in a transaction of its own.
    pub(super) fn send_request(&mut self, now: Mono, request: Request, to: Destination, owner: Owner) -> ClientKey {
        let outgoing = self.address(request, to, owner);
        let key = outgoing.key.clone();
        self.launch(now, outgoing);
        key
    }

    pub(super) fn launch(&mut self, now: Mono, outgoing: Outgoing) {
        let transmit = self.transactions.send(now, outgoing);
        self.counters.requests_sent += 1;
        self.transmit(transmit);
    }

    /// The ACK of a 2xx is nobody's transaction (RFC 3261 section 13.2.2.4).
    pub(super) fn send_ack(&mut self, request: Request, to: Destination) -> Transmit {
        let outgoing = self.address(request, to, Owner::None);
        self.counters.requests_sent += 1;
        self.transmit(outgoing.transmit.clone());
        outgoing.transmit
    }

    /// Via and transport: TCP when the URI says so or the size demands it (RFC 3261 section 18.1.1).
    fn address(&mut self, request: Request, to: Destination, owner: Owner) -> Outgoing {
        let branch = self.secret.branch();
        let key = ClientKey { branch: branch.clone(), method: request.method().clone() };
        let by = |transport| {
            let request = send::with_via(request.clone(), &self.via(transport, to, &branch));
            let transmit = Transmit { transport, remote: to.remote, connection: None, bytes: request.to_bytes() };
            (request, transmit)
        };
        let datagram = Some(by(Transport::Udp)).filter(|_| !to.tcp);
        let ((request, transmit), by_datagram) = match datagram {
            Some(fits) if fits.1.bytes.len() <= LARGEST_DATAGRAM => (fits, None),
            large => (by(Transport::Tcp), large),
        };
        Outgoing { key, owner, request, transmit, by_datagram }
    }

    fn via(&self, transport: Transport, to: Destination, branch: &str) -> Via {
        match self.config.sent_by(transport, to.remote.ip()) {
            Some(local) => Via::new(transport, local.ip(), Some(local.port()), branch),
            None => {
                let host = self.config.contact.host().cloned();
                let host = host.unwrap_or_else(|| Host::Name("invalid".to_owned()));
                Via::new(transport, host, self.config.contact.port(), branch)
            }
        }
    }

    /// Remembers a request, so that it is handled once and can be answered later. Its body is not kept.
    pub(super) fn remember(&mut self, now: Mono, inbound: &Inbound, owner: Owner) {
        let mut request = inbound.request.clone();
        request.remove_body();
        let first = inbound.to_tag.is_none();
        let origin = first.then(|| (inbound.from_tag.clone(), inbound.call_id.clone(), inbound.cseq));
        let incoming = Incoming { owner, request, reply: inbound.reply, origin };
        self.transactions.open(now, inbound.key.clone(), incoming);
    }

    /// A response to a remembered request, with what a dialog needs.
    pub(super) fn response(&self, key: &ServerKey, status: u16, reason: &str, tag: Option<&str>) -> Option<Response> {
        let request = &self.transactions.server(key)?.request;
        let mut response = Response::to(request, status, reason);
        if let Some(tag) = tag {
            send::add_to_tag(&mut response, tag);
        }
        response.headers_mut().copy(request.headers(), HeaderName::RECORD_ROUTE);
        self.dress_response(&mut response);
        Some(response)
    }

    /// Answers without more ado.
    pub(super) fn respond(&mut self, now: Mono, key: &ServerKey, status: u16, reason: &str) {
        if let Some(response) = self.response(key, status, reason, None) {
            self.send_response(now, key, &response);
        }
    }

    pub(super) fn send_refusal(&mut self, now: Mono, key: &ServerKey, refusal: &Refusal, tag: &str) {
        self.counters.refused += 1;
        let status = if (300..700).contains(&refusal.status) { refusal.status } else { 500 };
        if let Some(mut response) = self.response(key, status, &refusal.reason, Some(tag)) {
            send::push_extra(&mut response, refusal);
            self.send_response(now, key, &response);
        }
    }

    pub(super) fn send_response(&mut self, now: Mono, key: &ServerKey, response: &Response) -> Option<Transmit> {
        let transmit = self.transactions.respond(now, key, response.status(), response.to_bytes())?;
        self.counters.responses_sent += 1;
        self.transmit(transmit.clone());
        Some(transmit)
    }
}
