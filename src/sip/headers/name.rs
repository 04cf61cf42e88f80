use std::fmt;

use crate::sip::error::WriteError;
use crate::sip::token::{is_token, Token};

/// The name of a header field. Names are equal without regard to case, and the compact form of a
/// name is equal to the long one (RFC 3261 section 7.3.3).
#[derive(Clone)]
pub struct HeaderName {
    known: Option<Known>,
    /// As it was written, when it is not known.
    other: Option<Box<Token>>,
}

impl HeaderName {
    /// Any name; it must be a token.
    pub fn new(name: &str) -> Result<Self, WriteError> {
        if !is_token(name) {
            return Err(WriteError::Name);
        }
        Ok(Self::of_token(name.as_bytes()))
    }

    /// The long name, as RFCs write it when it is known here.
    pub fn as_str(&self) -> &str {
        match (self.known, &self.other) {
            (Some(known), _) => known.as_str(),
            (None, Some(other)) => other.as_str(),
            (None, None) => "",
        }
    }

    /// Whether `name`, in any case or in compact form, names this header.
    pub fn is(&self, name: &str) -> bool {
        Wanted::new(name).is(self)
    }

    /// Whether a comma in a value of this header starts another value. Headers that are not known
    /// here are never cut: `Subject` or `Date` may hold commas.
    pub fn is_list(&self) -> bool {
        static IS_LIST: [bool; KNOWN.len()] = lists();
        self.known.and_then(|known| IS_LIST.get(known as usize)).copied().unwrap_or(false)
    }

    /// `name` is a token.
    #[inline]
    pub(super) fn of_token(name: &[u8]) -> Self {
        match known(name) {
            Some(known) => Self { known: Some(known), other: None },
            None => Self { known: None, other: Token::new(&String::from_utf8_lossy(name)).map(Box::new) },
        }
    }
}

impl Known {
    fn as_str(self) -> &'static str {
        TEXTS.get(self as usize).copied().unwrap_or("")
    }
}

/// A name that fields are compared with: looked up once for all of them.
pub(super) struct Wanted<'a> {
    known: Option<Known>,
    name: &'a str,
}

impl<'a> Wanted<'a> {
    /// A name in any case, long or compact.
    pub(super) fn new(name: &'a str) -> Self {
        Self { known: known(name.as_bytes()), name }
    }

    /// The name of a constant, which is a known one.
    pub(super) fn constant(name: &HeaderName) -> Wanted<'static> {
        Wanted { known: name.known, name: "" }
    }

    #[inline]
    pub(super) fn is(&self, name: &HeaderName) -> bool {
        self.known == name.known && (self.known.is_some() || name.as_str().eq_ignore_ascii_case(self.name))
    }
}

/// Where each of [`KNOWN`] is found: every field of a message is asked for.
static PLACES: [Option<Known>; PLACES_LEN] = places();
const PLACES_LEN: usize = 512;

/// A name in any case, long or compact.
#[inline]
fn known(name: &[u8]) -> Option<Known> {
    match PLACES.get(place(name)).copied().flatten() {
        // Nearly everybody writes names as the RFCs do.
        Some(known) if known.as_str().as_bytes() == name => Some(known),
        found => written_otherwise(name, found),
    }
}

#[cold]
fn written_otherwise(name: &[u8], found: Option<Known>) -> Option<Known> {
    match name {
        [letter] => compact(*letter),
        _ => found.filter(|known| known.as_str().as_bytes().eq_ignore_ascii_case(name)),
    }
}

#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses an index out of bounds")]
const fn places() -> [Option<Known>; PLACES_LEN] {
    let mut places = [None; PLACES_LEN];
    let mut next = 0;
    while next < KNOWN.len() {
        let at = place(TEXTS[next].as_bytes());
        assert!(places[at].is_none(), "two names have one place: other factors in `place` would part them");
        places[at] = Some(KNOWN[next]);
        next += 1;
    }
    places
}

#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses an index out of bounds")]
const fn lists() -> [bool; KNOWN.len()] {
    let mut lists = [false; KNOWN.len()];
    let mut next = 0;
    while next < LISTS.len() {
        lists[LISTS[next] as usize] = true;
        next += 1;
    }
    lists
}

/// The place of a name, whatever its case: of its length and three of its letters.
#[expect(clippy::indexing_slicing, reason = "half of a length is within it")]
const fn place(name: &[u8]) -> usize {
    match name {
        [first, .., last] => {
            let middle = name[name.len() / 2];
            let letters = (*first | 32) as usize * 62 + (middle | 32) as usize * 77 + (*last | 32) as usize * 203;
            (letters + name.len() * 38) % PLACES_LEN
        }
        _ => 0,
    }
}

macro_rules! names {
    ($($constant:ident = $text:literal,)*) => {
        #[expect(clippy::upper_case_acronyms, non_camel_case_types, reason = "each has the name of its constant")]
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Known {
            $($constant,)*
        }

        impl HeaderName {
            $(pub const $constant: Self = Self { known: Some(Known::$constant), other: None };)*
        }

        const KNOWN: &[Known] = &[$(Known::$constant,)*];

        /// In the order of their numbers.
        static TEXTS: [&str; KNOWN.len()] = [$($text,)*];
    };
}

names! {
    ACCEPT = "Accept",
    ACCEPT_CONTACT = "Accept-Contact",
    ACCEPT_ENCODING = "Accept-Encoding",
    ACCEPT_LANGUAGE = "Accept-Language",
    ALERT_INFO = "Alert-Info",
    ALLOW = "Allow",
    ALLOW_EVENTS = "Allow-Events",
    AUTHENTICATION_INFO = "Authentication-Info",
    AUTHORIZATION = "Authorization",
    CALL_ID = "Call-ID",
    CALL_INFO = "Call-Info",
    CONTACT = "Contact",
    CONTENT_DISPOSITION = "Content-Disposition",
    CONTENT_ENCODING = "Content-Encoding",
    CONTENT_LANGUAGE = "Content-Language",
    CONTENT_LENGTH = "Content-Length",
    CONTENT_TYPE = "Content-Type",
    CSEQ = "CSeq",
    DATE = "Date",
    ERROR_INFO = "Error-Info",
    EVENT = "Event",
    EXPIRES = "Expires",
    FROM = "From",
    HISTORY_INFO = "History-Info",
    IDENTITY = "Identity",
    INFO_PACKAGE = "Info-Package",
    IN_REPLY_TO = "In-Reply-To",
    MAX_FORWARDS = "Max-Forwards",
    MIME_VERSION = "MIME-Version",
    MIN_EXPIRES = "Min-Expires",
    MIN_SE = "Min-SE",
    ORGANIZATION = "Organization",
    P_ASSERTED_IDENTITY = "P-Asserted-Identity",
    P_PREFERRED_IDENTITY = "P-Preferred-Identity",
    PATH = "Path",
    PRIORITY = "Priority",
    PROXY_AUTHENTICATE = "Proxy-Authenticate",
    PROXY_AUTHORIZATION = "Proxy-Authorization",
    PROXY_REQUIRE = "Proxy-Require",
    RACK = "RAck",
    REASON = "Reason",
    RECORD_ROUTE = "Record-Route",
    REFER_SUB = "Refer-Sub",
    REFER_TO = "Refer-To",
    REFERRED_BY = "Referred-By",
    REJECT_CONTACT = "Reject-Contact",
    REPLACES = "Replaces",
    REPLY_TO = "Reply-To",
    REQUEST_DISPOSITION = "Request-Disposition",
    REQUIRE = "Require",
    RETRY_AFTER = "Retry-After",
    ROUTE = "Route",
    RSEQ = "RSeq",
    SECURITY_CLIENT = "Security-Client",
    SECURITY_SERVER = "Security-Server",
    SECURITY_VERIFY = "Security-Verify",
    SERVER = "Server",
    SERVICE_ROUTE = "Service-Route",
    SESSION_EXPIRES = "Session-Expires",
    SIP_ETAG = "SIP-ETag",
    SIP_IF_MATCH = "SIP-If-Match",
    SUBJECT = "Subject",
    SUBSCRIPTION_STATE = "Subscription-State",
    SUPPORTED = "Supported",
    TIMESTAMP = "Timestamp",
    TO = "To",
    UNSUPPORTED = "Unsupported",
    USER_AGENT = "User-Agent",
    VIA = "Via",
    WARNING = "Warning",
    WWW_AUTHENTICATE = "WWW-Authenticate",
}

const LISTS: &[Known] = &[
    Known::ACCEPT,
    Known::ACCEPT_ENCODING,
    Known::ACCEPT_LANGUAGE,
    Known::ALERT_INFO,
    Known::ALLOW,
    Known::ALLOW_EVENTS,
    Known::CALL_INFO,
    Known::CONTACT,
    Known::CONTENT_ENCODING,
    Known::CONTENT_LANGUAGE,
    Known::ERROR_INFO,
    Known::IN_REPLY_TO,
    Known::P_ASSERTED_IDENTITY,
    Known::P_PREFERRED_IDENTITY,
    Known::PATH,
    Known::PROXY_REQUIRE,
    Known::REASON,
    Known::RECORD_ROUTE,
    Known::REQUIRE,
    Known::ROUTE,
    Known::SECURITY_CLIENT,
    Known::SECURITY_SERVER,
    Known::SECURITY_VERIFY,
    Known::SERVICE_ROUTE,
    Known::SUPPORTED,
    Known::UNSUPPORTED,
    Known::VIA,
    Known::WARNING,
    // Written by others, read by nobody here, but named so that `all` cuts them as the RFCs do.
    Known::HISTORY_INFO,
];

/// Compact forms: RFC 3261 section 20, and RFC 6665 section 8.2 for `o` and `u`, RFC 3515 for `r`,
/// RFC 3892 for `b`, RFC 4028 for `x`, RFC 3841 for `a`, `d` and `j`, RFC 8224 for `y`.
fn compact(letter: u8) -> Option<Known> {
    Some(match letter.to_ascii_lowercase() {
        b'a' => Known::ACCEPT_CONTACT,
        b'b' => Known::REFERRED_BY,
        b'c' => Known::CONTENT_TYPE,
        b'd' => Known::REQUEST_DISPOSITION,
        b'e' => Known::CONTENT_ENCODING,
        b'f' => Known::FROM,
        b'i' => Known::CALL_ID,
        b'j' => Known::REJECT_CONTACT,
        b'k' => Known::SUPPORTED,
        b'l' => Known::CONTENT_LENGTH,
        b'm' => Known::CONTACT,
        b'o' => Known::EVENT,
        b'r' => Known::REFER_TO,
        b's' => Known::SUBJECT,
        b't' => Known::TO,
        b'u' => Known::ALLOW_EVENTS,
        b'v' => Known::VIA,
        b'x' => Known::SESSION_EXPIRES,
        b'y' => Known::IDENTITY,
        _ => return None,
    })
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.known == other.known && self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

impl Eq for HeaderName {}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_compact_form_do_not_matter() {
        assert_eq!(HeaderName::new("I").unwrap(), HeaderName::CALL_ID);
        assert_eq!(HeaderName::new("call-id").unwrap().as_str(), "Call-ID");
        assert_eq!(HeaderName::new("X-Mine").unwrap(), HeaderName::new("x-mine").unwrap());
        assert_ne!(HeaderName::VIA, HeaderName::TO);
        assert!(HeaderName::CONTACT.is("M"));
    }

    #[test]
    fn a_name_is_a_token() {
        for bad in ["", "a b", "a:", "a\r\nb", "é"] {
            assert_eq!(HeaderName::new(bad).err(), Some(WriteError::Name), "{bad:?}");
        }
    }

    #[test]
    fn only_lists_are_cut() {
        assert!(HeaderName::new("v").unwrap().is_list());
        assert!(!HeaderName::SUBJECT.is_list() && !HeaderName::FROM.is_list());
    }
}
