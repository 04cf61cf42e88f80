use base64::prelude::{Engine, BASE64_STANDARD};

use super::brain::Known;
use super::failures::no_such;
use super::request::VerifyBody;
use super::view::{timestamp, IdentityView, PinView};
use super::Control;
use crate::agent::{Command, Pin};
use crate::vocab::{Entity, Failure};

impl Control {
    pub async fn identity(&self) -> Result<IdentityView, Failure> {
        let pins = self.look(|known| known.pins().into_iter().map(|pin| pin_view(known, pin)).collect()).await?;
        Ok(IdentityView {
            entity: self.about.entity.to_string(),
            device: self.about.device.to_string(),
            signing_key: BASE64_STANDARD.encode(self.about.signing_key.0),
            agreement_key: BASE64_STANDARD.encode(self.about.agreement_key.0),
            fingerprint: self.about.fingerprint.to_string(),
            pins,
        })
    }

    /// The user compared the safety phrase with this peer, and it was the same.
    pub async fn identity_verify(&self, body: &VerifyBody) -> Result<IdentityView, Failure> {
        let unknown = || no_such("no-such-pin", "pinned device of", &body.entity, "identity show");
        let entity = Entity::parse(&body.entity).map_err(|_| unknown())?;
        let sought = entity.clone();
        if !self.look(move |known| known.pins().iter().any(|pin| pin.entity == sought)).await? {
            return Err(unknown());
        }
        self.change_store(Command::Verified { entity }).await?;
        self.identity().await
    }
}

fn pin_view(known: &dyn Known, pin: &Pin) -> PinView {
    PinView {
        entity: pin.entity.to_string(),
        device: pin.device.to_string(),
        fingerprint: pin.fingerprint.to_string(),
        since: timestamp(pin.since),
        verified: pin.verified,
        phrase: known.safety_phrase(pin).into_iter().map(str::to_owned).collect(),
    }
}
