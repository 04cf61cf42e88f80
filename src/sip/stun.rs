//! STUN as far as SIP's keep-alives need it (RFC 5626 section 8): Binding requests and their answers (RFC 5389), without
//! credentials; and the form that all of its messages have, for those who say more ([`ice`](crate::ice)).
//!
//! On the port of SIP a STUN message is told from a SIP one by its first octet, of which the first two bits are 0 as in no letter,
//! and by the magic cookie (RFC 5389 section 8).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::{BufMut, Bytes, BytesMut};

/// What tells one request from another (RFC 5389 section 6).
pub type TransactionId = [u8; 12];

/// RFC 5389 section 6.
const COOKIE: u32 = 0x2112_A442;
const HEADER: usize = 20;

const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const ERROR: u16 = 0x0111;

const MAPPED_ADDRESS: u16 = 0x0001;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// Attributes from here on may be ignored by who does not know them (RFC 5389 section 15).
const OPTIONAL: u16 = 0x8000;

/// A Binding message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stun {
    /// The server cannot or will not tell.
    Error(TransactionId),
    /// `plain`: it has no attribute that would have to be understood.
    Request { id: TransactionId, plain: bool },
    /// With the address that the server saw.
    Success(TransactionId, Option<SocketAddr>),
}

/// Whether a datagram is for [`Stun::read`], and no SIP.
pub fn is_stun(octets: &[u8]) -> bool {
    let cookie = octets.get(4..8).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    octets.len() >= HEADER && octets.first().is_some_and(|first| first & 0xC0 == 0) && cookie == Some(COOKIE)
}

/// A Binding request without attributes.
pub fn request(id: TransactionId) -> Bytes {
    message(REQUEST, id, &[])
}

/// The answer to a Binding request that came from `seen`.
pub fn success(id: TransactionId, seen: SocketAddr) -> Bytes {
    let value = xored(id, seen);
    let mut attribute = BytesMut::new();
    attribute.put_u16(XOR_MAPPED_ADDRESS);
    attribute.put_u16(value.len() as u16);
    attribute.extend_from_slice(&value);
    message(SUCCESS, id, &attribute)
}

/// An address as RFC 5389 section 15.2 has it.
pub fn xored(id: TransactionId, address: SocketAddr) -> Vec<u8> {
    let (family, octets) = match address.ip().to_canonical() {
        IpAddr::V4(address) => (1, address.octets().to_vec()),
        IpAddr::V6(address) => (2, address.octets().to_vec()),
    };
    let port = address.port() ^ (COOKIE >> 16) as u16;
    let mut value = vec![0, family];
    value.extend(port.to_be_bytes());
    value.extend(octets.iter().zip(mask(id)).map(|(octet, mask)| octet ^ mask));
    value
}

/// The address that [`xored`] wrote.
pub fn unxored(id: TransactionId, value: &[u8]) -> Option<SocketAddr> {
    read_address(value, &mask(id))
}

impl Stun {
    /// `None` when it is no Binding message, or is cut.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let (kind, id, attributes) = parts(octets)?;
        match kind {
            ERROR => Some(Self::Error(id)),
            REQUEST => Some(Self::Request { id, plain: Attributes(attributes).all(|(kind, _)| kind >= OPTIONAL) }),
            SUCCESS => {
                let address = |wanted: u16, mask: &[u8; 16]| {
                    Attributes(attributes)
                        .find(|(kind, _)| *kind == wanted)
                        .and_then(|(_, value)| read_address(value, mask))
                };
                let seen = address(XOR_MAPPED_ADDRESS, &mask(id)).or_else(|| address(MAPPED_ADDRESS, &[0; 16]));
                Some(Self::Success(id, seen))
            }
            _ => None,
        }
    }
}

/// Type, transaction, and what follows the header, of a message that is whole (RFC 5389 section 6).
pub fn parts(octets: &[u8]) -> Option<(u16, TransactionId, &[u8])> {
    let (kind, len) = (u16_at(octets, 0)?, usize::from(u16_at(octets, 2)?));
    let id = octets.get(8..HEADER)?.try_into().ok()?;
    let attributes = octets.get(HEADER..).filter(|rest| rest.len() == len && is_stun(octets))?;
    Some((kind, id, attributes))
}

/// Type and value; ends at the first that is cut.
pub struct Attributes<'o>(pub &'o [u8]);

impl<'o> Iterator for Attributes<'o> {
    type Item = (u16, &'o [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, len) = (u16_at(self.0, 0)?, usize::from(u16_at(self.0, 2)?));
        let value = self.0.get(4..4 + len)?;
        // Values end at a multiple of four octets (RFC 5389 section 15).
        self.0 = self.0.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

/// An address as RFC 5389 section 15.1 has it, or section 15.2 with the mask of that.
fn read_address(value: &[u8], mask: &[u8; 16]) -> Option<SocketAddr> {
    let port = u16_at(value, 2)? ^ u16_at(mask, 0)?;
    let ip = match *value.get(1)? {
        1 => IpAddr::from(Ipv4Addr::from(unmasked::<4>(value, mask)?)),
        2 => IpAddr::from(Ipv6Addr::from(unmasked::<16>(value, mask)?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// The address itself, if it has this length.
fn unmasked<const LEN: usize>(value: &[u8], mask: &[u8; 16]) -> Option<[u8; LEN]> {
    let mut address: [u8; LEN] = value.get(4..)?.try_into().ok()?;
    address.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
    Some(address)
}

/// The cookie, then the transaction.
fn mask(id: TransactionId) -> [u8; 16] {
    let mut mask = [0; 16];
    mask.iter_mut().zip(COOKIE.to_be_bytes().into_iter().chain(id)).for_each(|(octet, of)| *octet = of);
    mask
}

/// A message of this type and with these attributes, which are shorter than 64 KiB.
pub fn message(kind: u16, id: TransactionId, attributes: &[u8]) -> Bytes {
    let mut octets = BytesMut::with_capacity(HEADER + attributes.len());
    octets.put_u16(kind);
    octets.put_u16(attributes.len() as u16);
    octets.put_u32(COOKIE);
    octets.extend_from_slice(&id);
    octets.extend_from_slice(attributes);
    octets.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "b7e7a701bc34d686fa87dfae";

    fn id() -> TransactionId {
        hex::decode(ID).unwrap().try_into().unwrap()
    }

    /// RFC 5769 sections 2.2 and 2.3.
    #[test]
    fn the_answers_of_rfc_5769_are_read() {
        let ipv4 = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643\
                    000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
        let ipv6 = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a147\
                    0113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
        for (text, seen) in [(ipv4, "192.0.2.1:32853"), (ipv6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")] {
            let octets = hex::decode(text).unwrap();
            assert!(is_stun(&octets));
            assert_eq!(Stun::read(&octets), Some(Stun::Success(id(), Some(seen.parse().unwrap()))));
            assert_eq!(Stun::read(&success(id(), seen.parse().unwrap())), Stun::read(&octets));
            for len in 0..octets.len() {
                assert_eq!(Stun::read(&octets[..len]), None, "cut at {len}");
            }
        }
    }

    #[test]
    fn a_request_without_attributes_is_plain_and_one_with_credentials_is_not() {
        assert_eq!(Stun::read(&request(id())), Some(Stun::Request { id: id(), plain: true }));
        let mut named = request(id()).to_vec();
        named[3] = 8;
        named.extend(hex::decode("0006000474657374").unwrap());
        assert_eq!(Stun::read(&named), Some(Stun::Request { id: id(), plain: false }));
    }

    #[test]
    fn sip_is_no_stun_and_other_messages_are_not_read() {
        assert!(!is_stun(b"OPTIONS sip:alice@127.0.0.1 SIP/2.0\r\n"));
        assert!(!is_stun(b"\r\n\r\n"));
        let mut octets = request(id()).to_vec();
        octets[0] = 0x01;
        octets[1] = 0x02;
        assert_eq!(Stun::read(&octets), None);
        octets[4] = 0;
        assert!(!is_stun(&octets));
    }
}
