//! Why calls with ordinary telephones fail, and what to do.

use super::sdes::NoKeys;
use crate::dtls::DtlsError;
use crate::policy::{Entry, Rule};
use crate::vocab::{escape, shell_word, Entity, EntryId, Failure, FailureKind};

/// The keys would be read by whoever sees the message.
pub(super) fn needs_tls(peer: &str) -> Failure {
    let message = format!(
        "your policy demands srtp with {peer}, and its keys stand in the call's messages (SDES), which would not go by TLS"
    );
    refused("sdes-needs-tls", message, peer, "name it by sips:, or give the account a proxy tls:HOST; or allow it with sdes-without-tls = true in [srtp]: whoever sees the messages can listen then")
}

pub(super) fn no_keys(peer: &str, less: &str) -> Failure {
    let message =
        format!("{peer} took the call without srtp, which your policy demands; it was ended, and nothing was sent");
    refused("no-protection", message, peer, &without(less))
}

/// Those of an answer fit none of the offer.
pub(super) fn keys_unusable(peer: &str) -> Failure {
    let message = format!(
        "{peer} took the call with srtp keys that fit none that were offered; it was ended, and nothing was sent"
    );
    refused("answer-unusable", message, peer, "the telephone, or a proxy on the way, is at fault: tell who runs it")
}

/// It answered so: `said` as 488 Not Acceptable Here. `less`: where keys by SDES were offered too, the command that would allow a call without any.
pub(super) fn not_with_keys(peer: &str, said: &str, less: Option<&str>) -> Failure {
    let message = format!("{peer} does not take a call with srtp as your policy demands it: it answered {said}");
    let next = less.map_or_else(|| DTLS_ALONE.to_owned(), without);
    refused("no-protection", message, peer, &format!("{next}; or there is no codec in common"))
}

/// The same, where nothing but a call in clear was offered. `more`: the command that would offer keys.
pub(super) fn not_in_clear(peer: &str, said: &str, more: &str) -> Failure {
    let message =
        format!("{peer} does not take a call in clear, which is all that your policy offers it: it answered {said}");
    let next = format!("it may demand srtp: {more} (or //use), and call again; or there is no codec in common");
    refused("no-protection", message, peer, &next)
}

/// The handshake that was to make keys came to nothing.
pub(super) fn unkeyed(peer: &str, why: DtlsError) -> Failure {
    let message =
        format!("no keys were agreed on with {peer} (DTLS-SRTP): {why}; the call was ended, and no sound was sent");
    let next = match why {
        DtlsError::Fingerprint | DtlsError::Proof => "do not trust this line: call over another network; if it stays so, tell who runs that telephone",
        DtlsError::TimedOut => "packets between you may be blocked, or its telephone did not begin: call again, or by SDES with keys = [\"sdes\"] in [srtp]",
        _ => "its telephone may speak another DTLS than 1.2 with ECDHE and AES-GCM: use SDES there, and keys = [\"sdes\"] in [srtp] here",
    };
    refused("dtls-failed", message, peer, next)
}

/// `is_named`: an entry of ours names the caller, and does not count for its call.
pub(super) fn called_without(caller: &str, why: NoKeys, is_named: bool) -> Failure {
    let (why, next) = match why {
        NoKeys::DtlsAlone => ("its srtp has keys by SDES alone, which keys in [srtp] does not have", "switch DTLS-SRTP on there (baresip: mediaenc=dtls_srtp); or allow it with \"sdes\" in keys of [srtp]: whoever carries the messages can listen then"),
        NoKeys::SdesAlone => ("its srtp has keys by DTLS alone, which keys in [srtp] does not have", "allow it with \"dtls\" in keys of [srtp], as it is without that line; or switch SDES on there, by TLS"),
        NoKeys::Handshake => ("its keys by DTLS cannot be: they need a fingerprint by SHA-256 or longer, and a role, which is not passive where it calls by a proxy", "tell who runs that telephone, or use SDES there, by TLS"),
        NoKeys::NotByTls => ("its srtp keys (SDES) did not come by TLS", "let that telephone, or your proxy, call by TLS; or allow it with sdes-without-tls = true in [srtp]: whoever sees the messages can listen then"),
        NoKeys::Suite => ("its srtp has no suite that is known here", "choose AES_CM_128_HMAC_SHA1_80 there, which every telephone with SRTP has"),
        NoKeys::Without => return turned_away(caller, ("no-protection", "it offered none of the srtp that your policy demands"), is_named, &format!("{SWITCH_ON}; or {CALLS_IN_CLEAR}")),
    };
    turned_away(caller, ("no-protection", why), false, next)
}

/// Likewise.
pub(super) fn called_against(caller: &str, missing: &[Rule], is_named: bool) -> Failure {
    let rules: Vec<String> = missing.iter().map(Rule::to_string).collect();
    let lacks = match rules.is_empty() {
        true => "your policy discards its call".to_owned(),
        false => format!("an ordinary telephone has no {}, which your policy demands of it", rules.join(" ")),
    };
    let next = "to let telephones in: `sottovoce policy default 'ipsec srtp/transport//require'` for everybody's calls, or an entry for this one and an \
                account whose proxy brings its calls by TLS (docs/telephones.md)";
    turned_away(caller, ("no-protection", &lacks), is_named, next)
}

/// Its description says nothing that could be joined.
pub(super) fn called_unfit(caller: &str, why: &str) -> Failure {
    let next = "switch on there what it lacks: pcmu and pcma are in every telephone, and codecs in [audio] has them if that line is not written; AES_CM_128_HMAC_SHA1_80 \
                is what every telephone with SRTP has. If it has them, tell who runs it";
    turned_away(caller, ("offer-unusable", &escape(why)), false, next)
}

/// It wants its sound at another place than it calls from.
pub(super) fn called_aimed(caller: &str) -> Failure {
    let next = "switch STUN or ICE on there if it is behind a NAT; or let it call by a proxy at which you have an account (`sottovoce account add`)";
    turned_away(
        caller,
        ("offer-aimed", "it names another address for its sound than it calls from, as anybody could"),
        false,
        next,
    )
}

fn turned_away(caller: &str, (code, why): (&'static str, &str), is_named: bool, next: &str) -> Failure {
    let entry = if is_named { "; an entry names it, and does not count: nothing proves that name" } else { "" };
    refused(code, format!("{} called and was refused: {why}{entry}", escape(caller)), caller, next)
}

/// Entries for a name count for what we call, or a proxy of ours brings by TLS.
const CALLS_IN_CLEAR: &str = "let everybody's calls in with less by `sottovoce policy default 'ipsec srtp/transport//use'` (or none), this one's by an entry for it and an \
                account whose proxy brings its calls by TLS (docs/telephones.md): then others can listen";

const DTLS_ALONE: &str = "keys were offered by DTLS alone, as they are where the messages do not go by TLS, or keys in [srtp] has no \"sdes\": switch DTLS-SRTP on there (baresip: mediaenc=dtls_srtp), or call it by TLS, as sips:, with \"sdes\" in keys";

const SWITCH_ON: &str =
    "switch SRTP on there, by DTLS or with SDES keys (baresip: mediaenc=dtls_srtp, srtp or srtp-mand)";

fn without(less: &str) -> String {
    format!("{SWITCH_ON}; or {less} (or none): then others can listen")
}

/// How other rules come to rule the calls to a telephone: what is added behind the entry that rules them, and names it as well, never would.
pub(super) fn instead(ruling: &Entry, telephone: &Entity, rules: &str) -> String {
    let stays_first = ruling.peer.entity.is_some() || ruling.priority > 0;
    match stays_first && ruling.id != EntryId::default() {
        true => format!("{id} says `{}`: `sottovoce policy edit {id} --with '{rules}'`", ruling.action, id = ruling.id),
        false => format!("`sottovoce policy add '{rules}' --entity {}`", shell_word(telephone.as_str())),
    }
}

fn refused(code: &'static str, message: String, peer: &str, next: &str) -> Failure {
    Failure::new(FailureKind::RefusedByPolicy, code, message, escape(peer), next)
}
