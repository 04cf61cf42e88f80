use std::collections::BTreeMap;

use super::Agent;
use crate::ipsec::DropReason;
use crate::media::Counters;
use crate::sip::EndpointCounters;

/// What the stories count, so that each is shown from the start, at zero.
const COUNTED: [&str; 23] = [
    "agreements_used",
    "askers",
    "asks_failed",
    "calls_established",
    "calls_placed",
    "calls_received",
    "calls_refused",
    "calls_rekeyed",
    "digits_received",
    "moves",
    "offers_from_elsewhere",
    "proposals_received",
    "proposals_sent",
    "rekeys_refused",
    "reviews_opened",
    "rows_lost",
    "streams_heard",
    "strangers_forgotten",
    "strangers_rows_omitted",
    "texts_received",
    "transfers_asked",
    "transfers_refused",
    "transfers_taken",
];

/// One counter since the start, for `/v1/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    pub name: &'static str,
    /// Why, for packets that were dropped.
    pub reason: Option<&'static str>,
    pub value: u64,
}

impl Agent {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Every counter, sorted by name and reason.
    pub fn metrics(&self) -> Vec<Metric> {
        let plain = |(name, value)| Metric { name, reason: None, value };
        let counted = COUNTED.map(|name| (name, self.counts.get(name).copied().unwrap_or(0)));
        let mut all: Vec<Metric> = counted.into_iter().chain(named(self.endpoint.counters())).map(plain).collect();
        all.extend(packets(&self.calls.totals()));
        all.push(plain(("policy_generation", self.book.generation().0)));
        all.sort_unstable();
        all
    }
}

fn packets(all: &Counters) -> Vec<Metric> {
    let plain = |name, value| Metric { name, reason: None, value };
    let mut dropped = BTreeMap::from(DropReason::ALL.map(|reason| (reason.name(), 0)));
    dropped.extend(&all.dropped);
    let dropped = dropped.into_iter();
    let dropped = dropped.map(|(reason, value)| Metric { name: "packets_dropped", reason: Some(reason), value });
    let whole = [
        plain("packets_received", all.received),
        plain("packets_sent", all.sent),
        plain("packets_sent_late", all.sent_late),
        plain("rtcp_received", all.rtcp_received),
        plain("rtcp_sent", all.rtcp_sent),
    ];
    whole.into_iter().chain(dropped).collect()
}

/// SIP's counters under the names of the metrics.
fn named(counters: &EndpointCounters) -> [(&'static str, u64); 13] {
    [
        ("sip_flows_failed", counters.flows_failed),
        ("sip_garbage", counters.garbage),
        ("sip_merged", counters.merged),
        ("sip_overloaded", counters.overloaded),
        ("sip_refused", counters.refused),
        ("sip_requests_received", counters.requests_received),
        ("sip_requests_sent", counters.requests_sent),
        ("sip_responses_received", counters.responses_received),
        ("sip_responses_sent", counters.responses_sent),
        ("sip_retransmissions", counters.retransmissions),
        ("sip_retransmissions_received", counters.retransmissions_received),
        ("sip_stray", counters.acks_stray + counters.responses_stray),
        ("sip_transport_failures", counters.transport_failures),
    ]
}
