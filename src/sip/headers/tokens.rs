use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::method::Method;
use crate::sip::token;

macro_rules! one_token {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub String);

        impl TypedHeader for $name {
            const NAME: HeaderName = HeaderName::$constant;

            fn read(value: &str) -> Result<Self, FieldProblem> {
                token::token(value).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

one_token!(/// One event package that the sender knows (RFC 6665 section 8.2.2).
    AllowEvents, ALLOW_EVENTS);
one_token!(/// One extension that the receiver must know (RFC 3261 section 20.32).
    Require, REQUIRE);
one_token!(/// One extension that the sender knows (RFC 3261 section 20.37).
    Supported, SUPPORTED);
one_token!(/// One extension that the sender of a 420 does not know (RFC 3261 section 20.40).
    Unsupported, UNSUPPORTED);

one_token!(/// What a server calls a publication, in a 2xx to PUBLISH (RFC 3903 section 11.3.1). Its case counts.
    SipETag, SIP_ETAG);
one_token!(/// Which publication a PUBLISH refreshes, changes or removes (RFC 3903 section 11.3.2). Its case counts.
    SipIfMatch, SIP_IF_MATCH);

/// One method that the sender knows (RFC 3261 section 20.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Allow(pub Method);

impl TypedHeader for Allow {
    const NAME: HeaderName = HeaderName::ALLOW;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        Method::new(token::trim(value)).map(Self).ok_or(FieldProblem::Token)
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_each() {
        assert_eq!(Require::read("x-sv-sa").unwrap().to_string(), "x-sv-sa");
        assert_eq!(Allow::read("INVITE"), Ok(Allow(Method::Invite)));
        assert_eq!(SipETag::read(" dx200xyz ").unwrap().to_string(), "dx200xyz");
        assert_ne!(SipIfMatch::read("A"), SipIfMatch::read("a"));
        for bad in ["", "a b", "a,b", "a;b", "\"a\""] {
            assert!(SipETag::read(bad).is_err() && SipIfMatch::read(bad).is_err(), "{bad}");
            assert!(Supported::read(bad).is_err() && Allow::read(bad).is_err(), "{bad}");
            assert!(Unsupported::read(bad).is_err() && AllowEvents::read(bad).is_err(), "{bad}");
        }
    }
}
