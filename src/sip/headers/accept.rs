use std::fmt;

use super::{HeaderName, MediaType, TypedHeader};
use crate::sip::error::FieldProblem;

/// One type that the sender can read, `*` allowed (RFC 3261 section 20.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Accept(pub MediaType);

impl TypedHeader for Accept {
    const NAME: HeaderName = HeaderName::ACCEPT;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        MediaType::read(value).map(Self)
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
