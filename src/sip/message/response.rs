use bytes::Bytes;

use super::start_line::StatusLine;
use super::{Request, Rest};
use crate::sip::error::WriteError;
use crate::sip::headers::{HeaderName, Headers};

/// A response (RFC 3261 section 7.2).
#[derive(Clone, Debug)]
pub struct Response {
    line: StatusLine,
    rest: Rest,
}

impl Response {
    /// A response without header fields; `to_bytes` adds Content-Length when it is missing. Line
    /// ends and other control characters in `reason` become spaces.
    ///
    /// # Panics
    /// When `status` is not 100 to 699: no response has another one, so the caller is wrong.
    pub fn new(status: u16, reason: &str) -> Self {
        assert!((100..700).contains(&status), "status {status} is not one of RFC 3261 section 21");
        Self { line: StatusLine::new(status, reason), rest: Rest::default() }
    }

    /// The response to `request`: its Via, From, To, Call-ID and CSeq are copied (RFC 3261 section
    /// 8.2.6.2). The To tag, when it is missing, is the caller's to add.
    pub fn to(request: &Request, status: u16, reason: &str) -> Self {
        let mut response = Self::new(status, reason);
        for name in COPIED {
            response.rest.headers.copy(request.headers(), name);
        }
        response
    }

    pub(super) fn read(line: StatusLine, headers: Headers, body: Bytes) -> Self {
        Self { line, rest: Rest { headers, body, as_read: true } }
    }

    /// Three digits; off the wire 000 to 999.
    pub fn status(&self) -> u16 {
        self.line.status
    }

    /// The reason phrase. Peer text.
    pub fn reason(&self) -> &str {
        &self.line.reason
    }

    /// `SIP/2.0`, or whatever stood there.
    pub fn version(&self) -> &str {
        self.line.version.as_str()
    }

    pub fn headers(&self) -> &Headers {
        &self.rest.headers
    }

    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.rest.headers
    }

    pub fn body(&self) -> &Bytes {
        &self.rest.body
    }

    /// Sets the body with Content-Type and Content-Length.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) -> Result<(), WriteError> {
        self.rest.set_body(content_type, body.into())
    }

    /// Takes the body away, and the headers that describe it.
    pub fn remove_body(&mut self) {
        self.rest.remove_body();
    }

    pub fn to_bytes(&self) -> Bytes {
        self.rest.write(&[&self.line.raw])
    }
}

const COPIED: [HeaderName; 5] =
    [HeaderName::VIA, HeaderName::FROM, HeaderName::TO, HeaderName::CALL_ID, HeaderName::CSEQ];
