use super::super::schedule::Way;
use super::*;
use crate::keys::agreement::schedule::Algorithm;

#[test]
fn both_sides_hold_the_same_keys_in_crossed_directions() {
    for suite in Suite::ALL {
        let (alice, bob) = agree(BOTH, suite);
        assert_eq!(alice.handshake_hash(), bob.handshake_hash());
        assert_eq!((alice.bundles(), alice.suite()), (bob.bundles(), bob.suite()));
        assert_eq!(alice.sas().len(), 4);
        for (ours, theirs) in alice.sas().iter().zip(bob.sas()) {
            assert_eq!((ours.way, ours.algorithm, ours.spi), (theirs.way, theirs.algorithm, theirs.spi));
            assert_eq!((&ours.key, &ours.salt), (&theirs.key, &theirs.salt));
        }
    }
}

#[test]
fn no_two_associations_share_a_key() {
    let (alice, _) = agree(BOTH, Suite::Aes256Gcm);
    let mut keys: Vec<_> = alice.sas().iter().map(|sa| sa.key.to_vec()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[test]
fn who_receives_has_chosen_the_spi() {
    let (alice, _) = agree(ESP, Suite::Aes128Gcm);
    let spi = |way| alice.sas().iter().find(|sa| sa.way == way).unwrap().spi.get();
    assert_eq!((spi(Way::ToResponder), spi(Way::ToInitiator)), (0xd000_0001, 0xc000_0001));
}

#[test]
fn the_offer_says_what_it_was_made_of() {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = bob.peer();
    let (_, message) = Initiator::offer(alice.offer_input(&peer, ESP), [0x11; 32]).unwrap();
    let responder = bob.read(&message).unwrap();
    let offered = responder.offer();
    assert_eq!((&offered.entity, &offered.device), (&alice.entity, &alice.device));
    assert_eq!(offered.signing_key, alice.identity.verify_key());
    assert_eq!(offered.agreement_key, alice.identity.agreement_key());
    assert_eq!((offered.media, offered.time), (alice.media, NOW));
    assert_eq!((offered.bundles, offered.spis), (both(ESP), spis(0xc000_0001)));
    assert_eq!(offered.suites, Suite::ALL);
    assert_eq!((offered.entry, offered.statement), (Digest([0xe1; 32]), Some(Digest([0x5a; 32]))));
}

#[test]
fn both_know_where_the_other_receives() {
    let (alice, bob) = agree(NONE, Suite::Aes128Gcm);
    assert_eq!(alice.peer_media(), Agent::bob().media);
    assert_eq!(bob.peer_media(), Agent::alice().media);
}

#[test]
fn an_empty_bundle_has_no_associations() {
    let (alice, bob) = agree(NONE, Suite::Aes128Gcm);
    assert!(alice.sas().is_empty() && bob.sas().is_empty());
    assert_eq!((alice.suite(), alice.bundles()), (None, Bundles::default()));
}

#[test]
fn the_callee_may_add_what_the_caller_can_do() {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let peer = bob.peer();
    let (initiator, offer) = Initiator::offer(alice.offer_input(&peer, NONE), [0x11; 32]).unwrap();
    let choice = bob.choice(BOTH, Suite::Chacha20Poly1305);
    let (answer, _) = bob.read(&offer).unwrap().answer(choice, [0x22; 32]).unwrap();
    let confirmed = initiator.finish(&answer).unwrap();
    assert_eq!(confirmed.bundles(), both(BOTH));
    let algorithms: Vec<_> = confirmed.sas().iter().map(|sa| sa.algorithm).collect();
    let esp = Algorithm::Esp(Suite::Chacha20Poly1305);
    assert_eq!(algorithms, [esp, Algorithm::Ah, esp, Algorithm::Ah]);
}

#[test]
fn a_second_agreement_is_bound_to_the_first() {
    let (alice, bob) = (Agent::alice(), Agent::bob());
    let (first, _) = agree(ESP, Suite::Aes128Gcm);
    let peer = bob.peer();
    let previous = Some(first.handshake_hash());
    let input = OfferInput { previous, ..alice.offer_input(&peer, ESP) };
    let (_, offer) = Initiator::offer(input, [0x33; 32]).unwrap();
    assert_eq!(bob.read(&offer).err(), Some(AgreementError::Unauthentic));
    let input = ResponderInput { previous, ..bob.responder_input() };
    assert!(Responder::read(input, &offer, NOW).is_ok());
}

#[test]
fn the_longest_names_fit_and_more_does_not() {
    let (mut alice, bob) = (Agent::alice(), Agent::bob());
    alice.entity = Entity::parse(&format!("sip:{}@h", "a".repeat(250))).unwrap();
    alice.device = Device::new(&"d".repeat(128)).unwrap();
    let peer = bob.peer();
    let (_, offer) = Initiator::offer(alice.offer_input(&peer, BOTH), [0x11; 32]).unwrap();
    assert_eq!(bob.read(&offer).unwrap().offer().entity, alice.entity);
    assert_eq!(bob.read(&[0; MAX_MESSAGE + 1]).err(), Some(AgreementError::Length));
}

#[test]
fn protection_is_made_of_any_bundle() {
    let tunnel = crate::policy::Framing { esp_tunnel: true, ipcomp: true, ..Default::default() };
    for bundle in [NONE, ESP, Bundle::AH, BOTH, Bundle { framing: tunnel, ..ESP }] {
        for suite in Suite::ALL {
            let (alice, bob) = agree(bundle, suite);
            let _ = (alice.into_protection(), bob.into_protection());
        }
    }
}
