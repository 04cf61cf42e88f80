//! Which entries rule the media between us and a peer: the lookup that every packet gets, made before there is one.

use std::net::{IpAddr, SocketAddr};

use super::Agent;
use crate::media::PORTS;
use crate::policy::{Direction, Entry, Flow, Upper};
use crate::vocab::{Device, Entity, Now};

/// An address of media whose port is not known yet: the first of those that media uses stands for all.
pub fn some_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, *PORTS.start())
}

impl Agent {
    /// The entries for media between these addresses, out and in; `peer` when its keys are known.
    pub(super) fn entries_between(
        &self,
        now: Now,
        peer: Option<(&Entity, &Device)>,
        ours: SocketAddr,
        theirs: SocketAddr,
    ) -> (Entry, Entry) {
        let find = |source, destination, direction| {
            let flow = Flow { source, destination, upper: Upper::Udp, direction, peer };
            self.book.spd().lookup(&flow, now.wall).entry.clone()
        };
        (find(ours, theirs, Direction::Out), find(theirs, ours, Direction::In))
    }
}
