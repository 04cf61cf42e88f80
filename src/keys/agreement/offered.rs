use std::net::{IpAddr, SocketAddr};

use super::bundles::{Bundles, Spis, TunnelEnds};
use crate::policy::Suite;
use crate::vocab::{AgreementKey, Device, Digest, Entity, VerifyKey, Wall};

/// What the caller said in its first message. It holds the two keys it names; whether they are the pinned ones is for
/// the agent to see. Until its first packet authenticates the caller is only claimed: the message can be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The caller's clock.
    pub time: Wall,
    pub entity: Entity,
    pub device: Device,
    pub signing_key: VerifyKey,
    pub agreement_key: AgreementKey,
    /// Where the caller receives media.
    pub media: SocketAddr,
    /// What the caller demands.
    pub bundles: Bundles,
    /// Those that we know, the caller's favourite first.
    pub suites: Vec<Suite>,
    pub spis: Spis,
    /// Hash of the entry that the caller's user approved.
    pub entry: Digest,
    /// Hash of our statement as the caller saw it.
    pub statement: Option<Digest>,
    /// The caller's AH guards the payload only, because a NAT changes the addresses.
    pub ah_nat: bool,
    /// Where its tunnels end, if the bundles have any.
    pub tunnel: Option<TunnelEnds>,
    /// What is in its tunnels is not for us: as a gateway we are to send it on, to there (item 831).
    pub forward: Option<IpAddr>,
}
