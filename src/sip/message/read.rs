use bytes::Bytes;
use memchr::{memchr2, memmem};

use super::limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_LINE};
use super::start_line::StartLine;
use super::{Message, Request, Response};
use crate::sip::error::ParseError;
use crate::sip::headers::{ContentLength, Field, Headers};

/// Header fields that a message has room for at once: most have fewer.
const USUAL: usize = 24;

pub(super) fn message(octets: &[u8]) -> Result<Message, ParseError> {
    let (start, headers, rest) = read_start(octets)?;
    let body = body(&headers, rest)?;
    Ok(assemble(start, headers, Bytes::copy_from_slice(body)))
}

pub(super) fn head_only(octets: &[u8]) -> Result<Message, ParseError> {
    let (start, headers, _) = read_start(octets)?;
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

/// Reads the head with which a datagram begins, empty lines before it skipped; what follows it.
#[inline]
fn read_start(octets: &[u8]) -> Result<(StartLine, Headers, &[u8]), ParseError> {
    let mut octets = octets;
    while let Some(rest) = octets.strip_prefix(b"\r\n") {
        octets = rest;
    }
    if octets.is_empty() {
        return Err(ParseError::Empty);
    }
    let within = octets.get(..MAX_HEAD).unwrap_or(octets);
    let (start, headers, len) = read_head(within).map_err(|problem| match memmem::find(within, b"\r\n\r\n") {
        Some(_) => problem,
        // That a head has no end is told first, whatever else is wrong with it.
        None if octets.len() > MAX_HEAD => ParseError::HeadTooLong { limit: MAX_HEAD },
        None => ParseError::HeadOpen,
    })?;
    Ok((start, headers, octets.get(len..).unwrap_or(&[])))
}

/// Reads the header fields of a head that ends with its empty line.
pub(in crate::sip) fn read_headers(head: &[u8]) -> Result<Headers, ParseError> {
    read_head(head).map(|(_, headers, _)| headers)
}

/// Reads a head up to its empty line; how long it is.
#[inline]
fn read_head(octets: &[u8]) -> Result<(StartLine, Headers, usize), ParseError> {
    let mut lines = Lines { octets, at: 0 };
    // The start line is not folded: white space after it starts a field without a name.
    let start = match lines.take_line()? {
        b"\r\n" => return Err(ParseError::Empty),
        line => StartLine::read(line)?,
    };
    Ok((start, fields(&mut lines)?, lines.at))
}

/// Reads the header fields of one part of a multipart body, up to the empty line; where its content begins.
pub(in crate::sip) fn read_part_headers(part: &[u8]) -> Result<(Headers, usize), ParseError> {
    let mut lines = Lines { octets: part, at: 0 };
    let headers = fields(&mut lines)?;
    Ok((headers, lines.at))
}

fn fields(lines: &mut Lines<'_>) -> Result<Headers, ParseError> {
    let mut fields = Vec::with_capacity(USUAL);
    while let Some(line) = lines.next_field()? {
        if fields.len() == MAX_HEADERS {
            return Err(ParseError::TooManyHeaders { limit: MAX_HEADERS });
        }
        let Some(field) = Field::read(line.raw, line.start) else {
            return Err(ParseError::HeaderLine { line: lines.number() });
        };
        if line.folded {
            fields.push(field.taken_apart(line.raw));
        } else {
            fields.push(field);
        }
    }
    Ok(Headers::read(lines.octets.get(..lines.at).unwrap_or(&[]), fields))
}

fn assemble(start: StartLine, headers: Headers, body: Bytes) -> Message {
    match start {
        StartLine::Request(line) => Message::Request(Request::read(line, headers, body)),
        StartLine::Status(line) => Message::Response(Response::read(line, headers, body)),
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
    octets: &'a [u8],
    at: usize,
}

/// One field, with its CRLF.
struct Line<'a> {
    raw: &'a [u8],
    /// The octet at which it begins.
    start: usize,
    /// It is several lines.
    folded: bool,
}

impl<'a> Lines<'a> {
    /// The next field; `None` at the empty line.
    fn next_field(&mut self) -> Result<Option<Line<'a>>, ParseError> {
        let start = self.at;
        let line = self.take_line()?;
        if line.len() == 2 {
            return Ok(None);
        }
        let mut folded = false;
        while matches!(self.octets.get(self.at), Some(b' ' | b'\t')) {
            self.take_line()?;
            folded = true;
        }
        let raw = if folded { self.octets.get(start..self.at).unwrap_or(&[]) } else { line };
        if raw.len() > MAX_LINE {
            return Err(ParseError::LineTooLong { line: self.number(), limit: MAX_LINE });
        }
        Ok(Some(Line { raw, start, folded }))
    }

    /// The next line, with its CRLF.
    #[inline]
    fn take_line(&mut self) -> Result<&'a [u8], ParseError> {
        let rest = self.octets.get(self.at..).unwrap_or(&[]);
        let end = memchr2(b'\r', b'\n', rest).ok_or(ParseError::HeadOpen)?;
        match rest.get(..end + 2) {
            Some(line @ [.., b'\r', b'\n']) => {
                self.at += line.len();
                Ok(line)
            }
            _ => Err(ParseError::BareLineEnd { line: self.number() + 1 }),
        }
    }

    /// The number of the last line taken, from 1 and from the start line on.
    #[cold]
    fn number(&self) -> usize {
        let taken = self.octets.get(..self.at).unwrap_or(&[]);
        taken.iter().filter(|octet| **octet == b'\n').count()
    }
}
