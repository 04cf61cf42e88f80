use std::fmt;

use super::CSeq;
use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// Which reliable provisional response a PRACK acknowledges (RFC 3262 section 7.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RAck {
    /// The response's RSeq.
    pub response: u32,
    /// The CSeq of the request that it answers.
    pub request: CSeq,
}

impl TypedHeader for RAck {
    const NAME: HeaderName = HeaderName::RACK;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (response, request) = token::trim(value).split_once([' ', '\t']).ok_or(FieldProblem::Syntax)?;
        Ok(Self { response: token::number(response)?, request: CSeq::read(token::trim(request))? })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.response, self.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Method;

    #[test]
    fn two_numbers_and_a_method() {
        let rack = RAck::read("776656  1 INVITE").unwrap();
        assert_eq!((rack.response, rack.request.number, &rack.request.method), (776_656, 1, &Method::Invite));
        assert_eq!(rack.to_string(), "776656 1 INVITE");
        for bad in ["", "1", "1 2", "1 INVITE", "x 1 INVITE", "1 2147483648 INVITE", "1 1 IN VITE"] {
            assert!(RAck::read(bad).is_err(), "{bad}");
        }
    }
}
