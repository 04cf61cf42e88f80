//! Both users agreed to less than a running call has (PROTOCOL sections 6 and 7): it is offered anew by whoever proposed, and bears the
//! hash of what was agreed, as an INVITE does.
//!
//! | step | what follows |
//! | --- | --- |
//! | what was agreed is registered -> `loosen_calls` | `want_rekey` for each call with that device that has more |
//! | the offer comes to whoever accepted -> `waits_for_agreed` | nothing, until what was agreed is in force there |
//! | `handle_pending_used` -> `take_waiting_offers` | `handle_rekey`: answered with the union of the offer and what its entries demand |
//! | the offer is refused -> `stays_tighter` | the call goes on as it was |

use std::net::IpAddr;

use super::peer_sdp::PeerSdp;
use super::renewal::{PeersOffer, Why};
use super::{CallState, Calling};
use crate::agent::{Agent, Event};
use crate::policy::{scope_of, Bundle, Direction, Scope};
use crate::sip::SessionId;
use crate::vocab::{escape, CallId, Device, Digest, Entity, Failure, FailureKind, Now};

/// A new offer of the peer's that uses what was agreed, while that comes into force here.
pub(super) struct WaitingOffer {
    session: SessionId,
    from: IpAddr,
    offer: PeerSdp,
}

/// The proposer's side.
impl Agent {
    /// Our user and this device's agreed to what is in force by now.
    pub(in crate::agent) fn loosen_calls(&mut self, now: Now, (entity, device): (&Entity, &Device)) {
        let open: Vec<CallId> = self.calls.open.iter().copied().collect();
        for id in open {
            let Some(calling) = self.calls.all.get_mut(&id) else { continue };
            let is_with = calling.peer.as_ref().is_some_and(|peer| (&peer.0, &peer.1) == (entity, device));
            if is_with && !calling.is_tunnel() {
                calling.renewal.loosens = true;
                self.loosen_call(now, id);
            }
        }
    }

    /// Once the call stands, and while no other offer is wanted: that one keeps what runs.
    pub(super) fn loosen_call(&mut self, now: Now, id: CallId) {
        let is_due = |calling: &&Calling| calling.renewal.loosens && calling.renewal.may_ask_for_less();
        let Some(calling) = self.calls.all.get(&id).filter(is_due) else { return };
        let Some(local) = calling.local.filter(|_| calling.call.state == CallState::Active) else { return };
        let has_more = self.has_more_than_demanded(now, id);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.renewal.loosens = false;
        }
        if has_more {
            self.want_rekey(now, id, (Why::Agreed, local));
        }
    }

    fn has_more_than_demanded(&self, now: Now, id: CallId) -> bool {
        let Some(agreed) = self.calls.all.get(&id).and_then(|calling| calling.agreement.as_ref()) else { return false };
        let Ok(demands) = self.demands_of_call(now, id, agreed.remote) else { return false };
        let protocols = |bundle: Bundle| (bundle.esp, bundle.ah);
        let more = |direction| {
            let demanded = demands.bundle(direction, false);
            protocols(agreed.protected.towards(direction).with(demanded)) != protocols(demanded)
        };
        agreed.hash.is_some() && !demands.discard() && [Direction::Out, Direction::In].into_iter().any(more)
    }

    /// The peer did not take the offer. What runs is more than our entries demand, so nothing is lost.
    pub(super) fn stays_tighter(&mut self, now: Now, id: CallId, said: &str) {
        let Some(calling) = self.calls.all.get(&id) else { return };
        let (peer, bundle) = (calling.call.peer.clone(), calling.call.bundle.clone());
        let notice = not_loosened(id, &peer, &bundle, said);
        self.audit_call(now, id, "not-loosened", &notice.message);
        self.event(Event::Notice(notice));
        self.event(Event::CallChanged(id));
    }
}

/// The accepter's side.
impl Agent {
    /// Whether an offer with this entry hash uses what was agreed: it is answered when that is in force, which it has to be before
    /// anything is sent under it.
    pub(super) fn waits_for_agreed(
        &mut self,
        now: Now,
        id: CallId,
        hash: &Digest,
        (session, from, offer): (SessionId, IpAddr, &PeerSdp),
    ) -> bool {
        let Some(calling) = self.calls.all.get_mut(&id) else { return false };
        let Some(peer) = calling.peer.clone().filter(|_| !calling.renewal.take_waited()) else { return false };
        self.use_agreed(now, &peer, hash);
        let waits = self.is_coming_into_force(&peer);
        if let Some(calling) = self.calls.all.get_mut(&id).filter(|_| waits) {
            let waiting = WaitingOffer { session, from, offer: offer.clone() };
            calling.renewal.peers_offer = PeersOffer::Waits(Box::new(waiting));
        }
        waits
    }

    /// What was agreed with this peer is in force, or will not be: its entries decide.
    pub(in crate::agent) fn take_waiting_offers(&mut self, now: Now, peer: &(Entity, Device)) {
        let open: Vec<CallId> = self.calls.open.iter().copied().collect();
        for id in open {
            let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.peer.as_ref() == Some(peer))
            else {
                continue;
            };
            let Some(WaitingOffer { session, from, offer }) = calling.renewal.take_waiting_offer() else { continue };
            if calling.session == Some(session) {
                calling.renewal.peers_offer = PeersOffer::Waited;
                self.handle_rekey(now, id, (session, from), offer);
            }
        }
    }
}

/// What is in clear counts only from the address that was agreed, which a NAT changes; what is sealed counts from anywhere.
pub(super) fn crosses_nat(ours: IpAddr, theirs: IpAddr) -> bool {
    matches!((scope_of(ours), scope_of(theirs)), (Scope::Private, Scope::Public) | (Scope::Public, Scope::Private))
}

/// What is sealed is not given up for what would not arrive.
pub(super) fn kept_sealed(runs: Bundle, bundle: Bundle) -> Bundle {
    if bundle.is_empty() {
        runs
    } else {
        bundle
    }
}

fn not_loosened(id: CallId, peer: &str, bundle: &str, said: &str) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "not-loosened",
        format!(
            "{} did not take what was agreed for call {id}: it answered {said}; the call goes on under {bundle}",
            escape(peer)
        ),
        id.to_string(),
        "the next call is under what was agreed; `sottovoce policy list` shows it",
    )
}
