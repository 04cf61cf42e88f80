use super::attribute::Attribute;
use super::description::{Connection, Line, MediaDescription, Origin, SessionDescription};

/// Longest description that is read, in octets.
const MAX_LEN: usize = 64 * 1024;
/// Most lines that are read.
const MAX_LINES: usize = 512;
/// Most `m=` lines that are read.
const MAX_MEDIA: usize = 16;

/// Why octets are no session description. Line numbers start at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("line {0} is not a connection address, as `c=IN IP4 192.0.2.1`")]
    Connection(usize),
    #[error("line {0} repeats a line that may stand once")]
    Duplicate(usize),
    #[error("not UTF-8, or with a NUL")]
    Encoding,
    #[error("line {0} is not `letter=value`, or its letter is not known here")]
    Line(usize),
    #[error("line {0} is not a media line, as `m=audio 49170 RTP/AVP 0`")]
    Media(usize),
    #[error("the line `{0}=` is missing")]
    Missing(char),
    #[error("line {0} is not an origin with six fields")]
    Origin(usize),
    #[error("longer than {MAX_LEN} octets, {MAX_LINES} lines or {MAX_MEDIA} streams")]
    TooLong,
    #[error("the first line is not `v=0`")]
    Version,
}

impl SessionDescription {
    /// Reads a peer's description. Line ends may be CRLF or LF (RFC 8866 section 5).
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        if octets.len() > MAX_LEN {
            return Err(ParseError::TooLong);
        }
        let text = std::str::from_utf8(octets).map_err(|_| ParseError::Encoding)?;
        if text.contains('\0') {
            return Err(ParseError::Encoding);
        }
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some("v=0") {
            return Err(ParseError::Version);
        }
        let mut reader = Reader::default();
        for (at, line) in lines {
            reader.line(at + 1, line)?;
        }
        reader.finish()
    }
}

#[derive(Default)]
struct Reader {
    origin: Option<Origin>,
    name: Option<String>,
    connection: Option<Connection>,
    other: Vec<Line>,
    attributes: Vec<Attribute>,
    media: Vec<MediaDescription>,
}

impl Reader {
    fn line(&mut self, at: usize, line: &str) -> Result<(), ParseError> {
        if at > MAX_LINES {
            return Err(ParseError::TooLong);
        }
        let (kind, value) = line.split_once('=').ok_or(ParseError::Line(at))?;
        if value.contains('\r') {
            return Err(ParseError::Line(at));
        }
        match kind {
            "m" if self.media.len() >= MAX_MEDIA => Err(ParseError::TooLong),
            "m" => {
                self.media.push(media(value).ok_or(ParseError::Media(at))?);
                Ok(())
            }
            "c" => {
                let slot = self.media.last_mut().map_or(&mut self.connection, |media| &mut media.connection);
                set(slot, connection(value).ok_or(ParseError::Connection(at))?, at)
            }
            "a" => {
                let list = self.media.last_mut().map_or(&mut self.attributes, |media| &mut media.attributes);
                list.push(Attribute::parse(value));
                Ok(())
            }
            _ => self.rare(at, kind, value),
        }
    }

    fn rare(&mut self, at: usize, kind: &str, value: &str) -> Result<(), ParseError> {
        match (kind, self.media.last_mut()) {
            ("o", None) => set(&mut self.origin, origin(value).ok_or(ParseError::Origin(at))?, at),
            ("s", None) => set(&mut self.name, value.to_owned(), at),
            ("i" | "u" | "e" | "p" | "b" | "t" | "r" | "z" | "k", None) => {
                self.other.extend(kept(kind, value));
                Ok(())
            }
            ("i" | "b" | "k", Some(media)) => {
                media.other.extend(kept(kind, value));
                Ok(())
            }
            _ => Err(ParseError::Line(at)),
        }
    }

    fn finish(self) -> Result<SessionDescription, ParseError> {
        if !self.other.iter().any(|line| line.kind == 't') {
            return Err(ParseError::Missing('t'));
        }
        Ok(SessionDescription {
            origin: self.origin.ok_or(ParseError::Missing('o'))?,
            name: self.name.ok_or(ParseError::Missing('s'))?,
            connection: self.connection,
            other: self.other,
            attributes: self.attributes,
            media: self.media,
        })
    }
}

fn set<T>(slot: &mut Option<T>, value: T, at: usize) -> Result<(), ParseError> {
    match slot.replace(value) {
        Some(_) => Err(ParseError::Duplicate(at)),
        None => Ok(()),
    }
}

fn kept(kind: &str, value: &str) -> Option<Line> {
    Some(Line { kind: kind.chars().next()?, value: value.to_owned() })
}

/// `username sess-id sess-version IN IP4 address` (RFC 8866 section 5.2).
fn origin(value: &str) -> Option<Origin> {
    let mut fields = value.splitn(4, ' ');
    let mut field = || fields.next().filter(|field| !field.is_empty()).map(str::to_owned);
    let (username, session_id, session_version) = (field()?, field()?, field()?);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let address = connection(&field()?)?;
    (digits(&session_id) && digits(&session_version)).then_some(Origin {
        username,
        session_id,
        session_version,
        address,
    })
}

/// `IN IP4 address` (RFC 8866 section 5.7).
fn connection(value: &str) -> Option<Connection> {
    let fields: Vec<&str> = value.split(' ').collect();
    match fields[..] {
        ["IN", family @ ("IP4" | "IP6"), host] if !host.is_empty() => {
            Some(Connection { ipv6: family == "IP6", host: host.to_owned() })
        }
        _ => None,
    }
}

/// `audio 49170/2 RTP/AVP 0 8` (RFC 8866 section 5.14).
fn media(value: &str) -> Option<MediaDescription> {
    let mut fields = value.split(' ').filter(|field| !field.is_empty());
    let kind = fields.next()?.to_owned();
    let ports = fields.next()?;
    let (port, port_count) = ports.split_once('/').unwrap_or((ports, "1"));
    let (port, port_count) = (port.parse().ok()?, port_count.parse().ok()?);
    let protocol = fields.next()?.to_owned();
    let formats: Vec<String> = fields.map(str::to_owned).collect();
    (!formats.is_empty()).then_some(MediaDescription {
        kind,
        port,
        port_count,
        protocol,
        formats,
        connection: None,
        other: Vec::new(),
        attributes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 8866 section 5, the example.
    const EXAMPLE: &str = "v=0\r\n\
        o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n\
        s=Call to John Smith\r\n\
        i=SDP Offer #1\r\n\
        u=http://www.jdoe.example.com/home.html\r\n\
        e=Jane Doe <jane@jdoe.example.com>\r\n\
        p=+1 617 555-6011\r\n\
        c=IN IP4 198.51.100.1\r\n\
        t=0 0\r\n\
        m=audio 49170 RTP/AVP 0\r\n\
        m=audio 49180 RTP/AVP 0\r\n\
        m=video 51372 RTP/AVP 99\r\n\
        c=IN IP6 2001:db8::2\r\n\
        a=rtpmap:99 h263-1998/90000\r\n";

    #[test]
    fn the_example_of_the_rfc_is_read_and_written() {
        let sdp = SessionDescription::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(sdp.to_string(), EXAMPLE);
        assert_eq!((sdp.origin.username.as_str(), sdp.origin.session_version.as_str()), ("jdoe", "3724394405"));
        let video = &sdp.media[2];
        assert_eq!((video.kind.as_str(), video.port, &video.formats[..]), ("video", 51372, &["99".to_owned()][..]));
        assert_eq!(sdp.connection_of(video).and_then(Connection::ip), "2001:db8::2".parse().ok());
        assert_eq!(sdp.connection_of(&sdp.media[0]).and_then(Connection::ip), "198.51.100.1".parse().ok());
    }

    #[test]
    fn lf_alone_ends_a_line_too() {
        let lf = EXAMPLE.replace("\r\n", "\n");
        assert_eq!(SessionDescription::parse(lf.as_bytes()), SessionDescription::parse(EXAMPLE.as_bytes()));
    }

    #[test]
    fn what_breaks_the_grammar_is_named() {
        for (from, to, error) in [
            ("v=0", "v=1", ParseError::Version),
            ("o=jdoe", "o=", ParseError::Origin(2)),
            ("3724394400", "x", ParseError::Origin(2)),
            ("s=Call", "S=Call", ParseError::Line(3)),
            ("c=IN IP4", "c=IN IP5", ParseError::Connection(8)),
            ("t=0 0\r\n", "", ParseError::Missing('t')),
            ("t=0 0", "c=IN IP4 1.2.3.4", ParseError::Duplicate(9)),
            ("49170", "65536", ParseError::Media(10)),
            ("49170 RTP/AVP 0", "49170 RTP/AVP", ParseError::Media(10)),
            ("a=rtpmap", "o=rtpmap", ParseError::Line(14)),
            ("John", "\0", ParseError::Encoding),
        ] {
            let bad = EXAMPLE.replacen(from, to, 1);
            assert_eq!(SessionDescription::parse(bad.as_bytes()), Err(error), "{from} -> {to}");
        }
    }

    #[test]
    fn there_is_a_limit_to_everything() {
        let too_many = format!("{EXAMPLE}{}", "m=audio 1 RTP/AVP 0\r\n".repeat(14));
        assert_eq!(SessionDescription::parse(too_many.as_bytes()), Err(ParseError::TooLong));
        let too_long = format!("{EXAMPLE}{}", "a=x\r\n".repeat(600));
        assert_eq!(SessionDescription::parse(too_long.as_bytes()), Err(ParseError::TooLong));
        assert_eq!(SessionDescription::parse(&vec![b'a'; MAX_LEN + 1]), Err(ParseError::TooLong));
    }

    #[test]
    fn every_truncation_and_bit_flip_is_survived() {
        for len in 0..EXAMPLE.len() {
            let _ = SessionDescription::parse(&EXAMPLE.as_bytes()[..len]);
        }
        for bit in 0..EXAMPLE.len() * 8 {
            let mut octets = EXAMPLE.as_bytes().to_vec();
            octets[bit / 8] ^= 1 << (bit % 8);
            if let Ok(sdp) = SessionDescription::parse(&octets) {
                let written = sdp.to_string();
                let again = SessionDescription::parse(written.as_bytes()).unwrap();
                assert_eq!(again.to_string(), written);
            }
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = SessionDescription::parse(&[b"v=0\r\n", &octets[..]].concat());
        }
    }
}
