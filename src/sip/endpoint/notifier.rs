use std::time::Duration;

use super::inbound::Inbound;
use super::{Endpoint, EndpointConfig, EndpointEvent, Usage};
use crate::sip::notifier::Notifier;
use crate::sip::timed::Timed;
use crate::sip::transaction::Owner;
use crate::sip::{ability, read, send, Body, Method, NotifierId, NotifyState, Refusal, Response};
use crate::vocab::{Mono, Now};

/// Without Expires the package decides; an hour is presence's (RFC 3856 section 6.4), and that of who watches it (RFC 3857).
const DEFAULT_EXPIRES: Duration = Duration::from_secs(3600);

/// The notifier (RFC 6665 section 4.2).
impl Endpoint {
    /// A SUBSCRIBE without To tag.
    pub(super) fn handle_first_subscribe(&mut self, now: Mono, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let Some(event) = read::event(headers) else { return self.refuse_event(inbound) };
        let package = event.package.clone();
        let Some(document) = self.config.events.document_of(&package) else { return self.refuse_event(inbound) };
        let Some(contact) = read::contact(headers) else {
            return self.refuse_statelessly(inbound, 400, "Contact is missing or unreadable");
        };
        if !ability::reads(headers, document) {
            return self.refuse_statelessly(inbound, 406, "Not Acceptable");
        }
        let expires = read::expires(headers).unwrap_or(DEFAULT_EXPIRES);
        if is_too_brief(expires) {
            return self.refuse_too_brief(inbound);
        }
        if !self.has_room_for_notifier(inbound) {
            return self.refuse_overload(inbound);
        }
        let Some(subscriber) = read::from(headers) else {
            return self.refuse_statelessly(inbound, 400, "From is unreadable");
        };
        let id = NotifierId(self.next_id());
        let mut dialog = self.answering_dialog(inbound, contact.clone());
        dialog.accept_cseq(inbound.cseq);
        dialog.hold(true);
        self.usages.insert((dialog.call_id.clone(), dialog.local_tag.clone()), Usage::Notifier(id));
        let notifier = Notifier {
            dialog,
            event,
            asked: Some(inbound.key.clone()),
            address: inbound.from.remote.ip(),
            accepted: false,
            expires: None,
            sending: false,
            next: None,
            closing: false,
        };
        self.watching.enter(notifier.address);
        self.notifiers.insert(id, notifier);
        self.remember(now, inbound, Owner::Notifier(id));
        self.events.push_back(EndpointEvent::Subscribed {
            id,
            from: inbound.from,
            relayed: inbound.relayed(),
            subscriber,
            asked: read::to(inbound.request.headers()),
            contact,
            event: package,
            expires,
            refresh: false,
            body: read::body(&inbound.request),
        });
    }

    /// A SUBSCRIBE within the dialog: a refresh, or the end.
    pub(super) fn handle_refresh(&mut self, now: Mono, id: NotifierId, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let Some(notifier) = self.notifiers.get_mut(&id) else { return self.refuse_unknown(inbound) };
        if !read::same_event(headers, &notifier.event) || notifier.closing {
            return self.refuse_unknown(inbound);
        }
        let expires = read::expires(headers).unwrap_or(DEFAULT_EXPIRES);
        if is_too_brief(expires) {
            return self.refuse_too_brief(inbound);
        }
        let Some(subscriber) = read::from(headers) else {
            return self.refuse_statelessly(inbound, 400, "From is unreadable");
        };
        if notifier.asked.is_some() {
            return self.refuse_statelessly(inbound, 500, "The SUBSCRIBE before is not answered yet");
        }
        if !notifier.dialog.accept_cseq(inbound.cseq) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        notifier.dialog.retarget(read::contact(headers));
        notifier.asked = Some(inbound.key.clone());
        let event = EndpointEvent::Subscribed {
            id,
            from: inbound.from,
            relayed: inbound.relayed(),
            subscriber,
            asked: read::to(inbound.request.headers()),
            contact: notifier.dialog.target().clone(),
            event: notifier.event.package.clone(),
            expires,
            refresh: true,
            body: read::body(&inbound.request),
        };
        self.remember(now, inbound, Owner::Notifier(id));
        self.events.push_back(event);
    }

    pub(super) fn believe_subscriber(&mut self, id: NotifierId) {
        if let Some(notifier) = self.notifiers.get_mut(&id) {
            notifier.dialog.hold(false);
        }
    }

    pub(super) fn accept_subscriber(&mut self, now: Mono, id: NotifierId, expires: Duration) {
        let patience = self.timing.patience();
        let Some(notifier) = self.notifiers.get_mut(&id) else { return };
        let Some(key) = notifier.asked.take() else { return };
        notifier.accepted = true;
        // One that fetches, or leaves, lives until its last NOTIFY is sent.
        let lasts = if expires.is_zero() { patience } else { expires };
        notifier.expires = Some(now + lasts);
        let tag = notifier.dialog.local_tag.clone();
        let Some(mut response) = self.response(&key, 200, "OK", Some(&tag)) else { return };
        send::push_to(&mut response, "Expires", &expires.as_secs().to_string());
        send::push_to(&mut response, "Contact", &self.contact(self.way_back(&key)));
        self.send_response(now, &key, &response);
        self.pump_notifier(now, id);
    }

    pub(super) fn reject_subscriber(&mut self, now: Mono, id: NotifierId, refusal: &Refusal) {
        let Some(notifier) = self.notifiers.get_mut(&id) else { return };
        let Some(key) = notifier.asked.take() else { return };
        let tag = notifier.dialog.local_tag.clone();
        if !notifier.accepted {
            self.drop_notifier(id);
        }
        self.send_refusal(now, &key, refusal, &tag);
    }

    pub(super) fn notify_subscriber(&mut self, now: Mono, id: NotifierId, state: NotifyState, body: Option<Body>) {
        let Some(notifier) = self.notifiers.get_mut(&id) else { return };
        notifier.queue(state, body);
        self.pump_notifier(now, id);
    }

    /// A NOTIFY waits for the answer to the one before it: what is notified next replaces it, and it is never sent.
    pub fn notify_waits(&self, id: NotifierId) -> bool {
        self.notifiers.get(&id).is_some_and(|notifier| notifier.next.is_some())
    }

    /// What is left of an accepted subscription, unless it is refreshed.
    pub fn subscription_lasts(&self, now: Now, id: NotifierId) -> Option<Duration> {
        Some(self.notifiers.get(&id)?.expires? - now.mono)
    }

    /// We are leaving: an unanswered SUBSCRIBE is refused, an accepted one gets its last NOTIFY. `probation` asks to come back later.
    pub(super) fn dismiss_subscriber(&mut self, now: Mono, id: NotifierId) {
        let Some(notifier) = self.notifiers.get(&id) else { return };
        match notifier.accepted {
            true => {
                let state = NotifyState::Terminated { reason: "probation".to_owned(), retry_after: None };
                self.notify_subscriber(now, id, state, None);
            }
            false => {
                self.reject_subscriber(now, id, &Refusal::new(480, "Temporarily Unavailable"));
                self.events.push_back(EndpointEvent::NotifierEnded { id, why: "this agent stops".to_owned() });
            }
        }
    }

    fn pump_notifier(&mut self, now: Mono, id: NotifierId) {
        let Some(notifier) = self.notifiers.get_mut(&id) else { return };
        if !notifier.accepted || notifier.sending {
            return;
        }
        let Some((state, body)) = notifier.next.take() else { return };
        notifier.sending = true;
        notifier.closing = matches!(state, NotifyState::Terminated { .. });
        let lasts = notifier.expires.map_or(Duration::ZERO, |at| at - now);
        let mut request = notifier.dialog.request(Method::Notify);
        send::push(&mut request, "Event", &notifier.event.to_string());
        send::push(&mut request, "Subscription-State", &state.to_header(lasts));
        if let Some(body) = &body {
            send::set_body(&mut request, body);
        }
        let to = notifier.dialog.destination();
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Notifier(id));
    }

    pub(super) fn handle_notify_response(&mut self, now: Mono, id: NotifierId, response: &Response) {
        match response.status() {
            100..=199 => {}
            status if read::ends_usage(status) => {
                self.end_notifier(id, format!("NOTIFY was answered {status}"));
            }
            _ => self.continue_notifier(now, id),
        }
    }

    fn continue_notifier(&mut self, now: Mono, id: NotifierId) {
        let Some(notifier) = self.notifiers.get_mut(&id) else { return };
        notifier.sending = false;
        if notifier.closing {
            return self.end_notifier(id, "the last NOTIFY was answered".to_owned());
        }
        self.pump_notifier(now, id);
    }

    /// No answer to our NOTIFY, or it could not be sent: the subscriber is gone (RFC 6665 section 4.2.2).
    pub(super) fn end_notifier(&mut self, id: NotifierId, why: String) {
        if self.drop_notifier(id) {
            self.events.push_back(EndpointEvent::NotifierEnded { id, why });
        }
    }

    /// Nobody here decided on the SUBSCRIBE, and the subscriber has given up.
    pub(super) fn handle_unanswered_subscribe(&mut self, id: NotifierId) {
        let Some(notifier) = self.notifiers.get_mut(&id) else { return };
        notifier.asked = None;
        if !notifier.accepted {
            self.end_notifier(id, "the SUBSCRIBE was never answered".to_owned());
        }
    }

    /// It ran out without a refresh: the last NOTIFY says so (RFC 6665 section 4.2.2).
    pub(super) fn expire_notifier(&mut self, now: Mono, id: NotifierId) {
        let due = self.notifiers.get(&id).is_some_and(|n| n.deadline().is_some_and(|(at, _)| at <= now));
        if due {
            let state = NotifyState::Terminated { reason: "timeout".to_owned(), retry_after: None };
            self.notify_subscriber(now, id, state, None);
            if let Some(notifier) = self.notifiers.get_mut(&id) {
                notifier.expires = None;
            }
        }
    }

    fn drop_notifier(&mut self, id: NotifierId) -> bool {
        let Some(notifier) = self.notifiers.remove(&id) else { return false };
        self.watching.leave(notifier.address);
        self.forget_dialog(&notifier.dialog);
        true
    }

    fn has_room_for_notifier(&self, inbound: &Inbound) -> bool {
        let address = inbound.from.remote.ip();
        self.notifiers.len() < self.config.limits.notifiers
            && self.watching.of(address) < self.config.limits.notifiers_per_address
            && self.has_room(address)
    }

    fn refuse_too_brief(&mut self, inbound: &Inbound) {
        let least = EndpointConfig::MIN_EXPIRES.as_secs().to_string();
        let refusal = Refusal::new(423, "Interval Too Brief").with("Min-Expires", least);
        self.answer_statelessly(inbound, &refusal);
    }
}

fn is_too_brief(expires: Duration) -> bool {
    !expires.is_zero() && expires < EndpointConfig::MIN_EXPIRES
}
