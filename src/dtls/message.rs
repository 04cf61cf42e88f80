use super::wire::{number, vector, Reader};

/// Types of handshake messages (RFC 5246 section 7.4, RFC 6347 section 4.3.2).
pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const HELLO_VERIFY_REQUEST: u8 = 3;
pub(super) const CERTIFICATE: u8 = 11;
pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(super) const CERTIFICATE_REQUEST: u8 = 13;
pub(super) const SERVER_HELLO_DONE: u8 = 14;
pub(super) const CERTIFICATE_VERIFY: u8 = 15;
pub(super) const CLIENT_KEY_EXCHANGE: u8 = 16;
pub(super) const FINISHED: u8 = 20;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) sequence: u16,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// In one piece, as it is sent and as the transcript has it (RFC 6347 section 4.2.6).
    pub(super) fn encode(&self) -> Vec<u8> {
        let len = self.body.len() as u64;
        let mut out = vec![self.kind];
        number(&mut out, 3, len);
        number(&mut out, 2, self.sequence.into());
        number(&mut out, 3, 0);
        number(&mut out, 3, len);
        out.extend(&self.body);
        out
    }
}

/// A piece of one.
#[derive(Clone, Copy)]
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    pub(super) sequence: u16,
    /// Of the whole message.
    pub(super) len: usize,
    pub(super) offset: usize,
    pub(super) body: &'a [u8],
}

/// Those of a record, as far as it can be read.
pub(super) fn fragments(record: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    let mut rest = Reader(record);
    std::iter::from_fn(move || {
        let (kind, len, sequence) = (rest.u8()?, rest.number(3)? as usize, rest.u16()?);
        let (offset, body) = (rest.number(3)? as usize, rest.vector(3)?);
        (offset + body.len() <= len).then_some(Fragment { kind, sequence, len, offset, body })
    })
}

/// `Certificate` with one of them, or with none.
pub(super) fn certificate(der: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    vector(&mut out, 3, |out| der.into_iter().for_each(|der| vector(out, 3, |out| out.extend(der))));
    out
}

/// The first of a `Certificate`, its owner's; `None` without any.
pub(super) fn own_certificate(body: &[u8]) -> Option<&[u8]> {
    Reader(Reader(body).vector(3)?).vector(3)
}

/// A signature and its scheme (RFC 5246 section 4.7).
pub(super) fn signed(out: &mut Vec<u8>, scheme: u16, signature: &[u8]) {
    out.extend(scheme.to_be_bytes());
    vector(out, 2, |out| out.extend(signature));
}

/// The parameters of a `ServerKeyExchange` as they are signed, and the group and point in them (RFC 8422 section 5.4).
pub(super) struct KeyExchange<'a> {
    pub(super) params: &'a [u8],
    pub(super) group: u16,
    pub(super) point: &'a [u8],
    pub(super) scheme: u16,
    pub(super) signature: &'a [u8],
}

/// A named curve.
const NAMED: u8 = 3;

impl<'a> KeyExchange<'a> {
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(body);
        let (curve, group, point) = (rest.u8()?, rest.u16()?, rest.vector(1)?);
        let params = body.get(..4 + point.len())?;
        let (scheme, signature) = (rest.u16()?, rest.vector(2)?);
        (curve == NAMED && rest.is_empty()).then_some(Self { params, group, point, scheme, signature })
    }

    pub(super) fn params(group: u16, point: &[u8]) -> Vec<u8> {
        let mut out = vec![NAMED];
        out.extend(group.to_be_bytes());
        vector(&mut out, 1, |out| out.extend(point));
        out
    }
}

/// The schemes that a `CertificateRequest` lets the other side sign by.
pub(super) fn requested_schemes(body: &[u8]) -> Option<Vec<u16>> {
    let mut rest = Reader(body);
    rest.vector(1)?;
    rest.numbers(2)
}

/// RFC 5246 section 7.4.4: of RSA and of ECDSA, by any authority.
pub(super) fn certificate_request(schemes: &[u16]) -> Vec<u8> {
    let mut out = vec![2, 1, 64];
    super::wire::numbers(&mut out, 2, schemes);
    out.extend([0, 0]);
    out
}
