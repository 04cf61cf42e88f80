//! Why an account is not registered, in the words that its user sees.

use super::account::Accounting;
use super::Account;
use crate::sip::{Candidate, EndCause};
use crate::vocab::{escape, shell_word, Entity, Failure, FailureKind};

/// `beside`: by another way than this it is.
pub(super) fn not_registered(entity: &Entity, proxy: &str, cause: &EndCause, beside: bool) -> Failure {
    let (code, why) = match cause {
        EndCause::Rejected { status, reason, .. } | EndCause::Redirected { status, reason, .. } => {
            ("registration-rejected", format!("{proxy} answered {status} {}", escape(reason)))
        }
        EndCause::TimedOut => ("registrar-silent", format!("{proxy} did not answer")),
        EndCause::Transport { why } => ("registrar-unreachable", format!("{proxy} cannot be reached: {}", escape(why))),
        _ => ("registration-rejected", format!("{proxy} did not keep it")),
    };
    let what = if beside { "is registered by one of its two ways only" } else { "is not registered" };
    let message = format!("{entity} {what}: {why}");
    let next = match cause {
        EndCause::Rejected { status: 400..500, .. } => {
            "it is tried again by itself; its server does not want this account: check its name, its user and its proxy"
        }
        _ => "it is tried again by itself; check the account's proxy and that its server runs",
    };
    Failure::new(FailureKind::Unreachable, code, message, entity.as_str(), next)
}

pub(super) fn refused(accounting: &Accounting, proxy: &str, why: &str) -> Failure {
    let Accounting { account: Account { entity, added, .. }, config, .. } = accounting;
    let message = format!("{entity} is not registered at {proxy}: {}", escape(why));
    let next = match added {
        true => {
            format!(
                "`sottovoce account remove {}`, then `{}` with the right user, password and realm",
                shell_word(entity.as_str()),
                config.adding()
            )
        }
        false => "correct `user`, the password and `realm` of this [[account]], then start the agent again".to_owned(),
    };
    Failure::new(FailureKind::RefusedByPolicy, "registration-refused", message, entity.as_str(), next)
}

/// Who is there wants the password, which is not for whoever a registrar names.
pub(super) fn sent_away(account: &Account, there: Candidate) -> Failure {
    let (entity, proxy) = (&account.entity, &account.proxy);
    let message = format!(
        "{entity} is not registered: {proxy} sends it on to {there}, which wants its password, and is no host of its domain"
    );
    let next = match account.added {
        true => format!(
            "if its provider says so too, `sottovoce account remove {}`, then add it with that as --proxy",
            shell_word(entity.as_str())
        ),
        false => "if its provider says so too, make that the `proxy` of this [[account]], then start the agent again"
            .to_owned(),
    };
    Failure::new(FailureKind::RefusedByPolicy, "registration-sent-away", message, entity.as_str(), next)
}

pub(super) fn not_found_yet(account: &Account) -> Failure {
    let message = format!("the proxy {} of {} is not found yet", account.proxy, account.entity);
    let next = "see `sottovoce account list`; ask again when it is found";
    Failure::new(FailureKind::Unreachable, "no-proxy", message, account.entity.as_str(), next)
}

/// DNS knows nothing of its proxy, or is not there itself.
pub(super) fn not_found(entity: &Entity, failure: Failure) -> Failure {
    Failure {
        message: format!("{entity} is not registered: {}", failure.message),
        subject: entity.to_string(),
        next: "it is looked for again by itself; check the account's proxy, or its domain, and your name server"
            .to_owned(),
        ..failure
    }
}

pub(super) fn no_proxy(entity: &Entity) -> Failure {
    let message = format!("the proxy of {entity} has no address that can be reached from here");
    Failure::new(FailureKind::Unreachable, "no-proxy", message, entity.as_str(), "check the account's proxy")
}
