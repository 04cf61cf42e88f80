use std::borrow::Cow;

use bytes::Bytes;

use crate::sip::error::ParseError;
use crate::sip::method::Method;
use crate::sip::token;
use crate::sip::uri::Uri;

/// The only version there is (RFC 3261 section 7.1).
pub(in crate::sip) const VERSION: &str = "SIP/2.0";

#[derive(Clone, Debug)]
pub(super) enum StartLine {
    Request(RequestLine),
    Status(StatusLine),
}

#[derive(Clone, Debug)]
pub(super) struct RequestLine {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) version: Version,
    /// The line as it was read, when it is no text.
    odd: Option<Box<[u8]>>,
}

#[derive(Clone, Debug)]
pub(super) struct StatusLine {
    pub(super) version: Version,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) raw: Bytes,
}

impl StartLine {
    /// Reads a first line with its CRLF.
    pub(super) fn read(octets: &[u8]) -> Result<Self, ParseError> {
        let line = octets.strip_suffix(b"\r\n").unwrap_or(octets);
        let text = std::str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
        if is_version(&text) {
            return StatusLine::read(&text, Bytes::copy_from_slice(octets)).map(Self::Status);
        }
        let mut line = RequestLine::read(&text)?;
        line.odd = matches!(text, Cow::Owned(_)).then(|| octets.into());
        Ok(Self::Request(line))
    }
}

impl RequestLine {
    pub(super) fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, version: Version::USUAL, odd: None }
    }

    /// The pieces that make the line, with its CRLF.
    pub(super) fn pieces(&self) -> [&[u8]; 6] {
        match &self.odd {
            Some(line) => [line, b"", b"", b"", b"", b""],
            None => {
                let (method, uri, version) = (self.method.as_str(), self.uri.as_str(), self.version.as_str());
                [method.as_bytes(), b" ", uri.as_bytes(), b" ", version.as_bytes(), b"\r\n"]
            }
        }
    }

    /// The version is what follows the last `SP "SIP/"`: a URI that holds spaces is kept as an
    /// unreadable one, so that the request can be answered.
    fn read(text: &str) -> Result<Self, ParseError> {
        let (method, rest) = token::cut(text, b' ').ok_or(ParseError::NotSip)?;
        let mut windows = rest.as_bytes().windows(5);
        let at = windows.rposition(|window| window.eq_ignore_ascii_case(b" SIP/")).ok_or(ParseError::NotSip)?;
        let (uri, version) = rest.split_at(at);
        let method = Method::new(method).ok_or(ParseError::StartLine)?;
        let uri = Uri::read(uri).unwrap_or_else(|problem| Uri::unreadable(uri, problem));
        Ok(Self { method, uri, version: Version::new(version.get(1..).unwrap_or("")), odd: None })
    }
}

impl StatusLine {
    pub(super) fn new(status: u16, reason: &str) -> Self {
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let raw = Bytes::from(format!("{VERSION} {status:03} {reason}\r\n"));
        Self { version: Version::USUAL, status, reason, raw }
    }

    fn read(text: &str, raw: Bytes) -> Result<Self, ParseError> {
        let (version, rest) = text.split_once(' ').ok_or(ParseError::StartLine)?;
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        if status.len() != 3 || !status.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseError::StatusCode);
        }
        let status = status.parse().map_err(|_| ParseError::StatusCode)?;
        Ok(Self { version: Version::new(version), status, reason: reason.to_owned(), raw })
    }
}

/// `SIP/2.0`, or whatever stood in its place.
#[derive(Clone, Debug)]
pub(super) struct Version(Option<Box<str>>);

impl Version {
    const USUAL: Self = Self(None);

    fn new(text: &str) -> Self {
        Self((text != VERSION).then(|| text.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(VERSION)
    }
}

/// Whether a first line starts as a status line does; the name of the protocol is compared
/// without regard to case (RFC 3261 section 7.1).
fn is_version(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
}
