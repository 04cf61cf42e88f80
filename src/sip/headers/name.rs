use std::borrow::Cow;
use std::fmt;

use crate::sip::error::WriteError;
use crate::sip::token::is_token;

/// The name of a header field. Names are equal without regard to case, and the compact form of a
/// name is equal to the long one (RFC 3261 section 7.3.3).
#[derive(Clone)]
pub struct HeaderName(Cow<'static, str>);

impl HeaderName {
    /// Any name; it must be a token.
    pub fn new(name: &str) -> Result<Self, WriteError> {
        if !is_token(name) {
            return Err(WriteError::Name);
        }
        Ok(Self::canonical(name))
    }

    /// The long name, as RFCs write it when it is known here.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `name`, in any case or in compact form, names this header.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(long(name))
    }

    /// Whether a comma in a value of this header starts another value. Headers that are not known
    /// here are never cut: `Subject` or `Date` may hold commas.
    pub fn is_list(&self) -> bool {
        LISTS.iter().any(|list| self.0.eq_ignore_ascii_case(&list.0))
    }

    fn canonical(name: &str) -> Self {
        Self::of_token(name.as_bytes())
    }

    /// `name` is a token.
    pub(super) fn of_token(name: &[u8]) -> Self {
        match compact(name).or_else(|| known(name)) {
            Some(known) => Self(Cow::Borrowed(known)),
            None => Self(Cow::Owned(String::from_utf8_lossy(name).into_owned())),
        }
    }
}

/// Where each of [`KNOWN`] is found: at its own place, or, when that is taken, at one of the next ones. Every field of a
/// message is asked for.
static PLACES: [Option<&str>; PLACES_LEN] = places();
/// More than there are names.
const PLACES_LEN: usize = 256;

fn known(name: &[u8]) -> Option<&'static str> {
    let mut at = place(name);
    loop {
        let known = (*PLACES.get(at)?)?;
        // Nearly everybody writes names as the RFCs do.
        if known.as_bytes() == name || known.as_bytes().eq_ignore_ascii_case(name) {
            return Some(known);
        }
        at = (at + 1) % PLACES_LEN;
    }
}

#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses an index out of bounds")]
const fn places() -> [Option<&'static str>; PLACES_LEN] {
    let mut places = [None; PLACES_LEN];
    let mut next = 0;
    while next < KNOWN.len() {
        let mut at = place(KNOWN[next].as_bytes());
        while places[at].is_some() {
            at = (at + 1) % PLACES_LEN;
        }
        places[at] = Some(KNOWN[next]);
        next += 1;
    }
    places
}

/// The place of a name, whatever its case: of its length and its outer letters.
const fn place(name: &[u8]) -> usize {
    match name {
        [first, .., before, last] => {
            let letters = (*first | 32) as usize * 7 + (*before | 32) as usize * 31 + (*last | 32) as usize * 3;
            (letters + name.len() * 61) % PLACES_LEN
        }
        _ => name.len(),
    }
}

macro_rules! names {
    ($($constant:ident = $text:literal,)*) => {
        impl HeaderName {
            $(pub const $constant: Self = Self(Cow::Borrowed($text));)*
        }

        const KNOWN: &[&str] = &[$($text,)*];
    };
}

names! {
    ACCEPT = "Accept",
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
    REPLACES = "Replaces",
    REPLY_TO = "Reply-To",
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

const LISTS: [HeaderName; 29] = [
    HeaderName::ACCEPT,
    HeaderName::ACCEPT_ENCODING,
    HeaderName::ACCEPT_LANGUAGE,
    HeaderName::ALERT_INFO,
    HeaderName::ALLOW,
    HeaderName::ALLOW_EVENTS,
    HeaderName::CALL_INFO,
    HeaderName::CONTACT,
    HeaderName::CONTENT_ENCODING,
    HeaderName::CONTENT_LANGUAGE,
    HeaderName::ERROR_INFO,
    HeaderName::IN_REPLY_TO,
    HeaderName::P_ASSERTED_IDENTITY,
    HeaderName::P_PREFERRED_IDENTITY,
    HeaderName::PATH,
    HeaderName::PROXY_REQUIRE,
    HeaderName::REASON,
    HeaderName::RECORD_ROUTE,
    HeaderName::REQUIRE,
    HeaderName::ROUTE,
    HeaderName::SECURITY_CLIENT,
    HeaderName::SECURITY_SERVER,
    HeaderName::SECURITY_VERIFY,
    HeaderName::SERVICE_ROUTE,
    HeaderName::SUPPORTED,
    HeaderName::UNSUPPORTED,
    HeaderName::VIA,
    HeaderName::WARNING,
    // Written by others, read by nobody here, but named so that `all` cuts them as the RFCs do.
    HeaderName(Cow::Borrowed("History-Info")),
];

/// Compact forms: RFC 3261 section 20, and RFC 6665 section 8.2 for `o` and `u`, RFC 3515 for `r`,
/// RFC 3892 for `b`, RFC 4028 for `x`, RFC 3841 for `a`, `d` and `j`, RFC 8224 for `y`.
const COMPACT: [(u8, &str); 19] = [
    (b'b', "Referred-By"),
    (b'd', "Request-Disposition"),
    (b'j', "Reject-Contact"),
    (b'y', "Identity"),
    (b'c', "Content-Type"),
    (b'e', "Content-Encoding"),
    (b'f', "From"),
    (b'i', "Call-ID"),
    (b'k', "Supported"),
    (b'l', "Content-Length"),
    (b'm', "Contact"),
    (b'o', "Event"),
    (b'r', "Refer-To"),
    (b's', "Subject"),
    (b't', "To"),
    (b'u', "Allow-Events"),
    (b'v', "Via"),
    (b'x', "Session-Expires"),
    (b'a', "Accept-Contact"),
];

fn compact(name: &[u8]) -> Option<&'static str> {
    let [letter] = name else { return None };
    COMPACT.iter().find(|(known, _)| *known == letter.to_ascii_lowercase()).map(|(_, long)| *long)
}

fn long(name: &str) -> &str {
    compact(name.as_bytes()).unwrap_or(name)
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for HeaderName {}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
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
