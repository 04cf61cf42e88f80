//! A call that comes to us: who invites, by which way, and what of it our policy lets through.

use std::net::IpAddr;

use super::peer_sdp::PeerSdp;
use super::srtp_keys::SrtpKeys;
use super::KeyState;
use crate::agent::answer_watcher::AskersPlace;
use crate::sip::headers::NameAddr;
use crate::sip::{Received, SessionId};
use crate::vocab::{Device, Entity};

/// Who invites, from where, and what the caller reads.
pub(super) struct Invitation<'a> {
    pub(super) from: Received,
    /// A proxy stands between.
    pub(super) relayed: bool,
    pub(super) caller: &'a NameAddr,
    pub(super) accept: &'a [String],
    /// Whose place it is to take.
    pub(super) replaces: Option<SessionId>,
}

/// An offer that our policy lets through.
pub(super) struct Taken {
    /// Which of our names is called.
    pub(super) name: Entity,
    pub(super) key: KeyState,
    /// None: our 200 has to offer.
    pub(super) offered: Option<PeerSdp>,
    pub(super) entity: Option<Entity>,
    pub(super) known: Option<(Entity, Device)>,
    /// By an ordinary telephone with SRTP.
    pub(super) srtp: Option<SrtpKeys>,
    /// In whose name a proxy of ours lets it call.
    pub(super) telephone: Option<(Entity, Device)>,
    pub(super) device: Option<Device>,
    pub(super) way: Way,
    /// Of our entry for the packets that we would send.
    pub(super) action: String,
    /// We are a gateway for it: where what comes is sent on to.
    pub(super) forward: Option<IpAddr>,
}

/// How a call came to us; one of ours has none.
#[derive(Clone, Copy, Default)]
pub(super) struct Way {
    /// By a proxy: the caller's address was not seen, and it says where it is.
    pub(super) stated: bool,
    /// It proves that by its packets before it hears us.
    pub(super) heard_first: bool,
}

impl Way {
    pub(super) fn place(self, seen: IpAddr, stated: IpAddr) -> AskersPlace {
        AskersPlace { address: if self.stated { stated } else { seen }, observed: !self.stated }
    }
}
