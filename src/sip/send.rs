//! Puts messages together: what does not depend on who we are.

use bytes::Bytes;

use super::headers::{NameAddr, Reason, Via};
use super::transaction::{Client, ClientKey, Outgoing, Owner};
use super::{Body, HeaderName, Method, Refusal, Request, Response, Transmit, Uri};

/// The methods that are understood here, in the order of Allow.
pub(super) const METHODS: [Method; 12] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Options,
    Method::Subscribe,
    Method::Notify,
    Method::Update,
    Method::Message,
    Method::Prack,
    Method::Refer,
    Method::Info,
];

pub(super) fn allow() -> String {
    METHODS.each_ref().map(Method::as_str).join(", ")
}

/// The head of a request that belongs to no dialog (RFC 3261 section 8.1.1).
pub(super) fn outside_dialog(
    method: Method,
    uri: &Uri,
    (from, to): (&NameAddr, &NameAddr),
    tag: &str,
    call_id: &str,
    cseq: u32,
) -> Request {
    let cseq = format!("{cseq} {method}");
    let mut request = Request::new(method, uri.clone());
    let to = NameAddr::new(to.uri.clone());
    let mut from = from.clone();
    from.set_tag(tag);
    for (name, value) in [
        ("Max-Forwards", "70"),
        ("From", &from.to_string()),
        ("To", &to.to_string()),
        ("Call-ID", call_id),
        ("CSeq", &cseq),
    ] {
        push(&mut request, name, value);
    }
    request
}

/// Adds a header. One that could not be written on one line is left out.
pub(super) fn push(request: &mut Request, name: &str, value: &str) {
    let _ = request.headers_mut().push(name, value);
}

pub(super) fn push_list(request: &mut Request, name: &str, values: &[String]) {
    if !values.is_empty() {
        push(request, name, &values.join(", "));
    }
}

pub(super) fn push_to(response: &mut Response, name: &str, value: &str) {
    let _ = response.headers_mut().push(name, value);
}

/// The further headers and the body of an answer.
pub(super) fn push_extra(response: &mut Response, answer: &Refusal) {
    for (name, value) in &answer.headers {
        push_to(response, name, value);
    }
    if let Some(body) = &answer.body {
        set_response_body(response, body);
    }
}

/// A content type that cannot be written leaves the message without body.
pub(super) fn set_body(request: &mut Request, body: &Body) {
    let _ = request.set_body(&body.content_type, body.bytes.clone());
}

pub(super) fn set_response_body(response: &mut Response, body: &Body) {
    let _ = response.set_body(&body.content_type, body.bytes.clone());
}

/// Our tag, unless the To has one (RFC 3261 section 8.2.6.2).
pub(super) fn add_to_tag(response: &mut Response, tag: &str) {
    let headers = response.headers_mut();
    let Ok(Some(mut to)) = headers.typed::<super::headers::To>() else { return };
    if to.tag().is_none() {
        to.set_tag(tag);
        let _ = headers.set(HeaderName::TO, to);
    }
}

/// The ACK of a refusal (RFC 3261 section 17.1.1.3).
pub(super) fn ack_for_refusal(invite: &Request, response: &Response) -> Bytes {
    let mut ack = sibling(invite, Method::Ack);
    if let Some(to) = response.headers().first(HeaderName::TO) {
        let _ = ack.headers_mut().set(HeaderName::TO, to);
    }
    ack.to_bytes()
}

/// CANCEL has the URI, Via, Route and number of its INVITE, and goes where that went (RFC 3261 section 9.1).
pub(super) fn cancel(invite: &Client, key: &ClientKey, owner: Owner, reason: Option<&Reason>) -> Outgoing {
    let mut request = sibling(&invite.request, Method::Cancel);
    if let Some(reason) = reason {
        push(&mut request, "Reason", &reason.to_string());
    }
    let transmit = Transmit { bytes: request.to_bytes(), ..invite.transmit.clone() };
    let key = ClientKey { branch: key.branch.clone(), method: Method::Cancel };
    Outgoing { key, owner, request, transmit, by_datagram: None }
}

/// A request of the same transaction as `invite`.
fn sibling(invite: &Request, method: Method) -> Request {
    let mut request = Request::new(method.clone(), invite.uri().clone());
    let from = invite.headers();
    let number = super::read::cseq(from).map_or(1, |cseq| cseq.number);
    let headers = request.headers_mut();
    for name in [HeaderName::VIA, HeaderName::ROUTE, HeaderName::FROM, HeaderName::TO, HeaderName::CALL_ID] {
        headers.copy(from, name);
    }
    let _ = headers.push(HeaderName::CSEQ, format!("{number} {method}"));
    let _ = headers.push(HeaderName::MAX_FORWARDS, 70);
    request
}

/// Its target, a hop or a Contact is a `sips:` URI: in clear it must not go (RFC 3261 section 26.2.2).
pub(super) fn is_sips(request: &Request) -> bool {
    let headers = request.headers();
    let listed = [HeaderName::ROUTE, HeaderName::CONTACT].into_iter().flat_map(|name| headers.all(name));
    request.uri().is_sips() || listed.into_iter().any(names_sips)
}

/// Of the values of a list, commas and all: one that only looks so costs a refusal, and no secret.
fn names_sips(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.trim_start().starts_with("sips:") || value.contains("<sips:")
}

/// The request with a top Via of ours.
pub(super) fn with_via(mut request: Request, via: &Via) -> Request {
    let _ = request.headers_mut().push_front(HeaderName::VIA, via);
    request
}
