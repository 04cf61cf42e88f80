use rcgen::{CertificateParams, DnType, KeyPair, SigningKey};

use crate::dtls::Identity;

/// A key, and a certificate for it that nobody else has signed, for as long as this process lives (RFC 5763 section 5). It names nobody: what
/// it is worth says the fingerprint in a call's messages. `None`: this machine makes none.
pub fn dtls_identity() -> Option<Identity> {
    let key = KeyPair::generate().ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "-");
    let certificate = params.self_signed(&key).ok()?.der().to_vec();
    Some(Identity::new(certificate, Box::new(move |octets| key.sign(octets).ok())))
}
