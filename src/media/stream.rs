use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::policy::Spd;
use crate::vocab::Now;

use super::Codec;

/// One media leg. It alone owns its SAs; the media loop alone owns it.
pub struct Stream {}

/// What happened on a stream, for the agent to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// The first packet that authenticated, or under `none` the first that passed the inbound policy check.
    FirstPacket { from: SocketAddr },
    /// The entry demands protection and there is no SA: packets are dropped and counted. Once a call.
    Unprotected,
    /// The SPD forbids what this stream would send. Once a call.
    Forbidden,
}

/// What a stream has done so far, in packets unless named otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub sent: u64,
    pub received: u64,
    /// By reason, `replay`, `bad-icv`, `unknown-spi`, `policy`, `malformed`, ...
    pub dropped: BTreeMap<&'static str, u64>,
}

/// A datagram to send.
pub struct Datagram<'a> {
    pub to: SocketAddr,
    pub bytes: &'a [u8],
}

impl Stream {
    /// Seals one frame of sound; `None` when the policy lets nothing out, which is counted.
    pub fn send(&mut self, _now: Now, _frame: &[i16; Codec::FRAME]) -> Option<Datagram<'_>> {
        unimplemented!()
    }

    /// A datagram came. It is opened in place; what fails is counted and forgotten.
    pub fn handle_datagram(&mut self, _now: Now, _from: SocketAddr, _datagram: &mut [u8]) {
        unimplemented!()
    }

    /// The next 20 ms for the speaker; silence or concealment where nothing came.
    pub fn play(&mut self, _now: Now) -> [i16; Codec::FRAME] {
        unimplemented!()
    }

    /// RTCP that is due, protected like everything else. Call after `send`, until `None`.
    pub fn poll_rtcp(&mut self, _now: Now) -> Option<Datagram<'_>> {
        unimplemented!()
    }

    pub fn poll_event(&mut self) -> Option<StreamEvent> {
        unimplemented!()
    }

    /// Look up in this snapshot from the next packet on.
    pub fn set_spd(&mut self, _spd: Arc<Spd>) {
        unimplemented!()
    }

    pub fn counters(&self) -> &Counters {
        unimplemented!()
    }
}
