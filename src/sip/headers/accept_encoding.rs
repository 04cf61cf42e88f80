use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// One coding of bodies that the sender can read, `*` any (RFC 3261 section 20.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AcceptEncoding {
    /// In lower case: codings are compared without regard to case.
    pub coding: String,
    /// As `q`.
    pub params: Params,
}

impl TypedHeader for AcceptEncoding {
    const NAME: HeaderName = HeaderName::ACCEPT_ENCODING;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (coding, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        Ok(Self { coding: token::token(coding)?.to_ascii_lowercase(), params: Params::read(params)? })
    }
}

impl fmt::Display for AcceptEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.coding, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_and_its_parameters() {
        let read = AcceptEncoding::read("GZIP ;q=0.5").unwrap();
        assert_eq!((read.coding.as_str(), read.params.value("q")), ("gzip", Some("0.5")));
        for text in ["identity", "*", "gzip;q=0.5"] {
            assert_eq!(AcceptEncoding::read(text).unwrap().to_string(), text);
        }
        for bad in ["", "a b", "a,b", "\"a\"", "gzip;"] {
            assert!(AcceptEncoding::read(bad).is_err(), "{bad}");
        }
    }
}
