use bytes::Bytes;

use super::limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_LINE};
use super::start_line::StartLine;
use super::{Message, Request, Response};
use crate::sip::error::ParseError;
use crate::sip::headers::{ContentLength, Field, Headers};

pub(super) fn message(octets: &[u8]) -> Result<Message, ParseError> {
    let (head, rest) = split_head(octets)?;
    let (start, headers) = read_head(&Bytes::copy_from_slice(head))?;
    let body = body(&headers, rest)?;
    Ok(assemble(start, headers, Bytes::copy_from_slice(body)))
}

pub(super) fn head_only(octets: &[u8]) -> Result<Message, ParseError> {
    let (head, _) = split_head(octets)?;
    let (start, headers) = read_head(&Bytes::copy_from_slice(head))?;
    Ok(assemble(start, headers, Bytes::new()))
}

/// The length that the headers announce; `None` when they do not.
pub(in crate::sip) fn content_length(headers: &Headers) -> Result<Option<usize>, ParseError> {
    let all = headers.typed_all::<ContentLength>().map_err(|_| ParseError::ContentLength)?;
    let first = all.first().copied();
    if all.iter().any(|length| Some(*length) != first) {
        return Err(ParseError::ContentLength);
    }
    first.map(|length| usize::try_from(length.0).map_err(|_| ParseError::ContentLength)).transpose()
}

/// Reads the header fields of a head that ends with its empty line.
pub(in crate::sip) fn read_headers(head: &Bytes) -> Result<Headers, ParseError> {
    read_head(head).map(|(_, headers)| headers)
}

/// Reads a head that ends with its empty line.
fn read_head(head: &Bytes) -> Result<(StartLine, Headers), ParseError> {
    let mut lines = Lines { head, at: 0, line: 0 };
    let start = StartLine::read(lines.next_field()?.ok_or(ParseError::Empty)?)?;
    Ok((start, fields(&mut lines)?))
}

/// Reads the header fields of one part of a multipart body, up to the empty line; where its content begins.
pub(in crate::sip) fn read_part_headers(part: &Bytes) -> Result<(Headers, usize), ParseError> {
    let mut lines = Lines { head: part, at: 0, line: 1 };
    let headers = fields(&mut lines)?;
    Ok((headers, lines.at))
}

fn fields(lines: &mut Lines<'_>) -> Result<Headers, ParseError> {
    let mut fields = Vec::new();
    while let Some(raw) = lines.next_field()? {
        if fields.len() == MAX_HEADERS {
            return Err(ParseError::TooManyHeaders { limit: MAX_HEADERS });
        }
        fields.push(Field::read(raw).ok_or(ParseError::HeaderLine { line: lines.line })?);
    }
    Ok(Headers::from_fields(fields))
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
    match within.windows(4).position(|window| window == b"\r\n\r\n") {
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
    head: &'a Bytes,
    at: usize,
    /// The number of the last line taken, from 1.
    line: usize,
}

impl Lines<'_> {
    /// The next field with its CRLF; `None` at the empty line.
    fn next_field(&mut self) -> Result<Option<Bytes>, ParseError> {
        let start = self.at;
        self.take_line()?;
        if self.head.get(start..self.at) == Some(b"\r\n") {
            return Ok(None);
        }
        // The start line is not folded: white space after it starts a field without a name.
        while self.line > 1 && matches!(self.head.get(self.at), Some(b' ' | b'\t')) {
            self.take_line()?;
        }
        if self.at - start > MAX_LINE {
            return Err(ParseError::LineTooLong { line: self.line, limit: MAX_LINE });
        }
        Ok(Some(self.head.slice(start..self.at)))
    }

    fn take_line(&mut self) -> Result<(), ParseError> {
        self.line += 1;
        let rest = self.head.get(self.at..).unwrap_or(&[]);
        let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n')).ok_or(ParseError::HeadOpen)?;
        if rest.get(end..end + 2) != Some(b"\r\n") {
            return Err(ParseError::BareLineEnd { line: self.line });
        }
        self.at += end + 2;
        Ok(())
    }
}
