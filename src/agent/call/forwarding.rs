//! We are a gateway (item 831): the far end of a user's tunnel. Which users, and where what they send may go, is in `[gateway]` of the
//! configuration. Such a call rings for nobody and has no sound.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::failures::gone;
use super::no::No;
use crate::agent::ruling::some_port;
use crate::agent::target::host_address;
use crate::agent::{Agent, Effect, GatewayConfig, Pin};
use crate::ipsec::{Path, Protection};
use crate::keys::agreement::Offered;
use crate::media::{Forwarder, ForwarderConfig, Known};
use crate::policy::{Bundle, Entry};
use crate::vocab::{CallId, Device, Entity, Failure, FailureKind, Now};

/// Why a user gets no tunnel; `code` is one of a few.
struct Refused {
    status: u16,
    code: &'static str,
    why: String,
}

impl Agent {
    /// Where what comes in its tunnels is to go, of an offer to us as a gateway.
    pub(super) fn judge_forward(
        &mut self,
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
        let Err(refused) = self.lets_forward(now, gateway, user, there) else { return Ok(Some(there)) };
        let Refused { status, code, why } = refused;
        let is_news = self.calls.turned_away.is_news(now.mono, Some(user), code);
        let notice = is_news.then(|| Box::new(turned_away(user, there, &why)));
        Err(No { notice, ..No::plain(status, &why) })
    }

    fn lets_forward(&self, now: Now, gateway: &GatewayConfig, user: &Entity, there: IpAddr) -> Result<(), Refused> {
        let no = |status, code, why: &str| Refused { status, code, why: why.to_owned() };
        if !gateway.users.contains(user) {
            return Err(no(403, "user", "you are no user of this gateway"));
        }
        let ours = self.config.media_address.to_canonical();
        let leads = gateway.destinations.iter().any(|prefix| prefix.contains(there)) && there.to_canonical() != ours;
        if !leads || there.to_canonical().is_ipv4() != ours.is_ipv4() {
            return Err(no(403, "destination", &format!("this gateway does not lead to {there}")));
        }
        if !self.lets_bare_through(now, there) {
            return Err(no(403, "policy", &format!("the policy of this gateway lets nothing through to {there}")));
        }
        let open = self.calls.open.iter().filter_map(|id| self.calls.all.get(id));
        match open.filter(|calling| calling.call.forwards.is_some()).count() < gateway.tunnels {
            true => Ok(()),
            false => Err(no(486, "tunnels", "this gateway has no tunnel left")),
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

    /// Whom our user approved, and where they are: seen there, or named by that address. Where one only says to be counts beside that, so
    /// that nothing for him goes bare, but not at the place of another.
    fn known_places(&self) -> Known {
        let at = |pin: &Pin, there: IpAddr| (there, (pin.entity.clone(), pin.device.clone()));
        let sure = |pin: &Pin| {
            let seen = self.book.presence(&pin.entity, &pin.device).filter(|record| record.observed);
            let named = || host_address(pin.entity.host()).map(|socket| socket.ip());
            Some(at(pin, seen.and_then(|record| record.address).or_else(named)?))
        };
        let mut known: Known = self.book.pins().filter_map(sure).collect();
        let is_free = |there: IpAddr| known.iter().all(|(taken, _)| taken.to_canonical() != there.to_canonical());
        let stated = self.book.pins().filter_map(|pin| Some(at(pin, self.address_of(&pin.entity, &pin.device)?)));
        let stated: Known = stated.filter(|(there, _)| is_free(*there)).collect();
        known.extend(stated);
        known
    }

    /// What runs looks up who is where, as calls that begin do.
    pub(in crate::agent) fn tell_known_places(&mut self) {
        let mut open = self.calls.open.iter().filter_map(|id| self.calls.all.get(id));
        if self.book.take_places_changed() && open.any(|calling| calling.call.forwards.is_some()) {
            let known = Arc::new(self.known_places());
            self.effect(Effect::SetKnown { known });
        }
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
            known: Arc::new(self.known_places()),
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
