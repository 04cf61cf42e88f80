//! From the handshake to the keys of each security association (PROTOCOL section 7; HKDF is RFC 5869).

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::noise::Split;
use crate::policy::{Protocol, Suite};
use crate::vocab::Spi;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Initiator,
    Responder,
}

/// Which way an SA's packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToResponder,
    ToInitiator,
}

/// One security association: its SPI, and what it is keyed with. Zeroized on drop.
pub(super) struct Sa {
    pub(super) way: Way,
    pub(super) algorithm: Algorithm,
    pub(super) spi: Spi,
    pub(super) key: Zeroizing<Vec<u8>>,
    /// Zero for AH, which has none.
    pub(super) salt: Zeroizing<[u8; Suite::SALT_LEN]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Esp(Suite),
    /// HMAC-SHA2-256-128 (RFC 4868).
    Ah,
}

/// No key encapsulation; ML-KEM-768 will be 1.
const KEM_NONE: u8 = 0;

const LABEL: &[u8] = b"sottovoce-sa-1";

/// The key material that all SAs of one agreement are expanded from.
pub(super) struct Schedule(Hkdf<Sha256>);

impl Schedule {
    pub(super) fn new(split: &Split) -> Self {
        let mut secret = Zeroizing::new([0; 64]);
        let (i2r, r2i) = secret.split_at_mut(32);
        i2r.copy_from_slice(&*split.k_i2r);
        r2i.copy_from_slice(&*split.k_r2i);
        Self(Hkdf::new(Some(&split.hash.0), &*secret))
    }

    pub(super) fn sa(&self, way: Way, algorithm: Algorithm, spi: Spi) -> Sa {
        let mut okm = Zeroizing::new([0; 32 + Suite::SALT_LEN]);
        let (key_len, salt_len) = algorithm.lengths();
        let okm = &mut okm[..key_len + salt_len];
        self.0.expand(&info(way, algorithm, spi), okm).expect("HKDF gives up to 8,160 octets");
        let (key, rest) = okm.split_at(key_len);
        let mut salt = Zeroizing::new([0; Suite::SALT_LEN]);
        salt[..salt_len].copy_from_slice(rest);
        Sa { way, algorithm, spi, key: Zeroizing::new(key.to_vec()), salt }
    }
}

impl Algorithm {
    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Ah => Protocol::Ah,
            Self::Esp(_) => Protocol::Esp,
        }
    }

    /// The IP protocol number.
    fn protocol_number(self) -> u8 {
        match self {
            Self::Ah => 51,
            Self::Esp(_) => 50,
        }
    }

    /// For AH made like the numbers of the suites: 32 octets of key, IKEv2 transform 12 (RFC 4868 section 4).
    fn number(self) -> u16 {
        match self {
            Self::Ah => 0x200c,
            Self::Esp(suite) => suite.number(),
        }
    }

    /// Octets of key and of salt.
    fn lengths(self) -> (usize, usize) {
        match self {
            Self::Ah => (32, 0),
            Self::Esp(suite) => (suite.key_len(), Suite::SALT_LEN),
        }
    }
}

fn info(way: Way, algorithm: Algorithm, spi: Spi) -> Vec<u8> {
    let direction = match way {
        Way::ToResponder => 0,
        Way::ToInitiator => 1,
    };
    let mut info = LABEL.to_vec();
    info.extend_from_slice(&[KEM_NONE, direction, algorithm.protocol_number()]);
    info.extend_from_slice(&algorithm.number().to_be_bytes());
    info.extend_from_slice(&spi.to_be_bytes());
    info
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Digest;

    /// RFC 5869 appendix A.1, through the same crate and hash.
    #[test]
    fn hkdf_known_answer() {
        let salt = hex::decode("000102030405060708090a0b0c").unwrap();
        let hkdf = Hkdf::<Sha256>::new(Some(&salt), &[0x0b; 22]);
        let mut okm = [0; 42];
        hkdf.expand(&hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap(), &mut okm).unwrap();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(hex::encode(okm), expected);
    }

    #[test]
    fn every_field_of_the_label_changes_the_key() {
        let split = |k| Split { hash: Digest([1; 32]), k_i2r: [k; 32].into(), k_r2i: [3; 32].into() };
        let spi = Spi::from_random(1);
        let schedule = Schedule::new(&split(2));
        let gcm = Algorithm::Esp(Suite::Aes256Gcm);
        let base = schedule.sa(Way::ToResponder, gcm, spi).key;
        assert_eq!(base.len(), 32);
        for other in [
            schedule.sa(Way::ToInitiator, gcm, spi),
            schedule.sa(Way::ToResponder, Algorithm::Ah, spi),
            schedule.sa(Way::ToResponder, Algorithm::Esp(Suite::Chacha20Poly1305), spi),
            schedule.sa(Way::ToResponder, gcm, Spi::from_random(2)),
            Schedule::new(&split(9)).sa(Way::ToResponder, gcm, spi),
        ] {
            assert_ne!(base, other.key);
        }
    }

    #[test]
    fn the_label_is_written_as_the_protocol_says() {
        let octets = info(Way::ToInitiator, Algorithm::Esp(Suite::Aes128Gcm), Spi::from_random(7));
        assert_eq!(octets, b"sottovoce-sa-1\x00\x01\x32\x10\x14\xc0\x00\x00\x07");
    }
}
