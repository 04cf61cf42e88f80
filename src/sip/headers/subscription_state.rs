use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token::{self, Token};

/// What a NOTIFY says of its subscription (RFC 6665 section 8.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubscriptionState {
    pub state: SubscriptionStatus,
    /// `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant` or another token.
    pub reason: Option<String>,
    /// What is left of the subscription, in seconds.
    pub expires: Option<u32>,
    /// When to try again, in seconds from now.
    pub retry_after: Option<u32>,
    /// All others.
    pub params: Params,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionStatus {
    Active,
    Pending,
    Terminated,
    Other(Token),
}

impl SubscriptionState {
    pub fn new(state: SubscriptionStatus) -> Self {
        Self { state, reason: None, expires: None, retry_after: None, params: Params::default() }
    }
}

impl TypedHeader for SubscriptionState {
    const NAME: HeaderName = HeaderName::SUBSCRIPTION_STATE;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (state, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let state = Token::new(token::trim(state)).ok_or(FieldProblem::Token)?;
        // liblinphone 5.1 names it twice, and what it tells of a transfer would never be taken.
        let mut params = Params::read(&params.replacen(";reason=reason=", ";reason=", 1))?;
        let seconds = |name| params.value(name).map(token::number).transpose();
        let (expires, retry_after) = (seconds("expires")?, seconds("retry-after")?);
        let reason = params.value("reason").map(token::token).transpose()?;
        ["expires", "reason", "retry-after"].iter().for_each(|name| params.remove(name));
        Ok(Self { state: SubscriptionStatus::new(state), reason, expires, retry_after, params })
    }
}

impl SubscriptionStatus {
    fn new(token: Token) -> Self {
        match token.as_str().to_ascii_lowercase().as_str() {
            "active" => Self::Active,
            "pending" => Self::Pending,
            "terminated" => Self::Terminated,
            _ => Self::Other(token),
        }
    }
}

impl fmt::Display for SubscriptionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Terminated => "terminated",
            Self::Other(token) => token.as_str(),
        })
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        if let Some(reason) = &self.reason {
            write!(f, ";reason={reason}")?;
        }
        if let Some(seconds) = self.expires {
            write!(f, ";expires={seconds}")?;
        }
        if let Some(seconds) = self.retry_after {
            write!(f, ";retry-after={seconds}")?;
        }
        write!(f, "{}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_its_parameters() {
        let text = "Terminated; Reason=probation ;retry-after=30;expires=9;x=y";
        let state = SubscriptionState::read(text).unwrap();
        assert_eq!(state.state, SubscriptionStatus::Terminated);
        assert_eq!((state.reason.as_deref(), state.expires, state.retry_after), (Some("probation"), Some(9), Some(30)));
        assert_eq!(state.to_string(), "terminated;reason=probation;expires=9;retry-after=30;x=y");
        let twice = SubscriptionState::read("terminated;reason=reason=noresource").unwrap();
        assert_eq!(twice.reason.as_deref(), Some("noresource"));
        assert_eq!(SubscriptionState::read("later").unwrap().to_string(), "later");
        for bad in ["", ";expires=1", "active;expires=x", "active;expires=-1", "active;reason=\"a b\"", "a b"] {
            assert!(SubscriptionState::read(bad).is_err(), "{bad}");
        }
    }
}
