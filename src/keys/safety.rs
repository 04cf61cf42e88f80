use sha2::{Digest as _, Sha256};

use super::fields::framed;
use super::words::WORDS;
use crate::vocab::{Device, Entity, VerifyKey};

/// One side of a safety phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    pub entity: &'a Entity,
    pub device: &'a Device,
    pub signing: &'a VerifyKey,
}

/// Words of a phrase: eight bits each, 128 bits in all.
const WORD_COUNT: usize = 16;

/// The words that both users see and read to each other (PROTOCOL section 9): the same whoever is `a`.
///
/// The first 16 octets of SHA-256 over `sottovoce-safety-1` and both parties, the lesser first; one word an octet.
pub fn safety_phrase(a: &Party, b: &Party) -> Vec<&'static str> {
    let mut parties = [octets(a), octets(b)];
    parties.sort();
    let digest = Sha256::digest(framed(&[b"sottovoce-safety-1", &parties[0], &parties[1]]));
    digest.iter().take(WORD_COUNT).map(|octet| WORDS[usize::from(*octet)]).collect()
}

fn octets(party: &Party) -> Vec<u8> {
    framed(&[party.entity.as_str().as_bytes(), party.device.as_str().as_bytes(), &party.signing.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Side(Entity, Device, VerifyKey);

    impl Side {
        fn new(entity: &str, device: &str, key: u8) -> Self {
            Self(Entity::parse(entity).unwrap(), Device::new(device).unwrap(), VerifyKey([key; 32]))
        }

        fn party(&self) -> Party<'_> {
            Party { entity: &self.0, device: &self.1, signing: &self.2 }
        }
    }

    #[test]
    fn both_sides_read_the_same_words() {
        let alice = Side::new("sip:alice@192.168.1.1", "a1", 1);
        let bob = Side::new("sip:bob@192.168.1.2", "b1", 2);
        let phrase = safety_phrase(&alice.party(), &bob.party());
        assert_eq!(phrase, safety_phrase(&bob.party(), &alice.party()));
        assert_eq!(phrase.len(), 16);
    }

    #[test]
    fn entity_device_and_key_all_count() {
        let alice = Side::new("sip:alice@192.168.1.1", "a1", 1);
        let phrase = |other: Side| safety_phrase(&alice.party(), &other.party());
        let bob = phrase(Side::new("sip:bob@192.168.1.2", "b1", 2));
        assert_ne!(bob, phrase(Side::new("sip:bob@192.168.1.3", "b1", 2)));
        assert_ne!(bob, phrase(Side::new("sip:bob@192.168.1.2", "b2", 2)));
        assert_ne!(bob, phrase(Side::new("sip:bob@192.168.1.2", "b1", 3)));
    }
}
