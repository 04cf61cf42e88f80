//! One user, several devices (PROTOCOL section 9): the older signs for the newer, and the newer says so in its statements.

use super::naming::no_account;
use super::waiting::Waiting;
use super::{Agent, AuditRow, Effect, StoreOp};
use crate::presence::{vouch_text, Introduction, Vouch, VOUCH};
use crate::vocab::{EffectId, Entity, Failure, FailureKind, Now};

impl Agent {
    /// Our own keys, for an older device of ours to sign.
    pub fn introduction(&self) -> Introduction {
        Introduction {
            device: self.config.device.clone(),
            signing_key: self.config.identity.verify_key(),
            agreement_key: self.config.identity.agreement_key(),
        }
    }

    /// The words of older devices that stand in our statements, by name.
    pub fn vouches(&self) -> impl Iterator<Item = (&Entity, &Vouch)> {
        self.own.vouches().iter()
    }

    /// Signs for another device of our own entity, or of an account.
    pub(super) fn vouch_for(
        &mut self,
        now: Now,
        new: &Introduction,
        account: Option<&Entity>,
    ) -> Result<Vouch, Failure> {
        let name = account.unwrap_or(&self.config.entity);
        let name = self.our_name(name).ok_or_else(|| no_account(name))?;
        let own = self.introduction();
        if new.device == own.device || new.signing_key == own.signing_key {
            return Err(of_no_use("vouch-own", "this device needs no word of its own"));
        }
        let text = vouch_text(&name, new);
        let signature = self.config.identity.sign(VOUCH, text.as_bytes());
        let print = crate::keys::fingerprint(&new.signing_key, &new.agreement_key);
        let detail = format!("device {}: {print}", new.device);
        self.audit(now, "vouched", name.as_str(), &detail);
        Ok(Vouch { key: own.signing_key, signature })
    }

    /// Takes the word of an older device of ours, for whichever of our names it was signed. By the name of an account that is not there
    /// yet it is kept for that: what it publishes first bears the word already.
    pub(super) fn take_vouch(&mut self, vouch: Vouch, account: Option<Entity>) -> Result<EffectId, Failure> {
        let own = self.introduction();
        if vouch.key == own.signing_key {
            return Err(of_no_use("vouch-own", "it was signed by this device itself"));
        }
        let names = account.map_or_else(|| self.names(), |account| vec![account]);
        let entity = names.into_iter().find(|name| vouch.holds_for(name, &own));
        let entity =
            entity.ok_or_else(|| of_no_use("vouch-misfit", "it was signed for another entity, device or key"))?;
        let id = self.expect(Waiting::Vouch(entity.clone(), vouch));
        self.effect(Effect::Store { id, op: StoreOp::KeepVouch { entity, vouch } });
        Ok(id)
    }

    /// Our statements bear it no more. Who pinned this device because of it has it pinned all the same.
    pub(super) fn revoke_vouch(&mut self, now: Now, account: Option<Entity>) -> Result<EffectId, Failure> {
        let entity = account.unwrap_or_else(|| self.config.entity.clone());
        if !self.own.vouches().contains_key(&entity) {
            let message = format!("no device vouches for this one by the name {entity}");
            let next = "see `sottovoce identity show` for the names; another than the agent's own is given as --account ENTITY";
            return Err(Failure::new(FailureKind::Usage, "no-vouch", message, entity.as_str(), next));
        }
        let own = entity == self.config.entity;
        let detail = "taken back by the user".to_owned();
        let audit = AuditRow { at: now.wall, kind: "vouch-revoked", subject: entity.to_string(), detail };
        let id = self.expect(Waiting::RevokeVouch(entity.clone()));
        self.effect(Effect::Store { id, op: StoreOp::ForgetVouch { entity, own, audit } });
        Ok(id)
    }
}

fn of_no_use(code: &'static str, why: &str) -> Failure {
    let next =
        "on the new device: `sottovoce identity show`; on the older: `sottovoce identity vouch sv-device:...`; on the \
        new one again: `sottovoce identity take sv-vouch:...`. Both need the same `entity` in their configuration; for the name of an account both commands take `--account ENTITY`, on the new \
        device before that account is added, so that what it publishes bears the word from the first";
    Failure::new(FailureKind::Usage, code, format!("the word of another device is of no use: {why}"), "vouch", next)
}
