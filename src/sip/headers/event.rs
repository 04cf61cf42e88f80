use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// Which event package a subscription is for (RFC 6665 section 8.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Package and templates: `presence`, `presence.winfo`.
    pub package: String,
    pub params: Params,
}

impl Event {
    pub fn new(package: &str) -> Self {
        Self { package: package.to_owned(), params: Params::default() }
    }

    /// Tells apart subscriptions within one dialog.
    pub fn id(&self) -> Option<&str> {
        self.params.value("id")
    }
}

impl TypedHeader for Event {
    const NAME: HeaderName = HeaderName::EVENT;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (package, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        Ok(Self { package: token::token(package)?, params: Params::read(params)? })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.package, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_and_id() {
        let event = Event::read("presence ; id=7").unwrap();
        assert_eq!((event.package.as_str(), event.id()), ("presence", Some("7")));
        assert_eq!(event.to_string(), "presence;id=7");
        for bad in ["", ";id=7", "a b", "presence;;"] {
            assert!(Event::read(bad).is_err(), "{bad}");
        }
    }
}
