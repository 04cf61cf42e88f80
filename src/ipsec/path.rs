use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where a packet comes from and where it goes, addresses and UDP ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pub source: SocketAddr,
    pub destination: SocketAddr,
}

impl Path {
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        Self { source, destination }
    }

    /// The way back.
    pub fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source }
    }

    /// What the ICV of AH covers of the path (PROTOCOL section 8): both addresses, IPv4 ones as mapped IPv6
    /// addresses (RFC 4291 section 2.5.5.2), then both ports; source before destination, big endian.
    pub(super) fn to_octets(self) -> [u8; 36] {
        let mut octets = [0; 36];
        octets[..16].copy_from_slice(&mapped(self.source).octets());
        octets[16..32].copy_from_slice(&mapped(self.destination).octets());
        octets[32..34].copy_from_slice(&self.source.port().to_be_bytes());
        octets[34..].copy_from_slice(&self.destination.port().to_be_bytes());
        octets
    }

    /// Whether IPv6 carries it: a mapped address is IPv4.
    pub(super) fn is_ipv6(&self) -> bool {
        self.source.ip().to_canonical().is_ipv6()
    }
}

fn mapped(address: SocketAddr) -> Ipv6Addr {
    match address.ip() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_is_the_same_written_as_a_mapped_one() {
        let plain = Path::new("192.0.2.1:4000".parse().unwrap(), "192.0.2.2:4002".parse().unwrap());
        let mapped = Path::new("[::ffff:192.0.2.1]:4000".parse().unwrap(), "[::ffff:192.0.2.2]:4002".parse().unwrap());
        assert_eq!(plain.to_octets(), mapped.to_octets());
        assert_eq!(plain.to_octets()[10..16], [0xff, 0xff, 192, 0, 2, 1]);
        assert_eq!(plain.to_octets()[32..], [0x0f, 0xa0, 0x0f, 0xa2]);
        assert!(!mapped.is_ipv6());
    }
}
