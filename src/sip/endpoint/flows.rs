use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::config::Way;
use super::recovery::goes_by;
use super::registrant::destination_of;
use super::{Endpoint, EndpointEvent};
use crate::sip::dialog::By;
use crate::sip::headers::{NameAddr, Via};
use crate::sip::keep_alive::{Due, Kind, PING};
use crate::sip::registration::{Outbound, Registration};
use crate::sip::stun::{self, Stun, TransactionId};
use crate::sip::{read, send, HeaderName, Host, Received, RegistrationId, Request, Response, Transmit, Transport, Uri};
use crate::vocab::{neighbourhood, Mono};

/// Binding requests of one neighbourhood that are answered in one second, and how many of these are told apart; nobody else is
/// answered then.
const STUN_ANSWERS: u32 = 20;
const STUN_ASKERS: usize = 256;

/// The flows to our registrars (RFC 5626): which of our addresses stands there, what goes along them, and how they are kept.
///
/// Behind a NAT our Contact leads nowhere. Where the registrar grants outbound, requests come to us on the flow, whatever the Contact
/// says, and nothing is done about it. Elsewhere, by UDP, the Contact is registered again with the address that the registrar saw
/// (`received` and `rport` of our Via, RFC 3581), and the one of before is taken out in the same REGISTER. That happens once between
/// two refreshes: a NAT that gives every packet another port is not followed in circles.
impl Endpoint {
    /// Where requests reach us from there: at the address by which a registrar there sees us, or on the flow to it (`ob`, RFC 5626
    /// section 4.3), or else where we listen.
    pub(super) fn contact_towards(&self, way: Way, remote: Option<SocketAddr>) -> Uri {
        let contact = self.config.contact_by(way);
        let Some(registration) = remote.and_then(|remote| self.flow_to(way, remote)) else { return contact };
        let mut contact = match registration.registrar.asks_for_websocket() {
            true => self.contact_nowhere(&contact),
            false => contact_at(contact, registration.seen.filter(|_| way == Way::Clear)),
        };
        if registration.outbound == Outbound::Granted {
            contact.set_param("ob", None);
        }
        contact
    }

    /// On the WebSocket that we opened, and nowhere else (RFC 7118 section 5.2).
    fn contact_nowhere(&self, contact: &Uri) -> Uri {
        let mut contact = Uri::sip(contact.user_unescaped().as_deref(), self.nowhere.clone(), None);
        contact.set_param("transport", Some("ws"));
        contact
    }

    /// What goes to a server where we are registered by WebSocket goes on that: the name that it has proven, if any.
    pub(super) fn websocket_to(&self, remote: SocketAddr) -> Option<Option<Host>> {
        let there = |r: &&Registration| r.remote == remote && r.registrar.asks_for_websocket();
        self.registrations.values().find(there).map(|registration| registration.domain.clone())
    }

    /// The registration whose server is there; with the very port, if any is.
    fn flow_to(&self, way: Way, remote: SocketAddr) -> Option<&Registration> {
        let secure = way != Way::Clear;
        let there = |r: &&Registration| r.bound && r.domain.is_some() == secure && r.remote.ip() == remote.ip();
        let all = || self.registrations.values().filter(there);
        all().find(|registration| registration.remote == remote).or_else(|| all().next())
    }

    /// Proxies that a request to this domain has to pass, when it begins at a server of ours (RFC 3608 section 5).
    pub(super) fn service_route(&self, target: &Uri, remote: SocketAddr) -> Vec<String> {
        let of_domain = |r: &&Registration| r.remote == remote && r.failures == 0 && r.aor.uri.host() == target.host();
        self.registrations.values().find(of_domain).map(|r| r.service_route.clone()).unwrap_or_default()
    }

    pub(super) fn offers_outbound(&self, id: RegistrationId) -> bool {
        let offers = |registration: &Registration| registration.outbound != Outbound::Withdrawn;
        self.config.instance.is_some() && self.registrations.get(&id).is_some_and(offers)
    }

    /// The Contact that a registration holds.
    pub(super) fn registered_contact(&self, id: RegistrationId) -> Option<Uri> {
        let registration = self.registrations.get(&id)?;
        let way = if registration.domain.is_some() { Way::Tls } else { Way::Clear };
        if registration.registrar.asks_for_websocket() {
            return Some(self.contact_nowhere(&self.config.contact_by(way)));
        }
        Some(contact_at(self.config.contact_by(way), registration.seen))
    }

    /// Ours, and the one that it replaces.
    pub(super) fn push_contacts(&self, request: &mut Request, id: RegistrationId) {
        let (Some(uri), Some(registration)) = (self.registered_contact(id), self.registrations.get(&id)) else {
            return;
        };
        let mut contact = NameAddr::new(uri);
        if let Some(instance) = &self.config.instance {
            contact.set_instance(instance);
        }
        if self.offers_outbound(id) {
            contact.params.set("reg-id", Some(&registration.number.to_string()));
        }
        send::push(request, "Contact", &contact.to_string());
        if let Some(stale) = &registration.stale {
            let mut stale = NameAddr::new(stale.clone());
            stale.params.set("expires", Some("0"));
            send::push(request, "Contact", &stale.to_string());
        }
    }

    /// Another flow of the same address of record stands.
    pub(super) fn is_registered_beside(&self, id: RegistrationId) -> bool {
        let Some(this) = self.registrations.get(&id) else { return false };
        let stands = |r: &Registration| r.bound && r.failures == 0 && r.aor.uri == this.aor.uri;
        self.registrations.iter().any(|(other, registration)| *other != id && stands(registration))
    }

    /// What a 2xx to REGISTER says of the flow: whether it is one, and how it is kept open.
    pub(super) fn keep_flow(&mut self, now: Mono, id: RegistrationId, response: &Response) {
        let (random, offers) = (self.secret.random(), self.offers_outbound(id));
        let headers = response.headers();
        let required = read::list(headers, HeaderName::REQUIRE);
        let granted = offers && required.iter().any(|tag| tag.eq_ignore_ascii_case("outbound"));
        let via = headers.typed::<Via>().ok().flatten();
        // RFC 6223 section 5: without a value it is our own parameter, unread.
        let kept = via.as_ref().and_then(|via| via.params.value("keep")).and_then(seconds);
        let timer = headers.first("Flow-Timer").and_then(seconds);
        let agreed = granted || timer.is_some() || kept.is_some();
        let asked = timer.or(kept.filter(|kept| !kept.is_zero()));
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if registration.outbound != Outbound::Withdrawn {
            registration.outbound = if granted { Outbound::Granted } else { Outbound::Offered };
        }
        let kind = match destination_of(registration) {
            to if goes_by(&to, Transport::Udp, to.remote) && agreed => Kind::Stun,
            to if goes_by(&to, Transport::Udp, to.remote) => Kind::Datagram,
            _ => Kind::Stream { agreed },
        };
        registration.keep.begin(now, kind, asked, random);
    }

    /// Our Contact follows the address that the registrar saw; whether that takes another REGISTER at once.
    pub(super) fn follow_address(&mut self, now: Mono, id: RegistrationId, response: &Response) -> bool {
        let Some(before) = self.registered_contact(id) else { return false };
        let Some(registration) = self.registrations.get_mut(&id) else { return false };
        let Some(seen) = seen_at(registration, response) else { return false };
        let seen = seen.filter(|_| registration.outbound != Outbound::Granted);
        if seen == registration.seen || registration.followed {
            return false;
        }
        registration.followed = true;
        registration.seen = seen;
        registration.stale = Some(before);
        self.register_anew(now, id);
        true
    }

    pub(super) fn expire_keep_alive(&mut self, now: Mono, id: RegistrationId) {
        let (random, fresh) = (self.secret.random(), self.transaction_id());
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        let due = registration.keep.handle_timeout(now, random, fresh);
        self.act_on(now, id, due);
    }

    fn act_on(&mut self, now: Mono, id: RegistrationId, due: Due) {
        let Some(registration) = self.registrations.get(&id) else { return };
        let to = destination_of(registration);
        let by = [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];
        let Some(transport) = by.into_iter().find(|by| goes_by(&to, *by, to.remote)) else { return };
        let remote = to.remote;
        let domain = match to.by {
            By::Tls(domain) | By::TlsTo(domain) | By::WebSocket(Some(domain)) => Some(domain),
            By::Size | By::Tcp | By::WebSocket(None) => None,
        };
        let bytes = match due {
            Due::Nothing => return,
            Due::Failed => {
                self.counters.flows_failed += 1;
                if transport.is_reliable() {
                    self.hangups.push_back((transport, remote));
                }
                return self.recover(now, transport, remote);
            }
            Due::Ping => Bytes::from_static(PING),
            Due::Request(id) => stun::request(id),
        };
        self.transmit(Transmit { transport, remote, connection: None, domain, bytes });
    }

    /// Of whoever accepted a connection of ours.
    pub(super) fn handle_pong(&mut self, from: Received) {
        for (id, registration) in &mut self.registrations {
            let here = goes_by(&destination_of(registration), from.transport, from.remote);
            let first = here && registration.keep.handle_pong();
            if here && registration.bound {
                self.events.push_back(EndpointEvent::RegistrationHeard { id: *id });
            }
            // Nothing needs to be said on it any more but pings.
            let waits = registration.failures == 0 && !registration.asking && registration.next.is_some();
            if let Some(since) = registration.since.filter(|_| first && waits) {
                registration.set_refresh(since);
            }
        }
    }

    pub(super) fn handle_stun(&mut self, now: Mono, from: Received, octets: &[u8]) {
        let (id, seen) = match Stun::read(octets) {
            Some(Stun::Request { id, plain: true }) => return self.answer_stun(now, from, id),
            Some(Stun::Success(id, seen)) => (id, seen),
            Some(Stun::Error(id)) => (id, None),
            Some(Stun::Request { .. }) | None => {
                self.counters.garbage += 1;
                return;
            }
        };
        let random = self.secret.random();
        let ids: Vec<RegistrationId> = self.registrations.keys().copied().collect();
        for registration in ids {
            let Some(there) = self.registrations.get_mut(&registration).filter(|r| r.remote == from.remote) else {
                continue;
            };
            let answers = there.keep.waits_for(id);
            let due = there.keep.handle_binding(now, random, id, seen);
            if answers && due == Due::Nothing {
                self.events.push_back(EndpointEvent::RegistrationHeard { id: registration });
            }
            self.act_on(now, registration, due);
        }
    }

    /// Whoever keeps a flow to us may see how we see it (RFC 5626 section 8). The answer is hardly longer than the request.
    fn answer_stun(&mut self, now: Mono, from: Received, id: TransactionId) {
        if self.stun_server.takes(now, from.remote.ip()) {
            let bytes = stun::success(id, from.remote);
            let (transport, remote) = (from.transport, from.remote);
            self.transmit(Transmit { transport, remote, connection: None, domain: None, bytes });
        }
    }

    fn transaction_id(&mut self) -> TransactionId {
        let mut id = [0; 12];
        for four in id.chunks_exact_mut(4) {
            four.copy_from_slice(&self.secret.random().to_be_bytes());
        }
        id
    }
}

/// Answers so many Binding requests of each neighbourhood in a second, so that one who asks without end silences nobody else.
#[derive(Debug, Default)]
pub(super) struct StunServer {
    second: Mono,
    answered: BTreeMap<IpAddr, u32>,
}

impl StunServer {
    fn takes(&mut self, now: Mono, asker: IpAddr) -> bool {
        if now >= self.second + Duration::from_secs(1) {
            *self = Self { second: now, answered: BTreeMap::new() };
        }
        let asker = neighbourhood(asker);
        if self.answered.len() >= STUN_ASKERS && !self.answered.contains_key(&asker) {
            return false;
        }
        let answered = self.answered.entry(asker).or_default();
        *answered += 1;
        *answered <= STUN_ANSWERS
    }
}

/// The same user, elsewhere.
fn contact_at(contact: Uri, seen: Option<SocketAddr>) -> Uri {
    match seen {
        Some(seen) => Uri::sip(contact.user_unescaped().as_deref(), seen.ip(), Some(seen.port())),
        None => contact,
    }
}

/// Where the registrar says that our REGISTER came from by UDP: somewhere, or just where we are. `None` when it does not say, or
/// says what cannot be.
fn seen_at(registration: &Registration, response: &Response) -> Option<Option<SocketAddr>> {
    let via = response.headers().typed::<Via>().ok().flatten()?;
    let by_udp = via.transport.known() == Some(Transport::Udp) && registration.domain.is_none();
    if !by_udp || (via.received().is_none() && via.rport().is_none()) {
        return None;
    }
    let (sent, port) = (via.host.ip()?, via.port.unwrap_or(Transport::Udp.default_port()));
    let seen = SocketAddr::new(via.received().unwrap_or(sent), via.rport().unwrap_or(port));
    let (ip, there) = (seen.ip(), registration.remote.ip());
    let odd = ip.is_unspecified() || ip.is_multicast() || seen.port() == 0;
    let reachable = ip.is_ipv4() == there.is_ipv4() && ip.is_loopback() == there.is_loopback();
    (!odd && reachable).then_some((seen != SocketAddr::new(sent, port)).then_some(seen))
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}
