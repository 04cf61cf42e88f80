use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// How long a subscription, registration or invitation lasts, in seconds (RFC 3261 section 20.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Expires(pub u32);

impl TypedHeader for Expires {
    const NAME: HeaderName = HeaderName::EXPIRES;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        token::number(value).map(Self)
    }
}

impl fmt::Display for Expires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_range_only() {
        for (text, number) in [("0", 0), ("3600", 3600), ("4294967295", u32::MAX)] {
            assert_eq!(Expires::read(text), Ok(Expires(number)));
        }
        for bad in ["", "-1", "4294967296", "1h"] {
            assert_eq!(Expires::read(bad), Err(FieldProblem::Number), "{bad}");
        }
    }
}
