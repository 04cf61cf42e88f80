//! The callee said no: why, and what would succeed.

use std::time::Duration;

use super::failures::gone;
use super::telephone::{REQUIRE, USE};
use super::telephone_failures::{not_in_clear, not_with_keys};
use super::{CallState, KeyState};
use crate::agent::ask_failures::{NAME_ITS_USER, OTHER_NAME};
use crate::agent::book::Standing;
use crate::agent::document::{is_key_alarm, read_document, DocumentExpected, ReadDocument};
use crate::agent::reviews::Opening;
use crate::agent::target::Target;
use crate::agent::{Agent, AskRequest};
use crate::policy::{Bundle, Direction, KeyState as ReviewKeyState, Provenance, ReviewKind, Rule, Wanted};
use crate::presence::PresenceRecord;
use crate::sip::headers::NameAddr;
use crate::sip::{Body, EndCause, Received, RequestIds, SessionId};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now, ReviewId};

/// A final answer that says no.
pub struct Rejection {
    pub from: Received,
    pub status: u16,
    pub reason: String,
    pub warnings: Vec<String>,
    /// Where the peer is, when it is elsewhere.
    pub contacts: Vec<NameAddr>,
    /// When it can be reached again, as it says.
    pub retry_after: Option<Duration>,
    pub body: Option<Body>,
    pub ids: RequestIds,
}

impl Agent {
    pub(super) fn handle_rejected(&mut self, now: Now, session: SessionId, no: Rejection) {
        let Some(id) = self.calls.sessions.remove(&session) else { return };
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.session = None;
        if !calling.is_open() {
            return self.close_media(id, false);
        }
        self.drop_early(id);
        let cause = EndCause::Rejected { status: no.status, reason: no.reason.clone(), retry_after: None };
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.redirects.keep_ids(Some(no.ids.clone()));
        }
        if self.call_elsewhere(now, id, &cause)
            || self.call_redirected(now, id, (no.status, &no.reason), &no.contacts, Some(no.ids.clone()))
        {
            return;
        }
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        // Nobody is waited for there any more.
        calling.until = None;
        if calling.is_telephone() && matches!(no.status, 415 | 488 | 606) {
            if self.offer_dtls_alone(now, id) {
                return;
            }
            return self.refused_by_telephone(now, id, &format!("{} {}", no.status, escape(&no.reason)));
        }
        let document = no.body.as_ref().and_then(|body| body.part(crate::agent::ask::PIDF));
        match document {
            Some(body) if no.status == 488 && !calling.retried => self.review_refusal(now, id, &no, &body),
            None if no.status == 488 && !calling.retried => self.ask_why(now, id, &no),
            _ => {
                let failure = with_retry(refused(&calling.call.peer, &no), no.retry_after);
                let failure = match (calling.login.is_some(), calling.is_telephone()) {
                    (true, _) => by_proxy(failure),
                    (false, true) => by_telephone(failure),
                    (false, false) => failure,
                };
                self.end_call(now, id, CallState::Failed(failure));
            }
        }
    }

    /// Not as it was offered.
    fn refused_by_telephone(&mut self, now: Now, id: CallId, said: &str) {
        let Some(calling) = self.calls.all.get(&id) else { return };
        let peer = &calling.call.peer;
        let with_sdes = calling.hop.is_some_and(|hop| self.may_key_by(hop.transport));
        let failure = match &calling.key {
            KeyState::Telephone(keys) if keys.is_empty() => {
                not_in_clear(peer, said, &self.instead_of_ruling(now, id, REQUIRE))
            }
            _ => {
                let less = with_sdes.then(|| self.instead_of_ruling(now, id, USE));
                not_with_keys(peer, said, less.as_deref())
            }
        };
        self.end_call(now, id, CallState::Failed(failure));
    }

    /// 488 without a statement: perhaps the device cannot even read our offer, because its key is another. Asking tells.
    fn ask_why(&mut self, now: Now, id: CallId, no: &Rejection) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.retried = true;
        let refusal = refused(&calling.call.peer, no);
        let Some((entity, _)) = calling.peer.clone() else { return };
        let target = calling.target.as_ref().filter(|target| target.entity == entity);
        let peer = target.map_or_else(|| entity.to_string(), Target::typed);
        let account = calling.target.as_ref().and_then(|target| target.account.clone());
        let wanted = Wanted::BOTH;
        let (answer, accept_key, intent) = (calling.answer.clone(), calling.accept_key, calling.intent);
        let ask = AskRequest { peer, wanted, answer, accept_key, intent, account };
        match self.begin_ask(now, ask, Some(id)) {
            Ok(ask) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.call.ask = Some(ask);
                }
                self.set_call(id, CallState::Asking);
            }
            Err(_) => self.end_call(now, id, CallState::Failed(refusal)),
        }
    }

    /// 488 with the callee's statement: show exactly what is missing, so that one step mends it.
    fn review_refusal(&mut self, now: Now, id: CallId, no: &Rejection, body: &Body) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.retried = true;
        let answer = calling.answer.clone();
        match self.open_refusal_review(now, id, no, body) {
            Ok(review) => match answer {
                Some(answer) => {
                    let answer = self.never_looser(review, answer);
                    if let Err(failure) = self.answer_review(now, review, answer, "command") {
                        self.end_call(now, id, CallState::Failed(failure));
                    }
                }
                None => self.call_waits_for_review(id, review),
            },
            Err(failure) => {
                if is_key_alarm(&failure) {
                    self.audit(now, "key-changed", &failure.subject, &failure.message);
                }
                self.end_call(now, id, CallState::Failed(failure));
            }
        }
    }

    fn open_refusal_review(&mut self, now: Now, id: CallId, no: &Rejection, body: &Body) -> Result<ReviewId, Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let peer = calling.peer.clone().ok_or_else(|| gone(id))?;
        let ours = calling.name.clone();
        let intent = calling.intent;
        let names = self.names();
        let expected = DocumentExpected {
            target: None,
            nonce: None,
            entities: &names,
            device: &self.config.device,
            published: false,
            accept_key: None,
        };
        let ReadDocument { signed, standing, .. } = read_document(&self.book, &expected, &body.bytes, now.wall)?;
        let statement = signed.statement;
        if (&statement.entity, &statement.device) != (&peer.0, &peer.1) || !matches!(standing, Standing::Pinned { .. })
        {
            return Err(another_statement(&calling.call.peer));
        }
        self.audit_statement(now, &statement);
        let missing = self.missing(now, &statement);
        let previous = self.book.presence(&statement.entity, &statement.device);
        let observed = Some(no.from.remote.ip());
        let mut record = PresenceRecord::from_statement(&statement, observed, previous);
        if let (None, Some(previous)) = (&statement.person, previous) {
            record.user.clone_from(&previous.user);
            record.place.clone_from(&previous.place);
        }
        let verified = standing == Standing::Pinned { verified: true };
        let opening = Opening {
            kind: ReviewKind::Statement,
            ours,
            wanted_presence: statement.person.is_some(),
            intent,
            key_state: if verified { ReviewKeyState::Verified } else { ReviewKeyState::Pinned },
            statement,
            provenance: Provenance { observed, received: now.wall },
            record,
            ask: None,
            call: Some(id),
            missing,
            said: None,
            note: None,
            proposal: None,
        };
        self.open_review(now, opening)
    }

    /// The rules of the peer's statement that our entries lack, in both directions.
    fn missing(&self, now: Now, statement: &crate::policy::Statement) -> Vec<Rule> {
        let (out, inbound) = self.entries_towards(now, &statement.entity, &statement.device, None);
        let level = self.config.default_level;
        let mut missing: Vec<Rule> = Vec::new();
        for policy in &statement.policies {
            let ours = if policy.direction == Direction::Out { &out } else { &inbound };
            for rule in Bundle::of(&ours.action).missing_for(&policy.action, level) {
                let rule = rule.as_sent(policy.direction);
                if !missing.contains(&rule) {
                    missing.push(rule);
                }
            }
        }
        missing
    }
}

fn refused(peer: &str, no: &Rejection) -> Failure {
    let why: Vec<String> = no.warnings.iter().map(|warning| escape(warning)).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    let said = format!("{} {}{why}", no.status, escape(&no.reason));
    if no.status == 480 {
        return super::failures::nobody_answered(peer, &format!(" ({said})"));
    }
    let message = format!("{peer} answered {said}");
    let (kind, code, next) = match no.status {
        420 => (
            FailureKind::RefusedByPolicy,
            "no-protection",
            "the peer's phone cannot protect packets as your policy demands; another entry for it would have to allow that",
        ),
        488 | 606 => (
            FailureKind::RefusedByPolicy,
            "refused-by-peer-policy",
            "ask the peer for its policy (`sottovoce ask`), approve what it needs, and call again",
        ),
        401 | 407 => (
            FailureKind::RefusedByPolicy,
            "not-authenticated",
            "see `sottovoce account list`; the user, realm and password of that account go with its proxy",
        ),
        403 => (FailureKind::Trust, "caller-refused", "the peer does not accept who you are; compare keys with its user"),
        486 | 600 => (FailureKind::RefusedByUser, "busy", "the peer is busy; call later"),
        487 | 603 => (FailureKind::RefusedByUser, "declined", "the peer did not want the call; try later"),
        404 | 410 | 604 if !peer.contains('@') => (FailureKind::Unreachable, "no-such-peer", NAME_ITS_USER),
        404 | 410 | 604 => (FailureKind::Unreachable, "no-such-peer", "check the name, or ask the peer anew"),
        482 | 483 => (FailureKind::Unreachable, "call-in-a-circle", "proxies send the call round: tell who runs them"),
        // An endpoint should never see it, and takes it for 400 (RFC 5626 section 11.5).
        430 => (FailureKind::Unreachable, "peer-unreachable", "the peer's server has lost the way to it; try again in a minute"),
        408 | 503 | 504 => (FailureKind::Unreachable, "peer-unreachable", "try again later"),
        _ => (FailureKind::Failed, "call-refused", "see the peer's log for why"),
    };
    Failure::new(kind, code, message, peer, next)
}

/// The peer's word on when: a telephone in quiet hours says their end.
fn with_retry(failure: Failure, after: Option<Duration>) -> Failure {
    match after.map(|after| after.as_secs()) {
        None => failure,
        Some(seconds) => {
            let when = match seconds {
                0..120 => format!("{seconds} s"),
                120..7_200 => format!("{} minutes", seconds.div_ceil(60)),
                _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
            };
            Failure { next: format!("{}; it says that it can be reached again in {when}", failure.next), ..failure }
        }
    }
}

/// It may be the proxy that refused: no reason for alarm.
fn by_proxy(failure: Failure) -> Failure {
    match failure.code {
        "caller-refused" => Failure {
            kind: FailureKind::Failed,
            next: format!("the peer does not accept who you are, or your account's proxy does not: {OTHER_NAME}"),
            ..failure
        },
        _ => failure,
    }
}

/// There are no keys with it that could be compared.
fn by_telephone(failure: Failure) -> Failure {
    match failure.code {
        "caller-refused" => Failure {
            kind: FailureKind::RefusedByUser,
            next: "it takes no calls of yours: ask its user, on another way, to let you in there".into(),
            ..failure
        },
        _ => failure,
    }
}

fn another_statement(peer: &str) -> Failure {
    let message = format!("{peer} refused with a statement that is not its own");
    Failure::new(FailureKind::Trust, "another-statement", message, peer, "ask the peer anew and compare fingerprints")
}
