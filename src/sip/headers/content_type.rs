use std::fmt;

use super::{HeaderName, MediaType, TypedHeader};
use crate::sip::error::FieldProblem;

/// What the body is (RFC 3261 section 20.15).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentType(pub MediaType);

impl TypedHeader for ContentType {
    const NAME: HeaderName = HeaderName::CONTENT_TYPE;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        MediaType::read(value).map(Self)
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
