use std::time::Duration;

use super::inbound::Inbound;
use super::{EndCause, Endpoint, EndpointEvent, Subscribe, Usage};
use crate::sip::authentication::Authentication;
use crate::sip::dialog::{By, Destination, Dialog};
use crate::sip::headers::{Event, SubscriptionState, TypedHeader};
use crate::sip::message_summary::MESSAGE_SUMMARY_PACKAGE;
use crate::sip::subscription::{Phase, Subscription};
use crate::sip::transaction::Owner;
use crate::sip::{read, send, Method, Response, SubscriptionId};
use crate::vocab::Mono;

/// The subscriber (RFC 6665 section 4.1).
impl Endpoint {
    pub(super) fn open_subscription(&mut self, now: Mono, id: SubscriptionId, what: Subscribe) {
        if self.subscriptions.len() >= self.config.limits.subscriptions {
            let ids = what.resumes.map(|resumes| resumes.ids);
            return self.events.push_back(EndpointEvent::SubscriptionEnded { id, cause: EndCause::Full, ids });
        }
        let mut dialog = self.new_dialog(what.target, what.remote, what.domain, what.resumes.as_ref());
        dialog.by_tcp(what.tcp);
        what.from.iter().for_each(|from| dialog.speak_as(from));
        let preferred = self.preferred(what.from.as_ref(), what.remote);
        self.usages.insert((dialog.call_id.clone(), dialog.local_tag.clone()), Usage::Subscription(id));
        let phase = if what.expires.is_zero() { Phase::Closing } else { Phase::Open };
        self.subscriptions.insert(
            id,
            Subscription {
                dialog,
                event: Event::read(&what.event).unwrap_or_else(|_| Event::new(&what.event)),
                accept: what.accept,
                preferred,
                body: what.body,
                authentication: Authentication::of(what.login),
                asked: what.expires,
                phase,
                asking: false,
                bargained: false,
                notified: false,
                timer_n: Some(now + self.timing.patience()),
                accepted_at: None,
                expires: None,
                refresh: None,
            },
        );
        self.send_subscribe(now, id, what.expires);
    }

    pub(super) fn leave_subscription(&mut self, now: Mono, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if subscription.phase == Phase::Open {
            subscription.phase = Phase::Leaving;
            self.close_if_possible(now, id);
        }
    }

    /// The closing SUBSCRIBE needs a dialog, and waits for the answer to the one before.
    fn close_if_possible(&mut self, now: Mono, id: SubscriptionId) {
        let patience = self.timing.patience();
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if subscription.phase == Phase::Leaving && subscription.notified && !subscription.asking {
            subscription.phase = Phase::Closing;
            subscription.timer_n = Some(now + patience);
            self.send_subscribe(now, id, Duration::ZERO);
        }
    }

    fn send_subscribe(&mut self, now: Mono, id: SubscriptionId, expires: Duration) {
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.authentication.begin();
            self.send_proven_subscribe(now, id, expires);
        }
    }

    fn send_proven_subscribe(&mut self, now: Mono, id: SubscriptionId, expires: Duration) {
        let cnonce = self.secret.tag();
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        subscription.asking = true;
        let mut request = subscription.dialog.request(Method::Subscribe);
        send::push(&mut request, "Event", &subscription.event.to_string());
        send::push(&mut request, "Expires", &expires.as_secs().to_string());
        send::push_list(&mut request, "Accept", &subscription.accept);
        if let Some(preferred) = subscription.preferred.as_ref().filter(|_| !subscription.notified) {
            send::push(&mut request, "P-Preferred-Identity", preferred);
        }
        // What we have to say is said once: a refresh without body leaves it in force.
        if let Some(body) = subscription.body.as_ref().filter(|_| !subscription.notified) {
            send::set_body(&mut request, body);
        }
        // The notifier named itself meanwhile, perhaps: what proves us is for whoever was asked.
        if subscription.dialog.is_where_it_began() {
            subscription.authentication.prove(&mut request, &cnonce);
        }
        let to = subscription.dialog.destination();
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Subscription(id));
    }

    pub(super) fn handle_subscribe_response(&mut self, now: Mono, id: SubscriptionId, response: &Response) {
        match response.status() {
            100..=199 => {}
            200..=299 => self.handle_subscribe_accepted(now, id, response),
            401 => self.handle_subscribe_challenge(now, id, response, false),
            407 => self.handle_subscribe_challenge(now, id, response, true),
            423 => self.handle_interval_too_brief(now, id, response),
            status => {
                let cause = EndCause::rejected(response);
                self.handle_subscribe_failure(now, id, cause, read::ends_usage(status));
            }
        }
    }

    /// What is asked for stays the same: zero when it is to end.
    fn handle_subscribe_challenge(&mut self, now: Mono, id: SubscriptionId, response: &Response, by_proxy: bool) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let expires = if subscription.phase == Phase::Closing { Duration::ZERO } else { subscription.asked };
        match subscription.authentication.challenged(response.headers(), by_proxy) {
            Ok(()) => self.send_proven_subscribe(now, id, expires),
            Err(why) => {
                let cause = EndCause::Unproven { status: response.status(), why };
                self.handle_subscribe_failure(now, id, cause, true);
            }
        }
    }

    fn handle_subscribe_accepted(&mut self, now: Mono, id: SubscriptionId, response: &Response) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        subscription.asking = false;
        subscription.authentication.accepted(response.headers());
        // SUBSCRIBE refreshes the target (RFC 3261 section 12.2.1.2). Before a NOTIFY there is no dialog to refresh.
        let of_dialog = read::to_tag(response.headers()).is_some_and(|tag| tag == subscription.dialog.remote_tag);
        if subscription.notified && of_dialog {
            subscription.dialog.retarget(read::contact(response.headers()));
        }
        subscription.accepted_at = Some(now);
        if subscription.phase != Phase::Closing {
            let expires = read::expires(response.headers()).unwrap_or(subscription.asked).min(subscription.asked);
            subscription.extend(now, expires);
            self.events.push_back(EndpointEvent::SubscriptionAccepted { id, expires });
        }
        self.close_if_possible(now, id);
    }

    /// RFC 6665 section 4.1.2.1 by way of RFC 3261 section 21.4.17: ask for what the notifier wants, once.
    fn handle_interval_too_brief(&mut self, now: Mono, id: SubscriptionId, response: &Response) {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let wanted = read::min_expires(response.headers()).filter(|least| *least <= LONGEST);
        match wanted {
            Some(least)
                if least > subscription.asked && subscription.phase == Phase::Open && !subscription.bargained =>
            {
                subscription.bargained = true;
                subscription.asked = least;
                self.send_subscribe(now, id, least);
            }
            _ => {
                let reason = read::reason_phrase(response);
                let cause = EndCause::Rejected { status: response.status(), reason, retry_after: None };
                self.handle_subscribe_failure(now, id, cause, true);
            }
        }
    }

    /// Our SUBSCRIBE came to nothing. A refresh that fails for the time being leaves the subscription as it was
    /// (RFC 6665 section 4.1.2.2).
    pub(super) fn handle_subscribe_failure(&mut self, now: Mono, id: SubscriptionId, cause: EndCause, fatal: bool) {
        let least = self.timing.patience();
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        subscription.asking = false;
        if subscription.left() {
            return self.end_subscription(id, EndCause::Unsubscribed);
        }
        if fatal || !subscription.notified || subscription.expires.is_none() {
            return self.end_subscription(id, cause);
        }
        subscription.retry_refresh(now, least);
        self.events.push_back(EndpointEvent::RefreshFailed { id, cause });
    }

    pub(super) fn handle_notify(&mut self, now: Mono, id: SubscriptionId, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return self.refuse_unknown(inbound) };
        if !read::same_event(headers, &subscription.event) || !is_known_fork(subscription, &inbound.from_tag) {
            return self.refuse_unknown(inbound);
        }
        if SERVERS_ALONE.contains(&subscription.event.package.as_str()) && !is_from_there(subscription, inbound) {
            return self.refuse_unknown(inbound);
        }
        let Some(state) = read::subscription_state(headers) else {
            return self.refuse_statelessly(inbound, 400, "Subscription-State is missing or unreadable");
        };
        if !subscription.dialog.accept_cseq(inbound.cseq) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        if !subscription.notified {
            subscription.notified = true;
            subscription.dialog.establish(inbound.from_tag.clone(), read::record_route(headers, true));
            if subscription.dialog.leaves_tls() {
                let why = "a proxy on the way is recorded by no sips: URI";
                self.refuse_unknown(inbound);
                return self.end_subscription(id, EndCause::InClear { why });
            }
            if subscription.phase == Phase::Open || subscription.phase == Phase::Leaving {
                subscription.timer_n = None;
            }
        }
        subscription.dialog.retarget(read::contact(headers));
        self.remember(now, inbound, Owner::None);
        self.respond(now, &inbound.key, 200, "OK");
        let body = read::body(&inbound.request);
        self.events.push_back(EndpointEvent::Notified {
            id,
            from: inbound.from,
            relayed: inbound.relayed(),
            state: state.clone(),
            body,
        });
        self.apply_state(now, id, &state);
    }

    fn apply_state(&mut self, now: Mono, id: SubscriptionId, state: &SubscriptionState) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if read::is_terminated(state) {
            let cause = match subscription.left() {
                true => EndCause::Unsubscribed,
                false => {
                    let (reason, retry_after) = read::farewell(state);
                    EndCause::Terminated { reason, retry_after }
                }
            };
            return self.end_subscription(id, cause);
        }
        let lasts = read::state_expires(state).map(|lasts| lasts.min(subscription.asked));
        if let Some(lasts) = lasts.filter(|_| subscription.phase == Phase::Open) {
            subscription.shorten(now, lasts);
        }
        self.close_if_possible(now, id);
    }

    pub(super) fn expire_subscription(&mut self, now: Mono, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if due(subscription.timer_n) || due(subscription.expires) {
            let cause = if subscription.left() { EndCause::Unsubscribed } else { EndCause::TimedOut };
            return self.end_subscription(id, cause);
        }
        if due(subscription.refresh_at()) {
            subscription.refresh = None;
            subscription.bargained = false;
            let asked = subscription.asked;
            self.send_subscribe(now, id, asked);
        }
    }

    pub(super) fn end_subscription(&mut self, id: SubscriptionId, cause: EndCause) {
        if let Some(subscription) = self.subscriptions.remove(&id) {
            self.forget_dialog(&subscription.dialog);
            let ids = Some(subscription.dialog.ids());
            self.events.push_back(EndpointEvent::SubscriptionEnded { id, cause, ids });
        }
    }

    /// Whoever holds it may have lost it: asked at once, and not when it is due.
    pub(super) fn refresh_early(&mut self, at: Mono, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        if subscription.notified {
            subscription.refresh = Some(subscription.refresh.map_or(at, |due| due.min(at)));
        }
    }

    pub(super) fn report_subscribe_resent(&mut self, id: SubscriptionId, sent: u32) {
        if self.subscriptions.contains_key(&id) {
            let what = format!("no answer yet, sent {sent} times");
            self.events.push_back(EndpointEvent::SubscriptionProgress { id, what });
        }
    }

    pub(super) fn forget_dialog(&mut self, dialog: &Dialog) {
        self.usages.remove(&(dialog.call_id.clone(), dialog.local_tag.clone()));
    }
}

/// What these say is signed by nobody, and a server does not move: it is taken from where the subscription's own requests go.
const SERVERS_ALONE: [&str; 2] = [MESSAGE_SUMMARY_PACKAGE, "presence.winfo"];

fn is_from_there(subscription: &Subscription, inbound: &Inbound) -> bool {
    let Destination { remote, by } = subscription.dialog.destination();
    let by_tls = matches!(by, By::Tls(_) | By::TlsTo(_) | By::WebSocket(Some(_)));
    remote.ip().to_canonical() == inbound.from.remote.ip().to_canonical()
        && (!by_tls || inbound.from.transport.is_secure())
}

/// The first notifier to speak is kept, other forks get 481 (RFC 6665 section 4.4.1).
fn is_known_fork(subscription: &Subscription, tag: &str) -> bool {
    !subscription.notified || subscription.dialog.remote_tag == tag
}
