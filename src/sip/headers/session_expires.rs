use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// After how many seconds without a refresh a session is over (RFC 4028 section 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionExpires {
    pub seconds: u32,
    /// `refresher` and others.
    pub params: Params,
}

/// Who sends the refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refresher {
    /// The sender of the request.
    Uac,
    /// The one that answers it.
    Uas,
}

impl Refresher {
    pub fn name(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

impl SessionExpires {
    pub fn new(seconds: u32, refresher: Option<Refresher>) -> Self {
        let mut params = Params::default();
        if let Some(refresher) = refresher {
            params.set("refresher", Some(refresher.name()));
        }
        Self { seconds, params }
    }

    /// `None` when it is not said, or neither side is named.
    pub fn refresher(&self) -> Option<Refresher> {
        let named = self.params.value("refresher")?;
        [Refresher::Uac, Refresher::Uas].into_iter().find(|side| side.name().eq_ignore_ascii_case(named))
    }
}

impl TypedHeader for SessionExpires {
    const NAME: HeaderName = HeaderName::SESSION_EXPIRES;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (seconds, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        Ok(Self { seconds: token::number(seconds)?, params: Params::read(params)? })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seconds, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_who_refreshes() {
        let read = SessionExpires::read("1800 ;refresher=UAS").unwrap();
        assert_eq!((read.seconds, read.refresher()), (1800, Some(Refresher::Uas)));
        assert_eq!(SessionExpires::new(90, Some(Refresher::Uac)).to_string(), "90;refresher=uac");
        assert_eq!(SessionExpires::new(90, None).refresher(), None);
        assert_eq!(SessionExpires::read("90;refresher=proxy").unwrap().refresher(), None);
        for bad in ["", ";refresher=uac", "90;", "-1", "4294967296"] {
            assert!(SessionExpires::read(bad).is_err(), "{bad}");
        }
    }
}
