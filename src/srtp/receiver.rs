use super::cipher::{Cipher, Which};
use super::index::Window;
use super::packet::{is_rtcp, rtcp_ssrc, RtpShape, RTCP_HEADER};
use super::sender::E_BIT;
use super::{CryptoSuite, MasterKey};

/// What opens the packets that the peer seals.
pub struct Receiver {
    suite: CryptoSuite,
    rtp: Cipher,
    rtcp: Cipher,
    sources: Sources,
}

/// A packet that authenticated and was not there before.
#[derive(Debug)]
pub struct Opened<'a> {
    pub packet: &'a mut [u8],
    /// No RTP packet of its source before it had a higher number. Never of RTCP.
    pub newest: bool,
}

/// Why a packet is not opened. Nothing of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("the tag does not fit: another key, or altered on the way")]
    BadTag,
    #[error("the E bit is not set: it is not encrypted")]
    Clear,
    #[error("it is no SRTP or SRTCP packet")]
    Malformed,
    #[error("it came before, or is too old")]
    Replay,
    #[error("more sources than one call has")]
    Sources,
}

/// Sources with a window each. A telephone changes its source when it transfers or takes up a call, and an exchange at each hold.
const RECENT: usize = 8;
/// Sources before those.
const BEFORE: usize = 248;

/// Forgetting one would let its packets be replayed, so none is. Of those that were not heard for the longest time the highest numbers alone are
/// kept: what they send later is opened, and what came before does not count again.
struct Sources {
    /// Heard last first.
    recent: [Option<Source>; RECENT],
    /// There is room from the beginning: nothing on the way of a packet asks for memory.
    before: Vec<Before>,
}

#[derive(Clone, Copy)]
struct Source {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
}

struct Before {
    ssrc: u32,
    rtp: Option<u64>,
    rtcp: Option<u64>,
}

impl Receiver {
    /// `None`: the key cannot be used.
    pub fn new(master: &MasterKey) -> Option<Self> {
        let sources = Sources::default();
        Some(Self { suite: master.suite(), rtp: Cipher::rtp(master)?, rtcp: Cipher::rtcp(master)?, sources })
    }

    pub fn suite(&self) -> CryptoSuite {
        self.suite
    }

    #[cfg(test)]
    pub(super) fn of_session(key: &[u8], salt: &[u8]) -> Self {
        let [rtp, rtcp] = std::array::from_fn(|_| Cipher::of_session(key, salt));
        Self { suite: CryptoSuite::AeadAes128Gcm, rtp, rtcp, sources: Sources::default() }
    }

    /// Opens a packet in place. What is not authentic leaves no trace here.
    #[inline]
    pub fn open<'a>(&mut self, packet: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        match is_rtcp(packet) {
            true => self.open_rtcp(packet),
            false => self.open_rtp(packet),
        }
    }

    fn open_rtp<'a>(&mut self, packet: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        let len = packet.len().checked_sub(self.rtp.tag_len).ok_or(OpenError::Malformed)?;
        let shape = packet.get(..len).and_then(RtpShape::read).ok_or(OpenError::Malformed)?;
        let source = self.sources.find(shape.ssrc)?;
        let mut window = source.as_ref().map_or_else(Window::default, |source| source.rtp);
        let index = window.estimate(shape.sequence).ok_or(OpenError::Replay)?;
        if !window.is_fresh(index) {
            return Err(OpenError::Replay);
        }
        let (text, tag) = packet.split_at_mut(len);
        let roc = ((index >> 16) as u32).to_be_bytes();
        if !self.rtp.is_aead() && !self.rtp.is_authentic(text, &roc, tag) {
            return Err(OpenError::BadTag);
        }
        let (header, payload) = text.split_at_mut(shape.header);
        self.rtp.open(Which { ssrc: shape.ssrc, index }, header, payload, tag).ok_or(OpenError::BadTag)?;
        let newest = window.mark(index);
        self.sources.entry(shape.ssrc).rtp = window;
        Ok(Opened { packet: text, newest })
    }

    fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        let tag_len = self.rtcp.tag_len;
        let len = packet.len().checked_sub(4 + tag_len).ok_or(OpenError::Malformed)?;
        let ssrc = packet.get(..len).and_then(rtcp_ssrc).ok_or(OpenError::Malformed)?;
        let (text, rest) = packet.split_at_mut(len);
        let is_aead = self.rtcp.is_aead();
        let (first, second) = rest.split_at(if is_aead { tag_len } else { 4 });
        let (tag, word) = if is_aead { (first, second) } else { (second, first) };
        let word: [u8; 4] = word.try_into().map_err(|_| OpenError::Malformed)?;
        let number = u32::from_be_bytes(word);
        if number & E_BIT == 0 {
            return Err(OpenError::Clear);
        }
        let index = u64::from(number & !E_BIT);
        let source = self.sources.find(ssrc)?;
        let mut window = source.as_ref().map_or_else(Window::default, |source| source.rtcp);
        if !window.is_fresh(index) {
            return Err(OpenError::Replay);
        }
        if !is_aead && !self.rtcp.is_authentic(text, &word, tag) {
            return Err(OpenError::BadTag);
        }
        let (header, payload) = text.split_at_mut(RTCP_HEADER);
        let mut aad = [0; RTCP_HEADER + 4];
        aad[..RTCP_HEADER].copy_from_slice(header);
        aad[RTCP_HEADER..].copy_from_slice(&word);
        self.rtcp.open(Which { ssrc, index }, &aad, payload, tag).ok_or(OpenError::BadTag)?;
        window.mark(index);
        self.sources.entry(ssrc).rtcp = window;
        Ok(Opened { packet: text, newest: false })
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self { recent: [None; RECENT], before: Vec::with_capacity(BEFORE) }
    }
}

impl Sources {
    /// `Ok(None)`: it is new, and there is a place for it.
    fn find(&self, ssrc: u32) -> Result<Option<Source>, OpenError> {
        let recent = self.recent.iter().flatten().find(|source| source.ssrc == ssrc).copied();
        let known = recent.or_else(|| self.before.iter().find(|before| before.ssrc == ssrc).map(Source::from));
        let has_room = self.before.len() < BEFORE || self.recent.iter().any(Option::is_none);
        match known.is_some() || has_room {
            true => Ok(known),
            false => Err(OpenError::Sources),
        }
    }

    /// The first of all, from now on.
    fn entry(&mut self, ssrc: u32) -> &mut Source {
        let is_place = |place: &Option<Source>| place.is_none_or(|source| source.ssrc == ssrc);
        let place = self.recent.iter().position(is_place).unwrap_or(RECENT - 1);
        let found = self.recent.get(place).copied().flatten().filter(|source| source.ssrc == ssrc);
        let source = found.unwrap_or_else(|| self.take_back(ssrc, place));
        if let Some(moved) = self.recent.get_mut(..=place) {
            moved.rotate_right(1);
        }
        let [first, ..] = &mut self.recent;
        first.insert(source)
    }

    /// One that is not among the recent ones comes to this place, and who is there goes.
    fn take_back(&mut self, ssrc: u32, place: usize) -> Source {
        let known = self.before.iter().position(|before| before.ssrc == ssrc);
        let known = known.map(|at| Source::from(&self.before.swap_remove(at)));
        let gone = self.recent.get_mut(place).and_then(Option::take);
        self.before.extend(gone.map(|Source { ssrc, rtp, rtcp }| Before {
            ssrc,
            rtp: rtp.highest(),
            rtcp: rtcp.highest(),
        }));
        known.unwrap_or(Source { ssrc, rtp: Window::default(), rtcp: Window::default() })
    }
}

impl From<&Before> for Source {
    fn from(before: &Before) -> Self {
        Self { ssrc: before.ssrc, rtp: Window::closed(before.rtp), rtcp: Window::closed(before.rtcp) }
    }
}
