//! The session as both sides last described it (RFC 3264): our description and the peer's.

use std::net::SocketAddr;

use super::peer_sdp::PeerSdp;
use crate::sdp::SessionDescription;

#[derive(Default)]
pub(super) struct Descriptions {
    /// Our offer, or our answer: a refresh gets the same again.
    pub ours: Option<SessionDescription>,
    theirs: Option<PeerSdp>,
    /// Where the peer's media was at first: a hold may take it back for a while.
    place: Option<SocketAddr>,
}

impl Descriptions {
    pub fn theirs(&self) -> Option<&PeerSdp> {
        self.theirs.as_ref()
    }

    /// The peer described the session for the first time, or with other keys or another place.
    pub fn describe(&mut self, theirs: PeerSdp) {
        self.place = Some(theirs.media());
        self.theirs = Some(theirs);
    }

    /// The peer changed no more than the direction ([`Self::changes_only_direction`]).
    pub fn take_direction(&mut self, theirs: PeerSdp) {
        self.place = self.place.or(Some(theirs.media()));
        self.theirs = Some(theirs);
    }

    /// What the peer described counts no more.
    pub fn forget_theirs(&mut self) {
        (self.theirs, self.place) = (None, None);
    }

    /// The peer holds the call, or takes it up again, and nothing else.
    pub fn changes_only_direction(&self, again: &PeerSdp) -> bool {
        let before = self.theirs.as_ref().zip(self.place);
        before.is_some_and(|(before, place)| before.changes_only_direction(again, place))
    }

    /// The peer wants no sound.
    pub fn is_held(&self) -> bool {
        self.theirs.as_ref().is_some_and(PeerSdp::held)
    }

    /// Sound does not go both ways, or not now.
    pub fn is_partial(&self) -> bool {
        self.theirs.as_ref().is_some_and(PeerSdp::is_partial)
    }
}
