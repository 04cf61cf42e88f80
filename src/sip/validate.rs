//! Whether a message that was read keeps the rules that every receiver relies on.

use super::Message;

/// Why a request is to be answered with an error, or a response to be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub status: u16,
    /// The reason phrase for the status line.
    pub reason: &'static str,
    /// What is wrong, for logs and people; peer text in it is escaped.
    pub problem: String,
}

/// Checks a message.
pub fn validate(_message: &Message) -> Result<(), Rejection> {
    Ok(())
}
