//! Where the tunnels of a call end: at its two devices.

use std::net::IpAddr;

use crate::agent::ruling::Demands;
use crate::agent::Agent;
use crate::keys::agreement::{Bundles, TunnelEnds};
use crate::policy::{Entry, Rule};
use crate::vocab::{Device, Entity, Failure, FailureKind};

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
            "`{}` tunnels to somewhere else than the two devices of this call, and a gateway cannot be its end yet",
            entry.rule_text()
        ),
        peer,
        format!("write {fits} in that entry, or transport mode, then call again"),
    )
}
