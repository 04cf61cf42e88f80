//! We are a gateway (item 831): the far end of a user's tunnel. Which users, and where what they send may go, is in `[gateway]` of the
//! configuration. Such a call rings for nobody and has no sound.

use std::net::{IpAddr, SocketAddr};

use super::failures::gone;
use super::no::No;
use crate::agent::ruling::some_port;
use crate::agent::{Agent, Effect, Pin};
use crate::ipsec::{Path, Protection};
use crate::keys::agreement::Offered;
use crate::media::{Forwarder, ForwarderConfig};
use crate::policy::{Bundle, Entry};
use crate::vocab::{CallId, Device, Entity, Failure, FailureKind, Now};

impl Agent {
    /// Where what comes in its tunnels is to go, of an offer to us as a gateway.
    pub(super) fn judge_forward(
        &self,
        now: Now,
        known: Option<&(Entity, Device)>,
        offer: &Offered,
    ) -> Result<Option<IpAddr>, No> {
        let Some(there) = offer.forward else { return Ok(None) };
        // A stranger does not learn whether this is a gateway.
        let Some((user, _)) = known else {
            return Err(No::plain(403, "this is no gateway for a key that is not approved"));
        };
        let Some(gateway) = &self.config.gateway else { return Err(No::plain(488, "this is no gateway")) };
        let no =
            |status, why: &str| No { notice: Some(Box::new(turned_away(user, there, why))), ..No::plain(status, why) };
        if !gateway.users.contains(user) {
            return Err(no(403, "you are no user of this gateway"));
        }
        let ours = self.config.media_address.to_canonical();
        let leads = gateway.destinations.iter().any(|prefix| prefix.contains(there)) && there.to_canonical() != ours;
        if !leads || there.to_canonical().is_ipv4() != ours.is_ipv4() {
            return Err(no(403, &format!("this gateway does not lead to {there}")));
        }
        if !self.lets_bare_through(now, there) {
            return Err(no(403, &format!("the policy of this gateway lets nothing through to {there}")));
        }
        let open = self.calls.open.iter().filter_map(|id| self.calls.all.get(id));
        match open.filter(|calling| calling.call.forwards.is_some()).count() < gateway.tunnels {
            true => Ok(Some(there)),
            false => Err(no(486, "this gateway has no tunnel left")),
        }
    }

    /// What comes out of a tunnel goes on as it is.
    fn lets_bare_through(&self, now: Now, there: IpAddr) -> bool {
        let ours = some_port(self.config.media_address);
        let known = self.known_places();
        let known = known.iter().filter(|(address, _)| address.to_canonical() == there.to_canonical());
        let peers = std::iter::once(None).chain(known.map(|(_, (entity, device))| Some((entity, device))));
        let bare = |entry: &Entry| {
            let insists = !Bundle::NONE.missing_for(&entry.action, self.config.default_level).is_empty();
            !insists && entry.action != crate::policy::Action::Discard
        };
        peers
            .map(|peer| self.entries_between(now, peer, ours, some_port(there)))
            .all(|(out, back)| bare(&out) && bare(&back))
    }

    /// Whom our user approved, and where they are.
    fn known_places(&self) -> Vec<(IpAddr, (Entity, Device))> {
        let place = |pin: &Pin| {
            let there = self.address_of(&pin.entity, &pin.device)?;
            Some((there, (pin.entity.clone(), pin.device.clone())))
        };
        self.book.pins().filter_map(place).collect()
    }

    /// In the place of a stream.
    pub(super) fn run_forwarder(
        &mut self,
        id: CallId,
        protection: Protection,
        remote: SocketAddr,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let inner = calling.local.ok_or_else(|| gone(id))?;
        let user = calling.peer.clone().ok_or_else(|| gone(id))?;
        let gateway = self.config.gateway.as_ref().ok_or_else(|| gone(id))?;
        let config = ForwarderConfig {
            user,
            tunnel: Path::new(remote, inner),
            inner,
            allowed: gateway.destinations.clone(),
            ports: gateway.ports.clone(),
            known: self.known_places(),
            rate: gateway.rate,
            spd: self.book.spd().clone(),
            default_level: self.config.default_level,
        };
        let forwarder = Box::new(Forwarder::new(config, protection));
        self.effect(Effect::StartForwarder { call: id, forwarder });
        Ok(())
    }
}

/// For the gateway's own user: one of his did not get through.
fn turned_away(user: &Entity, there: IpAddr, why: &str) -> Failure {
    let message = format!("{user} wanted a tunnel to {there}, and was refused: {why}");
    let next = "see [gateway] of the configuration, and `sottovoce policy list`";
    Failure::new(FailureKind::RefusedByPolicy, "tunnel-refused", message, user.as_str(), next)
}
