use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;

/// What software sent the request (RFC 3261 section 20.41). Peer text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserAgent(pub String);

impl TypedHeader for UserAgent {
    const NAME: HeaderName = HeaderName::USER_AGENT;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        Ok(Self(value.to_owned()))
    }
}

impl fmt::Display for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
