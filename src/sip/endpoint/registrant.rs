use std::net::SocketAddr;
use std::time::Duration;

use super::{EndCause, Endpoint, EndpointEvent};
use crate::sip::authentication::Authentication;
use crate::sip::back_off;
use crate::sip::dialog::{By, Destination};
use crate::sip::digest::Login;
use crate::sip::headers::{Contact, Headers, NameAddr};
use crate::sip::keep_alive::KeepAlive;
use crate::sip::registration::{Outbound, Phase, Registration};
use crate::sip::subscription::refresh_after;
use crate::sip::transaction::Owner;
use crate::sip::{read, send, HeaderName, Host, Method, RegistrationId, Request, Response, Uri};
use crate::vocab::Mono;

/// What could not be taken back is tried again after so long.
const ONCE_MORE: Duration = Duration::from_millis(500);

/// By TLS the registrar reaches us on our own connection, which anybody on the way may forget when nothing is said on it:
/// so often at least something is (RFC 5626 section 4.4.1 has 95 to 120 seconds), until pings are seen to be answered.
const KEEP_OPEN: Duration = Duration::from_secs(95);

/// Where nothing is kept open, nothing else tells that a server has forgotten us, because it was started anew.
const UNTOLD: Duration = Duration::from_secs(600);

/// Longest Service-Route that is followed, in hops; a path has few proxies.
const MAX_HOPS: usize = 8;

/// Where and as whom to register our Contact.
#[derive(Clone, Debug)]
pub struct Register {
    /// The address of record, for From and To.
    pub aor: NameAddr,
    /// The Request-URI: the domain, without user (RFC 3261 section 10.2).
    pub registrar: Uri,
    /// Where that is, or the proxy before it.
    pub remote: SocketAddr,
    /// By TLS, to whoever proves this domain.
    pub domain: Option<Host>,
    pub login: Option<Login>,
    /// For how long at a time.
    pub expires: Duration,
    /// Which flow of the address of record this is, from 1 (`reg-id`, RFC 5626 section 4.2).
    pub number: u32,
}

/// Another server of the same domain.
#[derive(Clone, Debug)]
pub struct Next {
    /// The Request-URI names the transport.
    pub registrar: Uri,
    pub remote: SocketAddr,
    /// By TLS, to whoever proves this domain.
    pub domain: Option<Host>,
    /// `None`: whoever is there gets no proof of a password.
    pub login: Option<Login>,
}

/// The user agent's side of registration (RFC 3261 section 10.2).
impl Endpoint {
    pub(super) fn open_registration(&mut self, now: Mono, id: RegistrationId, what: Register) {
        let (call_id, tag) = (self.secret.call_id(), self.secret.tag());
        let Register { aor, registrar, remote, domain, login, expires, number } = what;
        self.registrations.insert(
            id,
            Registration {
                call_id,
                cseq: 0,
                tag,
                aor,
                registrar,
                remote,
                domain,
                number,
                outbound: Outbound::Offered,
                seen: None,
                stale: None,
                followed: false,
                keep: KeepAlive::default(),
                service_route: Vec::new(),
                authentication: Authentication::of(login),
                asked: expires,
                phase: Phase::Open,
                asking: false,
                bargained: false,
                left_once: false,
                failures: 0,
                silent: false,
                hastened: None,
                bound: false,
                since: None,
                refresh: expires,
                next: None,
            },
        );
        self.register_anew(now, id);
    }

    /// Takes our Contact out again (RFC 3261 section 10.2.2). Nothing is sent for one that never came about.
    pub(super) fn leave_registration(&mut self, now: Mono, id: RegistrationId) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if registration.phase != Phase::Open {
            return;
        }
        registration.phase = Phase::Leaving;
        match (registration.asking, registration.bound) {
            (true, _) => {}
            (false, true) => self.close_registration(now, id),
            (false, false) => self.forget_registration(id),
        }
    }

    pub(super) fn redirect_registration(&mut self, now: Mono, id: RegistrationId, to: Next, forgiven: bool) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if registration.phase != Phase::Open || registration.asking {
            return;
        }
        (registration.registrar, registration.remote, registration.domain) = (to.registrar, to.remote, to.domain);
        registration.authentication.change(to.login);
        registration.outbound = Outbound::Offered;
        registration.followed = false;
        registration.service_route.clear();
        registration.keep.stop();
        registration.failures -= u32::from(forgiven && registration.failures > 0);
        self.register_anew(now, id);
    }

    pub(super) fn pause_registration(&mut self, id: RegistrationId) {
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.next = None;
        }
    }

    fn close_registration(&mut self, now: Mono, id: RegistrationId) {
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.phase = Phase::Closing;
            self.register_anew(now, id);
        }
    }

    fn forget_registration(&mut self, id: RegistrationId) {
        if self.registrations.remove(&id).is_some() {
            self.events.push_back(EndpointEvent::Unregistered { id });
        }
    }

    /// A REGISTER that answers no challenge of its own yet.
    pub(super) fn register_anew(&mut self, now: Mono, id: RegistrationId) {
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.authentication.begin();
            registration.next = None;
            self.send_register(now, id);
        }
    }

    fn send_register(&mut self, now: Mono, id: RegistrationId) {
        let cnonce = self.secret.tag();
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        registration.asking = true;
        let mut request = request_of(registration);
        let expires = if registration.phase == Phase::Closing { Duration::ZERO } else { registration.asked };
        registration.authentication.prove(&mut request, &cnonce);
        let to = destination_of(registration);
        self.push_contacts(&mut request, id);
        send::push(&mut request, "Expires", &expires.as_secs().to_string());
        send::push(&mut request, "Allow", &send::allow());
        let mut supported = self.config.supported.clone();
        supported.extend(["gruu", "path"].map(str::to_owned));
        if self.offers_outbound(id) {
            supported.push("outbound".to_owned());
        }
        send::push_list(&mut request, "Supported", &supported);
        self.dress_plainly(&mut request);
        self.send_request(now, request, to, Owner::Registration(id));
    }

    pub(super) fn handle_register_response(&mut self, now: Mono, id: RegistrationId, response: &Response) {
        match response.status() {
            100..=199 => {}
            200..=299 => self.handle_registered(now, id, response),
            401 => self.handle_register_challenge(now, id, response, false),
            407 => self.handle_register_challenge(now, id, response, true),
            423 => self.handle_register_too_brief(now, id, response),
            439 if self.offers_outbound(id) => self.withdraw_outbound(now, id),
            _ => self.handle_register_failure(now, id, EndCause::rejected(response)),
        }
    }

    fn handle_registered(&mut self, now: Mono, id: RegistrationId, response: &Response) {
        let Some(contact) = self.registered_contact(id) else { return };
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        registration.asking = false;
        registration.stale = None;
        registration.failures = 0;
        registration.silent = false;
        registration.bound = true;
        registration.since = Some(now);
        registration.bargained = false;
        registration.authentication.accepted(response.headers());
        match registration.phase {
            Phase::Closing => return self.forget_registration(id),
            Phase::Leaving => return self.close_registration(now, id),
            Phase::Open => {}
        }
        let headers = response.headers();
        let own = own_binding(headers, &contact, registration.number);
        let granted = granted(headers, own.as_ref()).unwrap_or(registration.asked).min(registration.asked);
        if granted.is_zero() {
            return self.handle_register_failure(now, id, EndCause::Terminated { reason: None, retry_after: None });
        }
        registration.refresh = refresh_after(granted);
        let service_route = read::list(headers, HeaderName::SERVICE_ROUTE);
        registration.service_route = followed(&service_route);
        let gruu = own.and_then(|own| public_gruu(&own, &registration.aor));
        self.keep_flow(now, id, response);
        if self.follow_address(now, id, response) {
            return;
        }
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        registration.set_refresh(now);
        let (outbound, seen) = (registration.outbound == Outbound::Granted, registration.seen);
        let path = read::list(headers, HeaderName::PATH);
        let expires = granted;
        self.events.push_back(EndpointEvent::Registered { id, expires, service_route, path, gruu, outbound, seen });
    }

    /// The first hop cannot keep us on this flow (RFC 5626 section 4.2.1): an ordinary registration, then.
    fn withdraw_outbound(&mut self, now: Mono, id: RegistrationId) {
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.outbound = Outbound::Withdrawn;
            self.send_register(now, id);
        }
    }

    fn handle_register_challenge(&mut self, now: Mono, id: RegistrationId, response: &Response, by_proxy: bool) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        // What is not wanted any more is not proven.
        if registration.phase == Phase::Leaving {
            registration.asking = false;
            return if registration.bound { self.close_registration(now, id) } else { self.forget_registration(id) };
        }
        match registration.authentication.challenged(response.headers(), by_proxy) {
            Ok(()) => self.send_register(now, id),
            Err(why) => {
                self.registrations.remove(&id);
                self.events.push_back(EndpointEvent::RegistrationRefused { id, why });
            }
        }
    }

    /// RFC 3261 section 10.2.8: ask for what the registrar wants, once.
    fn handle_register_too_brief(&mut self, now: Mono, id: RegistrationId, response: &Response) {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        let wanted = read::min_expires(response.headers()).filter(|least| *least <= LONGEST);
        match wanted.filter(|least| *least > registration.asked && !registration.bargained) {
            Some(least) => {
                registration.bargained = true;
                registration.asked = least;
                self.send_register(now, id);
            }
            None => self.handle_register_failure(now, id, EndCause::rejected(response)),
        }
    }

    /// Tried again, later and later; only the user ends that.
    pub(super) fn handle_register_failure(&mut self, now: Mono, id: RegistrationId, cause: EndCause) {
        let random = self.secret.random();
        let beside = self.is_registered_beside(id);
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        registration.asking = false;
        registration.stale = None;
        registration.keep.stop();
        // Left as it is, the binding would send calls to nobody: once more, soon, for whoever stops waits for it.
        if registration.phase == Phase::Closing && !registration.left_once {
            registration.left_once = true;
            registration.next = Some(now + ONCE_MORE);
            return;
        }
        if registration.phase != Phase::Open {
            return self.forget_registration(id);
        }
        let delay = if beside { back_off::delay_beside } else { back_off::delay };
        let again = delay(registration.failures, random, cause.retry_after());
        registration.failures = registration.failures.saturating_add(1);
        registration.silent = cause.is_silence();
        registration.next = Some(now + again);
        self.events.push_back(EndpointEvent::RegistrationFailed { id, cause, again });
    }

    pub(super) fn expire_registration(&mut self, now: Mono, id: RegistrationId) {
        let due = self.registrations.get(&id).and_then(Registration::deadline).is_some_and(|(at, _)| at <= now);
        if due {
            if let Some(registration) = self.registrations.get_mut(&id) {
                registration.followed = false;
                if registration.failures > 0 {
                    self.events.push_back(EndpointEvent::RegistrationRetried { id });
                }
            }
            self.register_anew(now, id);
        }
    }
}

impl Registration {
    /// Before it runs out, or before its connection is forgotten, or while it may be without our knowing.
    pub(super) fn set_refresh(&mut self, since: Mono) {
        let longest = match (self.keep.is_answered(), self.is_untold()) {
            (true, _) => Duration::MAX,
            (false, true) => UNTOLD,
            (false, false) => KEEP_OPEN,
        };
        self.next = Some(since + self.refresh.min(longest));
    }

    /// No connection of ours alone is kept open to the server, and no ping of ours is answered: if it forgets us, nobody tells.
    pub(super) fn is_untold(&self) -> bool {
        let on_ours_alone = self.domain.is_some() || self.registrar.asks_for_websocket();
        !on_ours_alone && !self.keep.is_answered()
    }
}

pub(super) fn destination_of(registration: &Registration) -> Destination {
    let Registration { remote, domain, registrar, .. } = registration;
    let by = match domain {
        domain if registrar.asks_for_websocket() => By::WebSocket(domain.clone()),
        Some(domain) => By::Tls(domain.clone()),
        None if registrar.asks_for_tls() => By::Tls(registrar.host().cloned().unwrap_or_else(|| remote.ip().into())),
        None if registrar.asks_for_tcp() => By::Tcp,
        None => By::Size,
    };
    Destination { remote: *remote, by }
}

/// Everything but who answers a challenge, and what we can do.
fn request_of(registration: &mut Registration) -> Request {
    registration.cseq += 1;
    let Registration { aor, tag, call_id, cseq, registrar, .. } = registration;
    send::outside_dialog(Method::Register, registrar, (aor, aor), tag, call_id, *cseq)
}

/// The binding of this flow, where there are several of the same Contact.
fn own_binding(headers: &Headers, contact: &Uri, number: u32) -> Option<Contact> {
    let mut bound = headers.typed_all::<Contact>().unwrap_or_default();
    bound.retain(|one| one.uri.is_equivalent(contact));
    let number = number.to_string();
    let of_flow = bound.iter().position(|one| one.params.value("reg-id") == Some(&number));
    let at = of_flow.unwrap_or(0);
    (at < bound.len()).then(|| bound.swap_remove(at))
}

/// Those along which requests can be sent: loose routers all (RFC 3608 section 6.1), and not too many.
fn followed(service_route: &[String]) -> Vec<String> {
    let fits =
        |hop: &String| NameAddr::read(hop).is_ok_and(|hop| hop.uri.host().is_some() && hop.uri.params().has("lr"));
    let all = service_route.len() <= MAX_HOPS && service_route.iter().all(fits);
    if all {
        service_route.to_vec()
    } else {
        Vec::new()
    }
}

/// The public GRUU that the registrar made for our Contact (RFC 5627 section 4.2): the address of record with a `gr`
/// parameter (section 3.1.1), and nothing else is taken for one.
fn public_gruu(own: &Contact, aor: &NameAddr) -> Option<Uri> {
    let gruu = Uri::parse(own.params.unquoted("pub-gruu")?).ok()?;
    let same = (gruu.user(), gruu.host()) == (aor.uri.user(), aor.uri.host());
    (same && gruu.params().has("gr")).then_some(gruu)
}

/// For how long our Contact is bound: its own parameter, else Expires (RFC 3261 section 10.2.4).
fn granted(headers: &Headers, own: Option<&Contact>) -> Option<Duration> {
    let seconds = own.and_then(|own| own.params.value("expires")?.parse::<u32>().ok());
    seconds.map(|seconds| Duration::from_secs(seconds.into())).or_else(|| read::expires(headers))
}
