use std::fmt::{self, Write as _};
use std::net::IpAddr;

use super::attribute::{Attribute, MediaDirection};

/// A whole session description. Writing gives the lines in the order of RFC 8866 section 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    pub origin: Origin,
    /// `s=`.
    pub name: String,
    pub connection: Option<Connection>,
    /// Lines that we keep and do not interpret: i u e p b t r z k.
    pub other: Vec<Line>,
    pub attributes: Vec<Attribute>,
    pub media: Vec<MediaDescription>,
}

/// `o=`: unchanged means that nothing in the description has changed (RFC 3264 section 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub username: String,
    pub session_id: String,
    pub session_version: String,
    pub address: Connection,
}

/// The address of a `c=` or `o=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub ipv6: bool,
    /// As written: an address, or a name.
    pub host: String,
}

/// One `m=` line and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaDescription {
    /// `audio`, `video`, ...
    pub kind: String,
    /// Zero rejects or disables the stream.
    pub port: u16,
    /// How many ports, `49170/2`; nearly always one.
    pub port_count: u16,
    /// `RTP/AVP`, ...
    pub protocol: String,
    /// Payload types, the preferred first.
    pub formats: Vec<String>,
    pub connection: Option<Connection>,
    /// Lines that we keep and do not interpret: i b k.
    pub other: Vec<Line>,
    pub attributes: Vec<Attribute>,
}

/// A line that is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: char,
    pub value: String,
}

impl Connection {
    pub fn new(address: IpAddr) -> Self {
        Self { ipv6: address.is_ipv6(), host: address.to_string() }
    }

    /// The address, when it is one of the stated family, without multicast TTL or count.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok().filter(|ip: &IpAddr| ip.is_ipv6() == self.ipv6)
    }
}

impl MediaDescription {
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

impl SessionDescription {
    /// The `c=` line that rules this stream (RFC 8866 section 5.7).
    pub fn connection_of<'a>(&'a self, media: &'a MediaDescription) -> Option<&'a Connection> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    pub fn direction_of(&self, media: &MediaDescription) -> MediaDirection {
        MediaDirection::of(&media.attributes).or(MediaDirection::of(&self.attributes)).unwrap_or_default()
    }
}

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![line('v', "0"), line('o', &self.origin), line('s', &self.name)];
        lines.extend(self.connection.iter().map(|connection| line('c', connection)));
        lines.extend(self.other.iter().cloned());
        lines.extend(self.attributes.iter().map(|attribute| line('a', attribute)));
        lines.sort_by_key(Line::rank);
        write_lines(f, &lines)?;
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl fmt::Display for MediaDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut media = format!("{} {}", self.kind, self.port);
        if self.port_count != 1 {
            write!(media, "/{}", self.port_count)?;
        }
        write!(media, " {} {}", self.protocol, self.formats.join(" "))?;
        let mut lines: Vec<Line> = self.connection.iter().map(|connection| line('c', connection)).collect();
        lines.extend(self.other.iter().cloned());
        lines.extend(self.attributes.iter().map(|attribute| line('a', attribute)));
        lines.sort_by_key(Line::rank);
        write_lines(f, &[line('m', media)])?;
        write_lines(f, &lines)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.username, self.session_id, self.session_version, self.address)
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IN {} {}", if self.ipv6 { "IP6" } else { "IP4" }, self.host)
    }
}

impl Line {
    /// `r=` and `z=` belong to the `t=` before them, so these three are not sorted among themselves.
    fn rank(&self) -> usize {
        let kind = if matches!(self.kind, 'r' | 'z') { 't' } else { self.kind };
        "vosiuepcbtka".find(kind).unwrap_or(usize::MAX)
    }
}

fn line(kind: char, value: impl ToString) -> Line {
    Line { kind, value: value.to_string() }
}

/// A line end inside a value would start a line that nobody meant: it is left out.
fn write_lines(f: &mut fmt::Formatter<'_>, lines: &[Line]) -> fmt::Result {
    for Line { kind, value } in lines {
        let clean: String = value.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')).collect();
        write!(f, "{kind}={clean}\r\n")?;
    }
    Ok(())
}
