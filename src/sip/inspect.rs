//! What can be said of octets that should be one SIP message: `sottovoce inspect sip`.

use super::ability;
use super::error::ParseError;
use super::headers::HeaderName;
use super::message::Message;
use super::validate::validate;
use crate::vocab::escape;

/// See [`inspect`]. Peer text in it is escaped.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Inspection {
    /// `request`, `response` or `keep-alive` (line ends only); `None` when it is none of them.
    pub kind: Option<&'static str>,
    /// Whether a receiver may go on with it.
    pub valid: bool,
    /// What whoever serves its method and knows our extensions answers; `None` when it accepts the request, or it is a
    /// response, which nobody answers.
    pub status: Option<u16>,
    /// Empty when it is valid.
    pub problems: Vec<String>,
    /// Whether writing what was read gives the same octets, without empty lines before and octets
    /// after the message.
    pub roundtrip: bool,
    pub method: Option<String>,
    pub call_id: Option<String>,
    /// Number and method.
    pub cseq: Option<String>,
    pub via_count: usize,
    /// In octets.
    pub body_len: usize,
}

/// Describes one datagram; `supported` are the option tags that we know.
pub fn inspect(octets: &[u8], supported: &[&str]) -> Inspection {
    match Message::parse(octets) {
        Ok(message) => describe(&message, octets, supported),
        Err(ParseError::Empty) if !octets.is_empty() => {
            Inspection { kind: Some("keep-alive"), valid: true, ..nothing() }
        }
        Err(problem) => broken(&problem, octets, supported),
    }
}

fn describe(message: &Message, octets: &[u8], supported: &[&str]) -> Inspection {
    let refused = validate(message).err();
    let (kind, status) = match message {
        Message::Request(request) => {
            let refusal = || ability::refusal(request, supported).map(|refusal| refusal.status);
            ("request", refused.as_ref().map(|no| no.status).or_else(refusal))
        }
        Message::Response(_) => ("response", None),
    };
    Inspection {
        kind: Some(kind),
        valid: refused.is_none(),
        status,
        problems: refused.into_iter().map(|rejection| rejection.problem).collect(),
        roundtrip: skip_line_ends(octets).starts_with(&message.to_bytes()),
        method: method(message),
        call_id: message.headers().first(HeaderName::CALL_ID).map(escape),
        cseq: message.cseq().map(|cseq| cseq.to_string()),
        via_count: message.headers().all(HeaderName::VIA).len(),
        body_len: message.body().len(),
    }
}

/// What can still be said when the message cannot be read to its end: its head, if nothing else.
fn broken(problem: &ParseError, octets: &[u8], supported: &[&str]) -> Inspection {
    let problems = vec![problem.to_string()];
    match Message::parse_head(octets) {
        Ok(head) => {
            let status = matches!(head, Message::Request(_)).then(|| problem.status());
            Inspection { valid: false, status, roundtrip: false, problems, ..describe(&head, octets, supported) }
        }
        Err(_) => {
            let kind = skip_line_ends(octets).starts_with(b"SIP/").then_some("response");
            Inspection { kind, problems, ..nothing() }
        }
    }
}

fn method(message: &Message) -> Option<String> {
    match message {
        Message::Request(request) => Some(request.method().to_string()),
        Message::Response(_) => message.cseq().map(|cseq| cseq.method.to_string()),
    }
}

fn skip_line_ends(octets: &[u8]) -> &[u8] {
    let mut octets = octets;
    while let Some(rest) = octets.strip_prefix(b"\r\n") {
        octets = rest;
    }
    octets
}

fn nothing() -> Inspection {
    Inspection {
        kind: None,
        valid: false,
        status: None,
        problems: Vec::new(),
        roundtrip: false,
        method: None,
        call_id: None,
        cseq: None,
        via_count: 0,
        body_len: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(octets: &[u8]) -> Inspection {
        super::inspect(octets, &[])
    }

    const HEAD: &str = "BYE sip:b@h SIP/2.0\r\nv: SIP/2.0/UDP h, SIP/2.0/TCP i\r\nf: <sip:a@h>\r\nt: <sip:b@h>\r\n\
        i: c\u{202e}\r\nCSeq: 7 BYE\r\n";

    #[test]
    fn a_valid_request_is_described() {
        let text = HEAD.replace('\u{202e}', "") + "c: text/plain\r\nl: 2\r\n\r\nhi";
        let seen = inspect(format!("\r\n{text}trailing").as_bytes());
        assert_eq!((seen.kind, seen.valid, seen.status, seen.roundtrip), (Some("request"), true, None, true));
        assert_eq!(
            (seen.method.as_deref(), seen.call_id.as_deref(), seen.cseq.as_deref()),
            (Some("BYE"), Some("c"), Some("7 BYE"))
        );
        assert_eq!((seen.via_count, seen.body_len, seen.problems.len()), (2, 2, 0));
    }

    #[test]
    fn peer_text_is_escaped_and_a_refusal_has_its_status() {
        let seen = inspect(format!("{HEAD}\r\n").as_bytes());
        assert_eq!((seen.valid, seen.status, seen.roundtrip), (false, Some(400), true));
        assert_eq!(seen.call_id.as_deref(), Some("c\\u{202e}"));
        assert_eq!(seen.problems.len(), 1);
    }

    #[test]
    fn a_broken_length_still_shows_the_head() {
        for length in ["l: -1\r\n", "l: 5\r\n", "l: 1\r\nl: 2\r\n"] {
            let seen = inspect(format!("{HEAD}{length}\r\nhi").as_bytes());
            assert_eq!((seen.kind, seen.valid, seen.status), (Some("request"), false, Some(400)), "{length}");
            assert_eq!(seen.method.as_deref(), Some("BYE"));
        }
    }

    #[test]
    fn what_is_no_message_is_called_so() {
        assert_eq!(inspect(b"").kind, None);
        assert_eq!(inspect(b"GET / HTTP/1.1\r\n\r\n").kind, None);
        assert_eq!((inspect(b"\r\n\r\n").kind, inspect(b"\r\n\r\n").valid), (Some("keep-alive"), true));
    }
}
