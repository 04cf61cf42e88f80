//! Comparison of URIs (RFC 3261 section 19.1.4).

use super::escape::normal;
use super::{Address, Uri};

pub(super) fn equivalent(a: &Uri, b: &Uri) -> bool {
    if a.scheme != b.scheme {
        return false;
    }
    match (a.address(), b.address()) {
        (Some(a), Some(b)) => addresses(a, b),
        _ => a.rest() == b.rest(),
    }
}

fn addresses(a: &Address, b: &Address) -> bool {
    let part = |text: &Option<String>| text.as_deref().map(normal);
    part(&a.user) == part(&b.user)
        && part(&a.password) == part(&b.password)
        && a.host == b.host
        && a.port == b.port
        && params(a, b)
        && headers(a) == headers(b)
}

/// A parameter that both have must match; those that change where a request goes or what it is
/// must be in both or in neither; others are ignored when only one has them.
fn params(a: &Address, b: &Address) -> bool {
    const NEVER_IGNORED: [&str; 5] = ["maddr", "method", "transport", "ttl", "user"];
    let one_sided = NEVER_IGNORED.iter().any(|name| a.params.has(name) != b.params.has(name));
    let contradicted =
        a.params.iter().any(|(name, value)| b.params.has(name) && fold(b.params.value(name)) != fold(value));
    !one_sided && !contradicted
}

fn fold(value: Option<&str>) -> Option<String> {
    value.map(|value| normal(value).to_ascii_lowercase())
}

/// Headers are never ignored, and their order does not matter.
fn headers(address: &Address) -> Vec<(String, String)> {
    let folded = |(name, value): &(String, String)| (normal(name).to_ascii_lowercase(), normal(value));
    let mut all: Vec<_> = address.headers.iter().map(folded).collect();
    all.sort();
    all
}
