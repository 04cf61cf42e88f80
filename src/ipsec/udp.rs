//! The inner UDP header (RFC 768; in transport mode RFC 3948 section 3.1.2).

use super::path::Path;
use super::DropReason;

pub(super) const HEADER_LEN: usize = 8;
/// UDP's protocol number.
pub(super) const NEXT_HEADER: u8 = 17;

/// Writes the header for `data` octets that follow it. Its checksum is sent zero over IPv4; `checksum` completes it over IPv6.
pub(super) fn write(header: &mut [u8; HEADER_LEN], flow: &Path, data: usize) -> Option<()> {
    let length = u16::try_from(HEADER_LEN + data).ok()?;
    header[..2].copy_from_slice(&flow.source.port().to_be_bytes());
    header[2..4].copy_from_slice(&flow.destination.port().to_be_bytes());
    header[4..6].copy_from_slice(&length.to_be_bytes());
    header[6..].copy_from_slice(&[0, 0]);
    Some(())
}

/// Sets the checksum of a whole inner datagram whose checksum is zero: RFC 8200 section 8.1 wants one over IPv6.
/// No receiver of ours looks at it: the ICV protects, and a NAT may have changed what it covers.
pub(super) fn checksum(datagram: &mut [u8], flow: &Path) {
    let path = flow.to_octets();
    let length = datagram.len() as u32;
    let total = sum(&path[..32]) + sum(datagram) + u64::from(length) + u64::from(NEXT_HEADER);
    let folded = fold(total);
    if let Some(field) = datagram.get_mut(6..8) {
        field.copy_from_slice(&if folded == 0xffff { folded } else { !folded }.to_be_bytes());
    }
}

/// Source and destination port.
pub(super) fn ports(datagram: &[u8]) -> Option<(u16, u16)> {
    let [s0, s1, d0, d1] = *datagram.first_chunk()?;
    Some((u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])))
}

/// Checks ports and length, and gives the data. What follows the UDP length is traffic flow confidentiality padding
/// (RFC 4303 section 2.7).
#[inline]
pub(super) fn read<'a>(datagram: &'a mut [u8], flow: &Path) -> Result<&'a mut [u8], DropReason> {
    let (header, rest) = datagram.split_first_chunk_mut::<HEADER_LEN>().ok_or(DropReason::Malformed)?;
    let [s0, s1, d0, d1, l0, l1, _, _] = *header;
    let ports = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    if ports != (flow.source.port(), flow.destination.port()) {
        return Err(DropReason::Ports);
    }
    let data = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(HEADER_LEN).ok_or(DropReason::Malformed)?;
    rest.get_mut(..data).ok_or(DropReason::Malformed)
}

pub(super) fn sum(octets: &[u8]) -> u64 {
    octets.chunks(2).map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0))).sum()
}

pub(super) fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ipv6_checksum_makes_the_whole_sum_all_ones() {
        let flow = Path::new("[2001:db8::1]:4000".parse().unwrap(), "[2001:db8::2]:4002".parse().unwrap());
        for data in [&b""[..], b"a", b"ab", b"odd"] {
            let mut datagram = vec![0; HEADER_LEN];
            write(datagram.first_chunk_mut().unwrap(), &flow, data.len()).unwrap();
            datagram.extend_from_slice(data);
            checksum(&mut datagram, &flow);
            let pseudo = sum(&flow.to_octets()[..32]) + datagram.len() as u64 + 17;
            assert_eq!(fold(pseudo + sum(&datagram)), 0xffff);
        }
    }

    #[test]
    fn length_and_ports_are_checked() {
        let flow = Path::new("192.0.2.1:1".parse().unwrap(), "192.0.2.2:2".parse().unwrap());
        let read = |octets: &[u8]| read(&mut octets.to_vec(), &flow).map(|data| data.to_vec());
        assert_eq!(read(&[0, 1, 0, 2, 0, 9, 0, 0, 7]), Ok(vec![7]));
        assert_eq!(read(&[0, 1, 0, 2, 0, 8, 0, 0, 7]), Ok(vec![]));
        assert_eq!(read(&[0, 1, 0, 3, 0, 9, 0, 0, 7]), Err(DropReason::Ports));
        assert_eq!(read(&[0, 1, 0, 2, 0, 10, 0, 0, 7]), Err(DropReason::Malformed));
        assert_eq!(read(&[0, 1, 0, 2, 0, 7, 0, 0]), Err(DropReason::Malformed));
        assert_eq!(read(&[0, 1, 0, 2, 0, 8, 0]), Err(DropReason::Malformed));
    }
}
