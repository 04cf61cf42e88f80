use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// The length of the body in octets (RFC 3261 section 20.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentLength(pub u32);

impl TypedHeader for ContentLength {
    const NAME: HeaderName = HeaderName::CONTENT_LENGTH;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        token::number(value).map(Self)
    }
}

impl fmt::Display for ContentLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_range_only() {
        for (text, number) in [("0", 0), ("007", 7), ("4294967295", u32::MAX)] {
            assert_eq!(ContentLength::read(text), Ok(ContentLength(number)));
        }
        for bad in ["", "-1", "1 2", "4294967296", "1,1"] {
            assert_eq!(ContentLength::read(bad), Err(FieldProblem::Number), "{bad}");
        }
    }
}
