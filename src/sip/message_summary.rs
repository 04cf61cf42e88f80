//! What a server says of the messages that wait for somebody (RFC 3842 section 5.2).

use super::Uri;

/// The event package, and what its NOTIFY carries.
pub const MESSAGE_SUMMARY_PACKAGE: &str = "message-summary";
pub const MESSAGE_SUMMARY: &str = "application/simple-message-summary";

/// Octets of the longest one that is read, and its lines.
const MAX_LEN: usize = 4096;
const MAX_LINES: usize = 64;

/// What it counts: voice, where it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageSummary {
    /// Something waits, of whatever kind.
    pub waiting: bool,
    /// Whose messages they are, as the server names it.
    pub account: Option<String>,
    pub voice: Option<MessageCount>,
}

/// How many there are, of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCount {
    pub new: u32,
    pub old: u32,
    /// Of the new ones, where it tells.
    pub urgent: Option<u32>,
}

/// Why it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SummaryError {
    #[error("its numbers are none, or too large")]
    Count,
    #[error("a line of it has no name and value")]
    Line,
    #[error("it is longer than 4096 octets, or 64 lines")]
    Long,
    #[error("it does not begin with Messages-Waiting: yes or no")]
    Status,
    #[error("it says something twice")]
    Twice,
}

impl MessageSummary {
    /// Kinds but voice, and headers of messages behind an empty line, are passed over.
    ///
    /// # Errors
    /// See [`SummaryError`].
    pub fn read(octets: &[u8]) -> Result<Self, SummaryError> {
        if octets.len() > MAX_LEN {
            return Err(SummaryError::Long);
        }
        let text = std::str::from_utf8(octets).map_err(|_| SummaryError::Line)?;
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let (name, value) = field(lines.next().unwrap_or_default()).ok_or(SummaryError::Status)?;
        let waiting = match (name.eq_ignore_ascii_case("Messages-Waiting"), value.to_ascii_lowercase().as_str()) {
            (true, "yes") => true,
            (true, "no") => false,
            _ => return Err(SummaryError::Status),
        };
        let mut summary = Self { waiting, ..Self::default() };
        for (number, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
            if number >= MAX_LINES {
                return Err(SummaryError::Long);
            }
            summary.take(line)?;
        }
        Ok(summary)
    }

    fn take(&mut self, line: &str) -> Result<(), SummaryError> {
        let (name, value) = field(line).ok_or(SummaryError::Line)?;
        if name.eq_ignore_ascii_case("Message-Account") {
            let uri = Uri::parse(value.as_bytes()).map_err(|_| SummaryError::Line)?;
            let again = self.account.replace(uri.to_string());
            return again.map_or(Ok(()), |_| Err(SummaryError::Twice));
        }
        if name.eq_ignore_ascii_case("Voice-Message") {
            let again = self.voice.replace(MessageCount::read(value)?);
            return again.map_or(Ok(()), |_| Err(SummaryError::Twice));
        }
        Ok(())
    }
}

impl MessageCount {
    /// `2/8 (0/2)`: new and old, and of each the urgent ones.
    fn read(text: &str) -> Result<Self, SummaryError> {
        let (counts, urgent) = match text.split_once('(') {
            Some((counts, rest)) => (counts, Some(rest.trim_end().strip_suffix(')').ok_or(SummaryError::Count)?)),
            None => (text, None),
        };
        let (new, old) = pair(counts)?;
        let urgent = urgent.map(pair).transpose()?.map(|(new, _)| new);
        Ok(Self { new, old, urgent })
    }
}

fn pair(text: &str) -> Result<(u32, u32), SummaryError> {
    let (first, second) = text.split_once('/').ok_or(SummaryError::Count)?;
    let number = |text: &str| {
        let digits = text.trim_matches([' ', '\t']);
        let are_digits = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        digits.parse().ok().filter(|_| are_digits).ok_or(SummaryError::Count)
    };
    Ok((number(first)?, number(second)?))
}

/// A token, a colon, and what follows.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    let is_token =
        !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet));
    is_token.then(|| (name, value.trim_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let text =
            "Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: 2/8 (0/2)\r\n\r\n\
                    To: <alice@atlanta.example.com>\r\n";
        let voice = Some(MessageCount { new: 2, old: 8, urgent: Some(0) });
        let account = Some("sip:alice@vmail.example.com".to_owned());
        assert_eq!(MessageSummary::read(text.as_bytes()), Ok(MessageSummary { waiting: true, account, voice }));
        let bare = MessageSummary::read(b"messages-waiting : NO").unwrap();
        assert_eq!(bare, MessageSummary::default());
        let more = MessageSummary::read(b"Messages-Waiting: yes\nFax-Message: 4/8\nVoice-Message: 4/0\n").unwrap();
        assert_eq!(more.voice, Some(MessageCount { new: 4, old: 0, urgent: None }));
    }

    #[test]
    fn what_breaks_the_grammar_is_none() {
        let with =
            |more: &str| MessageSummary::read(format!("Messages-Waiting: yes\r\n{more}").as_bytes()).unwrap_err();
        for (text, why) in [
            ("Voice-Message: 2", SummaryError::Count),
            ("Voice-Message: -1/2", SummaryError::Count),
            ("Voice-Message: +1/2", SummaryError::Count),
            ("Voice-Message: 4294967296/0", SummaryError::Count),
            ("Voice-Message: 1/2 (3", SummaryError::Count),
            ("Voice-Message: 1/2\r\nVoice-Message: 1/2", SummaryError::Twice),
            ("hello", SummaryError::Line),
            ("Message-Account: nobody", SummaryError::Line),
            (": 1/2", SummaryError::Line),
        ] {
            assert_eq!(with(text), why, "{text}");
        }
        for text in ["", "Messages-Waiting: maybe", "Voice-Message: 1/2", "\r\n"] {
            assert_eq!(MessageSummary::read(text.as_bytes()), Err(SummaryError::Status), "{text}");
        }
        assert_eq!(with(&"A: b\r\n".repeat(65)), SummaryError::Long);
        assert_eq!(with(&"a".repeat(4096)), SummaryError::Long);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200), text in "Messages-Waiting: yes\r\nVoice-Message:.{0,40}") {
            let _ = MessageSummary::read(&octets);
            let _ = MessageSummary::read(text.as_bytes());
        }
    }
}
