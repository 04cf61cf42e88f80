//! An ordinary telephone calls: no key agreement, perhaps keys for SRTP. Our entries decide before it rings.

use super::callee::{action_shown, claimed_entity};
use super::invitation::{Invitation, Taken, Way};
use super::no::{refuse_aimed, No};
use super::peer_sdp::PeerSdp;
use super::srtp_keys::SrtpKeys;
use super::telephone_failures::{called_aimed, called_without};
use super::KeyState;
use crate::agent::ruling::Protected;
use crate::agent::Agent;
use crate::vocab::{Device, Entity, Now};

impl Agent {
    /// An ordinary phone, or a message from which the attribute was taken out.
    pub(super) fn judge_plain(&mut self, now: Now, invitation: &Invitation<'_>, offered: PeerSdp) -> Result<Taken, No> {
        let Invitation { from, caller, .. } = *invitation;
        self.refuse_stripped(caller)?;
        if offered.connection().is_some_and(|connection| connection.existing) {
            return Err(self.refuse_description(
                now,
                caller,
                "there is no connection that could go on (a=connection:new)",
            ));
        }
        self.refuse_crowd()?;
        // A proxy of ours knows whom it lets call. Nobody gets sound of ours who did not send some from there first, to a port that
        // only whoever reads the call's messages knows.
        let (way, telephone) = self.way_of_telephone(invitation);
        way.refuse_dialling(&offered)?;
        let demands = self.demands_before_answer(now, telephone.as_ref(), (offered.media(), offered.upper()), way);
        let keys = self.choose_keys(&offered, from.transport, way.stated);
        let keys = keys.map_err(|why| {
            self.tell_of_refused(now, caller, called_without(&caller.uri.to_string(), why, false));
            No::from(why)
        })?;
        if !way.stated {
            let aimed = refuse_aimed(&[offered.media()], from.remote.ip());
            aimed.inspect_err(|_| self.tell_of_refused(now, caller, called_aimed(&caller.uri.to_string())))?;
        }
        let protected = if keys.is_some() { Protected::SRTP } else { Protected::default() };
        if let Err(missing) = self.judge_protection(protected, &demands) {
            let why = self.why_no_keys(&offered, from.transport);
            return Err(self.refuse_telephone(now, caller, why, &missing));
        }
        let action = action_shown(&demands);
        Ok(Taken { telephone, ..self.taken_in_clear(Some(offered), way, action, keys) })
    }

    /// How a telephone calls, and in whose name where a proxy of ours stands for that.
    pub(super) fn way_of_telephone(&self, invitation: &Invitation<'_>) -> (Way, Option<(Entity, Device)>) {
        let Invitation { from, caller, relayed, .. } = *invitation;
        let relayed = relayed && self.is_own_proxy(&from);
        let named = claimed_entity(caller).filter(|_| relayed && from.transport.is_secure());
        (Way { stated: relayed, heard_first: relayed }, named.map(|entity| (entity, Device::telephone())))
    }

    /// Of whom nothing is known: an ordinary telephone.
    pub(super) fn taken_in_clear(
        &self,
        offered: Option<PeerSdp>,
        way: Way,
        action: String,
        srtp: Option<SrtpKeys>,
    ) -> Taken {
        Taken {
            name: self.config.entity.clone(),
            key: KeyState::Plain,
            offered,
            entity: None,
            known: None,
            srtp,
            telephone: None,
            device: None,
            way,
            action,
            forward: None,
        }
    }
}
