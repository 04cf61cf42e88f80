//! ESP (RFC 4303) with a combined mode algorithm, its explicit IV the sequence number (RFC 4106, RFC 7634).

use super::aead::{Backend, Cipher, ICV_LEN, NONCE_LEN};
use super::packet_buffer::PacketBuffer;
use super::sa::Sequence;
use super::{DropReason, EspKey, KeyError, ReplayWindow, SealError};
use crate::policy::Suite;
use crate::vocab::Spi;

/// ESP's protocol number, for the header before it.
pub(super) const NEXT_HEADER: u8 = 50;
/// SPI, sequence number, IV.
const HEADER_LEN: usize = 16;
/// SPI and sequence number are authenticated, not encrypted; the IV is in the nonce.
const AAD_LEN: usize = 8;
/// The next header of a dummy packet (RFC 4303 section 2.6).
const DUMMY: u8 = 59;
/// Ciphertext ends on a multiple of so many octets (RFC 4303 section 2.4).
const ALIGNMENT: usize = 4;
/// What padding counts up to at most, 1, 2, 3 and so on (RFC 4303 section 2.4).
const PADDING: [u8; 255] = {
    let mut padding = [0; 255];
    let mut i = 0;
    while i < 255 {
        padding[i] = i as u8 + 1;
        i += 1;
    }
    padding
};

/// An outbound SA.
pub(super) struct EspOut {
    spi: Spi,
    cipher: Cipher,
    salt: [u8; Suite::SALT_LEN],
    pub(super) sequence: Sequence,
}

impl EspOut {
    pub(super) fn new(key: &EspKey, backend: Backend) -> Result<Self, KeyError> {
        let cipher = Cipher::new(backend, key.suite, &key.key)?;
        Ok(Self { spi: key.spi, cipher, salt: key.salt, sequence: Sequence::new() })
    }

    /// Makes the packet in the buffer, of the protocol `next_header`, the payload of an ESP packet, behind it `tfc` octets of
    /// traffic flow confidentiality padding (RFC 4303 section 2.7). What is padded has to say its own length.
    #[inline]
    pub(super) fn seal(&mut self, buffer: &mut PacketBuffer, next_header: u8, tfc: usize) -> Result<(), SealError> {
        let sequence = self.sequence.advance().ok_or(SealError::Exhausted)?;
        if tfc > 0 {
            buffer.push_back(tfc).ok_or(SealError::TooLong)?.fill(0);
        }
        push_trailer(buffer, next_header).ok_or(SealError::TooLong)?;
        let len = buffer.len();
        let header = buffer.push_front::<HEADER_LEN>().ok_or(SealError::TooLong)?;
        header[..4].copy_from_slice(&self.spi.to_be_bytes());
        header[4..8].copy_from_slice(&sequence.to_be_bytes());
        header[8..].copy_from_slice(&u64::from(sequence).to_be_bytes());
        let nonce = nonce(self.salt, &header[8..]);
        buffer.push_back(ICV_LEN).ok_or(SealError::TooLong)?;
        let (header, rest) = buffer.octets_mut().split_at_mut(HEADER_LEN);
        let (text, icv) = rest.split_at_mut(len);
        icv.copy_from_slice(&self.cipher.seal(nonce, &header[..AAD_LEN], text).ok_or(SealError::TooLong)?);
        Ok(())
    }
}

fn push_trailer(buffer: &mut PacketBuffer, next_header: u8) -> Option<()> {
    let pad = (buffer.len() + 2).wrapping_neg() % ALIGNMENT;
    let trailer = buffer.push_back(pad + 2)?;
    trailer[..pad].copy_from_slice(&PADDING[..pad]);
    trailer[pad] = pad as u8;
    trailer[pad + 1] = next_header;
    Some(())
}

/// An inbound SA.
pub(super) struct EspIn {
    pub(super) spi: Spi,
    cipher: Cipher,
    salt: [u8; Suite::SALT_LEN],
    window: ReplayWindow,
}

/// An authenticated payload, and whether no packet before it had a higher number.
pub(super) struct Unwrapped<'a> {
    pub(super) next_header: u8,
    pub(super) payload: &'a mut [u8],
    pub(super) newest: bool,
}

impl EspIn {
    pub(super) fn new(key: &EspKey, backend: Backend) -> Result<Self, KeyError> {
        let cipher = Cipher::new(backend, key.suite, &key.key)?;
        Ok(Self { spi: key.spi, cipher, salt: key.salt, window: ReplayWindow::new() })
    }

    /// Opens a packet whose SPI is ours: cheap check, authenticate, mark.
    #[inline]
    pub(super) fn open<'a>(&mut self, packet: &'a mut [u8]) -> Result<Unwrapped<'a>, DropReason> {
        let (header, rest) = packet.split_first_chunk_mut::<HEADER_LEN>().ok_or(DropReason::Malformed)?;
        let text_len = rest.len().checked_sub(ICV_LEN).ok_or(DropReason::Malformed)?;
        if text_len == 0 || text_len % ALIGNMENT != 0 {
            return Err(DropReason::Malformed);
        }
        let [_, _, _, _, s0, s1, s2, s3, ..] = *header;
        let sequence = u32::from_be_bytes([s0, s1, s2, s3]);
        if !self.window.check(sequence) {
            return Err(DropReason::Replay);
        }
        let nonce = nonce(self.salt, &header[8..]);
        let text = self.cipher.open(nonce, &header[..AAD_LEN], rest).ok_or(DropReason::BadIcv)?;
        let newest = self.window.mark(sequence);
        let (next_header, payload) = strip_trailer(text)?;
        Ok(Unwrapped { next_header, payload, newest })
    }
}

#[inline]
fn strip_trailer(text: &mut [u8]) -> Result<(u8, &mut [u8]), DropReason> {
    let (text, &mut [pad, next_header]) = text.split_last_chunk_mut::<2>().ok_or(DropReason::Malformed)?;
    if next_header == DUMMY {
        return Err(DropReason::Dummy);
    }
    let pad = usize::from(pad);
    let payload_len = text.len().checked_sub(pad).ok_or(DropReason::Padding)?;
    let (payload, padding) = text.split_at_mut(payload_len);
    if *padding != PADDING[..pad] {
        return Err(DropReason::Padding);
    }
    Ok((next_header, payload))
}

/// Salt, then the IV as it stands in the packet (RFC 4106 section 4, RFC 7634 section 2).
fn nonce(salt: [u8; Suite::SALT_LEN], iv: &[u8]) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..Suite::SALT_LEN].copy_from_slice(&salt);
    nonce[Suite::SALT_LEN..].copy_from_slice(iv);
    nonce
}
