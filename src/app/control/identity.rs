use base64::prelude::{Engine, BASE64_STANDARD};

use super::accounts::named;
use super::brain::Known;
use super::failures::no_such;
use super::request::{RevokeBody, VerifyBody, VouchBody, WordBody};
use super::view::{timestamp, IdentityView, PinView, VouchView};
use super::{unexpected, Control};
use crate::agent::{Accepted, Command, Pin};
use crate::keys;
use crate::presence::{Introduction, Vouch};
use crate::vocab::{escape, Failure, FailureKind};

impl Control {
    pub async fn identity(&self) -> Result<IdentityView, Failure> {
        let pins = self.look(|known| known.pins().into_iter().map(|pin| pin_view(known, pin)).collect()).await?;
        let own = self.about.entity.clone();
        let vouches = self.look(move |known| {
            let mut all = known.vouches();
            all.sort_by_key(|(name, _)| **name != own);
            all.into_iter().map(|(name, vouch)| (name.to_string(), BASE64_STANDARD.encode(vouch.key.0))).collect()
        });
        let vouches: Vec<(String, String)> = vouches.await?;
        Ok(IdentityView {
            entity: self.about.entity.to_string(),
            device: self.about.device.to_string(),
            signing_key: BASE64_STANDARD.encode(self.about.signing_key.0),
            agreement_key: BASE64_STANDARD.encode(self.about.agreement_key.0),
            fingerprint: self.about.fingerprint.to_string(),
            introduction: self.introduction().to_string(),
            vouched_by: vouches.first().map(|(_, key)| key.clone()),
            vouched_names: vouches.into_iter().map(|(name, _)| name).collect(),
            pins,
        })
    }

    fn introduction(&self) -> Introduction {
        Introduction {
            device: self.about.device.clone(),
            signing_key: self.about.signing_key,
            agreement_key: self.about.agreement_key,
        }
    }

    /// Signs for another device of our user's.
    pub async fn identity_vouch(&self, body: &VouchBody) -> Result<VouchView, Failure> {
        let new = Introduction::parse(&body.word).ok_or_else(|| no_word(&body.word, "sv-device:"))?;
        let fingerprint = keys::fingerprint(&new.signing_key, &new.agreement_key).to_string();
        let device = new.device.to_string();
        let account = body.account.as_deref().map(named).transpose()?;
        let entity = account.as_ref().unwrap_or(&self.about.entity).to_string();
        if !body.confirmed {
            return Ok(VouchView { entity, device, fingerprint, word: None });
        }
        match self.brain.command(Command::Vouch { new, account }).await? {
            Accepted::Vouched(vouch) => Ok(VouchView { entity, device, fingerprint, word: Some(vouch.to_string()) }),
            other => Err(unexpected("vouch", &other)),
        }
    }

    /// Takes the word of an older device of our user's.
    pub async fn identity_take(&self, body: &WordBody) -> Result<IdentityView, Failure> {
        let vouch = Vouch::parse(&body.word).ok_or_else(|| no_word(&body.word, "sv-vouch:"))?;
        let account = body.account.as_deref().map(named).transpose()?;
        self.change_store(Command::TakeVouch { vouch, account }).await?;
        self.identity().await
    }

    /// Takes back what was taken: statements bear the older device's word no more.
    pub async fn identity_revoke(&self, body: &RevokeBody) -> Result<IdentityView, Failure> {
        let account = body.account.as_deref().map(named).transpose()?;
        self.change_store(Command::RevokeVouch { account }).await?;
        self.identity().await
    }

    /// The user compared the safety phrase with this peer, and it was the same.
    pub async fn identity_verify(&self, body: &VerifyBody) -> Result<IdentityView, Failure> {
        let unknown = || no_such("no-such-pin", "pinned device of", &body.entity, "identity show");
        let entity = self.entity_named(&body.entity).await.ok_or_else(unknown)?;
        let sought = entity.clone();
        if !self.look(move |known| known.pins().iter().any(|pin| pin.entity == sought)).await? {
            return Err(unknown());
        }
        self.change_store(Command::Verified { entity }).await?;
        self.identity().await
    }
}

fn no_word(word: &str, form: &str) -> Failure {
    let shown = escape(&word.chars().take(80).collect::<String>());
    let message = format!("{shown} is no whole word of a device: it is cut off or mistyped; it begins with {form}");
    let next = "copy the whole of it: `sottovoce identity show` on the new device, then `identity vouch` on the older one, then \
        `identity take` on the new one";
    Failure::new(FailureKind::Usage, "no-word", message, shown, next)
}

fn pin_view(known: &dyn Known, pin: &Pin) -> PinView {
    PinView {
        entity: pin.entity.to_string(),
        device: pin.device.to_string(),
        fingerprint: pin.fingerprint.to_string(),
        since: timestamp(pin.since),
        verified: pin.verified,
        you: known.name_to(pin).to_string(),
        phrase: known.safety_phrase(pin).into_iter().map(str::to_owned).collect(),
    }
}
