//! One user, several devices: an older one vouches for the keys of a newer (PROTOCOL section 9), so that peers who pinned
//! the older do not meet the newer as a changed key. Both ways the user carries one word, from screen to screen.

use std::fmt;

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use super::canonical::Lines;
use super::signed::verify;
use crate::policy::Statement;
use crate::vocab::{AgreementKey, Device, Entity, SignatureBytes, VerifyKey};

/// First line of the text that is signed, and its context.
pub const VOUCH: &str = "sottovoce-vouch-1";

/// What a new device says to an older one: `sv-device:DEVICE.SIGNING-KEY.AGREEMENT-KEY`, keys in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    pub device: Device,
    pub signing_key: VerifyKey,
    pub agreement_key: AgreementKey,
}

/// What the older device says for it: `sv-vouch:SIGNING-KEY.SIGNATURE`, of the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouch {
    pub key: VerifyKey,
    pub signature: SignatureBytes,
}

impl Introduction {
    /// `None`: it is no such word.
    pub fn parse(word: &str) -> Option<Self> {
        let word = unfolded(word);
        let mut parts = word.strip_prefix("sv-device:")?.rsplitn(3, '.');
        let agreement_key = octets(parts.next()?, AgreementKey::from_slice)?;
        let signing_key = octets(parts.next()?, VerifyKey::from_slice)?;
        Some(Self { device: Device::new(parts.next()?)?, signing_key, agreement_key })
    }
}

impl fmt::Display for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sv-device:{}.{}.{}", self.device, text(&self.signing_key.0), text(&self.agreement_key.0))
    }
}

impl Vouch {
    /// `None`: it is no such word.
    pub fn parse(word: &str) -> Option<Self> {
        let word = unfolded(word);
        let (key, signature) = word.strip_prefix("sv-vouch:")?.split_once('.')?;
        Some(Self {
            key: octets(key, VerifyKey::from_slice)?,
            signature: octets(signature, SignatureBytes::from_slice)?,
        })
    }

    /// Whether the holder of its key signed it for this device of this entity.
    pub fn holds_for(&self, entity: &Entity, device: &Introduction) -> bool {
        verify(&self.key, &vouch_text(entity, device), &self.signature).is_ok()
    }
}

impl fmt::Display for Vouch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sv-vouch:{}.{}", text(&self.key.0), text(&self.signature.0))
    }
}

/// A terminal may have folded it.
fn unfolded(word: &str) -> String {
    word.split_whitespace().collect()
}

fn text(octets: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

fn octets<T>(text: &str, read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|octets| read(&octets))
}

/// The text that an older device signs to vouch for a new one of the same entity (PROTOCOL section 9).
pub fn vouch_text(entity: &Entity, new: &Introduction) -> String {
    let mut lines = Lines::beginning(VOUCH);
    lines.field("entity", entity);
    lines.field("device", &new.device);
    lines.octets("signing-key", &new.signing_key.0);
    lines.octets("agreement-key", &new.agreement_key.0);
    lines.0
}

/// The key that vouches for the keys of this statement, if there is one and its signature verifies. It means something only
/// when that key is pinned for the same entity.
pub fn vouched(statement: &Statement) -> Option<VerifyKey> {
    let (key, signature) = statement.signed_by?;
    let Statement { entity, device, signing_key, agreement_key, .. } = statement;
    let device = Introduction { device: device.clone(), signing_key: *signing_key, agreement_key: *agreement_key };
    Vouch { key, signature }.holds_for(entity, &device).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::tests::sample::{key, verify_key};
    use ed25519_dalek::Signer;

    fn introduction(seed: u8, device: &str) -> Introduction {
        let (signing_key, agreement_key) = (verify_key(seed), AgreementKey([seed; 32]));
        Introduction { device: Device::new(device).unwrap(), signing_key, agreement_key }
    }

    #[test]
    fn both_words_are_read_as_they_were_written() {
        let new = introduction(1, "a.b.c");
        let word = new.to_string();
        let (first, second) = word.split_at(40);
        assert_eq!(Introduction::parse(&format!(" {first}\n   {second}\n")), Some(new));
        let vouch = Vouch { key: VerifyKey([3; 32]), signature: SignatureBytes([4; 64]) };
        assert_eq!(Vouch::parse(&vouch.to_string()), Some(vouch));
        for word in ["", "sv-device:", "sv-device:d.e.f", "sv-vouch:x.y", &vouch.to_string()] {
            assert_eq!(Introduction::parse(word), None, "{word}");
        }
        assert_eq!(Vouch::parse(&introduction(1, "d").to_string()), None);
    }

    #[test]
    fn a_vouch_is_for_one_device_of_one_entity() {
        let entity = Entity::parse("sip:bob@b").unwrap();
        let new = introduction(1, "new");
        let signature = SignatureBytes(key(7).sign(vouch_text(&entity, &new).as_bytes()).to_bytes());
        let vouch = Vouch { key: verify_key(7), signature };
        assert!(vouch.holds_for(&entity, &new));
        assert!(!vouch.holds_for(&Entity::parse("sip:eve@b").unwrap(), &new));
        assert!(!vouch.holds_for(&entity, &introduction(2, "new")));
        assert!(!vouch.holds_for(&entity, &introduction(1, "other")));
    }
}
