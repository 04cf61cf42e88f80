use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_128_GCM, AES_256_GCM};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{counter_mode, Label};
use super::MasterKey;

/// The session keys for the packets of one direction, RTP or RTCP.
pub(super) struct Cipher {
    key: Key,
    salt: Zeroizing<[u8; 14]>,
    pub(super) tag_len: usize,
}

// Four of them live as long as a call does.
#[allow(clippy::large_enum_variant)]
enum Key {
    Counter { cipher: EncryptingKey, authentication: hmac::Key },
    Gcm(LessSafeKey),
}

impl Key {
    fn gcm(key: &[u8]) -> Option<Self> {
        let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
        Some(Self::Gcm(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?)))
    }
}

/// Which packet it is: a source and a number of it, never the same twice under one key.
#[derive(Clone, Copy)]
pub(super) struct Which {
    pub(super) ssrc: u32,
    /// 48 bits of SRTP, 31 of SRTCP.
    pub(super) index: u64,
}

impl Cipher {
    pub(super) fn rtp(master: &MasterKey) -> Option<Self> {
        let labels = (Label::RtpCipher, Label::RtpAuthentication, Label::RtpSalt);
        Self::new(master, labels, master.suite().rtp_tag_len())
    }

    pub(super) fn rtcp(master: &MasterKey) -> Option<Self> {
        let labels = (Label::RtcpCipher, Label::RtcpAuthentication, Label::RtcpSalt);
        Self::new(master, labels, master.suite().rtcp_tag_len())
    }

    fn new(master: &MasterKey, labels: (Label, Label, Label), tag_len: usize) -> Option<Self> {
        let suite = master.suite();
        let mut key = Zeroizing::new([0; 32]);
        let key = key.get_mut(..suite.key_len())?;
        master.derive(labels.0, key)?;
        let mut salt = Zeroizing::new([0; 14]);
        master.derive(labels.2, salt.get_mut(..suite.salt_len())?)?;
        if suite.is_aead() {
            return Some(Self { key: Key::gcm(key)?, salt, tag_len });
        }
        let mut authentication = Zeroizing::new([0; 20]);
        master.derive(labels.1, authentication.as_mut())?;
        let authentication = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication.as_ref());
        Some(Self { key: Key::Counter { cipher: counter_mode(key)?, authentication }, salt, tag_len })
    }

    /// What the tests of RFC 7714 have: session keys, for AES-GCM.
    #[cfg(test)]
    pub(super) fn of_session(key: &[u8], salt: &[u8]) -> Self {
        let mut long = Zeroizing::new([0; 14]);
        long[..12].copy_from_slice(salt);
        Self { key: Key::gcm(key).unwrap(), salt: long, tag_len: 16 }
    }

    pub(super) fn is_aead(&self) -> bool {
        matches!(self.key, Key::Gcm(_))
    }

    /// Encrypts in place. The tag of AES-GCM over `aad` and the text goes into `tag`; the other one is made by
    /// [`Cipher::authenticate`], when the packet is whole.
    #[inline]
    pub(super) fn seal(&self, which: Which, aad: &[u8], text: &mut [u8], tag: &mut [u8]) -> Option<()> {
        match &self.key {
            Key::Counter { cipher, .. } => self.count(cipher, which, text),
            Key::Gcm(key) => {
                let made = key.seal_in_place_separate_tag(self.nonce(which), Aad::from(aad), text).ok()?;
                tag.copy_from_slice(made.as_ref());
                Some(())
            }
        }
    }

    /// Decrypts in place: with AES-GCM what authenticates, else what [`Cipher::is_authentic`] was asked of before.
    #[inline]
    pub(super) fn open(&self, which: Which, aad: &[u8], text: &mut [u8], tag: &[u8]) -> Option<()> {
        match &self.key {
            Key::Counter { cipher, .. } => self.count(cipher, which, text),
            Key::Gcm(key) => {
                key.open_in_place_separate_tag(self.nonce(which), Aad::from(aad), tag, text).ok().map(drop)
            }
        }
    }

    /// The tag of a packet, and of what follows it (RFC 3711 section 4.2).
    #[inline]
    pub(super) fn authenticate(&self, packet: &[u8], after: &[u8], tag: &mut [u8]) -> Option<()> {
        let Key::Counter { authentication, .. } = &self.key else { return None };
        let mut context = hmac::Context::with_key(authentication);
        context.update(packet);
        context.update(after);
        tag.copy_from_slice(context.sign().as_ref().get(..tag.len())?);
        Some(())
    }

    #[inline]
    pub(super) fn is_authentic(&self, packet: &[u8], after: &[u8], tag: &[u8]) -> bool {
        let mut expected = [0; 20];
        let Some(expected) = expected.get_mut(..self.tag_len).filter(|expected| expected.len() == tag.len()) else {
            return false;
        };
        self.authenticate(packet, after, expected).is_some() && bool::from(expected.ct_eq(tag))
    }

    /// RFC 3711 section 4.1.1.
    fn count(&self, cipher: &EncryptingKey, Which { ssrc, index }: Which, text: &mut [u8]) -> Option<()> {
        let number = (u128::from(ssrc) << 64) | (u128::from(index) << 16);
        let mut salt = [0; 16];
        salt.get_mut(..14)?.copy_from_slice(self.salt.as_ref());
        let block = (u128::from_be_bytes(salt) ^ number).to_be_bytes();
        cipher.less_safe_encrypt(text, EncryptionContext::Iv128(block.into())).ok().map(drop)
    }

    /// RFC 7714 sections 8.1 and 9.1: two zero octets, the source, and the number in 48 bits; exclusive or with the salt.
    fn nonce(&self, Which { ssrc, index }: Which) -> Nonce {
        let number = ((u128::from(ssrc) << 48) | u128::from(index)).to_be_bytes();
        let mut nonce = [0; 12];
        let pairs = number.iter().skip(4).zip(self.salt.iter());
        nonce.iter_mut().zip(pairs).for_each(|(octet, (number, salt))| *octet = number ^ salt);
        Nonce::assume_unique_for_key(nonce)
    }
}
