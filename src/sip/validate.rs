//! Whether a message that was read keeps the rules that every receiver relies on (RFC 3261
//! sections 8.1.1, 8.2 and 16.3). What depends on the receiver is not looked at here: methods and
//! extensions that it knows, loops, dialogs.
//!
//! A missing Max-Forwards, From tag or branch is let through: RFC 2543 devices write none
//! (RFC 3261 section 16.3, RFC 4475 section 3.4.1).

use super::error::HeaderError;
use super::headers::{CSeq, CallId, Headers};
use super::headers::{
    Contact, ContentLength, ContentType, Date, Event, Expires, From, HeaderName, MaxForwards, RecordRoute, Route,
    SubscriptionState, To, TypedHeader, Via,
};
use super::message::{content_length, Message, Request, Response, VERSION};
use super::method::Method;
use super::uri::{Scheme, Uri};
use crate::vocab::escape;

/// Why a request is to be answered with an error (never an ACK: nothing answers those), or a
/// response is to be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub status: u16,
    /// The reason phrase for the status line.
    pub reason: &'static str,
    /// What is wrong, for logs and people; peer text in it is escaped.
    pub problem: String,
}

/// Checks a message; the first broken rule is told. A response that is rejected has status 400, or
/// 505 for its version, but is dropped without a word.
pub fn validate(message: &Message) -> Result<(), Rejection> {
    match message {
        Message::Request(request) => validate_request(request),
        Message::Response(response) => validate_response(response),
    }
}

fn validate_request(request: &Request) -> Result<(), Rejection> {
    version(request.version())?;
    let headers = request.headers();
    mandatory(headers)?;
    readable(headers, request.method())?;
    let cseq = typed::<CSeq>(headers)?;
    if cseq.is_some_and(|cseq| cseq.method != *request.method()) {
        let problem = "the method of the CSeq is not that of the request";
        // What is wrong with a method that nobody here knows is that (RFC 4475 section 3.1.2.18).
        return Err(match request.method() {
            Method::Other(_) => reject(501, problem.to_owned()),
            _ => bad(problem),
        });
    }
    body(headers, request.body().len())?;
    for_method(request)?;
    request_uri(request.uri())
}

fn validate_response(response: &Response) -> Result<(), Rejection> {
    version(response.version())?;
    if !(100..700).contains(&response.status()) {
        return Err(bad("the status code is not one of 100 to 699"));
    }
    mandatory(response.headers())?;
    let method = typed::<CSeq>(response.headers())?.map(|cseq| cseq.method);
    readable(response.headers(), &method.unwrap_or(Method::Options))?;
    body(response.headers(), response.body().len())
}

/// RFC 3261 section 21.5.6; what has not the form of a version is no version.
fn version(text: &str) -> Result<(), Rejection> {
    if text.eq_ignore_ascii_case(VERSION) {
        return Ok(());
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let number = text.get(4..).unwrap_or("");
    let is_version = number.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor));
    if is_version {
        return Err(reject(505, format!("the version is {}", escape(text))));
    }
    Err(bad("the first line does not end with SIP/2.0"))
}

/// RFC 3261 section 8.1.1: those without which nothing can be answered or matched.
fn mandatory(headers: &Headers) -> Result<(), Rejection> {
    let missing = MANDATORY.iter().find(|name| headers.first(name).is_none_or(str::is_empty));
    let repeated = SINGLE.iter().find(|name| headers.count(name) > 1);
    match (missing, repeated) {
        (Some(name), _) => Err(bad(format!("{name} is missing"))),
        (None, Some(name)) => Err(bad(format!("{name} is there more than once"))),
        (None, None) => Ok(()),
    }
}

/// Those headers that steer the message; a broken one of another kind is the affair of whoever
/// reads it (RFC 3261 section 8.2, "malformed header fields that are not necessary").
fn readable(headers: &Headers, method: &Method) -> Result<(), Rejection> {
    all::<Via>(headers)?;
    all::<From>(headers)?;
    all::<To>(headers)?;
    all::<CallId>(headers)?;
    all::<MaxForwards>(headers)?;
    all::<Route>(headers)?;
    all::<RecordRoute>(headers)?;
    all::<ContentType>(headers)?;
    all::<Expires>(headers)?;
    all::<Date>(headers)?;
    all::<Event>(headers)?;
    all::<SubscriptionState>(headers)?;
    // RFC 3261 section 10.2.2: the star is for REGISTER only.
    if *method == Method::Register && headers.all(HeaderName::CONTACT) == ["*"] {
        return Ok(());
    }
    all::<Contact>(headers)
}

/// RFC 3261 sections 18.3 and 20.15.
fn body(headers: &Headers, len: usize) -> Result<(), Rejection> {
    all::<ContentLength>(headers)?;
    match content_length(headers) {
        Err(problem) => return Err(bad(problem.to_string())),
        Ok(Some(announced)) if announced != len => {
            return Err(bad(format!("Content-Length is {announced}, the body has {len} octets")));
        }
        Ok(_) => {}
    }
    if len > 0 && !headers.has(HeaderName::CONTENT_TYPE) {
        return Err(bad("there is a body, and Content-Type is missing"));
    }
    Ok(())
}

/// What a method needs beyond the rest: RFC 3261 section 8.1.1.8, RFC 6665 sections 4.1.2 and 4.1.3.
fn for_method(request: &Request) -> Result<(), Rejection> {
    let needs: &[HeaderName] = match request.method() {
        Method::Invite => &[HeaderName::CONTACT],
        Method::Notify => &[HeaderName::EVENT, HeaderName::SUBSCRIPTION_STATE],
        Method::Subscribe => &[HeaderName::CONTACT, HeaderName::EVENT],
        _ => &[],
    };
    match needs.iter().find(|name| !request.headers().has(name)) {
        Some(name) => Err(bad(format!("{name} is missing, which {} needs", request.method()))),
        None => Ok(()),
    }
}

/// RFC 3261 sections 8.2.2.1 (schemes) and 19.1.1, table 1 (no headers in a Request-URI).
fn request_uri(uri: &Uri) -> Result<(), Rejection> {
    if let Some(problem) = uri.problem() {
        return Err(bad(format!("the Request-URI cannot be read: {problem}")));
    }
    if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) {
        return Err(reject(416, format!("the scheme of the Request-URI is {}", escape(uri.scheme().as_str()))));
    }
    if uri.headers().next().is_some() {
        return Err(bad("the Request-URI holds headers"));
    }
    Ok(())
}

fn typed<H: TypedHeader>(headers: &Headers) -> Result<Option<H>, Rejection> {
    headers.typed::<H>().map_err(broken)
}

fn all<H: TypedHeader>(headers: &Headers) -> Result<(), Rejection> {
    headers.typed_each::<H>().try_for_each(|value| value.map(drop)).map_err(broken)
}

fn broken(error: HeaderError) -> Rejection {
    bad(error.to_string())
}

fn bad(problem: impl Into<String>) -> Rejection {
    reject(400, problem.into())
}

fn reject(status: u16, problem: String) -> Rejection {
    let reason = match status {
        416 => "Unsupported URI Scheme",
        501 => "Not Implemented",
        505 => "Version Not Supported",
        _ => "Bad Request",
    };
    Rejection { status, reason, problem }
}

const MANDATORY: [HeaderName; 5] =
    [HeaderName::VIA, HeaderName::FROM, HeaderName::TO, HeaderName::CALL_ID, HeaderName::CSEQ];

/// Those of which a message has one at most.
const SINGLE: [HeaderName; 10] = [
    HeaderName::FROM,
    HeaderName::TO,
    HeaderName::CALL_ID,
    HeaderName::CSEQ,
    HeaderName::MAX_FORWARDS,
    HeaderName::CONTENT_LENGTH,
    HeaderName::CONTENT_TYPE,
    HeaderName::EVENT,
    HeaderName::EXPIRES,
    HeaderName::SUBSCRIPTION_STATE,
];

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        Max-Forwards: 70\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\
        Contact: <sip:a@192.0.2.1>\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";

    fn status_with(from: &str, to: &str) -> Option<u16> {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from} is not in the message");
        let message = Message::parse(text.as_bytes()).expect("readable, though not valid");
        validate(&message).err().map(|rejection| rejection.status)
    }

    #[test]
    fn a_good_message_passes_and_so_does_one_from_an_old_phone() {
        assert_eq!(validate(&Message::parse(GOOD.as_bytes()).unwrap()), Ok(()));
        assert_eq!(status_with("Max-Forwards: 70\r\n", ""), None);
        assert_eq!(status_with(";branch=z9hG4bK1", ""), None);
        assert_eq!(status_with(";tag=1", ""), None);
        assert_eq!(status_with("SIP/2.0\r\nVia", "sip/2.0\r\nVia"), None);
    }

    #[test]
    fn every_broken_rule_has_its_status() {
        let cases = [
            ("192.0.2.2 SIP/2.0", "192.0.2.2 SIP/7.0", 505),
            ("192.0.2.2 SIP/2.0", "192.0.2.2 SIP/2.0 ", 400),
            ("192.0.2.2 SIP/2.0", "192.0.2.2 SIP/two", 400),
            ("sip:bob@192.0.2.2", "<sip:bob@192.0.2.2>", 400),
            ("sip:bob@192.0.2.2", "sip:bob@192.0.2.2; lr", 400),
            ("sip:bob@192.0.2.2", " sip:bob@192.0.2.2", 400),
            ("sip:bob@192.0.2.2", "sip:bob@192.0.2.2?Route=%3Csip:x%3E", 400),
            ("sip:bob@192.0.2.2", "tel:+1", 416),
            ("sip:bob@192.0.2.2", "nobodyKnowsThisScheme:totallyopaque", 416),
            ("Call-ID: c1\r\n", "", 400),
            ("Call-ID: c1\r\n", "Call-ID: \r\n", 400),
            ("Call-ID: c1\r\n", "Call-ID: c1\r\ni: c2\r\n", 400),
            ("To: <sip:bob@h>\r\n", "To: <sip:bob@h>\r\nt: <sip:bob@h>\r\n", 400),
            ("To: <sip:bob@h>", "To: \"Bob <sip:bob@h>", 400),
            ("1 INVITE", "1 ACK", 400),
            ("1 INVITE", "4294967296 INVITE", 400),
            ("Max-Forwards: 70", "Max-Forwards: 256", 400),
            ("Via: SIP/2.0/UDP 192.0.2.1;", "Via: SIP/2.0/UDP 192.0.2.1;;,;,,", 400),
            ("Contact: <sip:a@192.0.2.1>\r\n", "", 400),
            ("Contact: <sip:a@192.0.2.1>", "Contact: *", 400),
            ("Content-Type: text/plain\r\n", "", 400),
            ("INVITE", "SUBSCRIBE", 400),
        ];
        for (from, to, status) in cases {
            assert_eq!(status_with(from, to), Some(status), "{from} -> {to}");
        }
    }

    #[test]
    fn a_message_that_was_changed_is_checked_too() {
        let mut message = Message::parse(GOOD.as_bytes()).unwrap();
        message.headers_mut().set("Content-Length", 3).unwrap();
        assert!(validate(&message).unwrap_err().problem.contains("has 2 octets"));
    }

    #[test]
    fn a_response_needs_what_it_is_matched_by() {
        let text = "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h\r\nf: <sip:a@h>\r\nt: <sip:b@h>\r\ni: c\r\nCSeq: 1 BYE\r\n\r\n";
        let check = |text: &str| validate(&Message::parse(text.as_bytes()).unwrap()).map_err(|r| r.status);
        assert_eq!(check(text), Ok(()));
        assert_eq!(check(&text.replace("i: c\r\n", "")), Err(400));
        assert_eq!(check(&text.replace("200", "999")), Err(400));
        assert_eq!(check(&text.replace("SIP/2.0 200", "SIP/3.0 200")), Err(505));
    }
}
