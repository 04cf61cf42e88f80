use super::cipher::{Cipher, Which};
use super::index::Window;
use super::packet::{is_rtcp, rtcp_ssrc, RtpShape, RTCP_HEADER};
use super::{CryptoSuite, MasterKey};

/// What seals the packets of one direction. It has one source (RFC 3711 section 9.1: no two under one master key, unless they differ).
pub struct Sender {
    suite: CryptoSuite,
    rtp: Cipher,
    rtcp: Cipher,
    sent: Window,
    next_rtcp: u64,
    ssrc: Option<u32>,
}

/// Why a packet cannot be sealed. It must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the numbers of the key are used up, or this one was")]
    Exhausted,
    #[error("it is no RTP or RTCP packet of the source that the key is for")]
    Malformed,
    #[error("there is no room for the tag")]
    TooLong,
}

impl Sender {
    /// `None`: the key cannot be used.
    pub fn new(master: &MasterKey) -> Option<Self> {
        Some(Self {
            suite: master.suite(),
            rtp: Cipher::rtp(master)?,
            rtcp: Cipher::rtcp(master)?,
            sent: Window::default(),
            next_rtcp: 0,
            ssrc: None,
        })
    }

    pub fn suite(&self) -> CryptoSuite {
        self.suite
    }

    /// Seals the first `len` octets of `packet` in place, and gives the length that they have then: at most
    /// [`OVERHEAD`](super::OVERHEAD) more.
    #[inline]
    pub fn seal(&mut self, packet: &mut [u8], len: usize) -> Result<usize, SealError> {
        match is_rtcp(packet) {
            true => self.seal_rtcp(packet, len),
            false => self.seal_rtp(packet, len),
        }
    }

    fn seal_rtp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, SealError> {
        let shape = packet.get(..len).and_then(RtpShape::read).ok_or(SealError::Malformed)?;
        self.bind(shape.ssrc)?;
        let index = self.sent.estimate(shape.sequence).ok_or(SealError::Exhausted)?;
        // Never the same counter block twice.
        if self.sent.highest().is_some_and(|highest| index <= highest) {
            return Err(SealError::Exhausted);
        }
        let whole = packet.get_mut(..len + self.rtp.tag_len).ok_or(SealError::TooLong)?;
        let (text, tag) = whole.split_at_mut(len);
        let (header, payload) = text.split_at_mut(shape.header);
        self.sent.mark(index);
        let which = Which { ssrc: shape.ssrc, index };
        self.rtp.seal(which, header, payload, tag).ok_or(SealError::TooLong)?;
        if !self.rtp.is_aead() {
            let roc = ((index >> 16) as u32).to_be_bytes();
            self.rtp.authenticate(text, &roc, tag).ok_or(SealError::TooLong)?;
        }
        Ok(len + self.rtp.tag_len)
    }

    fn seal_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, SealError> {
        let ssrc = packet.get(..len).and_then(rtcp_ssrc).ok_or(SealError::Malformed)?;
        self.bind(ssrc)?;
        let index = self.next_rtcp;
        // RFC 3711 section 9.2: 2^31 packets.
        if index >> 31 != 0 {
            return Err(SealError::Exhausted);
        }
        let tag_len = self.rtcp.tag_len;
        let whole = packet.get_mut(..len + 4 + tag_len).ok_or(SealError::TooLong)?;
        self.next_rtcp += 1;
        let word = (index as u32 | E_BIT).to_be_bytes();
        let which = Which { ssrc, index };
        let (text, rest) = whole.split_at_mut(len);
        let (header, payload) = text.split_at_mut(RTCP_HEADER);
        if self.rtcp.is_aead() {
            let mut aad = [0; RTCP_HEADER + 4];
            aad[..RTCP_HEADER].copy_from_slice(header);
            aad[RTCP_HEADER..].copy_from_slice(&word);
            let (tag, last) = rest.split_at_mut(tag_len);
            self.rtcp.seal(which, &aad, payload, tag).ok_or(SealError::TooLong)?;
            last.copy_from_slice(&word);
        } else {
            let (middle, tag) = rest.split_at_mut(4);
            self.rtcp.seal(which, header, payload, tag).ok_or(SealError::TooLong)?;
            middle.copy_from_slice(&word);
            self.rtcp.authenticate(text, &word, tag).ok_or(SealError::TooLong)?;
        }
        Ok(len + 4 + tag_len)
    }

    fn bind(&mut self, ssrc: u32) -> Result<(), SealError> {
        match *self.ssrc.get_or_insert(ssrc) == ssrc {
            true => Ok(()),
            false => Err(SealError::Malformed),
        }
    }

    #[cfg(test)]
    pub(super) fn of_session(key: &[u8], salt: &[u8]) -> Self {
        let [rtp, rtcp] = std::array::from_fn(|_| Cipher::of_session(key, salt));
        Self { suite: CryptoSuite::AeadAes128Gcm, rtp, rtcp, sent: Window::default(), next_rtcp: 0, ssrc: None }
    }

    #[cfg(test)]
    pub(super) fn skip_rtcp_to(&mut self, index: u64) {
        self.next_rtcp = index;
    }
}

/// An SRTCP packet is encrypted (RFC 3711 section 3.4).
pub(super) const E_BIT: u32 = 1 << 31;
