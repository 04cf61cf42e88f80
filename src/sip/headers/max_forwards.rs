use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// How many more hops the request may make (RFC 3261 section 20.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MaxForwards(pub u8);

impl TypedHeader for MaxForwards {
    const NAME: HeaderName = HeaderName::MAX_FORWARDS;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        token::number(value).map(Self)
    }
}

impl fmt::Display for MaxForwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_range_only() {
        for (text, number) in [("0", 0), ("0068", 68), ("255", 255)] {
            assert_eq!(MaxForwards::read(text), Ok(MaxForwards(number)));
        }
        for bad in ["", "-1", "256", "seventy"] {
            assert_eq!(MaxForwards::read(bad), Err(FieldProblem::Number), "{bad}");
        }
    }
}
