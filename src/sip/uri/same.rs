//! Comparison of URIs (RFC 3261 section 19.1.4).

use super::escape::normal;
use super::Uri;
use crate::sip::params::Params;

pub(super) fn equivalent(a: &Uri, b: &Uri) -> bool {
    if a.scheme() != b.scheme() {
        return false;
    }
    match (a.address(), b.address()) {
        (Some(_), Some(_)) => addresses(a, b),
        _ => a.rest() == b.rest(),
    }
}

fn addresses(a: &Uri, b: &Uri) -> bool {
    let same = |a: Option<&str>, b: Option<&str>| a.map(normal) == b.map(normal);
    same(a.user(), b.user())
        && same(a.password(), b.password())
        && a.host() == b.host()
        && a.port() == b.port()
        && params(&a.params(), &b.params())
        && headers(a) == headers(b)
}

/// A parameter that both have must match; those that change where a request goes or what it is
/// must be in both or in neither; others are ignored when only one has them.
fn params(a: &Params, b: &Params) -> bool {
    const NEVER_IGNORED: [&str; 5] = ["maddr", "method", "transport", "ttl", "user"];
    let one_sided = NEVER_IGNORED.iter().any(|name| a.has(name) != b.has(name));
    let contradicted = a.iter().any(|(name, value)| b.has(name) && fold(b.value(name)) != fold(value));
    !one_sided && !contradicted
}

fn fold(value: Option<&str>) -> Option<String> {
    value.map(|value| normal(value).to_ascii_lowercase())
}

/// Headers are never ignored, and their order does not matter.
fn headers(uri: &Uri) -> Vec<(String, String)> {
    let folded = |(name, value): (&str, &str)| (normal(name).to_ascii_lowercase(), normal(value));
    let mut all: Vec<_> = uri.headers().map(folded).collect();
    all.sort();
    all
}
