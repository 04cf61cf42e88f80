use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// Which dialog of the receiver's a new one takes the place of (RFC 3891 section 6.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replaces {
    pub call_id: String,
    /// The receiver's own tag in that dialog.
    pub to_tag: String,
    /// The other side's.
    pub from_tag: String,
    /// Only while that dialog is not confirmed.
    pub early_only: bool,
    /// Those that are not named above.
    pub params: Params,
}

impl Replaces {
    pub fn new(call_id: &str, to_tag: &str, from_tag: &str) -> Self {
        Self {
            call_id: call_id.to_owned(),
            to_tag: to_tag.to_owned(),
            from_tag: from_tag.to_owned(),
            early_only: false,
            params: Params::default(),
        }
    }
}

impl TypedHeader for Replaces {
    const NAME: HeaderName = HeaderName::REPLACES;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (call_id, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let call_id = token::trim(call_id);
        let mut params = Params::read(params)?;
        let tag = |name: &str| params.value(name).map(str::to_owned).ok_or(FieldProblem::Parameter);
        let (to_tag, from_tag) = (tag("to-tag")?, tag("from-tag")?);
        let early_only = params.has("early-only");
        ["to-tag", "from-tag", "early-only"].into_iter().for_each(|name| params.remove(name));
        if !call_id.split('@').all(token::is_word) {
            return Err(FieldProblem::Token);
        }
        Ok(Self { call_id: call_id.to_owned(), to_tag, from_tag, early_only, params })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call_id, to_tag, from_tag, params, .. } = self;
        let early = if self.early_only { ";early-only" } else { "" };
        write!(f, "{call_id};to-tag={to_tag};from-tag={from_tag}{early}{params}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_named_by_three_things() {
        let read = Replaces::read("98732@sip.example.com ;from-tag=r33th4x0r ; to-tag=ff87ff;early-only;x").unwrap();
        assert_eq!((read.call_id.as_str(), read.to_tag.as_str()), ("98732@sip.example.com", "ff87ff"));
        assert_eq!(read.to_string(), "98732@sip.example.com;to-tag=ff87ff;from-tag=r33th4x0r;early-only;x");
        assert_eq!(Replaces::read(&read.to_string()), Ok(read));
        for bad in ["", "a", "a;to-tag=1", "a;from-tag=1", "a;to-tag;from-tag=1", "a b;to-tag=1;from-tag=2"] {
            assert!(Replaces::read(bad).is_err(), "{bad}");
        }
    }
}
