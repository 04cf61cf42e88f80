use std::net::IpAddr;

use super::inbound::{Inbound, Unfit};
use super::{limits, Endpoint, Usage};
use crate::sip::error::ParseError;
use crate::sip::headers::{CSeq, CallId, From, Via};
use crate::sip::session::Phase;
use crate::sip::transaction::{Answered, ClientKey, Failed, Owner, Reaction};
use crate::sip::{
    ability, keep_alive, send, stun, validate, EndCause, HeaderName, Message, Method, Received, Request, Response,
    SessionId, Transmit, Transport,
};
use crate::vocab::Mono;

/// From octets to whoever they concern.
impl Endpoint {
    pub(super) fn receive(&mut self, now: Mono, from: Received, octets: &[u8]) {
        // Empty lines keep a path open (RFC 5626 section 3.5.1).
        if octets.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return self.handle_pong(from);
        }
        if from.transport == Transport::Udp && stun::is_stun(octets) {
            return self.handle_stun(now, from, octets);
        }
        let message = match Message::parse(octets) {
            Ok(message) => message,
            Err(problem) => return self.reject_unreadable(from, octets, &problem),
        };
        let verdict = validate(&message);
        match (message, verdict) {
            (Message::Request(request), Ok(()))
                if octets.len() - request.body().len().min(octets.len()) > limits::HEAD =>
            {
                self.reject_invalid(from, request, 513, "Message Too Large");
            }
            (Message::Request(request), Ok(())) => self.receive_request(now, from, request),
            (Message::Request(request), Err(rejection)) => {
                self.reject_invalid(from, request, rejection.status, rejection.reason);
            }
            (Message::Response(response), Ok(())) => self.receive_response(now, from, &response),
            (Message::Response(_), Err(_)) => self.counters.garbage += 1,
        }
    }

    /// A request whose head can be read is told what is wrong with the rest (RFC 3261 section 18.3).
    fn reject_unreadable(&mut self, from: Received, octets: &[u8], problem: &ParseError) {
        match Message::parse_head(octets) {
            Ok(Message::Request(request)) => self.reject_invalid(from, request, problem.status(), problem.reason()),
            _ => self.counters.garbage += 1,
        }
    }

    fn reject_invalid(&mut self, from: Received, request: Request, status: u16, reason: &str) {
        self.counters.requests_received += 1;
        match Inbound::read(from, request) {
            Ok(inbound) if *inbound.request.method() == Method::Ack => self.counters.garbage += 1,
            Ok(inbound) => self.refuse_statelessly(&inbound, status, reason),
            Err(unfit) => self.reject_unfit(unfit, status, reason),
        }
    }

    fn reject_unfit(&mut self, unfit: Unfit, status: u16, reason: &str) {
        match unfit {
            Unfit::Unreadable(request, reply) if *request.method() != Method::Ack => {
                self.counters.refused += 1;
                self.counters.responses_sent += 1;
                let response = Response::to(&request, status, reason);
                self.transmit(reply.transmit(response.to_bytes()));
            }
            Unfit::Unreadable(..) | Unfit::NoWayBack => self.counters.garbage += 1,
        }
    }

    fn receive_request(&mut self, now: Mono, from: Received, request: Request) {
        self.counters.requests_received += 1;
        let inbound = match Inbound::read(from, request) {
            Ok(inbound) => inbound,
            Err(unfit) => return self.reject_unfit(unfit, 400, "Bad Request"),
        };
        if *inbound.request.method() == Method::Ack {
            return self.receive_ack(now, &inbound);
        }
        if self.transactions.knows(&inbound.key) {
            self.counters.retransmissions_received += 1;
            if let Some(again) = self.transactions.handle_retransmission(&inbound.key) {
                self.transmit(again);
            }
            return;
        }
        self.receive_new(now, &inbound);
    }

    /// RFC 3261 section 8.2, in its order: method, then headers, then what it means.
    fn receive_new(&mut self, now: Mono, inbound: &Inbound) {
        let method = inbound.request.method();
        if !send::METHODS.contains(method) {
            return self.refuse_method(inbound);
        }
        if *method == Method::Cancel {
            return self.handle_cancel(now, inbound);
        }
        if inbound.request.uri().is_sips() && !inbound.from.transport.is_secure() {
            return self.refuse_sips(inbound);
        }
        let origin = (inbound.from_tag.clone(), inbound.call_id.clone(), inbound.cseq);
        if inbound.to_tag.is_none() && self.transactions.is_merged(&inbound.key, &origin) {
            self.counters.merged += 1;
            return self.refuse_statelessly(inbound, 482, "Loop Detected");
        }
        let refusal = ability::refusal(&inbound.request, &self.config.supported);
        if let Some(refusal) = refusal.or_else(|| self.refuse_misplaced(inbound)) {
            return self.answer_statelessly(inbound, &refusal);
        }
        match inbound.to_tag.is_some() {
            true => self.receive_within(now, inbound),
            false => self.receive_first(now, inbound),
        }
    }

    /// In clear. Who cannot do TLS does not know the scheme (RFC 3261 section 8.2.2.1); who can is not asked so.
    fn refuse_sips(&mut self, inbound: &Inbound) {
        let (status, reason) = match self.config.listen.iter().any(|(transport, _)| *transport == Transport::Tls) {
            true => (403, "A sips: request came in clear"),
            false => (416, "Unsupported URI Scheme"),
        };
        self.refuse_statelessly(inbound, status, reason);
    }

    /// Outside any dialog. BYE makes none, nor does NOTIFY.
    fn receive_first(&mut self, now: Mono, inbound: &Inbound) {
        match inbound.request.method() {
            Method::Invite => self.handle_first_invite(now, inbound),
            Method::Message => self.handle_first_message(now, inbound),
            Method::Options => self.answer_options(inbound),
            Method::Refer => self.refuse_refer(inbound),
            Method::Notify => self.handle_first_notify(now, inbound),
            Method::Subscribe => self.handle_first_subscribe(now, inbound),
            _ => self.refuse_unknown(inbound),
        }
    }

    fn receive_within(&mut self, now: Mono, inbound: &Inbound) {
        if let (Method::Update, Some(id)) = (inbound.request.method(), self.early_session(inbound)) {
            return self.answer_early_update(now, id, inbound);
        }
        let Some(usage) = self.usage_of(inbound) else { return self.refuse_unknown(inbound) };
        let address = inbound.from.remote.ip();
        match (usage, inbound.request.method()) {
            (_, Method::Options) => self.answer_options(inbound),
            // It makes room.
            (Usage::Session(id), Method::Bye) => self.handle_bye(now, id, inbound),
            (Usage::Subscription(id), Method::Notify) => match self.has_room_for_news(address) {
                true => self.handle_notify(now, id, inbound),
                false => self.refuse_overload(inbound),
            },
            (Usage::Session(id), Method::Notify) => match self.has_room_for_news(address) {
                true => self.handle_refer_notify(now, id, inbound),
                false => self.refuse_overload(inbound),
            },
            _ if !self.has_room(address) => self.refuse_overload(inbound),
            (Usage::Notifier(id), Method::Subscribe) => self.handle_refresh(now, id, inbound),
            (Usage::Session(id), Method::Info) => self.handle_info(now, id, inbound),
            (Usage::Session(id), Method::Invite) => self.handle_reinvite(now, id, inbound),
            (Usage::Session(id), Method::Refer) => self.handle_refer(now, id, inbound),
            (Usage::Session(id), Method::Subscribe) => self.handle_refer_subscribe(now, id, inbound),
            (Usage::Session(id), Method::Prack) => self.handle_prack(now, id, inbound),
            (Usage::Session(id), Method::Update) => self.handle_update(now, id, inbound),
            _ => self.refuse_unknown(inbound),
        }
    }

    /// Whose dialog it is. A subscription may not know its notifier's tag yet, and looks at it itself.
    fn usage_of(&self, inbound: &Inbound) -> Option<Usage> {
        let usage = *self.usages.get(&(inbound.call_id.clone(), inbound.to_tag.clone()?))?;
        let dialog = match usage {
            Usage::Notifier(id) => &self.notifiers.get(&id)?.dialog,
            Usage::Session(id) => {
                self.sessions.get(&id).map(|session| &session.dialog).or_else(|| self.outlived.get(&id))?
            }
            Usage::Subscription(_) => return Some(usage),
        };
        (dialog.remote_tag == inbound.from_tag).then_some(usage)
    }

    /// Of a callee of ours that has not picked up.
    fn early_session(&self, inbound: &Inbound) -> Option<SessionId> {
        let usage = self.usages.get(&(inbound.call_id.clone(), inbound.to_tag.clone()?))?;
        let Usage::Session(id) = usage else { return None };
        let session = self.sessions.get(id).filter(|session| matches!(session.phase, Phase::Calling { .. }))?;
        session.ringing.contains(&inbound.from_tag).then_some(*id)
    }

    /// The ACK for a refusal belongs to the transaction, the one for a 2xx to the session. Both are told: the refusal of
    /// a re-INVITE is acknowledged within the dialog, and some peers use the INVITE's branch for either.
    fn receive_ack(&mut self, now: Mono, inbound: &Inbound) {
        let known = self.transactions.handle_ack(now, &inbound.key);
        match self.usage_of(inbound) {
            Some(Usage::Session(id)) => {
                self.handle_ack(now, id, inbound);
            }
            _ => self.counters.acks_stray += u64::from(!known),
        }
    }

    fn receive_response(&mut self, now: Mono, from: Received, response: &Response) {
        self.counters.responses_received += 1;
        let headers = response.headers();
        let via = headers.typed::<Via>().ok().flatten();
        let branch = via.and_then(|via| via.branch().map(str::to_owned));
        // More than one Via: it was meant for somebody else (RFC 3261 section 8.1.3.3).
        let ours = headers.all(HeaderName::VIA).len() == 1;
        let (Some(branch), Some(CSeq { method, .. }), true) = (branch, crate::sip::read::cseq(headers), ours) else {
            self.counters.responses_stray += 1;
            return;
        };
        let key = ClientKey { branch, method };
        let ack = |request: &Request| send::ack_for_refusal(request, response);
        match self.transactions.handle_response(now, (&key, from.remote.ip()), response.status(), ack) {
            Some(Answered { reaction, owner, ack, asked }) => {
                ack.into_iter().for_each(|ack| self.transmit(ack));
                if matches!(reaction, Reaction::AckAndDeliver | Reaction::Deliver) {
                    // Whoever else was asked can write an answer that seems to come from there.
                    if asked == from.remote {
                        self.resume_soon(now, asked);
                    }
                    self.deliver(now, owner, &key.method, from, response);
                }
            }
            None => self.receive_stray(now, &key.method, from, response),
        }
    }

    /// A 2xx outlives its transaction (RFC 3261 section 13.2.2.4). It is taken from where the call goes alone, as any response is.
    fn receive_stray(&mut self, now: Mono, method: &Method, from: Received, response: &Response) {
        let headers = response.headers();
        let call_id = headers.typed::<CallId>().ok().flatten().map(|id| id.0);
        let tag = headers.typed::<From>().ok().flatten().and_then(|from| from.tag().map(str::to_owned));
        let usage = call_id.zip(tag).and_then(|key| self.usages.get(&key));
        match usage {
            Some(Usage::Session(id))
                if *method == Method::Invite
                    && (200..300).contains(&response.status())
                    && self.goes_to(*id, from.remote.ip()) =>
            {
                self.handle_call_answered(now, *id, from, response);
            }
            _ => self.counters.responses_stray += 1,
        }
    }

    fn goes_to(&self, id: SessionId, there: IpAddr) -> bool {
        self.sessions.get(&id).is_some_and(|session| session.dialog.is_from_peer(there))
    }

    fn deliver(&mut self, now: Mono, owner: Owner, method: &Method, from: Received, response: &Response) {
        match (owner, method) {
            (Owner::Message(id), _) => self.handle_message_response(now, id, response),
            (Owner::Notifier(id), _) => self.handle_notify_response(now, id, response),
            (Owner::Publication(id), _) => self.handle_publish_response(now, id, response),
            (Owner::Referral(id), Method::Notify) => self.handle_refer_notify_response(now, id, response),
            (Owner::Referral(id), _) => self.handle_refer_response(now, id, response),
            (Owner::Registration(id), _) => self.handle_register_response(now, id, response),
            (Owner::Session(id), Method::Invite) => self.handle_invite_response(now, id, from, response),
            (Owner::Session(id), Method::Info) => self.handle_info_response(now, id, response),
            (Owner::Session(id), Method::Update) => {
                self.handle_refresh_response(now, id, response);
            }
            (Owner::Session(id), Method::Bye) if response.status() >= 200 => self.handle_bye_done(id),
            (Owner::Subscription(id), _) => self.handle_subscribe_response(now, id, response),
            (Owner::None | Owner::Session(_), _) => {}
        }
    }

    /// A response whose connection is gone goes to a new one, once (RFC 3261 section 18.2.2); a request falls back, or
    /// is over.
    pub(super) fn fail_transmit(&mut self, now: Mono, what: &Transmit, why: &str) {
        if what.bytes == keep_alive::PING {
            return self.recover(now, what.transport, what.remote);
        }
        let request = match Message::parse(&what.bytes) {
            Ok(Message::Request(request)) => request,
            Ok(Message::Response(_)) if what.connection.is_some() => {
                return self.send_anew(what);
            }
            _ => return,
        };
        let via = request.headers().typed::<Via>().ok().flatten();
        let Some(branch) = via.and_then(|via| via.branch().map(str::to_owned)) else { return };
        let key = ClientKey { branch, method: request.method().clone() };
        match self.transactions.handle_failure(now, &key, what.transport) {
            Some(Failed::FellBack(transmit)) => self.transmit(transmit),
            Some(Failed::Over { owner, method }) => {
                let why = why.to_owned();
                self.give_up(now, owner, &method, EndCause::Transport { why });
            }
            None => {}
        }
    }

    /// By TLS to whoever proves the domain of our proxy there, or else that very address (RFC 3263 section 5).
    fn send_anew(&mut self, response: &Transmit) {
        let by_tls = response.transport.is_secure();
        let proof = || self.domain_at(response.remote).unwrap_or_else(|| response.remote.ip().into());
        let domain = by_tls.then(proof);
        self.transmit(Transmit { connection: None, domain, ..response.clone() });
    }

    /// A request of ours came to nothing.
    pub(super) fn give_up(&mut self, now: Mono, owner: Owner, method: &Method, cause: EndCause) {
        match owner {
            Owner::None => {}
            Owner::Message(id) => self.handle_message_failure(id, cause),
            Owner::Notifier(id) => self.end_notifier(id, "NOTIFY reached nobody".to_owned()),
            Owner::Publication(id) => self.handle_publish_failure(now, id, cause),
            Owner::Referral(id) => self.handle_referral_failure(id, cause),
            Owner::Registration(id) => self.handle_register_failure(now, id, cause),
            Owner::Session(id) => self.handle_session_failure(now, id, method, cause),
            Owner::Subscription(id) => self.handle_subscribe_failure(now, id, cause, false),
        }
    }

    /// For one more request out of this address.
    pub(super) fn has_room(&self, address: IpAddr) -> bool {
        let limits = &self.config.limits;
        self.transactions.servers() < limits.server_transactions
            && self.transactions.octets() < limits.unasked_octets
            && self.has_room_in_its_share(address)
    }

    /// For one more NOTIFY that we asked for.
    pub(super) fn has_room_for_news(&self, address: IpAddr) -> bool {
        self.transactions.octets() < self.config.limits.transaction_octets && self.has_room_in_its_share(address)
    }

    fn has_room_in_its_share(&self, address: IpAddr) -> bool {
        let limits = &self.config.limits;
        self.transactions.servers_of(address) < limits.server_transactions_per_address
            && self.transactions.server_octets_of(address) < limits.transaction_octets_per_address
    }
}
