use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr;

use super::HeaderName;
use crate::sip::token;

/// One header field: the octets that stand on the wire, and what they mean.
///
/// Octets: name, colon, value and every line end, exactly as read or as to be written. Value: lines joined, white space
/// around it cut.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Field {
    name: HeaderName,
    /// Where both stand in the text of the [`Headers`](super::Headers): one line, and text.
    line: Line,
    /// Both, when it was folded, or octets of it are no UTF-8, which show as U+FFFD. Then it stands in no text.
    odd: Option<Box<Odd>>,
}

/// In octets: `start` from the beginning of the text, the others from `start`.
#[derive(Clone, Copy, Debug)]
struct Line {
    start: u32,
    value_start: u16,
    value_end: u16,
    end: u16,
}

#[derive(Clone, Debug)]
struct Odd {
    raw: Bytes,
    value: String,
}

impl Field {
    /// Takes a field off the wire: `raw`, which begins at octet `start` of its head, ends with CRLF and holds line ends only
    /// before white space. Whether it is text, on one line, is for the caller to see: if not, it must be
    /// [`taken_apart`](Self::taken_apart).
    #[inline]
    pub(in crate::sip) fn read(raw: &[u8], start: usize) -> Option<Self> {
        let name = raw.get(..token::token_len(raw)).filter(|name| !name.is_empty())?;
        let rest = raw.get(name.len()..)?;
        let colon = name.len() + token::white_space_len(rest);
        if raw.get(colon) != Some(&b':') {
            return None;
        }
        Self::of_line(HeaderName::of_token(name), raw, colon + 1, start)
    }

    /// One line with its CRLF, which begins at octet `start` of the text. Its value begins after `before_value` octets.
    #[inline]
    pub(super) fn of_line(name: HeaderName, raw: &[u8], before_value: usize, start: usize) -> Option<Self> {
        let value = raw.get(before_value..raw.len().checked_sub(2)?)?;
        let space = token::white_space_len(value);
        let value_end = before_value + token::after_trimming_end(value).max(space);
        let line = Line {
            start: u32::try_from(start).ok()?,
            value_start: u16::try_from(before_value + space).ok()?,
            value_end: u16::try_from(value_end).ok()?,
            end: u16::try_from(raw.len()).ok()?,
        };
        Some(Self { name, line, odd: None })
    }

    /// The same field without its head.
    pub(super) fn apart(self, head: &[u8]) -> Self {
        match self.odd {
            None => {
                let raw = self.line.raw();
                self.taken_apart(head.get(raw).unwrap_or(&[]))
            }
            Some(_) => self,
        }
    }

    /// The same field, which is `raw`, with octets of its own.
    pub(in crate::sip) fn taken_apart(self, raw: &[u8]) -> Self {
        let joined = join_lines(after_colon(raw));
        let value = token::trim(&String::from_utf8_lossy(&joined)).to_owned();
        Self { odd: Some(Box::new(Odd { raw: Bytes::copy_from_slice(raw), value })), ..self }
    }

    pub(in crate::sip) fn name(&self) -> &HeaderName {
        &self.name
    }

    pub(super) fn value<'a>(&'a self, text: &'a str) -> &'a str {
        match &self.odd {
            None => text.get(self.line.value()).unwrap_or(""),
            Some(odd) => &odd.value,
        }
    }

    pub(super) fn raw<'a>(&'a self, text: &'a str) -> &'a [u8] {
        match &self.odd {
            None => text.as_bytes().get(self.line.raw()).unwrap_or(&[]),
            Some(odd) => &odd.raw,
        }
    }

    /// What of it stands in the text.
    pub(super) fn line<'a>(&self, text: &'a str) -> &'a str {
        match self.odd {
            None => text.get(self.line.raw()).unwrap_or(""),
            Some(_) => "",
        }
    }

    /// The same field of another text, where its [`line`](Self::line) begins at octet `start`. It is on one line: folding is
    /// read, never written (RFC 3261 section 7.3.1).
    pub(super) fn unfolded(&self, start: usize) -> Option<Self> {
        let line = Line { start: u32::try_from(start).ok()?, ..self.line };
        let unfolded = |odd: &Odd| Box::new(Odd { raw: self.on_one_line(&odd.raw), value: odd.value.clone() });
        Some(Self { name: self.name.clone(), line, odd: self.odd.as_deref().map(unfolded) })
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

impl Line {
    fn raw(self) -> Range<usize> {
        self.octets(0, self.end)
    }

    fn value(self) -> Range<usize> {
        self.octets(self.value_start, self.value_end)
    }

    fn octets(self, start: u16, end: u16) -> Range<usize> {
        self.start as usize + usize::from(start)..self.start as usize + usize::from(end)
    }
}

fn after_colon(raw: &[u8]) -> &[u8] {
    memchr(b':', raw).and_then(|colon| raw.get(colon + 1..)).unwrap_or(&[])
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
        Field::read(octets, 0).map(|field| field.taken_apart(octets))
    }

    #[test]
    fn folding_and_space_are_read_and_not_written() {
        let field = read(b"s\t :  one\r\n  two\r\n\tthree  \r\n").unwrap();
        assert_eq!((field.name(), field.value("")), (&HeaderName::SUBJECT, "one two three"));
        assert_eq!(field.unfolded(0).unwrap().raw(""), b"Subject: one two three\r\n");
        assert_eq!(field.raw(""), b"s\t :  one\r\n  two\r\n\tthree  \r\n");
    }

    #[test]
    fn octets_that_are_no_text_are_kept() {
        let field = read(b"Subject: a\xff\r\n b\r\n").unwrap();
        assert_eq!(field.value(""), "a\u{fffd} b");
        assert_eq!(field.unfolded(0).unwrap().raw(""), b"Subject: a\xff b\r\n");
    }

    #[test]
    fn what_has_no_name_is_no_field() {
        for bad in [&b"no colon\r\n"[..], b": value\r\n", b"a b: c\r\n", b"\xff: c\r\n"] {
            assert!(read(bad).is_none());
        }
    }
}
