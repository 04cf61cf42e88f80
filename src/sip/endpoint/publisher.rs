use std::net::SocketAddr;
use std::time::Duration;

use super::{EndCause, Endpoint, EndpointEvent};
use crate::sip::authentication::Authentication;
use crate::sip::back_off;
use crate::sip::dialog::{By, Destination};
use crate::sip::digest::Login;
use crate::sip::headers::{NameAddr, SipETag};
use crate::sip::publication::{Phase, Publication, Step};
use crate::sip::subscription::refresh_after;
use crate::sip::transaction::Owner;
use crate::sip::{read, send, Body, Host, Method, PublicationId, Request, Response, Uri};
use crate::vocab::Mono;

/// What to publish, as whom, and where.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Of whom: From and To.
    pub presentity: NameAddr,
    /// The Request-URI: the presentity's (RFC 3903 section 4).
    pub target: Uri,
    /// Where that is, or the proxy before it.
    pub remote: SocketAddr,
    /// It is reached by TCP.
    pub tcp: bool,
    /// Or by TLS, and proves this.
    pub domain: Option<Host>,
    /// The event package.
    pub event: String,
    /// For how long at a time.
    pub expires: Duration,
    pub body: Body,
    pub login: Option<Login>,
}

/// The event publication agent (RFC 3903 section 4).
impl Endpoint {
    pub(super) fn open_publication(&mut self, now: Mono, id: PublicationId, what: Publish) {
        let (call_id, tag) = (self.secret.call_id(), self.secret.tag());
        let Publish { presentity, target, remote, tcp, domain, event, expires, body, login } = what;
        self.publications.insert(
            id,
            Publication {
                call_id,
                cseq: 0,
                tag,
                presentity,
                target,
                remote,
                by: by(domain, tcp),
                event,
                body,
                authentication: Authentication::of(login),
                asked: expires,
                phase: Phase::Open,
                asking: None,
                is_new: true,
                etag: None,
                bargained: false,
                failures: 0,
                silent: false,
                hastened: None,
                next: None,
            },
        );
        self.publish_anew(now, id);
    }

    pub(super) fn redirect_publication(
        &mut self,
        id: PublicationId,
        remote: SocketAddr,
        domain: Option<Host>,
        tcp: bool,
    ) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.remote = remote;
            publication.by = by(domain, tcp);
        }
    }

    /// The newest state wins: one that still waits is never sent.
    pub(super) fn change_publication(&mut self, now: Mono, id: PublicationId, body: Body) {
        let Some(publication) = self.publications.get_mut(&id).filter(|p| p.phase == Phase::Open) else { return };
        publication.body = body;
        publication.is_new = true;
        // After a failure the server is given its time.
        if publication.asking.is_none() && publication.failures == 0 {
            self.publish_anew(now, id);
        }
    }

    /// Takes it out again. Nothing is sent for one that never came about.
    pub(super) fn leave_publication(&mut self, now: Mono, id: PublicationId) {
        let Some(publication) = self.publications.get_mut(&id).filter(|p| p.phase == Phase::Open) else { return };
        publication.phase = Phase::Leaving;
        if publication.asking.is_none() {
            self.close_publication(now, id);
        }
    }

    fn close_publication(&mut self, now: Mono, id: PublicationId) {
        match self.publications.get(&id).map(Publication::step) {
            Some(Step::Remove) => self.publish_anew(now, id),
            _ => self.forget_publication(id),
        }
    }

    fn forget_publication(&mut self, id: PublicationId) {
        if self.publications.remove(&id).is_some() {
            self.events.push_back(EndpointEvent::Unpublished { id });
        }
    }

    /// A PUBLISH that answers no challenge of its own yet.
    fn publish_anew(&mut self, now: Mono, id: PublicationId) {
        if let Some(publication) = self.publications.get_mut(&id) {
            publication.authentication.begin();
            publication.next = None;
            publication.asking = Some(publication.step());
            self.send_publish(now, id);
        }
    }

    /// Does what is being asked for, for the first time or again.
    fn send_publish(&mut self, now: Mono, id: PublicationId) {
        let cnonce = self.secret.tag();
        let Some(Publication { target, remote, .. }) = self.publications.get(&id) else { return };
        let route = self.service_route(target, *remote);
        let Some(publication) = self.publications.get_mut(&id) else { return };
        let Some(step) = publication.asking else { return };
        let mut request = request_of(publication, step);
        route.iter().for_each(|hop| send::push(&mut request, "Route", hop));
        publication.authentication.prove(&mut request, &cnonce);
        let to = Destination { remote: publication.remote, by: publication.by.clone() };
        self.dress_plainly(&mut request);
        self.send_request(now, request, to, Owner::Publication(id));
    }

    pub(super) fn handle_publish_response(&mut self, now: Mono, id: PublicationId, response: &Response) {
        match response.status() {
            100..=199 => {}
            200..=299 => self.handle_published(now, id, response),
            401 => self.handle_publish_challenge(now, id, response, false),
            407 => self.handle_publish_challenge(now, id, response, true),
            412 => self.handle_publication_lost(now, id, response),
            423 => self.handle_publish_too_brief(now, id, response),
            status if is_of_no_use(status) => self.refuse_publication(id, EndCause::rejected(response)),
            _ => self.handle_publish_failure(now, id, EndCause::rejected(response)),
        }
    }

    /// A 200 without an entity tag leaves us nothing to hold it by (RFC 3903 section 4.2): it is published anew in time.
    fn handle_published(&mut self, now: Mono, id: PublicationId, response: &Response) {
        let Some(publication) = self.publications.get_mut(&id) else { return };
        let step = publication.asking.take();
        publication.failures = 0;
        publication.silent = false;
        publication.bargained = false;
        publication.authentication.accepted(response.headers());
        if step == Some(Step::Remove) {
            return self.forget_publication(id);
        }
        publication.etag = response.headers().typed::<SipETag>().ok().flatten().map(|tag| tag.to_string());
        if publication.phase == Phase::Leaving {
            return self.close_publication(now, id);
        }
        let expires = read::expires(response.headers()).unwrap_or(publication.asked).min(publication.asked);
        if expires.is_zero() {
            let cause = EndCause::Terminated { reason: None, retry_after: None };
            return self.handle_publish_failure(now, id, cause);
        }
        publication.next = Some(now + refresh_after(expires));
        let overtaken = publication.is_new;
        self.events.push_back(EndpointEvent::Published { id, expires });
        if overtaken {
            self.publish_anew(now, id);
        }
    }

    fn handle_publish_challenge(&mut self, now: Mono, id: PublicationId, response: &Response, by_proxy: bool) {
        let Some(publication) = self.publications.get_mut(&id) else { return };
        match publication.authentication.challenged(response.headers(), by_proxy) {
            Ok(()) => self.send_publish(now, id),
            Err(why) => self.refuse_publication(id, EndCause::Unproven { status: response.status(), why }),
        }
    }

    /// The server does not know our entity tag any more: it gets the whole state as if it were the first time
    /// (RFC 3903 section 5).
    fn handle_publication_lost(&mut self, now: Mono, id: PublicationId, response: &Response) {
        let Some(publication) = self.publications.get_mut(&id) else { return };
        if publication.asking.take() == Some(Step::Initial) {
            return self.handle_publish_failure(now, id, EndCause::rejected(response));
        }
        publication.etag = None;
        match publication.phase {
            Phase::Open => self.publish_anew(now, id),
            Phase::Leaving => self.forget_publication(id),
        }
    }

    /// RFC 3903 section 5: ask for what the server wants, once.
    fn handle_publish_too_brief(&mut self, now: Mono, id: PublicationId, response: &Response) {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let Some(publication) = self.publications.get_mut(&id) else { return };
        let wanted = read::min_expires(response.headers()).filter(|least| *least <= LONGEST);
        match wanted.filter(|least| *least > publication.asked && !publication.bargained) {
            Some(least) => {
                publication.bargained = true;
                publication.asked = least;
                self.send_publish(now, id);
            }
            None => self.handle_publish_failure(now, id, EndCause::rejected(response)),
        }
    }

    /// Tried again, later and later, with the whole state: nobody knows what the server still holds.
    pub(super) fn handle_publish_failure(&mut self, now: Mono, id: PublicationId, cause: EndCause) {
        let random = self.secret.random();
        let Some(publication) = self.publications.get_mut(&id) else { return };
        publication.asking = None;
        if publication.phase == Phase::Leaving {
            return self.forget_publication(id);
        }
        let again = back_off::delay(publication.failures, random, cause.retry_after());
        publication.failures = publication.failures.saturating_add(1);
        publication.silent = cause.is_silence();
        publication.is_new = true;
        publication.next = Some(now + again);
        self.events.push_back(EndpointEvent::PublicationFailed { id, cause, again });
    }

    fn refuse_publication(&mut self, id: PublicationId, cause: EndCause) {
        if self.publications.remove(&id).is_some() {
            self.events.push_back(EndpointEvent::PublicationRefused { id, cause });
        }
    }

    pub(super) fn expire_publication(&mut self, now: Mono, id: PublicationId) {
        let due = self.publications.get(&id).and_then(Publication::deadline).is_some_and(|(at, _)| at <= now);
        if due {
            if self.publications.get(&id).is_some_and(|publication| publication.failures > 0) {
                self.events.push_back(EndpointEvent::PublicationRetried { id });
            }
            self.publish_anew(now, id);
        }
    }
}

/// Everything but who answers a challenge, and who we are.
fn request_of(publication: &mut Publication, step: Step) -> Request {
    publication.cseq += 1;
    let Publication { presentity, tag, call_id, cseq, target, .. } = publication;
    let mut request = send::outside_dialog(Method::Publish, target, (presentity, presentity), tag, call_id, *cseq);
    let expires = if step == Step::Remove { Duration::ZERO } else { publication.asked };
    send::push(&mut request, "Event", &publication.event);
    send::push(&mut request, "Expires", &expires.as_secs().to_string());
    if let Some(etag) = publication.etag.as_ref().filter(|_| step != Step::Initial) {
        send::push(&mut request, "SIP-If-Match", etag);
    }
    if step.has_body() {
        send::set_body(&mut request, &publication.body);
        publication.is_new = false;
    }
    request
}

/// Nothing that we could say would change these: not allowed, nobody there, or no such package (RFC 3903 section 6).
fn is_of_no_use(status: u16) -> bool {
    matches!(status, 403..=405 | 410 | 413 | 415 | 416 | 489 | 501 | 603 | 604)
}

fn by(domain: Option<Host>, tcp: bool) -> By {
    match (domain, tcp) {
        (Some(domain), _) => By::Tls(domain),
        (None, true) => By::Tcp,
        (None, false) => By::Size,
    }
}
