//! A call whose entries tunnel to a gateway (item 831): a call to the gateway comes first, which has no sound and is the tunnel; then its
//! peer is called, or answered, with the gateway's address for ours. The peer knows of no tunnel.
//!
//! | step | what follows |
//! | --- | --- |
//! | `tunnel_wanted`: the entries tunnel to somebody else than the peer | `begin_tunnel`: INVITE to the approved device there |
//! | its 200 | `tunnel_stands`: the call that waited goes on |
//! | no 200, or BYE | `end_tunnel`: the call ends with it |
//!
//! In the call itself only those rules are agreed that the tunnel does not serve.

use std::net::{IpAddr, SocketAddr};

use super::caller::Ruling;
use super::failures::gone;
use super::media::media_address;
use super::tunnel::{elsewhere, lost, nobody_there, one_way, short};
use super::{CallState, Calling, Side};
use crate::agent::ruling::{Demands, Protected};
use crate::agent::{Agent, Event, Pin};
use crate::ipsec::Protection;
use crate::keys::Confirmed;
use crate::media::Tunnel;
use crate::policy::Entry;
use crate::vocab::{CallId, Device, Entity, Failure, Now};

/// The tunnel of a call.
pub(super) struct Through {
    /// Where the gateway receives: the peer sends there.
    pub(super) gateway: SocketAddr,
    /// What it gives, each way.
    gives: Protected,
    /// Until the stream has it.
    protection: Option<Protection>,
}

impl Calling {
    /// Where the peer is to send: our socket, or the gateway's.
    pub(super) fn described_at(&self) -> Option<SocketAddr> {
        self.local.map(|local| self.reached_by_way_of(local))
    }

    /// The same of a socket that may be another by then.
    pub(super) fn reached_by_way_of(&self, local: SocketAddr) -> SocketAddr {
        self.through.as_ref().map_or(local, |through| through.gateway)
    }

    /// The tunnel for its stream, once.
    pub(super) fn take_tunnel(&mut self) -> Option<Box<Tunnel>> {
        let through = self.through.as_mut()?;
        let (local, protection) = (self.local?, through.protection.take()?);
        Some(Box::new(Tunnel::new(protection, local, through.gateway)))
    }

    /// What of this entry is for the peer, and not for the gateway between.
    pub(super) fn beyond(&self, entry: Entry) -> Entry {
        let ends = self.through.as_ref().zip(self.local);
        let far = ends.and_then(|(through, local)| entry.split_at(local.ip(), through.gateway.ip()));
        far.map_or(entry, |(_, far)| far)
    }

    /// What packets have, by the call and by its tunnel.
    pub(super) fn all_of(&self, protected: Protected) -> Protected {
        self.through.as_ref().map_or(protected, |through| protected.with(through.gives))
    }

    /// It is a tunnel, at whichever end: it has no sound, goes nowhere else, and is agreed once.
    pub(super) fn is_tunnel(&self) -> bool {
        self.call.carries.is_some() || self.call.forwards.is_some()
    }
}

impl Agent {
    /// The gateway that the entries of this call tunnel to, when it has no tunnel there yet.
    ///
    /// # Errors
    /// Nobody there is approved, or only one direction goes there.
    pub(super) fn tunnel_wanted(&self, now: Now, id: CallId) -> Result<Option<Pin>, Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        // Where the peer is, an offer of ours does not know.
        let offers = calling.call.side == Side::Callee && calling.said.theirs().is_none();
        if calling.through.is_some() || calling.is_tunnel() || offers {
            return Ok(None);
        }
        let Ruling { entries, ours, theirs, .. } = self.ruling(now, id)?;
        let leads_past = |entry: &Entry| {
            let end = entry.tunnel().map(|(_, end)| end);
            end.filter(|end| end.to_canonical() != theirs.to_canonical())
        };
        let outside = entries.iter().find_map(|entry| Some((entry, leads_past(entry)?)));
        let Some((entry, gateway)) = outside else { return Ok(None) };
        let peer = &calling.call.peer;
        let fits = entry.tunnel_elsewhere(ours, theirs).map(|(_, fits)| fits);
        let Some(fits) = fits else { return Err(one_way(peer, entry)) };
        let there = entries.iter().filter(|entry| entry.split_at(ours, gateway).is_some()).count();
        if there == 0 {
            return Err(elsewhere(peer, entry, &fits));
        }
        let Some(pin) = self.approved_at(gateway) else { return Err(nobody_there(peer, entry, gateway, &fits)) };
        if there < entries.len() {
            return Err(one_way(peer, entry));
        }
        if theirs.is_unspecified() {
            return Err(super::failures::no_address(peer));
        }
        Ok(Some(pin))
    }

    /// Where a tunnel may end, beside the peer: at devices that our user approved.
    pub(in crate::agent) fn gateways(&self, peer: IpAddr) -> Vec<IpAddr> {
        let all = self.book.pins().filter_map(|pin| self.address_of(&pin.entity, &pin.device));
        all.filter(|there| there.to_canonical() != peer.to_canonical() && self.approved_at(*there).is_some()).collect()
    }

    /// Whether a tunnel of ours can end there that is not the peer's own.
    pub(in crate::agent) fn is_gateway(&self, end: IpAddr, peer: Option<&(Entity, Device)>, theirs: IpAddr) -> bool {
        let is_peer = |pin: &Pin| peer.is_some_and(|(entity, device)| (&pin.entity, &pin.device) == (entity, device));
        end.to_canonical() != theirs.to_canonical() && self.approved_at(end).is_some_and(|pin| !is_peer(&pin))
    }

    /// The one approved device at this address: seen there, or named by it. An address that somebody only says to have is anybody's, and of
    /// several nobody can tell which the user means.
    pub(super) fn approved_at(&self, address: IpAddr) -> Option<Pin> {
        let is_there = |pin: &&Pin| {
            let seen = self.book.presence(&pin.entity, &pin.device).and_then(|record| record.address);
            let named = crate::agent::target::host_address(pin.entity.host()).map(|socket| socket.ip());
            seen.or(named).is_some_and(|there| there.to_canonical() == address.to_canonical())
        };
        let mut there = self.book.pins().filter(is_there);
        there.next().filter(|_| there.next().is_none()).cloned()
    }

    /// A call to the gateway; the other goes on when it stands.
    pub(super) fn begin_tunnel(&mut self, now: Now, id: CallId, gateway: &Pin) {
        let Some(local) = self.calls.all.get(&id).and_then(|calling| calling.local) else { return };
        let tunnel = self.new_call(now, Side::Caller, gateway.entity.to_string(), CallState::Inviting);
        if let Some(calling) = self.calls.all.get_mut(&tunnel) {
            calling.local = Some(local);
            calling.call.carries = Some(id);
            // No review of the gateway's policy: the entries of the peer rule.
            calling.retried = true;
        }
        if let Some(carried) = self.calls.all.get_mut(&id) {
            carried.call.through = Some(tunnel);
            self.event(Event::CallChanged(id));
        }
        self.dial(now, tunnel, gateway);
    }

    /// What is agreed with the gateway: what of the entries of the call is for it, and where it is to send what comes.
    pub(super) fn tunnel_ruling(&self, now: Now, tunnel: CallId) -> Result<Ruling, Failure> {
        let calling = self.calls.all.get(&tunnel).ok_or_else(|| gone(tunnel))?;
        let (entity, device) = calling.peer.as_ref().ok_or_else(|| gone(tunnel))?;
        let carried = calling.call.carries.ok_or_else(|| gone(tunnel))?;
        let gateway = self.address_of(entity, device).ok_or_else(|| super::failures::no_address(entity.as_str()))?;
        let ruling = self.ruling(now, carried)?;
        let near = |entry: &Entry| entry.split_at(ruling.ours, gateway).map(|(near, _)| near);
        let [out, inbound] = &ruling.entries;
        let entries = near(out).zip(near(inbound)).ok_or_else(|| gone(carried))?.into();
        Ok(Ruling { entries, ..ruling })
    }

    /// The gateway took it: the call that waited for it goes on.
    pub(super) fn tunnel_stands(
        &mut self,
        now: Now,
        tunnel: CallId,
        confirmed: Confirmed,
        described: SocketAddr,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get_mut(&tunnel).ok_or_else(|| gone(tunnel))?;
        let id = calling.call.carries.ok_or_else(|| gone(tunnel))?;
        let local = calling.local.ok_or_else(|| gone(tunnel))?;
        let gateway = media_address(confirmed.peer_media(), described);
        let gives = Protected::of(confirmed.bundles(), true);
        calling.call.bundle = gives.outbound.to_string();
        calling.call.bundle_in = gives.inbound.to_string();
        calling.call.suite = super::suite_name(confirmed.suite());
        calling.note_protection(now);
        self.log_keys(&confirmed, local, gateway);
        let protection = Some(confirmed.into_protection());
        self.establish(now, tunnel);
        let carried = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()).ok_or_else(|| gone(id))?;
        carried.through = Some(Through { gateway, gives, protection });
        match carried.call.side {
            Side::Caller => self.invite(now, id, local),
            Side::Callee => self.answer_invite(now, id),
        }
        Ok(())
    }

    /// What these demand of a call, where its tunnel gives the rest.
    ///
    /// # Errors
    /// The tunnel gives less than they demand of it.
    pub(super) fn demands_beyond(&self, id: CallId, demands: Demands) -> Result<Demands, Failure> {
        let Some(calling) = self.calls.all.get(&id) else { return Ok(demands) };
        let (Some(through), Some(local)) = (&calling.through, calling.local) else { return Ok(demands) };
        let ends = (local.ip(), through.gateway.ip());
        demands
            .beyond(ends, through.gives, self.config.default_level)
            .map_err(|entry| short(&calling.call.peer, &entry))
    }

    /// One is nothing without the other.
    pub(super) fn end_tunnel(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get(&id) else { return };
        if let Some(carried) = calling.call.carries {
            let failure = lost(&calling.call.peer, calling.ending.as_ref());
            return self.end_call(now, carried, CallState::Failed(failure));
        }
        let is_its = |other: &&Calling| other.call.carries == Some(id) && other.is_open();
        let tunnel = self.calls.all.values().find(is_its).map(|other| other.call.id);
        if let Some(tunnel) = tunnel {
            let reason = format!("call {id}, which it carried, is over");
            self.end_call(now, tunnel, CallState::Ended { reason });
        }
    }
}
