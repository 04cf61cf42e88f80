use super::inbound::Inbound;
use super::{limits, EndCause, Endpoint, EndpointEvent};
use crate::sip::authentication::Authentication;
use crate::sip::dialog::Dialog;
use crate::sip::headers::{NameAddr, ReferSub};
use crate::sip::referral::{News, Refer, Referring, PACKAGE, SIPFRAG};
use crate::sip::session::Phase;
use crate::sip::transaction::Owner;
use crate::sip::{read, send, Method, ReferralEnd, ReferralId, Refusal, Response, SessionId};
use crate::vocab::Mono;

/// Who refers the peer of a call to somebody else (RFC 3515 section 2.4.1, RFC 5589).
impl Endpoint {
    pub(super) fn open_referral(&mut self, now: Mono, id: ReferralId, session: SessionId, what: Refer) {
        let calling = self.sessions.get(&session).filter(|s| s.phase == Phase::Established);
        let busy = self.referring.values().any(|referring| referring.session == session && !referring.over);
        let Some(calling) = calling.filter(|_| !busy && self.has_room_for_referral()) else {
            let end = ReferralEnd::Refused(EndCause::Full);
            return self.events.push_back(EndpointEvent::ReferralEnded { id, end });
        };
        let login = calling.proven.as_ref().and_then(|proven| proven.invite.login.clone());
        let authentication = Authentication::of(login);
        let referring = Referring { session, what, authentication, cseq: 0, over: false, until: None };
        self.referring.insert(id, referring);
        self.send_refer(now, id);
    }

    fn send_refer(&mut self, now: Mono, id: ReferralId) {
        let cnonce = self.secret.tag();
        let Some(referring) = self.referring.get_mut(&id) else { return };
        let Some(session) = self.sessions.get_mut(&referring.session) else {
            return self.end_referral(id, ReferralEnd::Refused(EndCause::TimedOut));
        };
        let mut request = session.dialog.request(Method::Refer);
        let to = session.dialog.destination();
        send::push(&mut request, "Refer-To", &refer_to(&referring.what).to_string());
        send::push(&mut request, "Referred-By", &referring.what.by.to_string());
        send::push(&mut request, "Accept", SIPFRAG);
        referring.cseq = read::cseq(request.headers()).map_or(0, |cseq| cseq.number);
        // Only to whoever asked for them: the peer could try passwords against them.
        if session.asked_by(to.remote) {
            referring.authentication.prove(&mut request, &cnonce);
        }
        self.dress(&mut request, &to);
        self.send_request(now, request, to, Owner::Referral(id));
    }

    /// 202 is what older peers say for 200 (RFC 7647 section 5).
    pub(super) fn handle_refer_response(&mut self, now: Mono, id: ReferralId, response: &Response) {
        match response.status() {
            100..=199 => {}
            200..=299 => self.handle_refer_accepted(now, id, response),
            status @ (401 | 407) => self.handle_refer_challenge(now, id, response, status == 407),
            _ => self.end_referral(id, ReferralEnd::Refused(EndCause::rejected(response))),
        }
    }

    fn handle_refer_accepted(&mut self, now: Mono, id: ReferralId, response: &Response) {
        let patience = self.timing.patience();
        let Some(referring) = self.referring.get_mut(&id) else { return };
        let silent = response.headers().typed::<ReferSub>().ok().flatten().is_some_and(|sub| !sub.subscribes);
        match silent {
            true => self.end_referral(id, ReferralEnd::Silent),
            // The first NOTIFY comes at once (RFC 3515 section 2.4.4), perhaps before this answer.
            false => {
                referring.until.get_or_insert(now + patience);
            }
        }
    }

    fn handle_refer_challenge(&mut self, now: Mono, id: ReferralId, response: &Response, by_proxy: bool) {
        let Some(referring) = self.referring.get_mut(&id) else { return };
        let session = self.sessions.get(&referring.session);
        let ours = session.is_some_and(|session| session.asked_by(session.dialog.destination().remote));
        match referring.authentication.challenged(response.headers(), by_proxy) {
            Ok(()) if ours => self.send_refer(now, id),
            Ok(()) => self.end_referral(id, ReferralEnd::Refused(EndCause::rejected(response))),
            Err(why) => {
                let cause = EndCause::Unproven { status: response.status(), why };
                self.end_referral(id, ReferralEnd::Refused(cause));
            }
        }
    }

    /// A NOTIFY within a call: of a referral, or of nothing that we asked for.
    pub(super) fn handle_refer_notify(&mut self, now: Mono, session: SessionId, inbound: &Inbound) {
        let headers = inbound.request.headers();
        if read::event(headers).is_none_or(|event| event.package != PACKAGE) {
            return self.refuse_event(inbound);
        }
        let Some(id) = self.referral_of(session, inbound) else { return self.refuse_unknown(inbound) };
        let Some(state) = read::subscription_state(headers) else {
            return self.refuse_statelessly(inbound, 400, "Subscription-State is missing or unreadable");
        };
        let news = match read::body(&inbound.request) {
            None => None,
            Some(body) => match body.part(SIPFRAG).map(|fragment| News::read(&fragment.bytes)) {
                Some(Some(news)) => Some(news),
                Some(None) => return self.refuse_statelessly(inbound, 400, "The fragment has no status line"),
                None => {
                    let refusal = Refusal::new(415, "Unsupported Media Type").with("Accept", SIPFRAG);
                    return self.answer_statelessly(inbound, &refusal);
                }
            },
        };
        if !self
            .dialog_of(session)
            .is_some_and(|dialog| dialog.accept_cseq_from(inbound.from.remote.ip(), inbound.cseq))
        {
            return self.refuse_statelessly(inbound, 500, "CSeq is out of order");
        }
        self.remember(now, inbound, Owner::None);
        self.respond(now, &inbound.key, 200, "OK");
        let lasts = read::state_expires(&state).unwrap_or(limits::REFERRAL).min(limits::REFERRAL);
        if let Some(referring) = self.referring.get_mut(&id) {
            referring.until = Some(now + lasts);
        }
        self.handle_news(id, news, read::is_terminated(&state));
    }

    fn handle_news(&mut self, id: ReferralId, news: Option<News>, terminated: bool) {
        let over = self.referring.get(&id).is_none_or(|referring| referring.over);
        match news {
            Some(News { status, reason, .. }) if status >= 200 && !over => {
                self.conclude_referral(id, ReferralEnd::Answered { status, reason });
            }
            Some(News { status, reason, .. }) if !over && !terminated => {
                self.events.push_back(EndpointEvent::ReferralProgress { id, status, reason });
            }
            _ => {}
        }
        if terminated {
            self.end_referral(id, ReferralEnd::Silent);
        }
    }

    /// By the number of its REFER; without one it is the first (RFC 3515 section 2.4.6).
    fn referral_of(&self, session: SessionId, inbound: &Inbound) -> Option<ReferralId> {
        let event = read::event(inbound.request.headers())?;
        let number = event.id().map(str::parse::<u32>);
        let meant = |referring: &Referring| match &number {
            None => true,
            Some(Ok(number)) => *number == referring.cseq,
            Some(Err(_)) => false,
        };
        let found = self.referring.iter().find(|(_, r)| r.session == session && meant(r));
        found.map(|(id, _)| *id)
    }

    /// How it ended is told, once.
    fn conclude_referral(&mut self, id: ReferralId, end: ReferralEnd) {
        let Some(referring) = self.referring.get_mut(&id).filter(|referring| !referring.over) else { return };
        referring.over = true;
        self.events.push_back(EndpointEvent::ReferralEnded { id, end });
    }

    /// Nothing more is awaited.
    pub(super) fn end_referral(&mut self, id: ReferralId, end: ReferralEnd) {
        self.conclude_referral(id, end);
        if let Some(referring) = self.referring.remove(&id) {
            self.release_dialog(referring.session);
        }
    }

    pub(super) fn expire_referring(&mut self, id: ReferralId) {
        self.end_referral(id, ReferralEnd::Silent);
    }

    pub(super) fn has_room_for_referral(&self) -> bool {
        self.referring.len() + self.referred.len() < self.config.limits.referrals
    }

    /// The dialog of a call, which lives on for its referrals when the call is over (RFC 5057 section 4.1).
    pub(super) fn dialog_of(&mut self, session: SessionId) -> Option<&mut Dialog> {
        match self.sessions.get_mut(&session) {
            Some(session) => Some(&mut session.dialog),
            None => self.outlived.get_mut(&session),
        }
    }

    /// The call is over.
    pub(super) fn outlive(&mut self, session: SessionId, dialog: Dialog) {
        match self.is_referred_in(session) {
            true => {
                self.outlived.insert(session, dialog);
            }
            false => self.forget_dialog(&dialog),
        }
    }

    /// A referral is over.
    pub(super) fn release_dialog(&mut self, session: SessionId) {
        if self.is_referred_in(session) {
            return;
        }
        if let Some(dialog) = self.outlived.remove(&session) {
            self.forget_dialog(&dialog);
        }
    }

    fn is_referred_in(&self, session: SessionId) -> bool {
        self.referring.values().any(|referring| referring.session == session)
            || self.referred.values().any(|referred| referred.session == session)
    }
}

/// Its URI has what the new call takes the place of (RFC 5589 section 7.1).
fn refer_to(what: &Refer) -> NameAddr {
    let mut uri = what.to.clone();
    if let Some(replaces) = &what.replaces {
        uri.add_header("Replaces", &replaces.to_string());
    }
    NameAddr::new(uri)
}
