use std::time::Duration;

use super::inbound::Inbound;
use super::{limits, Endpoint, EndpointEvent};
use crate::sip::headers::{Event, ReferSub, ReferTo, ReferredBy};
use crate::sip::referral::{News, Referred, PACKAGE};
use crate::sip::session::Phase;
use crate::sip::transaction::Owner;
use crate::sip::{read, send, HeaderName, Method, ReferralId, Refusal, Response, SessionId};
use crate::vocab::Mono;

/// Who is referred to somebody else by the peer of a call (RFC 3515 section 2.4.2, RFC 4488). The subscription that comes with it
/// shares the dialog of the call, and its numbers.
impl Endpoint {
    /// Outside of a call nobody is called for others (RFC 3515 section 2.4.2 lets the agent decide), and no subscription is made.
    pub(super) fn refuse_refer(&mut self, inbound: &Inbound) {
        self.refuse_statelessly(inbound, 403, "REFER is taken within a call only");
        let headers = inbound.request.headers();
        let to = headers.typed::<ReferTo>().ok().flatten().map(|to| to.0);
        if let Some(sender) = read::from(headers) {
            self.events.push_back(EndpointEvent::ReferredOutside { sender, to });
        }
    }

    pub(super) fn handle_refer(&mut self, now: Mono, session: SessionId, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let talking = self.sessions.get(&session).is_some_and(|s| s.phase == Phase::Established);
        if !talking {
            return self.refuse_unknown(inbound);
        }
        let to = match headers.count(HeaderName::REFER_TO) {
            1 => headers.typed::<ReferTo>().ok().flatten(),
            _ => None,
        };
        let Some(ReferTo(to)) = to else {
            return self.refuse_statelessly(inbound, 400, "Refer-To is missing, unreadable or there twice");
        };
        if !self.has_room_for_referred(session) {
            return self.refuse_overload(inbound);
        }
        let Some(calling) = self.sessions.get_mut(&session) else { return };
        if !calling.dialog.accept_cseq_from(inbound.from.remote.ip(), inbound.cseq) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        let from_peer = calling.dialog.is_from_peer(inbound.from.remote.ip());
        let mut event = Event::new(PACKAGE);
        if std::mem::replace(&mut calling.referred, true) {
            event.params.set("id", Some(&inbound.cseq.to_string()));
        }
        let silent = headers.typed::<ReferSub>().ok().flatten().is_some_and(|sub| !sub.subscribes);
        let id = ReferralId(self.next_id());
        let referred = Referred {
            session,
            cseq: inbound.cseq,
            event,
            asked: Some(inbound.key.clone()),
            silent,
            news: News::new(100, "Trying"),
            stale: true,
            sending: false,
            closing: false,
            expires: None,
        };
        self.referred.insert(id, referred);
        self.remember(now, inbound, Owner::Referral(id));
        let by = headers.typed::<ReferredBy>().ok().flatten().map(|by| by.0);
        self.events.push_back(EndpointEvent::Referred { id, session, to, by, from_peer });
    }

    /// 200, not 202 (RFC 7647 section 5), and news at once, even if there is nothing new (RFC 3515 section 2.4.4).
    pub(super) fn accept_referred(&mut self, now: Mono, id: ReferralId) {
        let Some(referred) = self.referred.get_mut(&id) else { return };
        let Some(key) = referred.asked.take() else { return };
        referred.expires = Some(now + limits::REFERRAL);
        let silent = referred.silent;
        let Some(mut response) = self.response(&key, 200, "OK", None) else { return };
        send::push_to(&mut response, "Contact", &self.contact(self.way_back(&key)));
        if silent {
            send::push_to(&mut response, "Refer-Sub", &ReferSub::new(false).to_string());
        }
        self.send_response(now, &key, &response);
        match silent {
            true => self.drop_referred(id),
            false => self.pump_referred(now, id),
        }
    }

    pub(super) fn reject_referred(&mut self, now: Mono, id: ReferralId, refusal: &Refusal) {
        let Some(key) = self.referred.get_mut(&id).and_then(|referred| referred.asked.take()) else { return };
        self.drop_referred(id);
        // The dialog has our tag already.
        self.send_refusal(now, &key, refusal, "");
    }

    pub(super) fn tell_referrer(&mut self, now: Mono, id: ReferralId, news: News) {
        if let Some(referred) = self.referred.get_mut(&id) {
            referred.tell(news);
            self.pump_referred(now, id);
        }
    }

    /// One NOTIFY at a time, or they could arrive out of order.
    fn pump_referred(&mut self, now: Mono, id: ReferralId) {
        let Some(referred) = self.referred.get_mut(&id) else { return };
        let due = referred.stale && !referred.sending && !referred.closing && referred.asked.is_none();
        if !due {
            return;
        }
        (referred.stale, referred.sending, referred.closing) = (false, true, referred.news.is_last());
        let lasts = referred.expires.map_or(Duration::ZERO, |at| at - now);
        let (session, event, news) = (referred.session, referred.event.to_string(), referred.news.clone());
        let Some(dialog) = self.dialog_of(session) else { return };
        let mut request = dialog.request(Method::Notify);
        let to = dialog.destination();
        send::push(&mut request, "Event", &event);
        send::push(&mut request, "Subscription-State", &news.subscription_state(lasts));
        send::set_body(&mut request, &news.to_body());
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Referral(id));
    }

    /// What refuses a NOTIFY wants to hear no more; the new call is not touched by that (RFC 3515 section 2.4.4).
    pub(super) fn handle_refer_notify_response(&mut self, now: Mono, id: ReferralId, response: &Response) {
        match response.status() {
            100..=199 => {}
            status if read::ends_usage(status) => self.drop_referred(id),
            _ => {
                let Some(referred) = self.referred.get_mut(&id) else { return };
                referred.sending = false;
                match referred.closing {
                    true => self.drop_referred(id),
                    false => self.pump_referred(now, id),
                }
            }
        }
    }

    /// SUBSCRIBE within a call: the referrer wants to hear more, or no more (RFC 3515 section 3.4).
    pub(super) fn handle_refer_subscribe(&mut self, now: Mono, session: SessionId, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let Some(event) = read::event(headers).filter(|event| event.package == PACKAGE) else {
            return self.refuse_event(inbound);
        };
        let number = event.id().map(str::parse::<u32>);
        let meant = |referred: &Referred| match &number {
            None => referred.event.id().is_none(),
            Some(number) => *number == Ok(referred.cseq),
        };
        let open = |referred: &Referred| referred.session == session && !referred.closing && referred.asked.is_none();
        let found = self.referred.iter().find(|(_, referred)| open(referred) && meant(referred)).map(|(id, _)| *id);
        let Some(id) = found else { return self.refuse_unknown(inbound) };
        if !self.dialog_of(session).is_some_and(|dialog| dialog.accept_cseq(inbound.cseq)) {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        let expires = read::expires(headers).unwrap_or(limits::REFERRAL).min(limits::REFERRAL);
        self.remember(now, inbound, Owner::None);
        let Some(mut response) = self.response(&inbound.key, 200, "OK", None) else { return };
        send::push_to(&mut response, "Expires", &expires.as_secs().to_string());
        send::push_to(&mut response, "Contact", &self.contact(self.way_back(&inbound.key)));
        self.send_response(now, &inbound.key, &response);
        if let Some(referred) = self.referred.get_mut(&id) {
            referred.expires = Some(now + expires);
            referred.stale = true;
            referred.news.timed_out = expires.is_zero();
            self.pump_referred(now, id);
        }
    }

    pub(super) fn expire_referred(&mut self, now: Mono, id: ReferralId) {
        let Some(referred) = self.referred.get_mut(&id) else { return };
        if referred.expires.take_if(|at| *at <= now).is_some() {
            referred.news.timed_out = true;
            referred.stale = true;
            self.pump_referred(now, id);
        }
    }

    pub(super) fn drop_referred(&mut self, id: ReferralId) {
        if let Some(referred) = self.referred.remove(&id) {
            self.release_dialog(referred.session);
        }
    }

    /// A REFER or NOTIFY of ours reached nobody.
    pub(super) fn handle_referral_failure(&mut self, id: ReferralId, cause: super::EndCause) {
        self.end_referral(id, crate::sip::ReferralEnd::Refused(cause));
        self.drop_referred(id);
    }

    /// We stop: whoever waits is told.
    pub(super) fn leave_referrals(&mut self, now: Mono) {
        for id in self.referring.keys().copied().collect::<Vec<_>>() {
            self.end_referral(id, crate::sip::ReferralEnd::Silent);
        }
        for id in self.referred.keys().copied().collect::<Vec<_>>() {
            self.reject_referred(now, id, &Refusal::new(503, "Service Unavailable"));
            self.tell_referrer(now, id, News::new(503, "Service Unavailable"));
        }
    }

    fn has_room_for_referred(&self, session: SessionId) -> bool {
        let same = self.referred.values().filter(|referred| referred.session == session).count();
        same < limits::REFERRALS_PER_CALL && self.has_room_for_referral()
    }
}
