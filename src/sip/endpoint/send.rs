use std::net::SocketAddr;

use super::config::Way;
use super::inbound::Inbound;
use super::Endpoint;
use crate::sip::dialog::{By, Destination, Dialog};
use crate::sip::headers::{NameAddr, Via};
use crate::sip::transaction::{ClientKey, Incoming, Outgoing, Owner, ServerKey};
use crate::sip::{read, send, HeaderName, Host, Refusal, Request, Response, Resumed, Transmit, Transport, Uri};
use crate::vocab::Mono;

/// A request above this goes by TCP, unless the path MTU is known (RFC 3261 section 18.1.1). Octets.
const LARGEST_DATAGRAM: usize = 1300;

/// What all roles need to speak.
impl Endpoint {
    pub(super) fn transmit(&mut self, transmit: Transmit) {
        self.transmits.push_back(transmit);
    }

    /// Our Contact on the way to somebody, with the device's instance.
    pub(super) fn contact(&self, (way, remote): (Way, Option<SocketAddr>)) -> String {
        let mut contact = NameAddr::new(self.contact_towards(way, remote));
        if let Some(instance) = &self.config.instance {
            contact.set_instance(instance);
        }
        contact.to_string()
    }

    pub(super) fn way(&self, request: &Request, to: &Destination) -> (Way, Option<SocketAddr>) {
        let way = match to.by {
            By::Tls(_) | By::TlsTo(_) if send::is_sips(request) => Way::Sips,
            By::Tls(_) | By::TlsTo(_) | By::WebSocket(Some(_)) => Way::Tls,
            By::Size | By::Tcp | By::WebSocket(None) => Way::Clear,
        };
        (way, Some(to.remote))
    }

    /// Of the answer to a remembered request.
    pub(super) fn way_back(&self, key: &ServerKey) -> (Way, Option<SocketAddr>) {
        let Some(server) = self.transactions.server(key) else { return (Way::Clear, None) };
        let way = match server.transport().is_secure() {
            true if send::is_sips(&server.request) => Way::Sips,
            true => Way::Tls,
            false => Way::Clear,
        };
        (way, Some(server.remote()))
    }

    pub(super) fn new_dialog(
        &mut self,
        target: Uri,
        remote: SocketAddr,
        domain: Option<Host>,
        resumes: Option<&Resumed>,
    ) -> Dialog {
        let ids = match resumes {
            Some(what) => (what.ids.call_id.clone(), what.ids.tag.clone()),
            None => (self.secret.call_id(), self.secret.tag()),
        };
        let route = self.service_route(&target, remote);
        let mut dialog = Dialog::caller(ids, &self.config.aor, target, remote, domain);
        dialog.preload(route);
        if let Some(what) = resumes {
            dialog.resume(what);
        }
        dialog
    }

    /// Which of our names a server where we are registered is to show to others (RFC 3325 section 9.2): one that is not the
    /// usual one. Nobody else is told.
    pub(super) fn preferred(&self, from: Option<&NameAddr>, remote: SocketAddr) -> Option<String> {
        let is_server = self.registrations.values().any(|registration| registration.remote == remote);
        from.filter(|_| is_server).map(|from| NameAddr::new(from.uri.clone()).to_string())
    }

    /// The domain that we know to be at this address by TLS: that of a registration through it.
    pub(super) fn domain_at(&self, remote: SocketAddr) -> Option<Host> {
        let there = self.registrations.values().filter(|registration| registration.remote == remote);
        there.filter_map(|registration| registration.domain.clone()).next()
    }

    /// The dialog that our answer to `inbound` makes (RFC 3261 section 12.1.1).
    pub(super) fn answering_dialog(&mut self, inbound: &Inbound, target: Uri) -> Dialog {
        let headers = inbound.request.headers();
        let parties = (headers.first(HeaderName::TO).unwrap_or(""), headers.first(HeaderName::FROM).unwrap_or(""));
        let tag = self.secret.tag();
        let mut dialog = Dialog::callee(inbound.call_id.clone(), tag, parties, target, inbound.from.remote);
        let by_tls = inbound.from.transport.is_secure();
        let domain = self.domain_at(inbound.from.remote).filter(|_| by_tls);
        dialog.secure(domain, by_tls && inbound.request.uri().is_sips());
        dialog.establish(inbound.from_tag.clone(), read::record_route(headers, true));
        dialog
    }

    /// What a request that makes or refreshes a dialog carries of us.
    pub(super) fn dress(&self, request: &mut Request, to: &Destination) {
        let contact = self.contact(self.way(request, to));
        send::push(request, "Contact", &contact);
        send::push(request, "Allow", &send::allow());
        send::push_list(request, "Supported", &self.config.supported);
        let events = self.config.events.listed();
        if !events.is_empty() {
            send::push(request, "Allow-Events", events);
        }
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

    /// Via and transport: TCP when the URI says so or the size demands it (RFC 3261 section 18.1.1), TLS when any URI says
    /// so, and then nothing else (section 26.2.2).
    fn address(&mut self, request: Request, to: Destination, owner: Owner) -> Outgoing {
        let branch = self.secret.branch();
        let key = ClientKey { branch: branch.clone(), method: request.method().clone() };
        let remote = to.remote;
        let by = |transport, domain| {
            let mut via = self.via(transport, remote, &branch);
            if matches!(owner, Owner::Registration(_)) {
                // RFC 6223 section 4: we would keep the way open.
                via.params.set("keep", None);
            }
            let request = send::with_via(request.clone(), &via);
            let bytes = request.to_bytes();
            (request, Transmit { transport, remote, connection: None, domain, bytes })
        };
        let ((request, transmit), by_datagram) = match self.way_out(&request, to) {
            By::Tls(domain) | By::TlsTo(domain) => (by(Transport::Tls, Some(domain)), None),
            By::Tcp => (by(Transport::Tcp, None), None),
            By::WebSocket(None) => (by(Transport::Ws, None), None),
            By::WebSocket(domain) => (by(Transport::Wss, domain), None),
            By::Size => match by(Transport::Udp, None) {
                fits if fits.1.bytes.len() <= LARGEST_DATAGRAM || self.keeps_to_udp(remote) => (fits, None),
                large => (by(Transport::Tcp, None), Some(large)),
            },
        };
        Outgoing { key, owner, request, transmit, by_datagram }
    }

    /// There is no TCP between the two.
    fn keeps_to_udp(&self, remote: SocketAddr) -> bool {
        self.by_udp == Some(remote) || self.config.listen.iter().all(|(transport, _)| *transport == Transport::Udp)
    }

    /// What holds in spite of whoever chose `to`: `sips:` in it is never sent in clear, and an address where a proxy of ours
    /// is belongs to whoever proves the domain that our user named.
    fn way_out(&self, request: &Request, to: Destination) -> By {
        let by = self.way_in_principle(request, to.clone());
        let websocket = self.websocket_to(to.remote);
        match (&by, websocket) {
            (By::Size | By::Tcp, Some(None)) => By::WebSocket(None),
            (By::Tls(wanted) | By::TlsTo(wanted), Some(Some(domain))) if *wanted == domain => {
                By::WebSocket(Some(domain))
            }
            _ => by,
        }
    }

    fn way_in_principle(&self, request: &Request, to: Destination) -> By {
        match to.by {
            By::TlsTo(host) if host.ip().is_some() => By::Tls(self.domain_at(to.remote).unwrap_or(host)),
            By::Size | By::Tcp if send::is_sips(request) => By::Tls(to.remote.ip().into()),
            by => by,
        }
    }

    fn via(&self, transport: Transport, remote: SocketAddr, branch: &str) -> Via {
        if transport.is_websocket() {
            return Via::new(transport, self.nowhere.clone(), None, branch);
        }
        match self.config.sent_by(transport, remote.ip()) {
            Some(local) => Via::new(transport, local.ip(), Some(local.port()), branch),
            None => {
                let host = self.config.contact.host().cloned();
                let host = host.unwrap_or_else(|| Host::Name("invalid".into()));
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
