//! Why asking came to nothing, in words for the user.

use super::ask::MAX_OPEN;
use super::target::Target;
use super::Agent;
use crate::sip::EndCause;
use crate::vocab::{escape, shell_word, AskId, Failure, FailureKind};

pub(super) fn ended(target: &str, cause: EndCause) -> Failure {
    let unreachable =
        |code, message: String, next: &str| Failure::new(FailureKind::Unreachable, code, message, target, next);
    match cause {
        EndCause::TimedOut => unreachable(
            "peer-silent",
            format!("{target} did not answer"),
            &format!("check the address and that the peer's agent runs, then ask again; {}", as_telephone(target)),
        ),
        EndCause::Transport { why } => unreachable(
            "peer-unreachable",
            format!("{target} cannot be reached: {}", escape(&why)),
            "check the address and the network, then ask again",
        ),
        EndCause::Rejected { status, reason, .. } | EndCause::Redirected { status, reason, .. } => {
            rejected(target, status, &reason)
        }
        EndCause::Unproven { status, why } => Failure::new(
            FailureKind::RefusedByPolicy,
            "not-authenticated",
            format!("the way to {target} asks who you are ({status}): {}", escape(&why)),
            target,
            "see `sottovoce account list`; the user, password and realm of that account must be those that its server asks for",
        ),
        EndCause::Terminated { reason, .. } => {
            let why = reason.map(|reason| format!(" ({})", escape(&reason))).unwrap_or_default();
            Failure::new(
                FailureKind::RefusedByUser,
                "answer-withheld",
                format!("{target} ended the asking without an answer{why}"),
                target,
                "its user is asked there: ask again once he has answered, or let `sottovoce presence watch` wait for it",
            )
        }
        EndCause::InClear { why } => Failure::new(
            FailureKind::RefusedByPolicy,
            "not-by-tls",
            format!("the way to {target} would not go by TLS: {why}"),
            target,
            "ask by sip:",
        ),
        EndCause::Full => {
            unreachable("too-busy", format!("too much is under way to ask {target}"), "try again in a moment")
        }
        EndCause::Unsubscribed => unreachable("cancelled", format!("asking {target} was cancelled"), "ask again"),
    }
}

fn rejected(target: &str, status: u16, reason: &str) -> Failure {
    let reason = escape(reason);
    let mut message = format!("{target} answered {status} {reason}");
    if (300..400).contains(&status) {
        message.push_str(", so it is elsewhere, and it is not followed there");
    }
    let (kind, code, next) = match status {
        300..=399 => (
            FailureKind::Unreachable,
            "not-followed",
            "ask its user how it is reached now; `sottovoce ask` follows where that is safe",
        ),
        // 481 of belle-sip: it knows no SUBSCRIBE that only fetches.
        405 | 481 | 489 | 501 => {
            let message =
                format!("{message}: it knows no presence, so it cannot say what policy it wants, or prove who it is");
            return Failure::new(FailureKind::Failed, "no-presence", message, target, as_telephone(target));
        }
        // RFC 3261 section 21.6: whoever says so speaks for its user, wherever that is.
        600..=603 | 606 => (FailureKind::RefusedByUser, "asking-declined", REFUSED),
        503 => (FailureKind::Unreachable, "peer-unreachable", "ask again later"),
        _ => return rejected_as_telephones_do(target, status, message),
    };
    Failure::new(kind, code, message, target, next)
}

/// So do peers of our own kind, and ordinary telephones and the proxies before them, each in its own way.
fn rejected_as_telephones_do(target: &str, status: u16, message: String) -> Failure {
    let or_telephone = |next: &str| format!("{next}; {}", as_telephone(target));
    let (kind, code, next) = match status {
        403 => (FailureKind::RefusedByUser, "asking-refused", or_telephone(REFUSED)),
        404 | 410 | 480 | 604 => (FailureKind::Unreachable, "no-such-peer", not_there(target)),
        // Of a proxy, to which nobody answered in its turn.
        408 | 504 => {
            (FailureKind::Unreachable, "none-answered", or_telephone("nobody there answered in time: ask again later"))
        }
        _ => (FailureKind::Failed, "asking-failed", or_telephone("the log of whoever answered so may tell why")),
    };
    Failure::new(kind, code, message, target, next)
}

const REFUSED: &str = "talk to its user: it may answer only those whom it approved, or your clocks differ by minutes";

/// Ordinary telephones say so too, above all where no user of theirs is named.
fn not_there(target: &str) -> String {
    match target.contains('@') {
        true => format!("check the name, or ask by the address alone to see who is there; {}", as_telephone(target)),
        false => format!("{NAME_ITS_USER}, then ask again"),
    }
}

/// An entry for the address alone would not help: the call would be answered in the same way.
pub(super) const NAME_ITS_USER: &str = "name its user as well (`sip:USER@HOST`)";

/// What a proxy may have against us.
pub(super) const OTHER_NAME: &str =
    "the account that `sottovoce account list` shows may have no right to reach it, or be another one than its user approved; \
     `--account` chooses another";

/// Between us and the peer stands the proxy, and it may be that which is silent.
pub(super) fn by_proxy(failure: Failure) -> Failure {
    let telephone = as_telephone(&failure.subject);
    let or = if failure.next.ends_with(&telephone) { format!("; {telephone}") } else { String::new() };
    match (failure.kind, failure.code) {
        (_, "asking-refused" | "asking-declined") => Failure {
            kind: FailureKind::Failed,
            next: format!("the peer refused, or your account's proxy: {OTHER_NAME}{or}"),
            ..failure
        },
        // The proxy is there: it has answered.
        (_, "no-such-peer" | "none-answered") => failure,
        (FailureKind::Unreachable, _) => {
            let next = format!(
                "it goes by your account's proxy: `sottovoce account list` tells whether that is there; then ask again{or}"
            );
            Failure { next, ..failure }
        }
        _ => failure,
    }
}

impl Agent {
    /// Of whom keys are approved is never called as a telephone: whoever is there in its place must not be, either.
    pub(super) fn in_its_place(&self, target: &Target, failure: Failure) -> Failure {
        match self.has_approved_keys(target) {
            true => of_approved(failure),
            false => failure,
        }
    }

    /// The same of one who said before that it knows presence.
    pub(super) fn of_itself(&self, target: &Target, failure: Failure) -> Failure {
        match self.has_approved_keys(target) {
            true => without_telephone(failure),
            false => failure,
        }
    }
}

fn of_approved(failure: Failure) -> Failure {
    if !matches!(failure.code, "no-presence" | "unsigned") {
        return without_telephone(failure);
    }
    Failure {
        kind: FailureKind::Trust,
        code: "not-itself",
        message: format!("{}; but keys of {} are approved", failure.message, failure.subject),
        next: "nothing has changed: its own agent may be away, and another program, or somebody, be there in its place; ask again later, and ask its \
               user, on another way, what runs there"
            .into(),
        ..failure
    }
}

fn without_telephone(failure: Failure) -> Failure {
    let alone = failure.next.strip_suffix(&as_telephone(&failure.subject));
    let next = alone.map_or(failure.next.as_str(), |next| next.trim_end_matches("; ")).to_owned();
    Failure { next, ..failure }
}

/// Or it is not for us to see: a server need not say which.
pub(super) fn nothing_published(target: &str) -> Failure {
    Failure::new(
        FailureKind::Unreachable,
        "nothing-published",
        format!("the presence server has nothing of {target} for you"),
        target,
        format!("none of its devices is there, or it does not publish: ask later; {}", as_telephone(target)),
    )
}

/// What our user can do where nobody has a statement to give.
pub(super) fn as_telephone(target: &str) -> String {
    let name = shell_word(target);
    format!(
        "an ordinary telephone can have srtp, where proxies, or whoever changes the call's messages, may listen: allow no less by \
         `sottovoce policy add 'ipsec srtp/transport//require' --entity {name}`, less by //use in place of //require, or a call in clear, \
         which everybody on the way hears, by `sottovoce policy add none --entity {name}`; then call it"
    )
}

pub(super) fn nothing_wanted(peer: &str) -> Failure {
    let next = "ask with --presence, --policy or both";
    Failure::new(FailureKind::Usage, "nothing-asked", "neither presence nor policy is asked for", escape(peer), next)
}

pub(super) fn too_many(peer: &str) -> Failure {
    let message = format!("{MAX_OPEN} asks are open already");
    Failure::new(FailureKind::Failed, "too-many-asks", message, escape(peer), "answer or cancel some of them first")
}

pub(super) fn no_address(host: &str) -> Failure {
    let host = escape(host);
    let message = format!("{host} has no address");
    Failure::new(FailureKind::Unreachable, "no-address", message, host, "check the name, or ask by IP address")
}

/// What to do when a peer that was named by `sips:` is not reached.
pub(super) const LISTEN_FOR_TLS: &str = "the peer's agent has to listen for TLS ([sip] listen, with a certificate in [tls]); or name it by sip:, which the policy protects as well";

/// It was asked by `sips:`, and by nothing else.
pub(super) fn by_tls(failure: Failure) -> Failure {
    match failure.code {
        "peer-unreachable" => Failure { next: LISTEN_FOR_TLS.to_owned(), ..failure },
        _ => failure,
    }
}

pub(super) fn clear_proxy(target: &Target) -> Failure {
    let message = format!("the proxy of {} is not reached by TLS, and sips: goes by nothing else", target.entity);
    let next =
        "give its account the proxy tls:HOST (in its [[account]], or with --proxy when it is added), or name the peer by sip:";
    Failure::new(FailureKind::RefusedByPolicy, "not-by-tls", message, target.entity.as_str(), next)
}

pub(super) fn no_such_ask(id: AskId) -> Failure {
    let message = format!("there is no open ask {id}");
    Failure::new(
        FailureKind::Usage,
        "no-such-ask",
        message,
        id.to_string(),
        "see `sottovoce status` for those that are open",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody has to know beforehand that a telephone answers no question of presence, and in which words it says so.
    #[test]
    fn what_may_be_an_ordinary_telephone_comes_with_what_one_needs() {
        let rejected = |status| EndCause::Rejected { status, reason: "Not Found".into(), retry_after: None };
        let statuses = [400, 403, 404, 405, 408, 480, 481, 488, 489, 500, 501, 504];
        for cause in statuses.map(rejected).into_iter().chain([EndCause::TimedOut]) {
            for failure in [ended("sip:tel@h", cause.clone()), by_proxy(ended("sip:tel@h", cause))] {
                assert!(failure.next.contains("`sottovoce policy add none --entity "), "{failure:?}");
            }
        }
        for cause in [503, 600, 603].map(rejected) {
            for failure in [ended("sip:tel@h", cause.clone()), by_proxy(ended("sip:tel@h", cause))] {
                assert!(!failure.next.contains("policy add"), "{failure:?}");
            }
        }
        let alone = ended("10.0.0.5", rejected(404)).next;
        assert!(alone.contains("name its user as well") && !alone.contains("policy add"), "{alone}");
    }

    #[test]
    fn whose_keys_are_approved_is_offered_no_call_without_them() {
        let rejected = |status| EndCause::Rejected { status, reason: "Bad Event".into(), retry_after: None };
        let causes = [400, 403, 404, 408, 489].map(rejected).into_iter().chain([EndCause::TimedOut]);
        let failures = causes.flat_map(|cause| {
            let failure = ended("sip:bob@h", cause);
            [failure.clone(), by_proxy(failure)]
        });
        for failure in failures.chain([nothing_published("sip:bob@h")]) {
            assert!(failure.next.contains("policy add"), "{failure:?}");
            let told = of_approved(failure);
            assert!(!told.next.contains("policy add") && !told.next.ends_with(' ') && told.next.len() > 20, "{told:?}");
        }
        let told = of_approved(ended("sip:bob@h", rejected(489)));
        assert_eq!((told.code, told.kind), ("not-itself", FailureKind::Trust));
    }
}
