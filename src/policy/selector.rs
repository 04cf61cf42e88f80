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
    /// Masks `address` to `len` bits; `None` when `len` is longer than the address.
    pub fn new(address: IpAddr, len: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(a) if len <= 32 => {
                IpAddr::V4((u32::from(a) & (!0u32).checked_shl(32 - u32::from(len)).unwrap_or(0)).into())
            }
            IpAddr::V6(a) if len <= 128 => {
                IpAddr::V6((u128::from(a) & (!0u128).checked_shl(128 - u32::from(len)).unwrap_or(0)).into())
            }
            _ => return None,
        };
        Some(Self::Net { address, len })
    }

    /// The prefix that holds `address` alone.
    pub fn host(address: IpAddr) -> Self {
        Self::Net { address, len: if address.is_ipv4() { 32 } else { 128 } }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match *self {
            Self::Any => true,
            Self::Net { address: net, len } => {
                net.is_ipv4() == address.is_ipv4() && Self::new(address, len) == Some(Self::Net { address: net, len })
            }
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
