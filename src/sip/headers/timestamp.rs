use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;

/// When the client sent the request, by its own clock (RFC 3261 section 20.38).
///
/// A 100 gives it back with the time that the request waited here (RFC 3261 section 8.2.6.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// Seconds, as a decimal that means something to the client only.
    pub sent: String,
    /// Seconds between the request's arrival and the response, as a decimal.
    pub delay: Option<String>,
}

impl TypedHeader for Timestamp {
    const NAME: HeaderName = HeaderName::TIMESTAMP;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let mut parts = value.split_ascii_whitespace();
        let sent = decimal(parts.next().unwrap_or_default(), 1)?;
        let delay = parts.next().map(|delay| decimal(delay, 0)).transpose()?;
        parts.next().is_none().then_some(Self { sent, delay }).ok_or(FieldProblem::Syntax)
    }
}

/// `least` digits, and perhaps a point and more digits.
fn decimal(text: &str, least: usize) -> Result<String, FieldProblem> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|octet| octet.is_ascii_digit());
    let good = whole.len() >= least && digits(whole) && digits(rest);
    good.then(|| text.to_owned()).ok_or(FieldProblem::Number)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sent)?;
        self.delay.iter().try_for_each(|delay| write!(f, " {delay}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_and_perhaps_a_delay() {
        for text in ["54", "54.25", "54.", "54 0.2", "54.1 .3"] {
            assert_eq!(Timestamp::read(text).unwrap().to_string(), text);
        }
        for bad in ["", ".5", "-1", "1 2 3", "1e3", "1 x"] {
            assert!(Timestamp::read(bad).is_err(), "{bad}");
        }
    }
}
