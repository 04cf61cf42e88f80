use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::method::Method;
use crate::sip::token;

/// Orders the requests of a dialog (RFC 3261 section 20.16).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Below 2^31 (RFC 3261 section 8.1.1.5).
    pub number: u32,
    pub method: Method,
}

impl CSeq {
    pub const MAX: u32 = (1 << 31) - 1;
}

impl TypedHeader for CSeq {
    const NAME: HeaderName = HeaderName::CSEQ;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let space = memchr::memchr2(b' ', b'\t', value.as_bytes()).ok_or(FieldProblem::Syntax)?;
        let (number, method) = value.split_at(space);
        let number = token::digits(number)?;
        if number > Self::MAX {
            return Err(FieldProblem::Number);
        }
        Ok(Self { number, method: Method::new(token::trim(method)).ok_or(FieldProblem::Token)? })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_method() {
        assert_eq!(CSeq::read("0009 \t INVITE"), Ok(CSeq { number: 9, method: Method::Invite }));
        assert_eq!(CSeq::read("2147483647 X").unwrap().to_string(), "2147483647 X");
        for bad in ["", "1", "INVITE", "2147483648 INVITE", "36893488147419103232 REGISTER", "-1 ACK", "1 A B"] {
            assert!(CSeq::read(bad).is_err(), "{bad}");
        }
    }
}
