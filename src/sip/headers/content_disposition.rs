use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// What a body is for (RFC 3261 section 20.11, RFC 5621 section 8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentDisposition {
    /// In lower case: `session`, `render`, `early-session`, ...
    pub kind: String,
    pub params: Params,
}

impl ContentDisposition {
    /// A receiver that does not understand the body may pass over it (`handling=optional`).
    pub fn is_optional(&self) -> bool {
        self.params.value("handling").is_some_and(|handling| handling.eq_ignore_ascii_case("optional"))
    }
}

impl TypedHeader for ContentDisposition {
    const NAME: HeaderName = HeaderName::CONTENT_DISPOSITION;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (kind, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        Ok(Self { kind: token::token(kind)?.to_ascii_lowercase(), params: Params::read(params)? })
    }
}

impl fmt::Display for ContentDisposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_be_optional() {
        let read = |text| ContentDisposition::read(text).unwrap();
        assert!(read("Render ;handling=Optional").is_optional());
        assert!(!read("session").is_optional() && !read("render;handling=required").is_optional());
        assert_eq!(read("Render;handling=optional").to_string(), "render;handling=optional");
        for bad in ["", ";handling=optional", "a b", "render;"] {
            assert!(ContentDisposition::read(bad).is_err(), "{bad}");
        }
    }
}
