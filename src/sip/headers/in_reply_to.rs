use std::fmt;

use super::{CallId, HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// One call that this one answers to, by its Call-ID (RFC 3261 section 20.21).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InReplyTo(pub CallId);

impl TypedHeader for InReplyTo {
    const NAME: HeaderName = HeaderName::IN_REPLY_TO;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        CallId::read(token::trim(value)).map(Self)
    }
}

impl fmt::Display for InReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_id_each() {
        let text = "70710@saturn.bell-tel.com";
        assert_eq!(InReplyTo::read(text).unwrap().0, CallId(text.to_owned()));
        assert_eq!(InReplyTo::read("a b"), Err(FieldProblem::Token));
    }
}
