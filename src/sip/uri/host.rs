use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use compact_str::CompactString;

use crate::sip::octets::Octets;
use crate::sip::token;

/// Where a URI or a Via points (RFC 3261 section 25.1, `host`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    Ipv4(Ipv4Addr),
    /// Written in brackets.
    Ipv6(Ipv6Addr),
    /// A domain name, in lower case: names are compared without regard to case.
    Name(CompactString),
}

impl Host {
    /// Longest domain name, in octets (RFC 1035 section 2.3.4).
    pub const MAX_NAME: usize = 255;

    /// Reads a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        match Self::cut(text)? {
            (host, "") => Some(host),
            _ => None,
        }
    }

    /// Reads the host with which `text` begins; what follows it.
    pub(in crate::sip) fn cut(text: &str) -> Option<(Self, &str)> {
        if let Some(inner) = text.strip_prefix('[') {
            let (inner, rest) = token::cut(inner, b']')?;
            return Some((Self::Ipv6(ipv6(inner)?), rest));
        }
        if let Some((address, rest)) = cut_ipv4(text) {
            return Some((Self::Ipv4(address), rest));
        }
        let (name, rest) = text.split_at_checked(name_len(text.as_bytes())?)?;
        let has_capitals = name.bytes().any(|octet| octet.is_ascii_uppercase());
        let mut name = CompactString::from(name);
        if has_capitals {
            name.make_ascii_lowercase();
        }
        Some((Self::Name(name), rest))
    }

    /// Reads `host` or `host:port`, with white space around each.
    pub(in crate::sip) fn parse_with_port(text: &str) -> Option<(Self, Option<Result<u16, ()>>)> {
        let (host, tail) = Self::cut(text)?;
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

/// The IPv4 address with which `text` begins, if it is not the beginning of a name; what follows it.
fn cut_ipv4(text: &str) -> Option<(Ipv4Addr, &str)> {
    let (first, rest) = cut_decimal(text)?;
    let (second, rest) = cut_decimal(rest.strip_prefix('.')?)?;
    let (third, rest) = cut_decimal(rest.strip_prefix('.')?)?;
    let (fourth, rest) = cut_decimal(rest.strip_prefix('.')?)?;
    let ends = !rest.as_bytes().first().is_some_and(|octet| *octet == b'.' || LABEL.has(*octet));
    ends.then_some((Ipv4Addr::new(first, second, third, fourth), rest))
}

/// A number below 256 that no needless zero leads.
fn cut_decimal(text: &str) -> Option<(u8, &str)> {
    let len = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(len)?;
    let zero_leads = len > 1 && digits.starts_with('0');
    Some((digits.parse().ok().filter(|_| !zero_leads)?, rest))
}

/// How long the name is with which `octets` begins: labels of letters, digits, `-` and (as real networks have it) `_`; a last
/// label that starts with a digit would be a broken IPv4 address (RFC 3261 section 25.1, `toplabel`).
fn name_len(octets: &[u8]) -> Option<usize> {
    let mut rest = octets;
    loop {
        let (label, after) = rest.split_at_checked(LABEL.prefix(rest))?;
        let first = match label {
            [] | [b'-', ..] | [.., b'-'] => return None,
            [first, ..] => first,
        };
        match after {
            [b'.', next, ..] if LABEL.has(*next) => rest = after.get(1..)?,
            _ if first.is_ascii_digit() => return None,
            _ => {
                let len = octets.len() - after.len() + usize::from(after.starts_with(b"."));
                return (len <= Host::MAX_NAME).then_some(len);
            }
        }
    }
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
