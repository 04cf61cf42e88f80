//! The inner IP packet of tunnel mode: an IPv4 header without options (RFC 791) or an IPv6 header without extensions
//! (RFC 8200). Written with the addresses of the flow; read only if it has them.

use std::net::IpAddr;

use super::packet_buffer::PacketBuffer;
use super::udp::{fold, sum};
use super::{DropReason, Path};

/// The next header of a header before an inner packet (RFC 4303 section 2.6): IPv4 in IP, IPv6 in IP.
const IPV4: u8 = 4;
const IPV6: u8 = 41;
const IPV4_LEN: usize = 20;
const IPV6_LEN: usize = 40;
/// Version 4, five words of header.
const VERSION_4: u8 = 0x45;
/// Don't fragment: then the identification says nothing and is zero (RFC 6864 section 4.1).
const DONT_FRAGMENT: u8 = 0x40;
/// More fragments, or an offset.
const FRAGMENT: u16 = 0x3fff;
/// Time to live, hop limit.
const HOPS: u8 = 64;

/// Puts an IP header before the packet in the buffer, which is of the protocol `next_header`; gives the protocol number of the
/// whole. `None` when it is too long.
pub(super) fn push(buffer: &mut PacketBuffer, next_header: u8, ends: &Path) -> Option<u8> {
    let len = buffer.len();
    match (ends.source.ip().to_canonical(), ends.destination.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = u16::try_from(IPV4_LEN + len).ok()?.to_be_bytes();
            let header = buffer.push_front::<IPV4_LEN>()?;
            *header = [0; IPV4_LEN];
            (header[0], header[6], header[8], header[9]) = (VERSION_4, DONT_FRAGMENT, HOPS, next_header);
            header[2..4].copy_from_slice(&total);
            header[12..16].copy_from_slice(&source.octets());
            header[16..].copy_from_slice(&destination.octets());
            let checksum = !fold(sum(header));
            header[10..12].copy_from_slice(&checksum.to_be_bytes());
            Some(IPV4)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let payload = u16::try_from(len).ok()?.to_be_bytes();
            let header = buffer.push_front::<IPV6_LEN>()?;
            header[..4].copy_from_slice(&[0x60, 0, 0, 0]);
            header[4..6].copy_from_slice(&payload);
            (header[6], header[7]) = (next_header, HOPS);
            header[8..24].copy_from_slice(&source.octets());
            header[24..].copy_from_slice(&destination.octets());
            Some(IPV6)
        }
        _ => None,
    }
}

/// Whether a next header announces an IP packet.
pub(super) fn is_ip(next_header: u8) -> bool {
    matches!(next_header, IPV4 | IPV6)
}

/// What an IP packet carries, of which protocol, and between which addresses.
pub(super) struct Inside<'a> {
    pub(super) next_header: u8,
    pub(super) packet: &'a mut [u8],
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
}

/// Takes the IP header off a packet. What follows its length is padding (RFC 4303 section 2.7).
pub(super) fn read(next_header: u8, packet: &mut [u8]) -> Result<Inside<'_>, DropReason> {
    match next_header {
        IPV4 => read_ipv4(packet),
        IPV6 => read_ipv6(packet),
        _ => Err(DropReason::Mode),
    }
}

fn read_ipv4(packet: &mut [u8]) -> Result<Inside<'_>, DropReason> {
    let (header, rest) = packet.split_first_chunk_mut::<IPV4_LEN>().ok_or(DropReason::Malformed)?;
    let [version, _, l0, l1, _, _, f0, f1, hops, next_header, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let fragment = u16::from_be_bytes([f0, f1]) & FRAGMENT != 0;
    if version != VERSION_4 || fragment || hops == 0 || fold(sum(header)) != 0xffff {
        return Err(DropReason::Malformed);
    }
    let (source, destination) = ([s0, s1, s2, s3].into(), [d0, d1, d2, d3].into());
    let len = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(IPV4_LEN).ok_or(DropReason::Malformed)?;
    Ok(Inside { next_header, packet: rest.get_mut(..len).ok_or(DropReason::Malformed)?, source, destination })
}

fn read_ipv6(packet: &mut [u8]) -> Result<Inside<'_>, DropReason> {
    let (header, rest) = packet.split_first_chunk_mut::<IPV6_LEN>().ok_or(DropReason::Malformed)?;
    let [version, _, _, _, l0, l1, next_header, hops, addresses @ ..] = *header;
    if version >> 4 != 6 || hops == 0 {
        return Err(DropReason::Malformed);
    }
    let (source, destination) = addresses.split_at(16);
    let address = |octets: &[u8]| <[u8; 16]>::try_from(octets).map(IpAddr::from).map_err(|_| DropReason::Malformed);
    let (source, destination) = (address(source)?, address(destination)?);
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    Ok(Inside { next_header, packet: rest.get_mut(..len).ok_or(DropReason::Malformed)?, source, destination })
}

impl<'a> Inside<'a> {
    /// Only between these.
    pub(super) fn between(self, ends: &Path) -> Result<Self, DropReason> {
        let agreed = (ends.source.ip().to_canonical(), ends.destination.ip().to_canonical());
        ((self.source, self.destination) == agreed).then_some(self).ok_or(DropReason::Addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(source: &str, destination: &str) -> Path {
        Path::new(source.parse().unwrap(), destination.parse().unwrap())
    }

    fn pushed(ends: &Path, data: &[u8]) -> (u8, Vec<u8>) {
        let mut buffer = PacketBuffer::new(100);
        buffer.begin(data.len()).unwrap().copy_from_slice(data);
        let next = push(&mut buffer, 17, ends).unwrap();
        (next, buffer.octets().to_vec())
    }

    /// The header checksum of the well-known example of an IPv4 header (Wikipedia's, checked by hand: RFC 1071).
    #[test]
    fn known_octets() {
        let (next, packet) = pushed(&path("192.168.0.1:1", "192.168.0.199:2"), &[7; 95]);
        assert_eq!((next, hex::encode(&packet[..20])), (4, "45000073000040004011b861c0a80001c0a800c7".into()));
        let (next, packet) = pushed(&path("[2001:db8::1]:1", "[2001:db8::2]:2"), &[7; 3]);
        let header = "6000000000031140\
            20010db800000000000000000000000120010db8000000000000000000000002";
        assert_eq!((next, hex::encode(&packet[..40])), (41, header.into()));
    }

    #[test]
    fn what_is_pushed_is_read_and_padding_behind_it_is_cut() {
        for ends in [path("192.0.2.1:1", "192.0.2.2:2"), path("[2001:db8::1]:1", "[2001:db8::2]:2")] {
            let (next, mut packet) = pushed(&ends, b"data");
            packet.extend([0; 9]);
            let inside = read(next, &mut packet).unwrap();
            assert_eq!((inside.next_header, &inside.packet[..]), (17, &b"data"[..]));
            assert_eq!((inside.source, inside.destination), (ends.source.ip(), ends.destination.ip()));
        }
    }

    #[test]
    fn other_addresses_and_every_bad_header_are_dropped() {
        for (ends, other) in [
            (path("192.0.2.1:1", "192.0.2.2:2"), path("192.0.2.1:1", "192.0.2.3:2")),
            (path("[2001:db8::1]:1", "[2001:db8::2]:2"), path("[2001:db8::3]:1", "[2001:db8::2]:2")),
        ] {
            let (next, packet) = pushed(&ends, b"data");
            let read = |next: u8, packet: &[u8], ends: &Path| {
                read(next, &mut packet.to_vec()).and_then(|inside| inside.between(ends).map(|_| ()))
            };
            assert_eq!(read(next, &packet, &other), Err(DropReason::Addresses));
            assert_eq!(read(next, &packet, &ends.reversed()), Err(DropReason::Addresses));
            assert_eq!(read(17, &packet, &ends), Err(DropReason::Mode));
            for len in 0..packet.len() {
                assert_eq!(read(next, &packet[..len], &ends), Err(DropReason::Malformed), "{len}");
            }
        }
        let ends = path("192.0.2.1:1", "192.0.2.2:2");
        for (at, octet) in [(0, 0x46), (6, 0x20), (7, 1), (8, 0), (10, 0), (3, 19)] {
            let (_, mut packet) = pushed(&ends, b"data");
            packet[at] = octet;
            assert_eq!(read(4, &mut packet).map(|_| ()), Err(DropReason::Malformed), "{at}");
        }
    }

    #[test]
    fn two_families_make_no_packet() {
        let mut buffer = PacketBuffer::new(100);
        buffer.begin(4).unwrap();
        assert_eq!(push(&mut buffer, 17, &path("192.0.2.1:1", "[2001:db8::2]:2")), None);
    }
}
