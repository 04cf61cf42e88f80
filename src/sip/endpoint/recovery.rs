//! What is asked for anew after a connection broke (RFC 5626 section 4.5), or a server was silent.

use std::net::SocketAddr;
use std::time::Duration;

use super::registrant::destination_of;
use super::{Endpoint, EndpointEvent};
use crate::sip::dialog::{By, Destination};
use crate::sip::subscription::Subscription;
use crate::sip::Transport;
use crate::vocab::Mono;

/// What was accepted is asked for anew so long after that at the earliest: a server may close every connection at once.
const PACE: Duration = Duration::from_secs(30);
/// A subscription at a peer itself, which may just have tidied up.
const PACE_AT_PEER: Duration = Duration::from_secs(300);
/// Spreads those whose server went away under all of them, milliseconds.
const SPREAD: u32 = 4000;
/// What waits for a server begins so long after that was heard of.
const SOON: Duration = Duration::from_millis(500);

impl Endpoint {
    /// A server that was silent and answers something else is there again. One that refused us has its time.
    pub(super) fn resume_soon(&mut self, now: Mono, remote: SocketAddr) {
        for (id, registration) in self.registrations.iter_mut().filter(|(_, r)| r.remote == remote && r.silent) {
            if !registration.asking && hastens(&mut registration.hastened, now) {
                registration.next = registration.next.map(|next| next.min(now + SOON));
                self.events.push_back(EndpointEvent::RegistrationHeard { id: *id });
            }
        }
        for publication in self.publications.values_mut().filter(|p| p.remote == remote && p.silent) {
            if publication.asking.is_none() && hastens(&mut publication.hastened, now) {
                publication.next = publication.next.map(|next| next.min(now + SOON));
            }
        }
    }

    /// A server that did not answer may have been away, and may have forgotten us. Where pings are answered, they tell.
    pub(super) fn doubt(&mut self, now: Mono, remote: SocketAddr) {
        let spread = Duration::from_millis(1000 + u64::from(self.secret.random() % SPREAD));
        let mut found = false;
        for registration in self.registrations.values_mut() {
            let doubted = registration.remote == remote && registration.failures == 0 && registration.is_untold();
            let Some(since) = registration.since.filter(|_| doubted) else { continue };
            let again = (now + spread).max(since + PACE);
            registration.next = registration.next.map(|next| next.min(again));
            found = true;
        }
        if found {
            self.recover_subscriptions(now, None, remote, spread, true);
            self.recover_publications(now, remote, spread);
        }
    }

    /// A connection broke. The registrar reached us on it, or is gone and may have forgotten us; the same goes for what it holds for us.
    /// One that was opened for the size of a message says as much of a registrar that is reached by datagrams.
    pub(super) fn recover(&mut self, now: Mono, transport: Transport, remote: SocketAddr) {
        let spread = Duration::from_millis(1000 + u64::from(self.secret.random() % SPREAD));
        let mut found = false;
        for (id, registration) in &mut self.registrations {
            let to = destination_of(registration);
            let here = goes_by(&to, transport, remote);
            if here {
                registration.keep.stop();
            }
            let doubted = here || (to.by == By::Size && to.remote == remote && transport == Transport::Tcp);
            let Some(since) = registration.since.filter(|_| doubted && registration.failures == 0) else { continue };
            let again = (now + spread).max(since + PACE);
            registration.next = registration.next.map(|next| next.min(again));
            found = true;
            if here {
                self.events.push_back(EndpointEvent::RegistrationAtRisk { id: *id });
            }
        }
        self.recover_subscriptions(now, Some(transport), remote, spread, found);
        if found {
            self.recover_publications(now, remote, spread);
        }
    }

    fn recover_publications(&mut self, now: Mono, remote: SocketAddr, spread: Duration) {
        let publications = self.publications.values_mut().filter(|p| p.remote == remote && p.failures == 0);
        for publication in publications {
            // After the registration, by which the server knows us again.
            publication.next = publication.next.map(|next| next.min(now + spread + PACE));
        }
    }
}

impl Endpoint {
    /// The notifier may have lost them: a refresh tells (RFC 6665 section 4.1.2.2). `transport`: of what broke, if anything did.
    fn recover_subscriptions(
        &mut self,
        now: Mono,
        transport: Option<Transport>,
        remote: SocketAddr,
        spread: Duration,
        at_registrar: bool,
    ) {
        let broke = |to: &Destination| transport.is_some_and(|transport| goes_by(to, transport, remote));
        let here = |to: &Destination| to.remote == remote && (to.by == By::Size || transport.is_none() || broke(to));
        let pace = if at_registrar { PACE } else { PACE_AT_PEER };
        let all: Vec<_> = self.subscriptions.iter().filter(|(_, s)| here(&s.dialog.destination())).collect();
        // What goes by datagrams stands without a connection.
        let at_risk = |s: &Subscription| broke(&s.dialog.destination());
        let all: Vec<_> = all.iter().filter_map(|(id, s)| Some((**id, s.accepted_at?, at_risk(s)))).collect();
        for (id, accepted, at_risk) in all {
            if at_risk {
                self.events.push_back(EndpointEvent::SubscriptionAtRisk { id });
            }
            // After the registration, by which a server knows us again.
            let least = if at_registrar { now + spread + PACE } else { now + spread };
            self.refresh_early(least.max(accepted + pace), id);
        }
    }
}

/// Not more often than that, whatever the server leaves unanswered.
fn hastens(last: &mut Option<Mono>, now: Mono) -> bool {
    let may = last.is_none_or(|last| now >= last + PACE);
    if may {
        *last = Some(now);
    }
    may
}

/// What goes by datagrams uses a connection for its size only.
pub(super) fn goes_by(to: &Destination, transport: Transport, remote: SocketAddr) -> bool {
    let same = match to.by {
        By::Size => transport == Transport::Udp,
        By::Tcp => transport == Transport::Tcp,
        By::Tls(_) | By::TlsTo(_) => transport == Transport::Tls,
        By::WebSocket(None) => transport == Transport::Ws,
        By::WebSocket(Some(_)) => transport == Transport::Wss,
    };
    same && to.remote == remote
}
