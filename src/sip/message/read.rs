use std::ops::Range;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::{memchr2, memmem};

use super::limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_LINE};
use super::start_line::StartLine;
use super::{Message, Request, Response};
use crate::sip::error::ParseError;
use crate::sip::headers::{ContentLength, Field, Headers};

/// Where a head ends.
static END: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"\r\n\r\n"));

/// Header fields that a message has room for at once.
const USUAL: usize = 16;

pub(super) fn message(octets: &[u8]) -> Result<Message, ParseError> {
    let (head, rest) = split_head(octets)?;
    let (start, headers) = read_head(head)?;
    let body = body(&headers, rest)?;
    Ok(assemble(start, headers, Bytes::copy_from_slice(body)))
}

pub(super) fn head_only(octets: &[u8]) -> Result<Message, ParseError> {
    let (head, _) = split_head(octets)?;
    let (start, headers) = read_head(head)?;
    Ok(assemble(start, headers, Bytes::new()))
}

/// The length that the headers announce; `None` when they do not.
pub(in crate::sip) fn content_length(headers: &Headers) -> Result<Option<usize>, ParseError> {
    let mut first: Option<ContentLength> = None;
    for length in headers.typed_each() {
        let length = length.map_err(|_| ParseError::ContentLength)?;
        if *first.get_or_insert(length) != length {
            return Err(ParseError::ContentLength);
        }
    }
    first.map(|length| usize::try_from(length.0).map_err(|_| ParseError::ContentLength)).transpose()
}

/// Reads the header fields of a head that ends with its empty line.
pub(in crate::sip) fn read_headers(head: &[u8]) -> Result<Headers, ParseError> {
    read_head(head).map(|(_, headers)| headers)
}

/// Reads a head that ends with its empty line.
fn read_head(head: &[u8]) -> Result<(StartLine, Headers), ParseError> {
    let mut lines = Lines { head, at: 0, line: 0 };
    let line = lines.next_field()?.ok_or(ParseError::Empty)?;
    let start = StartLine::read(head.get(line.octets).unwrap_or(&[]))?;
    Ok((start, fields(&mut lines)?))
}

/// Reads the header fields of one part of a multipart body, up to the empty line; where its content begins.
pub(in crate::sip) fn read_part_headers(part: &[u8]) -> Result<(Headers, usize), ParseError> {
    let mut lines = Lines { head: part, at: 0, line: 1 };
    let headers = fields(&mut lines)?;
    Ok((headers, lines.at))
}

fn fields(lines: &mut Lines<'_>) -> Result<Headers, ParseError> {
    let mut fields = Vec::with_capacity(USUAL);
    while let Some(line) = lines.next_field()? {
        if fields.len() == MAX_HEADERS {
            return Err(ParseError::TooManyHeaders { limit: MAX_HEADERS });
        }
        let field = Field::read(lines.head, line.octets, line.folded);
        fields.push(field.ok_or(ParseError::HeaderLine { line: lines.line })?);
    }
    Ok(Headers::read(lines.head.get(..lines.at).unwrap_or(&[]), fields))
}

fn assemble(start: StartLine, headers: Headers, body: Bytes) -> Message {
    match start {
        StartLine::Request(line) => Message::Request(Request::read(line, headers, body)),
        StartLine::Status(line) => Message::Response(Response::read(line, headers, body)),
    }
}

/// Cuts a datagram after the empty line; empty lines at its start are skipped.
fn split_head(octets: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    let mut octets = octets;
    while let Some(rest) = octets.strip_prefix(b"\r\n") {
        octets = rest;
    }
    if octets.is_empty() {
        return Err(ParseError::Empty);
    }
    let within = octets.get(..MAX_HEAD).unwrap_or(octets);
    match END.find(within) {
        Some(at) => octets.split_at_checked(at + 4).ok_or(ParseError::HeadOpen),
        None if octets.len() > MAX_HEAD => Err(ParseError::HeadTooLong { limit: MAX_HEAD }),
        None => Err(ParseError::HeadOpen),
    }
}

/// Without Content-Length the body of a datagram is all that follows (RFC 3261 section 18.3).
fn body<'a>(headers: &Headers, rest: &'a [u8]) -> Result<&'a [u8], ParseError> {
    let announced = content_length(headers)?.unwrap_or(rest.len());
    if announced > MAX_BODY {
        return Err(ParseError::BodyTooLong { len: announced, limit: MAX_BODY });
    }
    rest.get(..announced).ok_or(ParseError::BodyTruncated { announced, present: rest.len() })
}

/// Cuts a head into the start line and the fields, each with the lines folded into it.
struct Lines<'a> {
    head: &'a [u8],
    at: usize,
    /// The number of the last line taken, from 1.
    line: usize,
}

/// Where a field stands, with its CRLF.
struct Line {
    octets: Range<usize>,
    /// It is several lines.
    folded: bool,
}

impl Lines<'_> {
    /// The next field; `None` at the empty line.
    fn next_field(&mut self) -> Result<Option<Line>, ParseError> {
        let start = self.at;
        self.take_line()?;
        if self.head.get(start..self.at) == Some(b"\r\n") {
            return Ok(None);
        }
        let one_line = self.at;
        // The start line is not folded: white space after it starts a field without a name.
        while self.line > 1 && matches!(self.head.get(self.at), Some(b' ' | b'\t')) {
            self.take_line()?;
        }
        if self.at - start > MAX_LINE {
            return Err(ParseError::LineTooLong { line: self.line, limit: MAX_LINE });
        }
        Ok(Some(Line { octets: start..self.at, folded: self.at > one_line }))
    }

    fn take_line(&mut self) -> Result<(), ParseError> {
        self.line += 1;
        let rest = self.head.get(self.at..).unwrap_or(&[]);
        let end = memchr2(b'\r', b'\n', rest).ok_or(ParseError::HeadOpen)?;
        if rest.get(end..end + 2) != Some(b"\r\n") {
            return Err(ParseError::BareLineEnd { line: self.line });
        }
        self.at += end + 2;
        Ok(())
    }
}
