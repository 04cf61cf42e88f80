use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// The shortest session timer that its sender accepts, in seconds (RFC 4028 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MinSe {
    pub seconds: u32,
    pub params: Params,
}

impl MinSe {
    /// What a request without the header means, and the least that may be asked for (RFC 4028 section 5).
    pub const DEFAULT: u32 = 90;
}

impl TypedHeader for MinSe {
    const NAME: HeaderName = HeaderName::MIN_SE;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (seconds, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        Ok(Self { seconds: token::number(seconds)?, params: Params::read(params)? })
    }
}

impl fmt::Display for MinSe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seconds, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_parameters() {
        assert_eq!(MinSe::read("120;x=1").unwrap().to_string(), "120;x=1");
        for bad in ["", "1h", "90;"] {
            assert!(MinSe::read(bad).is_err(), "{bad}");
        }
    }
}
