//! AH after RFC 4302 with HMAC-SHA2-256-128 (RFC 4868), inside UDP (ours: PROTOCOL section 8).
//!
//! The ICV covers, in this order: source address 16, destination address 16 (IPv4 mapped), source port 2, destination
//! port 2, as the sender used them; the copy of the SPI 4; the AH header with the ICV zero, 28; the payload.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;

use super::esp::Unwrapped;
use super::packet_buffer::PacketBuffer;
use super::sa::Sequence;
use super::{AhKey, DropReason, Path, ReplayWindow, SealError};
use crate::vocab::Spi;

const SPI_COPY_LEN: usize = 4;
const ICV_LEN: usize = 16;
/// The copy of the SPI, the AH header without its ICV.
const COVERED_LEN: usize = SPI_COPY_LEN + 12;
const HEADER_LEN: usize = COVERED_LEN + ICV_LEN;
/// The AH header in words of 4 octets, less 2 (RFC 4302 section 2.2).
const LENGTH_FIELD: u8 = 5;

/// An outbound SA.
pub(super) struct AhOut {
    spi: Spi,
    key: hmac::Key,
    pub(super) sequence: Sequence,
}

impl AhOut {
    pub(super) fn new(key: &AhKey) -> Self {
        Self { spi: key.spi, key: hmac_key(key), sequence: Sequence::new() }
    }

    /// Puts AH before the packet in the buffer, which is of the protocol `next_header`.
    pub(super) fn seal(&mut self, buffer: &mut PacketBuffer, next_header: u8, path: &Path) -> Result<(), SealError> {
        let sequence = self.sequence.advance().ok_or(SealError::Exhausted)?;
        let header = buffer.push_front::<HEADER_LEN>().ok_or(SealError::TooLong)?;
        header[..4].copy_from_slice(&self.spi.to_be_bytes());
        header[4..8].copy_from_slice(&[next_header, LENGTH_FIELD, 0, 0]);
        header[8..12].copy_from_slice(&self.spi.to_be_bytes());
        header[12..16].copy_from_slice(&sequence.to_be_bytes());
        let (header, payload) = buffer.octets_mut().split_at_mut(HEADER_LEN);
        let (covered, icv) = header.split_at_mut(COVERED_LEN);
        icv.copy_from_slice(&compute(&self.key, path, covered, payload));
        Ok(())
    }
}

/// An inbound SA.
pub(super) struct AhIn {
    pub(super) spi: Spi,
    key: hmac::Key,
    window: ReplayWindow,
}

impl AhIn {
    pub(super) fn new(key: &AhKey) -> Self {
        Self { spi: key.spi, key: hmac_key(key), window: ReplayWindow::new() }
    }

    /// Opens a packet whose SPI is ours, and that came by `path`: cheap check, authenticate, mark.
    pub(super) fn open<'a>(&mut self, packet: &'a mut [u8], path: &Path) -> Result<Unwrapped<'a>, DropReason> {
        let (header, payload) = packet.split_first_chunk_mut::<HEADER_LEN>().ok_or(DropReason::Malformed)?;
        let (covered, icv) = header.split_at_mut(COVERED_LEN);
        let Some(&[c0, c1, c2, c3, next_header, length, _, _, h0, h1, h2, h3, s0, s1, s2, s3]) = covered.first_chunk()
        else {
            return Err(DropReason::Malformed);
        };
        if length != LENGTH_FIELD || [c0, c1, c2, c3] != [h0, h1, h2, h3] || payload.is_empty() {
            return Err(DropReason::Malformed);
        }
        let sequence = u32::from_be_bytes([s0, s1, s2, s3]);
        if !self.window.check(sequence) {
            return Err(DropReason::Replay);
        }
        if !bool::from(compute(&self.key, path, covered, payload)[..].ct_eq(icv)) {
            return Err(DropReason::BadIcv);
        }
        let newest = self.window.mark(sequence);
        Ok(Unwrapped { next_header, payload, newest })
    }
}

fn hmac_key(key: &AhKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &key.key[..])
}

fn compute(key: &hmac::Key, path: &Path, covered: &[u8], payload: &[u8]) -> [u8; ICV_LEN] {
    let mut context = hmac::Context::with_key(key);
    context.update(&path.to_octets());
    context.update(covered);
    context.update(&[0; ICV_LEN]);
    context.update(payload);
    let tag = context.sign();
    let mut icv = [0; ICV_LEN];
    icv.copy_from_slice(&tag.as_ref()[..ICV_LEN]);
    icv
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4868 section 2.7.2.1, test case AUTH256-2, and RFC 4231 section 4.3, test case 2: the HMAC under the ICV.
    #[test]
    fn hmac_sha_256_known_answers() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"JefeJefeJefeJefeJefeJefeJefeJefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(hex::encode(&tag.as_ref()[..16]), "167f928588c5cc2eef8e3093caa0e87c");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(hex::encode(tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
