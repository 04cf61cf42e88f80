use std::net::SocketAddr;

use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use is::Sha1HmacProvider;
use md5::{Digest, Md5};

use super::gathering::RelayAccount;
use super::hmac::Hmac;
use crate::sip::stun::{self, Attributes, TransactionId};

/// RFC 8656 section 17.
pub(super) const ALLOCATE: u16 = 0x003;
pub(super) const REFRESH: u16 = 0x004;
pub(super) const CHANNEL_BIND: u16 = 0x009;
/// With the class of indications.
const SEND: u16 = 0x016;
const DATA_FROM_PEER: u16 = 0x017;
/// RFC 8489 section 5: what the type of an answer has beside the method's.
const SUCCESS: u16 = 0x100;
const ERROR: u16 = 0x110;

/// RFC 8656 section 18.
const CHANNEL_NUMBER: u16 = 0x000C;
const LIFETIME: u16 = 0x000D;
const XOR_PEER_ADDRESS: u16 = 0x0012;
const DATA: u16 = 0x0013;
const XOR_RELAYED_ADDRESS: u16 = 0x0016;
const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
const REQUESTED_TRANSPORT: u16 = 0x0019;
/// RFC 8489 section 18.3.1.
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;

/// The number of UDP (RFC 8656 section 18.8).
const UDP: u8 = 17;
/// IPv6 (RFC 8656 section 18.6); without it an address of IPv4 is given.
const FAMILY_OF_IPV6: u8 = 2;
const HEADER: usize = 20;
/// MESSAGE-INTEGRITY, whole.
const INTEGRITY: usize = 24;
/// A realm or a nonce is shorter (RFC 8489 sections 14.9 and 14.10).
const LONGEST: usize = 763;

/// By what a server of TURN knows us: long-term credentials (RFC 8489 section 9.2), and its own words to us. No algorithm is negotiated: a server
/// takes what has none for one of MD5 (section 9.2.4).
pub(super) struct Login {
    user: String,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    key: [u8; 16],
}

impl Login {
    /// `None`: such a realm or nonce is none.
    pub(super) fn new(account: &RelayAccount, realm: &[u8], nonce: &[u8]) -> Option<Self> {
        let fits = realm.len() <= LONGEST && nonce.len() <= LONGEST;
        let RelayAccount { user, password, .. } = account;
        let parts = [user.as_bytes(), b":", realm, b":", password.0.as_bytes()];
        let key = Md5::digest(parts.concat()).into();
        fits.then(|| Self { user: user.clone(), realm: realm.to_owned(), nonce: nonce.to_owned(), key })
    }

    /// Its server has another word now.
    pub(super) fn renewed(&self, realm: Option<&[u8]>, nonce: &[u8], account: &RelayAccount) -> Option<Self> {
        Self::new(account, realm.unwrap_or(&self.realm), nonce)
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Allocate { ipv6: bool },
    Bind { number: u16, peer: SocketAddr },
    Refresh,
    Release,
}

impl What {
    pub(super) fn method(self) -> u16 {
        match self {
            Self::Allocate { .. } => ALLOCATE,
            Self::Bind { .. } => CHANNEL_BIND,
            Self::Refresh | Self::Release => REFRESH,
        }
    }

    /// The request, with who we are where that is known.
    pub(super) fn request(self, id: TransactionId, login: Option<&Login>) -> Vec<u8> {
        let mut attributes = Vec::new();
        match self {
            Self::Allocate { ipv6 } => {
                put(&mut attributes, REQUESTED_TRANSPORT, &[UDP, 0, 0, 0]);
                if ipv6 {
                    put(&mut attributes, REQUESTED_ADDRESS_FAMILY, &[FAMILY_OF_IPV6, 0, 0, 0]);
                }
            }
            Self::Bind { number, peer } => {
                let [high, low] = number.to_be_bytes();
                put(&mut attributes, CHANNEL_NUMBER, &[high, low, 0, 0]);
                put(&mut attributes, XOR_PEER_ADDRESS, &stun::xored(id, peer));
            }
            Self::Refresh => {}
            Self::Release => put(&mut attributes, LIFETIME, &[0; 4]),
        }
        match login {
            Some(login) => sealed(self.method(), id, attributes, login),
            None => stun::message(self.method(), id, &attributes).into(),
        }
    }
}

fn put(attributes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    attributes.extend(kind.to_be_bytes());
    attributes.extend((value.len() as u16).to_be_bytes());
    attributes.extend(value);
    attributes.resize(attributes.len().next_multiple_of(4), 0);
}

fn sealed(method: u16, id: TransactionId, mut attributes: Vec<u8>, login: &Login) -> Vec<u8> {
    put(&mut attributes, USERNAME, login.user.as_bytes());
    put(&mut attributes, REALM, &login.realm);
    put(&mut attributes, NONCE, &login.nonce);
    with_integrity(method, id, attributes, login)
}

/// RFC 8489 section 14.5: the length in the header counts the attribute that holds the tag, and the tag covers what stands before that.
fn with_integrity(kind: u16, id: TransactionId, mut attributes: Vec<u8>, login: &Login) -> Vec<u8> {
    put(&mut attributes, MESSAGE_INTEGRITY, &[0; INTEGRITY - 4]);
    let mut octets = Vec::from(stun::message(kind, id, &attributes));
    octets.truncate(octets.len() - (INTEGRITY - 4));
    let covered = octets.get(..octets.len() - 4).unwrap_or_default();
    let tag = Hmac.sha1_hmac(&login.key, &[covered]);
    octets.extend(tag);
    octets
}

/// Carries `data` to a peer to which no channel leads (RFC 8656 section 11.1).
pub(super) fn indication(id: TransactionId, peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut attributes = Vec::with_capacity(32 + data.len());
    put(&mut attributes, XOR_PEER_ADDRESS, &stun::xored(id, peer));
    put(&mut attributes, DATA, data);
    stun::message(SEND, id, &attributes).into()
}

/// What came from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'o> {
    /// Of a request that had the same number.
    Error {
        method: u16,
        code: u16,
        realm: Option<&'o [u8]>,
        nonce: Option<&'o [u8]>,
    },
    /// Of a peer, from this octet on so many.
    Peer {
        peer: SocketAddr,
        at: usize,
        len: usize,
    },
    Success {
        method: u16,
        relayed: Option<SocketAddr>,
        lifetime: Option<u32>,
    },
}

/// Reads what a server says. A success counts only with the proof that it knows our password. An error needs none:
/// nobody else knows the number of the request, and it opens nothing.
pub(super) fn read<'o>(octets: &'o [u8], login: Option<&Login>) -> Option<(TransactionId, Said<'o>)> {
    let (kind, id, attributes) = stun::parts(octets)?;
    let method = kind & !ERROR;
    let said = match kind & ERROR {
        ERROR => {
            let code = value(attributes, ERROR_CODE).and_then(|code| Some((*code.get(2)?, *code.get(3)?)))?;
            let code = u16::from(code.0 & 7) * 100 + u16::from(code.1);
            Said::Error { method, code, realm: value(attributes, REALM), nonce: value(attributes, NONCE) }
        }
        SUCCESS => {
            let attributes = proven(octets, attributes, login?)?;
            let relayed = value(attributes, XOR_RELAYED_ADDRESS).and_then(|value| stun::unxored(id, value));
            let lifetime = value(attributes, LIFETIME).and_then(|value| value.try_into().ok()).map(u32::from_be_bytes);
            Said::Success { method, relayed, lifetime }
        }
        _ if kind == DATA_FROM_PEER => {
            let peer = stun::unxored(id, value(attributes, XOR_PEER_ADDRESS)?)?;
            let (at, data) = place(attributes, DATA)?;
            Said::Peer { peer, at: HEADER + at + 4, len: data.len() }
        }
        _ => return None,
    };
    Some((id, said))
}

fn value(attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    place(attributes, wanted).map(|(_, value)| value)
}

/// Where the first of this type begins, and its value.
fn place(attributes: &[u8], wanted: u16) -> Option<(usize, &[u8])> {
    let mut rest = Attributes(attributes);
    loop {
        let at = attributes.len() - rest.0.len();
        let (kind, value) = rest.next()?;
        if kind == wanted {
            return Some((at, value));
        }
    }
}

/// Those that the tag covers, if it is right: what follows it does not count (RFC 8489 section 14.5).
fn proven<'o>(octets: &[u8], attributes: &'o [u8], login: &Login) -> Option<&'o [u8]> {
    let (at, tag) = place(attributes, MESSAGE_INTEGRITY)?;
    let covered = attributes.get(..at)?;
    let len = u16::try_from(at + INTEGRITY).ok()?.to_be_bytes();
    let whole = [octets.get(..2)?, &len, octets.get(4..HEADER)?, covered].concat();
    let key = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &login.key);
    hmac::verify(&key, &whole, tag).ok().map(|()| covered)
}

#[cfg(test)]
pub(super) mod fake;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Redacted;

    /// RFC 5769 section 2.4: a request with long-term credentials.
    #[test]
    fn the_tag_of_rfc_5769_is_right_and_of_a_changed_message_is_not() {
        let octets = hex::decode(
            "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b90000\
             0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341\
             0014000b6578616d706c652e6f726700\
             00080014f67024656dd64a3e02b8e0712e85c9a28ca89666",
        )
        .unwrap();
        let account = RelayAccount {
            server: String::new(),
            user: "\u{30de}\u{30c8}\u{30ea}\u{30c3}\u{30af}\u{30b9}".into(),
            password: Redacted("TheMatrIX".into()),
        };
        let login = Login::new(&account, b"example.org", b"f//499k954d6OL34oL9FSTvy64sA").unwrap();
        let is_proven = |octets: &[u8]| proven(octets, &octets[HEADER..], &login).is_some();
        assert!(is_proven(&octets));
        for at in (0..octets.len()).filter(|at| !(2..4).contains(at)) {
            let mut changed = octets.clone();
            changed[at] ^= 1;
            assert!(!is_proven(&changed), "octet {at}");
        }
    }

    #[test]
    fn what_follows_the_tag_does_not_count() {
        let account = RelayAccount { server: String::new(), user: "a".into(), password: Redacted("b".into()) };
        let login = Login::new(&account, b"r", b"n").unwrap();
        let mut octets = with_integrity(ALLOCATE | SUCCESS, [7; 12], Vec::new(), &login);
        put(&mut octets, LIFETIME, &[0, 0, 0, 9]);
        octets[3] += 8;
        let wanted = Said::Success { method: ALLOCATE, relayed: None, lifetime: None };
        assert_eq!(read(&octets, Some(&login)), Some(([7; 12], wanted)));
        assert_eq!(read(&octets, None), None, "nor what says nothing of who it is");
    }
}
