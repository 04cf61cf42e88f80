use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

macro_rules! entity_tag {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

entity_tag!(/// What a server calls a publication, in a 2xx to PUBLISH (RFC 3903 section 11.3.1).
    SipETag, SIP_ETAG);
entity_tag!(/// Which publication a PUBLISH refreshes, changes or removes (RFC 3903 section 11.3.2).
    SipIfMatch, SIP_IF_MATCH);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_token_and_its_case_counts() {
        assert_eq!(SipETag::read(" dx200xyz ").unwrap().to_string(), "dx200xyz");
        assert_ne!(SipIfMatch::read("A"), SipIfMatch::read("a"));
        for bad in ["", "a b", "\"a\"", "a,b"] {
            assert!(SipETag::read(bad).is_err() && SipIfMatch::read(bad).is_err(), "{bad}");
        }
    }
}
