//! Where the tunnels of a call end: at its two devices, or at a gateway between ([`super::through`]).

use std::net::IpAddr;

use super::CallState;
use crate::agent::ruling::Demands;
use crate::agent::Agent;
use crate::keys::agreement::{Bundles, TunnelEnds};
use crate::policy::{Entry, Rule};
use crate::vocab::{CallId, Device, Entity, Failure, FailureKind};

impl Agent {
    /// The ends that an offer names, from the entries that rule it; `None` for a call without a tunnel.
    ///
    /// # Errors
    /// A tunnel that ends elsewhere than at the two devices of the call.
    pub(super) fn tunnel_ends(
        &self,
        (entity, device): (&Entity, &Device),
        entries: [&Entry; 2],
        ours: IpAddr,
    ) -> Result<Option<TunnelEnds>, Failure> {
        let Some((_, named)) = entries.iter().find_map(|entry| entry.tunnel()) else { return Ok(None) };
        let theirs = self.address_of(entity, device).unwrap_or(named);
        for entry in entries {
            if let Some((_, fits)) = entry.tunnel_elsewhere(ours, theirs) {
                return Err(elsewhere(entity.as_str(), entry, &fits));
            }
        }
        Ok(Some(TunnelEnds { initiator: ours, responder: named }))
    }

    /// The same within a call, whose ends are known: ours, and the peer's.
    pub(super) fn tunnel_of(
        &self,
        demands: &Demands,
        bundles: Bundles,
        (ours, theirs): (IpAddr, IpAddr),
    ) -> Result<Option<TunnelEnds>, Failure> {
        if let Some((entry, fits)) = demands.tunnels_elsewhere(ours, theirs) {
            return Err(elsewhere(&theirs.to_string(), entry, &fits));
        }
        Ok(bundles.has_tunnel().then_some(TunnelEnds { initiator: ours, responder: theirs }))
    }

    /// Where a device is, as far as it is known before it answers.
    pub(super) fn address_of(&self, entity: &Entity, device: &Device) -> Option<IpAddr> {
        let record = self.book.presence(entity, device);
        let peer = record.and_then(|record| self.peer_address(record));
        peer.or_else(|| crate::agent::target::host_address(entity.host()).map(|socket| socket.ip()))
    }
}

pub(super) const ELSEWHERE: &str = "tunnel-elsewhere";

pub(super) fn elsewhere(peer: &str, entry: &Entry, fits: &Rule) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        ELSEWHERE,
        format!(
            "`{}` tunnels to somewhere else than the two devices of this call, and not from this one to a gateway",
            entry.rule_text()
        ),
        peer,
        format!("write {fits} in that entry, or transport mode, then call again"),
    )
}

pub(super) fn nobody_there(peer: &str, entry: &Entry, gateway: IpAddr, fits: &Rule) -> Failure {
    let message = format!(
        "`{}` tunnels to {gateway}, and there is no agent that you approved, or there are several",
        entry.rule_text()
    );
    let next = format!(
        "ask the gateway (`sottovoce ask sip:NAME@{gateway}`) and approve it, or write {fits} in that entry; then call again"
    );
    Failure::new(FailureKind::RefusedByPolicy, ELSEWHERE, message, peer, next)
}

pub(super) fn one_way(peer: &str, entry: &Entry) -> Failure {
    let message =
        format!("`{}` tunnels to a gateway, and the entry for the other direction does not", entry.rule_text());
    let next = "write the same tunnel, its ends exchanged, in the entry for the other direction; then call again";
    Failure::new(FailureKind::RefusedByPolicy, "tunnel-one-way", message, peer, next)
}

/// The tunnel gives less than the entries demand by now.
pub(super) fn short(peer: &str, entry: &Entry) -> Failure {
    let message = format!("`{}` demands more of the tunnel than was agreed with the gateway", entry.rule_text());
    Failure::new(FailureKind::RefusedByPolicy, "tunnel-short", message, peer, "call again: the tunnel is agreed anew")
}

/// How the call to the gateway ended.
pub(super) fn lost(gateway: &str, last: Option<&CallState>) -> Failure {
    match last {
        Some(CallState::Failed(failure)) => {
            let message = format!("there is no tunnel to the gateway {gateway}: {}", failure.message);
            let next = match failure.code {
                "caller-refused" => "whoever runs the gateway has to approve your key (`sottovoce ask` there), and to name you and that network in [gateway] of its configuration".to_owned(),
                _ => failure.next.clone(),
            };
            Failure { message, next, ..failure.clone() }
        }
        Some(CallState::Ended { reason }) => {
            let message = format!("the tunnel to the gateway {gateway} is gone: {reason}");
            let next = "`sottovoce ask` tells whether the gateway is there; then call again";
            Failure::new(FailureKind::Unreachable, "tunnel-lost", message, gateway, next)
        }
        _ => Failure::new(FailureKind::Failed, "tunnel-lost", "the tunnel is gone", gateway, "call again"),
    }
}

/// It cannot be held, transferred, tightened.
pub(super) fn voiceless(id: CallId, carries: Option<CallId>) -> Failure {
    let message = format!("call {id} is a tunnel and has no voice of its own");
    let next = match carries {
        Some(carried) => format!("name call {carried}, whose packets go in it; `sottovoce hangup {id}` ends both"),
        None => format!("its user does that with his own call; `sottovoce hangup {id}` ends it"),
    };
    Failure::new(FailureKind::Usage, "call-is-tunnel", message, id.to_string(), next)
}

/// The entries name the tunnel's end that was ours.
pub(super) fn moved_away(peer: &str) -> Failure {
    let message =
        format!("this device is at another address, and its tunnel for the call with {peer} began at the one before");
    let next = "write the tunnel from the new address in the entries for this peer, then call again";
    Failure::new(FailureKind::RefusedByPolicy, "tunnel-moved", message, peer, next)
}
