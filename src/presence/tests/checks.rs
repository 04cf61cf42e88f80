//! Whose, for whom, when, in answer to what; and the record that comes of it.

use super::sample::{fig5, full, key, sign, verify_key};
use crate::policy::{Audience, Purpose, Statement};
use crate::presence::{check, entity_host_is, vouched, BadSignature, Expected, Names, PresenceRecord, Unfit};
use crate::vocab::{Device, Entity, Nonce, VerifyKey, Wall};

fn entity(text: &str) -> Entity {
    Entity::parse(text).unwrap()
}

/// Checks as Alice does, after `change`, at `seconds` after the statement was issued.
fn checked(seconds: i64, change: impl Fn(&mut Statement, &mut Expected<'_>)) -> Result<(), Unfit> {
    let mut statement = fig5();
    let bob = statement.entity.clone();
    let ours = [entity("sip:alice@192.168.1.1"), entity("sip:192.168.1.1")];
    let device = Device::new("0a9b8c7d-alice").unwrap();
    let mut expected = Expected {
        purpose: Purpose::Notify,
        entity: Some(&bob),
        our_entities: &ours,
        our_device: &device,
        nonce: Some(statement.nonce),
        now: Wall::from_secs(statement.issued.as_secs().checked_add_signed(seconds).unwrap()),
    };
    change(&mut statement, &mut expected);
    check(&statement, &expected)
}

#[test]
fn what_was_expected_passes() {
    assert_eq!(checked(0, |_, _| {}), Ok(()));
    assert_eq!(checked(0, |_, e| (e.entity, e.nonce) = (None, None)), Ok(()));
    assert_eq!(checked(0, |s, _| s.audience = Audience::Entity(entity("sip:192.168.1.1"))), Ok(()));
}

#[test]
fn each_misfit_has_its_name() {
    assert_eq!(checked(0, |s, _| s.purpose = Purpose::Request), Err(Unfit::WrongPurpose));
    assert_eq!(checked(0, |s, _| s.entity = entity("sip:eve@192.168.1.2")), Err(Unfit::WrongEntity));
    assert_eq!(checked(0, |s, _| s.audience = Audience::Any), Err(Unfit::NotForUs));
    assert_eq!(checked(0, |s, _| s.audience = Audience::Entity(entity("sip:eve@e"))), Err(Unfit::NotForUs));
    assert_eq!(checked(0, |s, _| s.audience = Audience::Device(s.device.clone())), Err(Unfit::NotForUs));
    assert_eq!(checked(0, |s, _| s.nonce = Nonce([1; 16])), Err(Unfit::WrongNonce));
    assert_eq!(checked(0, |s, _| s.expires = s.issued), Err(Unfit::Expired));
}

#[test]
fn a_publication_is_for_everybody_and_nothing_else_is() {
    let published = |s: &mut Statement, e: &mut Expected<'_>| {
        (s.purpose, s.audience) = (Purpose::Publish, Audience::Any);
        (e.purpose, e.nonce) = (Purpose::Publish, None);
    };
    assert_eq!(checked(0, published), Ok(()));
    assert_eq!(checked(3600 + 300, published), Err(Unfit::Expired));
    let for_one = |s: &mut Statement, e: &mut Expected<'_>| {
        published(s, e);
        s.audience = Audience::Device(e.our_device.clone());
    };
    assert_eq!(checked(0, for_one), Err(Unfit::NotForUs));
    assert_eq!(
        checked(0, |s, _| (s.purpose, s.audience) = (Purpose::Publish, Audience::Any)),
        Err(Unfit::WrongPurpose)
    );
}

#[test]
fn time_has_five_minutes_of_play_at_both_ends() {
    assert_eq!(checked(-300, |_, _| {}), Ok(()));
    assert_eq!(checked(-301, |_, _| {}), Err(Unfit::IssuedInFuture));
    assert_eq!(checked(3600 + 299, |_, _| {}), Ok(()));
    assert_eq!(checked(3600 + 300, |_, _| {}), Err(Unfit::Expired));
}

#[test]
fn a_request_lives_two_minutes() {
    let request = |s: &mut Statement, e: &mut Expected<'_>| {
        s.purpose = Purpose::Request;
        (e.purpose, e.nonce) = (Purpose::Request, None);
    };
    assert_eq!(checked(120, request), Ok(()));
    assert_eq!(checked(121, request), Err(Unfit::StaleRequest));
    let proposal = |s: &mut Statement, e: &mut Expected<'_>| {
        s.purpose = Purpose::Proposal;
        (e.purpose, e.nonce) = (Purpose::Proposal, None);
    };
    assert_eq!(checked(120, proposal), Ok(()));
    assert_eq!(checked(121, proposal), Err(Unfit::StaleRequest));
}

#[test]
fn an_entity_is_at_an_address_only_when_it_says_so() {
    let at = |text: &str, address: &str| {
        let statement = Statement { entity: entity(text), ..fig5() };
        entity_host_is(&statement, address.parse().unwrap())
    };
    assert!(at("sip:bob@192.168.1.2", "192.168.1.2"));
    assert!(at("sip:bob@192.168.1.2:5062", "::ffff:192.168.1.2"));
    assert!(at("sip:bob@[2001:db8::1]", "2001:db8::1") && at("sip:[2001:db8::1]:5060", "2001:db8::1"));
    assert!(!at("sip:bob@192.168.1.2", "192.168.1.3") && !at("sip:bob@example.com", "192.168.1.2"));
    assert!(!at("sip:bob@[2001:db8::1", "2001:db8::1") && !at("sip:192.168.1.2@evil.example", "192.168.1.2"));
}

#[test]
fn only_the_statements_own_key_verifies_it() {
    assert_eq!(sign(fig5(), 8).verify(), Err(BadSignature::Mismatch));
    let mut weak = fig5();
    weak.signing_key = VerifyKey(std::array::from_fn(|i| u8::from(i == 0)));
    assert_eq!(sign(weak, 7).verify(), Err(BadSignature::Key));
    let mut off_curve = fig5();
    off_curve.signing_key = VerifyKey(std::array::from_fn(|i| 2 * u8::from(i == 0)));
    assert_eq!(sign(off_curve, 7).verify(), Err(BadSignature::Key));
    assert!(sign(fig5(), 7).verify().is_ok());
}

#[test]
fn a_vouch_holds_for_one_device_and_its_two_keys() {
    assert_eq!(vouched(&full()), Some(verify_key(8)));
    assert_eq!(vouched(&fig5()), None);
    let broken = |change: fn(&mut Statement)| {
        let mut statement = full();
        change(&mut statement);
        vouched(&statement)
    };
    assert_eq!(broken(|s| s.entity = entity("sip:eve@e")), None);
    assert_eq!(broken(|s| s.device = Device::new("other").unwrap()), None);
    assert_eq!(broken(|s| s.signing_key = VerifyKey(key(9).verifying_key().to_bytes())), None);
    assert_eq!(broken(|s| s.agreement_key.0[0] ^= 1), None);
    assert_eq!(broken(|s| s.signed_by.as_mut().unwrap().0 = verify_key(9)), None);
}

#[test]
fn a_record_keeps_our_own_names_and_says_where_its_address_is_from() {
    let mut first = PresenceRecord::from_statement(&fig5(), None, None);
    assert_eq!((first.address, first.observed), (Some([192, 168, 1, 2].into()), false));
    assert_eq!(first.time, fig5().issued);
    first.names = Names { user: Some("Bobby".into()), ..Names::default() };
    let observed = Some([133, 134, 10, 10].into());
    let next = PresenceRecord::from_statement(&full(), observed, Some(&first));
    assert_eq!((next.address, next.observed), (observed, true));
    assert_eq!((next.names, next.user), (first.names.clone(), full().person.unwrap().user));
    let other = Statement { entity: entity("sip:eve@e"), person: None, environment: None, ..fig5() };
    let other = PresenceRecord::from_statement(&other, None, Some(&first));
    assert_eq!((other.names, other.user, other.address), (Names::default(), None, None));
}
