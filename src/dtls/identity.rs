use super::CertificateFingerprint;

/// The certificate that we show, made by ourselves, and what signs with its key.
pub struct Identity {
    certificate: Vec<u8>,
    signer: Box<Sign>,
    fingerprint: CertificateFingerprint,
}

/// ECDSA with P-256 and SHA-256 over the octets, in ASN.1. Its randomness is its maker's.
pub type Sign = dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync;

impl Identity {
    /// `certificate` in DER, for the P-256 key that `signer` signs with.
    pub fn new(certificate: Vec<u8>, signer: Box<Sign>) -> Self {
        let fingerprint = CertificateFingerprint::of(&certificate);
        Self { certificate, signer, fingerprint }
    }

    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// By SHA-256.
    pub fn fingerprint(&self) -> &CertificateFingerprint {
        &self.fingerprint
    }

    pub(super) fn sign(&self, octets: &[u8]) -> Option<Vec<u8>> {
        (self.signer)(octets)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({:?})", self.fingerprint)
    }
}
