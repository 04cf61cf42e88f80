//! We are a gateway (item 831): the far end of a user's tunnel. Which users, and where what they send may go, is in `[gateway]` of the
//! configuration. Such a call rings for nobody and has no sound.

use std::net::{IpAddr, SocketAddr};

use super::callee::No;
use super::caller::gone;
use crate::agent::ruling::some_port;
use crate::agent::{Agent, Effect};
use crate::ipsec::{Path, Protection};
use crate::keys::agreement::Offered;
use crate::media::{Forwarder, ForwarderConfig};
use crate::policy::{Bundle, Entry};
use crate::vocab::{CallId, Device, Entity, Failure, Now};

impl Agent {
    /// Where what comes in its tunnels is to go, of an offer to us as a gateway.
    pub(super) fn judge_forward(
        &self,
        now: Now,
        known: Option<&(Entity, Device)>,
        offer: &Offered,
    ) -> Result<Option<IpAddr>, No> {
        let Some(there) = offer.forward else { return Ok(None) };
        let Some(gateway) = &self.config.gateway else { return Err(No::plain(488, "this is no gateway")) };
        if !known.is_some_and(|(entity, _)| gateway.users.contains(entity)) {
            return Err(No::plain(403, "you are no user of this gateway"));
        }
        let ours = self.config.media_address.to_canonical();
        let leads = gateway.destinations.iter().any(|prefix| prefix.contains(there)) && there.to_canonical() != ours;
        if !leads || there.to_canonical().is_ipv4() != ours.is_ipv4() {
            return Err(No::plain(403, &format!("this gateway does not lead to {there}")));
        }
        if !self.lets_bare_through(now, there) {
            return Err(No::plain(403, &format!("the policy of this gateway lets nothing through to {there}")));
        }
        let open = self.calls.open.iter().filter_map(|id| self.calls.all.get(id));
        match open.filter(|calling| calling.call.forwards.is_some()).count() < gateway.tunnels {
            true => Ok(Some(there)),
            false => Err(No::plain(486, "this gateway has no tunnel left")),
        }
    }

    /// What comes out of a tunnel goes on as it is.
    fn lets_bare_through(&self, now: Now, there: IpAddr) -> bool {
        let ours = some_port(self.config.media_address);
        let (out, back) = self.entries_between(now, None, ours, some_port(there));
        let bare = |entry: &Entry| {
            let insists = !Bundle::NONE.missing_for(&entry.action, self.config.default_level).is_empty();
            !insists && entry.action != crate::policy::Action::Discard
        };
        bare(&out) && bare(&back)
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
            rate: gateway.rate,
            spd: self.book.spd().clone(),
            default_level: self.config.default_level,
        };
        let forwarder = Box::new(Forwarder::new(config, protection));
        self.effect(Effect::StartForwarder { call: id, forwarder });
        Ok(())
    }
}
