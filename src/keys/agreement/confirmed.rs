use std::fmt;
use std::net::SocketAddr;

use zeroize::Zeroizing;

use super::bundles::{Bundles, Spis};
use super::keylog;
use super::noise::Split;
use super::schedule::{Algorithm, Role, Sa, Schedule, Way};
use crate::ipsec::{AhKey, DirectionKeys, EspKey, Protection};
use crate::policy::{Bundle, Suite};
use crate::vocab::{Digest, Spi};

/// The proof that both sides hold the same keys, and the only maker of security associations.
pub struct Confirmed {
    outcome: Outcome,
    hash: Digest,
    sas: Vec<Sa>,
}

/// What both sides agreed, beside the keys.
pub(super) struct Outcome {
    pub(super) role: Role,
    pub(super) bundles: Bundles,
    pub(super) suite: Option<Suite>,
    /// Under which SPIs each side receives.
    pub(super) initiator: Spis,
    pub(super) responder: Spis,
    pub(super) peer_media: SocketAddr,
}

impl Confirmed {
    /// Called with an outcome that was held against the offer.
    pub(super) fn new(split: Split, outcome: Outcome) -> Self {
        let schedule = Schedule::new(&split);
        let sas = outcome.wanted().map(|(way, algorithm, spi)| schedule.sa(way, algorithm, spi)).collect();
        Self { outcome, hash: split.hash, sas }
    }

    /// Both directions' security associations, in place of the proof: they are made once.
    pub fn into_protection(self) -> Protection {
        let Bundles { to_responder, to_initiator } = self.outcome.bundles;
        let keys = |bundle: Bundle| DirectionKeys { framing: bundle.framing, ..DirectionKeys::default() };
        let (mut outbound, mut inbound) = match self.outcome.role {
            Role::Initiator => (keys(to_responder), keys(to_initiator)),
            Role::Responder => (keys(to_initiator), keys(to_responder)),
        };
        for sa in self.sas {
            let keys = if self.outcome.is_outbound(sa.way) { &mut outbound } else { &mut inbound };
            add(keys, sa);
        }
        Protection::from_keys(outbound, inbound).expect("the schedule makes keys of the suites' own length")
    }

    pub fn bundles(&self) -> Bundles {
        self.outcome.bundles
    }

    /// `None` where no direction has ESP.
    pub fn suite(&self) -> Option<Suite> {
        self.outcome.suite
    }

    /// Where the other side receives media, as it said under the handshake's protection.
    pub fn peer_media(&self) -> SocketAddr {
        self.outcome.peer_media
    }

    /// Names this agreement; goes into the next one of the same call.
    pub fn handshake_hash(&self) -> Digest {
        self.hash
    }

    /// The SAs for the key log, with the addresses that the media loop uses: rows of Wireshark 4.0's `esp_sa` table
    /// (AES-GCM only, the table knows no ChaCha20-Poly1305), then one JSON object for every SA. Secret.
    pub fn keylog(&self, local: SocketAddr, remote: SocketAddr) -> (Vec<String>, Vec<String>) {
        let ends = |sa: &Sa| if self.outcome.is_outbound(sa.way) { (local, remote) } else { (remote, local) };
        let rows = self.sas.iter().filter_map(|sa| keylog::esp_sa_row(sa, ends(sa))).collect();
        let objects = self
            .sas
            .iter()
            .map(|sa| {
                let direction = if self.outcome.is_outbound(sa.way) { "out" } else { "in" };
                keylog::json_object(sa, direction, ends(sa))
            })
            .collect();
        (rows, objects)
    }

    #[cfg(test)]
    pub(super) fn sas(&self) -> &[Sa] {
        &self.sas
    }
}

/// Without the keys.
impl fmt::Debug for Confirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmed").field("hash", &self.hash).field("bundles", &self.bundles()).finish_non_exhaustive()
    }
}

fn add(keys: &mut DirectionKeys, sa: Sa) {
    let Sa { algorithm, spi, key: secret, salt, .. } = sa;
    match algorithm {
        Algorithm::Ah => {
            let mut key = Zeroizing::new([0; 32]);
            key.copy_from_slice(&secret);
            keys.ah = Some(AhKey { spi, key });
        }
        Algorithm::Esp(suite) => keys.esp = Some(EspKey { spi, suite, key: secret, salt: *salt }),
    }
}

impl Outcome {
    fn is_outbound(&self, way: Way) -> bool {
        (self.role == Role::Initiator) == (way == Way::ToResponder)
    }

    /// The SAs that the bundles ask for; whoever receives has chosen the SPI.
    fn wanted(&self) -> impl Iterator<Item = (Way, Algorithm, Spi)> + '_ {
        let directions = [
            (Way::ToResponder, self.bundles.to_responder, self.responder),
            (Way::ToInitiator, self.bundles.to_initiator, self.initiator),
        ];
        directions.into_iter().flat_map(|(way, bundle, spis)| {
            let esp = self.suite.zip(spis.esp).filter(|_| bundle.esp);
            let esp = esp.map(|(suite, spi)| (way, Algorithm::Esp(suite), spi));
            let ah = spis.ah.filter(|_| bundle.ah).map(|spi| (way, Algorithm::Ah, spi));
            esp.into_iter().chain(ah)
        })
    }
}
