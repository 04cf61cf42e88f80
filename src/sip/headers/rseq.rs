use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// Numbers the reliable provisional responses to one request (RFC 3262 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RSeq(pub u32);

impl TypedHeader for RSeq {
    const NAME: HeaderName = HeaderName::RSEQ;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        token::number(value).map(Self)
    }
}

impl fmt::Display for RSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_nothing_else() {
        assert_eq!(RSeq::read("988789").unwrap().to_string(), "988789");
        for bad in ["", "-1", "4294967296", "1 2"] {
            assert!(RSeq::read(bad).is_err(), "{bad}");
        }
    }
}
