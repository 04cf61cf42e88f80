use bytes::Bytes;

use super::start_line::RequestLine;
use super::Rest;
use crate::sip::error::WriteError;
use crate::sip::headers::Headers;
use crate::sip::method::Method;
use crate::sip::uri::Uri;

/// A request (RFC 3261 section 7.1).
#[derive(Clone, Debug)]
pub struct Request {
    line: RequestLine,
    rest: Rest,
}

impl Request {
    /// A request without header fields; `to_bytes` adds Content-Length when it is missing.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { line: RequestLine::new(method, uri), rest: Rest::default() }
    }

    pub(super) fn read(line: RequestLine, headers: Headers, body: Bytes) -> Self {
        Self { line, rest: Rest { headers, body, as_read: true } }
    }

    pub fn method(&self) -> &Method {
        &self.line.method
    }

    /// The Request-URI. Off the wire it may be unreadable: see [`Uri::problem`].
    pub fn uri(&self) -> &Uri {
        &self.line.uri
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
        self.rest.write(&self.line.pieces())
    }
}
