use ed25519_dalek::{Signature, VerifyingKey};

use super::canonical::canonical_text;
use crate::policy::Statement;
use crate::vocab::{SignatureBytes, VerifyKey};

/// A statement as it travels: not to be believed before [`Signed::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub statement: Statement,
    /// Ed25519 over [`canonical_text`], by the statement's own signing key.
    pub signature: SignatureBytes,
}

/// Why a signature proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// The signing key is no point of the curve, or one of small order.
    #[error("the signing key is not usable")]
    Key,
    #[error("the signature does not belong to what the statement says")]
    Mismatch,
}

impl Signed {
    /// Checks that the holder of the statement's signing key wrote it. Whether that key is pinned is the agent's matter.
    ///
    /// # Errors
    /// [`BadSignature`]. The strict rules of RFC 8032 section 5.1.7 apply, and keys of small order are refused.
    pub fn verify(&self) -> Result<&Statement, BadSignature> {
        verify(&self.statement.signing_key, &canonical_text(&self.statement), &self.signature)?;
        Ok(&self.statement)
    }
}

pub(super) fn verify(key: &VerifyKey, text: &str, signature: &SignatureBytes) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_bytes(&key.0).ok().filter(|key| !key.is_weak()).ok_or(BadSignature::Key)?;
    key.verify_strict(text.as_bytes(), &Signature::from_bytes(&signature.0)).map_err(|_| BadSignature::Mismatch)
}
