use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_128_GCM, AES_256_GCM};

use super::wire::{number, Reader};

/// Types of content (RFC 5246 section 6.2.1).
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;

/// DTLS 1.2.
pub(super) const VERSION: u16 = 0xfefd;

/// Type, version, epoch, number, length.
#[cfg(test)]
pub(super) const HEADER: usize = 13;
const TAG: usize = 16;
/// The part of the nonce that a record carries (RFC 5288 section 3).
const EXPLICIT: usize = 8;

/// One record of a datagram (RFC 6347 section 4.1).
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) kind: u8,
    /// Zero in clear, one sealed.
    pub(super) epoch: u16,
    sequence: u64,
    pub(super) body: &'a [u8],
}

/// Those of a datagram, as far as it can be read.
pub(super) fn records(datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = Reader(datagram);
    std::iter::from_fn(move || {
        let (kind, major) = (rest.u8()?, rest.u16()? >> 8);
        let (epoch, sequence) = (rest.u16()?, rest.number(6)?);
        let body = rest.vector(2)?;
        (major == 0xfe).then_some(Record { kind, epoch, sequence, body })
    })
}

/// In clear, of epoch zero.
pub(super) fn clear(kind: u8, sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut record = header(kind, 0, sequence, body.len());
    record.extend(body);
    record
}

fn header(kind: u8, epoch: u16, sequence: u64, len: usize) -> Vec<u8> {
    let mut out = vec![kind];
    number(&mut out, 2, VERSION.into());
    number(&mut out, 2, epoch.into());
    number(&mut out, 6, sequence);
    number(&mut out, 2, len as u64);
    out
}

/// AES-GCM of one direction, for epoch one.
pub(super) struct RecordKey {
    key: LessSafeKey,
    /// The part of the nonce that stays.
    salt: [u8; 4],
}

impl RecordKey {
    /// Of 16 or 32 octets.
    pub(super) fn new(key: &[u8], salt: [u8; 4]) -> Option<Self> {
        let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
        Some(Self { key: LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?), salt })
    }

    /// No number is used twice: whoever seals counts.
    pub(super) fn seal(&self, kind: u8, sequence: u64, body: &[u8]) -> Option<Vec<u8>> {
        let explicit = explicit(1, sequence);
        let mut text = body.to_vec();
        self.key
            .seal_in_place_append_tag(self.nonce(explicit), Aad::from(aad(kind, explicit, body.len())), &mut text)
            .ok()?;
        let mut record = header(kind, 1, sequence, EXPLICIT + text.len());
        record.extend(explicit);
        record.append(&mut text);
        Some(record)
    }

    pub(super) fn open(&self, record: &Record<'_>) -> Option<Vec<u8>> {
        let mut body = Reader(record.body);
        let explicit_nonce = body.array::<EXPLICIT>()?;
        let mut text = body.0.to_vec();
        let len = text.len().checked_sub(TAG)?;
        let aad = aad(record.kind, explicit(record.epoch, record.sequence), len);
        self.key.open_in_place(self.nonce(explicit_nonce), Aad::from(aad), &mut text).ok()?;
        text.truncate(len);
        Some(text)
    }

    fn nonce(&self, explicit: [u8; EXPLICIT]) -> Nonce {
        let mut nonce = [0; 12];
        let octets = self.salt.iter().chain(&explicit);
        nonce.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        Nonce::assume_unique_for_key(nonce)
    }
}

fn explicit(epoch: u16, sequence: u64) -> [u8; EXPLICIT] {
    (u64::from(epoch) << 48 | sequence).to_be_bytes()
}

/// RFC 5246 section 6.2.3.3.
fn aad(kind: u8, number_of_record: [u8; EXPLICIT], len: usize) -> Vec<u8> {
    let mut aad = number_of_record.to_vec();
    aad.push(kind);
    number(&mut aad, 2, VERSION.into());
    number(&mut aad, 2, len as u64);
    aad
}
