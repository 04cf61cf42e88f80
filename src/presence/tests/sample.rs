//! Statements to test with.

use ed25519_dalek::{Signer, SigningKey};

use crate::policy::*;
use crate::presence::{canonical_text, vouch_text, Introduction, Signed};
use crate::vocab::*;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn verify_key(seed: u8) -> VerifyKey {
    VerifyKey(key(seed).verifying_key().to_bytes())
}

/// Signs with the key of `seed`, whatever key the statement itself names.
pub fn sign(statement: Statement, seed: u8) -> Signed {
    let signature = SignatureBytes(key(seed).sign(canonical_text(&statement).as_bytes()).to_bytes());
    Signed { statement, signature }
}

/// FIG. 5: in the office, 192.168.1.1 asks 192.168.1.2, who says any ports, udp, out, none; place office.
pub fn fig5() -> Statement {
    Statement {
        entity: Entity::parse("sip:bob@192.168.1.2").unwrap(),
        contact: PeerText::new("sip:bob@192.168.1.2:5060"),
        device: Device::new("6f1d2c3b-bob").unwrap(),
        version: 1_790_000_000_123,
        issued: Wall::from_secs(1_790_000_000),
        expires: Wall::from_secs(1_790_003_600),
        purpose: Purpose::Notify,
        audience: Audience::Device(Device::new("0a9b8c7d-alice").unwrap()),
        nonce: Nonce(std::array::from_fn(|i| i as u8)),
        person: Some(Person { user: Some(PeerText::new("Bob Cole")), place: Some(PeerText::new("office")) }),
        environment: Some(Environment {
            scope: Scope::Private,
            evidence: Evidence::Network,
            address: Some([192, 168, 1, 2].into()),
        }),
        signing_key: verify_key(7),
        agreement_key: AgreementKey([9; 32]),
        signed_by: None,
        supports: Capabilities {
            protocols: vec![Protocol::Esp, Protocol::Ah],
            tunnel: false,
            suites: vec![Suite::Chacha20Poly1305, Suite::Aes128Gcm],
            codecs: vec![PeerText::new("PCMU"), PeerText::new("PCMA")],
            kem: vec![],
        },
        policies: vec![StatedPolicy {
            id: PeerText::new("p1"),
            direction: Direction::Out,
            action: Action::None,
            selector: Selector {
                source: Prefix::host([192, 168, 1, 1].into()),
                source_ports: Ports::Any,
                destination: Prefix::host([192, 168, 1, 2].into()),
                destination_ports: Ports::Any,
                upper: Upper::Udp,
            },
            suites: vec![],
            keying: Keying::Agreement,
            expires: None,
        }],
        request: None,
        proposal: None,
        answer: None,
    }
}

/// Has every field that a statement can have, with a vouch by the key of seed 8.
pub fn full() -> Statement {
    let mut full = fig5();
    let new =
        Introduction { device: full.device.clone(), signing_key: full.signing_key, agreement_key: full.agreement_key };
    let vouch = vouch_text(&full.entity, &new);
    full.signed_by = Some((verify_key(8), SignatureBytes(key(8).sign(vouch.as_bytes()).to_bytes())));
    full.supports.tunnel = true;
    full.supports.kem = vec![PeerText::new("ML-KEM-768")];
    full.request = Some(Wanted::BOTH);
    full.person = Some(Person {
        user: Some(PeerText::new(" Zoë & <Co>\t\r\n\u{202e}\u{9b} 100% ")),
        place: Some(PeerText::new("external")),
    });
    full.policies.push(StatedPolicy {
        id: PeerText::new("p2"),
        direction: Direction::In,
        action: Action::Ipsec(vec![
            Rule { protocol: Protocol::Ipcomp, mode: Mode::Transport, level: Level::Use },
            Rule { protocol: Protocol::Esp, mode: tunnel(), level: Level::Require },
            Rule { protocol: Protocol::Ah, mode: Mode::Transport, level: Level::Unique },
        ]),
        selector: Selector {
            source: Prefix::new("2001:db8::1".parse().unwrap(), 64).unwrap(),
            source_ports: Ports::one(5060),
            destination: Prefix::Any,
            destination_ports: Ports::Range { first: 16384, last: 32767 },
            upper: Upper::Tcp,
        },
        suites: vec![Suite::Aes256Gcm],
        keying: Keying::Agreement,
        expires: Some(Wall::from_secs(1_790_009_999)),
    });
    full
}

/// Alice proposes to Bob that their packets go in clear, both ways.
pub fn proposal() -> Statement {
    let policies = full().policies;
    Statement {
        entity: Entity::parse("sip:alice@192.168.1.1").unwrap(),
        contact: PeerText::new("sip:alice@192.168.1.1:5060"),
        device: Device::new("0a9b8c7d-alice").unwrap(),
        purpose: Purpose::Proposal,
        audience: Audience::Device(Device::new("6f1d2c3b-bob").unwrap()),
        policies: Vec::new(),
        proposal: Some(Proposal {
            id: PeerText::new("6e65676f74696174"),
            policies,
            note: Some(PeerText::new("the line is slow\u{202e} & long\n")),
        }),
        ..fig5()
    }
}

/// Bob's answer: he would take the first of the two policies.
pub fn answer() -> Statement {
    let proposed = proposal();
    let hash = crate::presence::proposal_hash((&proposed.entity, &proposed.device), &proposed.proposal.unwrap());
    Statement {
        purpose: Purpose::Answer,
        answer: Some(ProposalAnswer {
            proposal: hash,
            decision: ProposalDecision::Countered,
            policies: fig5().policies,
            note: Some(PeerText::new("not inwards")),
        }),
        ..fig5()
    }
}

fn tunnel() -> Mode {
    Mode::Tunnel { source: "2001:db8::7".parse().unwrap(), destination: "2001:db8::8".parse().unwrap() }
}
