//! A call whose media goes by TCP, because the entry for its peer says so: ESP, framed as RFC 9329 has it, with ordinary telephones SRTP or RTP in clear as
//! RFC 4571 has it, by a connection that one of both opens (RFC 4145). For where UDP is let through nowhere: what is lost is sent again, and late.

use std::net::SocketAddr;

use super::invitation::Way;
use super::no::No;
use super::peer_sdp::PeerSdp;
use super::{Calling, Side};
use crate::agent::ruling::{flow, some_port};
use crate::agent::{Agent, Effect, Pin};
use crate::keys::agreement::Bundles;
use crate::policy::{scope_of, Direction, Scope, Upper};
use crate::sdp::{RemoteAudio, SessionDescription, Setup, TcpConnection};
use crate::vocab::{CallId, Device, Entity, Failure, FailureKind, Now};

/// Said to a caller.
pub(super) const NOT_BY_TCP: &str = "media over TCP goes in ESP, without AH and without a tunnel";

impl Agent {
    /// By what media to this device goes.
    pub(super) fn transport_towards(
        &self,
        now: Now,
        (entity, device): (&Entity, &Device),
        ours: SocketAddr,
        theirs: SocketAddr,
    ) -> Upper {
        let flow = flow(Direction::Out, (ours, theirs), Upper::Udp, Some((entity, device)));
        self.book.spd().transport(&flow, now.wall)
    }

    /// Before its media is opened; a socket that is open stays what it is.
    pub(super) fn choose_transport(&mut self, now: Now, id: CallId, pin: &Pin) {
        let ours = some_port(self.config.media_address);
        let theirs = some_port(self.media_end(&pin.entity, &pin.device, ours));
        let upper = self.transport_towards(now, (&pin.entity, &pin.device), ours, theirs);
        if let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| !calling.media_open) {
            calling.set_transport(upper);
        }
    }

    /// What goes by TCP is what can.
    pub(super) fn fits_transport(&self, id: CallId, bundles: &Bundles, is_tunnelled: bool) -> Result<(), Failure> {
        match self.calls.all.get(&id).filter(|calling| calling.is_by_tcp()) {
            Some(calling) if is_tunnelled || !goes_by_tcp(bundles) => Err(not_by_tcp(&calling.call.peer)),
            _ => Ok(()),
        }
    }

    /// Who is behind a NAT opens the connection; else whoever answers does.
    pub(super) fn offered_by(&self, id: CallId, offer: SessionDescription) -> SessionDescription {
        let Some(calling) = self.calls.all.get(&id).filter(|calling| calling.is_by_tcp()) else { return offer };
        let theirs = calling.peer.as_ref().and_then(|(entity, device)| self.address_of(entity, device));
        let ours = scope_of(self.config.media_address);
        let is_behind = ours == Scope::Private && theirs.is_none_or(|theirs| scope_of(theirs) != ours);
        crate::sdp::by_tcp(offer, if is_behind { Setup::Active } else { Setup::Actpass })
    }

    /// Who has to be heard first opens the connection itself: ours would lead to wherever he says, and tell him whether anybody is there.
    pub(super) fn answered_by(&self, id: CallId, answer: SessionDescription) -> SessionDescription {
        match self.calls.all.get(&id) {
            Some(calling) if calling.is_by_tcp() && calling.way.heard_first => crate::sdp::opened_from_there(answer),
            _ => answer,
        }
    }

    /// Both have described who opens it.
    pub(super) fn connect_media(&mut self, id: CallId, to: SocketAddr) {
        let Some(calling) = self.calls.all.get(&id).filter(|calling| calling.is_by_tcp()) else { return };
        if let Some(local) = calling.local.filter(|_| calling.opens_connection()) {
            self.effect(Effect::ConnectMedia { call: id, from: local.ip(), to });
        }
    }
}

impl Way {
    /// See [`Agent::answered_by`].
    pub(super) fn refuse_dialling(self, offered: &PeerSdp) -> Result<(), No> {
        let waits = offered.connection().is_some_and(|connection| connection.setup == Setup::Passive);
        match self.heard_first && waits {
            true => Err(No::plain(488, "whoever calls by a proxy opens the connection: a=setup:actpass or active")),
            false => Ok(()),
        }
    }
}

impl Calling {
    pub(super) fn set_transport(&mut self, upper: Upper) {
        self.upper = upper;
        self.call.by_tcp = self.is_by_tcp();
    }

    pub(super) fn is_by_tcp(&self) -> bool {
        self.upper == Upper::Tcp
    }

    fn opens_connection(&self) -> bool {
        let ours = self.said.ours.as_ref().and_then(|ours| RemoteAudio::of(ours).ok()?.connection);
        let theirs = self.said.theirs().and_then(|theirs| theirs.connection());
        // The answer says it.
        match self.call.side {
            Side::Caller => theirs.is_some_and(|TcpConnection { setup, .. }| setup == Setup::Passive),
            Side::Callee => ours.is_some_and(|TcpConnection { setup, .. }| setup == Setup::Active),
        }
    }

    /// An offer within the call leaves its transport, and its connection, as they are.
    pub(super) fn keeps_transport(&self, again: &PeerSdp) -> bool {
        again.connection().map_or(!self.is_by_tcp(), |connection| self.is_by_tcp() && connection.existing)
    }
}

/// Of what a key agreement is for: AH guards addresses and ports of UDP, and what goes in clear would be framed in another way.
pub(super) fn goes_by_tcp(bundles: &Bundles) -> bool {
    [bundles.to_responder, bundles.to_initiator].iter().all(|bundle| bundle.esp && !bundle.ah)
}

fn not_by_tcp(peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "tcp-needs-esp",
        format!("your entry for {peer} says tcp, and media goes by TCP only in esp, without ah and without a tunnel"),
        peer,
        "write `ipsec esp/transport//require` in that entry, or udp: see `sottovoce policy list`",
    )
}

pub(super) fn moved_by_tcp(peer: &str) -> Failure {
    let message = format!(
        "this device is at another address, and the connection of the call with {peer} began at the one before"
    );
    Failure::new(FailureKind::Failed, "connection-moved", message, peer, "call again")
}
