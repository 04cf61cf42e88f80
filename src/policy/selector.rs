use std::fmt;
use std::net::IpAddr;

/// Which packets an entry rules (RFC 4301 section 4.4.1.1; items 710 to 714).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    pub source: Prefix,
    pub source_ports: Ports,
    pub destination: Prefix,
    pub destination_ports: Ports,
    pub upper: Upper,
}

/// A set of addresses: all of them, or those that share their first bits with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    Any,
    /// The address is masked: its bits behind `len` are zero. Build with [`Prefix::new`].
    Net {
        address: IpAddr,
        len: u8,
    },
}

/// A set of ports; `first <= last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ports {
    Any,
    Range { first: u16, last: u16 },
}

/// The protocol above IP (item 714).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Upper {
    Any,
    Tcp,
    Udp,
}

/// As the reader of the entry sees it (item 715).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    In,
    Out,
}

impl Prefix {
    /// Masks `address` to `len` bits; `None` when `len` is longer than the address. No bits at all is
    /// [`Prefix::Any`], of both families, and an IPv4-mapped prefix is the IPv4 prefix that it maps
    /// (RFC 4291 section 2.5.5.2), so that one set of addresses has one spelling.
    pub fn new(address: IpAddr, len: u8) -> Option<Self> {
        let (address, len) = match address {
            IpAddr::V6(a) if (96..=128).contains(&len) && a.to_ipv4_mapped().is_some() => {
                (address.to_canonical(), len - 96)
            }
            _ => (address, len),
        };
        let address = match address {
            _ if len == 0 => return Some(Self::Any),
            IpAddr::V4(a) if len <= 32 => IpAddr::V4((u32::from(a) & (u32::MAX << (32 - len))).into()),
            IpAddr::V6(a) if len <= 128 => IpAddr::V6((u128::from(a) & (u128::MAX << (128 - len))).into()),
            _ => return None,
        };
        Some(Self::Net { address, len })
    }

    /// The prefix that holds `address` alone.
    pub fn host(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self::Net { address, len: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// The address, when it is the only one.
    pub fn only_address(&self) -> Option<IpAddr> {
        match *self {
            Self::Net { address, len } if Self::host(address) == (Self::Net { address, len }) => Some(address),
            _ => None,
        }
    }

    /// An IPv4-mapped address counts as the IPv4 address that it maps.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (*self, address.to_canonical()) {
            (Self::Any, _) => true,
            (Self::Net { address: IpAddr::V4(net), len }, IpAddr::V4(a)) => {
                (u32::from(net) ^ u32::from(a)).leading_zeros() >= u32::from(len)
            }
            (Self::Net { address: IpAddr::V6(net), len }, IpAddr::V6(a)) => {
                (u128::from(net) ^ u128::from(a)).leading_zeros() >= u32::from(len)
            }
            _ => false,
        }
    }

    /// True when every address of `other` is one of ours.
    pub fn covers(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Any, _) => true,
            (Self::Net { .. }, Self::Any) => false,
            (Self::Net { len, .. }, Self::Net { address, len: theirs }) => len <= theirs && self.contains(address),
        }
    }

    /// How much it pins down: 0 for [`Prefix::Any`], else its length in bits.
    pub(super) fn specificity(&self) -> u8 {
        match *self {
            Self::Any => 0,
            Self::Net { len, .. } => len,
        }
    }
}

impl Ports {
    pub fn one(port: u16) -> Self {
        Self::Range { first: port, last: port }
    }

    pub fn contains(&self, port: u16) -> bool {
        match *self {
            Self::Any => true,
            Self::Range { first, last } => (first..=last).contains(&port),
        }
    }

    /// True when every port of `other` is one of ours.
    pub fn covers(&self, other: &Self) -> bool {
        let ((first, last), (from, to)) = (self.bounds(), other.bounds());
        first <= from && to <= last
    }

    /// The first and the last port.
    pub fn bounds(&self) -> (u16, u16) {
        match *self {
            Self::Any => (0, u16::MAX),
            Self::Range { first, last } => (first, last),
        }
    }

    /// How many ports, 1 to 65,536.
    pub(super) fn width(&self) -> u32 {
        let (first, last) = self.bounds();
        u32::from(last).saturating_sub(u32::from(first)) + 1
    }
}

impl Upper {
    pub const ALL: [Self; 3] = [Self::Any, Self::Tcp, Self::Udp];

    /// True when an entry for `self` rules a packet of `other`; a packet of neither TCP nor UDP is `Any`.
    pub fn covers(self, other: Self) -> bool {
        self == Self::Any || self == other
    }
}

impl Selector {
    /// Every packet.
    pub const ANY: Self = Self {
        source: Prefix::Any,
        source_ports: Ports::Any,
        destination: Prefix::Any,
        destination_ports: Ports::Any,
        upper: Upper::Any,
    };

    /// The same packets on their way back: ends swapped.
    pub fn mirror(&self) -> Self {
        Self {
            source: self.destination,
            source_ports: self.destination_ports,
            destination: self.source,
            destination_ports: self.source_ports,
            upper: self.upper,
        }
    }

    /// True when some packet is one of both.
    pub fn meets(&self, other: &Self) -> bool {
        let prefixes = |a: &Prefix, b: &Prefix| a.covers(b) || b.covers(a);
        let ports = |a: &Ports, b: &Ports| a.bounds().0 <= b.bounds().1 && b.bounds().0 <= a.bounds().1;
        prefixes(&self.source, &other.source)
            && prefixes(&self.destination, &other.destination)
            && ports(&self.source_ports, &other.source_ports)
            && ports(&self.destination_ports, &other.destination_ports)
            && (self.upper.covers(other.upper) || other.upper.covers(self.upper))
    }

    /// True when every packet of `other` is one of ours.
    pub fn covers(&self, other: &Self) -> bool {
        self.source.covers(&other.source)
            && self.destination.covers(&other.destination)
            && self.source_ports.covers(&other.source_ports)
            && self.destination_ports.covers(&other.destination_ports)
            && self.upper.covers(other.upper)
    }
}

impl Direction {
    pub fn mirror(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => "in",
            Self::Out => "out",
        })
    }
}

impl fmt::Display for Upper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// `any`, or the masked address in RFC 5952 form and the length: `192.168.1.0/24`.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Net { address, len } => write!(f, "{address}/{len}"),
        }
    }
}

/// `any`, `5060` or `16384-32767`.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Range { first, last } if first == last => write!(f, "{first}"),
            Self::Range { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_is_masked_and_holds_its_own_addresses_only() {
        let net = Prefix::new(ip("192.168.1.77"), 24).unwrap();
        assert_eq!(net.to_string(), "192.168.1.0/24");
        assert!(net.contains(ip("192.168.1.255")) && net.contains(ip("192.168.1.0")));
        assert!(!net.contains(ip("192.168.2.0")) && !net.contains(ip("2001:db8::1")));
        let net = Prefix::new(ip("2001:db8:1:2::9"), 48).unwrap();
        assert_eq!(net.to_string(), "2001:db8:1::/48");
        assert!(net.contains(ip("2001:db8:1:ffff::")) && !net.contains(ip("2001:db8:2::")));
        assert_eq!(Prefix::new(ip("10.0.0.1"), 33), None);
        assert_eq!(Prefix::new(ip("::1"), 129), None);
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address() {
        assert_eq!(Prefix::new(ip("::ffff:192.168.1.2"), 120), Prefix::new(ip("192.168.1.0"), 24));
        assert_eq!(Prefix::host(ip("::ffff:10.0.0.1")), Prefix::host(ip("10.0.0.1")));
        assert!(Prefix::host(ip("10.0.0.1")).contains(ip("::ffff:10.0.0.1")));
    }

    #[test]
    fn no_bits_is_any_of_both_families() {
        for any in ["0.0.0.0", "::"] {
            assert_eq!(Prefix::new(ip(any), 0), Some(Prefix::Any));
        }
        assert!(Prefix::Any.covers(&Prefix::host(ip("::1"))) && !Prefix::host(ip("::1")).covers(&Prefix::Any));
    }
}
