use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token::is_word;

/// Names a call or a series of requests; compared octet for octet (RFC 3261 section 20.8).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub String);

impl TypedHeader for CallId {
    const NAME: HeaderName = HeaderName::CALL_ID;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (left, right) = value.split_once('@').map_or((value, None), |(left, right)| (left, Some(right)));
        if is_word(left) && right.is_none_or(is_word) {
            Ok(Self(value.to_owned()))
        } else {
            Err(FieldProblem::Token)
        }
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_words() {
        for text in ["a", "f81d4fae@[2001:db8::1]", "intmeth.word%ZK-!.*_+'`~)(><:\\/\"][?}{@host"] {
            assert_eq!(CallId::read(text).unwrap().to_string(), text);
        }
        for bad in ["", "@", "a@", "@a", "a@b@c", "a b", "é"] {
            assert_eq!(CallId::read(bad), Err(FieldProblem::Token), "{bad}");
        }
    }
}
