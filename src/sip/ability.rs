//! What a well-formed request asks of whoever is to serve it, in the order of RFC 3261 section 8.2. Whether a method that
//! has a name is served is not asked here: that depends on the server.

use super::headers::{Accept, ContentDisposition, HeaderName, Headers, MediaType, Via};
use super::{read, send, Method, Refusal, Request};

/// What session descriptions come as.
const SDP: &str = "application/sdp";

/// The answer to a request that asks for more than we can; `supported` are the option tags that we know.
pub fn refusal(request: &Request, supported: &[impl AsRef<str>]) -> Option<Refusal> {
    unknown_method(request)
        .or_else(|| nameless_transaction(request))
        .or_else(|| unknown_options(request, supported))
        .or_else(|| unknown_content(request))
        .or_else(|| unacceptable(request))
}

/// RFC 3261 section 21.5.2.
fn unknown_method(request: &Request) -> Option<Refusal> {
    let unknown = matches!(request.method(), Method::Other(_));
    unknown.then(|| Refusal::new(501, "Not Implemented").with("Allow", send::allow()))
}

/// A branch that is the magic cookie and nothing more is that of every such request: two would be taken for one
/// (RFC 4475 section 3.2.1).
fn nameless_transaction(request: &Request) -> Option<Refusal> {
    let via = request.headers().typed::<Via>().ok().flatten()?;
    via.branch()?.eq_ignore_ascii_case("z9hG4bK").then(|| Refusal::new(400, "The branch names no transaction"))
}

/// RFC 3261 section 8.2.2.3.
fn unknown_options(request: &Request, supported: &[impl AsRef<str>]) -> Option<Refusal> {
    let mut required = read::list(request.headers(), HeaderName::REQUIRE);
    required.retain(|tag| !supported.iter().any(|known| known.as_ref().eq_ignore_ascii_case(tag)));
    let refuse = || Refusal::new(420, "Bad Extension").with("Unsupported", required.join(", "));
    (!required.is_empty()).then(refuse)
}

/// RFC 3261 section 8.2.3. Only an offer is judged by its type; other bodies are the affair of whoever reads them.
fn unknown_content(request: &Request) -> Option<Refusal> {
    let headers = request.headers();
    let optional = headers.typed::<ContentDisposition>().ok().flatten().is_some_and(|body| body.is_optional());
    if request.body().is_empty() || optional {
        return None;
    }
    let coded = |coding: &&str| !coding.eq_ignore_ascii_case("identity");
    if headers.all(HeaderName::CONTENT_ENCODING).iter().any(coded) {
        return Some(unsupported().with("Accept-Encoding", "identity"));
    }
    let offer = *request.method() == Method::Invite;
    let known = read::body(request).is_some_and(|body| body.part(SDP).is_some());
    (offer && !known).then(|| unsupported().with("Accept", SDP))
}

fn unsupported() -> Refusal {
    Refusal::new(415, "Unsupported Media Type")
}

/// The answer to an INVITE is a session description, which the caller must be able to read (RFC 3261 section 20.1).
fn unacceptable(request: &Request) -> Option<Refusal> {
    let headers = request.headers();
    let invite = *request.method() == Method::Invite;
    let refuses = invite && !reads(headers, SDP);
    refuses.then(|| Refusal::new(406, "Not Acceptable"))
}

/// Whether Accept takes this media type; who sends none takes what the method or package has by default.
pub(super) fn reads(headers: &Headers, kind: &str) -> bool {
    if !headers.has(HeaderName::ACCEPT) {
        return true;
    }
    let Ok(wanted) = MediaType::read(kind) else { return false };
    let ranges = headers.all(HeaderName::ACCEPT);
    ranges.iter().any(|range| super::headers::TypedHeader::read(range).is_ok_and(|Accept(range)| range.takes(&wanted)))
}
