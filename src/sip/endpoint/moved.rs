use std::net::SocketAddr;

use super::Endpoint;
use crate::sip::registration::Phase as Registering;
use crate::sip::subscription::Phase as Subscribing;
use crate::sip::{RegistrationId, SessionId, SubscriptionId, Transport, Uri};
use crate::vocab::Mono;

/// The device is at another address. Whoever knows us by our Contact learns the new one: registrars at once, which forget the old one
/// in the same REGISTER (RFC 3261 section 10.2.2), and notifiers by a refresh of the subscription (target refresh, section 12.2.1).
/// Watchers learn it with the next NOTIFY, sessions by an offer of their owner.
impl Endpoint {
    pub(super) fn move_here(&mut self, now: Mono, contact: Uri, listen: Vec<(Transport, SocketAddr)>) {
        let registrations: Vec<RegistrationId> = self.registrations.keys().copied().collect();
        let before: Vec<Option<Uri>> = registrations.iter().map(|id| self.registered_contact(*id)).collect();
        self.config.contact = contact;
        self.config.listen = listen;
        for (id, before) in registrations.into_iter().zip(before) {
            self.register_moved(now, id, before);
        }
        self.resubscribe_all(now);
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in sessions {
            let unacked = self.sessions.get_mut(&id).and_then(|session| session.unacked.as_mut());
            unacked.into_iter().for_each(|unacked| unacked.left_behind = !unacked.first);
        }
    }

    fn register_moved(&mut self, now: Mono, id: RegistrationId, before: Option<Uri>) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if registration.phase != Registering::Open {
            return;
        }
        registration.seen = None;
        registration.followed = false;
        registration.keep.stop();
        // Where the registrar knows flows, the new one takes the place of the old (RFC 5626 section 6).
        registration.stale = before.filter(|_| registration.bound);
        registration.failures = 0;
        self.register_anew(now, id);
    }

    fn resubscribe_all(&mut self, now: Mono) {
        let open: Vec<SubscriptionId> = self.subscriptions.keys().copied().collect();
        for id in open {
            if let Some(subscription) = self.subscriptions.get_mut(&id) {
                if subscription.phase == Subscribing::Open && subscription.notified {
                    subscription.refresh = Some(now);
                }
            }
        }
    }
}
