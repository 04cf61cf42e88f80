//! Requests and responses (RFC 3261 section 7), lossless: what was read and not changed is
//! written back octet for octet.
//!
//! Reading is lenient where a request can still be answered: a broken URI, version or header value
//! is kept, and [`validate`](super::validate::validate) says what to answer. Reading is strict
//! where two readers could see two messages: line ends, Content-Length, limits.

mod limits;
mod read;
mod request;
mod response;
mod start_line;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::error::ParseError;
use super::headers::{CSeq, CallId, HeaderName, Headers};

pub use limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_LINE};
pub use request::Request;
pub use response::Response;

pub(super) use read::{content_length, read_headers, read_part_headers};
pub(super) use start_line::VERSION;

/// One SIP message.
#[derive(Clone, Debug)]
pub enum Message {
    Request(Request),
    Response(Response),
}

impl Message {
    /// Reads one datagram. Empty lines before the message are skipped (RFC 3261 section 7.5), octets
    /// after the body that Content-Length announces are dropped (section 18.3).
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        read::message(octets)
    }

    /// Reads start line and headers only, so that a request whose body or length is broken can be
    /// answered. The body is empty.
    pub fn parse_head(octets: &[u8]) -> Result<Self, ParseError> {
        read::head_only(octets)
    }

    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }

    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => request.headers(),
            Self::Response(response) => response.headers(),
        }
    }

    pub fn headers_mut(&mut self) -> &mut Headers {
        match self {
            Self::Request(request) => request.headers_mut(),
            Self::Response(response) => response.headers_mut(),
        }
    }

    pub fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => request.body(),
            Self::Response(response) => response.body(),
        }
    }

    /// The Call-ID, when it can be read.
    pub fn call_id(&self) -> Option<CallId> {
        self.headers().typed().ok().flatten()
    }

    /// The CSeq, when it can be read.
    pub fn cseq(&self) -> Option<CSeq> {
        self.headers().typed().ok().flatten()
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// What follows the start line.
#[derive(Clone, Debug, Default)]
struct Rest {
    headers: Headers,
    body: Bytes,
    /// Off the wire: a missing Content-Length stays missing.
    as_read: bool,
}

impl Rest {
    fn write(&self, start_line: &[&[u8]]) -> Bytes {
        let length = match self.as_read || self.headers.has(HeaderName::CONTENT_LENGTH) {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", self.body.len()),
        };
        let start: usize = start_line.iter().map(|piece| piece.len()).sum();
        let octets = start + self.headers.octets() + length.len() + 2 + self.body.len();
        let mut out = Vec::with_capacity(octets);
        start_line.iter().for_each(|piece| out.extend_from_slice(piece));
        self.headers.write(&mut out);
        out.extend_from_slice(length.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out.into()
    }

    fn set_body(&mut self, content_type: &str, body: Bytes) -> Result<(), super::error::WriteError> {
        self.headers.set(HeaderName::CONTENT_TYPE, content_type)?;
        self.headers.set(HeaderName::CONTENT_LENGTH, body.len())?;
        self.body = body;
        Ok(())
    }

    fn remove_body(&mut self) {
        self.headers.remove(HeaderName::CONTENT_TYPE);
        self.headers.remove(HeaderName::CONTENT_LENGTH);
        self.as_read = false;
        self.body = Bytes::new();
    }
}
