use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::message::VERSION;
use crate::sip::params::Params;
use crate::sip::token::{self, Token};
use crate::sip::transport::Transport;
use crate::sip::uri::Host;

/// One hop of a request, and the way back for its response (RFC 3261 section 20.42).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Via {
    /// `SIP/2.0`, without white space.
    pub protocol: Cow<'static, str>,
    pub transport: ViaTransport,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
}

/// The transport that a Via names; more of them exist than this agent speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ViaTransport {
    Tcp,
    Tls,
    Udp,
    Ws,
    Wss,
    Other(Token),
}

impl Via {
    /// How the branch of every RFC 3261 transaction starts (section 8.1.1.7).
    pub const COOKIE: &'static str = "z9hG4bK";

    /// A Via of ours, which asks for the response at the port it came from (RFC 3581 section 3); by TLS also for requests
    /// on this connection, and not on new ones to the address in it (RFC 5923, `alias`).
    pub fn new(transport: Transport, host: impl Into<Host>, port: Option<u16>, branch: &str) -> Self {
        let mut params = Params::default();
        params.set("branch", Some(branch));
        params.set("rport", None);
        if transport == Transport::Tls {
            params.set("alias", None);
        }
        Self { protocol: VERSION.into(), transport: transport.into(), host: host.into(), port, params }
    }

    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch")
    }

    /// The address that the request really came from, as the receiver noted it (RFC 3261 section 18.2.1).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.value("received")?;
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        match inner {
            Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => text.parse().ok(),
        }
    }

    pub fn set_received(&mut self, address: IpAddr) {
        self.params.set("received", Some(&address.to_string()));
    }

    /// Whether the sender asks for, or was told, its source port (RFC 3581 section 3).
    pub fn has_rport(&self) -> bool {
        self.params.has("rport")
    }

    /// The source port that the receiver noted.
    pub fn rport(&self) -> Option<u16> {
        self.params.value("rport").and_then(|port| token::number(port).ok())
    }

    pub fn set_rport(&mut self, port: u16) {
        self.params.set("rport", Some(&port.to_string()));
    }

    pub fn maddr(&self) -> Option<Host> {
        self.params.value("maddr").and_then(Host::parse)
    }

    /// The `sent-by` part, `host` or `host:port`: with the branch it names a transaction (RFC 3261 section 17.2.3).
    pub fn sent_by(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }
}

impl TypedHeader for Via {
    const NAME: HeaderName = HeaderName::VIA;

    fn read(value: &str) -> Result<Self, FieldProblem> {
        let (protocol, rest) = match value.strip_prefix("SIP/2.0/") {
            Some(rest) => (Cow::Borrowed(VERSION), rest),
            None => cut_protocol(value)?,
        };
        let rest = token::trim_start(rest);
        let (transport, rest) = rest.split_at(token::token_len(rest.as_bytes()));
        let transport = ViaTransport::new(transport).ok_or(FieldProblem::Token)?;
        let sent_by = token::trim_start(rest);
        if sent_by.len() == rest.len() {
            return Err(FieldProblem::Syntax);
        }
        let (sent_by, params) = token::cut_before(sent_by, b';');
        let (host, port) = Host::parse_with_port(sent_by).ok_or(FieldProblem::Host)?;
        let port = port.transpose().map_err(|()| FieldProblem::Number)?;
        Ok(Self { protocol, transport, host, port, params: Params::read(params)? })
    }
}

/// The name and version of a protocol, and what follows them.
fn cut_protocol(text: &str) -> Result<(Cow<'static, str>, &str), FieldProblem> {
    let (name, rest) = token::cut(text, b'/').ok_or(FieldProblem::Syntax)?;
    let (version, rest) = token::cut(rest, b'/').ok_or(FieldProblem::Syntax)?;
    let (name, version) = (token::checked(name)?, token::checked(version)?);
    let usual = (name, version) == ("SIP", "2.0");
    Ok((if usual { VERSION.into() } else { format!("{name}/{version}").into() }, rest))
}

impl ViaTransport {
    /// The transport, when this agent speaks it.
    pub fn known(&self) -> Option<Transport> {
        match self {
            Self::Tcp => Some(Transport::Tcp),
            Self::Tls => Some(Transport::Tls),
            Self::Udp => Some(Transport::Udp),
            Self::Ws => Some(Transport::Ws),
            Self::Wss => Some(Transport::Wss),
            Self::Other(_) => None,
        }
    }

    fn new(text: &str) -> Option<Self> {
        Some(match text {
            _ if text.eq_ignore_ascii_case("UDP") => Self::Udp,
            _ if text.eq_ignore_ascii_case("TCP") => Self::Tcp,
            _ if text.eq_ignore_ascii_case("TLS") => Self::Tls,
            _ if text.eq_ignore_ascii_case("WS") => Self::Ws,
            _ if text.eq_ignore_ascii_case("WSS") => Self::Wss,
            other => Self::Other(Token::new(other)?),
        })
    }
}

impl std::convert::From<Transport> for ViaTransport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Tcp => Self::Tcp,
            Transport::Tls => Self::Tls,
            Transport::Udp => Self::Udp,
            Transport::Ws => Self::Ws,
            Transport::Wss => Self::Wss,
        }
    }
}

impl fmt::Display for ViaTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Other(token) => token.as_str(),
        })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}{}", self.protocol, self.transport, self.sent_by(), self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_via_is_read_with_all_its_space() {
        let text = "SIP  / 2.0\t/ udp   192.168.255.111 : 5070 ; branch = z9hG4bK30239 ;rport;maddr=[ff02::1]";
        let via = Via::read(text).unwrap();
        assert_eq!(via.to_string(), "SIP/2.0/UDP 192.168.255.111:5070;branch=z9hG4bK30239;rport;maddr=[ff02::1]");
        assert_eq!((via.branch(), via.rport(), via.has_rport()), (Some("z9hG4bK30239"), None, true));
        assert_eq!(via.transport.known(), Some(Transport::Udp));
        assert_eq!(via.maddr(), Host::parse("[ff02::1]"));
    }

    #[test]
    fn received_is_read_with_and_without_brackets() {
        // RFC 5118 section 4.5.
        for text in ["[2001:db8::9:255]", "2001:db8::9:255"] {
            let via = Via::read(&format!("SIP/2.0/UDP [2001:db8::9:1];received={text};branch=z9hG4bKas3")).unwrap();
            assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
            assert_eq!(via.sent_by(), "[2001:db8::9:1]");
            assert_eq!(Via::read(&via.to_string()), Ok(via));
        }
    }

    #[test]
    fn what_the_receiver_notes_is_read_back() {
        let mut via = Via::new(Transport::Tcp, Host::parse("h.example").unwrap(), None, "z9hG4bK1");
        assert_eq!(via.to_string(), "SIP/2.0/TCP h.example;branch=z9hG4bK1;rport");
        via.set_rport(4000);
        via.set_received("192.0.2.9".parse().unwrap());
        assert_eq!(via.to_string(), "SIP/2.0/TCP h.example;branch=z9hG4bK1;rport=4000;received=192.0.2.9");
        assert_eq!((via.rport(), via.received()), (Some(4000), Some("192.0.2.9".parse().unwrap())));
    }

    #[test]
    fn by_tls_the_connection_is_offered_for_requests_too() {
        let via = Via::new(Transport::Tls, Host::parse("h.example").unwrap(), Some(5061), "z9hG4bK1");
        assert_eq!(via.to_string(), "SIP/2.0/TLS h.example:5061;branch=z9hG4bK1;rport;alias");
        assert_eq!(Via::read("SIP/2.0/tls h").unwrap().transport.known(), Some(Transport::Tls));
    }

    #[test]
    fn unknown_transports_are_kept_and_broken_vias_refused() {
        assert_eq!(Via::read("SIP/2.0/Sctp h").unwrap().to_string(), "SIP/2.0/Sctp h");
        let bad = [
            "",
            "SIP/2.0",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0/UDP h;;branch=a",
            "SIP/2.0/UDP h:0",
            "SIP/2.0/UDP 2001:db8::1",
            "SIP/2.0/U@P h",
            "SIP 2.0 UDP h",
            "SIP/2.0/UDP a b",
        ];
        for text in bad {
            assert!(Via::read(text).is_err(), "{text}");
        }
    }
}
