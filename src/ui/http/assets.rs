//! The page's own files, which are part of the program. They are nobody's secret: what they show, they ask for by a session.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::{header, HeaderMap};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use flate2::read::GzEncoder;
use flate2::Compression;

/// A path, and what is there.
struct Asset {
    path: &'static str,
    content: &'static str,
}

macro_rules! asset {
    ($path:literal) => {
        Asset { path: concat!("/", $path), content: include_str!(concat!("../web/", $path)) }
    };
}

const INDEX: &str = include_str!("../web/index.html");
const ASSETS: &[Asset] = &[
    asset!("app.js"),
    asset!("core/approved.js"),
    asset!("core/begin.js"),
    asset!("core/bell.js"),
    asset!("core/calls.js"),
    asset!("core/door.js"),
    asset!("core/download.js"),
    asset!("core/entrytext.js"),
    asset!("core/fetched.js"),
    asset!("core/file.js"),
    asset!("core/format.js"),
    asset!("core/guide.js"),
    asset!("core/history.js"),
    asset!("core/policy.js"),
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
    asset!("parts/saved.js"),
    asset!("parts/search.js"),
    asset!("parts/security.js"),
    asset!("parts/tabs.js"),
    asset!("parts/text.js"),
    asset!("parts/weighed.js"),
    asset!("rooms/call.js"),
    asset!("rooms/call/conference.js"),
    asset!("rooms/call/moved.js"),
    asset!("rooms/call/pad.js"),
    asset!("rooms/call/protection.js"),
    asset!("rooms/call/recording.js"),
    asset!("rooms/call/tighten.js"),
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
    let at = |path: &'static str, content: &'static str| {
        let sent = Arc::new(Sent { path, content, plain: OnceLock::new(), packed: OnceLock::new() });
        get(move |headers: HeaderMap| async move { file(&sent, &headers) })
    };
    let index = Router::new().route("/", at("/index.html", INDEX)).route(SAID, at(SAID, ENGLISH));
    ASSETS.iter().fold(index, |router, asset| router.route(asset.path, at(asset.path, asset.content)))
}

/// What the agent says, of the English catalogue: a page in another language finds its own sentence by it, and needs no more English.
const SAID: &str = "/words/said.ftl";
const ENGLISH: &str = include_str!("../web/words/en.ftl");

fn said(catalogue: &str) -> String {
    catalogue.lines().filter(|line| line.starts_with("said-")).flat_map(|line| [line, "\n"]).collect()
}

/// A file without what is for its readers alone: comments on lines of their own and, where it means nothing, indentation. Lines stay lines.
fn lean(path: &str, content: &str) -> String {
    let comment = |line: &str| match kind(path) {
        JAVASCRIPT | CSS if line.starts_with("/*") => line.find("*/") == line.len().checked_sub(2),
        JAVASCRIPT => line.starts_with("//"),
        _ => path.ends_with(".ftl") && line.starts_with('#'),
    };
    let indented = !matches!(kind(path), JAVASCRIPT | CSS);
    let lines = content.lines().map(|line| if indented { line } else { line.trim_start() });
    match path.starts_with("/vendor/") {
        true => content.to_owned(),
        false => lines.filter(|line| !comment(line)).flat_map(|line| [line, "\n"]).collect(),
    }
}

/// A file as it is sent. It is made when somebody asks for it first: an agent without a page has no memory for that.
struct Sent {
    path: &'static str,
    content: &'static str,
    plain: OnceLock<Bytes>,
    /// By gzip (RFC 1952).
    packed: OnceLock<Bytes>,
}

impl Sent {
    fn made(&self) -> String {
        match self.path {
            SAID => said(self.content),
            path => lean(path, self.content),
        }
    }

    fn plain(&self) -> &Bytes {
        self.plain.get_or_init(|| self.made().into())
    }

    fn packed(&self) -> &Bytes {
        self.packed.get_or_init(|| packed(self.made().as_bytes()))
    }
}

fn file(sent: &Sent, asked: &HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind(sent.path)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // The next program may have other files.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let encodings = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match encodings.split(',').any(|word| word.trim() == "gzip") {
        true => ([(header::CONTENT_ENCODING, "gzip")], headers, sent.packed().clone()).into_response(),
        false => (headers, sent.plain().clone()).into_response(),
    }
}

/// Read to its end it is whole: a reader that packs has no other failure than its source's, and a slice has none.
fn packed(content: &[u8]) -> Bytes {
    let mut packed = Vec::new();
    let _ = GzEncoder::new(content, Compression::best()).read_to_end(&mut packed);
    packed.into()
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => CSS,
        Some("html") => "text/html; charset=utf-8",
        Some("js") => JAVASCRIPT,
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// All that a page in one language loads, in octets, as it goes over the wire.
    const MOST: usize = 150_000;

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
    fn every_file_of_the_page_is_part_of_the_program_whatever_it_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui/web");
        let mut there = BTreeSet::new();
        below(&root, &root, &mut there);
        // The licences of what is not ours.
        there.retain(|path| path != "/index.html" && !path.starts_with("/vendor/LICENSE"));
        let known: BTreeSet<String> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        assert_eq!(known, there);
    }

    /// What `core/words.js` leaves alone: the other catalogues and, in English, what English is needed for elsewhere.
    fn loads(language: &str, path: &str) -> bool {
        match path.strip_prefix("/words/") {
            Some("said.ftl") => language != "en",
            Some(catalogue) => catalogue.strip_suffix(".ftl") == Some(language),
            None => true,
        }
    }

    #[test]
    fn the_page_is_small_in_each_language() {
        let files = || ASSETS.iter().map(|asset| (asset.path, lean(asset.path, asset.content)));
        let more = || [("/", lean("/index.html", INDEX)), (SAID, said(ENGLISH))];
        for language in ["de", "en", "ja"] {
            let loaded = files().chain(more()).filter(|(path, _)| loads(language, path));
            let octets: usize = loaded.map(|(_, content)| packed(content.as_bytes()).len()).sum();
            println!("{language}: {octets}");
            assert!(octets < MOST, "{language}: {octets}");
        }
    }

    #[test]
    fn what_is_packed_is_whole() {
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&packed(ENGLISH.as_bytes())[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, ENGLISH);
    }

    #[test]
    fn only_comments_and_indentation_are_left_out() {
        assert_eq!(
            lean("/a.js", "// why\n/** what */\nf(\n  1, // one\n  /* two */ 2);\n"),
            "f(\n1, // one\n/* two */ 2);\n"
        );
        assert_eq!(
            lean("/a.css", "/* all */\n@media print {\n  a { top: 0 }\n}\n"),
            "@media print {\na { top: 0 }\n}\n"
        );
        assert_eq!(lean("/a.ftl", "# us\na = { $n ->\n   *[other] # }\n"), "a = { $n ->\n   *[other] # }\n");
        assert_eq!(lean("/vendor/a.js", "  // theirs\n"), "  // theirs\n");
    }

    /// It takes them line by line.
    #[test]
    fn each_sentence_of_the_agent_is_a_line() {
        let lines: Vec<_> = ENGLISH.lines().collect();
        let goes_on = |two: &&[&str]| two[0].starts_with("said-") && two[1].starts_with(' ');
        assert_eq!(lines.windows(2).find(goes_on), None);
        assert!(said(ENGLISH).lines().count() > 30);
    }
}
