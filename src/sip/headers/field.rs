use bytes::{BufMut, Bytes, BytesMut};

use super::HeaderName;
use crate::sip::error::WriteError;
use crate::sip::message::MAX_LINE;
use crate::sip::token;

/// One header field: the octets that stand on the wire, and what they mean.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Field {
    name: HeaderName,
    /// Lines joined, white space around it cut; octets that are no UTF-8 show as U+FFFD.
    value: String,
    /// Name, colon, value and every line end, exactly as read or as to be written.
    raw: Bytes,
}

impl Field {
    /// Takes a field off the wire. `raw` ends with CRLF and holds line ends only before white space.
    pub(in crate::sip) fn read(raw: Bytes) -> Option<Self> {
        let colon = raw.iter().position(|b| *b == b':')?;
        let name = std::str::from_utf8(raw.get(..colon)?).ok()?.trim_end_matches([' ', '\t']);
        let name = token::is_token(name).then(|| HeaderName::canonical(name))?;
        let joined = join_lines(raw.get(colon + 1..)?);
        let value = token::trim(&String::from_utf8_lossy(&joined)).to_owned();
        Some(Self { name, value, raw })
    }

    /// Makes a field of ours.
    pub(super) fn write(name: &str, value: &str) -> Result<Self, WriteError> {
        let name = HeaderName::new(name)?;
        if value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(WriteError::Control);
        }
        let raw = Bytes::from(format!("{name}: {value}\r\n"));
        if raw.len() > MAX_LINE {
            return Err(WriteError::TooLong);
        }
        Ok(Self { name, value: token::trim(value).to_owned(), raw })
    }

    pub(in crate::sip) fn name(&self) -> &HeaderName {
        &self.name
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    pub(in crate::sip) fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The same field on one line: folding is read, never written (RFC 3261 section 7.3.1).
    pub(super) fn unfolded(&self) -> Self {
        let folded = self.raw.iter().filter(|b| **b == b'\n').count() > 1;
        if !folded {
            return self.clone();
        }
        let colon = self.raw.iter().position(|b| *b == b':').map_or(self.raw.len(), |at| at + 1);
        let value = join_lines(self.raw.get(colon..).unwrap_or(&[]));
        let mut raw = BytesMut::with_capacity(self.raw.len());
        raw.put_slice(self.name.as_str().as_bytes());
        raw.put_slice(b": ");
        raw.put_slice(value.trim_ascii());
        raw.put_slice(b"\r\n");
        Self { raw: raw.freeze(), ..self.clone() }
    }
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

    fn read(text: &'static [u8]) -> Option<Field> {
        Field::read(Bytes::from_static(text))
    }

    #[test]
    fn folding_and_space_are_read_and_not_written() {
        let field = read(b"s\t :  one\r\n  two\r\n\tthree  \r\n").unwrap();
        assert_eq!((field.name(), field.value()), (&HeaderName::SUBJECT, "one two three"));
        assert_eq!(&field.unfolded().raw()[..], b"Subject: one two three\r\n");
        assert_eq!(&field.raw()[..], b"s\t :  one\r\n  two\r\n\tthree  \r\n");
    }

    #[test]
    fn octets_that_are_no_text_are_kept() {
        let field = read(b"Subject: a\xff\r\n b\r\n").unwrap();
        assert_eq!(field.value(), "a\u{fffd} b");
        assert_eq!(&field.unfolded().raw()[..], b"Subject: a\xff b\r\n");
    }

    #[test]
    fn what_has_no_name_is_no_field() {
        for bad in [&b"no colon\r\n"[..], b": value\r\n", b"a b: c\r\n", b"\xff: c\r\n"] {
            assert!(Field::read(Bytes::copy_from_slice(bad)).is_none());
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
