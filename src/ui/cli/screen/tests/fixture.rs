//! Reviews as the agent makes them, for the screens.

use std::net::IpAddr;

use crate::agent::{OpenReview, ReviewState};
use crate::app::control::view::ReviewView;
use crate::policy::{
    setkey, Audience, Capabilities, Circumstances, Entry, Environment, Evidence, KeyState, Level, Person, Protocol,
    Provenance, Purpose, Review, ReviewInput, Rule, Scope, StatedPolicy, Statement, Suite,
};
use crate::presence::{Names, PresenceRecord};
use crate::vocab::{AgreementKey, AskId, Device, Entity, Generation, Nonce, PeerText, ReviewId, VerifyKey, Wall};

/// 2026-11-22T19:38:50Z.
pub const NOW: Wall = Wall(1_795_376_330_000);
pub const MINUTE: u64 = 60_000;
const ALICE: &str = "192.168.1.1";

/// One review, with what can be told apart on its screens.
#[derive(Clone)]
pub struct Case {
    pub statement: Statement,
    pub address: IpAddr,
    pub key_state: KeyState,
    pub asked_for_presence: bool,
    pub about: Circumstances,
    pub ours: Environment,
    /// Our entries for the peer, as spdadd lines.
    pub current: String,
    /// What a refused call lacked.
    pub missing: Vec<Rule>,
    /// By which name of an account the peer knows us.
    pub known_as: Option<String>,
    pub names: Names,
    pub state: ReviewState,
}

impl Case {
    /// FIG. 8 and 9: both are in the office, and the peer asks for no protection.
    pub fn office() -> Self {
        Self::at("192.168.1.2", Scope::Private, "office")
    }

    /// FIG. 11 and 12: the peer is outside.
    pub fn outside() -> Self {
        Self::at("133.134.10.10", Scope::Public, "external")
    }

    pub fn at(address: &str, scope: Scope, place: &str) -> Self {
        let (ours, theirs) = (ip(ALICE), ip(address));
        let person = Person { user: Some(PeerText::new("Bob Cole")), place: Some(PeerText::new(place)) };
        Self {
            statement: Statement { person: Some(person), ..statement(address, environment(scope, theirs)) },
            address: theirs,
            key_state: KeyState::New,
            asked_for_presence: true,
            about: Circumstances::default(),
            ours: environment(Scope::Private, ours),
            current: demands("ipsec esp/transport//require"),
            missing: Vec::new(),
            known_as: None,
            names: Names::default(),
            state: ReviewState::Pending,
        }
        .demanding("none;")
    }

    /// The peer's policies are these spdadd lines.
    pub fn asking(mut self, policies: &str) -> Self {
        let state = |(number, entry): (usize, Entry)| StatedPolicy {
            id: PeerText::new(format!("p{number}")),
            direction: entry.direction,
            action: entry.action,
            selector: entry.selector,
            suites: entry.suites,
            keying: entry.keying,
            expires: entry.expires,
        };
        self.statement.policies = setkey::parse(policies).unwrap().into_iter().enumerate().map(state).collect();
        self
    }

    /// In both directions of its own media.
    pub fn demanding(self, action: &str) -> Self {
        let address = self.address;
        self.asking(&format!("spdadd {ALICE} {address} udp -P out {action}"))
    }

    pub fn withheld(mut self) -> Self {
        (self.statement.person, self.statement.environment) = (None, None);
        self
    }

    pub fn record(&self) -> PresenceRecord {
        let record = PresenceRecord::from_statement(&self.statement, Some(self.address), None);
        PresenceRecord { names: self.names.clone(), ..record }
    }

    pub fn view(&self) -> ReviewView {
        let review = Review::new(ReviewInput {
            kind: crate::policy::ReviewKind::Statement,
            statement: self.statement.clone(),
            provenance: Provenance { observed: Some(self.address), received: NOW },
            key_state: self.key_state,
            wanted_presence: self.asked_for_presence,
            circumstances: self.about,
            own_environment: self.ours,
            own_address: ip(ALICE),
            peer_address: self.address,
            gateways: Vec::new(),
            current: setkey::parse(&self.current).unwrap(),
            by_tcp: Vec::new(),
            generation: Generation(0),
            default_level: Level::Require,
        });
        ReviewView::from(&OpenReview {
            rule: None,
            id: ReviewId(1),
            ask: Some(AskId(1)),
            review: review.unwrap(),
            ours: self.known_as.as_deref().map(|name| Entity::parse(name).unwrap()),
            presence: self.record(),
            opened: NOW,
            deadline: Wall(NOW.0 + 10 * MINUTE),
            state: self.state.clone(),
            missing: self.missing.iter().map(Rule::to_string).collect(),
            note: None,
            proposal: None,
            group: None,
        })
    }
}

/// An entry of ours for everybody, in both directions.
pub fn demands(action: &str) -> String {
    format!("spdadd any any udp -P out {action}; spdadd any any udp -P in {action};")
}

pub fn environment(scope: Scope, address: IpAddr) -> Environment {
    Environment { scope, evidence: Evidence::Address, address: Some(address) }
}

fn statement(address: &str, environment: Environment) -> Statement {
    let octets = |salt: u8| std::array::from_fn(|at| (at as u8).wrapping_mul(37).wrapping_add(salt));
    let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    Statement {
        entity: Entity::parse(&format!("sip:bob@{host}")).unwrap(),
        contact: PeerText::new(format!("sip:bob@{host}:5060")),
        device: Device::new("53ba3eeb-3495-44d2-b8a0-4241d1479e24").unwrap(),
        version: NOW.0,
        issued: NOW,
        expires: Wall(NOW.0 + 60 * MINUTE),
        purpose: Purpose::Notify,
        audience: Audience::Any,
        nonce: Nonce([1; 16]),
        person: None,
        environment: Some(environment),
        signing_key: VerifyKey(octets(3)),
        agreement_key: AgreementKey(octets(5)),
        signed_by: None,
        supports: Capabilities {
            protocols: Protocol::IPSEC.to_vec(),
            tunnel: true,
            suites: Suite::ALL.to_vec(),
            codecs: vec![PeerText::new("PCMU"), PeerText::new("PCMA")],
            kem: Vec::new(),
        },
        policies: Vec::new(),
        request: None,
        proposal: None,
        answer: None,
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
