use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr;

use super::HeaderName;
use crate::sip::error::WriteError;
use crate::sip::message::MAX_LINE;
use crate::sip::token;

/// One header field: the octets that stand on the wire, and what they mean.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Field {
    name: HeaderName,
    text: Text,
}

/// Octets: name, colon, value and every line end, exactly as read or as to be written. Value: lines joined, white space
/// around it cut.
#[derive(Clone, Debug)]
enum Text {
    /// Where both stand in the head that was read: one line, and text.
    Read { raw: Range<usize>, value: Range<usize> },
    /// A field for itself, of one line, and where its value stands in it.
    Line { raw: String, value: Range<usize> },
    /// It was folded, or octets of it are no UTF-8, which show as U+FFFD.
    Odd { raw: Bytes, value: String },
}

impl Field {
    /// Takes a field off the wire, which stands at `line` of `head`, ends with CRLF and holds line ends only before white
    /// space. Whether the head is text is for the caller to see: if not, the field must be taken [`apart`](Self::apart).
    pub(in crate::sip) fn read(head: &[u8], line: Range<usize>, folded: bool) -> Option<Self> {
        let raw = head.get(line.clone())?;
        let len = token::token_len(raw);
        let (name, rest) = raw.split_at_checked(len)?;
        let space = rest.iter().position(|octet| !token::is_white_space(*octet))?;
        if len == 0 || rest.get(space) != Some(&b':') {
            return None;
        }
        let name = HeaderName::of_token(name);
        let text = Text::Read { value: value_of(head, line.start + len + space + 1..line.end), raw: line };
        let field = Self { name, text };
        Some(if folded { field.apart(head) } else { field })
    }

    /// The same field without its head.
    pub(super) fn apart(self, head: &[u8]) -> Self {
        let Text::Read { raw, .. } = self.text else { return self };
        let raw = Bytes::copy_from_slice(head.get(raw).unwrap_or(&[]));
        let joined = join_lines(after_colon(&raw));
        let value = token::trim(&String::from_utf8_lossy(&joined)).to_owned();
        Self { name: self.name, text: Text::Odd { raw, value } }
    }

    /// Makes a field of ours.
    pub(super) fn write(name: &str, value: &str) -> Result<Self, WriteError> {
        let name = HeaderName::new(name)?;
        if value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(WriteError::Control);
        }
        let raw = format!("{name}: {value}\r\n");
        if raw.len() > MAX_LINE {
            return Err(WriteError::TooLong);
        }
        let value = value_of(raw.as_bytes(), name.as_str().len() + 1..raw.len());
        Ok(Self { name, text: Text::Line { raw, value } })
    }

    pub(in crate::sip) fn name(&self) -> &HeaderName {
        &self.name
    }

    pub(super) fn value<'a>(&'a self, head: &'a str) -> &'a str {
        match &self.text {
            Text::Read { value, .. } => head.get(value.clone()).unwrap_or(""),
            Text::Line { raw, value } => raw.get(value.clone()).unwrap_or(""),
            Text::Odd { value, .. } => value,
        }
    }

    pub(super) fn raw<'a>(&'a self, head: &'a str) -> &'a [u8] {
        match &self.text {
            Text::Read { raw, .. } => head.get(raw.clone()).unwrap_or("").as_bytes(),
            Text::Line { raw, .. } => raw.as_bytes(),
            Text::Odd { raw, .. } => raw,
        }
    }

    /// The same field for another message, on one line: folding is read, never written (RFC 3261 section 7.3.1).
    pub(super) fn unfolded(&self, head: &str) -> Self {
        let text = match &self.text {
            Text::Read { raw, value } => Text::Line {
                raw: head.get(raw.clone()).unwrap_or("").to_owned(),
                value: value.start - raw.start..value.end - raw.start,
            },
            Text::Line { .. } => self.text.clone(),
            Text::Odd { raw, value } => Text::Odd { raw: self.on_one_line(raw), value: value.clone() },
        };
        Self { name: self.name.clone(), text }
    }

    fn on_one_line(&self, octets: &Bytes) -> Bytes {
        let folded = octets.iter().filter(|b| **b == b'\n').count() > 1;
        if !folded {
            return octets.clone();
        }
        let value = join_lines(after_colon(octets));
        let mut raw = BytesMut::with_capacity(octets.len());
        raw.put_slice(self.name.as_str().as_bytes());
        raw.put_slice(b": ");
        raw.put_slice(value.trim_ascii());
        raw.put_slice(b"\r\n");
        raw.freeze()
    }
}

fn after_colon(raw: &[u8]) -> &[u8] {
    memchr(b':', raw).and_then(|colon| raw.get(colon + 1..)).unwrap_or(&[])
}

/// `line` without the white space around it and its line end.
fn value_of(octets: &[u8], line: Range<usize>) -> Range<usize> {
    let value = octets.get(line.clone()).unwrap_or(&[]);
    let value = value.strip_suffix(b"\r\n").unwrap_or(value);
    let is_text = |octet: &u8| !token::is_white_space(*octet);
    let start = value.iter().position(is_text).unwrap_or(value.len());
    let end = value.iter().rposition(is_text).map_or(start, |last| last + 1);
    line.start + start..line.start + end
}

/// A line end and the white space after it mean one space (RFC 3261 section 7.3.1).
fn join_lines(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut after_line_end = false;
    for octet in octets {
        match octet {
            b'\r' | b'\n' => after_line_end = true,
            b' ' | b'\t' if after_line_end => {}
            other => {
                if after_line_end {
                    out.push(b' ');
                    after_line_end = false;
                }
                out.push(*other);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Option<Field> {
        let folded = octets.iter().filter(|octet| **octet == b'\n').count() > 1;
        Field::read(octets, 0..octets.len(), folded).map(|field| field.apart(octets))
    }

    #[test]
    fn folding_and_space_are_read_and_not_written() {
        let field = read(b"s\t :  one\r\n  two\r\n\tthree  \r\n").unwrap();
        assert_eq!((field.name(), field.value("")), (&HeaderName::SUBJECT, "one two three"));
        assert_eq!(field.unfolded("").raw(""), b"Subject: one two three\r\n");
        assert_eq!(field.raw(""), b"s\t :  one\r\n  two\r\n\tthree  \r\n");
    }

    #[test]
    fn octets_that_are_no_text_are_kept() {
        let field = read(b"Subject: a\xff\r\n b\r\n").unwrap();
        assert_eq!(field.value(""), "a\u{fffd} b");
        assert_eq!(field.unfolded("").raw(""), b"Subject: a\xff b\r\n");
    }

    #[test]
    fn what_has_no_name_is_no_field() {
        for bad in [&b"no colon\r\n"[..], b": value\r\n", b"a b: c\r\n", b"\xff: c\r\n"] {
            assert!(read(bad).is_none());
        }
    }

    #[test]
    fn a_line_cannot_be_smuggled_in() {
        for bad in ["a\r\nVia: x", "a\rb", "a\nb", "a\0"] {
            assert_eq!(Field::write("Subject", bad).err(), Some(WriteError::Control), "{bad:?}");
        }
        assert_eq!(Field::write("Sub ject", "a").err(), Some(WriteError::Name));
        assert_eq!(Field::write("Subject", &"a".repeat(MAX_LINE)).err(), Some(WriteError::TooLong));
    }
}
