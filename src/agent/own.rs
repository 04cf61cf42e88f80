//! What we say of ourselves: presence, surroundings, and signed statements.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use rand_core::RngCore;

use super::config::AgentConfig;
use crate::policy::{
    judge, Audience, Capabilities, Environment, Evidence, KnownPlace, Person, Proposal, ProposalAnswer, Protocol,
    Purpose, Scope, StatedPolicy, Statement, Suite, Wanted, Whereabouts,
};
use crate::presence::{self, Names, PresenceRecord, Signed, Vouch};
use crate::sdp::AudioFormat;
use crate::vocab::{Entity, Nonce, PeerText, Wall};

/// How long a statement of ours may be acted on.
pub const STATEMENT_LIFE: Duration = Duration::from_secs(3600);

/// Our own row of the presence database, and the counter of our statements.
pub struct Own {
    /// What the user typed.
    typed: Names,
    /// As typed, else as configured.
    user: Option<String>,
    /// As typed, else as it was judged.
    place: String,
    environment: Environment,
    /// As far as the system has told.
    there: Option<Whereabouts>,
    version: u64,
    since: Wall,
    /// The word of an older device of ours, for each name of which it gave one.
    vouches: BTreeMap<Entity, Vouch>,
}

/// What one statement is to say; the rest is always the same.
pub struct Saying {
    /// Which of our names it is about.
    pub entity: Entity,
    pub purpose: Purpose,
    pub audience: Audience,
    pub nonce: Nonce,
    /// Whether the reader may learn who and where we are.
    pub presence: bool,
    pub policies: Vec<StatedPolicy>,
    pub request: Option<Wanted>,
    pub proposal: Option<Proposal>,
    pub answer: Option<ProposalAnswer>,
}

impl Own {
    pub fn new(
        config: &AgentConfig,
        typed: &Names,
        vouches: Vec<(Option<Entity>, Vouch)>,
        version: u64,
        now: Wall,
    ) -> Self {
        // What has a name comes last, and counts.
        let mut vouches = vouches;
        vouches.sort_by_key(|(name, _)| name.is_some());
        let own = |name: Option<Entity>| name.unwrap_or_else(|| config.entity.clone());
        let mut own = Self {
            typed: Names::default(),
            user: None,
            place: String::new(),
            environment: Environment {
                scope: Scope::Unknown,
                evidence: Evidence::Address,
                address: Some(config.media_address),
            },
            there: None,
            version,
            since: now,
            vouches: vouches.into_iter().map(|(name, vouch)| (own(name), vouch)).collect(),
        };
        own.set(config, typed, now);
        own
    }

    /// What the user typed now; what he left out stays. Without a place the address is judged again.
    pub fn set(&mut self, config: &AgentConfig, change: &Names, now: Wall) {
        self.typed.change(change);
        self.user = self.typed.user.clone().or_else(|| config.display_name.clone());
        self.judge(config);
        self.since = now;
    }

    /// Where we are now.
    pub fn look_around(&mut self, config: &AgentConfig, there: Whereabouts, now: Wall) {
        let before = (self.environment, self.place.clone());
        self.there = Some(there);
        self.judge(config);
        if before != (self.environment, self.place.clone()) {
            self.since = now;
        }
    }

    fn judge(&mut self, config: &AgentConfig) {
        let known: Vec<KnownPlace<'_>> = config
            .places
            .iter()
            .map(|place| KnownPlace {
                name: &place.name,
                scope: place.scope,
                networks: &place.networks,
                gateways: &place.gateways,
            })
            .collect();
        let there = self.there.unwrap_or(Whereabouts { address: config.media_address, gateway: None });
        let judged = judge(there, &known, self.typed.place.as_deref());
        self.environment = Environment::of(&judged, there.address);
        self.place = judged.place;
    }

    pub fn vouches(&self) -> &BTreeMap<Entity, Vouch> {
        &self.vouches
    }

    pub fn take_vouch(&mut self, name: Entity, vouch: Vouch) {
        self.vouches.insert(name, vouch);
    }

    pub fn forget_vouch(&mut self, name: &Entity) {
        self.vouches.remove(name);
    }

    pub fn environment(&self) -> Environment {
        self.environment
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// FIG. 6 for ourselves.
    pub fn record(&self, config: &AgentConfig, contact: &str) -> PresenceRecord {
        PresenceRecord {
            entity: config.entity.clone(),
            device: config.device.clone(),
            contact: PeerText::new(contact),
            address: self.environment.address,
            observed: true,
            user: self.user.as_deref().map(PeerText::new),
            place: Some(PeerText::new(self.place())),
            environment: Some(self.environment),
            time: self.since,
            version: self.version,
            expires: self.since.saturating_add(STATEMENT_LIFE),
            names: Names::default(),
        }
    }

    /// A statement of now, signed.
    pub fn sign(&mut self, config: &AgentConfig, contact: &str, saying: Saying, now: Wall) -> Signed {
        self.version = (self.version + 1).max(now.0);
        let statement = self.statement(config, contact, saying, now);
        let signature = config.identity.sign("sottovoce-statement-1", presence::canonical_text(&statement).as_bytes());
        Signed { statement, signature }
    }

    /// What a statement of now says, with the version of the last one that was signed.
    pub fn statement(&self, config: &AgentConfig, contact: &str, saying: Saying, now: Wall) -> Statement {
        let issued = Wall::from_secs(now.as_secs());
        let person = Person { user: self.user.as_deref().map(PeerText::new), place: Some(PeerText::new(self.place())) };
        Statement {
            signed_by: self.vouches.get(&saying.entity).map(|vouch| (vouch.key, vouch.signature)),
            entity: saying.entity,
            contact: PeerText::new(contact),
            device: config.device.clone(),
            version: self.version,
            issued,
            expires: issued.saturating_add(STATEMENT_LIFE),
            purpose: saying.purpose,
            audience: saying.audience,
            nonce: saying.nonce,
            person: saying.presence.then_some(person),
            environment: saying.presence.then_some(self.environment),
            signing_key: config.identity.verify_key(),
            agreement_key: config.identity.agreement_key(),
            supports: capabilities(&config.codecs),
            policies: saying.policies,
            request: saying.request,
            proposal: saying.proposal,
            answer: saying.answer,
        }
    }
}

/// What this version can do.
pub fn capabilities(codecs: &[AudioFormat]) -> Capabilities {
    Capabilities {
        protocols: Protocol::IPSEC.to_vec(),
        tunnel: true,
        suites: Suite::ALL.to_vec(),
        codecs: codecs.iter().map(|codec| PeerText::new(codec.name())).collect(),
        kem: Vec::new(),
    }
}

pub fn random_nonce(rng: &mut impl RngCore) -> Nonce {
    let mut octets = [0; 16];
    rng.fill_bytes(&mut octets);
    Nonce(octets)
}

/// The text of an address in a URI or an SDP line: IPv6 in brackets.
pub fn uri_host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}
