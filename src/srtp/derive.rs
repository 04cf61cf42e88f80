use std::fmt;

use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext, UnboundCipherKey, AES_128, AES_256};
use zeroize::{Zeroize, Zeroizing};

use super::CryptoSuite;

/// Longest master key and salt together, in octets.
const MAX_LEN: usize = 32 + 14;

/// A master key and its salt (RFC 3711 section 3.2.1): what one side seals with.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: CryptoSuite,
    octets: Zeroizing<[u8; MAX_LEN]>,
}

/// What a session key is for (RFC 3711 section 4.3.2).
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Label {
    RtpCipher = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpCipher = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

impl MasterKey {
    /// `octets` are key and salt, one after the other; `None` when there are more or fewer of them than the suite has.
    pub fn new(suite: CryptoSuite, octets: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; MAX_LEN]);
        if octets.len() != Self::len_of(suite) {
            return None;
        }
        key.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Self { suite, octets: key })
    }

    /// Octets of key and salt together.
    pub fn len_of(suite: CryptoSuite) -> usize {
        suite.key_len() + suite.salt_len()
    }

    pub fn suite(&self) -> CryptoSuite {
        self.suite
    }

    /// Key and salt, one after the other.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..Self::len_of(self.suite)).unwrap_or_default()
    }

    /// Fills `out` with the session key of this label (RFC 3711 section 4.3.3: AES in counter mode), of a key derivation rate of zero.
    /// The salt of AES-GCM has zeros for its last two octets (RFC 7714 section 11).
    pub(super) fn derive(&self, label: Label, out: &mut [u8]) -> Option<()> {
        let (key, salt) = self.octets().split_at_checked(self.suite.key_len())?;
        let mut block = [0; 16];
        block.get_mut(..salt.len())?.copy_from_slice(salt);
        block[7] ^= label as u8;
        out.fill(0);
        counter_mode(key)?.less_safe_encrypt(out, EncryptionContext::Iv128(block.into())).ok()?;
        block.zeroize();
        Some(())
    }
}

/// AES in counter mode under this key, of 16 or 32 octets.
pub(super) fn counter_mode(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// Never the key.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite)
    }
}
