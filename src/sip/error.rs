use super::headers::HeaderName;

/// Why octets are no SIP message, by whose rule they fail. Nothing was kept of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// CR and LF stand together or not at all in a head (RFC 3261 section 25.1, `CRLF`).
    #[error("line {line} holds a CR or an LF that is not part of a CRLF")]
    BareLineEnd { line: usize },
    #[error("the body has {len} octets, more than the {limit} that are read")]
    BodyTooLong { len: usize, limit: usize },
    /// RFC 3261 section 18.3: a datagram that ends before its body does.
    #[error("the body has {present} octets where Content-Length announces {announced}")]
    BodyTruncated { announced: usize, present: usize },
    #[error("Content-Length is no number, or is given twice with different numbers")]
    ContentLength,
    #[error("there is nothing to read")]
    Empty,
    #[error("the head does not end with an empty line")]
    HeadOpen,
    #[error("the head has more than {limit} octets")]
    HeadTooLong { limit: usize },
    #[error("line {line} is no header field (name, colon, value)")]
    HeaderLine { line: usize },
    #[error("line {line} has more than {limit} octets")]
    LineTooLong { line: usize, limit: usize },
    #[error("the first line names no SIP version")]
    NotSip,
    #[error("the first line is no request line and no status line")]
    StartLine,
    #[error("the status code is not three digits")]
    StatusCode,
    #[error("there are more than {limit} header fields")]
    TooManyHeaders { limit: usize },
}

impl ParseError {
    /// The status with which to answer a request that failed so, when its head can be read
    /// (`Message::parse_head`); a response that failed so is discarded (RFC 3261 section 18.3).
    pub fn status(&self) -> u16 {
        match self {
            Self::BodyTooLong { .. }
            | Self::HeadTooLong { .. }
            | Self::LineTooLong { .. }
            | Self::TooManyHeaders { .. } => 513,
            _ => 400,
        }
    }

    /// The reason phrase that goes with [`Self::status`] (RFC 3261 section 21.4).
    pub fn reason(&self) -> &'static str {
        match self.status() {
            513 => "Message Too Large",
            _ => "Bad Request",
        }
    }
}

/// Why a stream can be read no further. The connection is to be closed: where the next message
/// starts is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the body has {len} octets, more than the {limit} that are read")]
    BodyTooLong { len: usize, limit: usize },
    #[error("the head has more than {limit} octets")]
    HeadTooLong { limit: usize },
    /// RFC 3261 section 18.3: mandatory on a stream.
    #[error("a message on a stream has no Content-Length")]
    NoContentLength,
    /// More was pushed than one head and one body may hold, without taking frames out.
    #[error("more octets were pushed than the framer holds")]
    Overflow,
    #[error("{0}")]
    Unreadable(#[from] ParseError),
}

/// One header field whose value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{header}: {problem}")]
pub struct HeaderError {
    pub header: HeaderName,
    pub problem: FieldProblem,
}

/// What is wrong with one value of a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    #[error("the host is no name, IPv4 address or IPv6 reference")]
    Host,
    #[error("a number is missing or out of range")]
    Number,
    #[error("a parameter is empty or has no name")]
    Parameter,
    #[error("a quoted string does not end")]
    Quote,
    #[error("the value does not have the form of this header field")]
    Syntax,
    #[error("a token is missing or holds a character that no token has")]
    Token,
    #[error("{0}")]
    Uri(#[from] UriError),
}

/// Why a text is no URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    #[error("the URI holds a space, a control character or one that must be escaped")]
    Character,
    #[error("the URI holds a % without two hexadecimal digits")]
    Escape,
    #[error("the host of the URI is no name, IPv4 address or IPv6 reference in brackets")]
    Host,
    #[error("a parameter or header of the URI has no name")]
    Parameter,
    #[error("the port of the URI is no number from 1 to 65535")]
    Port,
    #[error("the URI does not start with a scheme and a colon")]
    Scheme,
    #[error("the user part of the URI is empty or holds a second @")]
    User,
}

/// Why a header field is not written: it would have made another message than the one meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error("a value holds CR, LF or NUL")]
    Control,
    #[error("a header name is no token")]
    Name,
    #[error("a value is longer than {} octets", super::message::MAX_LINE)]
    TooLong,
}
