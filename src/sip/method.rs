use std::fmt;

use super::token::Token;

/// A request method (RFC 3261 section 7.1 and its extensions). Methods are case-sensitive: `invite` is not INVITE.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    Ack,
    Bye,
    Cancel,
    Info,
    Invite,
    Message,
    Notify,
    Options,
    Prack,
    Publish,
    Refer,
    Register,
    Subscribe,
    Update,
    /// Any other token, as written.
    Other(Token),
}

impl Method {
    /// Reads a method; `None` when it is no token.
    pub fn new(text: &str) -> Option<Self> {
        match KNOWN.iter().find(|(_, name)| *name == text) {
            Some((method, _)) => Some(method.clone()),
            None => Token::new(text).map(Self::Other),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(token) => token.as_str(),
            known => KNOWN.iter().find(|(method, _)| method == known).map_or("", |(_, name)| name),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

static KNOWN: [(Method, &str); 14] = [
    (Method::Ack, "ACK"),
    (Method::Bye, "BYE"),
    (Method::Cancel, "CANCEL"),
    (Method::Info, "INFO"),
    (Method::Invite, "INVITE"),
    (Method::Message, "MESSAGE"),
    (Method::Notify, "NOTIFY"),
    (Method::Options, "OPTIONS"),
    (Method::Prack, "PRACK"),
    (Method::Publish, "PUBLISH"),
    (Method::Refer, "REFER"),
    (Method::Register, "REGISTER"),
    (Method::Subscribe, "SUBSCRIBE"),
    (Method::Update, "UPDATE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_written_as_it_was_read_and_case_counts() {
        for (method, name) in &KNOWN {
            assert_eq!(Method::new(name), Some(method.clone()));
            assert_eq!(method.to_string(), *name);
        }
        let odd = "!interesting-Method0123456789_*+`.%indeed'~";
        assert_eq!(Method::new(odd).unwrap().as_str(), odd);
        assert_ne!(Method::new("invite"), Some(Method::Invite));
        assert_eq!(Method::new("IN VITE"), None);
        assert_eq!(Method::new(""), None);
    }
}
