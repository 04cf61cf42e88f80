use std::net::SocketAddr;

use super::generation::Around;
use crate::ipsec::{DropReason, Inbound, Outbound, PacketBuffer, Path, Protection, SealError};
use crate::policy::Enclosing;

/// The telephone's end of a tunnel to a gateway (item 831). It lies around whatever protects a call from end to end, and stays when
/// that is rekeyed.
///
/// Inside, packets come from the gateway's own address and port: peers answer there, and nothing in them is rewritten.
pub struct Tunnel {
    outbound: Outbound,
    inbound: Inbound,
    /// From our socket to the gateway's.
    outer: Path,
    /// Where what the gateway compressed is unpacked; empty without IPComp.
    room: Box<[u8]>,
}

/// A packet that came out of a tunnel.
pub(super) struct Inside<'a> {
    /// Who sent it to the gateway.
    pub(super) from: SocketAddr,
    pub(super) packet: &'a mut [u8],
}

impl Tunnel {
    /// `local` is our media socket, `gateway` where the gateway receives.
    pub fn new(protection: Protection, local: SocketAddr, gateway: SocketAddr) -> Self {
        let (outbound, inbound) = protection.split();
        let room = vec![0; inbound.room()].into_boxed_slice();
        Self { outbound, inbound, outer: Path::new(local, gateway), room }
    }

    /// The source of our packets inside, which is where peers reach us.
    pub fn inner(&self) -> SocketAddr {
        self.outer.destination
    }

    /// Where the gateway receives.
    pub(super) fn gateway(&self) -> SocketAddr {
        self.outer.destination
    }

    /// What the entries are held against together with it.
    pub(super) fn around(&self) -> Around {
        let ends = (self.outer.source.ip(), self.outer.destination.ip());
        let [outbound, inbound] =
            [self.outbound.carried(), self.inbound.carried()].map(|gives| Enclosing { ends, gives });
        Around { inner: self.inner(), outbound, inbound }
    }

    /// Seals what is in the buffer, in place, as a packet to this peer.
    pub(super) fn seal<'a>(&mut self, buffer: &'a mut PacketBuffer, to: SocketAddr) -> Result<&'a [u8], SealError> {
        self.outbound.seal_between(buffer, &Path::new(self.inner(), to), &self.outer)
    }

    /// Opens a datagram of the gateway in place, or into room of its own what was compressed.
    pub(super) fn open<'a>(&'a mut self, from: SocketAddr, datagram: &'a mut [u8]) -> Result<Inside<'a>, DropReason> {
        let arrived = Path::new(from, self.outer.source);
        let inner = self.inner();
        let (opened, flow) = self.inbound.open_any(datagram, &mut self.room, &arrived, &self.outer.reversed())?;
        if flow.destination != inner {
            return Err(DropReason::Addresses);
        }
        Ok(Inside { from: flow.source, packet: opened.payload })
    }
}
