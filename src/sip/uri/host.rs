use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::sip::octets::Octets;
use crate::sip::token;

/// Where a URI or a Via points (RFC 3261 section 25.1, `host`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    Ipv4(Ipv4Addr),
    /// Written in brackets.
    Ipv6(Ipv6Addr),
    /// A domain name, in lower case: names are compared without regard to case.
    Name(String),
}

impl Host {
    /// Longest domain name, in octets (RFC 1035 section 2.3.4).
    pub const MAX_NAME: usize = 255;

    /// Reads a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return ipv6(inner.strip_suffix(']')?).map(Self::Ipv6);
        }
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            if let Ok(address) = text.parse() {
                return Some(Self::Ipv4(address));
            }
        }
        is_name(text).then(|| Self::Name(text.to_ascii_lowercase()))
    }

    /// Reads `host` or `host:port`.
    pub(in crate::sip) fn parse_with_port(text: &str) -> Option<(Self, Option<Result<u16, ()>>)> {
        let (host, tail) = match memchr::memrchr(b']', text.as_bytes()) {
            Some(at) => text.split_at(at + 1),
            None => token::cut_before(text, b':'),
        };
        let host = Self::parse(token::trim(host))?;
        let tail = token::trim(tail);
        if tail.is_empty() {
            return Some((host, None));
        }
        let port = tail.strip_prefix(':')?;
        Some((host, Some(token::number(port).ok().filter(|p| *p != 0).ok_or(()))))
    }

    /// The address, when the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(address) => Some(IpAddr::V4(*address)),
            Self::Ipv6(address) => Some(IpAddr::V6(*address)),
            Self::Name(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4(address),
            IpAddr::V6(address) => Self::Ipv6(address),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(address) => write!(f, "{address}"),
            Self::Ipv6(address) => write!(f, "[{address}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The grammar of RFC 3261 has three colons before an IPv4 address where two are meant, and both are to be read
/// (RFC 5118 section 4.10).
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    match text.rsplit_once(":::") {
        Some((hex, ipv4)) if ipv4.contains('.') => format!("{hex}::{ipv4}").parse().ok(),
        _ => text.parse().ok(),
    }
}

/// Labels of letters, digits, `-` and (as real networks have it) `_`; a last label that starts
/// with a digit would be a broken IPv4 address (RFC 3261 section 25.1, `toplabel`).
fn is_name(text: &str) -> bool {
    let labels = text.strip_suffix('.').unwrap_or(text).as_bytes();
    let last = memchr::memrchr(b'.', labels).map_or(0, |dot| dot + 1);
    text.len() <= Host::MAX_NAME
        && labels.split(|octet| *octet == b'.').all(is_label)
        && !labels.get(last).is_some_and(u8::is_ascii_digit)
}

fn is_label(label: &[u8]) -> bool {
    !label.is_empty() && LABEL.all(label) && !label.starts_with(b"-") && !label.ends_with(b"-")
}

static LABEL: Octets = Octets::alphanumeric_and(b"-_");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_both_kinds_of_address() {
        assert_eq!(Host::parse("Example.COM."), Some(Host::Name("example.com.".into())));
        assert_eq!(Host::parse("192.0.2.1"), Some(Host::Ipv4(Ipv4Addr::new(192, 0, 2, 1))));
        assert_eq!(Host::parse("[2001:DB8::10]").unwrap().to_string(), "[2001:db8::10]");
        assert_eq!(Host::parse("[::ffff:192.0.2.1]").unwrap().to_string(), "[::ffff:192.0.2.1]");
        assert_eq!(Host::parse("[2001:db8:::192.0.2.1]"), Host::parse("[2001:db8::192.0.2.1]"));
        assert_eq!(Host::parse("[:::192.0.2.1]"), Host::parse("[::192.0.2.1]"));
        let bad = [
            "[1::2:::192.0.2.1]",
            "[::::192.0.2.1]",
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "192.0.2.257",
            "1.2.3",
            "2001:db8::10",
            "[2001:db8:::1]",
            "[::1",
            "a b",
            "é",
        ];
        for text in bad {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_port_follows_a_colon_and_is_not_zero() {
        assert_eq!(Host::parse_with_port("[::1]:5070"), Some((Host::Ipv6(Ipv6Addr::LOCALHOST), Some(Ok(5070)))));
        assert_eq!(Host::parse_with_port("h : 7"), Some((Host::Name("h".into()), Some(Ok(7)))));
        for bad in ["h:", "h:0", "h:65536", "h:+1", "h:1x"] {
            assert_eq!(Host::parse_with_port(bad), Some((Host::Name("h".into()), Some(Err(())))), "{bad}");
        }
        assert_eq!(Host::parse_with_port("[::1]5070"), None);
        assert_eq!(Host::parse_with_port("a]:1"), None);
    }
}
