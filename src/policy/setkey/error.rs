use crate::vocab::{escape, Failure, FailureKind};

/// Where a policy text stops making sense, what stands there, and what should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: found {found}, expected {expected}")]
pub struct SetkeyError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Escaped and shortened: safe for a terminal.
    pub found: String,
    pub expected: String,
}

impl SetkeyError {
    const MAX_FOUND: usize = 40;

    pub(super) fn new(line: usize, column: usize, found: Option<&str>, expected: &str) -> Self {
        let found = match found {
            None => "the end of the text".to_owned(),
            Some(word) if word.chars().count() > Self::MAX_FOUND => {
                let start: String = word.chars().take(Self::MAX_FOUND).collect();
                format!("\"{}...\"", escape(&start))
            }
            Some(word) => format!("\"{}\"", escape(word)),
        };
        Self { line, column, found, expected: expected.to_owned() }
    }

    /// `subject` names the option, key or file that the text came from.
    pub fn failure(&self, subject: &str) -> Failure {
        let example = "write it as: spdadd any any udp -P out ipsec esp/transport//require;";
        Failure::new(FailureKind::Usage, "bad-policy-text", self.to_string(), subject, example)
    }
}
