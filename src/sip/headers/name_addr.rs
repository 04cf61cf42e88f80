use std::fmt;

use compact_str::CompactString;

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
    pub display: Option<CompactString>,
    pub uri: Uri,
    /// Those of the header, not of the URI.
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::default() }
    }

    pub fn with_display(mut self, display: &str) -> Self {
        self.display = (!display.is_empty()).then(|| display.into());
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
        let (display, address) = cut_display(text)?;
        let (uri, params) = match address {
            Some(address) => token::cut(address, b'>').ok_or(FieldProblem::Syntax)?,
            None => cut_bare(text)?,
        };
        Ok(Self { display, uri: Uri::read(uri)?, params: Params::read(params)? })
    }
}

/// Without brackets every parameter belongs to the header, and a comma or question mark may
/// not stand in the URI (RFC 3261 section 20.10).
fn cut_bare(text: &str) -> Result<(&str, &str), FieldProblem> {
    let (uri, params) = token::cut_before(text, b';');
    if uri.contains([',', '?']) {
        return Err(FieldProblem::Syntax);
    }
    Ok((token::trim(uri), params))
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", token::quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// The display name, which is a quoted string or words, and what follows the `<`, which stands before any parameter. Letters
/// beyond ASCII are let through in words: many phones do not quote them.
fn cut_display(text: &str) -> Result<(Option<CompactString>, Option<&str>), FieldProblem> {
    if text.starts_with('"') {
        let (display, rest) = token::quoted(text)?;
        let address = token::trim_start(rest).strip_prefix('<').ok_or(FieldProblem::Syntax)?;
        return Ok((Some(display.into()), Some(address)));
    }
    let (display, rest) = text.split_at(memchr::memchr2(b'<', b';', text.as_bytes()).unwrap_or(text.len()));
    let Some(address) = rest.strip_prefix('<') else { return Ok((None, None)) };
    let display = token::trim(display);
    if !display.bytes().all(|b| !b.is_ascii() || token::is_token_octet(b) || token::is_white_space(b)) {
        return Err(FieldProblem::Syntax);
    }
    Ok(((!display.is_empty()).then(|| display.into()), Some(address)))
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
