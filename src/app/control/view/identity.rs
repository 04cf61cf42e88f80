use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who this device is, and the devices whose keys our user approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityView {
    pub entity: String,
    pub device: String,
    /// Ed25519, base64.
    pub signing_key: String,
    /// X25519, base64.
    pub agreement_key: String,
    /// Eight groups of eight hexadecimal digits over both keys.
    pub fingerprint: String,
    /// For `identity vouch` on an older device of yours.
    pub introduction: String,
    /// The older device's signing key (Ed25519, base64) whose word stands in this device's statements.
    pub vouched_by: Option<String>,
    /// By which of this device's names it did, and other older ones: the agent's own first, then those of accounts.
    pub vouched_names: Vec<String>,
    pub pins: Vec<PinView>,
}

/// What one device of ours says for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VouchView {
    pub entity: String,
    /// The device that is vouched for.
    pub device: String,
    pub fingerprint: String,
    /// For `identity take` on that device; null as long as nothing is confirmed and signed.
    pub word: Option<String>,
}

/// One pinned device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PinView {
    pub entity: String,
    pub device: String,
    pub fingerprint: String,
    pub since: String,
    /// The user compared the safety phrase.
    pub verified: bool,
    /// By which of your names this peer knows you, as the phrase has it.
    pub you: String,
    /// The safety phrase: the same words on both screens.
    pub phrase: Vec<String>,
}
