use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest as _, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::fields::framed;
use crate::vocab::{AgreementKey, Device, Entity, Fingerprint, SignatureBytes, VerifyKey};

/// A device's secret keys: signing (Ed25519) and agreement (X25519). Zeroized on drop, never shown.
pub struct Identity {
    signing: SigningKey,
    agreement: StaticSecret,
}

impl Identity {
    /// Octets of [`Identity::to_bytes`].
    pub const LEN: usize = 64;

    /// Makes the keys of a new device from 64 random octets.
    pub fn generate(seed: &[u8; Self::LEN]) -> Self {
        Self::from_bytes(seed)
    }

    /// Reads the keys back: the Ed25519 seed (RFC 8032 section 5.1.5), then the X25519 secret (RFC 7748), 32 octets each.
    pub fn from_bytes(secret: &[u8; Self::LEN]) -> Self {
        let mut halves = [Zeroizing::new([0; 32]), Zeroizing::new([0; 32])];
        for (half, octets) in halves.iter_mut().zip(secret.chunks_exact(32)) {
            half.copy_from_slice(octets);
        }
        let [signing, agreement] = halves;
        Self { signing: SigningKey::from_bytes(&signing), agreement: StaticSecret::from(*agreement) }
    }

    /// For the key file only.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::LEN]> {
        let mut secret = Zeroizing::new([0; Self::LEN]);
        let (signing, agreement) = secret.split_at_mut(32);
        signing.copy_from_slice(self.signing.as_bytes());
        agreement.copy_from_slice(self.agreement.as_bytes());
        secret
    }

    pub fn verify_key(&self) -> VerifyKey {
        VerifyKey(self.signing.verifying_key().to_bytes())
    }

    pub fn agreement_key(&self) -> AgreementKey {
        AgreementKey(PublicKey::from(&self.agreement).to_bytes())
    }

    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.verify_key(), &self.agreement_key())
    }

    /// Signs a text whose first line is `context`, as `sottovoce-statement-1` or
    /// `sottovoce-vouch-1` (the room `presence` writes both): a signature for one purpose
    /// never serves another.
    ///
    /// # Panics
    /// When the first line of `text` is not `context`: such a text is a bug of ours, never a peer's.
    pub fn sign(&self, context: &str, text: &[u8]) -> SignatureBytes {
        let rest = text.strip_prefix(context.as_bytes());
        assert!(rest.is_some_and(|rest| rest.first() == Some(&b'\n')), "a signed text begins with its context");
        self.sign_raw(text)
    }

    /// Binds our agreement key to our name, inside an offer (PROTOCOL section 7).
    pub(super) fn sign_agreement(&self, entity: &Entity, device: &Device) -> SignatureBytes {
        self.sign_raw(&agreement_text(entity, device, &self.agreement_key()))
    }

    pub(super) fn agreement_secret(&self) -> &[u8; 32] {
        self.agreement.as_bytes()
    }

    fn sign_raw(&self, octets: &[u8]) -> SignatureBytes {
        SignatureBytes(self.signing.sign(octets).to_bytes())
    }
}

/// What people compare: SHA-256 over `sottovoce-fingerprint-1`, the signing key and the agreement key, each
/// with its length before it.
pub fn fingerprint(signing: &VerifyKey, agreement: &AgreementKey) -> Fingerprint {
    let octets = framed(&[b"sottovoce-fingerprint-1", &signing.0, &agreement.0]);
    Fingerprint(Sha256::digest(octets).into())
}

/// The octets that the signature in an offer covers.
pub(super) fn agreement_text(entity: &Entity, device: &Device, key: &AgreementKey) -> Vec<u8> {
    framed(&[b"sottovoce-agreement-1", entity.as_str().as_bytes(), device.as_str().as_bytes(), &key.0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, VerifyingKey};

    fn octets<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8032 section 7.1, test 2; RFC 7748 section 6.1, Alice.
    #[test]
    fn known_answers_of_both_key_pairs() {
        let mut secret = [0; 64];
        secret[..32].copy_from_slice(&octets::<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
        secret[32..].copy_from_slice(&octets::<32>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
        let identity = Identity::from_bytes(&secret);
        assert_eq!(identity.verify_key().0, octets("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        assert_eq!(
            identity.agreement_key().0,
            octets("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        );
        assert_eq!(
            identity.sign_raw(&[0x72]).0,
            octets(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                 085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            )
        );
        assert_eq!(*identity.to_bytes(), secret);
    }

    #[test]
    fn a_signature_verifies_over_the_text_as_it_is() {
        let identity = Identity::generate(&[7; 64]);
        let text = b"sottovoce-statement-1\nentity sip:a@h\n";
        let signature = Signature::from_bytes(&identity.sign("sottovoce-statement-1", text).0);
        let key = VerifyingKey::from_bytes(&identity.verify_key().0).unwrap();
        assert!(key.verify_strict(text, &signature).is_ok());
        assert!(key.verify_strict(b"sottovoce-statement-1\nentity sip:b@h\n", &signature).is_err());
    }

    #[test]
    #[should_panic(expected = "begins with its context")]
    fn a_text_of_another_context_is_not_signed() {
        Identity::generate(&[7; 64]).sign("sottovoce-statement-1", b"sottovoce-statement-11\n");
    }

    #[test]
    fn the_fingerprint_depends_on_both_keys() {
        let print = |a, b| fingerprint(&VerifyKey([a; 32]), &AgreementKey([b; 32]));
        assert_ne!(print(1, 2), print(1, 3));
        assert_ne!(print(1, 2), print(3, 2));
        assert_ne!(print(1, 2), print(2, 1));
    }
}
