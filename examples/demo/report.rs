//! The line of JSON at the end, which a script reads.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

const LEAST_CORRELATION: f64 = 0.95;
/// What the three embodiments have to agree on.
const BUNDLES: [&str; 3] = ["none", "ah+esp", "esp"];

#[derive(Serialize)]
pub struct Report {
    pub ok: bool,
    pub embodiments: Vec<Embodiment>,
    /// `namespaces`, `user-namespaces` or `loopback`.
    #[serde(rename = "where")]
    pub place: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Serialize)]
pub struct Embodiment {
    name: String,
    action: String,
    bundle: String,
    suite: Option<String>,
    setup_ms: Option<u64>,
    packets: Packets,
    heard: Heard,
}

/// Of both agents together: what neither dropped nor lost is as much received as sent.
#[derive(Serialize)]
struct Packets {
    sent: u64,
    received: u64,
    dropped: BTreeMap<String, u64>,
}

/// The smaller of both directions.
#[derive(Serialize)]
struct Heard {
    correlation: f64,
}

impl Report {
    pub fn new(embodiments: Vec<Embodiment>, place: &'static str, error: Option<String>) -> Self {
        let complete = embodiments.iter().map(|one| one.bundle.as_str()).eq(BUNDLES);
        let ok = error.is_none() && complete && embodiments.iter().all(Embodiment::is_well);
        Self { ok, embodiments, place, error }
    }

    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{\"ok\":false}".to_owned())
    }
}

impl Embodiment {
    /// `ends` are the call as Alice's and as Bob's agent tell it, `heard` the correlations at both.
    pub fn new(name: &str, ends: [&Value; 2], heard: [f64; 2]) -> Self {
        let [caller, _] = ends;
        let text = |field: &str| caller[field].as_str().map(str::to_owned);
        Self {
            name: name.to_owned(),
            action: text("action").unwrap_or_default(),
            bundle: text("bundle").unwrap_or_default(),
            suite: text("suite"),
            setup_ms: caller["setup_ms"].as_u64(),
            packets: Packets::of(ends),
            heard: Heard { correlation: (heard[0].min(heard[1]) * 10_000.0).floor() / 10_000.0 },
        }
    }

    /// Heard, and nothing dropped.
    fn is_well(&self) -> bool {
        let Packets { received, dropped, .. } = &self.packets;
        *received > 0 && dropped.values().all(|count| *count == 0) && self.heard.correlation >= LEAST_CORRELATION
    }
}

impl Packets {
    fn of(ends: [&Value; 2]) -> Self {
        let total = |field: &str| ends.iter().filter_map(|end| end["packets"][field].as_u64()).sum();
        let mut dropped = BTreeMap::<String, u64>::new();
        for (reason, count) in ends.iter().filter_map(|end| end["packets"]["dropped"].as_object()).flatten() {
            *dropped.entry(reason.clone()).or_default() += count.as_u64().unwrap_or_default();
        }
        Self { sent: total("sent"), received: total("received"), dropped }
    }
}
