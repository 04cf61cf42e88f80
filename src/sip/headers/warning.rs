use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// More about the status of a response (RFC 3261 section 20.43).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    /// Three digits.
    pub code: u16,
    /// Host or pseudonym of who warns.
    pub agent: String,
    /// Peer text.
    pub text: String,
}

impl TypedHeader for Warning {
    const NAME: HeaderName = HeaderName::WARNING;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (code, rest) = value.split_once(' ').ok_or(FieldProblem::Syntax)?;
        let (agent, text) = rest.split_once(' ').ok_or(FieldProblem::Syntax)?;
        let (text, tail) = token::quoted(token::trim(text))?;
        if agent.is_empty() || !tail.is_empty() {
            return Err(FieldProblem::Syntax);
        }
        let code = token::number(code).ok().filter(|c| (100..1000).contains(c)).ok_or(FieldProblem::Number)?;
        Ok(Self { code, agent: agent.to_owned(), text: text.into_owned() })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {} {}", self.code, self.agent, token::quote(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_agent_and_text() {
        let text = "399 [2001:db8::1]:5060 \"needs \\\"esp\\\", not none\"";
        let warning = Warning::read(text).unwrap();
        assert_eq!((warning.code, warning.text.as_str()), (399, "needs \"esp\", not none"));
        assert_eq!(warning.to_string(), text);
        for bad in ["", "399", "399 h", "399 h text", "399 h \"open", "39 h \"a\"", "1000 h \"a\"", "399  \"a\""] {
            assert!(Warning::read(bad).is_err(), "{bad}");
        }
    }
}
