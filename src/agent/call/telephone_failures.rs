//! Why calls with ordinary telephones fail, and what to do.

use crate::vocab::{escape, Failure, FailureKind};

/// The keys would be read by whoever sees the message.
pub(super) fn needs_tls(peer: &str) -> Failure {
    let message = format!(
        "your policy demands srtp with {peer}, and its keys stand in the call's messages (SDES), which would not go by TLS"
    );
    refused("sdes-needs-tls", message, peer, "name it by sips:, or give the account a proxy tls:HOST; or allow it with sdes-without-tls = true in [srtp]: whoever sees the messages can listen then")
}

pub(super) fn no_keys(peer: &str) -> Failure {
    let message =
        format!("{peer} took the call without srtp, which your policy demands; it was ended, and nothing was sent");
    refused("no-protection", message, peer, WITHOUT)
}

/// Those of an answer fit none of the offer.
pub(super) fn keys_unusable(peer: &str) -> Failure {
    let message = format!(
        "{peer} took the call with srtp keys that fit none that were offered; it was ended, and nothing was sent"
    );
    refused("answer-unusable", message, peer, "the telephone, or a proxy on the way, is at fault: tell who runs it")
}

/// It answered so: `said` as 488 Not Acceptable Here.
pub(super) fn not_with_keys(peer: &str, said: &str) -> Failure {
    let message = format!("{peer} does not take a call with srtp as your policy demands it: it answered {said}");
    refused("no-protection", message, peer, WITHOUT)
}

/// The same, where nothing but a call in clear was offered.
pub(super) fn not_in_clear(peer: &str, said: &str) -> Failure {
    let message =
        format!("{peer} does not take a call in clear, which is all that your policy offers it: it answered {said}");
    refused("no-protection", message, peer, "it may demand srtp: write an entry for it with srtp/transport//require (or //use), as `sottovoce policy add 'ipsec srtp/transport//require' --entity NAME`, and call again; or there is no codec in common")
}

pub(super) fn called_without(caller: &str, offered_keys: bool) -> Failure {
    let (why, next) = match offered_keys {
        true => ("its srtp keys (SDES) did not come by TLS", "let that telephone, or your proxy, call by TLS; or allow it with sdes-without-tls = true in [srtp]: whoever sees the messages can listen then"),
        false => ("it offered none of the srtp that your policy demands", WITHOUT),
    };
    refused("no-protection", format!("{} called and was refused: {why}", escape(caller)), caller, next)
}

const WITHOUT: &str = "switch SRTP with SDES keys on there (baresip: mediaenc=srtp or srtp-mand), or write an entry for it with srtp/transport//use or none: then others can listen";

fn refused(code: &'static str, message: String, peer: &str, next: &str) -> Failure {
    Failure::new(FailureKind::RefusedByPolicy, code, message, escape(peer), next)
}
