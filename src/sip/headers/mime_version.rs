use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// The version of MIME by which the body is put together (RFC 3261 section 20.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MimeVersion {
    pub major: u32,
    pub minor: u32,
}

impl TypedHeader for MimeVersion {
    const NAME: HeaderName = HeaderName::MIME_VERSION;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (major, minor) = token::trim(value).split_once('.').ok_or(FieldProblem::Syntax)?;
        Ok(Self { major: token::number(major)?, minor: token::number(minor)? })
    }
}

impl fmt::Display for MimeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_and_a_dot() {
        assert_eq!(MimeVersion::read(" 1.0 "), Ok(MimeVersion { major: 1, minor: 0 }));
        assert_eq!(MimeVersion { major: 1, minor: 10 }.to_string(), "1.10");
        for bad in ["", "1", "1.", ".0", "1.0.0", "1,0", "a.b", "99999999999.0"] {
            assert!(MimeVersion::read(bad).is_err(), "{bad}");
        }
    }
}
