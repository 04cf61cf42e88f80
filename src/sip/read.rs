//! What the endpoint wants to know of a message. Whatever cannot be read is as if it were not there.

use std::time::Duration;

use super::headers::{
    CSeq, Contact, Event, Expires, From, Headers, MinExpires, NameAddr, Reason, RetryAfter, SubscriptionState,
    SubscriptionStatus, To, TypedHeader, Warning,
};
use super::{Body, HeaderName, Request, Response, Uri};

/// Warnings of one response that are read.
const WARNINGS: usize = 8;
/// Values of one list that are read: option tags, media types, hops.
const VALUES: usize = 64;
/// Longest reason phrase that is shown, in characters; what a Reason or Warning header says may be a sentence.
const LONGEST_PHRASE: usize = 80;
const LONGEST_SENTENCE: usize = 240;

fn typed<H: TypedHeader>(headers: &Headers) -> Option<H> {
    headers.typed().ok().flatten()
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

pub(super) fn expires(headers: &Headers) -> Option<Duration> {
    typed::<Expires>(headers).map(|e| seconds(e.0))
}

pub(super) fn min_expires(headers: &Headers) -> Option<Duration> {
    typed::<MinExpires>(headers).map(|e| seconds(e.0))
}

pub(super) fn retry_after(headers: &Headers) -> Option<Duration> {
    typed::<RetryAfter>(headers).map(|r| seconds(r.seconds))
}

pub(super) fn contact(headers: &Headers) -> Option<Uri> {
    typed::<Contact>(headers).map(|c| c.0.uri)
}

/// All of them that can be read.
pub(super) fn contacts(headers: &Headers) -> Vec<NameAddr> {
    let values = headers.all(HeaderName::CONTACT).into_iter().take(VALUES);
    values.filter_map(|value| Contact::read(value).ok()).map(|contact| contact.0).collect()
}

pub(super) fn from(headers: &Headers) -> Option<NameAddr> {
    typed::<From>(headers).map(|f| f.0)
}

/// The reason phrase of an answer, for people: cut when somebody wrote a page.
pub(super) fn reason_phrase(response: &Response) -> String {
    shortened(response.reason(), LONGEST_PHRASE)
}

/// A peer's word that is to be shown: its first so many characters.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Whom a request is for, by the name that its sender knows.
pub(super) fn to(headers: &Headers) -> Option<Uri> {
    typed::<To>(headers).map(|to| to.0.uri)
}

pub(super) fn to_tag(headers: &Headers) -> Option<String> {
    typed::<To>(headers).and_then(|to| to.tag().map(str::to_owned))
}

pub(super) fn cseq(headers: &Headers) -> Option<CSeq> {
    typed(headers)
}

/// Option tags or media types.
pub(super) fn list(headers: &Headers, name: HeaderName) -> Vec<String> {
    headers.all(name).into_iter().filter(|v| !v.is_empty()).take(VALUES).map(str::to_owned).collect()
}

pub(super) fn event(headers: &Headers) -> Option<Event> {
    typed(headers)
}

/// The same package and the same id (RFC 6665 section 8.2.1).
pub(super) fn same_event(headers: &Headers, event: &Event) -> bool {
    self::event(headers).is_some_and(|other| other.package == event.package && other.id() == event.id())
}

pub(super) fn subscription_state(headers: &Headers) -> Option<SubscriptionState> {
    typed(headers)
}

pub(super) fn is_terminated(state: &SubscriptionState) -> bool {
    state.state == SubscriptionStatus::Terminated
}

/// The cause that the notifier gave, and when to come back.
pub(super) fn farewell(state: &SubscriptionState) -> (Option<String>, Option<Duration>) {
    (state.reason.clone(), state.retry_after.map(seconds))
}

pub(super) fn state_expires(state: &SubscriptionState) -> Option<Duration> {
    state.expires.map(seconds)
}

pub(super) fn reason_text(headers: &Headers) -> Option<String> {
    let reason: Reason = typed(headers)?;
    Some(shortened(&reason.text.clone().unwrap_or_else(|| reason.to_string()), LONGEST_SENTENCE))
}

pub(super) fn warnings(headers: &Headers) -> Vec<Warning> {
    let values = headers.all(HeaderName::WARNING).into_iter().take(WARNINGS);
    let read = values.filter_map(|value| Warning::read(value).ok());
    read.map(|warning| Warning { text: shortened(&warning.text, LONGEST_SENTENCE), ..warning }).collect()
}

pub(super) fn body(request: &Request) -> Option<Body> {
    one_body(request.headers(), request.body())
}

pub(super) fn response_body(response: &Response) -> Option<Body> {
    one_body(response.headers(), response.body())
}

fn one_body(headers: &Headers, octets: &bytes::Bytes) -> Option<Body> {
    let content_type = headers.first(HeaderName::CONTENT_TYPE).unwrap_or("application/octet-stream");
    (!octets.is_empty()).then(|| Body::new(content_type, octets.clone()))
}

/// The route set: in order for the side that was asked, reversed for the one that asked (RFC 3261 section 12.1).
pub(super) fn record_route(headers: &Headers, asked: bool) -> Vec<String> {
    let mut hops = list(headers, HeaderName::RECORD_ROUTE);
    if !asked {
        hops.reverse();
    }
    hops
}

/// Answers after which nothing is left of a subscription (RFC 6665 sections 4.1.2.2 and 4.2.2; RFC 5057).
pub(super) fn ends_usage(status: u16) -> bool {
    matches!(status, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_the_place_of_a_phrase_is_cut() {
        let response = |reason: &str| {
            let text = format!("SIP/2.0 486 {reason}\r\nContent-Length: 0\r\n\r\n");
            match crate::sip::Message::parse(text.as_bytes()) {
                Ok(crate::sip::Message::Response(response)) => reason_phrase(&response),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(response("Busy Here"), "Busy Here");
        assert_eq!(response(&"ü".repeat(80)), "ü".repeat(80));
        assert_eq!(response(&"ü".repeat(5000)), format!("{}...", "ü".repeat(80)));
    }
}
