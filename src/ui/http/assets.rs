//! The page's own files, which are part of the program. They are nobody's secret: what they show, they ask for by a session.

use std::io::Write;

use axum::http::{header, HeaderMap};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use flate2::write::GzEncoder;
use flate2::Compression;

/// A path, and what is there.
struct Asset {
    path: &'static str,
    content: &'static [u8],
}

macro_rules! asset {
    ($path:literal) => {
        Asset { path: concat!("/", $path), content: include_bytes!(concat!("../web/", $path)) }
    };
}

const INDEX: &[u8] = include_bytes!("../web/index.html");
const ASSETS: &[Asset] = &[
    asset!("app.js"),
    asset!("core/begin.js"),
    asset!("core/bell.js"),
    asset!("core/door.js"),
    asset!("core/download.js"),
    asset!("core/fetched.js"),
    asset!("core/format.js"),
    asset!("core/guide.js"),
    asset!("core/history.js"),
    asset!("core/known.js"),
    asset!("core/parts.js"),
    asset!("core/policy.js"),
    asset!("core/polled.js"),
    asset!("core/said.js"),
    asset!("core/session.js"),
    asset!("core/settled.js"),
    asset!("core/spd.js"),
    asset!("core/store.js"),
    asset!("core/text.js"),
    asset!("core/waits.js"),
    asset!("core/way.js"),
    asset!("core/words.js"),
    asset!("icon.svg"),
    asset!("parts/asking.js"),
    asset!("parts/callrow.js"),
    asset!("parts/changedkey.js"),
    asset!("parts/copied.js"),
    asset!("parts/done.js"),
    asset!("parts/field.js"),
    asset!("parts/historyrow.js"),
    asset!("parts/icon.js"),
    asset!("parts/more.js"),
    asset!("parts/named.js"),
    asset!("parts/peeracts.js"),
    asset!("parts/policyeditor.js"),
    asset!("parts/policyform.js"),
    asset!("parts/policyrow.js"),
    asset!("parts/presencecard.js"),
    asset!("parts/problem.js"),
    asset!("parts/qr.js"),
    asset!("parts/quality.js"),
    asset!("parts/question.js"),
    asset!("parts/said.js"),
    asset!("parts/search.js"),
    asset!("parts/security.js"),
    asset!("parts/sure.js"),
    asset!("parts/tabs.js"),
    asset!("parts/text.js"),
    asset!("parts/weighed.js"),
    asset!("rooms/call.js"),
    asset!("rooms/call/conference.js"),
    asset!("rooms/call/moved.js"),
    asset!("rooms/call/pad.js"),
    asset!("rooms/call/protection.js"),
    asset!("rooms/call/recording.js"),
    asset!("rooms/call/transfer.js"),
    asset!("rooms/guide.js"),
    asset!("rooms/guide/echo.js"),
    asset!("rooms/guide/line.js"),
    asset!("rooms/guide/offer.js"),
    asset!("rooms/guide/steps.js"),
    asset!("rooms/home.js"),
    asset!("rooms/past.js"),
    asset!("rooms/past/audit.js"),
    asset!("rooms/past/call.js"),
    asset!("rooms/past/calls.js"),
    asset!("rooms/past/compose.js"),
    asset!("rooms/past/messages.js"),
    asset!("rooms/people.js"),
    asset!("rooms/people/contact.js"),
    asset!("rooms/people/contactform.js"),
    asset!("rooms/people/contacts.js"),
    asset!("rooms/people/following.js"),
    asset!("rooms/people/groupform.js"),
    asset!("rooms/people/groups.js"),
    asset!("rooms/people/ownpresence.js"),
    asset!("rooms/people/presence.js"),
    asset!("rooms/people/presences.js"),
    asset!("rooms/people/watcher.js"),
    asset!("rooms/people/watchers.js"),
    asset!("rooms/policies.js"),
    asset!("rooms/policies/add.js"),
    asset!("rooms/policies/change.js"),
    asset!("rooms/policies/changes.js"),
    asset!("rooms/policies/edit.js"),
    asset!("rooms/policies/ends.js"),
    asset!("rooms/policies/entries.js"),
    asset!("rooms/policies/entry.js"),
    asset!("rooms/policies/export.js"),
    asset!("rooms/policies/facts.js"),
    asset!("rooms/policies/files.js"),
    asset!("rooms/policies/filter.js"),
    asset!("rooms/policies/import.js"),
    asset!("rooms/policies/packet.js"),
    asset!("rooms/policies/policy.js"),
    asset!("rooms/policies/standard.js"),
    asset!("rooms/review.js"),
    asset!("rooms/settings.js"),
    asset!("rooms/settings/accountform.js"),
    asset!("rooms/settings/accounts.js"),
    asset!("rooms/settings/agent.js"),
    asset!("rooms/settings/configured.js"),
    asset!("rooms/settings/devices.js"),
    asset!("rooms/settings/doctor.js"),
    asset!("rooms/settings/pins.js"),
    asset!("rooms/settings/places.js"),
    asset!("rooms/settings/quiet.js"),
    asset!("rooms/settings/sound.js"),
    asset!("rooms/settings/telling.js"),
    asset!("rooms/settings/trial.js"),
    asset!("rooms/settings/vouching.js"),
    asset!("rooms/settings/you.js"),
    asset!("style.css"),
    asset!("vendor/fluent.js"),
    asset!("vendor/preact.js"),
    asset!("vendor/qr.js"),
    asset!("words/de.ftl"),
    asset!("words/en.ftl"),
    asset!("words/ja.ftl"),
];

/// The page may run and ask for what comes from here, and nothing else; no page may show it within itself (CSP Level 3; Trusted Types).
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// `/` and what it refers to.
pub fn assets() -> Router {
    let at = |path: &'static str, content: &'static [u8]| {
        get(move |headers: HeaderMap| async move { file(path, content, &headers) })
    };
    let index = Router::new().route("/", at("/index.html", INDEX));
    ASSETS.iter().fold(index, |router, asset| router.route(asset.path, at(asset.path, asset.content)))
}

fn file(path: &str, content: &'static [u8], asked: &HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind(path)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // The next program may have other files.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let encodings = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match encodings.split(',').any(|word| word.trim() == "gzip").then(|| packed(content)).flatten() {
        Some(packed) => ([(header::CONTENT_ENCODING, "gzip")], headers, packed).into_response(),
        None => (headers, content).into_response(),
    }
}

/// By gzip (RFC 1952).
fn packed(content: &[u8]) -> Option<Vec<u8>> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::default());
    packing.write_all(content).ok()?;
    packing.finish().ok()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// All of the page in every language, in octets, as it goes over the wire. The goal is 150,000.
    const MOST: usize = 200_000;

    fn below(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => below(&path, root, found),
                false => drop(found.insert(format!("/{}", path.strip_prefix(root).unwrap().display()))),
            }
        }
    }

    /// A rule that is left open takes whatever follows into its media query, and nothing else shows that.
    #[test]
    fn each_part_of_the_style_sheet_begins_outside_of_every_rule() {
        let mut depth = 0;
        for line in include_str!("../web/style.css").lines() {
            assert!(depth == 0 || !line.starts_with("/*"), "{line}");
            depth += line.matches('{').count();
            depth -= line.matches('}').count();
        }
        assert_eq!(depth, 0);
    }

    #[test]
    fn every_file_of_the_page_is_part_of_the_program_and_the_page_stays_small() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui/web");
        let mut there = BTreeSet::new();
        below(&root, &root, &mut there);
        // The licences of what is not ours.
        there.retain(|path| path != "/index.html" && !path.starts_with("/vendor/LICENSE"));
        let known: BTreeSet<String> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        assert_eq!(known, there);
        let contents = ASSETS.iter().map(|asset| asset.content).chain([INDEX]);
        let octets: usize = contents.map(|content| packed(content).unwrap().len()).sum();
        assert!(octets < MOST, "{octets}");
    }
}
