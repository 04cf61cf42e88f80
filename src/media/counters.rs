use std::collections::BTreeMap;
use std::time::Duration;

use super::quality::Quality;

/// A frame that is sent so long after it was due may come too late for the peer's buffer.
pub const LATE: Duration = Duration::from_millis(10);

/// What a stream has done so far, in packets unless named otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// RTP.
    pub sent: u64,
    /// Frames that came to be sent more than [`LATE`] after they were due: the machine has too little time for its calls.
    pub sent_late: u64,
    /// RTP that passed the inbound policy check, late and duplicate ones included.
    pub received: u64,
    /// By reason, both ways, `replay`, `bad-icv`, `unknown-spi`, `policy`, `malformed`, `unprotected`, ...
    pub dropped: BTreeMap<&'static str, u64>,
    /// Received, but after its turn to be heard.
    pub late: u64,
    /// Received, with an RTP sequence number that was received before.
    pub duplicate: u64,
    /// Frames that were made up for ones that did not come.
    pub concealed: u64,
    pub rtcp_sent: u64,
    pub rtcp_received: u64,
    /// How it sounds at the moment.
    pub quality: Quality,
}

impl Counters {
    pub(super) fn drop_one(&mut self, reason: &'static str) {
        *self.dropped.entry(reason).or_default() += 1;
    }
}
