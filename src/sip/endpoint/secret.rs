use std::fmt::Write;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// Makes what nobody may guess: tags, branches, Call-IDs (RFC 3261 section 19.3).
pub(super) struct Secret {
    rng: ChaCha20Rng,
    key: [u8; 32],
}

impl Secret {
    pub fn new(seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        Self { rng, key }
    }

    pub fn random(&mut self) -> u32 {
        self.rng.next_u32()
    }

    pub fn tag(&mut self) -> String {
        hex(&self.rng.next_u64().to_be_bytes())
    }

    /// With the magic cookie of RFC 3261 section 8.1.1.7.
    pub fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.tag())
    }

    pub fn call_id(&mut self) -> String {
        self.tag() + &self.tag()
    }

    /// The tag of a stateless answer: the same whenever the same request comes (RFC 3261 section 8.2.7).
    pub fn tag_for(&self, parts: &[&str]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex(&hash.finalize()[..8])
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stateless_tag_is_stable_and_depends_on_every_part() {
        let secret = Secret::new([7; 32]);
        assert_eq!(secret.tag_for(&["a", "b"]), secret.tag_for(&["a", "b"]));
        assert_ne!(secret.tag_for(&["a", "b"]), secret.tag_for(&["ab", ""]));
        assert_ne!(secret.tag_for(&["a"]), Secret::new([8; 32]).tag_for(&["a"]));
    }

    #[test]
    fn tags_differ() {
        let mut secret = Secret::new([7; 32]);
        assert_ne!(secret.tag(), secret.tag());
        assert_eq!(secret.branch().len(), 7 + 16);
    }
}
