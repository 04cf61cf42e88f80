use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::method::Method;
use crate::sip::token;

/// One method that the sender knows (RFC 3261 section 20.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Allow(pub Method);

impl TypedHeader for Allow {
    const NAME: HeaderName = HeaderName::ALLOW;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        Method::new(token::trim(value)).map(Self).ok_or(FieldProblem::Token)
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_method_each() {
        assert_eq!(Allow::read("INVITE"), Ok(Allow(Method::Invite)));
        assert_eq!(Allow::read(" FROB ").unwrap().to_string(), "FROB");
        for bad in ["", "INVITE, ACK", "IN VITE"] {
            assert_eq!(Allow::read(bad), Err(FieldProblem::Token), "{bad}");
        }
    }
}
