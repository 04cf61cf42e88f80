//! What the headers that hold one token have in common (RFC 3261 section 25.1, `token`).

macro_rules! one_token {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub String);

        impl $crate::sip::headers::TypedHeader for $name {
            const NAME: $crate::sip::HeaderName = $crate::sip::HeaderName::$constant;

            fn read(value: &str) -> Result<Self, $crate::sip::error::FieldProblem> {
                $crate::sip::token::token(value).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

pub(super) use one_token;

#[cfg(test)]
mod tests {
    use crate::sip::headers::{
        AllowEvents, ContentEncoding, Priority, ProxyRequire, Require, SipETag, SipIfMatch, Supported, TypedHeader,
        Unsupported,
    };

    #[test]
    fn one_token_each() {
        assert_eq!(Require::read("x-sv-sa").unwrap().to_string(), "x-sv-sa");
        assert_eq!(Priority::read("non-urgent").unwrap().to_string(), "non-urgent");
        assert_eq!(SipETag::read(" dx200xyz ").unwrap().to_string(), "dx200xyz");
        assert_ne!(SipIfMatch::read("A"), SipIfMatch::read("a"));
        for bad in ["", "a b", "a,b", "a;b", "\"a\""] {
            assert!(SipETag::read(bad).is_err() && SipIfMatch::read(bad).is_err(), "{bad}");
            assert!(Supported::read(bad).is_err() && ProxyRequire::read(bad).is_err(), "{bad}");
            assert!(Unsupported::read(bad).is_err() && AllowEvents::read(bad).is_err(), "{bad}");
            assert!(ContentEncoding::read(bad).is_err(), "{bad}");
        }
    }
}
