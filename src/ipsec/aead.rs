use aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey, AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305};
use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

use super::KeyError;
use crate::policy::Suite;

/// Whose code seals and opens. Chosen when the SA is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// aws-lc-rs: C and assembler, every suite, the packet path.
    #[default]
    AwsLc,
    /// The crate chacha20poly1305: Rust alone, ChaCha20-Poly1305 alone, about three to eight times slower.
    Portable,
}

/// An AEAD with its key. The nonce is the caller's, and never the same twice under one key.
// Both live as long as a call and there are two of them: a box would cost the packet path more than their size does.
#[allow(clippy::large_enum_variant)]
pub(super) enum Cipher {
    AwsLc(LessSafeKey),
    Portable(ChaCha20Poly1305),
}

pub(super) const NONCE_LEN: usize = 12;
pub(super) const ICV_LEN: usize = Suite::ICV_LEN;

impl Cipher {
    pub(super) fn new(backend: Backend, suite: Suite, key: &[u8]) -> Result<Self, KeyError> {
        let length = KeyError::Length { suite, len: key.len() };
        match (backend, suite) {
            (Backend::AwsLc, _) => {
                let key = UnboundKey::new(algorithm(suite), key).map_err(|_| length)?;
                Ok(Self::AwsLc(LessSafeKey::new(key)))
            }
            (Backend::Portable, Suite::Chacha20Poly1305) => {
                ChaCha20Poly1305::new_from_slice(key).map(Self::Portable).map_err(|_| length)
            }
            (Backend::Portable, suite) => Err(KeyError::NoBackend(suite)),
        }
    }

    /// Encrypts `text` in place and gives its ICV; `None` when the text is too long for the algorithm.
    #[inline]
    pub(super) fn seal(&self, nonce: [u8; NONCE_LEN], aad: &[u8], text: &mut [u8]) -> Option<[u8; ICV_LEN]> {
        match self {
            Self::AwsLc(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), text).ok()?;
                tag.as_ref().try_into().ok()
            }
            Self::Portable(key) => Some(key.encrypt_in_place_detached(&nonce.into(), aad, text).ok()?.into()),
        }
    }

    /// Checks the ICV that stands behind the ciphertext and decrypts in place; `None` when it does not fit.
    #[inline]
    pub(super) fn open<'a>(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        text_and_icv: &'a mut [u8],
    ) -> Option<&'a mut [u8]> {
        match self {
            Self::AwsLc(key) => {
                key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), text_and_icv).ok()
            }
            Self::Portable(key) => {
                let (text, icv) = text_and_icv.split_last_chunk_mut::<ICV_LEN>()?;
                key.decrypt_in_place_detached(&nonce.into(), aad, text, &(*icv).into()).ok()?;
                Some(text)
            }
        }
    }
}

fn algorithm(suite: Suite) -> &'static Algorithm {
    match suite {
        Suite::Aes128Gcm => &AES_128_GCM,
        Suite::Aes256Gcm => &AES_256_GCM,
        Suite::Chacha20Poly1305 => &CHACHA20_POLY1305,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_backends_make_and_open_the_same_octets() {
        let (key, nonce, aad) = ([7; 32], [9; 12], [1, 2, 3, 4, 5, 6, 7, 8]);
        let make = |backend| Cipher::new(backend, Suite::Chacha20Poly1305, &key).unwrap();
        let (fast, portable) = (make(Backend::AwsLc), make(Backend::Portable));
        for len in 0..300 {
            let plain: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let (mut a, mut b) = (plain.clone(), plain.clone());
            let icv = fast.seal(nonce, &aad, &mut a).unwrap();
            assert_eq!(Some(icv), portable.seal(nonce, &aad, &mut b));
            assert_eq!(a, b);
            a.extend(icv);
            b.extend(icv);
            assert_eq!(portable.open(nonce, &aad, &mut a).unwrap(), plain);
            assert_eq!(fast.open(nonce, &aad, &mut b).unwrap(), plain);
        }
    }

    #[test]
    fn keys_of_the_wrong_length_and_missing_algorithms_are_refused() {
        for suite in Suite::ALL {
            for backend in [Backend::AwsLc, Backend::Portable] {
                assert!(Cipher::new(backend, suite, &[0; 15]).is_err());
                assert!(Cipher::new(backend, suite, &[]).is_err());
            }
        }
        let missing = Cipher::new(Backend::Portable, Suite::Aes128Gcm, &[0; 16]).err();
        assert_eq!(missing, Some(KeyError::NoBackend(Suite::Aes128Gcm)));
    }
}
