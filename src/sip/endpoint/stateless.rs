use super::inbound::Inbound;
use super::{limits, Endpoint};
use crate::sip::{send, Refusal, Response};

/// Answers that keep nothing (RFC 3261 section 8.2.7): whoever asks again is answered again, in the same words.
impl Endpoint {
    pub(super) fn refuse_statelessly(&mut self, inbound: &Inbound, status: u16, reason: &str) {
        self.answer_statelessly(inbound, &Refusal::new(status, reason));
    }

    pub(super) fn answer_statelessly(&mut self, inbound: &Inbound, answer: &Refusal) {
        let tag = self.secret.tag_for(&[&inbound.call_id, &inbound.from_tag, &inbound.cseq.to_string()]);
        self.answer_tagged(inbound, answer, &tag);
    }

    pub(super) fn answer_tagged(&mut self, inbound: &Inbound, answer: &Refusal, tag: &str) {
        self.counters.refused += u64::from(answer.status >= 300);
        self.counters.responses_sent += 1;
        let mut response = Response::to(&inbound.request, answer.status, &answer.reason);
        send::add_to_tag(&mut response, tag);
        self.dress_response(&mut response);
        send::push_extra(&mut response, answer);
        self.transmit(inbound.reply.transmit(response.to_bytes()));
    }

    /// No such dialog, subscription or transaction.
    pub(super) fn refuse_unknown(&mut self, inbound: &Inbound) {
        self.refuse_statelessly(inbound, 481, "Call/Transaction Does Not Exist");
    }

    /// RFC 6665 section 4.2.1.1.
    pub(super) fn refuse_event(&mut self, inbound: &Inbound) {
        let events = self.config.events.listed().to_owned();
        self.answer_statelessly(inbound, &Refusal::new(489, "Bad Event").with("Allow-Events", events));
    }

    pub(super) fn refuse_overload(&mut self, inbound: &Inbound) {
        self.counters.overloaded += 1;
        let after = limits::RETRY_AFTER.to_string();
        self.answer_statelessly(inbound, &Refusal::new(503, "Service Unavailable").with("Retry-After", after));
    }

    /// A method that this codec has a name for is refused as not allowed, any other as unknown (RFC 3261 section 8.2.1).
    pub(super) fn refuse_method(&mut self, inbound: &Inbound) {
        let refusal = match inbound.request.method() {
            crate::sip::Method::Other(_) => Refusal::new(501, "Not Implemented"),
            _ => Refusal::new(405, "Method Not Allowed"),
        };
        self.answer_statelessly(inbound, &refusal.with("Allow", send::allow()));
    }

    /// As an INVITE would be answered now (RFC 3261 section 11.2); within a dialog, as one that stands.
    pub(super) fn answer_options(&mut self, inbound: &Inbound) {
        let unwilling = self.unwilling.filter(|_| inbound.to_tag.is_none());
        let (status, reason) = unwilling.unwrap_or((200, "OK"));
        let answer = Refusal::new(status, reason).with("Allow", send::allow());
        let mut answer = answer.with("Accept-Encoding", "identity".to_owned()).with("Accept-Language", "en".to_owned());
        for (name, values) in [("Accept", &self.config.accept), ("Supported", &self.config.supported)] {
            answer = answer.with(name, values.join(", "));
        }
        let answer = answer.with("Allow-Events", self.config.events.listed().to_owned());
        self.answer_statelessly(inbound, &answer);
    }
}
