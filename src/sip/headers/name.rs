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
        LISTS.iter().any(|list| self == list)
    }

    pub(super) fn canonical(name: &str) -> Self {
        let long = long(name);
        match KNOWN.iter().find(|known| known.0.eq_ignore_ascii_case(long)) {
            Some(known) => known.clone(),
            None => Self(Cow::Owned(long.to_owned())),
        }
    }
}

macro_rules! names {
    ($($constant:ident = $text:literal,)*) => {
        impl HeaderName {
            $(pub const $constant: Self = Self(Cow::Borrowed($text));)*
        }

        const KNOWN: &[HeaderName] = &[$(HeaderName::$constant,)*];
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

fn long(name: &str) -> &str {
    match name.as_bytes() {
        [letter] => COMPACT.iter().find(|(c, _)| *c == letter.to_ascii_lowercase()).map_or(name, |(_, long)| long),
        _ => name,
    }
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
