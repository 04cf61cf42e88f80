//! Percent escapes (RFC 3261 section 19.1.2).

use crate::sip::error::UriError;
use crate::sip::octets::Octets;

/// What a URI may hold at all: what is seen in ASCII, but for `<>"`.
pub(super) static ANYWHERE: Octets = Octets::alphanumeric_and(b"!#$%&'()*+,-./:;=?@[\\]^_`{|}~");
/// What may stand unescaped anywhere.
static UNRESERVED: Octets = Octets::alphanumeric_and(b"-_.!~*'()");
/// What may stand unescaped in a part.
pub(super) static USER: Octets = Octets::alphanumeric_and(b"-_.!~*'()&=+$,;?/");
/// Devices write `*21#@pbx` although `#` is to be escaped; it is read, never made.
pub(super) static USER_READ: Octets = Octets::alphanumeric_and(b"-_.!~*'()&=+$,;?/#");
pub(super) static PASSWORD: Octets = Octets::alphanumeric_and(b"-_.!~*'()&=+$,");
pub(super) static PARAM: Octets = Octets::alphanumeric_and(b"-_.!~*'()[]/:&+$");
pub(super) static HEADER: Octets = Octets::alphanumeric_and(b"-_.!~*'()[]/?:+$");

/// Checks that `text` holds what may stand unescaped and well-formed escapes only.
pub(super) fn check(text: &str, unescaped: &Octets) -> Result<(), UriError> {
    let checked = span(text.as_bytes(), unescaped)?;
    (checked == text.len()).then_some(()).ok_or(UriError::Character)
}

/// How many octets `octets` begins with that may stand unescaped or are well-formed escapes.
pub(super) fn span(octets: &[u8], unescaped: &Octets) -> Result<usize, UriError> {
    let mut rest = octets;
    loop {
        rest = rest.get(unescaped.prefix(rest)..).unwrap_or(&[]);
        match rest {
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest = after,
            [b'%', ..] => return Err(UriError::Escape),
            _ => return Ok(octets.len() - rest.len()),
        }
    }
}

pub(super) fn user(text: &str) -> String {
    escape(text, &USER)
}

pub(super) fn param(text: &str) -> String {
    escape(text, &PARAM)
}

pub(super) fn header(text: &str) -> String {
    escape(text, &HEADER)
}

/// Resolves every escape; octets that are no UTF-8 become U+FFFD.
pub(super) fn unescape(text: &str) -> String {
    let octets: Vec<u8> = pieces(text).map(|(octet, _)| octet).collect();
    String::from_utf8_lossy(&octets).into_owned()
}

/// Resolves the escapes of unreserved characters and writes the others in upper case, so that
/// texts that RFC 3261 section 19.1.4 calls equal become the same text.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (octet, escaped) in pieces(text) {
        if escaped && !UNRESERVED.has(octet) {
            out.push_str(&format!("%{octet:02X}"));
        } else {
            out.push(char::from(octet));
        }
    }
    out
}

fn escape(text: &str, unescaped: &Octets) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if unescaped.has(octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

/// The octets of `text`, and whether each was escaped.
fn pieces(text: &str) -> impl Iterator<Item = (u8, bool)> + '_ {
    let mut octets = text.bytes();
    std::iter::from_fn(move || {
        let octet = octets.next()?;
        if octet != b'%' {
            return Some((octet, false));
        }
        let (high, low) = (octets.next().and_then(hex), octets.next().and_then(hex));
        Some((high.unwrap_or(0) << 4 | low.unwrap_or(0), true))
    })
}

fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_the_same_after_unescaping() {
        for text in ["bob", "a b@c#%", "Zoë", "\r\n\0", "user;par=1"] {
            assert_eq!(unescape(&user(text)), text);
            assert_eq!(check(&user(text), &USER), Ok(()));
        }
        assert_eq!(user("a@b"), "a%40b");
    }

    #[test]
    fn broken_escapes_are_refused() {
        for bad in ["%", "%4", "%zz", "a%", "%%41"] {
            assert_eq!(check(bad, &USER), Err(UriError::Escape), "{bad}");
        }
        assert_eq!(check("a b", &USER), Err(UriError::Character));
    }

    #[test]
    fn only_unreserved_escapes_are_resolved_for_comparison() {
        assert_eq!(normal("%61lice%3b%40"), "alice%3B%40");
    }
}
