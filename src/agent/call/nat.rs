//! The way of a call's media through NATs (`ice`, RFC 8445), told in its session descriptions (RFC 8839).
//!
//! | when | what |
//! | --- | --- |
//! | media is opened | `gathering_for_offer`, `gathering_for_answer`: candidates are found before anything is offered or answered |
//! | offer, answer | `ice_offered`, the call's `ice.ours`; of a new one `ice_at`, `ice_reanswered` |
//! | the server of TURN relays nothing | `Done::RelayFailed`: a notice |
//! | both are known | `begin_ice`: `Effect::SetIce` |
//!
//! Only where packets go is found out so. Whose they are, and what they must have, stays as it was agreed: entries are looked up by the
//! addresses that were described, and a pair of others is used only where the entries let packets pass there (`docs/nat.md`). AH guards
//! the addresses that were described, so a call with AH makes no checks.

use std::net::SocketAddr;

use rand_core::RngCore;

use super::loosen::crosses_nat;
use super::{Calling, Side};
use crate::agent::{Agent, Effect, Event, IceUse, NatConfig};
use crate::ice::{Credentials, Gathering, Start};
use crate::sdp::{Ice, RemoteAudio};
use crate::vocab::{CallId, Failure};

#[derive(Default)]
pub(super) struct IceOfCall {
    /// What was gathered for its socket.
    pub ours: Option<Ice>,
    /// And for the one beside it, to which it moves.
    pub beside: Option<Ice>,
    runs: Option<Start>,
}

impl Agent {
    /// A call of ours. Where it goes straight to the peer, and the addresses tell of no NAT, there is nothing to find out, and the offer
    /// stays small enough for UDP.
    pub(super) fn gathering_for_offer(&mut self, id: CallId) -> Option<Box<Gathering>> {
        let calling = self.calls.all.get(&id).filter(|calling| calling.may_traverse())?;
        let helps = || {
            let hop = calling.hop.map(|hop| hop.address.ip());
            let peer = calling.peer.as_ref().and_then(|(entity, device)| self.address_of(entity, device));
            let straight = hop.filter(|hop| peer.is_some_and(|peer| peer.to_canonical() == hop.to_canonical()));
            straight.is_none_or(|there| crosses_nat(self.config.media_address, there))
        };
        match self.config.nat.ice {
            IceUse::Off => None,
            IceUse::Auto if !self.config.nat.has_server() || !helps() => None,
            IceUse::Auto | IceUse::On => Some(self.gathering()),
        }
    }

    /// A call to us that offers ICE.
    pub(super) fn gathering_for_answer(&mut self, id: CallId) -> Option<Box<Gathering>> {
        let calling = self.calls.all.get(&id).filter(|calling| calling.may_traverse())?;
        let is_offered = calling.said.theirs().is_some_and(|theirs| theirs.ice().is_some());
        (is_offered && self.config.nat.ice != IceUse::Off).then(|| self.gathering())
    }

    /// We move, and the call has ICE.
    pub(super) fn gathering_beside(&mut self, id: CallId) -> Option<Box<Gathering>> {
        let has_ice = self.calls.all.get(&id).is_some_and(|calling| calling.ice.ours.is_some());
        has_ice.then(|| self.gathering())
    }

    fn gathering(&mut self) -> Box<Gathering> {
        let credentials = Credentials::random(&mut self.rng);
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let NatConfig { stun, turn, .. } = self.config.nat.clone();
        Box::new(Gathering { credentials, stun, turn, seed })
    }

    pub(super) fn ice_offered(&self, id: CallId) -> Option<Ice> {
        self.calls.all.get(&id)?.ice.ours.clone()
    }

    /// Within the call. A peer whose name and password are others begins anew, and so do we (RFC 8445 section 9).
    pub(super) fn ice_reanswered(&mut self, id: CallId, again: &super::peer_sdp::PeerSdp) -> Option<Ice> {
        let calling = self.calls.all.get_mut(&id)?;
        let (theirs, ours) = (again.ice()?, calling.ice.ours.as_mut()?);
        let before = calling.said.theirs().and_then(|before| before.ice());
        if !before.is_some_and(|before| before.is_same_session(theirs)) {
            let Credentials { user, password } = Credentials::random(&mut self.rng);
            (ours.user, ours.password) = (user, password);
        }
        Some(ours.clone())
    }

    /// Not worth the call: it may find another way.
    pub(in crate::agent) fn handle_relay_failed(&mut self, id: CallId, mut failure: Failure) {
        if self.calls.all.contains_key(&id) {
            failure.message = format!("call {id}: {}", failure.message);
            self.event(Event::Notice(failure));
        }
    }

    /// Both sides have described the session: checks begin, go on, begin anew, or end.
    pub(super) fn begin_ice(&mut self, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.ice.ours.is_some()) else { return };
        let start = calling.ice_said();
        if start.is_none() || start != calling.ice.runs {
            calling.ice.runs.clone_from(&start);
            self.effect(Effect::SetIce { call: id, ice: start.map(Box::new) });
        }
    }
}

impl Calling {
    /// What goes by a tunnel goes where that leads, and what goes by TCP where its connection does.
    fn may_traverse(&self) -> bool {
        !self.is_by_tcp() && !self.is_tunnel() && self.through.is_none()
    }

    /// Of the socket at this address of ours.
    pub(super) fn ice_at(&self, local: SocketAddr) -> Option<Ice> {
        let here = self.local == Some(local);
        if here { &self.ice.ours } else { &self.ice.beside }.clone()
    }

    /// We have moved to the socket beside.
    pub(super) fn take_ice_beside(&mut self) {
        self.ice.ours = self.ice.beside.take();
    }

    /// What both descriptions say together.
    fn ice_said(&self) -> Option<Start> {
        let agreed =
            self.agreement.as_ref().filter(|agreed| !agreed.protected.outbound.ah && !agreed.protected.inbound.ah)?;
        let ours = RemoteAudio::of(self.said.ours.as_ref()?).ok()?.ice?;
        let theirs = self.said.theirs()?.ice()?.clone();
        let ours = Credentials { user: ours.user, password: ours.password };
        Some(Start { ours, theirs, controlling: self.call.side == Side::Caller, described: agreed.remote })
    }
}
