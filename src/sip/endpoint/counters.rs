/// What was received and sent since the start. Only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointCounters {
    /// ACKs that belong to nothing of ours.
    pub acks_stray: u64,
    /// Ways to our registrars that were found dead (RFC 5626 section 4.4).
    pub flows_failed: u64,
    /// Bytes that are no SIP message.
    pub garbage: u64,
    /// Requests that were refused for their form or for what we cannot do (400, 405, 416, 420, 481, 489, 501, 505 ...).
    pub refused: u64,
    /// Requests that came a second time on another path (RFC 3261 section 8.2.2.2).
    pub merged: u64,
    /// Requests turned away because a table was full, or its octets used up (503).
    pub overloaded: u64,
    pub requests_received: u64,
    pub requests_sent: u64,
    pub responses_received: u64,
    pub responses_sent: u64,
    /// Responses to nothing that we asked, or without a meaning here.
    pub responses_stray: u64,
    /// Requests that we sent again because no answer came.
    pub retransmissions: u64,
    /// Requests of a peer that we had seen before and absorbed.
    pub retransmissions_received: u64,
    pub transport_failures: u64,
}
