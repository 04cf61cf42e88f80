//! The peer of a call wants us to call somebody else. That is a call as any other: under an approved entry, or after ask and
//! review. A peer that our user approved may send us to somebody whom he approved too; everything else he decides himself.

use super::end::no_call;
use super::transfer::Wanted;
use super::CallState;
use crate::agent::target::Target;
use crate::agent::{Agent, AnswerMode, CallRequest, Event, Side};
use crate::policy::Intent;
use crate::sip::headers::{NameAddr, Replaces, TypedHeader};
use crate::sip::{Host, ReferralId, Refusal, Scheme, SessionId, Uri, RINGING};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};
use std::time::Duration;

/// The user is told of REFERs outside of every call so often at most.
const OUTSIDE_AGAIN: Duration = Duration::from_secs(60);

/// A REFER that we take.
struct Referral {
    by: CallId,
    /// Who wants it holds keys that our user approved.
    known: bool,
    target: Target,
    replaces: Option<Replaces>,
}

impl Agent {
    pub(super) fn handle_referred(
        &mut self,
        now: Now,
        id: ReferralId,
        (session, from_peer): (SessionId, bool),
        to: &NameAddr,
        said_by: Option<NameAddr>,
    ) {
        match self.judge_referral(session, from_peer, &to.uri) {
            Ok(referral) => self.take_referral(now, id, referral, said_by),
            Err(refusal) => {
                self.count("transfers_refused");
                self.endpoint.reject_referral(now, id, &refusal);
            }
        }
    }

    /// It was refused. Whoever sends many of them fills no screen.
    pub(super) fn handle_referred_outside(&mut self, now: Now, sender: &NameAddr, to: Option<&NameAddr>) {
        self.count("transfers_refused");
        let told = self.calls.transfers.outside_told;
        if told.is_some_and(|told| now.mono - told < OUTSIDE_AGAIN) {
            return;
        }
        self.calls.transfers.outside_told = Some(now.mono);
        let notice = referred_outside(sender, to);
        self.audit_notice(now, &notice);
        self.event(Event::Notice(notice));
    }

    /// Tags prove nothing where signalling can be read: what comes from elsewhere waits for our user, as a stranger's does; and a telephone's, of which
    /// nothing proves whose it is.
    fn judge_referral(&mut self, session: SessionId, from_peer: bool, to: &Uri) -> Result<Referral, Refusal> {
        let calling = self.calls.by_session(session);
        let calling = calling.filter(|calling| calling.is_open() && calling.call.state == CallState::Active);
        let calling = calling.ok_or_else(|| Refusal::new(481, "Call/Transaction Does Not Exist"))?;
        if calling.is_tunnel() {
            return Err(Refusal::new(403, "Forbidden"));
        }
        let (by, known) = (calling.call.id, calling.call.known && from_peer && !calling.is_telephone());
        if self.config.answer == AnswerMode::Reject {
            return Err(Refusal::new(603, "Decline"));
        }
        let (target, replaces) = self.read_refer_to(to, known)?;
        if self.calls.transfers.wanted_by(by) > 0 {
            return Err(Refusal::new(500, "The referral before is not decided yet").with("Retry-After", "10"));
        }
        let crowd = !known && self.calls.strangers_fill(self.most_strangers());
        if self.stopping.is_some() || crowd || self.calls.open_count() >= self.most_calls() {
            return Err(Refusal::new(486, "Busy Here"));
        }
        Ok(Referral { by, known, target, replaces })
    }

    /// Of the URI only who is meant, and what is to be replaced: other headers in it would be the peer's words in our mouth (RFC
    /// 3261 section 19.1.5).
    fn read_refer_to(&self, to: &Uri, known: bool) -> Result<(Target, Option<Replaces>), Refusal> {
        if !matches!(to.scheme(), Scheme::Sip | Scheme::Sips) {
            return Err(Refusal::new(416, "Unsupported URI Scheme"));
        }
        if to.param("method").is_some_and(|method| method != "INVITE") {
            return Err(Refusal::new(403, "Only calls are placed for others"));
        }
        if to.host().is_none_or(nowhere) {
            return Err(Refusal::new(403, "Refer-To names no peer"));
        }
        let replaces = to.header_unescaped("Replaces").map(|value| Replaces::read(&value)).transpose();
        let replaces = replaces.map_err(|_| Refusal::new(400, "Replaces in Refer-To is unreadable"))?;
        let target = Target::parse(&self.meant_by(to)).map_err(|_| Refusal::new(400, "Refer-To names nobody"))?;
        // A stranger would hear which names of accounts are ours. Before our user's call goes out this is looked at again.
        match known && self.refuse_ourselves(&target).is_err() || self.is_own_place(&target) {
            false => Ok((target, replaces)),
            true => Err(Refusal::new(403, "Refer-To names this agent")),
        }
    }

    /// The contact of a device that our user approved means that peer; anything else is what it says.
    fn meant_by(&self, to: &Uri) -> String {
        let mut bare = to.clone();
        bare.remove_headers();
        let names = |contact: &str| Uri::parse(contact).is_ok_and(|contact| contact.is_equivalent(&bare));
        let contact = |pin: &&crate::agent::Pin| {
            let record = self.book.presence(&pin.entity, &pin.device);
            record.is_some_and(|record| names(record.contact.raw()))
        };
        if let Some(pin) = self.book.pins().find(contact).filter(|_| !bare.is_sips()) {
            return pin.entity.to_string();
        }
        // By TLS on every hop, or not at all.
        let scheme = if bare.is_sips() { "sips" } else { "sip" };
        let host = bare.host().map(ToString::to_string).unwrap_or_default();
        let user = bare.user().map(|user| format!("{user}@")).unwrap_or_default();
        let port = bare.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}:{user}{host}{port}")
    }

    fn take_referral(&mut self, now: Now, referral: ReferralId, what: Referral, said_by: Option<NameAddr>) {
        let Referral { by, known, target, replaces } = what;
        self.endpoint.accept_referral(now, referral);
        self.count("transfers_taken");
        let shown = escape(target.entity.as_str());
        let id = self.new_call(now, Side::Caller, shown.clone(), CallState::Wanted);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.target = Some(target.clone());
            calling.until = Some(now.mono + RINGING);
            calling.call.wanted_by = Some(by);
        }
        if let Some(calling) = self.calls.all.get_mut(&by) {
            calling.call.wants = Some(id);
            self.event(Event::CallChanged(by));
        }
        let peer = self.peer_name(by);
        // Without what would prove it, which was for us.
        let said_by = said_by.map(|by| NameAddr::new(by.uri));
        let referred_by = said_by.or_else(|| Uri::parse(&peer).ok().map(NameAddr::new));
        let wanted = Wanted { referral, by, known, told: 100, replaces, referred_by };
        self.calls.transfers.wanted.insert(id, wanted);
        let detail = format!("wants us to call {shown} in place of call {by}: call {id}");
        match known {
            true => self.audit(now, "transfer", &peer, &detail),
            false => self.audit_stranger(now, "transfer", &peer, &detail),
        }
        self.event(Event::CallChanged(id));
        let approved = known && matches!(self.approved_device(&target, now, Intent::default()), Ok(Some(_)));
        if approved {
            let _ = self.place_wanted(now, id);
        }
    }

    /// It waits for our user to say whether it is to be placed.
    pub(in crate::agent) fn is_wanted(&self, id: CallId) -> bool {
        self.calls.all.get(&id).is_some_and(|calling| calling.is_open() && calling.call.state == CallState::Wanted)
    }

    /// Journey one and two, as if our user had typed it.
    pub(in crate::agent) fn place_wanted(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let target = self.calls.all.get(&id).filter(|_| self.is_wanted(id)).and_then(|calling| calling.target.clone());
        let target = target.ok_or_else(|| no_call(Some(id)))?;
        let approved = self.approved_device(&target, now, Intent::default())?;
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.until = None;
            calling.call.state = CallState::Asking;
        }
        match approved {
            Some(pin) => self.dial(now, id, &pin),
            None if self.is_for_telephone(now, &target) => self.dial_telephone(now, id, &target),
            None => {
                let request = CallRequest {
                    peer: target.typed(),
                    answer: None,
                    accept_key: None,
                    intent: Intent::default(),
                    source: None,
                    sink: None,
                    duration: None,
                    account: target.account.clone(),
                };
                if let Err(failure) = self.ask_first(now, id, request) {
                    self.forget_wanted(id);
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    /// It could not even be begun, and is no call any more.
    fn forget_wanted(&mut self, id: CallId) {
        let by = self.calls.transfers.wanted.get(&id).map(|wanted| wanted.by);
        if let Some(calling) = by.and_then(|by| self.calls.all.get_mut(&by)) {
            calling.call.wants = None;
        }
    }

    pub(in crate::agent) fn refuse_wanted(&mut self, now: Now, id: CallId) {
        self.end_call(now, id, CallState::Ended { reason: "you refused it".into() });
    }
}

fn referred_outside(sender: &NameAddr, to: Option<&NameAddr>) -> Failure {
    let sender = escape(&sender.uri.to_string());
    let whom = to.map_or_else(|| "somebody".to_owned(), |to| escape(&to.uri.to_string()));
    let message =
        format!("{sender} (as it says) wants you to call {whom}, though no call with it stands; it was refused");
    let next = "if you want that, call there yourself; only the peer of a call can transfer it";
    Failure::new(FailureKind::RefusedByPolicy, "referred-outside", message, sender, next)
}

/// Where no peer can be: everybody, nobody, or this machine by a name that each machine has.
fn nowhere(host: &Host) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast(),
        Host::Ipv6(ip) => ip.is_unspecified() || ip.is_multicast(),
        Host::Name(name) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
    }
}
