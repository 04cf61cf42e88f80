use aws_lc_rs::agreement::{agree, Algorithm, PrivateKey, UnparsedPublicKey, ECDH_P256, X25519};
use zeroize::Zeroizing;

/// Groups of ECDHE, the preferred first (RFC 8422 section 5.1.1).
pub(super) const GROUPS: [u16; 2] = [29, 23];

/// Our half of ECDHE.
pub(super) struct Exchange {
    pub(super) group: u16,
    private: PrivateKey,
}

impl Exchange {
    /// `secret` is random, and used once. `None`: the group is not spoken, or this is no secret of it, which one in 2^32 is not.
    pub(super) fn new(group: u16, secret: &[u8; 32]) -> Option<Self> {
        let private = PrivateKey::from_private_key(algorithm(group)?, secret).ok()?;
        Some(Self { group, private })
    }

    pub(super) fn point(&self) -> Option<Vec<u8>> {
        Some(self.private.compute_public_key().ok()?.as_ref().to_vec())
    }

    /// `None`: it is no point of the group, or gives nothing (RFC 8422 section 5.11).
    pub(super) fn agree(&self, theirs: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let theirs = UnparsedPublicKey::new(algorithm(self.group)?, theirs);
        agree(&self.private, theirs, (), |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
    }
}

fn algorithm(group: u16) -> Option<&'static Algorithm> {
    match group {
        29 => Some(&X25519),
        23 => Some(&ECDH_P256),
        _ => None,
    }
}
