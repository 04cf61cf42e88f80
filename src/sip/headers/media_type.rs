use std::fmt;

use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// A type of content, `application/sdp`, with its parameters (RFC 3261 section 25.1, `media-type`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType {
    /// In lower case: types are compared without regard to case.
    pub kind: String,
    /// In lower case.
    pub subtype: String,
    pub params: Params,
}

impl MediaType {
    pub fn read(value: &str) -> Result<Self, FieldProblem> {
        let (types, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let (kind, subtype) = types.split_once('/').ok_or(FieldProblem::Syntax)?;
        let lower = |text| token::token(text).map(|t| t.to_ascii_lowercase());
        Ok(Self { kind: lower(kind)?, subtype: lower(subtype)?, params: Params::read(params)? })
    }

    /// `application/sdp`: type and subtype in lower case, no parameters.
    pub fn essence(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }

    /// Whether this is `essence`, whatever its case and parameters.
    pub fn is(&self, essence: &str) -> bool {
        self.essence().eq_ignore_ascii_case(essence)
    }

    /// Whether a range such as `*/*` or `application/*` takes `other`.
    pub fn takes(&self, other: &Self) -> bool {
        let part = |mine: &str, theirs: &str| mine == "*" || mine == theirs;
        part(&self.kind, &other.kind) && part(&self.subtype, &other.subtype)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_without_case() {
        let read = MediaType::read("Multipart/Mixed ; boundary=\"a;b\"").unwrap();
        assert!(read.is("multipart/mixed"));
        assert_eq!(read.params.unquoted("Boundary").as_deref(), Some("a;b"));
        assert_eq!(read.to_string(), "multipart/mixed;boundary=\"a;b\"");
        for bad in ["", "a", "a/", "/b", "a/b/c", "a b/c", "a/b;"] {
            assert!(MediaType::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_range_takes_what_it_covers() {
        let sdp = MediaType::read("application/sdp").unwrap();
        for (range, takes) in [("*/*", true), ("application/*", true), ("application/sdp", true), ("text/*", false)] {
            assert_eq!(MediaType::read(range).unwrap().takes(&sdp), takes, "{range}");
        }
    }
}
