use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

/// Why a request was sent (RFC 3326 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// `SIP`, `Q.850` or another token.
    pub protocol: String,
    pub cause: Option<u16>,
    /// Peer text.
    pub text: Option<String>,
}

impl TypedHeader for Reason {
    const NAME: HeaderName = HeaderName::REASON;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (protocol, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let params = Params::read(params)?;
        let cause = params.value("cause").map(token::number).transpose()?;
        Ok(Self { protocol: token::token(protocol)?, cause, text: params.unquoted("text") })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        match &self.text {
            Some(text) => write!(f, ";text={}", token::quote(text)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_and_text() {
        let text = "SIP;cause=200;text=\"Call \\\"completed\\\"; elsewhere\"";
        let reason = Reason::read(text).unwrap();
        assert_eq!((reason.cause, reason.text.as_deref()), (Some(200), Some("Call \"completed\"; elsewhere")));
        assert_eq!(reason.to_string(), text);
        for bad in ["", ";cause=1", "SIP;cause=x", "a b"] {
            assert!(Reason::read(bad).is_err(), "{bad}");
        }
    }
}
