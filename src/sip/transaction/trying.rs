use super::ServerInvite;
use crate::sip::headers::{HeaderName, Timestamp};
use crate::sip::{Request, Response};

/// The 100 to `request`, which waited for [`ServerInvite::TRYING_AFTER`]: its client gets the Timestamp back with
/// that delay (RFC 3261 section 8.2.6.1).
pub(super) fn to(request: &Request) -> Response {
    let mut response = Response::to(request, 100, "Trying");
    if let Ok(Some(Timestamp { sent, .. })) = request.headers().typed() {
        let delay = Some(ServerInvite::TRYING_AFTER.as_secs_f32().to_string());
        // What was read off a message can be written into another.
        let _ = response.headers_mut().set(HeaderName::TIMESTAMP, Timestamp { sent, delay });
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Method, Uri};

    #[test]
    fn a_timestamp_goes_back_with_the_time_that_it_waited() {
        let mut request = Request::new(Method::Invite, Uri::parse("sip:bob@b.example").unwrap());
        assert!(!to(&request).headers().has(HeaderName::TIMESTAMP));
        for (sent, back) in [("54", "54 0.2"), ("54.25 7", "54.25 0.2")] {
            request.headers_mut().set(HeaderName::TIMESTAMP, sent).unwrap();
            assert_eq!(to(&request).headers().first(HeaderName::TIMESTAMP), Some(back));
        }
    }
}
