use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// When to try again (RFC 3261 section 20.33). A comment in parentheses is read over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RetryAfter {
    pub seconds: u32,
    /// `duration` and others.
    pub params: Params,
}

impl RetryAfter {
    pub fn new(seconds: u32) -> Self {
        Self { seconds, params: Params::default() }
    }
}

impl TypedHeader for RetryAfter {
    const NAME: HeaderName = HeaderName::RETRY_AFTER;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let end = value.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
        let (seconds, rest) = value.split_at(end);
        Ok(Self { seconds: token::number(seconds)?, params: Params::read(after_comment(token::trim(rest))?)? })
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seconds, self.params)
    }
}

/// Comments nest, and a backslash quotes (RFC 3261 section 25.1, `comment`).
fn after_comment(text: &str) -> Result<&str, FieldProblem> {
    if !text.starts_with('(') {
        return Ok(text);
    }
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' if depth == 1 => return Ok(text.get(at + 1..).unwrap_or("")),
            b')' => depth -= 1,
            _ => {}
        }
    }
    Err(FieldProblem::Quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_comment_and_parameters() {
        assert_eq!(RetryAfter::read("18000;duration=3600").unwrap().to_string(), "18000;duration=3600");
        assert_eq!(RetryAfter::read("120 (in a (\\) ) meeting) ;duration=60").unwrap().to_string(), "120;duration=60");
        assert_eq!(RetryAfter::read("5"), Ok(RetryAfter::new(5)));
        for bad in ["", "-1", "5 (open", "5 x", "4294967296", "(a)"] {
            assert!(RetryAfter::read(bad).is_err(), "{bad}");
        }
    }
}
