use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// Whether a REFER makes a subscription to what comes of it (RFC 4488 section 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReferSub {
    pub subscribes: bool,
    pub params: Params,
}

impl ReferSub {
    pub fn new(subscribes: bool) -> Self {
        Self { subscribes, params: Params::default() }
    }
}

impl TypedHeader for ReferSub {
    const NAME: HeaderName = HeaderName::REFER_SUB;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (word, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let subscribes = match token::trim(word) {
            word if word.eq_ignore_ascii_case("true") => true,
            word if word.eq_ignore_ascii_case("false") => false,
            _ => return Err(FieldProblem::Syntax),
        };
        Ok(Self { subscribes, params: Params::read(params)? })
    }
}

impl fmt::Display for ReferSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.subscribes, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_or_false() {
        assert_eq!(ReferSub::read(" False ;x=1").map(|sub| sub.to_string()).as_deref(), Ok("false;x=1"));
        assert_eq!(ReferSub::read("true"), Ok(ReferSub::new(true)));
        for bad in ["", "no", "true false", "true;;"] {
            assert!(ReferSub::read(bad).is_err(), "{bad}");
        }
    }
}
