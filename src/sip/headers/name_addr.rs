use std::fmt;

use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;
use crate::sip::uri::Uri;

/// An address with an optional display name and parameters: what From, To, Contact, Route and
/// Record-Route hold (RFC 3261 sections 20.10 and 25.1, `name-addr`).
///
/// It is always written with angle brackets, the display name in quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// Without its quotes. Peer text.
    pub display: Option<String>,
    pub uri: Uri,
    /// Those of the header, not of the URI.
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::default() }
    }

    pub fn with_display(mut self, display: &str) -> Self {
        self.display = (!display.is_empty()).then(|| display.to_owned());
        self
    }

    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// Sets the tag; it must be a token, or no peer will find the dialog again.
    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }

    /// The device's instance, without quotes and angle brackets (RFC 5626 section 4.1).
    pub fn instance(&self) -> Option<String> {
        let value = self.params.unquoted("+sip.instance")?;
        Some(value.trim_start_matches('<').trim_end_matches('>').to_owned())
    }

    /// Sets the instance, a URN, as `+sip.instance="<urn>"`.
    pub fn set_instance(&mut self, urn: &str) {
        self.params.set("+sip.instance", Some(&format!("\"<{urn}>\"")));
    }

    pub fn read(text: &str) -> Result<Self, FieldProblem> {
        let text = token::trim(text);
        match open_bracket(text)? {
            Some(at) => Self::read_bracketed(text, at),
            None => Self::read_bare(text),
        }
    }

    fn read_bracketed(text: &str, at: usize) -> Result<Self, FieldProblem> {
        let (display, rest) = text.split_at(at);
        let (uri, params) = rest.strip_prefix('<').and_then(|r| token::cut(r, b'>')).ok_or(FieldProblem::Syntax)?;
        Ok(Self { display: read_display(display)?, uri: Uri::parse(uri)?, params: Params::read(params)? })
    }

    /// Without brackets every parameter belongs to the header, and a comma or question mark may
    /// not stand in the URI (RFC 3261 section 20.10).
    fn read_bare(text: &str) -> Result<Self, FieldProblem> {
        let (uri, params) = token::cut_before(text, b';');
        if uri.contains([',', '?']) {
            return Err(FieldProblem::Syntax);
        }
        Ok(Self { display: None, uri: Uri::parse(token::trim(uri))?, params: Params::read(params)? })
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", token::quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// Where the `<` of the address is: not in a quoted string, and before any parameter.
fn open_bracket(text: &str) -> Result<Option<usize>, FieldProblem> {
    let start = match text.strip_prefix('"') {
        Some(inner) => token::end_of_quote(inner.as_bytes()).ok_or(FieldProblem::Quote)? + 2,
        None => 0,
    };
    let rest = text.get(start..).unwrap_or("");
    let end = token::cut_before(rest, b';').0.len();
    match memchr::memchr(b'<', rest.as_bytes()) {
        Some(at) if at <= end => Ok(Some(start + at)),
        _ if start > 0 => Err(FieldProblem::Syntax),
        _ => Ok(None),
    }
}

/// A quoted string, or words. Letters beyond ASCII are let through in words: many phones do not
/// quote them.
fn read_display(text: &str) -> Result<Option<String>, FieldProblem> {
    let text = token::trim(text);
    if text.starts_with('"') {
        return match token::quoted(text)? {
            (display, rest) if token::trim(rest).is_empty() => Ok(Some(display)),
            _ => Err(FieldProblem::Syntax),
        };
    }
    if !text.bytes().all(|b| !b.is_ascii() || token::is_token_octet(b) || token::is_white_space(b)) {
        return Err(FieldProblem::Syntax);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_address_is_read() {
        let cases = [
            ("sip:a@h", None, "sip:a@h", ""),
            ("sip:a@h;tag=1;x", None, "sip:a@h", ";tag=1;x"),
            ("<sip:a@h;lr>;tag=1", None, "sip:a@h;lr", ";tag=1"),
            ("Bob<sip:a@h>", Some("Bob"), "sip:a@h", ""),
            ("Bob  B. <sip:a@h?x=1&y=2> ; q = 0.33", Some("Bob  B."), "sip:a@h?x=1&y=2", ";q=0.33"),
            ("\"Bob, \\\"<B>\\\"\" <sip:a@h>", Some("Bob, \"<B>\""), "sip:a@h", ""),
            ("\"\" <tel:+1>", Some(""), "tel:+1", ""),
            ("Zoë 雪 <sip:a@h>", Some("Zoë 雪"), "sip:a@h", ""),
        ];
        for (text, display, uri, params) in cases {
            let read = NameAddr::read(text).unwrap();
            assert_eq!(read.display.as_deref(), display, "{text}");
            assert_eq!((read.uri.as_str(), read.params.to_string().as_str()), (uri, params), "{text}");
            assert_eq!(NameAddr::read(&read.to_string()), Ok(read));
        }
    }

    #[test]
    fn broken_addresses_are_refused() {
        let bad = [
            "",
            "<>",
            "<sip:a@h",
            "sip:a@h>",
            "\"Bob <sip:a@h>",
            "\"Bob\" sip:a@h",
            "\"Bob\" x <sip:a@h>",
            "Bell, A <sip:a@h>",
            "Bob <sip:a@h> x",
            "<sip:a@h>;;tag=1",
            "< sip:a@h>",
            "sip:a@h?x=1",
            "Bob: <sip:a@h>",
        ];
        for text in bad {
            assert!(NameAddr::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_instance_is_found_in_its_quotes() {
        let mut contact = NameAddr::read("<sip:a@h>;+sip.instance=\"<urn:uuid:1>\"").unwrap();
        assert_eq!(contact.instance().as_deref(), Some("urn:uuid:1"));
        contact.set_instance("urn:uuid:2");
        assert_eq!(contact.to_string(), "<sip:a@h>;+sip.instance=\"<urn:uuid:2>\"");
        contact.set_tag("t1");
        assert_eq!(contact.tag(), Some("t1"));
    }
}
