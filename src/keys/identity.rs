use crate::vocab::{AgreementKey, Fingerprint, VerifyKey};

/// A device's secret keys: signing (Ed25519) and agreement (X25519). Zeroized on drop, never shown.
pub struct Identity {}

impl Identity {
    /// Octets of [`Identity::to_bytes`].
    pub const LEN: usize = 64;

    /// Makes the keys of a new device from 64 random octets.
    pub fn from_bytes(_secret: &[u8; Self::LEN]) -> Self {
        unimplemented!()
    }

    pub fn verify_key(&self) -> VerifyKey {
        unimplemented!()
    }

    pub fn agreement_key(&self) -> AgreementKey {
        unimplemented!()
    }

    pub fn fingerprint(&self) -> Fingerprint {
        unimplemented!()
    }
}
