//! `tests/data/keys/agreement.json`: one agreement with every input and output, for strangers.
//!
//! After a deliberate change of the protocol, the failing test prints what to put there.

use super::super::prologue::Prologue;
use super::super::schedule::Way;
use super::*;
use crate::keys::identity::agreement_text;
use crate::keys::{fingerprint, safety_phrase, Party};
use crate::policy::Framing;
use serde_json::{json, Value};

const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/agreement.json"));

fn party(agent: &Agent, ephemeral: [u8; 32]) -> Value {
    let (signing, agreement) = (agent.identity.verify_key(), agent.identity.agreement_key());
    json!({
        "entity": agent.entity.as_str(),
        "device": agent.device.as_str(),
        "identity_secret": hex::encode(*agent.identity.to_bytes()),
        "signing_key": hex::encode(signing.0),
        "agreement_key": hex::encode(agreement.0),
        "fingerprint": fingerprint(&signing, &agreement).to_string(),
        "agreement_text": hex::encode(agreement_text(&agent.entity, &agent.device, &agreement)),
        "agreement_signature": hex::encode(agent.identity.sign_agreement(&agent.entity, &agent.device).0),
        "ephemeral_secret": hex::encode(ephemeral),
        "media": agent.media.to_string(),
    })
}

fn phrase(a: &Agent, b: &Agent) -> String {
    let keys = (a.identity.verify_key(), b.identity.verify_key());
    let a = Party { entity: &a.entity, device: &a.device, signing: &keys.0 };
    let b = Party { entity: &b.entity, device: &b.device, signing: &keys.1 };
    safety_phrase(&a, &b).join(" ")
}

const TUNNEL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/agreement-tunnel.json"));

fn made(demanded: Bundle, chosen: Bundle) -> Value {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = bob.peer();
    let (_, offer) = Initiator::offer(alice.offer_input(&peer, demanded), [0x11; 32]).unwrap();
    let responder = bob.read(&offer).unwrap();
    let (answer, confirmed) = responder.answer(bob.choice(chosen, Suite::Aes256Gcm), [0x22; 32]).unwrap();
    let prologue =
        Prologue { callee: &bob.entity, device: &bob.device, signing: &peer.signing, media_id: "0", previous: None };
    let sas: Vec<Value> = confirmed.sas().iter().map(sa).collect();
    json!({
        "initiator": party(&alice, [0x11; 32]),
        "responder": party(&bob, [0x22; 32]),
        "safety_phrase": phrase(&alice, &bob),
        "media_id": "0",
        "time_ms": NOW.0,
        "prologue": hex::encode(prologue.octets()),
        "message_1": hex::encode(&offer),
        "message_2": hex::encode(&answer),
        "handshake_hash": confirmed.handshake_hash().to_string(),
        "sas": sas,
    })
}

fn sa(sa: &super::super::schedule::Sa) -> Value {
    let protocol = sa.algorithm.protocol();
    json!({
        "direction": if sa.way == Way::ToResponder { 0 } else { 1 },
        "protocol": protocol.to_string(),
        "spi": sa.spi.to_string(),
        "key": hex::encode(&*sa.key),
        "salt": if protocol == crate::policy::Protocol::Esp { hex::encode(*sa.salt) } else { String::new() },
    })
}

#[test]
fn the_published_agreements_come_out_again() {
    let ipcomp_in_tunnel = Framing { esp_tunnel: true, ipcomp: true, ..Framing::PLAIN };
    let tunnel = Bundle { framing: ipcomp_in_tunnel, ..ESP };
    for (made, published) in [(made(ESP, BOTH), VECTORS), (made(tunnel, tunnel), TUNNEL)] {
        let published: Value = serde_json::from_str(published).unwrap();
        assert_eq!(made, published, "{made:#}");
    }
}
