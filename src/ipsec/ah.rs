//! AH after RFC 4302 with HMAC-SHA2-256-128 (RFC 4868), inside UDP (ours: PROTOCOL section 8).
//!
//! The ICV covers, in this order: source address 16, destination address 16 (IPv4 mapped), source port 2, destination
//! port 2, as the sender used them; the copy of the SPI 4; the AH header with the ICV zero, 28; the payload.

use subtle::ConstantTimeEq;

use super::esp::Unwrapped;
use super::icv::{IcvKey, ICV_LEN};
use super::packet_buffer::PacketBuffer;
use super::sa::Sequence;
use super::{AhKey, DropReason, Path, ReplayWindow, SealError};
use crate::vocab::Spi;

const SPI_COPY_LEN: usize = 4;
/// The copy of the SPI, the AH header without its ICV.
const COVERED_LEN: usize = SPI_COPY_LEN + 12;
const HEADER_LEN: usize = COVERED_LEN + ICV_LEN;
/// The AH header in words of 4 octets, less 2 (RFC 4302 section 2.2).
const LENGTH_FIELD: u8 = 5;

/// An outbound SA.
pub(super) struct AhOut {
    spi: Spi,
    key: IcvKey,
    pub(super) sequence: Sequence,
}

impl AhOut {
    pub(super) fn new(key: &AhKey) -> Self {
        Self { spi: key.spi, key: IcvKey::new(&key.key), sequence: Sequence::new() }
    }

    /// Puts AH before the packet in the buffer, which is of the protocol `next_header`.
    pub(super) fn seal(&mut self, buffer: &mut PacketBuffer, next_header: u8, path: &Path) -> Result<(), SealError> {
        let sequence = self.sequence.advance().ok_or(SealError::Exhausted)?;
        let header = buffer.push_front::<HEADER_LEN>().ok_or(SealError::TooLong)?;
        header[..4].copy_from_slice(&self.spi.to_be_bytes());
        header[4..8].copy_from_slice(&[next_header, LENGTH_FIELD, 0, 0]);
        header[8..12].copy_from_slice(&self.spi.to_be_bytes());
        header[12..16].copy_from_slice(&sequence.to_be_bytes());
        header[COVERED_LEN..].fill(0);
        let packet = buffer.octets_mut();
        let icv = compute(&self.key, path, packet).ok_or(SealError::TooLong)?;
        packet[COVERED_LEN..HEADER_LEN].copy_from_slice(&icv);
        Ok(())
    }
}

/// An inbound SA.
pub(super) struct AhIn {
    pub(super) spi: Spi,
    key: IcvKey,
    window: ReplayWindow,
}

impl AhIn {
    pub(super) fn new(key: &AhKey) -> Self {
        Self { spi: key.spi, key: IcvKey::new(&key.key), window: ReplayWindow::new() }
    }

    /// Opens a packet whose SPI is ours, and that came by `path`: cheap check, authenticate, mark.
    pub(super) fn open<'a>(&mut self, packet: &'a mut [u8], path: &Path) -> Result<Unwrapped<'a>, DropReason> {
        let Some(&[c0, c1, c2, c3, next_header, length, _, _, h0, h1, h2, h3, s0, s1, s2, s3]) =
            packet.first_chunk().filter(|_| packet.len() > HEADER_LEN)
        else {
            return Err(DropReason::Malformed);
        };
        if length != LENGTH_FIELD || [c0, c1, c2, c3] != [h0, h1, h2, h3] {
            return Err(DropReason::Malformed);
        }
        let sequence = u32::from_be_bytes([s0, s1, s2, s3]);
        if !self.window.check(sequence) {
            return Err(DropReason::Replay);
        }
        let mut icv = [0; ICV_LEN];
        icv.swap_with_slice(&mut packet[COVERED_LEN..HEADER_LEN]);
        let right = compute(&self.key, path, packet).ok_or(DropReason::Malformed)?;
        if !bool::from(right.ct_eq(&icv)) {
            return Err(DropReason::BadIcv);
        }
        let newest = self.window.mark(sequence);
        let payload = &mut packet[HEADER_LEN..];
        Ok(Unwrapped { next_header, payload, newest })
    }
}

/// Of the packet with its ICV zero: the path, and so much of the packet that both fill a block, stand before the rest of it.
fn compute(key: &IcvKey, path: &Path, packet: &[u8]) -> Option<[u8; ICV_LEN]> {
    let path = path.to_octets();
    let mut head = [0; 64];
    let (first, second) = head.split_at_mut(path.len());
    first.copy_from_slice(&path);
    let (fills, rest) = packet.split_at_checked(second.len())?;
    second.copy_from_slice(fills);
    Some(key.compute(&head, rest))
}
