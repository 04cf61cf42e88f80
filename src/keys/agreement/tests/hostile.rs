use super::super::noise::{Handshake, Worked, MADE};
use super::super::offered::Offered;
use super::super::payload::{First, Second};
use super::super::prologue::Prologue;
use super::super::tlv::{Kind, Writer};
use super::*;
use crate::vocab::{AgreementKey, SignatureBytes};
use std::time::Duration;

fn offer() -> (Initiator, Vec<u8>) {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = bob.peer();
    Initiator::offer(alice.offer_input(&peer, ESP), [0x11; 32]).unwrap()
}

fn answer(offer: &[u8]) -> Vec<u8> {
    let bob = Agent::bob();
    bob.read(offer).unwrap().answer(bob.choice(ESP, Suite::Aes128Gcm), [0x22; 32]).unwrap().0
}

#[test]
fn a_bit_flipped_anywhere_in_the_offer_is_refused() {
    let (bob, (_, message)) = (Agent::bob(), offer());
    for at in 0..message.len() {
        let mut bad = message.clone();
        bad[at] ^= 1 << (at % 8);
        assert_eq!(bob.read(&bad).err(), Some(AgreementError::Unauthentic), "octet {at}");
    }
}

#[test]
fn a_bit_flipped_anywhere_in_the_answer_is_refused() {
    let message = answer(&offer().1);
    for at in 0..message.len() {
        let mut bad = message.clone();
        bad[at] ^= 1 << (at % 8);
        assert_eq!(offer().0.finish(&bad).err(), Some(AgreementError::Unauthentic), "octet {at}");
    }
}

/// Anybody can send such a message, and an agent may have 33 names.
#[test]
fn a_message_for_none_of_many_names_costs_one_diffie_hellman_and_one_for_the_last_one_more() {
    let (bob, (_, message)) = (Agent::bob(), offer());
    let others: Vec<Entity> = (0..32).map(|n| Entity::parse(&format!("sip:bob{n}@example.org")).unwrap()).collect();
    let whole = [&others[..], std::slice::from_ref(&bob.entity)].concat();
    // Its ephemeral key is of small order.
    let zero = [&[0; 32], &message[32..]].concat();
    for (names, message, name, cost) in
        [(&others, &message, None, 1), (&others, &zero, None, 1), (&whole, &message, Some(&bob.entity), 2)]
    {
        let before = MADE.get();
        let read = Responder::read_by(names, bob.responder_input(), message, NOW);
        assert_eq!(read.filter(|(_, read)| read.is_ok()).map(|(name, _)| name), name);
        assert_eq!(MADE.get() - before, cost);
    }
}

#[test]
fn every_truncation_is_refused() {
    let (bob, (_, message)) = (Agent::bob(), offer());
    for len in 0..message.len() {
        assert_eq!(bob.read(&message[..len]).err(), Some(AgreementError::Unauthentic), "length {len}");
    }
    let answer = answer(&message);
    for len in 0..answer.len() {
        assert_eq!(offer().0.finish(&answer[..len]).err(), Some(AgreementError::Unauthentic), "length {len}");
    }
}

/// Anybody on the way can answer provisionally before the callee does.
#[test]
fn what_is_forged_does_not_spoil_what_is_genuine_and_keys_are_made_once() {
    let (mut initiator, offer) = offer();
    let bob = Agent::bob();
    let (genuine, theirs) = bob.read(&offer).unwrap().answer(bob.choice(ESP, Suite::Aes128Gcm), [0x22; 32]).unwrap();
    for at in [0, 31, 32, genuine.len() - 1] {
        let mut forged = genuine.clone();
        forged[at] ^= 1;
        assert_eq!(initiator.read(&forged).err(), Some(AgreementError::Unauthentic), "octet {at}");
    }
    assert!(initiator.read(b"").is_err());
    assert_eq!(initiator.read(&genuine).unwrap().handshake_hash(), theirs.handshake_hash());
    assert_eq!(initiator.read(&genuine).err(), Some(AgreementError::Unauthentic), "never twice");
}

#[test]
fn an_offer_is_for_one_device_and_one_stream() {
    let (_, message) = offer();
    let bob = Agent::bob();
    let (other_entity, other_device) = (Entity::parse("sip:bob@h").unwrap(), Device::new("bob-mobile").unwrap());
    let input = bob.responder_input();
    let carol = Agent::new("sip:bob@192.168.1.2", "bob-desk", "192.168.1.2:30000", 0x80);
    for wrong in [
        ResponderInput { entity: &other_entity, ..input },
        ResponderInput { device: &other_device, ..input },
        ResponderInput { media_id: "1", ..input },
        ResponderInput { previous: Some(Digest([0; 32])), ..input },
        carol.responder_input(),
    ] {
        assert_eq!(Responder::read(wrong, &message, NOW).err(), Some(AgreementError::Unauthentic));
    }
}

#[test]
fn an_answer_to_another_offer_is_refused() {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = bob.peer();
    let (_, other) = Initiator::offer(alice.offer_input(&peer, ESP), [0x99; 32]).unwrap();
    assert_eq!(offer().0.finish(&answer(&other)).err(), Some(AgreementError::Unauthentic));
}

#[test]
fn an_old_offer_and_one_from_the_future_are_refused() {
    let (bob, (_, message)) = (Agent::bob(), offer());
    let at = |now| Responder::read(bob.responder_input(), &message, now).err();
    let age = MAX_AGE + MAX_SKEW;
    assert_eq!(at(NOW.saturating_add(age)), None);
    assert_eq!(at(NOW.saturating_add(age + Duration::from_millis(1))), Some(AgreementError::Clock));
    let skew = MAX_SKEW.as_millis() as u64;
    assert_eq!(at(Wall(NOW.0 - skew)), None);
    assert_eq!(at(Wall(NOW.0 - skew - 1)), Some(AgreementError::Clock));
}

#[test]
fn a_replayed_offer_is_remembered() {
    let (bob, (_, message)) = (Agent::bob(), offer());
    let mut memory = EphemeralMemory::default();
    let time = bob.read(&message).unwrap().offer().time;
    assert_eq!(memory.check(&message, time, NOW), Ok(*message.first_chunk().unwrap()));
    assert_eq!(memory.check(&message, time, NOW.saturating_add(MAX_AGE)), Err(Replayed::Seen));
}

#[test]
fn our_own_offer_sent_back_is_refused() {
    let bob = Agent::bob();
    let peer = bob.peer();
    let (_, message) = Initiator::offer(bob.offer_input(&peer, ESP), [0x11; 32]).unwrap();
    assert_eq!(bob.read(&message).err(), Some(AgreementError::Reflected));
}

#[test]
fn a_callee_key_of_small_order_makes_no_offer() {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = PeerKeys { agreement: AgreementKey([0; 32]), ..bob.peer() };
    let made = Initiator::offer(alice.offer_input(&peer, ESP), [0x11; 32]);
    assert_eq!(made.err(), Some(AgreementError::Unauthentic));
}

#[test]
fn a_zero_ephemeral_makes_no_keys() {
    let (bob, (_, mut message)) = (Agent::bob(), offer());
    message[..32].fill(0);
    assert_eq!(bob.read(&message).err(), Some(AgreementError::Unauthentic));
}

/// The handshake done by a stranger who can write any payload.
struct Stranger {
    agent: Agent,
    handshake: Handshake,
}

impl Stranger {
    fn calling_bob() -> Self {
        let (agent, bob) = (Agent::alice(), Agent::bob());
        let signing = bob.identity.verify_key();
        let prologue =
            Prologue { callee: &bob.entity, device: &bob.device, signing: &signing, media_id: "0", previous: None };
        let secret = agent.identity.agreement_secret();
        let handshake = Handshake::initiator(secret, &bob.identity.agreement_key(), &prologue.octets()).unwrap();
        Self { agent, handshake }
    }

    fn first(&self) -> First {
        let agent = &self.agent;
        let offered = Offered {
            time: NOW,
            entity: agent.entity.clone(),
            device: agent.device.clone(),
            signing_key: agent.identity.verify_key(),
            agreement_key: agent.identity.agreement_key(),
            media: agent.media,
            bundles: both(ESP),
            suites: Suite::ALL.to_vec(),
            spis: spis(0xc000_0001),
            entry: Digest([0; 32]),
            statement: None,
            ah_nat: false,
            tunnel: None,
            forward: None,
        };
        First { offered, signature: agent.identity.sign_agreement(&agent.entity, &agent.device) }
    }

    fn sends(mut self, payload: &[u8]) -> Option<AgreementError> {
        let message = self.handshake.write(payload, [0x11; 32]).unwrap();
        Agent::bob().read(&message).err()
    }
}

#[test]
fn a_stranger_who_keeps_the_grammar_is_understood() {
    let stranger = Stranger::calling_bob();
    let payload = stranger.first().write();
    assert_eq!(stranger.sends(&payload), None);
}

#[test]
fn an_unknown_critical_field_is_refused_and_another_ignored() {
    for (kind, error) in [
        (Kind(0x0070), None),
        (Kind(0x8070), Some(AgreementError::Payload(PayloadError::UnknownCritical(Kind(0x8070))))),
    ] {
        let stranger = Stranger::calling_bob();
        let mut payload = stranger.first().write();
        payload.extend(Writer::default().field(kind, b"?").finish());
        assert_eq!(stranger.sends(&payload), error);
    }
}

#[test]
fn a_name_that_the_signing_key_did_not_sign_is_refused() {
    let stranger = Stranger::calling_bob();
    let good = stranger.first();
    let entity = Entity::parse("sip:carol@192.168.1.3").unwrap();
    let device = Device::new("other").unwrap();
    let carol = Identity::from_bytes(&[9; 64]);
    let forged = [
        First { offered: Offered { entity, ..good.offered.clone() }, signature: good.signature },
        First { offered: Offered { device, ..good.offered.clone() }, signature: good.signature },
        First {
            offered: Offered { signing_key: carol.verify_key(), ..good.offered.clone() },
            signature: good.signature,
        },
        // Carol signs her own agreement key, but the handshake was made with Alice's.
        First {
            offered: Offered { signing_key: carol.verify_key(), ..good.offered.clone() },
            signature: carol.sign_agreement(&good.offered.entity, &good.offered.device),
        },
        First { offered: good.offered, signature: SignatureBytes([0; 64]) },
    ];
    for first in forged {
        let sent = Stranger::calling_bob().sends(&first.write());
        assert_eq!(sent, Some(AgreementError::Signature), "{:?}", first.offered);
    }
}

#[test]
fn a_payload_cut_anywhere_is_refused() {
    let payload = Stranger::calling_bob().first().write();
    for len in 0..payload.len() {
        let sent = Stranger::calling_bob().sends(&payload[..len]);
        assert!(matches!(sent, Some(AgreementError::Payload(_))), "length {len}: {sent:?}");
    }
}

/// Bob's side by a stranger who chooses what he may not.
fn finish_with(second: &Second) -> Option<AgreementError> {
    let (initiator, message) = offer();
    let bob = Agent::bob();
    let signing = bob.identity.verify_key();
    let prologue =
        Prologue { callee: &bob.entity, device: &bob.device, signing: &signing, media_id: "0", previous: None };
    let mut handshake =
        Handshake::responder(bob.identity.agreement_secret(), &prologue.octets(), &Worked::default()).unwrap();
    handshake.read(&message).unwrap();
    initiator.finish(&handshake.write(&second.write(), [0x22; 32]).unwrap()).err()
}

#[test]
fn a_choice_is_held_against_the_offer() {
    let bob = Agent::bob();
    let good = Second { media: bob.media, bundles: both(ESP), spis: spis(0xd000_0001), suite: Some(Suite::Aes128Gcm) };
    assert_eq!(finish_with(&good), None);
    let twice = Spis { esp: Spi::new(0xd000_0001), ah: Spi::new(0xd000_0001) };
    for (bad, error) in [
        (Second { bundles: both(NONE), suite: None, ..good }, ChoiceError::Looser),
        (Second { suite: None, ..good }, ChoiceError::SuiteMissing),
        (Second { spis: Spis::default(), ..good }, ChoiceError::SpiMissing),
        (Second { spis: twice, ..good }, ChoiceError::SpiTwice),
    ] {
        assert_eq!(finish_with(&bad), Some(AgreementError::Choice(error)));
    }
}

#[test]
fn a_callee_that_chooses_less_is_stopped_on_its_own_side() {
    let (bob, (_, message)) = (Agent::bob(), offer());
    let chosen = bob.read(&message).unwrap().answer(bob.choice(NONE, Suite::Aes128Gcm), [0x22; 32]);
    assert_eq!(chosen.err(), Some(AgreementError::Choice(ChoiceError::Looser)));
}
