//! What the headers that point to something to fetch have in common (RFC 3261 section 25.1, `alert-param`,
//! `info`, `error-uri`): a URI in brackets, and parameters.

macro_rules! info {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            /// Peer text; nothing here ever fetches it.
            pub uri: $crate::sip::Uri,
            pub params: $crate::sip::params::Params,
        }

        impl $crate::sip::headers::TypedHeader for $name {
            const NAME: $crate::sip::HeaderName = $crate::sip::HeaderName::$constant;

            fn read(value: &str) -> Result<Self, $crate::sip::error::FieldProblem> {
                let bracketed = $crate::sip::token::trim(value).starts_with('<');
                let read = $crate::sip::headers::NameAddr::read(value)?;
                let made = Self { uri: read.uri, params: read.params };
                bracketed.then_some(made).ok_or($crate::sip::error::FieldProblem::Syntax)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "<{}>{}", self.uri, self.params)
            }
        }
    };
}

pub(super) use info;

#[cfg(test)]
mod tests {
    use crate::sip::headers::{AlertInfo, CallInfo, ErrorInfo, TypedHeader};

    #[test]
    fn a_uri_in_brackets_and_parameters() {
        let photo = CallInfo::read("<http://example.com/alice/photo.jpg> ;purpose=icon").unwrap();
        assert_eq!(photo.params.value("purpose"), Some("icon"));
        assert_eq!(photo.to_string(), "<http://example.com/alice/photo.jpg>;purpose=icon");
        assert!(ErrorInfo::read("<sip:not-in-service-recording@atlanta.com>").is_ok());
        for bad in ["", "http://example.com/a", "\"x\" <http://example.com/a>", "<>", "<http://example.com/a"] {
            assert!(AlertInfo::read(bad).is_err(), "{bad}");
        }
    }
}
