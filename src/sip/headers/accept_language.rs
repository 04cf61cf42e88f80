use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// One range of languages that the sender's user reads, `*` any (RFC 3261 section 20.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AcceptLanguage {
    /// In lower case: tags are compared without regard to case.
    pub range: String,
    /// As `q`.
    pub params: Params,
}

impl AcceptLanguage {
    /// Whether a language tag is in the range: the same, or one that goes on after `-`.
    pub fn takes(&self, tag: &str) -> bool {
        let tag = tag.to_ascii_lowercase();
        let rest = tag.strip_prefix(&self.range);
        self.range == "*" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

impl TypedHeader for AcceptLanguage {
    const NAME: HeaderName = HeaderName::ACCEPT_LANGUAGE;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (range, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let range = token::token(range)?.to_ascii_lowercase();
        // The digits of newer tags, as `es-419`, are not in RFC 3261.
        let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if range != "*" && !range.split('-').all(subtag) {
            return Err(FieldProblem::Syntax);
        }
        Ok(Self { range, params: Params::read(params)? })
    }
}

impl fmt::Display for AcceptLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.range, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_takes_what_it_begins() {
        for (range, tag, takes) in
            [("en", "en", true), ("EN", "en-GB", true), ("en-gb", "en", false), ("en", "enx", false), ("*", "da", true)]
        {
            assert_eq!(AcceptLanguage::read(range).unwrap().takes(tag), takes, "{range} {tag}");
        }
    }

    #[test]
    fn what_is_read_is_written() {
        for text in ["da", "en-gb;q=0.8", "*;q=0", "es-419"] {
            assert_eq!(AcceptLanguage::read(text).unwrap().to_string(), text);
        }
        for bad in ["", "en_gb", "en-", "verylonglanguage", "a b", "en;"] {
            assert!(AcceptLanguage::read(bad).is_err(), "{bad}");
        }
    }
}
