use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// The shortest time that the sender of a 423 accepts, in seconds (RFC 3261 section 20.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MinExpires(pub u32);

impl TypedHeader for MinExpires {
    const NAME: HeaderName = HeaderName::MIN_EXPIRES;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        token::number(value).map(Self)
    }
}

impl fmt::Display for MinExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_range_only() {
        assert_eq!(MinExpires::read("3600"), Ok(MinExpires(3600)));
        for bad in ["", "-1", "4294967296", "1h"] {
            assert_eq!(MinExpires::read(bad), Err(FieldProblem::Number), "{bad}");
        }
    }
}
